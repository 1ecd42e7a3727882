"""What goes to a browser over a slow line: sound first, and no picture that comes too late."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from codesyncx_media.frames.outbox import MAX_BPS, MIN_WINDOW_BYTES, START_BPS, Outbox

FRAME = bytes(1000)


class Line:
    """A line of so many bits a second behind a proxy that holds everything back."""

    def __init__(self, bitrate_bps: float) -> None:
        self.outbox = Outbox()
        self.bitrate_bps = bitrate_bps
        self.now = 0.0
        self.arrived: list[tuple[float, bytes]] = []
        self._buffer: deque[bytes] = deque()
        self._credit = 0.0
        self._count = 0

    def step(self) -> None:
        """Let 20 ms pass."""
        self.now += 0.02
        self._buffer.extend(self.outbox.take(self.now))
        self._credit = min(self._credit + self.bitrate_bps * 0.02 / 8, 20_000)
        while self._buffer and len(self._buffer[0]) <= self._credit:
            message = self._buffer.popleft()
            self._credit -= len(message)
            self._count += len(message)
            self.arrived.append((self.now, message))
        if round(self.now / 0.02) % 5 == 0:
            self.outbox.received(self._count, self.now)

    @property
    def under_way(self) -> int:
        return sum(len(message) for message in self._buffer)


def sound(number: int) -> bytes:
    return b"s" + number.to_bytes(4, "big") + bytes(100)


def picture(number: int, size: int) -> bytes:
    return b"p" + number.to_bytes(4, "big") + bytes(size)


def test_a_fast_line_gets_everything_at_once_and_is_found_to_be_fast() -> None:
    line = Line(20_000_000)
    for number in range(500):
        line.outbox.put_sound(sound(number), 1, line.now)
        line.outbox.put_picture(picture(number, 4000), 2, line.now, is_key=number == 0)
        line.step()
    assert len(line.arrived) > 990
    assert line.outbox.dropped == 0
    assert START_BPS < line.outbox.estimate_bps <= MAX_BPS


def test_a_slow_line_gets_sound_in_time_and_whole_runs_of_pictures() -> None:
    line = Line(400_000)
    key_wanted = True
    keys = set()
    for number in range(1500):
        line.outbox.put_sound(sound(number), 1, line.now)
        if line.outbox.take_broken(line.now):
            key_wanted = True
        if key_wanted:
            keys.add(number)
        line.outbox.put_picture(picture(number, 3000), 2, line.now, is_key=key_wanted)
        key_wanted = False
        line.step()
    came = [
        int.from_bytes(message[1:5], "big") for _, message in line.arrived if message[:1] == b"s"
    ]
    assert came == list(range(came[0], came[0] + len(came)))
    late = [
        at - number * 0.02
        for (at, message), number in zip(
            [each for each in line.arrived if each[1][:1] == b"s"], came, strict=True
        )
    ]
    assert max(late) < 1.2
    pictures = [int.from_bytes(m[1:5], "big") for _, m in line.arrived if m[:1] == b"p"]
    assert len(pictures) > 50
    for before, after in pairwise(pictures):
        assert after == before + 1 or after in keys
    assert line.outbox.dropped > 0
    assert line.outbox.estimate_bps < 800_000


def test_who_says_nothing_has_no_more_under_way_than_any_line_carries() -> None:
    outbox = Outbox()
    sent = 0
    for number in range(2000):
        outbox.put_sound(sound(number), 1, number * 0.02)
        outbox.put_picture(picture(number, 3000), 2, number * 0.02, is_key=True)
        sent += sum(map(len, outbox.take(number * 0.02)))
    assert sent <= MIN_WINDOW_BYTES + 4000


def test_whoever_claims_to_have_got_more_than_was_sent_is_not_believed() -> None:
    outbox = Outbox()
    outbox.received(10**15, 0.0)
    outbox.put_sound(FRAME, 1, 0.0)
    assert outbox.take(0.0) == [FRAME]
    outbox.received(10**15, 0.1)
    outbox.received(0, 0.2)
    for number in range(100):
        outbox.put_picture(FRAME, 2, 0.2, is_key=number == 0)
    assert sum(map(len, outbox.take(0.2))) < MIN_WINDOW_BYTES + 2 * len(FRAME)


def test_a_stream_that_ended_is_not_sent() -> None:
    outbox = Outbox()
    outbox.put_picture(b"one", 1, 0.0, is_key=True)
    outbox.put_picture(b"two", 2, 0.0, is_key=True)
    outbox.forget(1)
    assert outbox.take(0.0) == [b"two"]
