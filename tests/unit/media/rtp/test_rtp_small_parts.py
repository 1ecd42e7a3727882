"""Clocks, counters and valves of a received stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.arrival_log import HISTORY, ArrivalLog
from codesyncx_media.rtp.keyframe_requests import MAX_INTERVAL_S, MIN_INTERVAL_S, KeyframeRequests
from codesyncx_media.rtp.rates import RateMeter, TokenBucket
from codesyncx_media.rtp.receiver_statistics import ReceiverStatistics
from codesyncx_media.rtp.rtcp import parse_rtcp
from codesyncx_media.rtp.sender_clock import NTP_SECOND, SenderClock


def test_many_wishes_are_one_request() -> None:
    requests = KeyframeRequests()
    assert not requests.take_due(0.0)
    for _ in range(1000):
        requests.want()
    assert requests.take_due(0.0)
    assert not requests.take_due(0.1)
    requests.arrived()
    assert not requests.take_due(10.0)


def test_a_wish_after_the_key_frame_waits_its_turn() -> None:
    requests = KeyframeRequests()
    requests.want()
    assert requests.take_due(0.0)
    requests.arrived()
    requests.want()
    assert not requests.take_due(MIN_INTERVAL_S * 0.9)
    assert requests.take_due(MIN_INTERVAL_S)


def test_a_publisher_that_never_answers_is_asked_less_and_less() -> None:
    requests = KeyframeRequests()
    requests.want()
    times = [now / 100 for now in range(4000) if requests.take_due(now / 100)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(MAX_INTERVAL_S, abs=0.02)


def test_a_rate_is_measured_over_the_last_second() -> None:
    meter = RateMeter()
    for step in range(300):
        meter.add(125, step / 100)
    assert meter.bitrate_bps(2.99) == pytest.approx(100_000, rel=0.02)
    assert meter.bitrate_bps(3.49) == pytest.approx(50_000, rel=0.05)
    assert meter.bitrate_bps(100.0) == 0


def test_a_rate_is_right_after_a_tenth_of_a_second() -> None:
    meter = RateMeter()
    for step in range(10):
        meter.add(125, 50 + step / 100)
    assert meter.bitrate_bps(50.09) == pytest.approx(100_000)


def test_a_bucket_lets_a_burst_and_then_its_rate_pass() -> None:
    bucket = TokenBucket(rate=10, burst=5)
    assert sum(bucket.take(1, 0.0) for _ in range(20)) == 5
    assert sum(bucket.take(1, 1 + step / 100) for step in range(100)) == pytest.approx(14, abs=1)


def test_loss_is_told_since_the_last_report_and_in_all() -> None:
    statistics = ReceiverStatistics(90000)
    for sequence in range(65536 + 100, 65536 + 200):
        if sequence % 4:
            statistics.receive(sequence, 0, 0.0)
    report = statistics.report(7, 1.0)
    assert (report.ssrc, report.packets_lost, report.highest_sequence) == (7, 24, 199)
    assert report.fraction_lost == pytest.approx(64, abs=3)
    statistics.receive(65536 + 200, 0, 0.0)
    assert statistics.report(7, 2.0).fraction_lost == 0


def test_a_packet_that_comes_again_is_not_lost() -> None:
    statistics = ReceiverStatistics(90000)
    statistics.receive(65536, 0, 0.0)
    statistics.receive(65538, 0, 0.0)
    statistics.recover()
    assert statistics.report(7, 1.0).packets_lost == 0


def test_regular_arrivals_have_no_jitter_and_others_have() -> None:
    steady, shaky = ReceiverStatistics(90000), ReceiverStatistics(90000)
    for number in range(200):
        at = 1 + number / 30
        steady.receive(65536 + number, number * 3000, at)
        shaky.receive(65536 + number, number * 3000, at + (0.01 if number % 2 else 0))
    assert steady.jitter_s < 0.0001
    assert shaky.jitter_s == pytest.approx(0.01, rel=0.05)


def test_reports_let_the_sender_measure_the_round_trip() -> None:
    statistics = ReceiverStatistics(90000)
    assert statistics.report(7, 1.0).last_sender_report == 0
    statistics.sender_report(0x1234_5678_9ABC_DEF0, 1.0)
    report = statistics.report(7, 1.5)
    assert report.last_sender_report == 0x5678_9ABC
    assert report.delay_since_last_sender_report == 32768


@given(st.integers(0, 0xFFFFFFFF), st.integers(-100_000, 100_000))
def test_timestamps_and_wall_clock_belong_together(reported: int, ticks: int) -> None:
    clock = SenderClock(90000)
    clock.report(1000 * NTP_SECOND, reported, 5.0)
    seconds = (clock.ntp_of((reported + ticks) & 0xFFFFFFFF) - 1000 * NTP_SECOND) / NTP_SECOND
    assert seconds == pytest.approx(ticks / 90000, abs=1e-6)


def test_a_report_can_be_carried_forward() -> None:
    clock = SenderClock(48000)
    assert not clock.is_known
    clock.report(1000 * NTP_SECOND, 0xFFFFFFFF, 5.0)
    assert clock.at(7.0) == (1002 * NTP_SECOND, 95999)


def test_what_is_lost_is_counted_since_the_last_time() -> None:
    log = ArrivalLog()
    assert log.lost() == 0.0
    for number in range(65_500, 65_550):
        log.receive(number & 0xFFFF, 0.0)
    assert log.lost() == 0.0
    for number in range(65_550, 65_650):
        if number % 4:
            log.receive(number & 0xFFFF, 0.5)
            log.receive(number & 0xFFFF, 0.5)  # one that came twice is one
    assert log.lost() == pytest.approx(0.25, abs=0.02)
    log.receive(65_552 & 0xFFFF, 1.0)
    assert log.lost() == 0.0


def test_feedback_tells_what_came_and_what_did_not() -> None:
    log = ArrivalLog()
    for sequence, now in [(65534, 10.0), (65535, 10.005), (1, 10.01)]:
        log.receive(sequence, now)
    feedback = log.take(1, 2, 10.02)
    assert feedback is not None
    assert (feedback.base_sequence, feedback.feedback_count) == (65534, 0)
    assert feedback.arrivals == [40000, 40020, None, 40040]
    assert parse_rtcp(feedback.build()) == [feedback]
    assert log.take(1, 2, 11.0) is None


def test_feedback_goes_on_where_the_last_ended() -> None:
    log = ArrivalLog()
    log.receive(10, 1.0)
    assert log.take(1, 2, 1.0) is not None
    log.receive(13, 1.05)
    assert log.take(1, 2, 1.05) is None
    feedback = log.take(1, 2, 1.1)
    assert feedback is not None
    assert (feedback.base_sequence, feedback.arrivals) == (11, [None, None, 4200])


def test_a_late_packet_is_told_of_and_nothing_is_taken_back() -> None:
    log = ArrivalLog()
    for sequence in (10, 12, 13):
        log.receive(sequence, 1.0)
    assert log.take(1, 2, 1.0) is not None
    log.receive(11, 1.1)
    feedback = log.take(1, 2, 1.2)
    assert feedback is not None
    assert (feedback.base_sequence, feedback.arrivals) == (11, [4400, 4000, 4000])


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0, 0.3)), max_size=200))
def test_feedback_stays_small_whatever_comes(arrivals: list[tuple[int, float]]) -> None:
    log = ArrivalLog()
    now = 1.0
    for sequence, passed in arrivals:
        now += passed
        log.receive(sequence, now)
        feedback = log.take(1, 2, now)
        if feedback is not None:
            assert len(feedback.arrivals) <= 2 * HISTORY + 1
            assert len(feedback.build()) < 2500
