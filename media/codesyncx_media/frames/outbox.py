"""What waits to go to one browser over a WebSocket: sound first, and never more than is of use.

A WebSocket takes everything and delivers it in the end, late when the line is slow, and proxies on
the way hold back more than anybody sees. So the browser tells how much has come, no more is under
way than the line carries in a moment, and pictures that would come too late are left out up to the
next key frame. Times are seconds of the caller's clock. No sockets, no tasks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MIN_WINDOW_BYTES = 24 * 1024
"""May be under way on any line: a second of 200 kbit/s."""
MAX_WINDOW_BYTES = 4 * 1024 * 1024
MAX_QUEUE_S = 0.25
"""How much longer than its shortest time a frame may be under way."""
MAX_PICTURE_WAIT_S = 0.6
MAX_SOUND_WAIT_S = 1.0
MAX_WAITING_BYTES = 8 * 1024 * 1024

START_BPS = 1_000_000.0
MIN_BPS, MAX_BPS = 50_000.0, 50_000_000.0
HEADROOM = 4.0
"""Nobody knows more than this about a line that carries less."""
GROWTH_PER_S = 1.25
BACK_OFF = 0.8
HOLD_S = 4.0
ROUND_TRIP_GROWTH_PER_S = 0.001
_RATE_WINDOW_S = 1.0
_MIN_ROUND_TRIP_S = 0.005


@dataclass(slots=True)
class _Waiting:
    message: bytes
    stream: int
    since: float


class Outbox:
    """Frames for one browser. After each change `take` gives what is to be sent now."""

    def __init__(self) -> None:
        self.dropped = 0
        """Pictures left out."""
        self._sounds: deque[_Waiting] = deque()
        self._pictures: deque[_Waiting] = deque()
        self._broken: set[int] = set()
        self._waiting_bytes = 0
        self._sent = 0
        self._received = 0
        self._marks: deque[tuple[int, float]] = deque()
        self._arrivals: deque[tuple[float, int]] = deque()
        self._round_trip_s = 1.0
        self._heard_at = 0.0
        self._estimate = START_BPS
        self._grown_at: float | None = None
        self._full_at = float("-inf")

    def put_sound(self, message: bytes, stream: int, now: float) -> None:
        """Queue a frame of sound; what waits too long behind a slow line is left out."""
        self._sounds.append(_Waiting(message, stream, now))
        self._waiting_bytes += len(message)
        while now - self._sounds[0].since > MAX_SOUND_WAIT_S:
            self._waiting_bytes -= len(self._sounds.popleft().message)

    def put_picture(self, message: bytes, stream: int, now: float, *, is_key: bool) -> None:
        """Queue a picture, unless one that it refers to was left out."""
        if is_key:
            self._broken.discard(stream)
        if stream in self._broken:
            self.dropped += 1
            return
        self._pictures.append(_Waiting(message, stream, now))
        self._waiting_bytes += len(message)

    def take(self, now: float) -> list[bytes]:
        """Give the messages to send now, in their order."""
        taken: list[bytes] = []
        for queue in (self._sounds, self._pictures):
            while queue and self._under_way < self._window(now):
                message = queue.popleft().message
                self._waiting_bytes -= len(message)
                self._sent += len(message)
                taken.append(message)
        if taken:
            self._marks.append((self._sent, now))
        late = self._pictures and now - self._pictures[0].since > MAX_PICTURE_WAIT_S
        if late or self._waiting_bytes > MAX_WAITING_BYTES:
            self._drop_pictures(now)
        return taken

    def received(self, total: int, now: float) -> None:
        """Take the browser's word for how many bytes have come since the beginning.

        Who lies gets too much or too little and harms nobody else.
        """
        total = max(self._received, min(total, self._sent))
        while self._marks and self._marks[0][0] <= total:
            took_s = max(_MIN_ROUND_TRIP_S, now - self._marks.popleft()[1])
            self._round_trip_s = min(took_s, self._round_trip_s)
            if took_s > self._round_trip_s + 2 * MAX_QUEUE_S:
                self._note_full(now)
        # Lines change; not much, or what waits would count as the way's own length.
        self._round_trip_s *= 1 + ROUND_TRIP_GROWTH_PER_S * min(1.0, now - self._heard_at)
        self._heard_at = now
        self._arrivals.append((now, total - self._received))
        self._received = total
        self._grow(now)

    def forget(self, stream: int) -> None:
        """Send no more of a stream that ended."""
        self._broken.discard(stream)
        self._sounds = deque(each for each in self._sounds if each.stream != stream)
        self._pictures = deque(each for each in self._pictures if each.stream != stream)
        waiting = (*self._sounds, *self._pictures)
        self._waiting_bytes = sum(len(each.message) for each in waiting)

    def take_broken(self, now: float) -> list[int]:
        """Give the streams to ask a key frame of: the line has room again for them."""
        has_room = not self._pictures and 2 * self._under_way < self._window(now)
        return sorted(self._broken) if has_room else []

    @property
    def estimate_bps(self) -> float:
        """How much the line carries, as far as is known."""
        return max(MIN_BPS, min(MAX_BPS, self._estimate))

    @property
    def _under_way(self) -> int:
        return self._sent - self._received

    def arriving_bps(self, now: float) -> float:
        """How much has arrived a second, of late."""
        while self._arrivals and now - self._arrivals[0][0] > _RATE_WINDOW_S:
            self._arrivals.popleft()
        return sum(size for _, size in self._arrivals) * 8 / _RATE_WINDOW_S

    def _window(self, now: float) -> float:
        carried = self.arriving_bps(now) / 8 * (self._round_trip_s + MAX_QUEUE_S)
        return max(MIN_WINDOW_BYTES, min(MAX_WINDOW_BYTES, carried))

    def _grow(self, now: float) -> None:
        passed = 0.0 if self._grown_at is None else min(1.0, now - self._grown_at)
        self._grown_at = now
        if now - self._full_at > HOLD_S:
            limit = max(START_BPS, HEADROOM * self.arriving_bps(now))
            if self._estimate < limit:
                self._estimate = min(limit, self._estimate * GROWTH_PER_S**passed)

    def _note_full(self, now: float) -> None:
        """Note that the line carries no more than this."""
        if now - self._full_at > MAX_QUEUE_S:
            self._estimate = min(self._estimate, max(MIN_BPS, BACK_OFF * self.arriving_bps(now)))
        self._full_at = now

    def _drop_pictures(self, now: float) -> None:
        for waiting in self._pictures:
            self._broken.add(waiting.stream)
            self._waiting_bytes -= len(waiting.message)
        self.dropped += len(self._pictures)
        self._pictures.clear()
        self._note_full(now)
