from __future__ import annotations

from types import SimpleNamespace

import pytest
from pycrdt import Doc, Text

from codesyncx_server.history.rooms import authors_of, clocks_of, decode_state_vector


def _settings(room: object) -> dict[str, object]:
    return {"codesyncx_rooms": SimpleNamespace(for_path=lambda _path: room)}


def test_a_state_vector_is_read_as_yjs_writes_it() -> None:
    doc: Doc[Text] = Doc(client_id=3_000_000_000)
    doc["source"] = Text("hello")
    assert decode_state_vector(doc.get_state()) == {3_000_000_000: 5}


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x02\x01", b"\xff"])
def test_a_broken_state_vector_gives_what_can_be_read(data: bytes) -> None:
    assert decode_state_vector(data) == {}


def test_the_disk_is_nobody() -> None:
    ada = SimpleNamespace(username="ada", name="")
    doc: Doc[Text] = Doc(client_id=0)
    doc["source"] = Text("hello")
    settings = _settings(SimpleNamespace(authors={0: ada, 7: ada}, ydoc=doc))
    assert {key: person.name for key, person in authors_of(settings, "a").items()} == {7: "ada"}
    assert clocks_of(settings, "a") == {}


def test_without_an_open_room_nobody_is_known() -> None:
    assert authors_of({}, "a") == {}
    assert clocks_of(_settings(None), "a") == {}
