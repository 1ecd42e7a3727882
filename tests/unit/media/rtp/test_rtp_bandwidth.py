"""What a path takes: estimates over simulated links."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.bandwidth import MIN_BPS, START_BPS, BandwidthEstimator
from codesyncx_media.rtp.lane import SIZE
from codesyncx_media.rtp.prober import MAX_INTERVAL_S, Prober
from codesyncx_media.rtp.send_history import SendHistory
from codesyncx_media.rtp.transport_feedback import TICK_S, TransportFeedback
from codesyncx_media.rtp.trendline import Trendline

PACKET = 1200


@dataclass
class Link:
    """A bottleneck with a queue: what is sent arrives at its rate, 20 ms later at least."""

    bps: float
    queue_s: float = 1.0
    loses_every: int = 0
    free_at: float = 0.0
    sent: int = 0
    arrivals: deque[int | None] = field(default_factory=deque)

    def send(self, size: int, now: float) -> None:
        self.sent += 1
        self.free_at = max(self.free_at, now) + size * 8 / self.bps
        is_lost = self.free_at - now > self.queue_s
        if is_lost:
            self.free_at -= size * 8 / self.bps
        is_lost = is_lost or bool(self.loses_every and self.sent % self.loses_every == 0)
        self.arrivals.append(None if is_lost else int((self.free_at + 0.02) / TICK_S))


class Sender:
    """Sends at a rate and hears of it every 50 ms."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.history = SendHistory()
        self.estimator = BandwidthEstimator()
        self.prober = Prober()
        self.now = 10.0

    def run(self, seconds: float, rate: float | None = None, *, probing_bps: float = 0) -> float:
        """Send at `rate`, or at what is estimated; probe as if `probing_bps` were wanted."""
        heard = self.now
        budget = 0.0
        until = self.now + seconds
        while self.now < until:
            self.now += 0.01
            speed = rate or self.estimator.estimate_bps
            budget += speed * 0.01 / 8
            if probing_bps:
                lacking = max(0.0, probing_bps - self.estimator.estimate_bps)
                self.prober.want(self.estimator.estimate_bps, lacking)
                budget += self.prober.due(self.history, self.estimator, speed, self.now)
            while budget >= PACKET:
                budget -= PACKET
                self.history.note(PACKET, self.now)
                self.link.send(PACKET, self.now)
            if self.now - heard > 0.05 and self.link.arrivals:
                heard = self.now
                self.hear()
        return self.estimator.estimate_bps

    def hear(self) -> None:
        base = self.history.next_number - len(self.link.arrivals)
        feedback = TransportFeedback(1, 2, base & 0xFFFF, 0, list(self.link.arrivals))
        self.link.arrivals.clear()
        self.estimator.receive(self.history.match(feedback), self.now)


def test_a_wide_path_is_found_to_be_wide() -> None:
    sender = Sender(Link(20_000_000))
    assert sender.run(30) > 2 * START_BPS


def test_a_narrow_path_is_not_overfilled() -> None:
    sender = Sender(Link(500_000))
    sender.run(20)
    rates = [sender.run(1) for _ in range(20)]
    assert 250_000 < sum(rates) / len(rates) < 600_000
    assert sender.link.free_at - sender.now < 0.3


def test_a_path_that_narrows_is_given_less_within_seconds() -> None:
    sender = Sender(Link(5_000_000))
    sender.run(10, rate=2_000_000)
    before = sender.run(5, rate=2_000_000)
    sender.link.bps = 600_000
    after = sender.run(5)
    assert before > 1_800_000
    assert after < 750_000


def test_many_losses_lower_the_estimate_and_few_do_not() -> None:
    lossy, fair = Sender(Link(20_000_000, loses_every=4)), Sender(Link(20_000_000, loses_every=60))
    assert lossy.run(10, rate=300_000) < START_BPS / 2
    assert fair.run(10, rate=300_000) >= START_BPS
    assert lossy.estimator.loss_fraction == pytest.approx(0.25, abs=0.05)


def test_what_is_not_sent_is_not_believed() -> None:
    sender = Sender(Link(20_000_000))
    assert sender.run(30, rate=200_000) < 500_000


