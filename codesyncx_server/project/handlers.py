"""The websocket that tells browsers what happens in the project."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from tornado.websocket import WebSocketClosedError

from codesyncx_server.errors import (
    AccessUnavailableError,
    CodeSyncXError,
    InvalidRequestError,
    TooManyError,
)
from codesyncx_server.gate.sight import ACCESS, sight_of
from codesyncx_server.gate.slices import slices_in
from codesyncx_server.socket_api import ProjectSocket

from .visibility import visible_events

if TYPE_CHECKING:
    from codesyncx_server.access.service import AccessService

    from .journal import Journal
    from .stream import EventStream, Subscription

logger = logging.getLogger(__name__)

CONNECTIONS_PER_PERSON = 64
CLIENT_MESSAGE_LIMIT_BYTES = 4096
SLOW_CONSUMER_CODE = 4408
PING_INTERVAL_S = 30.0


class EventsHandler(ProjectSocket):
    """`/codesyncx/api/events`: numbered events as JSON, from the server to the browser only."""

    def initialize(self, stream: EventStream, journal: Journal) -> None:
        self._stream = stream
        self._journal = journal
        self._subscription: Subscription | None = None
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        return CLIENT_MESSAGE_LIMIT_BYTES

    @property
    def ping_interval(self) -> float:
        return PING_INTERVAL_S

    async def admit(self, *_args: str) -> None:
        """Read from where on the client wants to hear."""
        self._since = _whole_number(self.get_query_argument("since", None))

    def open(self, *_args: str, **_kwargs: str) -> None:
        """Begin with what the client missed."""
        username = self.current_user.username
        self._journal.note_name(username, self.current_user.name or username)
        if self._stream.count(username) >= CONNECTIONS_PER_PERSON:
            self._close_with(TooManyError("Too many connections are open."))
            return
        self.set_nodelay(True)
        self._sight = sight_of(self)
        self._subscription = self._stream.subscribe(
            username,
            self._hear,
            since=self._since,
            stream_id=self.get_query_argument("stream", None),
        )
        self._sender = asyncio.create_task(self._send(self._subscription))

    def on_message(self, message: str | bytes) -> None:
        """Nothing is expected from the client; what comes is ignored."""

    def on_close(self) -> None:
        """Forget the client."""
        if self._subscription is not None:
            self._stream.unsubscribe(self._subscription)
        if self._sender is not None:
            self._sender.cancel()
        super().on_close()

    def _sees(self, path: str, time: float | None) -> bool:
        sight = self._sight
        return sight.may_see(path) and self._journal.old_names.may_tell(
            path, time, sight.is_closed_by
        )

    def _moved(self, old: str, new: str) -> list[tuple[str, str]]:
        access: AccessService | None = self.settings.get(ACCESS)
        if access is not None and access.was_granted_before(old, new):
            # Nobody can tell what of it came along: the old name may not be theirs to know.
            return []
        slices = slices_in(self.settings)
        parts = [] if slices is None else slices.renamed(self._sight.person, old, new)
        if parts or not self._sight.reaches(new):
            return parts
        # What they have there without having what is around it is theirs by itself, and so it was
        # before: what is granted moves along.
        is_by_itself = not self._sight.may_read(new.rpartition("/")[0])
        return [(old, new)] if is_by_itself else []

    def _hear(self) -> None:
        if self._subscription is not None and self._subscription.is_lost:
            self._stream.unsubscribe(self._subscription)
            self._close(SLOW_CONSUMER_CODE, "slow_consumer", "Too slow; connect again.")
        self._wake.set()

    async def _send(self, subscription: Subscription) -> None:
        try:
            while not subscription.is_lost:
                await self._wake.wait()
                self._wake.clear()
                while (message := subscription.take()) is not None:
                    for visible in visible_events(message, self._sees, self._moved):
                        await self.write_message(json.dumps(visible))
        except WebSocketClosedError:
            pass
        except AccessUnavailableError as error:
            self._close_with(error)
        except Exception:
            logger.exception("The events of %s stopped", subscription.username)
            self._close_with(CodeSyncXError("The events stopped; connect again."))

    def _close_with(self, error: CodeSyncXError) -> None:
        self._close(error.close_code, error.code, str(error))

    def _close(self, code: int, reason: str, message: str) -> None:
        self.close(code, json.dumps({"code": reason, "message": message}))


def _whole_number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise InvalidRequestError("A number of an event must be a whole number.")
    return int(text)
