"""The stream of events that browsers hear: numbered, remembered for a while, bounded.

No sockets and no clock: a `Subscription` is a bounded queue, whoever drives it sends what it gives.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_server.events.bus import Event

DEFAULT_PREFIXES = ("file", "presence", "activity")
REMEMBERED = 1000
QUEUED_PER_CLIENT = 1000
#: More changes at once, as by a checkout of git, are told as one: look at everything anew.
LARGEST_BATCH = 100
BATCH = "file.batch"

#: Names the people an event is for; without it, it is for everyone. Never sent.
RECIPIENTS = "recipients"

Message = dict[str, Any]


class Subscription:
    """What one client has yet to be sent; `is_lost` once it fell too far behind."""

    def __init__(self, username: str, limit: int, wake: Callable[[], None]) -> None:
        self.username = username
        self.is_lost = False
        self._limit = limit
        self._wake = wake
        self._waiting: deque[Message] = deque()

    def offer(self, message: Message) -> None:
        """Queue `message`, or give the client up as too slow."""
        if self.is_lost:
            return
        if len(self._waiting) >= self._limit:
            self.is_lost = True
            self._waiting.clear()
        else:
            self._waiting.append(message)
        self._wake()

    def take(self) -> Message | None:
        """Give the next message to send, `None` when there is none."""
        return self._waiting.popleft() if self._waiting else None


class EventStream:
    """Numbers the bus events of some topics and hands them to every subscription."""

    def __init__(
        self, *, remembered: int = REMEMBERED, queued_per_client: int = QUEUED_PER_CLIENT
    ) -> None:
        self.stream_id = secrets.token_hex(8)
        self.seq = 0
        self._prefixes = list(DEFAULT_PREFIXES)
        self._past: deque[tuple[Message, frozenset[str] | None]] = deque(maxlen=remembered)
        self._queued_per_client = queued_per_client
        self._batch_time: Any = None
        self._subscriptions: set[Subscription] = set()

    def add_prefix(self, prefix: str) -> None:
        """Let events whose topic is `prefix` or lies below it through to browsers."""
        if prefix not in self._prefixes:
            self._prefixes.append(prefix)

    def carries(self, topic: str) -> bool:
        """Whether events of `topic` reach browsers."""
        return any(topic == prefix or topic.startswith(f"{prefix}.") for prefix in self._prefixes)

    def receive(self, event: Event) -> None:
        """Give `event` a number and queue it for those it is for."""
        if not self.carries(event.topic):
            return
        data = dict(event.data)
        if data.pop("batch_size", 1) > LARGEST_BATCH:
            self._receive_batch(data)
            return
        self._send(event.topic, data)

    def _receive_batch(self, data: Message) -> None:
        """Of very many changes at once, tell only that there were some."""
        if self._batch_time != data.get("time"):
            self._batch_time = data.get("time")
            self._send(BATCH, {"time": self._batch_time})

    def _send(self, topic: str, data: Message) -> None:
        self.seq += 1
        recipients = data.pop(RECIPIENTS, None)
        audience = None if recipients is None else frozenset(recipients)
        message = {**data, "type": topic, "seq": self.seq}
        self._past.append((message, audience))
        for subscription in list(self._subscriptions):
            if audience is None or subscription.username in audience:
                subscription.offer(message)

    def subscribe(
        self,
        username: str,
        wake: Callable[[], None],
        since: int | None = None,
        stream_id: str | None = None,
    ) -> Subscription:
        """Begin hearing; `since` asks for what came after that number of stream `stream_id`.

        The first message is `hello` with the present number, or `reset` when what was missed is
        no longer known.
        """
        subscription = Subscription(username, self._queued_per_client, wake)
        missed = self._missed(username, since, stream_id)
        opening = "hello" if missed is not None else "reset"
        subscription.offer({"type": opening, "seq": self.seq, "stream": self.stream_id})
        for message in missed or ():
            subscription.offer(message)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop handing events to `subscription`."""
        self._subscriptions.discard(subscription)

    def count(self, username: str) -> int:
        """How many subscriptions `username` has."""
        return sum(1 for each in self._subscriptions if each.username == username)

    def _missed(
        self, username: str, since: int | None, stream_id: str | None
    ) -> list[Message] | None:
        if since is None:
            return []
        if stream_id not in (None, self.stream_id) or since > self.seq:
            return None
        oldest = self.seq - len(self._past)
        if since < oldest:
            return None
        return [
            message
            for message, audience in self._past
            if message["seq"] > since and (audience is None or username in audience)
        ]
