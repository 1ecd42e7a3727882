"""Who may change what in a document, with honest and with hostile updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Array, Map, Text, UndoManager
from support.judged_room import LINES, JudgedRoom

from codesyncx_server.collab.rights import VIEWER, Rights
from codesyncx_server.collab.shadow import Shadow
from codesyncx_server.errors import CodeSyncXError, InvalidRequestError, RefusedError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.wires import Client

OWN_LINES = Rights(may_edit=False, may_execute=False, open=frozenset({"r"}))
LOCKED_LINES = Rights(locked=frozenset({"r"}))
RUNNER = Rights(may_edit=False)


class Room(JudgedRoom):
    """A room whose refusals are looked at."""

    def refuses(self, client: Client, kind: type[CodeSyncXError] = RefusedError) -> str:
        """Check that what the client wrote is refused and changes nothing; gives the words."""
        before = self.doc.get_update()
        with pytest.raises(kind) as caught:
            client.send()
        assert self.doc.get_update() == before
        return str(caught.value)


def _at(text: Text, part: str) -> int:
    return str(text).encode().index(part.encode())


# -- texts ----------------------------------------------------------------------------------------


def test_a_holder_edits_their_lines_and_everybody_has_the_same() -> None:
    room = Room()
    ada, grace = room.join("ada", OWN_LINES), room.join("grace")
    ada.text.insert(_at(ada.text, "zwei"), "# 🌍\n")
    del ada.text[_at(ada.text, "dr") : _at(ada.text, "\nvier")]
    room.settle(ada, grace)
    grace.text.insert(0, "null\n")
    room.settle(ada, grace)
    ada.text.insert(_at(ada.text, "\nvier"), "\nende")
    room.settle(ada, grace)
    assert room.text == "null\neins\n# 🌍\nzwei\n\nende\nvier\n"
    assert str(ada.text) == str(grace.text) == room.text


@pytest.mark.parametrize(
    ("rights", "words"),
    [(OWN_LINES, "your own lines"), (LOCKED_LINES, "locked"), (VIEWER, "may read")],
)
def test_what_is_not_theirs_is_refused(rights: Rights, words: str) -> None:
    room = Room()
    place = "zwei" if rights is LOCKED_LINES else "vier"
    edits: list[Callable[[Client], object]] = [
        lambda client: client.text.insert(_at(client.text, place) + 1, "x"),
        lambda client: client.text.__delitem__(_at(client.text, place) + 1),
        lambda client: client.text.clear(),
        lambda client: client.text.insert_embed(0, {"image": "x"}),
        lambda client: client.text.format(0, 4, {"bold": True}),
    ]
    for number, edit in enumerate(edits):
        eve = room.join(f"eve{number}", rights)
        edit(eve)
        answer = room.refuses(eve)
        assert words in answer or "no such part" in answer
    assert room.text == LINES


def test_after_a_refusal_others_are_judged_by_the_document_as_it_is() -> None:
    room = Room()
    eve, ada = room.join("eve", OWN_LINES), room.join("ada", OWN_LINES)
    eve.text.insert(0, "x" * 50)
    room.refuses(eve)
    ada.text.insert(_at(ada.text, "dréi"), "und ")
    room.settle(ada)
    assert room.text == LINES.replace("dréi", "und dréi")


def test_an_edit_that_was_let_in_but_not_kept_leaves_no_trace() -> None:
    room = Room()
    ada = room.join("ada", OWN_LINES)
    ada.text.insert(_at(ada.text, "zwei"), "nie ")
    claim, room.engine._claim = room.engine._claim, _fail  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        ada.send()
    room.engine._claim = claim  # type: ignore[method-assign]
    again = room.join("ada", OWN_LINES)
    again.text.insert(_at(again.text, "\nvier"), "!")
    room.settle(again)
    assert room.text == LINES.replace("dréi", "dréi!")
    again.text.insert(_at(again.text, "vier"), "x")
    room.refuses(again)


def test_what_was_foretold_of_an_edit_that_was_not_kept_holds_for_no_other() -> None:
    room = Room()
    ada = room.join("ada", OWN_LINES)
    ada.text.insert(_at(ada.text, "zwei"), "nie ")
    room.engine._claim = _fail  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        ada.send()
    room.source.insert(0, "null\n")
    assert room.tracker.text.decode() == room.text == "null\n" + LINES


def test_plain_typing_is_judged_without_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    ada, eve = room.join("ada", OWN_LINES), room.join("eve", OWN_LINES)
    monkeypatch.setattr(Shadow, "attempt", _fail)
    for letter in "🌍é!":
        ada.text.insert(_at(ada.text, "zwei"), letter)
        room.settle(ada)
    del ada.text[_at(ada.text, "zw") : _at(ada.text, "ei\ndr")]
    room.settle(ada)
    with ada.doc.transaction():
        del ada.text[_at(ada.text, "dr") : _at(ada.text, "\nvier")]
        ada.text.insert(_at(ada.text, "\nvier"), "trois")
    room.settle(ada)
    assert room.tracker.text.decode() == room.text == "eins\n🌍é!ei\ntrois\nvier\n"
    eve.text.insert(0, "x")
    assert "your own lines" in room.refuses(eve)


def test_letters_for_the_same_place_are_judged_without_a_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    ada, grace = room.join("ada", OWN_LINES), room.join("grace")
    monkeypatch.setattr(Shadow, "attempt", _fail)
    for letter in "é!":
        grace.text.insert(_at(grace.text, "ei\ndr"), letter)
        ada.text.insert(_at(ada.text, "ei\ndr"), letter.upper())
    room.settle(grace, ada)
    assert room.tracker.text.decode() == room.text
    assert str(ada.text) == str(grace.text) == room.text


def test_what_is_done_at_several_places_at_once_is_judged_by_a_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    ada, grace = room.join("ada", OWN_LINES), room.join("grace")
    trials: list[bytes] = []
    attempt = Shadow.attempt
    monkeypatch.setattr(
        Shadow, "attempt", lambda self, update: trials.append(update) or attempt(self, update)
    )
    with ada.doc.transaction():
        ada.text.insert(_at(ada.text, "ei\ndr"), "A")
        ada.text.insert(_at(ada.text, "éi\nvier"), "A")
    room.settle(ada, grace)
    assert len(trials) == 1
    assert room.tracker.text.decode() == room.text
    assert str(ada.text) == str(grace.text) == room.text


def _fail(*_: object) -> None:
    raise StorageError("The disk is full.")


def test_an_edit_that_was_under_way_while_others_wrote_finds_its_place() -> None:
    room = Room()
    ada, grace = room.join("ada", OWN_LINES), room.join("grace")
    grace.text.insert(0, "viele\nneue\nZeilen\n")
    ada.text.insert(_at(ada.text, "zwei") + 4, "!")
    room.settle(grace, ada)
    assert room.text == "viele\nneue\nZeilen\neins\nzwei!\ndréi\nvier\n"
    assert str(ada.text) == str(grace.text) == room.text


def test_taking_back_and_making_again_ones_own_edits_is_allowed() -> None:
    room = Room()
    ada = room.join("ada", OWN_LINES)
    undo = UndoManager(scopes=[ada.text], capture_timeout_millis=0)
    ada.text.insert(_at(ada.text, "zwei"), "neu\n")
    room.settle(ada)
    with ada.doc.transaction():
        del ada.text[_at(ada.text, "neu") : _at(ada.text, "\nvier")]
    room.settle(ada)
    for step in (undo.undo, undo.undo, undo.redo, undo.redo, undo.undo):
        assert step()
        room.settle(ada)
        assert str(ada.text) == room.text
    assert room.text == LINES.replace("zwei", "neu\nzwei")


def test_what_jupyterlab_notes_for_itself_harms_no_viewer() -> None:
    room = Room()
    viewer = room.join("viewer", VIEWER)
    state = viewer.doc.get("state", type=Map)
    state["document_id"] = "text:file:1"
    state["dirty"] = True
    room.settle(viewer)
    viewer.receive(b"\x00\x01" + _sized(viewer.doc.get_update()))
    assert room.doc.get("state", type=Map)["dirty"] is True
    state["path"] = "elsewhere"
    assert "server's" in room.refuses(viewer)


def test_a_viewer_leaves_no_traces_of_what_they_wrote_and_deleted() -> None:
    room = Room()
    viewer = room.join("viewer", VIEWER)
    with viewer.doc.transaction():
        viewer.text.insert(0, "x" * 1000)
        del viewer.text[0:1000]
    assert "may read" in room.refuses(viewer)


def test_who_was_lowered_may_repeat_what_is_known() -> None:
    room = Room()
    ada = room.join("ada")
    ada.text.insert(0, "mine")
    del ada.text[0:2]
    room.settle(ada)
    ada.session.take(VIEWER)
    ada.receive(b"\x00\x01" + _sized(ada.doc.get_update()))
    assert room.text == "ne" + LINES


def test_a_value_between_the_characters_is_refused() -> None:
    room = Room()
    eve = room.join("eve", OWN_LINES)
    update = bytes([1, 1, 99, 0, 8, 1, 6]) + b"source" + bytes([1, 119, 1, 120, 0])
    with pytest.raises(RefusedError, match="no such part"):
        eve.receive(b"\x00\x02" + _sized(update))


def test_an_unknown_part_is_refused() -> None:
    room = Room()
    eve = room.join("eve", OWN_LINES)
    eve.doc.get("secret", type=Text).insert(0, "x")
    assert "no such part" in room.refuses(eve)


def test_an_edit_that_hangs_on_one_that_is_not_there_is_refused() -> None:
    room = Room()
    eve = room.join("eve", OWN_LINES)
    eve.text.insert(_at(eve.text, "zwei"), "a")
    eve._unsent.clear()
    eve.text.insert(_at(eve.text, "zwei"), "b")
    assert "build on others" in room.refuses(eve, InvalidRequestError)


def test_a_document_of_another_kind_is_edited_by_those_only_who_may_edit_all() -> None:
    room = Room("unicode", "abc")
    assert room.join("ada").text is not None
    eve = room.join("eve", VIEWER)
    eve.text.insert(0, "x")
    assert "may read" in room.refuses(eve)


# -- notebooks ------------------------------------------------------------------------------------


def _cell(name: str, kind: str = "code") -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"id": name, "cell_type": kind, "source": f"# {name}", "metadata": {}, **code}


NOTEBOOK = {
    "cells": [_cell("a"), _cell("b"), _cell("c", "markdown"), _cell("d")],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
A, B, C = 0, 1, 2


def _output(text: str = "hi") -> Map[Any]:
    return Map({"output_type": "stream", "name": "stdout", "text": Text(text)})


def _set(index: int, key: str, value: Any) -> Callable[[YNotebook], None]:
    def edit(notebook: YNotebook) -> None:
        notebook.ycells[index][key] = value

    return edit


def _write(index: int) -> Callable[[YNotebook], None]:
    def edit(notebook: YNotebook) -> None:
        source = notebook.ycells[index]["source"]
        source += "!"

    return edit


def _note(index: int, key: str, value: Any) -> Callable[[YNotebook], None]:
    def edit(notebook: YNotebook) -> None:
        notebook.ycells[index]["metadata"][key] = value

    return edit


def _print(index: int, output: Any = None) -> Callable[[YNotebook], None]:
    def edit(notebook: YNotebook) -> None:
        notebook.ycells[index]["outputs"].append(_output() if output is None else output)

    return edit


def _insert(name: str) -> Callable[[YNotebook], None]:
    def edit(notebook: YNotebook) -> None:
        notebook.ycells.insert(0, notebook.create_ycell(_cell(name)))

    return edit


def _delete(index: int) -> Callable[[YNotebook], None]:
    def edit(notebook: YNotebook) -> None:
        del notebook.ycells[index]

    return edit


def _swap_ids(notebook: YNotebook) -> None:
    with notebook.ydoc.transaction():
        notebook.ycells[A]["id"] = "z"
        notebook.ycells[B]["id"] = "a"


def _meta(notebook: YNotebook) -> None:
    notebook._ymeta["metadata"]["x"] = 1


@pytest.mark.parametrize(
    ("rights", "edit", "answer"),
    [
        (OWN_LINES, _write(A), ""),
        (OWN_LINES, _write(C), ""),
        (OWN_LINES, _set(A, "source", Text("new")), ""),
        (OWN_LINES, _note(A, "tags", ["x"]), ""),
        (OWN_LINES, _set(C, "attachments", {"x.png": {}}), ""),
        (OWN_LINES, _print(A), ""),
        (OWN_LINES, _set(A, "execution_count", 3.0), ""),
        (OWN_LINES, _write(B), "your own cells"),
        (OWN_LINES, _note(B, "x", 1), "your own cells"),
        (OWN_LINES, _print(B), "your own cells"),
        (OWN_LINES, _set(B, "execution_state", "running"), "your own cells"),
        (OWN_LINES, _insert("new"), "not add"),
        (OWN_LINES, _delete(A), "not add"),
        (OWN_LINES, _set(A, "id", "b"), "your own cells"),
        (OWN_LINES, _set(A, "cell_type", "markdown"), "not add"),
        (OWN_LINES, _meta, "may read"),
        (OWN_LINES, _note(A, "trusted", True), "trusted"),  # noqa: FBT003
        (OWN_LINES, _set(A, "metadata", Map({"trusted": True})), "trusted"),
        (OWN_LINES, _set(A, "source", "plain"), "nothing a notebook"),
        (OWN_LINES, _set(A, "outputs", Array([1])), "nothing a notebook"),
        (OWN_LINES, _set(A, "attachments", 5), "nothing a notebook"),
        (OWN_LINES, _print(A, Map({"output_type": "magic"})), "nothing a notebook"),
        (OWN_LINES, _set(A, "execution_state", Map()), "nothing a notebook"),
        (VIEWER, _write(A), "may read"),
        (VIEWER, _print(A), "may read"),
        (VIEWER, _insert("new"), "may read"),
        (RUNNER, _print(B), ""),
        (RUNNER, _set(B, "execution_state", "running"), ""),
        (RUNNER, _note(B, "execution", {"x": "y"}), ""),
        (RUNNER, _note(B, "tags", ["x"]), "may read"),
        (RUNNER, _write(B), "may read"),
        (RUNNER, _print(B, Map({"output_type": "magic"})), "nothing a notebook"),
        (LOCKED_LINES, _write(B), ""),
        (LOCKED_LINES, _insert("new"), ""),
        (LOCKED_LINES, _delete(B), ""),
        (LOCKED_LINES, _meta, ""),
        (LOCKED_LINES, _print(A), ""),
        (LOCKED_LINES, _write(A), "locked"),
        (LOCKED_LINES, _delete(C), "locked"),
        (LOCKED_LINES, _insert("a"), "locked"),
        (LOCKED_LINES, _set(B, "id", "a"), "locked"),
        (LOCKED_LINES, _set(A, "id", "z"), "locked"),
        (LOCKED_LINES, _swap_ids, "locked"),
    ],
)
def test_cells_are_edited_by_those_who_may(
    rights: Rights, edit: Callable[[YNotebook], None], answer: str
) -> None:
    room = Room("notebook", NOTEBOOK)
    eve = room.join("eve", rights)
    edit(YNotebook(eve.doc))
    if answer:
        assert answer in room.refuses(eve)
    else:
        room.settle(eve)
        assert room.document.get() == YNotebook(eve.doc).get()


def test_a_cell_that_moved_is_still_its_holders() -> None:
    room = Room("notebook", NOTEBOOK)
    ada, grace = room.join("ada", OWN_LINES), room.join("grace")
    _write(A)(YNotebook(ada.doc))
    room.settle(ada, grace)
    for name in ("x", "y"):
        _insert(name)(YNotebook(grace.doc))
    room.settle(grace, ada)
    _write(A + 2)(YNotebook(ada.doc))
    room.settle(ada, grace)
    assert str(room.document.ycells[2]["source"]) == "# a!!"
    _write(A)(YNotebook(ada.doc))
    room.refuses(ada)


def test_of_two_cells_with_one_id_only_the_first_is_open() -> None:
    room = Room("notebook", {**NOTEBOOK, "cells": [_cell("a"), _cell("b"), _cell("a")]})
    ada = room.join("ada", OWN_LINES)
    _write(2)(YNotebook(ada.doc))
    room.refuses(ada)


def test_locked_cells_that_nobody_finds_lock_everything() -> None:
    room = Room("notebook", NOTEBOOK)
    room.cells.clear()
    eve = room.join("eve", LOCKED_LINES)
    _write(B)(YNotebook(eve.doc))
    assert "can't be told" in room.refuses(eve)


def _sized(data: bytes) -> bytes:
    length, head = len(data), b""
    while length > 0x7F:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


# -- trust -----------------------------------------------------------------------------------------

GUEST = Rights(is_trusted=False)
SCRIPT = Map({"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}})


def _replace_outputs(notebook: YNotebook) -> None:
    notebook.ycells[A]["outputs"] = Array([Map({"output_type": "stream", "text": Text("x")})])


def _add_trusted(notebook: YNotebook) -> None:
    cell = {**_cell("a new one"), "metadata": {"trusted": True}}
    notebook.ycells.insert(0, notebook.create_ycell(cell))


@pytest.mark.parametrize(
    ("edit", "cell_id"),
    [
        (_print(A, SCRIPT), "a"),
        (_replace_outputs, "a"),
        (_note(B, "trusted", True), "b"),  # noqa: FBT003
        (_set(B, "metadata", Map({"trusted": True})), "b"),
        (_add_trusted, "a new one"),
    ],
)
def test_what_somebody_untrusted_writes_runs_in_nobodys_browser(
    edit: Callable[[YNotebook], None], cell_id: str
) -> None:
    room = Room("notebook", NOTEBOOK)
    ada, eve = room.join("ada"), room.join("eve", GUEST)
    for index in (A, 3):
        _note(index, "trusted", True)(YNotebook(ada.doc))  # noqa: FBT003
    room.settle(ada, eve)
    edit(YNotebook(eve.doc))
    room.settle(eve, ada)
    seen = {cell["id"]: cell["metadata"] for cell in YNotebook(ada.doc).get()["cells"]}
    assert not seen[cell_id]["trusted"]
    assert seen["d"]["trusted"]


def test_somebody_untrusted_edits_the_source_of_a_trusted_cell() -> None:
    room = Room("notebook", NOTEBOOK)
    ada, eve = room.join("ada"), room.join("eve", GUEST)
    _note(A, "trusted", True)(YNotebook(ada.doc))  # noqa: FBT003
    room.settle(ada, eve)
    _write(A)(YNotebook(eve.doc))
    room.settle(eve, ada)
    assert YNotebook(ada.doc).get()["cells"][A]["metadata"]["trusted"]
