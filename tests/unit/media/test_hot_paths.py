"""The hot path in C does what the one in Python does, byte for byte, and takes nothing else."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from dataclasses import replace
from typing import Any

import pylibsrtp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if sys.platform != "linux":
    pytest.skip("packets take the Python path there", allow_module_level=True)

import codesyncx_media_native as native
from support.hot_paths import CLIENTS, NativePath, PythonPath, new_keys
from support.rtp_streams import Camera, publisher_of_pictures

from codesyncx_media.rtp.lane import SIZE
from codesyncx_media.rtp.media_packet import PAYLOAD_AT, MediaPacket
from codesyncx_media.transport import native_datagrams
from codesyncx_media.transport.outbox import MAX_PACKET, SLOTS
from codesyncx_media.transport.private_aiortc import (
    Decryption,
    SrtpKeys,
    address_of_protect,
    addresses_of_unprotect,
)

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
pytestmark = pytest.mark.fuzz

DELTAS = st.integers(-(1 << 34), 1 << 34)
STREAMS = (object(), object())
LANES = 3


def packet(**changes: Any) -> MediaPacket:
    publisher, _ = publisher_of_pictures()
    taken = publisher.receive_rtp(Camera(7).next(keyframe=True), 1.0)
    assert taken is not None
    return replace(taken, **changes)


@st.composite
def media_packets(draw: st.DrawFn) -> MediaPacket:
    header = packet().wire[:PAYLOAD_AT]
    wire = header + draw(st.binary(max_size=60) | st.binary(min_size=1300, max_size=1400))
    places = st.integers(PAYLOAD_AT, len(wire) - 2) if len(wire) > PAYLOAD_AT + 2 else st.just(0)
    return packet(
        stream=draw(st.sampled_from(STREAMS)),
        wire=wire,
        sequence=draw(st.integers(0, 200) | st.integers(0, 1 << 40)),
        timestamp=draw(st.integers(0, 0xFFFFFFFF)),
        temporal_layer=draw(st.integers(0, 3)),
        picture_id=draw(st.integers(-1, 0x7FFF)),
        picture_id_bits=draw(st.sampled_from([0, 7, 15])),
        picture_id_at=draw(st.just(0) | places),
        tl0_index=draw(st.integers(-1, 255)),
        tl0_index_at=draw(st.just(0) | places),
    )


STEPS = st.one_of(
    st.tuples(st.just("packet"), media_packets()),
    st.tuples(
        st.just("turn"),
        st.integers(0, LANES - 1),
        st.sampled_from([*STREAMS, None]),
        st.tuples(DELTAS, DELTAS, DELTAS, DELTAS),
        st.integers(-1, 100),
    ),
    st.tuples(st.just("thin"), st.integers(0, LANES - 1), st.integers(0, 3)),
    st.tuples(st.just("put"), st.integers(0, CLIENTS - 1), st.binary(max_size=MAX_PACKET + 20)),
    st.tuples(st.just("no keys"), st.integers(0, CLIENTS - 1)),
)


class Rig:
    """One hot path with three lanes, two of which lead to the same client."""

    def __init__(self, path: Any) -> None:
        self.path = path
        self.lanes = [path.lane(1000 + number, 3) for number in range(LANES)]
        self.routes = [
            (lane, path.ways[number % CLIENTS], number) for number, lane in enumerate(self.lanes)
        ]

    def do(self, step: tuple[Any, ...]) -> Any:
        kind, *told = step
        if kind == "packet":
            return self.path.outbox.fan_out(told[0], self.routes, 1.5)
        if kind == "put":
            return self.path.outbox.put(told[1], self.path.ways[told[0]])
        if kind == "no keys":
            return self.path.ways[told[0]].encrypt_with(None)
        lane = self.lanes[told[0]]
        if kind == "thin":
            lane.max_temporal_layer = told[1]
            return None
        lane.stream = told[1]
        lane.sequence_delta, lane.timestamp_delta, lane.picture_delta, lane.tl0_delta = told[2]
        lane.highest = told[3]
        return None

    def state(self) -> list[Any]:
        lanes: list[Any] = [
            (
                lane.highest,
                lane.last,
                lane.packets,
                lane.octets,
                lane.log.next_number,
                lane.log.part(0, 20),
            )
            for lane in self.lanes
        ]
        return [*lanes, *((way.sent, way.refused) for way in self.path.ways)]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STEPS, max_size=12))
def test_both_paths_send_the_same(steps: list[tuple[Any, ...]]) -> None:
    rigs = Rig(PythonPath()), Rig(NativePath())
    try:
        for rig in rigs:
            for number, lane in enumerate(rig.lanes):
                lane.stream = STREAMS[number % 2]
        for step in steps:
            in_python, in_c = (rig.do(step) for rig in rigs)
            assert in_c == in_python
            assert rigs[1].state() == rigs[0].state()
            assert rigs[1].path.take_sent() == rigs[0].path.take_sent()
    finally:
        for rig in rigs:
            rig.path.close()


MEDIA = False
"""What isn't RTCP."""
RTCP = bytes.fromhex("81ce00020000000a0000002a")
ARRIVALS = st.one_of(
    st.tuples(st.just("rtp"), st.integers(0, 0xFFFF), st.binary(max_size=40)),
    st.tuples(st.just("rtcp"), st.just(0), st.just(b"")),
    st.tuples(st.just("copy"), st.integers(0, 5), st.just(b"")),
    st.tuples(st.just("broken"), st.integers(0, 40), st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("noise"), st.just(0), st.binary(max_size=80)),
    st.tuples(st.just("long"), st.integers(1490, 1600), st.just(b"")),
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(ARRIVALS, st.booleans()), max_size=20))
def test_both_paths_decrypt_the_same(arrivals: list[tuple[tuple[str, int, bytes], bool]]) -> None:
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    sender = pylibsrtp.Session(policy)
    policy.ssrc_type, policy.allow_repeat_tx = pylibsrtp.Policy.SSRC_ANY_INBOUND, True
    in_python, in_c = Decryption(), native.Decryption(*addresses_of_unprotect())
    keys = [SrtpKeys(pylibsrtp.Session(policy)) for _ in range(2)]
    came = [sender.protect(b"\x80\x60\x00\x01" + bytes(8) + b"the first")]
    for (kind, number, content), is_rtcp in arrivals:
        datagram = content or bytes(number)
        if kind == "rtp":
            header = b"\x80\x60" + number.to_bytes(2, "big") + bytes(7) + b"\x01"
            try:
                datagram = sender.protect(header + content)
            except pylibsrtp.Error:  # a number that was used before
                continue
        elif kind == "rtcp":
            datagram = sender.protect_rtcp(RTCP)
        elif kind == "copy":
            datagram = came[-1 - number % len(came)]
        elif kind == "broken":
            at = number % max(1, len(came[-1]))
            datagram = came[-1][:at] + content + came[-1][at + len(content) :]
        came.append(datagram)
        is_report = is_rtcp if kind in ("noise", "broken", "long") else kind == "rtcp"
        assert in_c.unprotect(keys[0], datagram, is_report) == in_python.unprotect(
            keys[1], datagram, is_report
        )


