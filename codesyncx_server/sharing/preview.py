"""What somebody else sees of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from tornado import web

from ..access.model import Permission, Resource
from ..errors import NotFoundError
from .views import listed

if TYPE_CHECKING:
    from ..access.model import Person
    from ..access.policy import Policy


async def entries_for(
    contents_manager: Any, policy: Policy, path: str, person: Person, them: Person, now: float
) -> list[dict[str, Any]]:
    """Give what is in a folder, as far as `person` may know, and what `them` may do to it."""
    try:
        folder = await ensure_async(
            contents_manager.get(path, content=True, type="directory", format=None)
        )
    except web.HTTPError as error:
        raise NotFoundError(f"There is no folder {path or 'of the project'}.") from error
    return [
        _entry(policy, item, them, now)
        for item in sorted(folder["content"], key=_order)
        if policy.reaches(person, item["path"].strip("/"), now)
    ]


def _entry(policy: Policy, item: dict[str, Any], them: Person, now: float) -> dict[str, Any]:
    path = item["path"].strip("/")
    ranges = policy.ranges(them, path, now)
    return {
        "path": path,
        "name": item["name"],
        "type": item["type"],
        "permissions": listed(policy.permissions(them, Resource(path), now)),
        "is_reached": policy.reaches(them, path, now),
        "ranges": sum(Permission.READ in permissions for permissions in ranges.values()),
    }


def _order(item: dict[str, Any]) -> tuple[bool, str]:
    return item["type"] != "directory", item["name"].casefold()
