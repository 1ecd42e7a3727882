"""Packets of a subscription, shuffled and lost, become the frames that can be decoded."""

from __future__ import annotations

from itertools import pairwise

from aiortc.codecs.vpx import Vp8Encoder
from hypothesis import given, settings
from hypothesis import strategies as st

from codesyncx_media.frames import Frame, PictureAssembler, SoundAssembler
from codesyncx_media.rtp.extensions import Extensions, subscriber_block
from codesyncx_media.rtp.packet import build_rtp

VP8, OPUS, RED = 96, 111, 63


def picture(number: int, *, is_key: bool, size: int = 3000) -> bytes:
    """Make a VP8 frame as far as an SFU looks: its first bit says whether it is a key frame."""
    return bytes([0 if is_key else 1]) + number.to_bytes(4, "big") * (size // 4)


def packets_of(
    frames: list[bytes], *, sequence: int = 65530, timestamp: int = 0xFFFFF000, turn: int = 0
) -> list[bytes]:
    packets = []
    for number, frame in enumerate(frames):
        payloads = Vp8Encoder._packetize(frame, number)
        for part, payload in enumerate(payloads):
            packets.append(
                build_rtp(
                    payload_type=VP8,
                    sequence_number=sequence + len(packets) & 0xFFFF,
                    timestamp=timestamp + number * 6000 & 0xFFFFFFFF,
                    ssrc=7,
                    payload=payload,
                    marker=part == len(payloads) - 1,
                    extension=subscriber_block(Extensions(orientation=turn)),
                )
            )
    return packets


def test_pictures_come_whole_with_times_that_do_not_wrap() -> None:
    frames = [picture(number, is_key=number == 0) for number in range(5)]
    assembler = PictureAssembler()
    got = [frame for packet in packets_of(frames, turn=3) for frame in assembler.receive(packet, 0)]
    assert [frame.data for frame in got] == frames
    assert [frame.is_key for frame in got] == [True, False, False, False, False]
    assert [after.timestamp - before.timestamp for before, after in pairwise(got)] == [6000] * 4
    assert {(frame.codec, frame.rotation) for frame in got} == {("vp8", 270)}


def test_nothing_is_given_before_a_key_frame() -> None:
    frames = [picture(number, is_key=number == 2) for number in range(4)]
    assembler = PictureAssembler()
    assert assembler.wants_keyframe
    got = [frame for packet in packets_of(frames) for frame in assembler.receive(packet, 0)]
    assert [frame.data for frame in got] == frames[2:]
    assert not assembler.wants_keyframe


def test_after_a_turn_in_the_middle_of_a_picture_the_new_layer_begins() -> None:
    old = packets_of([picture(0, is_key=True), picture(1, is_key=False)], sequence=0)[:-1]
    new = packets_of([picture(2, is_key=True)], sequence=len(old), timestamp=90_000)
    assembler = PictureAssembler()
    got = [frame for packet in old + new for frame in assembler.receive(packet, 0)]
    assert [frame.data for frame in got] == [picture(0, is_key=True), picture(2, is_key=True)]


@settings(deadline=None)
@given(
    keys=st.sets(st.integers(1, 19)),
    lost=st.sets(st.integers(1, 55), max_size=8),
    late=st.dictionaries(st.integers(1, 55), st.integers(1, 10), max_size=8),
)
def test_what_can_be_decoded_is_given_and_nothing_else(
    keys: set[int], lost: set[int], late: dict[int, int]
) -> None:
    frames = [picture(number, is_key=number in keys | {0}) for number in range(20)]
    packets = packets_of(frames)
    per_frame = len(packets) // len(frames)
    at = {number: number + late.get(number, 0) + 0.5 * (number in late) for number in range(60)}
    order = sorted((at[n], n) for n in range(len(packets)) if n not in lost)
    assembler = PictureAssembler(wait_s=0.25)
    got: list[Frame] = []
    for when, number in order:
        got += assembler.receive(packets[number], when / 100)
    for turn in range(20):
        got += assembler.poll(10.0 + turn)
    decodable, is_broken = [], False
    for number, frame in enumerate(frames):
        is_whole = not any(number * per_frame + part in lost for part in range(per_frame))
        # The end of a picture that was lost is seen as a gap before the next one only.
        is_broken = not is_whole or (is_broken and number not in keys)
        if not is_broken:
            decodable.append(frame)
    assert [frame.data for frame in got] == decodable


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_hostile_packets_raise_nothing(packets: list[bytes]) -> None:
    pictures, sounds = PictureAssembler(), SoundAssembler()
    for number, packet in enumerate(packets):
        for payload_type in (45, 63, 96, 98, 102, 111):
            whole = build_rtp(
                payload_type=payload_type,
                sequence_number=number,
                timestamp=number,
                ssrc=1,
                payload=packet,
                marker=True,
            )
            for data in (packet, whole):
                pictures.receive(data, number)
                sounds.receive(data, number)


def sound(number: int, payload: bytes, payload_type: int = OPUS) -> bytes:
    return build_rtp(
        payload_type=payload_type,
        sequence_number=number & 0xFFFF,
        timestamp=number * 960 & 0xFFFFFFFF,
        ssrc=9,
        payload=payload,
        extension=subscriber_block(Extensions(audio_level=20)),
    )


def test_sound_comes_in_order_with_its_loudness() -> None:
    assembler = SoundAssembler()
    got = [frame for n in (1, 3, 2, 4) for frame in assembler.receive(sound(n, b"%d" % n), 0.0)]
    assert [frame.data for frame in got] == [b"1", b"2", b"3", b"4"]
    assert {(frame.codec, frame.level) for frame in got} == {("opus", 20)}


def test_sound_that_was_lost_is_found_in_the_copy_that_the_next_packet_carries() -> None:
    def redundant(number: int) -> bytes:
        copy, own = b"s%d" % (number - 1), b"s%d" % number
        head = bytes([0x80 | OPUS]) + ((960 << 10) | len(copy)).to_bytes(3, "big") + bytes([OPUS])
        return sound(number, head + copy + own, RED)

    assembler = SoundAssembler(wait_s=0.06)
    got = [
        frame
        for number in (1, 2, 4, 5)
        for frame in assembler.receive(redundant(number), number * 0.02)
    ]
    got += assembler.poll(1.0)
    assert [frame.data for frame in got] == [b"s1", b"s2", b"s3", b"s4", b"s5"]
    assert [after.timestamp - before.timestamp for before, after in pairwise(got)] == [960] * 4
