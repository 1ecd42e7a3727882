"""Which packets are asked for again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp import nack_generator
from codesyncx_media.rtp.nack_generator import NackGenerator

ROUND_TRIP_S = 0.1


def test_a_lost_packet_is_asked_for_once_a_round_trip() -> None:
    nacks = NackGenerator()
    for sequence in (10, 11, 14):
        assert nacks.receive(sequence, 0.0)
    assert nacks.due(0.0, ROUND_TRIP_S) == []
    assert nacks.due(0.02, ROUND_TRIP_S) == [12, 13]
    assert nacks.due(0.10, ROUND_TRIP_S) == []
    assert nacks.receive(13, 0.11)
    assert nacks.due(0.13, ROUND_TRIP_S) == [12]


def test_neighbours_that_swap_are_not_asked_for() -> None:
    nacks = NackGenerator()
    nacks.receive(1, 0.0)
    nacks.receive(3, 0.001)
    assert nacks.receive(2, 0.002)
    assert nacks.due(1.0, ROUND_TRIP_S) == []


def test_a_packet_counts_once() -> None:
    nacks = NackGenerator()
    nacks.receive(1, 0.0)
    nacks.receive(3, 0.0)
    assert nacks.receive(2, 0.0)
    assert not nacks.receive(2, 0.0)
    assert not nacks.receive(3, 0.0)
    assert not nacks.receive(1, 0.0)


def test_what_never_comes_is_given_up() -> None:
    nacks = NackGenerator()
    nacks.receive(1, 0.0)
    nacks.receive(3, 0.0)
    now, asked = 0.0, 0
    while nacks.missing_count:
        now += 0.02
        asked += len(nacks.due(now, ROUND_TRIP_S))
    assert 2 <= asked <= nack_generator.MAX_TRIES
    assert now < 2 * nack_generator.MAX_AGE_S
    assert nacks.take_gave_up()
    assert not nacks.take_gave_up()


def test_a_jump_is_no_row_of_losses() -> None:
    nacks = NackGenerator()
    nacks.receive(1, 0.0)
    assert nacks.receive(30000, 0.0)
    assert nacks.missing_count == 0
    assert nacks.take_gave_up()


def test_a_key_frame_makes_older_packets_needless() -> None:
    nacks = NackGenerator()
    for sequence in (1, 4, 6):
        nacks.receive(sequence, 0.0)
    nacks.forget_before(4)
    assert nacks.due(1.0, ROUND_TRIP_S) == [5]
    assert not nacks.take_gave_up()


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.floats(0, 0.2)), max_size=300))
def test_what_is_kept_and_asked_stays_bounded(arrivals: list[tuple[int, float]]) -> None:
    nacks = NackGenerator()
    now = 0.0
    for sequence, passed in arrivals:
        now += passed
        nacks.receive(sequence, now)
        assert nacks.missing_count <= nack_generator.MAX_MISSING
        assert len(nacks.due(now, ROUND_TRIP_S)) <= nack_generator.MAX_PER_NACK


@given(st.permutations(range(40)))
def test_every_packet_is_taken_exactly_once_in_any_order(order: list[int]) -> None:
    nacks = NackGenerator()
    nacks.receive(0, 0.0)
    taken = [number + 1 for number in order if nacks.receive(number + 1, 0.0)]
    assert sorted(taken) == list(range(1, 41))
    assert not any(nacks.receive(number, 0.0) for number in range(41))
