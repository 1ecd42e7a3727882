"""What one person may do in one open document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..access.model import Permission, Resource
from ..errors import RefusedError
from .spans import Hand

_NOT_YOURS = "You may not read this document, or no longer."

if TYPE_CHECKING:
    from ..access.model import Person
    from ..access.policy import Policy
    from ..access.service import AccessService


@dataclass(frozen=True, slots=True)
class Rights:
    """May read, edit, execute and comment in the file; and its ranges that are open or locked.

    A range is open when a grant on it lets the person edit there, and locked when one doesn't.
    `is_trusted` says that what they write may run in the browsers of others.
    """

    may_read: bool = True
    may_edit: bool = True
    may_execute: bool = True
    may_comment: bool = True
    open: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()
    is_trusted: bool = True

    @property
    def is_full(self) -> bool:
        """Whether nothing in the document is closed to them, so that nothing need be judged."""
        return self.may_edit and not self.locked

    @property
    def may_change(self) -> bool:
        """Whether there may be something they may edit."""
        return self.may_edit or bool(self.open)

    @property
    def reading(self) -> Rights:
        """The same without any that lets them change something."""
        return replace(self, may_edit=False, may_execute=False, may_comment=False, open=frozenset())


FULL = Rights()
VIEWER = Rights(may_edit=False, may_execute=False, may_comment=False)


def hand_of(rights: Rights, range_id: str) -> Hand:
    """Say how a range sees what somebody with these rights writes."""
    if rights.may_edit:
        return Hand.STRANGER if range_id in rights.locked else Hand.EDITOR
    return Hand.HOLDER if range_id in rights.open else Hand.STRANGER


def rights_of(policy: Policy, person: Person, path: str, now: float) -> Rights:
    """Work out what `person` may do in the document of the file at `path`."""
    permissions = policy.permissions(person, Resource(path), now)
    ranges = policy.ranges(person, path, now)
    is_open = {name for name, has in ranges.items() if Permission.EDIT in has}
    return Rights(
        may_read=Permission.READ in permissions,
        may_edit=Permission.EDIT in permissions,
        may_execute=Permission.EXECUTE in permissions,
        may_comment=Permission.COMMENT in permissions,
        open=frozenset(is_open),
        locked=frozenset(ranges.keys() - is_open),
        is_trusted=policy.is_trusted(person, now),
    )


def rights_in(access: AccessService | None, person: Person, path: str) -> Rights:
    """Give what `person` may do in the document at `path`; raises why they may not read it."""
    if access is None or person.is_owner:
        return FULL
    try:
        access.require(person, Permission.READ, Resource(path))
    except RefusedError:
        # The file may have been renamed since they opened it: its name isn't theirs to know.
        raise RefusedError(_NOT_YOURS) from None
    return rights_of(access.policy, person, path, access.now())
