"""How a document log is laid out in bytes; knows nothing of files or documents.

A log is a header followed by records::

    header = magic (8) | format version u16 | reserved u16 | lineage (16) | crc32 u32
    record = length u32 | crc32 u32 | type u8 | payload (length bytes)

All numbers are little endian. A record's checksum covers its length, its type and its payload, so
that a run of zeros (a file grown by a crash) is no record.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

MAGIC = b"CSXLOG\r\n"
FORMAT_VERSION = 1

_HEADER = struct.Struct("<8sHH16s")
_CRC = struct.Struct("<I")
_FRAME = struct.Struct("<IIB")
_SAVE = struct.Struct("<32sQ")
_LENGTH_AND_TYPE = struct.Struct("<IB")

HEADER_SIZE = _HEADER.size + _CRC.size
FRAME_SIZE = _FRAME.size


class RecordType(IntEnum):
    """What a record's payload is."""

    KEY = 1
    UPDATE = 2
    AUTHOR = 3
    SAVING = 4
    SAVED = 5
    PATH = 6


class Record(NamedTuple):
    """One record: its type (maybe of a later minor version, hence an int) and its payload."""

    type: int
    payload: bytes


class Saved(NamedTuple):
    """A version of the file: its hash, and how many updates from the log's start it covers."""

    sha256: str
    position: int


@dataclass(frozen=True, slots=True)
class Header:
    """The first bytes of a log."""

    version: int
    lineage: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The whole records found, where they end, and whether anything else follows."""

    records: list[Record]
    good_length: int
    is_damaged: bool


def encode_header(lineage: str, version: int = FORMAT_VERSION) -> bytes:
    """Lay out the header of a log; `lineage` is 32 hex digits."""
    head = _HEADER.pack(MAGIC, version, 0, bytes.fromhex(lineage))
    return head + _CRC.pack(crc32(head))


def decode_header(data: bytes) -> Header | None:
    """Read a header from the start of `data`; None when there is no sound one."""
    if len(data) < HEADER_SIZE:
        return None
    magic, version, _, lineage = _HEADER.unpack_from(data)
    (checksum,) = _CRC.unpack_from(data, _HEADER.size)
    if magic != MAGIC or checksum != crc32(data[: _HEADER.size]):
        return None
    return Header(version, lineage.hex())


def encode_record(record_type: int, payload: bytes) -> bytes:
    """Frame one record."""
    length = len(payload)
    checksum = crc32(payload, crc32(_LENGTH_AND_TYPE.pack(length, record_type)))
    return _FRAME.pack(length, checksum, record_type) + payload


def parse_records(data: bytes, offset: int = 0) -> Parsed:
    """Read whole, sound records from `offset` on; stop for good at the first that isn't."""
    records: list[Record] = []
    append = records.append
    unpack_frame, pack_prefix = _FRAME.unpack_from, _LENGTH_AND_TYPE.pack
    end = len(data)
    while end - offset >= FRAME_SIZE:
        length, checksum, record_type = unpack_frame(data, offset)
        start = offset + FRAME_SIZE
        if length > end - start:
            break
        payload = data[start : start + length]
        if crc32(payload, crc32(pack_prefix(length, record_type))) != checksum:
            break
        append(Record(record_type, payload))
        offset = start + length
    return Parsed(records, offset, is_damaged=offset != end)


def encode_saved(saved: Saved) -> bytes:
    """Lay out the payload of a SAVING or SAVED record."""
    return _SAVE.pack(bytes.fromhex(saved.sha256), saved.position)


def decode_saved(payload: bytes) -> Saved:
    """Read the payload of a SAVING or SAVED record; ValueError when it is none."""
    try:
        digest, position = _SAVE.unpack(payload)
    except struct.error as error:
        raise ValueError("not a save marker") from error
    return Saved(digest.hex(), position)
