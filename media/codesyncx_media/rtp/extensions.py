"""Header extensions (RFC 8285): what publishers send, and the one block that subscribers get.

Each publisher numbers its extensions as it likes, in blocks of any length. Subscribers all get
the same block of a fixed length, so that a packet is laid out once for all of them and only
numbers at known places change from one to the next.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import ParseError
from .packet import FIXED_HEADER_BYTES

if TYPE_CHECKING:
    from .packet import RtpView

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
DEPENDENCY_DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)

# The ids that subscribers are offered; the same for everyone.
SUBSCRIBER_IDS: Mapping[str, int] = {
    TRANSPORT_SEQUENCE: 1,
    AUDIO_LEVEL: 2,
    VIDEO_ORIENTATION: 3,
    DEPENDENCY_DESCRIPTOR: 4,
}

ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILES = range(0x1000, 0x1010)

# Profile, length in words; transport-wide sequence number; audio level; orientation; one spare.
_BLOCK = struct.Struct(">HHBHBBBBx")
BLOCK_BYTES = _BLOCK.size
BLOCK_PREFIX = struct.unpack(">I", struct.pack(">HH", ONE_BYTE_PROFILE, BLOCK_BYTES // 4 - 1))[0]
TRANSPORT_SEQUENCE_HEADER = SUBSCRIBER_IDS[TRANSPORT_SEQUENCE] << 4 | 1
SILENCE = 127


@dataclass(slots=True)
class Extensions:
    """What one packet's header extensions say; None for what they don't mention.

    `audio_level` is in -dBov, 0 loudest and 127 silent (RFC 6464). `abs_send_time` is in units
    of 2**-18 s, modulo 64 s. `dependency_descriptor` is the place of its bytes in the packet.
    """

    transport_sequence: int | None = None
    audio_level: int | None = None
    is_voice: bool = False
    orientation: int = 0
    abs_send_time: int | None = None
    mid: str | None = None
    rid: str | None = None
    repaired_rid: str | None = None
    dependency_descriptor: tuple[int, int] | None = None


def elements(view: RtpView) -> Iterator[tuple[int, int, int]]:
    """Yield (id, start, end) of each element. Blocks of other profiles hold none."""
    if view.extension_profile == ONE_BYTE_PROFILE:
        return _one_byte_elements(view.data, view.extension_start, view.extension_end)
    if view.extension_profile in TWO_BYTE_PROFILES:
        return _two_byte_elements(view.data, view.extension_start, view.extension_end)
    return iter(())


def _one_byte_elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    while at < end:
        head = data[at]
        at += 1
        if head == 0:
            continue
        number = head >> 4
        if number in (0, 15):  # both end the block (RFC 8285, section 4.2)
            return
        stop = at + (head & 0x0F) + 1
        if stop > end:
            raise ParseError("a header extension element is cut off")
        yield number, at, stop
        at = stop


def _two_byte_elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    while at < end:
        number = data[at]
        at += 1
        if number == 0:
            continue
        if at >= end or at + 1 + data[at] > end:
            raise ParseError("a header extension element is cut off")
        stop = at + 1 + data[at]
        yield number, at + 1, stop
        at = stop


Reader = Callable[[Extensions, bytes, int, int], None]


def _read_transport_sequence(found: Extensions, data: bytes, start: int, end: int) -> None:
    if end - start >= 2:
        found.transport_sequence = data[start] << 8 | data[start + 1]


def _read_audio_level(found: Extensions, data: bytes, start: int, end: int) -> None:
    if end > start:
        found.audio_level = data[start] & 0x7F
        found.is_voice = data[start] >= 0x80


def _read_abs_send_time(found: Extensions, data: bytes, start: int, end: int) -> None:
    if end - start >= 3:
        found.abs_send_time = int.from_bytes(data[start : start + 3], "big")


def _read_orientation(found: Extensions, data: bytes, start: int, end: int) -> None:
    if end > start:
        found.orientation = data[start] & 0x0F


def _read_dependency_descriptor(found: Extensions, _: bytes, start: int, end: int) -> None:
    found.dependency_descriptor = (start, end)


def _read_mid(found: Extensions, data: bytes, start: int, end: int) -> None:
    found.mid = _name(data[start:end])


def _read_rid(found: Extensions, data: bytes, start: int, end: int) -> None:
    found.rid = _name(data[start:end])


def _read_repaired_rid(found: Extensions, data: bytes, start: int, end: int) -> None:
    found.repaired_rid = _name(data[start:end])


_READERS: Mapping[str, Reader] = {
    TRANSPORT_SEQUENCE: _read_transport_sequence,
    AUDIO_LEVEL: _read_audio_level,
    ABS_SEND_TIME: _read_abs_send_time,
    VIDEO_ORIENTATION: _read_orientation,
    DEPENDENCY_DESCRIPTOR: _read_dependency_descriptor,
    MID: _read_mid,
    RID: _read_rid,
    REPAIRED_RID: _read_repaired_rid,
}


def _name(raw: bytes) -> str | None:
    """Names of streams are ASCII; anything else names none of ours."""
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        return None


_NAMES = frozenset({MID, RID, REPAIRED_RID})


class ExtensionReader:
    """Reads extensions by the ids that one publisher was answered with."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        """Take ids by URI. Unknown URIs are skipped when reading."""
        self._readers = {ids[uri]: reader for uri, reader in _READERS.items() if uri in ids}
        names = {ids[uri] for uri in _NAMES if uri in ids}
        self._nameless = {at: reader for at, reader in self._readers.items() if at not in names}

    def read(self, view: RtpView, *, with_names: bool = True) -> Extensions:
        """Read a packet's extensions. Raises ParseError for an element that is cut off.

        Names are of use in a stream's first packets only; many send them in all.
        """
        found = Extensions()
        readers = self._readers if with_names else self._nameless
        data = view.data
        for number, start, end in elements(view):
            reader = readers.get(number)
            if reader is not None:
                reader(found, data, start, end)
        return found


def subscriber_block(extensions: Extensions) -> bytes:
    """Lay out the block for subscribers. Its transport-wide sequence number is still 0."""
    level = SILENCE if extensions.audio_level is None else extensions.audio_level
    return _BLOCK.pack(
        ONE_BYTE_PROFILE,
        BLOCK_BYTES // 4 - 1,
        TRANSPORT_SEQUENCE_HEADER,
        0,
        SUBSCRIBER_IDS[AUDIO_LEVEL] << 4,
        level | (0x80 if extensions.is_voice else 0),
        SUBSCRIBER_IDS[VIDEO_ORIENTATION] << 4,
        extensions.orientation,
    )


def with_descriptor(packet: bytes | bytearray, descriptor: bytes) -> bytearray:
    """Give a packet that is laid out for a subscriber a dependency descriptor, of any length.

    It is the one extension that has no place in the block: few packets have it, and those of key
    frames are long. Only who agreed on it gets it.
    """
    block_end = FIXED_HEADER_BYTES + BLOCK_BYTES
    *_, number, _, _, _, orientation = _BLOCK.unpack_from(packet, FIXED_HEADER_BYTES)
    elements = {
        SUBSCRIBER_IDS[TRANSPORT_SEQUENCE]: struct.pack(">H", number),
        SUBSCRIBER_IDS[VIDEO_ORIENTATION]: bytes([orientation]),
        SUBSCRIBER_IDS[DEPENDENCY_DESCRIPTOR]: descriptor,
    }
    return bytearray(
        b"".join([packet[:FIXED_HEADER_BYTES], write_elements(elements), packet[block_end:]])
    )


def write_elements(values: Mapping[int, bytes]) -> bytes:
    """Write a whole block, header included, in the shortest of the two forms that holds it."""
    if all(number < 15 and 1 <= len(value) <= 16 for number, value in values.items()):
        profile = ONE_BYTE_PROFILE
        parts = [bytes([number << 4 | len(value) - 1]) + value for number, value in values.items()]
    else:
        profile = TWO_BYTE_PROFILES.start
        parts = [bytes([number, len(value)]) + value for number, value in values.items()]
    body = b"".join(parts)
    body += bytes(-len(body) % 4)
    return struct.pack(">HH", profile, len(body) // 4) + body
