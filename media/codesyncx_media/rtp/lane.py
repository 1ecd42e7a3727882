"""What the hot path knows of one track on its way to one subscriber.

A `Lane` is all that is needed to number the next packet on; whoever fills it in (`subscription`,
`epochs`) and whoever uses it (an outbox, for each packet that goes out) share nothing else. The
optional `codesyncx_media_native` has the same two classes in C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .media_packet import MediaPacket
    from .received_stream import ReceivedStream

SIZE = 4096  # 4 s at 1,000 packets/s
MASK = SIZE - 1


class SendLog:
    """When the last packets of one connection were sent, by transport-wide number, and their size.

    The hot path writes `sent_at` and `sizes` itself, at `next_number & MASK`.
    """

    __slots__ = ("next_number", "sent_at", "sizes")

    def __init__(self) -> None:
        self.next_number = 0
        self.sent_at = [0.0] * SIZE
        self.sizes = [0] * SIZE

    def note(self, size: int, now: float) -> int:
        """Note a packet; give its number."""
        number = self.next_number
        self.next_number = number + 1
        self.sent_at[number & MASK] = now
        self.sizes[number & MASK] = size
        return number

    def part(self, first: int, end: int) -> tuple[list[float], list[int]]:
        """Give times and sizes of the numbers `first` up to `end`, at least one, once around."""
        start, stop = first & MASK, (end - 1 & MASK) + 1
        sent_at, sizes = self.sent_at, self.sizes
        if start < stop:
            return sent_at[start:stop], sizes[start:stop]
        return sent_at[start:] + sent_at[:stop], sizes[start:] + sizes[:stop]


class Lane:
    """How one stream's packets are numbered on for one subscriber, and what was sent so far.

    Packets of `stream` above `highest`, in temporal layers up to `max_temporal_layer`, get the
    deltas added; everything else needs more thought than the hot path has. `last` is the packet
    that `highest` belongs to. `octets` counts payload.
    """

    __slots__ = (
        "highest",
        "last",
        "log",
        "max_temporal_layer",
        "octets",
        "packets",
        "picture_delta",
        "sequence_delta",
        "ssrc",
        "stream",
        "timestamp_delta",
        "tl0_delta",
    )

    def __init__(self, ssrc: int, log: SendLog, max_temporal_layer: int) -> None:
        self.ssrc = ssrc
        self.log = log
        self.max_temporal_layer = max_temporal_layer
        self.stream: ReceivedStream | None = None
        self.last: MediaPacket | None = None
        self.highest = -1
        self.sequence_delta = 0
        self.timestamp_delta = 0
        self.picture_delta = 0
        self.tl0_delta = 0
        self.packets = 0
        self.octets = 0


class LaneKinds(NamedTuple):
    """Classes that an outbox can use: those above, or others of the same shape."""

    lane: type[Lane]
    log: type[SendLog]


IN_PYTHON = LaneKinds(Lane, SendLog)
