"""A text file's bytes beside its text: they are the same when it is written again."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.collab.text_form import TextForm

BOM = codecs.BOM_UTF8
lines = st.lists(st.text(st.sampled_from("ab é日🌍\t"), max_size=5), max_size=8)


@given(lines, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_a_file_is_written_as_it_was(
    parts: list[str],
    end: str,
    has_mark: bool,  # noqa: FBT001 (drawn by hypothesis)
    ends_in_newline: bool,  # noqa: FBT001
) -> None:
    data = BOM * has_mark + (end.join(parts) + end * ends_in_newline).encode()
    text, form = TextForm.read(data)
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    assert form.write(text) == data
    typed = text + "\ntyped"
    assert form.write(typed) == data + (end if form.has_crlf else "\n").encode() + b"typed"


@pytest.mark.parametrize(
    ("data", "text", "written"),
    [
        (b"", "", b""),
        (BOM, "", BOM),
        (b"one\rtwo", "one\rtwo", b"one\rtwo"),  # no line end of today's
        (b"a\r\nb\r\nc\n", "a\nb\nc\n", b"a\r\nb\r\nc\r\n"),  # most lines decide
        (b"a\nb\nc\r\n", "a\nb\nc\n", b"a\nb\nc\n"),
        (BOM + BOM, "\ufeff", BOM + BOM),
        ("x\u2028y\x85".encode(), "x\u2028y\x85", "x\u2028y\x85".encode()),
        (b"\x00", "\x00", b"\x00"),
    ],
)
def test_what_is_read_and_written(data: bytes, text: str, written: bytes) -> None:
    read, form = TextForm.read(data)
    assert read == text
    assert form.write(read) == written


def test_pasted_windows_lines_dont_double() -> None:
    _, form = TextForm.read(b"a\r\n")
    assert form.write("a\r\nb\n") == b"a\r\nb\r\n"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"caf\xe9", b"\xed\xa0\x80", b"\xc3", b"\xf5"])
def test_what_is_no_utf8_is_refused(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        TextForm.read(data)
