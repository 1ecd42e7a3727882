"""Follows a Hub's projects service: who is in this project, from the moment it changes.

One request is always waiting there; it is answered when something is new, or after a while with
nothing, which confirms what is known. So a change is here at once, and silence is noticed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from ..access.roster import Roster, read_roster
from ..errors import CodeSyncXError, InvalidRequestError

if TYPE_CHECKING:
    from ..access.service import AccessService

logger = logging.getLogger(__name__)

#: A waiting request is answered within 10 s; one that isn't for so long has got lost.
ANSWER_S = 20.0
#: So long what was confirmed last counts.
TRUST_S = 45.0
LARGEST_ROSTER = 8 * 1024 * 1024
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_GONE = frozenset({401, 403, 404, 410})


class RosterFollower:
    """Keeps `access` to what a projects service says, and to nothing while it says nothing."""

    def __init__(self, url: str, token: str, access: AccessService) -> None:
        """Do nothing yet; `token` is this server's own for the Hub, `url` the service's."""
        self._url = f"{url.rstrip('/')}/api/roster"
        self._token = token
        self._access = access
        self._client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=LARGEST_ROSTER)
        self._following: asyncio.Task[None] | None = None
        self._revision = -1
        self._complaint = ""

    def start(self) -> None:
        """Let nobody in until the service has said who is in the project."""
        self._access.trust_roster_for(0)
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End the waiting request."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        self._client.close()

    async def _follow(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                await self._ask()
            except HTTPClientError as error:
                if error.code in _GONE:
                    self._access.trust_roster_for(0)
                self._complain(f"it answers {error.code}")
            except (OSError, CodeSyncXError) as error:
                self._complain(str(error))
            else:
                self._complain("")
                pause = _FIRST_PAUSE_S
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _ask(self) -> None:
        request = HTTPRequest(
            f"{self._url}?{urlencode({'after': self._revision})}",
            headers={"Authorization": f"token {self._token}", "Accept": "application/json"},
            request_timeout=ANSWER_S,
            follow_redirects=False,
        )
        answer = await self._client.fetch(request)
        if answer.code != 204:  # noqa: PLR2004 - No Content: nothing new
            await self._take(answer.body)
        self._access.trust_roster_for(TRUST_S)

    async def _take(self, body: bytes) -> None:
        try:
            told = json.loads(body)
        except ValueError as error:
            raise InvalidRequestError("What it tells isn't JSON.") from error
        roster: Roster = read_roster(told)
        await self._access.enrol(roster)
        self._revision = roster.revision

    def _complain(self, why: str) -> None:
        """Say once that the service fails, and once that it is back."""
        if why == self._complaint:
            return
        self._complaint = why
        if why:
            logger.error("The projects service at %s can't be asked: %s", self._url, why)
        else:
            logger.warning("The projects service at %s answers again", self._url)
