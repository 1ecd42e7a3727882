"""How the API tells grants, links and ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..access.model import NO_ACCESS, Permission, Resource, Subject, SubjectKind
from .ranges_port import SETTING, RangesPort

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..access.links import Link
    from ..access.model import Grant, Permissions, Person
    from ..access.service import AccessService
    from ..access.snapshot import RangeRecord, Snapshot

_WHERE = ("start_line", "end_line", "cell_ids")


class Views:
    """Tells what one person may know, as of one snapshot."""

    def __init__(self, service: AccessService, settings: dict[str, Any], person: Person) -> None:
        self._service = service
        self._snapshot: Snapshot = service.snapshot
        self._port: RangesPort | None = settings.get(SETTING)
        self._person = person

    def grant(self, grant: Grant, path: str) -> dict[str, Any]:
        """Tell a grant to somebody who looks at `path`."""
        return {
            "id": grant.id,
            "subject": self.subject(grant.subject),
            **self._place(grant),
            **_rights(grant),
            "expires_at": grant.expires_at,
            "granted_by": grant.granted_by,
            "granted_by_name": self.display_name(Subject(SubjectKind.USER, grant.granted_by)),
            "granted_at": grant.granted_at,
            "inherited": grant.resource.path != path,
        }

    def link(self, link: Link, grant: Grant) -> dict[str, Any]:
        """Tell a link; never its secret, which nobody knows any more."""
        return {
            "id": link.id,
            "name": link.name,
            **self._place(grant),
            **_rights(grant),
            "expires_at": grant.expires_at,
            "max_uses": link.max_uses,
            "uses": link.uses,
            "created_by": link.created_by,
            "created_at": link.created_at,
        }

    def subject(self, subject: Subject) -> dict[str, str]:
        """Tell to whom something is granted."""
        return {
            "kind": subject.kind.value,
            "name": subject.name,
            "display_name": self.display_name(subject),
        }

    def display_name(self, subject: Subject) -> str:
        """Give what people call a subject."""
        match subject.kind:
            case SubjectKind.USER:
                guest = self._snapshot.guests.get(subject.name)
                known = self._snapshot.people.get(subject.name, subject.name)
                return known if guest is None else guest.name
            case SubjectKind.LINK:
                link = self._snapshot.links.get(subject.name)
                return link.name if link is not None else ""
            case _:
                return subject.name

    def ranges(self, path: str) -> list[dict[str, Any]]:
        """Tell the ranges of a file that the person may see."""
        found = [record for record in self._snapshot.ranges.values() if record.path == path]
        return [
            self.range(record)
            for record in sorted(found, key=lambda record: record.id)
            if self._may(Permission.READ, Resource(path, record.id)) and self._grants_of(record.id)
        ]

    def range(self, record: RangeRecord) -> dict[str, Any]:
        """Tell a range: where it is, and who has what there."""
        now = {} if self._port is None else self._port.describe(record.id)
        told: dict[str, Any] = {
            "id": record.id,
            "path": record.path,
            "kind": record.kind,
            "state": now.get("state", record.state),
            "holders": [
                {**self.subject(grant.subject), **_rights(grant)}
                for grant in self._grants_of(record.id)
            ],
            "mine": self._mine(record),
        }
        if self._may(Permission.READ, Resource(record.path)):
            # Where it is says something about the rest, which others may not know.
            told |= {key: now[key] for key in _WHERE if key in now}
        slice_path = self._port and self._port.slice_path(record.id, self._person)
        if slice_path is not None:
            told["slice_path"] = slice_path
        return told

    def _mine(self, record: RangeRecord) -> list[str] | None:
        policy, now = self._snapshot.policy, self._service.now()
        mine = policy.ranges(self._person, record.path, now).get(record.id)
        return None if mine is None else listed(mine)

    def _grants_of(self, range_id: str) -> list[Grant]:
        now = self._service.now()
        return [
            grant
            for grant in self._snapshot.policy.grants
            if grant.resource.range_id == range_id and grant.holds(now)
        ]

    def _place(self, grant: Grant) -> dict[str, Any]:
        record = self._snapshot.ranges.get(grant.resource.range_id or "")
        told = None if record is None else self.range(record)
        if record is None and grant.resource.range_id is not None:
            told = {"id": grant.resource.range_id, "path": grant.resource.path, "state": "lost"}
        return {"path": grant.resource.path, "range": told}

    def _may(self, permission: Permission, resource: Resource) -> bool:
        return self._service.allows(self._person, permission, resource)


def listed(permissions: Permissions) -> list[str]:
    """Give permissions in the order of their names."""
    return sorted(permission.value for permission in permissions)


def concerning(grants: Iterable[Grant], path: str) -> list[Grant]:
    """Give the grants on a path, on its ranges, and on what holds it; the closest first."""
    above = {place.path for place in Resource(path).places()}
    found = [
        grant
        for grant in grants
        if grant.resource.path == path
        or (grant.resource.range_id is None and grant.resource.path in above)
    ]
    return sorted(found, key=lambda grant: (-len(grant.resource.path), grant.id))


def _rights(grant: Grant) -> dict[str, Any]:
    role = grant.role if grant.role is not None or grant.permissions else NO_ACCESS
    return {"role": role, "permissions": listed(grant.permissions)}
