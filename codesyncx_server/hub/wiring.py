"""Joins a project's server to the Hub that has started it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..gate.ownership import UNDER_HUB
from .follower import RosterFollower

if TYPE_CHECKING:
    from ..access.service import AccessService

#: The spawner says with these where the projects service is, and gives the server its own token.
PROJECTS_URL = "CODESYNCX_PROJECTS_URL"
_TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105 - the name of a variable


class Membership:
    """Who is in the project, where a Hub says it; nothing at all elsewhere."""

    def __init__(self, projects_url: str, access: AccessService | None) -> None:
        """Take the address of the projects service, "" where there is none."""
        self._follower: RosterFollower | None = None
        if projects_url and access is not None:
            access.has_programs = False
            self._follower = RosterFollower(projects_url, os.environ.get(_TOKEN, ""), access)

    def settings(self) -> dict[str, Any]:
        """Give what the gate finds in the server's settings."""
        return {UNDER_HUB: self._follower is not None}

    def start(self) -> None:
        """Begin to follow."""
        if self._follower is not None:
            self._follower.start()

    async def stop(self) -> None:
        """End."""
        if self._follower is not None:
            await self._follower.stop()