def test_what_cannot_be_decrypted_with_is_refused() -> None:
    decryption = native.Decryption(*addresses_of_unprotect())
    keys = new_keys(0)
    for bad in (None, "text", bytearray(20), memoryview(bytes(20))):
        with pytest.raises(TypeError):
            decryption.unprotect(keys, bad, MEDIA)
    with pytest.raises(AttributeError):
        decryption.unprotect(object(), bytes(20), MEDIA)
    with pytest.raises(ValueError, match="nowhere"):
        native.Decryption(0, 0)
    with pytest.raises(ValueError, match="nowhere"):
        native.Decryption.__new__(native.Decryption).unprotect(keys, bytes(20), MEDIA)


@pytest.mark.parametrize("kind", [PythonPath, NativePath])
def test_more_than_an_outbox_holds_is_sent_in_order(kind: type[PythonPath | NativePath]) -> None:
    path = kind()
    rig = Rig(path)
    for number in range(SLOTS + 30):
        one = packet(stream=STREAMS[0], sequence=number)
        rig.lanes[0].stream = STREAMS[0]
        assert path.outbox.fan_out(one, rig.routes[:1], number / 100) == []
    sent = path.take_sent()
    assert [int.from_bytes(each[2:4], "big") for each in sent[0]] == list(range(SLOTS + 30))
    assert rig.lanes[0].packets == SLOTS + 30
    times, sizes = rig.lanes[0].log.part(SLOTS, SLOTS + 30)
    assert times == [(SLOTS + n) / 100 for n in range(30)]
    assert len(set(sizes)) == 1
    path.close()


