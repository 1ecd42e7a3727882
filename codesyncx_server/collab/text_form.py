"""How a text is written in its file: with which line ends, with a byte order mark or not."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class TextForm:
    """What of a file's bytes isn't its text, and must be the same when it is written again."""

    has_mark: bool = False
    has_crlf: bool = False

    @classmethod
    def read(cls, data: bytes) -> tuple[str, Self]:
        r"""Decode UTF-8; lines end in \n, as editors count. UnicodeDecodeError when it is none."""
        has_mark = data.startswith(codecs.BOM_UTF8)
        text = data[len(codecs.BOM_UTF8) * has_mark :].decode()
        crlf = text.count("\r\n")
        has_crlf = crlf * 2 > text.count("\n")
        if crlf:
            text = text.replace("\r\n", "\n")
        return text, cls(has_mark, has_crlf)

    def write(self, text: str) -> bytes:
        """Encode the text as its file has it."""
        if self.has_crlf:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        return codecs.BOM_UTF8 * self.has_mark + text.encode("utf-8", "surrogatepass")
