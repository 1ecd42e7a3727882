"""The event bus: what happens in one part of the server, told to the others.

`EventBus` is the interface; `InProcessBus` serves one server process. An event is delivered to
each subscriber in the order it was published; a subscriber that raises is logged and does not
disturb the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: a dotted topic (`file.renamed`) and its facts, JSON types only."""

    topic: str
    data: Mapping[str, Any] = field(default_factory=dict)


Subscriber = Callable[[Event], None]


class EventBus(Protocol):
    """Publish events and hear those whose topic starts with a prefix."""

    def publish(self, event: Event) -> None:
        """Deliver `event` to every subscriber of a prefix of its topic."""

    def subscribe(self, prefix: str, subscriber: Subscriber) -> Callable[[], None]:
        """Hear topics equal to `prefix` or below it (`file` hears `file.renamed`), all for ``""``.

        Returns the call that ends the subscription.
        """


class InProcessBus:
    """An `EventBus` within one process; subscribers run at once, in the publisher's thread."""

    def __init__(self) -> None:
        self._subscribers: dict[int, tuple[str, Subscriber]] = {}
        self._next_key = 0

    def publish(self, event: Event) -> None:
        for prefix, subscriber in list(self._subscribers.values()):
            if not _covers(prefix, event.topic):
                continue
            try:
                subscriber(event)
            except Exception:
                logger.exception("A subscriber of %r failed on %s", prefix, event.topic)

    def subscribe(self, prefix: str, subscriber: Subscriber) -> Callable[[], None]:
        key = self._next_key
        self._next_key += 1
        self._subscribers[key] = (prefix, subscriber)

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe


def _covers(prefix: str, topic: str) -> bool:
    return not prefix or topic == prefix or topic.startswith(f"{prefix}.")
