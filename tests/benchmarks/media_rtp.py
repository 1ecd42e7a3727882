"""What forwarding a packet costs in the RTP core alone: no sockets, no encryption.

    python tests/benchmarks/media_rtp.py [--json results.json] [--rounds 5] [--subscribers 14]

Microseconds of CPU, medians of rounds:

- `receive`: taking in one packet of a publisher (read, note, lay out), whoever gets it;
- `rewrite`: one packet for one subscriber;
- `forward`: a packet's whole way through the core, divided by the subscribers it is for;
- `poll`: what is regularly done for one subscriber who sees 13 others, every 20 ms;
- `repeat`: answering one packet's NACK;
- `feedback`: one packet that transport-wide feedback tells of.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

sys.path[:0] = [str(Path(__file__).parents[1])]

from support.rtp_streams import (  # noqa: E402
    Camera,
    Microphone,
    publisher_of_pictures,
    publisher_of_sound,
)

from codesyncx_media.rtp.forwarder import Forwarder  # noqa: E402
from codesyncx_media.rtp.rtcp_feedback import Nack  # noqa: E402
from codesyncx_media.rtp.subscriber import Subscriber  # noqa: E402
from codesyncx_media.rtp.transport_feedback import TransportFeedback  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_media.rtp.media_packet import MediaPacket
    from codesyncx_media.rtp.publisher import Publisher
    from codesyncx_media.rtp.track import Track

Kind = Literal["video", "sound"]
PACKETS = 2_000
VIDEO_BYTES = 1_100
REPEATED = 64
OTHERS = 13
POLLS = 50


class Scene:
    """One publisher and its subscribers; a stock of packets to forward."""

    def __init__(self, kind: Kind, subscribers: int) -> None:
        self.forwarder = Forwarder()
        self.publisher, self.track = self._publisher(kind)
        self.subscribers = [Subscriber(number) for number in range(subscribers)]
        self.subscriptions = [
            self.forwarder.subscribe(one, self.track, 1000, repair_ssrc=1001)
            for one in self.subscribers
        ]
        camera, microphone = Camera(7, size=VIDEO_BYTES), Microphone(8)
        self.stock = [
            camera.next(keyframe=number == 0) if kind == "video" else microphone.next()
            for number in range(PACKETS)
        ]

    @staticmethod
    def _publisher(kind: Kind) -> tuple[Publisher, Track]:
        return publisher_of_pictures() if kind == "video" else publisher_of_sound()

    def taken(self) -> list[MediaPacket]:
        take = self.publisher.receive_rtp
        packets = [take(data, 1 + n / 90) for n, data in enumerate(self.stock)]
        return [packet for packet in packets if packet is not None]


def microseconds(action: Callable[[], None], times: int) -> float:
    begin = time.process_time()
    action()
    return (time.process_time() - begin) * 1e6 / times


def receive_us(kind: Kind) -> float:
    scene = Scene(kind, 0)

    def act() -> None:
        for number, data in enumerate(scene.stock):
            scene.publisher.receive_rtp(data, 1 + number / 90)

    return microseconds(act, PACKETS)


def rewrite_us(kind: Kind) -> float:
    scene = Scene(kind, 1)
    packets = scene.taken()
    (subscription,) = scene.subscriptions

    def act() -> None:
        for packet in packets:
            subscription.forward(packet, 1.0)

    return microseconds(act, len(packets))


def forward_us(kind: Kind, subscribers: int) -> float:
    scene = Scene(kind, subscribers)

    def act() -> None:
        for number, data in enumerate(scene.stock):
            scene.forwarder.receive(scene.publisher, data, 1 + number / 90)

    return microseconds(act, PACKETS * subscribers)


def poll_us() -> float:
    subscriber = Subscriber()
    publishers = []
    for number in range(OTHERS):
        publisher, track = publisher_of_pictures()
        subscriber.subscribe(track, 1000 + number, repair_ssrc=2000 + number)
        publisher.receive_rtp(Camera(7, size=VIDEO_BYTES).next(keyframe=True), 1.0)
        publishers.append(publisher)

    def act() -> None:
        for tick in range(POLLS):
            subscriber.poll(1 + tick / POLLS)

    return microseconds(act, POLLS)


def repeat_us() -> float:
    scene = Scene("video", 1)
    (subscriber,) = scene.subscribers
    sent = [scene.subscriptions[0].forward(packet, 1.0) for packet in scene.taken()]
    numbers = [int.from_bytes(out[2:4], "big") for out in sent[-REPEATED:] if out is not None]
    nack = Nack(9, 1000, numbers).build()
    answered = 0

    def act() -> None:
        nonlocal answered
        answered += len(subscriber.receive_rtcp(nack, 100.0))

    spent = microseconds(act, 1)
    return spent / answered


def feedback_us() -> float:
    scene = Scene("video", 1)
    (subscriber,) = scene.subscribers
    for number, packet in enumerate(scene.taken()):
        scene.subscriptions[0].forward(packet, 1 + number / 90)
    told = [
        TransportFeedback(9, 1000, base, 0, [4000 + 44 * (base + n) for n in range(9)]).build()
        for base in range(0, PACKETS - 9, 9)
    ]

    def act() -> None:
        for number, feedback in enumerate(told):
            subscriber.receive_rtcp(feedback, 1.1 + number / 10)

    return microseconds(act, 9 * len(told))


def main() -> None:
    """Measure everything and print it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--json", type=Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--subscribers", type=int, default=14)
    chosen = options.parse_args()
    measures: dict[str, Callable[[], float]] = {
        "receive_video": lambda: receive_us("video"),
        "receive_sound": lambda: receive_us("sound"),
        "rewrite_video": lambda: rewrite_us("video"),
        "rewrite_sound": lambda: rewrite_us("sound"),
        "forward_video": lambda: forward_us("video", chosen.subscribers),
        "forward_sound": lambda: forward_us("sound", chosen.subscribers),
        "poll": poll_us,
        "repeat": repeat_us,
        "feedback": feedback_us,
    }
    rounds = [{name: act() for name, act in measures.items()} for _ in range(chosen.rounds)]
    medians = {name: round(statistics.median(one[name] for one in rounds), 3) for name in measures}
    for name, spent in medians.items():
        print(f"{name:14} {spent:7.2f} us")
    if chosen.json:
        result = {
            "python": platform.python_version(),
            "subscribers": chosen.subscribers,
            "rounds": chosen.rounds,
            "us_per_packet": medians,
        }
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