@given(st.integers(0, 3 * SIZE), st.integers(1, SIZE))
@settings(max_examples=20, deadline=None)
def test_both_logs_give_the_same_parts(sent: int, count: int) -> None:
    logs = PythonPath.kinds.log(), NativePath.kinds.log()
    for log in logs:
        assert [log.note(n & 0x7FFF, n / 1000) for n in range(sent)] == list(range(sent))
    first = max(0, sent - count)
    assert logs[0].part(first, first + count) == logs[1].part(first, first + count)


def test_what_makes_no_sense_is_refused_and_touches_nothing() -> None:
    path = NativePath()
    lane, way = path.lane(1, 3), path.ways[0]
    lane.stream = STREAMS[0]
    good = packet(stream=STREAMS[0])
    size = len(good.wire)
    for bad in (
        replace(good, wire=b""),
        replace(good, wire=good.wire[: PAYLOAD_AT - 1]),
        replace(good, picture_id_at=size),
        replace(good, picture_id_at=size - 1, picture_id_bits=15),
        replace(good, picture_id_at=-1),
        replace(good, picture_id_at=1 << 62),
        replace(good, picture_id_at=PAYLOAD_AT - 1),
        replace(good, tl0_index_at=size),
        replace(good, tl0_index_at=3),
    ):
        with pytest.raises(ValueError, match=r"outside of the payload|shorter than its header"):
            path.outbox.fan_out(bad, [(lane, way, 0)], 1.0)
    for routes in ([lane], [(lane, way)], [(way, lane, 0)], [(lane, way, 0), None]):
        with pytest.raises(TypeError):
            path.outbox.fan_out(replace(good, sequence=lane.highest + 1), routes, 1.0)
    for never in (None, 1, (lane, way, 0)):
        with pytest.raises(TypeError):
            path.outbox.fan_out(good, never, 1.0)
    with pytest.raises(OverflowError):
        path.outbox.fan_out(replace(good, sequence=1 << 70), [(lane, way, 0)], 1.0)
    with pytest.raises(AttributeError):
        path.outbox.fan_out(object(), [(lane, way, 0)], 1.0)
    with pytest.raises(ValueError, match="length"):
        way.lead_to(bytes(200))
    for first, end in ((-1, 3), (5, 5), (0, SIZE + 1)):
        with pytest.raises(ValueError, match="once around"):
            lane.log.part(first, end)
    path.close()


def test_parts_that_were_never_begun_are_refused() -> None:
    path = NativePath()
    never_begun = native.Outbox.__new__(native.Outbox)
    assert not never_begun.put(b"\x80" * 20, path.ways[0])
    never_begun.flush()
    bare = native.Lane.__new__(native.Lane)
    bare.stream = STREAMS[0]
    one = packet(stream=STREAMS[0], sequence=1)
    assert path.outbox.fan_out(one, [(bare, path.ways[0], "left")], 1.0) == ["left"]
    with pytest.raises(ValueError, match="fit a slot"):
        native.Outbox(-1, address_of_protect(), 1500, lambda: None)
    with pytest.raises(ValueError, match="nowhere"):
        native.Outbox(-1, 0, MAX_PACKET, lambda: None)
    path.close()


def test_an_error_of_whom_the_outbox_wakes_is_heard_and_nothing_is_lost_track_of() -> None:
    def wake() -> None:
        raise LookupError("nobody there")

    outbox = native.Outbox(-1, address_of_protect(), MAX_PACKET, wake)
    path = NativePath()
    lane = path.lane(1, 3)
    lane.stream = STREAMS[0]
    with pytest.raises(LookupError):
        outbox.fan_out(packet(stream=STREAMS[0], sequence=5), [(lane, path.ways[0], 0)], 1.0)
    assert (lane.highest, lane.packets) == (-1, 0)
    path.close()


def test_packets_are_let_go_of_with_their_lane() -> None:
    class Stream:
        pass

    path = NativePath()
    stream = Stream()
    gone = weakref.ref(stream)
    lane = path.lane(1, 3)
    lane.stream = stream
    path.outbox.fan_out(packet(stream=stream, sequence=1), [(lane, path.ways[0], 0)], 1.0)
    del stream, lane
    gc.collect()
    assert gone() is None
    path.close()


def test_it_is_used_where_it_is_installed() -> None:
    assert native_datagrams.is_installed()
