"""Decides at once, from memory, what people may do now; and counts what they were refused."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import AccessUnavailableError, RefusedError
from . import explain, links
from .audit import Refusals
from .model import EVERYTHING, NOTHING, PROJECT, Permission, Person, Resource
from .policy import Decision, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Permissions
    from .policy import Policy
    from .snapshot import Snapshot

#: A database that doesn't answer for so long counts as gone.
STALE_S = 15.0

_OWNER = Decision(allowed=True, why=Reason.OWNER)
_UNAVAILABLE = Decision(allowed=False, why=Reason.UNAVAILABLE)


class Decider:
    """Who may do what, by one snapshot of the database.

    While that isn't known, or out of date, nobody may do anything but the server's owner.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._failure: str | None = "it is being opened"
        self._read_at = time.monotonic()
        self._known_until: float | None = None
        #: Whether there are kernels and the like of the server's own user for anybody. Not where a
        #: Hub's people share it: all their code runs apart from what belongs to all of them.
        self.has_programs = True
        self._refusals = Refusals()

    def now(self) -> float:
        """Give the time that grants are judged by, in Unix seconds."""
        return self._clock()

    @property
    def snapshot(self) -> Snapshot:
        """Everything that is known now; AccessUnavailableError when it can't be read."""
        snapshot = self._snapshot
        if snapshot is None or self._failure is not None:
            raise AccessUnavailableError(
                "Access can't be checked right now; please try again in a moment."
            )
        if time.monotonic() - self._read_at > STALE_S:
            raise AccessUnavailableError("Access can't be checked: the database doesn't answer.")
        if not self.knows_who_is_in:
            raise AccessUnavailableError(
                "Access can't be checked: the Hub hasn't said for too long who is in this project."
                " Please try again in a moment."
            )
        return snapshot

    @property
    def knows_who_is_in(self) -> bool:
        """Whether what a Hub has said of who is in the project still counts, where it says so."""
        return self._known_until is None or time.monotonic() < self._known_until

    @property
    def policy(self) -> Policy:
        """What decides now; AccessUnavailableError when it can't be read."""
        return self.snapshot.policy

    @property
    def is_available(self) -> bool:
        """Whether anybody but the server's owner can be let in."""
        try:
            return self.snapshot is not None
        except AccessUnavailableError:
            return False

    def decide(self, person: Person, permission: Permission, resource: Resource) -> Decision:
        """Whether `person` may do this now, and why."""
        if person.is_owner:
            return _OWNER
        try:
            policy = self.policy
        except AccessUnavailableError:
            return _UNAVAILABLE
        return policy.decide(person, permission, resource, self._clock())

    def allows(self, person: Person, permission: Permission, resource: Resource) -> bool:
        """Whether `person` may do this now."""
        return self.decide(person, permission, resource).allowed

    def require(self, person: Person, permission: Permission, resource: Resource) -> None:
        """Raise RefusedError, with the reason, unless `person` may do this; and audit it."""
        decision = self.decide(person, permission, resource)
        if decision.allowed:
            return
        if decision.why is Reason.UNAVAILABLE:
            raise AccessUnavailableError(f"Sorry: {explain.why(decision)}")
        self.note_refusal(person, permission, resource)
        raise RefusedError(explain.refusal(permission, resource, decision))

    def note_refusal(self, person: Person, permission: Permission, resource: Resource) -> None:
        """Audit that `person` was refused something; the same again is only counted."""
        self._refusals.note(person.username, permission.value, resource.path, self._clock())

    def permissions(self, person: Person, resource: Resource) -> Permissions:
        """Give all that `person` may do to `resource` now; nothing while that can't be known."""
        if person.is_owner:
            return EVERYTHING
        if not self.is_available:
            return NOTHING
        return self.policy.permissions(person, resource, self._clock())

    def is_owner(self, person: Person) -> bool:
        """Whether the server or the project is theirs."""
        return Permission.ADMIN in self.permissions(person, PROJECT)

    def covers(self, person: Person, permissions: Permissions, path: str) -> bool:
        """Whether `person` has these on `path` and everything below it now."""
        if person.is_owner:
            return True
        return self.is_available and self.policy.covers(person, permissions, path, self._clock())

    def is_trusted(self, person: Person) -> bool:
        """Whether `person` may use what runs as the server's own user."""
        if person.is_owner:
            return not person.is_guest
        if not self.has_programs:
            return False
        return self.is_available and self.policy.is_trusted(person, self._clock())

    def reaches(self, person: Person, path: str) -> bool:
        """Whether `person` may know that `path` is there."""
        if person.is_owner:
            return True
        return self.is_available and self.policy.reaches(person, path, self._clock())

    def guest_of(self, token: str) -> links.GuestIdentity | None:
        """Give the guest whose cookie holds `token`, while their link lets them in."""
        if not token or len(token) > links.LONGEST_SECRET or not self.is_available:
            return None
        return self.snapshot.guest_by_token(links.hash_of(token), self._clock())

    def end_of_guest(self, token: str) -> str | None:
        """Give how the link ended that a guest's token names: "revoked", "expired", or unknown.

        That isn't proven by the token any more: it says no more than whoever knows a link's id may
        know.
        """
        return self.snapshot.end_of_link(links.link_id_in(token), self._clock())
