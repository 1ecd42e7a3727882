"""Has a rename answered when what is granted on the file is kept at its new path, not before.

A server that ends right after the answer would else come back with the grants at the old path, and
with others, or none, on the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

if TYPE_CHECKING:
    from jupyter_events import EventLogger
    from jupyter_server.services.contents.manager import ContentsManager

    from ..access.service import AccessService


def answer_when_followed(
    contents: ContentsManager, events: EventLogger, service: AccessService
) -> None:
    """Stand in the way of the contents manager's answers to renames from now on."""
    original = contents.update

    async def update(model: dict[str, Any], path: str) -> dict[str, Any]:
        found: dict[str, Any] = await ensure_async(original(model, path))
        # The rename is told to those who listen in tasks of their own; access hears of it there.
        await events.gather_listeners()
        await service.renames_written()
        return found

    contents.update = update  # type: ignore[method-assign]
