"""How many bits a second a subscriber's path takes (draft-ietf-rmcat-gcc-02)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .rates import RateMeter
from .transport_feedback import TICK_S
from .trendline import Trendline

if TYPE_CHECKING:
    from .send_history import SentPacket

MIN_BPS = 50_000
MAX_BPS = 50_000_000
START_BPS = 300_000
BACK_OFF = 0.85
GROWTH_PER_S = 1.08
HEADROOM = 1.5  # nobody knows more than this about a path that carries less
HOLD_S = 0.3
LOSS_WINDOW_S = 0.5
LOSS_WINDOW_PACKETS = 20
LOSS_HOLD_S = 5.0
LOW_LOSS, HIGH_LOSS = 0.02, 0.10
PROVEN = 0.95  # of what arrives without queues growing
PROVEN_AFTER_S = 1.0
PROBE_SUCCESS = 0.8


@dataclass(slots=True)
class Probe:
    """A burst at `target_bps` whose arrival tells whether the path takes that much.

    It is made of the transport-wide numbers from `first` up to `end`.
    """

    target_bps: float
    first: int
    end: int


class Bandwidth(Protocol):
    """What a subscriber's path takes."""

    @property
    def estimate_bps(self) -> float:
        """Give the estimate."""

    @property
    def is_congested(self) -> bool:
        """Whether it is no time to probe."""

    def lost(self, now: float) -> float:
        """Give the share that was lost lately."""

    def cap(self, bitrate_bps: float) -> None:
        """Never go beyond what a receiver asked for (REMB)."""

    def watch(self, probe: Probe) -> None:
        """Judge a probe when feedback about it comes."""

    def receive(self, packets: list[SentPacket], now: float) -> None:
        """Take in what feedback says about packets, in the order they were sent."""


class KnownBandwidth:
    """What a path takes that nobody needs to measure here: one inside the machine, or a TCP stream.

    Whoever owns the path sets `estimate_bps`.
    """

    is_congested = True  # never probe: there is nothing to learn

    def __init__(self, estimate_bps: float = MAX_BPS) -> None:
        self.estimate_bps = float(estimate_bps)

    def lost(self, _now: float) -> float:
        """Know of no loss."""
        return 0.0

    def cap(self, bitrate_bps: float) -> None:
        """Pay no heed: the owner knows."""

    def watch(self, probe: Probe) -> None:
        """Pay no heed."""

    def receive(self, packets: list[SentPacket], now: float) -> None:
        """Pay no heed."""


