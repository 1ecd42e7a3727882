"""Packets kept to be sent again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support.rtp_streams import Camera, publisher_of_pictures

from codesyncx_media.rtp.packet import parse_rtp
from codesyncx_media.rtp.packet_cache import PacketCache
from codesyncx_media.rtp.rtx import unwrap_rtx, wrap_rtx

if TYPE_CHECKING:
    from codesyncx_media.rtp.media_packet import MediaPacket


def a_packet() -> MediaPacket:
    publisher, _ = publisher_of_pictures()
    packet = publisher.receive_rtp(Camera(7).next(keyframe=True), 1.0)
    assert packet is not None
    return packet


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), max_size=60))
def test_the_cache_is_bounded_in_number_and_bytes(added: list[tuple[int, int]]) -> None:
    cache = PacketCache(max_packets=8, max_bytes=1000)
    packet = a_packet()
    for sequence, size in added:
        cache.add(dataclasses.replace(packet, sequence=sequence, wire=bytes(size)))
        assert len(cache) <= 8
        assert cache.size_bytes <= 1000
    kept = [cache.get(sequence) for sequence in range(41)]
    assert sum(len(packet.wire) for packet in kept if packet) == cache.size_bytes


def test_the_cache_holds_references() -> None:
    cache, packet = PacketCache(), a_packet()
    cache.add(packet)
    assert cache.get(packet.sequence) is packet is cache.latest()


@given(st.integers(0, 0xFFFF))
def test_a_wrapped_packet_is_unwrapped_to_itself(sequence_number: int) -> None:
    original = a_packet().wire
    wrapped = parse_rtp(bytes(wrap_rtx(original, 97, 70, sequence_number)))
    assert (wrapped.payload_type, wrapped.ssrc) == (97, 70)
    assert (wrapped.sequence_number, wrapped.marker) == (sequence_number, 0x80)
    view, before = unwrap_rtx(wrapped, 100, 7), parse_rtp(original)
    assert view is not None
    assert (view.sequence_number, view.timestamp) == (before.sequence_number, before.timestamp)
    assert (view.payload_type, view.ssrc) == (100, 7)
    assert view.payload == before.payload
