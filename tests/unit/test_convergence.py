"""Documents that a forged edit makes another one for those who come later."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_ydoc import YNotebook, ydocs
from pycrdt import Doc, Text

from codesyncx_server.collab.convergence import (
    ConvergenceWatch,
    content_of,
    is_one,
    make_one,
)
from codesyncx_server.collab.log_folder import LogFolder
from codesyncx_server.collab.protocol import encode_number

if TYPE_CHECKING:
    from pathlib import Path


def forged(client: int, left: tuple[int, int], right: tuple[int, int]) -> bytes:
    """Write an update of one letter between two that are anywhere."""
    neighbours = b"".join(encode_number(number) for number in (*left, *right))
    head = b"\x01\x01" + encode_number(client) + b"\x00"
    return head + b"\xc4" + neighbours + b"\x01!" + b"\x00"


def _text() -> Doc[Any]:
    doc: Doc[Any] = ydocs["file"](Doc(client_id=10)).ydoc
    doc.get("source", type=Text).insert(0, "abcdef")
    return doc


def _is_one(doc: Doc[Any], kind: str = "file") -> bool:
    return is_one(ydocs[kind], doc.get_update(), content_of(doc))


def test_honest_documents_are_the_same_for_everybody() -> None:
    doc = _text()
    assert _is_one(doc)
    doc.apply_update(forged(3, (10, 1), (10, 2)))
    assert _is_one(doc)
    notebook = YNotebook(Doc())
    cell = {"id": "a", "cell_type": "code", "source": "x = 1", "metadata": {"b": 1, "a": [2]}}
    output = {"output_type": "stream", "name": "stdout", "text": "hé"}
    cells = [{**cell, "outputs": [output], "execution_count": 1}]
    notebook.set({"cells": cells, "metadata": {"x": {"y": 1}}, "nbformat": 4, "nbformat_minor": 5})
    assert _is_one(notebook.ydoc, "notebook")


def test_a_letter_between_neighbours_that_never_were_any_is_noticed() -> None:
    doc = _text()
    doc.apply_update(forged(3, (10, 2), (10, 1)))
    assert not _is_one(doc)


def test_the_updates_of_a_log_make_one_document_or_two() -> None:
    whole = _text().get_update()
    assert make_one(ydocs["file"], [whole, forged(3, (10, 1), (10, 2))])
    assert not make_one(ydocs["file"], [whole, forged(3, (10, 2), (10, 1))])


@pytest.mark.parametrize("padding", [0, 300_000])
@pytest.mark.parametrize("forgeries", [[], [forged(3, (10, 2), (10, 1))]])
async def test_the_watch_tells_of_it_a_little_later(
    tmp_path: Path, forgeries: list[bytes], padding: int
) -> None:
    """A long document is compared in another process."""
    doc = _text()
    doc.get("source", type=Text).insert(6, "x" * padding)
    log = LogFolder(tmp_path).open("text:file:1")
    log.append_update(doc.get_update())
    told = asyncio.Event()
    watch = ConvergenceWatch(doc, "file", log, told.set)
    for update in forgeries:
        doc.apply_update(update)
        log.append_update(update)
    watch.note()
    watch.note()
    watch._begin()
    assert watch.task is not None
    await watch.task
    assert told.is_set() == bool(forgeries)
    watch.close()
    log.close()