class BandwidthEstimator:
    """Estimates from delays (backs off when queues grow) and from losses, the lower counts.

    Only what is sent can be measured, so that growth ends at half more than what arrives;
    a `Probe` leads further.
    """

    def __init__(self, start_bps: float = START_BPS) -> None:
        self._delay_based = start_bps
        self._loss_based = float(MAX_BPS)
        self._cap = float(MAX_BPS)
        self._trendline = Trendline()
        self._received = RateMeter()
        self._updated_at: float | None = None
        self._decreased_at = float("-inf")
        self._lost = 0
        self._counted = 0
        self._loss_since = float("-inf")
        self._probe: Probe | None = None
        self._probe_packets: list[SentPacket] = []
        self.loss_fraction = 0.0

    @property
    def estimate_bps(self) -> float:
        """Give the estimate."""
        return max(MIN_BPS, min(self._delay_based, self._loss_based, self._cap, MAX_BPS))

    @property
    def is_congested(self) -> bool:
        """Whether queues grow or many packets are lost: no time to probe."""
        return self._trendline.usage == "over" or self.loss_fraction > HIGH_LOSS

    def lost(self, now: float) -> float:
        """Give the share that was lost lately; none where nothing was sent."""
        return self.loss_fraction if now - self._loss_since < LOSS_HOLD_S else 0.0

    def received_bps(self, now: float) -> float:
        """How much arrives, as far as feedback tells."""
        return self._received.bitrate_bps(now)

    def cap(self, bitrate_bps: float) -> None:
        """Never go beyond what a receiver asked for (REMB)."""
        self._cap = max(MIN_BPS, bitrate_bps)

    def watch(self, probe: Probe) -> None:
        """Judge a probe when feedback about it comes."""
        self._probe = probe
        self._probe_packets = []

    def receive(self, packets: list[SentPacket], now: float) -> None:
        """Take in what feedback says about packets, in the order they were sent."""
        if not packets:
            return
        self._loss_since = now if self._counted == 0 else self._loss_since
        trendline, received, lost = self._trendline, 0, 0
        for _, sent_at, size, arrival_ticks in packets:
            if arrival_ticks is None:
                lost += 1
            else:
                received += size
                trendline.receive(sent_at, arrival_ticks)
        trendline.judge()
        self._received.add(received, now)
        self._counted += len(packets)
        self._lost += lost
        self._judge_loss(now)
        self._judge_delay(now)
        self._judge_probe(packets)

    def _judge_delay(self, now: float) -> None:
        passed = min(1.0, now - self._updated_at) if self._updated_at is not None else 0.0
        self._updated_at = now
        received = self._received.bitrate_bps(now)
        usage = self._trendline.usage
        if usage == "over":
            if now - self._decreased_at > HOLD_S:
                self._decreased_at = now
                self._delay_based = max(MIN_BPS, min(self._delay_based, BACK_OFF * received))
        elif usage == "normal":
            if now - self._decreased_at > PROVEN_AFTER_S and self.loss_fraction <= HIGH_LOSS:
                self._delay_based = max(self._delay_based, PROVEN * received)
            limit = HEADROOM * received + 10_000
            if self._delay_based < limit:
                grown = self._delay_based * GROWTH_PER_S**passed + 1_000 * passed
                self._delay_based = min(limit, grown, MAX_BPS)

    def _judge_loss(self, now: float) -> None:
        if now - self._loss_since < LOSS_WINDOW_S or self._counted < LOSS_WINDOW_PACKETS:
            return
        self.loss_fraction = self._lost / self._counted
        self._lost = self._counted = 0
        if self.loss_fraction > HIGH_LOSS:
            base = min(self._loss_based, self._delay_based)
            self._loss_based = max(MIN_BPS, base * (1 - 0.5 * self.loss_fraction))
        elif self.loss_fraction < LOW_LOSS:
            self._loss_based = min(MAX_BPS, self._loss_based * 1.05 + 1_000)

    def _judge_probe(self, packets: list[SentPacket]) -> None:
        probe = self._probe
        if probe is None:
            return
        self._probe_packets += [p for p in packets if probe.first <= p[0] < probe.end]
        last_number, _, _, _ = packets[-1]
        if last_number < probe.end - 1:
            return
        self._probe = None
        measured = _measured_bps(self._probe_packets)
        if measured >= PROBE_SUCCESS * probe.target_bps and self._trendline.usage != "over":
            proven = min(measured, probe.target_bps)
            self._delay_based = max(self._delay_based, proven)
            self._loss_based = max(self._loss_based, proven)


def _measured_bps(packets: list[SentPacket]) -> float:
    """How fast a burst arrived. 0 when a tenth of it was lost or it was too short to tell."""
    came = [(arrival, size) for _, _, size, arrival in packets if arrival is not None]
    if len(came) < 5 or len(came) < 0.9 * len(packets):
        return 0.0
    ticks = sorted(arrival for arrival, _ in came)
    # The first packet's bytes came before the time that is measured.
    size = sum(size for _, size in came) - came[0][1]
    arrived_s = (ticks[-1] - ticks[0]) * TICK_S
    (_, first_sent_at, _, _), (_, last_sent_at, _, _) = packets[0], packets[-1]
    sent_s = last_sent_at - first_sent_at
    return size * 8 / max(arrived_s, sent_s, TICK_S)
