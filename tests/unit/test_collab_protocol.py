"""Messages on the wire, read and written without a socket."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import (
    Awareness,
    Doc,
    Text,
    create_awareness_message,
    create_sync_message,
    create_update_message,
)
from support.wires import split_frames

from codesyncx_server.collab import protocol
from codesyncx_server.collab.protocol import (
    AwarenessEntry,
    AwarenessQuery,
    AwarenessStates,
    SaveRequest,
    StateVector,
    Update,
    decode,
    encode_number,
)
from codesyncx_server.errors import InvalidRequestError

numbers = st.integers(0, 2**53 - 1)
entries = st.builds(AwarenessEntry, numbers, numbers, st.binary(max_size=40))


def test_messages_of_pycrdt_are_read() -> None:
    doc: Doc[Text] = Doc()
    doc["source"] = Text("é🌍")
    assert decode(create_sync_message(doc)) == StateVector(doc.get_state())
    assert decode(create_update_message(doc.get_update())) == Update(doc.get_update())
    awareness = Awareness(doc)
    awareness.set_local_state({"user": {"name": "Zoë"}})
    encoded = awareness.encode_awareness_update([awareness.client_id])
    told = decode(create_awareness_message(encoded))
    assert isinstance(told, AwarenessStates)
    ((client_id, _, state),) = told.entries
    assert (client_id, json.loads(state)) == (awareness.client_id, {"user": {"name": "Zoë"}})


@given(st.binary(max_size=300))
def test_sync_messages_read_back_as_written(data: bytes) -> None:
    assert decode(protocol.sync_step1(data)) == StateVector(data)
    assert decode(protocol.sync_step2(data)) == Update(data, is_answer=True)
    assert decode(protocol.sync_update(data)) == Update(data)


@given(st.lists(entries, max_size=5))
def test_awareness_reads_back_as_written(told: list[AwarenessEntry]) -> None:
    message = protocol.awareness_states(protocol.awareness_entry(*entry) for entry in told)
    assert decode(message) == AwarenessStates(told)


@given(numbers)
def test_requests_to_save_and_queries_are_read(request_id: int) -> None:
    assert decode(b"\x02\x04save" + encode_number(request_id)) == SaveRequest(request_id)
    assert decode(b"\x03") == AwarenessQuery()


def test_a_reply_to_a_save_is_json() -> None:
    reply = protocol.save_reply(7, "failed")
    assert reply[0] == 2
    body = json.loads(reply[2 : 2 + reply[1]])
    assert body == {"type": "save", "responseTo": 7, "status": "failed"}


MESSAGES = [
    protocol.sync_step1(b"\x01\x05\x03"),
    protocol.sync_update(b"x" * 200),
    protocol.awareness_states([protocol.awareness_entry(5, 300, b'{"a":1}'), b"\x07\x01\x04null"]),
    b"\x02\x04save\x87\x01",
    b"\x03",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_cut_anywhere_or_followed_by_more_is_refused(message: bytes) -> None:
    for end in range(len(message)):
        with pytest.raises(InvalidRequestError, match="cut short"):
            decode(message[:end])
    with pytest.raises(InvalidRequestError, match="after its end"):
        decode(message + b"\x00")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\x04", "type 4 are unknown"),
        (b"\xff\x01", "type 255 are unknown"),
        (b"\x00\x03\x00", "Sync messages of type 3"),
        (b"\x02\x03run", "'run' is unknown"),
        (b"\x02\x04\xff\xfe\xfd\xfc", "is unknown"),
        (b"\x80" * 11 + b"\x01", "number that is too long"),
        (b"\x01\x03\xff\xff\x7f", "too many people"),
        (b"\x01\x03\x00\x00\x00", "after its end"),
        (b"\x00\x02" + b"\xff" * 9 + b"\x01", "cut short"),
    ],
)
def test_what_is_no_message_is_refused_in_words(message: bytes, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        decode(message)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        decode(data)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_frames_tell_their_length_as_browsers_read_it(length: int) -> None:
    payload = b"p" * length
    assert split_frames(protocol.frame(payload) + protocol.frame(b"next")) == [payload, b"next"]
