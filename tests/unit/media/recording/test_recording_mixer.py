from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.recording.mixer import AHEAD_S, SAMPLE_RATE, Mixer, Voice, stretched


def level(value: float, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((count, 2), value, np.float32)


def test_voices_add_up_and_where_there_is_none_there_is_silence() -> None:
    mixer = Mixer()
    mixer.add(10, level(0.25, 20))
    mixer.add(20, level(0.5, 20))
    out = mixer.take(50)[:, 0]
    assert out.tolist() == [0.0] * 10 + [0.25] * 10 + [0.75] * 10 + [0.5] * 10 + [0.0] * 10


def test_many_loud_voices_stay_within_what_can_be_played() -> None:
    mixer = Mixer()
    for _ in range(5):
        mixer.add(0, level(0.9, 10))
    assert mixer.take(10).max() == 1.0


def test_what_comes_too_late_or_is_far_ahead_is_left_out() -> None:
    mixer = Mixer()
    mixer.take(100)
    mixer.add(90, level(0.5, 20))
    mixer.add(-500, level(0.5, 20))
    mixer.add(round(AHEAD_S * SAMPLE_RATE) + 1000, level(0.5, 20))
    mixer.add(10**12, level(0.5, 20))
    assert mixer.take(20)[:, 0].tolist() == [0.5] * 10 + [0.0] * 10
    assert mixer.take(round(AHEAD_S * SAMPLE_RATE)).max() == 0.0


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_taken_in_any_pieces_it_is_the_same(pieces: list[int]) -> None:
    mixer = Mixer()
    ramp = np.linspace(0, 1, sum(pieces), dtype=np.float32)
    mixer.add(0, np.stack([ramp, ramp], axis=1))
    got = np.concatenate([mixer.take(count)[:, 0] for count in pieces])
    assert got == pytest.approx(ramp)


def heard(voice: Voice, number: int, at: float) -> tuple[int, int]:
    """Give the place and length of a packet of 20 ms."""
    return voice.place(5000 + number * 960, at, 960)


def test_packets_follow_each_other_to_the_sample_while_their_times_waver() -> None:
    voice = Voice()
    sounds = [
        heard(voice, number, 2.0 + number * 0.02 + 0.004 * (number % 3)) for number in range(100)
    ]
    assert all(place + count == after for (place, count), (after, _) in pairwise(sounds))
    assert {count for _, count in sounds} == {960}


@pytest.mark.parametrize("off_s", [0.035, -0.035])
def test_what_began_too_soon_or_late_glides_to_its_place_without_a_gap(off_s: float) -> None:
    voice = Voice()
    sounds = [heard(voice, 0, 2.0)]
    sounds += [heard(voice, number, 2.0 + off_s + number * 0.02) for number in range(1, 600)]
    assert all(place + count == after for (place, count), (after, _) in pairwise(sounds))
    assert {count for _, count in sounds} <= {955, 960, 965}
    assert sounds[-1][0] / SAMPLE_RATE == pytest.approx(2.0 + off_s + 599 * 0.02, abs=0.006)


def test_after_a_clock_has_drifted_far_the_place_is_found_anew() -> None:
    voice = Voice()
    voice.place(0, 0.0, 960)
    assert voice.place(48000, 1.1, 960) == (round(1.1 * SAMPLE_RATE), 960)


def test_stretched_sound_is_the_same_a_little_longer_or_shorter() -> None:
    wave = np.sin(np.arange(960) / 20).astype(np.float32)
    for count in (955, 960, 965):
        longer = stretched(np.stack([wave, -wave], axis=1), count)
        assert longer.shape == (count, 2)
        wanted = np.sin(np.linspace(0, 959, count) / 20)
        assert longer[:, 0] == pytest.approx(wanted, abs=0.01)
        assert longer[:, 1] == pytest.approx(-wanted, abs=0.01)
