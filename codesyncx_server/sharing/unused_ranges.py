"""Ranges live as long as something is granted on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..access.model import Resource
from .ranges_port import SETTING, RangesPort

if TYPE_CHECKING:
    from ..access.service import AccessService

#: A range is made a moment before the grant on it.
_SPARED_S = 60.0


def unused_in(service: AccessService) -> list[Resource]:
    """Give the ranges on which nothing is granted any more."""
    if not service.is_available:
        return []
    snapshot, now = service.snapshot, service.now()
    used = {grant.resource.range_id for grant in snapshot.policy.grants}
    return [
        Resource(record.path, record.id)
        for record in snapshot.ranges.values()
        if record.id not in used and record.created_at < now - _SPARED_S
    ]


async def forget_unused(
    service: AccessService, settings: dict[str, Any], resource: Resource
) -> None:
    """Forget a range, unless something is granted on it."""
    port: RangesPort | None = settings.get(SETTING)
    range_id = resource.range_id
    if port is None or range_id is None or service.ranges.get(range_id) is None:
        return
    if all(grant.resource.range_id != range_id for grant in service.policy.grants):
        await port.remove(range_id)
