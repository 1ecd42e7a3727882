"""Everything that access knows at one moment, read from the database at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .model import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .links import GuestIdentity, Link
    from .model import Grant
    from .policy import Policy


@dataclass(frozen=True, slots=True)
class RangeRecord:
    """A range of a file that something is granted on; only `collab` knows what `anchor` means."""

    id: str
    path: str
    kind: str
    anchor: Mapping[str, Any]
    state: str = "open"
    created_by: str = ""
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment; it never changes, the next one takes its place."""

    revision: int
    policy: Policy
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    guests: Mapping[str, GuestIdentity] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, RangeRecord] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    hub_groups: frozenset[str] = frozenset()
    roster_revision: int | None = None
    """What a Hub's projects service has told last; None while it has told nothing."""

    def renamed(self, old: str, new: str) -> Snapshot:
        """Give the state after the file or folder `old` became `new`."""
        grants = [
            replace(
                grant, resource=grant.resource._replace(path=moved(grant.resource.path, old, new))
            )
            for grant in self.policy.grants
        ]
        ranges = {
            key: replace(record, path=moved(record.path, old, new))
            for key, record in self.ranges.items()
        }
        return replace(self, policy=self.policy.with_grants(grants), ranges=ranges)

    def grant(self, grant_id: int) -> Grant | None:
        """Give the grant of that number."""
        return next((grant for grant in self.policy.grants if grant.id == grant_id), None)

    def grant_of_link(self, link: Link, now: float) -> Grant | None:
        """Give what a link gives, while it does."""
        if link.ended is not None:
            return None
        grant = self.grant(link.grant_id)
        return grant if grant is not None and grant.holds(now) else None

    def end_of_link(self, link_id: str, now: float) -> str | None:
        """Give how a link ended, "revoked" or "expired"; None while it holds, or never did."""
        link = self.links.get(link_id)
        if link is None or self.grant_of_link(link, now) is not None:
            return None
        return link.ended or "expired"

    def guest_by_token(self, token_hash: str, now: float) -> GuestIdentity | None:
        """Give the guest with that token, as long as their link holds."""
        guest = self.guests.get(self.tokens.get(token_hash, ""))
        link = None if guest is None else self.links.get(guest.link_id)
        if guest is None or link is None or self.grant_of_link(link, now) is None:
            return None
        return guest


def to_text(permissions: frozenset[Permission]) -> str:
    """Write permissions down."""
    return " ".join(sorted(permissions))


def from_text(text: str) -> frozenset[Permission]:
    """Read permissions back."""
    return frozenset(Permission(word) for word in text.split())


def moved(path: str, old: str, new: str) -> str:
    """Give where `path` is after `old` became `new`."""
    if path == old or path.startswith(f"{old}/"):
        return new + path[len(old) :]
    return path
