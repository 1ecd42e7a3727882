"""Random sessions in a text file."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_ydoc import YUnicode
from pycrdt import Doc, Text
from support.room_session import SETTINGS, Session, change, delete_from, insert_into

# It is as long as the machine is busy.
pytestmark = pytest.mark.timeout(3600)


class TextSession(Session):
    """Everybody in one text file."""

    ROOM = "text:file:1"
    FILE = "a.py"

    def write_first(self, lines: list[str]) -> None:
        end = "\r\n" if self.form & 1 else "\n"
        mark = "\ufeff" if self.form & 2 else ""
        self.replace((mark + "".join(line + end for line in lines)).encode())

    def write_outside(self, place: float, length: int) -> None:
        character = self.character()
        text, cut = change(self.file.read_bytes().decode(), place, length, character)
        self.expected.add(character)
        self.doubt(cut)
        self.replace(text.encode())

    def characters(self, data: bytes) -> list[str]:
        return [one for one in super().characters(data) if one != "\ufeff"]

    def characters_of(self, doc: Doc[Any]) -> list[str]:
        return self.characters(YUnicode(doc).get().encode())

    def content(self, doc: Doc[Any]) -> Any:
        return YUnicode(doc).get()

    def insert(self, doc: Doc[Any], place: float, character: str) -> bool:
        insert_into(doc.get("source", type=Text), place, character)
        return True

    def delete(self, doc: Doc[Any], place: float, length: int) -> list[str]:
        return list(delete_from(doc.get("source", type=Text), place, length))


class TestTextSessions(TextSession.TestCase):  # type: ignore[misc,name-defined]
    settings = SETTINGS
