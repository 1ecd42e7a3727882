from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Text

from codesyncx_server.collab import protocol
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.session import Member, Session

if TYPE_CHECKING:
    from codesyncx_server.errors import CodeSyncXError

EMPTY = b"\x00"


class Wire:
    """Keeps what it is given."""

    waiting_bytes = 0

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frames: bytes) -> None:
        self.frames.append(frames)

    def close(self, error: CodeSyncXError) -> None:
        raise error


def _ask(engine: Engine, state: bytes = EMPTY) -> str:
    """Come in and give the text that the room answers with."""
    session = Session(Member("ada", "Ada"), wire := Wire())
    engine.join(session)
    wire.frames.clear()
    engine.receive(session, protocol.StateVector(state))
    answer = protocol.decode(_payload(wire.frames[0]))
    assert isinstance(answer, protocol.Update)
    doc: Doc[Any] = Doc()
    doc.apply_update(answer.update)
    return str(doc.get("source", type=Text))


def _payload(frame: bytes) -> bytes:
    length = frame[1]
    start = {126: 4, 127: 10}.get(length, 2)
    return frame[start:]


@pytest.fixture
def text() -> Text:
    doc: Doc[Any] = Doc()
    text = doc.get("source", type=Text)
    text += "hello"
    return text


@pytest.fixture
def engine(text: Text) -> Engine:
    return Engine(text.doc, lambda _delay_s, _callback: None, lambda: 0.0)


def test_everyone_who_comes_gets_the_whole_document(engine: Engine) -> None:
    assert [_ask(engine) for _ in range(3)] == ["hello"] * 3


def test_who_comes_after_an_edit_gets_it_too(engine: Engine, text: Text) -> None:
    assert _ask(engine) == "hello"
    text += " world"
    assert _ask(engine) == "hello world"
    del text[:6]
    assert _ask(engine) == "world"


def test_a_document_just_read_from_the_log_is_given_as_it_was_read(
    engine: Engine, text: Text
) -> None:
    engine.remember_whole(text.doc.get_update())
    assert _ask(engine) == "hello"
    text += "!"
    assert _ask(engine) == "hello!"


def test_who_has_something_gets_only_the_rest(engine: Engine, text: Text) -> None:
    state = text.doc.get_state()
    text += " world"
    assert _ask(engine, state) == ""  # it can't be shown without what it builds on
