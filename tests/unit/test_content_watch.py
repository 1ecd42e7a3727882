from __future__ import annotations

from typing import Any

import pytest
from jupyter_ydoc import ydocs
from pycrdt import Doc, Map, Text

from codesyncx_server.collab.content_watch import ContentWatch

CELL = {"cell_type": "raw", "source": "a", "metadata": {}, "id": "one"}
CONTENTS: dict[str, Any] = {
    "file": "text",
    "blob": b"\x00\xff",
    "notebook": {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_new_content_of_every_kind_of_document_is_told(kind: str) -> None:
    changes: list[None] = []
    document = ydocs[kind](Doc())
    watch = ContentWatch(document.ydoc, lambda: changes.append(None))
    document.set(CONTENTS[kind])
    assert changes
    watch.stop()


def test_typing_in_a_cell_is_told() -> None:
    changes: list[None] = []
    notebook = ydocs["notebook"](Doc())
    notebook.set(CONTENTS["notebook"])
    watch = ContentWatch(notebook.ydoc, lambda: changes.append(None))
    notebook.ycells[0]["source"] += "b"
    assert changes
    watch.stop()


def test_what_somebody_else_typed_is_told() -> None:
    changes: list[None] = []
    here, there = ydocs["file"](Doc()), Doc({"source": Text()})
    watch = ContentWatch(here.ydoc, lambda: changes.append(None))
    there["source"] += "a"
    here.ydoc.apply_update(there.get_update())
    assert len(changes) == 1
    watch.stop()


def test_the_state_of_a_document_is_no_content() -> None:
    changes: list[None] = []
    document = ydocs["file"](Doc())
    watch = ContentWatch(document.ydoc, lambda: changes.append(None))
    document.dirty = True
    document.ydoc.get("state", type=Map)["hash"] = "abc"
    assert not changes
    watch.stop()


def test_after_its_end_nothing_is_told() -> None:
    changes: list[None] = []
    document = ydocs["file"](Doc())
    watch = ContentWatch(document.ydoc, lambda: changes.append(None))
    watch.stop()
    document.set("text")
    assert not changes
