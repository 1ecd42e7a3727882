"""Random sessions in a notebook."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis.stateful import rule
from jupyter_ydoc import YNotebook
from pycrdt import Array, Doc, Map, Text
from support.room_session import PEOPLE, PLACES, SETTINGS, Session, change, delete_from, insert_into

# It is as long as the machine is busy.
pytestmark = pytest.mark.timeout(3600)


class NotebookSession(Session):
    """Everybody in one notebook, of a format whose cells have ids or not."""

    ROOM = "json:notebook:1"
    FILE = "n.ipynb"

    def __init__(self) -> None:
        super().__init__()
        self.removed_cells: set[str] = set()
        self.unnamed: set[str] = set()
        self.cell_of: dict[str, str] = {}

    @rule(who=PEOPLE, place=PLACES)
    def add_a_cell(self, who: int, place: float) -> None:
        cells = self.people[who].doc.get("cells", type=Array)
        self.count += 1
        cell = new_cell(f"added-{self.count}", "")
        cell["source"] = Text("")
        cell["metadata"], cell["outputs"] = Map({}), Array([])
        cells.insert(round(place * len(cells)), Map(cell))

    @rule(who=PEOPLE, place=PLACES)
    def remove_a_cell(self, who: int, place: float) -> None:
        cells = self.people[who].doc.get("cells", type=Array)
        if len(cells) > 1:
            index = round(place * (len(cells) - 1))
            self.removed_cells.add(str(cells[index]["id"]))
            self.doubt(str(cells[index]["source"]))
            # It may be the one that somebody just wrote into outside; there it has no name.
            self.doubtful |= self.unnamed - set(self.characters_of(self.people[who].doc))
            del cells[index]

    @rule(place=PLACES)
    def run_outside(self, place: float) -> None:
        notebook = json.loads(self.file.read_bytes())
        cells = notebook["cells"]
        if cells:
            self.count += 1
            cells[round(place * (len(cells) - 1))]["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": [f"run {self.count}\n"]}
            ]
            self.replace(nbformat.writes(nbformat.from_dict(notebook)).encode())

    def take_old_version(self) -> None:
        """Note which cells the old version doesn't have: what is typed in them goes with them."""
        before = self.cell_ids()
        super().take_old_version()
        self.removed_cells |= before - self.cell_ids()

    def cell_ids(self) -> set[str]:
        return {str(cell["id"]) for cell in self.room.ydoc.get("cells", type=Array)}

    def gone(self) -> set[str]:
        """Add what was written in cells that somebody removed, without having heard of it.

        Whoever removes a cell removes what it holds, as in any editor of this kind: a cell that
        came back for one late letter would surprise everybody. The history has what was saved.
        """
        swept = {one for one, cell in self.cell_of.items() if cell in self.removed_cells}
        return super().gone() | swept

    def write_first(self, lines: list[str]) -> None:
        cells = [new_cell(f"first-{number}", line) for number, line in enumerate(lines or [""])]
        notebook = {
            "cells": cells,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3"},
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5 if self.form & 1 else 4,
        }
        if not self.form & 1:
            for cell in cells:
                del cell["id"]
        self.replace(json.dumps(notebook).encode())

    def write_outside(self, place: float, length: int) -> None:
        notebook = json.loads(self.file.read_bytes())
        cells = notebook["cells"]
        if not cells:  # everybody removed another one: there is nothing to write into
            return
        character = self.character()
        cell = cells[round(place * (len(cells) - 1))]
        source, cut = change("".join(cell["source"]), place, length, character)
        cell["source"] = source
        name = cell.get("id") or self.name_of(source)
        if name:
            self.cell_of[character] = name
        else:  # whose cell it was can't be told from outside
            self.unnamed.add(character)
            self.doubtful |= {character} if self.removed_cells else set()
        self.expected.add(character)
        self.doubt(cut)
        self.replace(json.dumps(notebook, ensure_ascii=False).encode())

    def name_of(self, source: str) -> str | None:
        """Tell a cell by what is written in it: no two characters are the same."""
        for person in self.people:
            for cell in person.doc.get("cells", type=Array):
                if set(str(cell["source"])) & set(self.letters(source)):
                    return str(cell["id"])
        return None

    def letters(self, text: str) -> list[str]:
        return [one for one in text if ord(one) > 0x3B0]

    def characters(self, data: bytes) -> list[str]:
        sources = ["".join(cell["source"]) for cell in json.loads(data)["cells"]]
        return [one for source in sources for one in source if ord(one) > 0x3B0]

    def characters_of(self, doc: Doc[Any]) -> list[str]:
        sources = [str(cell["source"]) for cell in doc.get("cells", type=Array)]
        return [one for source in sources for one in source if ord(one) > 0x3B0]

    def content(self, doc: Doc[Any]) -> Any:
        return YNotebook(doc).get()

    def insert(self, doc: Doc[Any], place: float, character: str) -> bool:
        cells = doc.get("cells", type=Array)
        if not len(cells):
            return False
        cell = cells[round(place * (len(cells) - 1))]
        self.cell_of[character] = str(cell["id"])
        insert_into(cell["source"], place, character)
        return True

    def delete(self, doc: Doc[Any], place: float, length: int) -> list[str]:
        cells = doc.get("cells", type=Array)
        if not len(cells):
            return []
        cell = cells[round(place * (len(cells) - 1))]
        return list(delete_from(cell["source"], place, length))


def new_cell(identifier: str, source: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


class TestNotebookSessions(NotebookSession.TestCase):  # type: ignore[misc,name-defined]
    settings = SETTINGS