def test_probing_finds_what_a_path_takes_beyond_what_is_sent() -> None:
    sender = Sender(Link(20_000_000))
    assert sender.run(20, rate=200_000, probing_bps=2_000_000) > 1_900_000


def test_probing_does_not_find_what_a_path_does_not_take() -> None:
    sender = Sender(Link(700_000))
    assert sender.run(30, rate=200_000, probing_bps=3_000_000) < 900_000


def test_probes_that_fail_become_rare() -> None:
    prober, history, estimator = Prober(), SendHistory(), BandwidthEstimator()
    started, was_probing, now = [], False, 0.0
    while now < 120:
        now += 0.01
        prober.want(300_000, 500_000)
        is_probing = prober.due(history, estimator, 0.0, now) > 0
        if is_probing and not was_probing:
            started.append(now)
        was_probing = is_probing
    gaps = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert all(later > 0.99 * earlier for earlier, later in itertools.pairwise(gaps))
    assert gaps[-1] == pytest.approx(MAX_INTERVAL_S, abs=0.1)


def test_a_receivers_own_limit_counts() -> None:
    sender = Sender(Link(20_000_000))
    sender.estimator.cap(150_000)
    assert sender.run(5) == 150_000
    sender.estimator.cap(0)
    assert sender.estimator.estimate_bps == MIN_BPS


def test_steady_delays_are_no_trend_and_growing_ones_are() -> None:
    trendline = Trendline()
    for number in range(100):
        trendline.receive(number * 0.02, int((number * 0.02 + 0.1) / TICK_S))
        if number % 5 == 0:
            trendline.judge()
    assert trendline.usage == "normal"
    for number in range(100, 200):
        trendline.receive(number * 0.02, int((number * 0.03 + 0.1) / TICK_S))
        if number % 5 == 0:
            trendline.judge()
    assert trendline.usage == "over"


def test_feedback_tells_of_each_packet_once() -> None:
    history = SendHistory()
    for number in range(10):
        history.note(100 + number, number / 10)
    first = history.match(TransportFeedback(1, 2, 2, 0, [400, None, 408]))
    assert [(number, size, sent_at) for number, sent_at, size, _ in first] == [
        (2, 102, 0.2),
        (3, 103, 0.3),
        (4, 104, 0.4),
    ]
    again = history.match(TransportFeedback(1, 2, 2, 1, [400, 404, 408, 412]))
    assert [number for number, _, _, _ in again] == [5]


@given(st.integers(0, 3 * SIZE), st.lists(st.none() | st.integers(0, 9), max_size=50), st.data())
def test_what_feedback_is_about_is_found_all_around_the_ring(
    sent: int, arrivals: list[int | None], data: st.DataObject
) -> None:
    history = SendHistory()
    for number in range(sent):
        history.note(number + 7, number / 1000)
    base = data.draw(st.integers(max(0, sent - SIZE), max(0, sent)))
    told = arrivals[: sent - base]
    matched = history.match(TransportFeedback(1, 2, base & 0xFFFF, 0, arrivals))
    assert matched == [(base + n, (base + n) / 1000, base + n + 7, a) for n, a in enumerate(told)]


@given(st.integers(0, 2 * SIZE), st.integers(0, 0xFFFF), st.lists(st.none() | st.integers(0, 9)))
def test_feedback_about_anything_else_is_ignored(
    sent: int, base: int, arrivals: list[int | None]
) -> None:
    history = SendHistory()
    history.log.next_number = sent
    matched = history.match(TransportFeedback(1, 2, base, 0, arrivals))
    assert all(max(0, sent - SIZE) <= number < sent for number, _, _, _ in matched)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.none() | st.integers(-(1 << 31), 1 << 31)), max_size=100
    )
)
def test_no_feedback_makes_the_estimate_senseless(
    reports: list[tuple[float, int | None]],
) -> None:
    estimator, history = BandwidthEstimator(), SendHistory()
    for now, arrival in reports:
        number = history.note(1200, now)
        feedback = TransportFeedback(1, 2, number & 0xFFFF, 0, [arrival])
        estimator.receive(history.match(feedback), now)
        assert MIN_BPS <= estimator.estimate_bps <= 50_000_000
