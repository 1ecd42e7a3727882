from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.recording.timeline import SenderTimes, StreamTimes
from codesyncx_media.rtp.sender_clock import NTP_SECOND

WALL = 3_900_000_000  # seconds since 1900


def streams(sound_start: int, picture_start: int) -> tuple[StreamTimes, StreamTimes]:
    """Give one person's sound and pictures, whose timestamps began anywhere at time 0 of theirs."""
    sender = SenderTimes()
    sound, pictures = StreamTimes(48000, sender), StreamTimes(90000, sender)
    sound.report(WALL * NTP_SECOND, sound_start)
    pictures.report(WALL * NTP_SECOND, picture_start & 0xFFFFFFFF)
    return sound, pictures


def test_sound_and_pictures_of_one_person_play_together_however_late_they_come() -> None:
    sound, pictures = streams(sound_start=77, picture_start=0xFFFFFFF0)
    for tenth in range(50):
        taken = tenth / 10
        heard = sound.place(77 + tenth * 4800, arrival=100 + taken + 0.02)
        seen = pictures.place(0xFFFFFFF0 + tenth * 9000, arrival=100 + taken + 0.18)
        assert heard == pytest.approx(100.02 + taken, abs=0.001)
        assert seen == pytest.approx(heard, abs=0.01)


def test_before_a_report_each_stream_stands_alone() -> None:
    alone = StreamTimes(90000, SenderTimes())
    assert alone.place(9_000_000, arrival=5.0) == pytest.approx(5.0)
    # The next one waited on its way, the one after it didn't.
    assert alone.place(9_009_000, arrival=5.3) == pytest.approx(5.1, abs=0.001)
    assert alone.place(9_018_000, arrival=5.15) == pytest.approx(5.15, abs=0.001)


@given(
    st.lists(
        st.tuples(st.integers(0, 2**40), st.integers(0, 2**64 - 1), st.booleans()), max_size=30
    )
)
def test_a_clock_that_lies_moves_nothing_far(told: list[tuple[int, int, bool]]) -> None:
    stream = StreamTimes(48000, SenderTimes())
    for second, (timestamp, ntp, reports) in enumerate(told):
        if reports:
            stream.report(ntp, timestamp & 0xFFFFFFFF)
        assert second - 2.0 <= stream.place(timestamp, float(second)) <= second + 0.001


def test_a_clock_that_runs_slow_is_followed() -> None:
    times = SenderTimes()
    for second in range(2000):
        at = times.place(second * (1 - 5e-5), arrival=float(second))
    assert at == pytest.approx(1999, abs=0.01)
