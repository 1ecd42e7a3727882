"""What a film says of itself, told apart from what somebody else put into the folder."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.recording import film_facts
from codesyncx_media.recording.canvas import Canvas, Size
from codesyncx_media.recording.feed import Show, Stop
from codesyncx_media.recording.film import Film, copy_for_seeking
from codesyncx_media.recording.film_facts import FilmFacts, read_facts
from codesyncx_media.recording.studio import Studio
from codesyncx_media.recording.task import FILM

if TYPE_CHECKING:
    from pathlib import Path


def facts(data: bytes) -> FilmFacts:
    return read_facts(io.BytesIO(data), len(data))


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def header(scale: int, ticks: int, *, is_long: bool = False) -> bytes:
    width = 8 if is_long else 4
    return box(
        b"mvhd",
        bytes([is_long, 0, 0, 0])
        + bytes(2 * width)
        + scale.to_bytes(4, "big")
        + ticks.to_bytes(width, "big"),
    )


def named(name: bytes) -> bytes:
    data = box(b"data", bytes(8) + name)
    return box(b"udta", box(b"meta", bytes(4) + box(b"ilst", box(b"\xa9ART", data))))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a film of four seconds as it is written, and as it is kept."""
    folder = tmp_path_factory.mktemp("film")
    size = Size(64, 36)
    film = Film(folder, size, recorded_by="Ada Lovelace 🎬")
    studio = Studio(film, Canvas(size))
    studio.take(Show(0.0, None, "Ada", is_screen=False))
    studio.take(Stop(4.0))
    film.close()
    copy_for_seeking(folder / FILM, folder / "copy.mp4")
    return folder / FILM, folder / "copy.mp4"


def test_a_kept_film_says_how_long_it_is_and_who_recorded_it(films: tuple[Path, Path]) -> None:
    written, kept = films
    found = facts(kept.read_bytes())
    assert found.duration_s == pytest.approx(4, abs=0.1)
    assert found.recorded_by == "Ada Lovelace 🎬"
    # One that couldn't be written anew for seeking says at least whose it is.
    assert facts(written.read_bytes()) == FilmFacts(None, "Ada Lovelace 🎬")


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (header(1000, 90_500), FilmFacts(90.5)),
        (header(600, 2**33 * 600, is_long=True), FilmFacts(None)),
        (header(600, 1200, is_long=True), FilmFacts(2.0)),
        (header(0, 5), FilmFacts(None)),
        (header(1000, 0), FilmFacts(None)),
        (header(1000, 5)[:20], FilmFacts(None)),
        (named(b"A\0\x1b[31mda\xff"), FilmFacts(None, "A[31mda\ufffd")),
        (named(b"x" * 2000), FilmFacts(None, "")),
        (header(1, 9) + named(b"Ada"), FilmFacts(9.0, "Ada")),
        (header(1, 9) + b"\0\0\0\3free", FilmFacts(9.0)),
    ],
)
def test_an_index_is_read_within_bounds(index: bytes, expected: FilmFacts) -> None:
    assert facts(box(b"ftyp", b"isom") + box(b"moov", index)) == expected


def test_an_index_behind_the_film_is_found_and_one_that_is_too_large_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long_head = (1).to_bytes(4, "big") + b"mdat" + (24).to_bytes(8, "big") + bytes(8)
    film = long_head + box(b"moov", header(1, 9))
    assert facts(film) == FilmFacts(9.0)
    monkeypatch.setattr(film_facts, "MOST_INDEX_BYTES", 20)
    assert facts(film) == FilmFacts()


@pytest.mark.fuzz
@given(data=st.data())
def test_whatever_is_in_the_folder_is_survived(
    films: tuple[Path, Path], data: st.DataObject
) -> None:
    whole = bytearray(films[1].read_bytes()[:4096])
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    for film in (bytes(cut), data.draw(st.binary(max_size=200))):
        found = facts(film)
        assert found.duration_s is None or found.duration_s > 0
        assert found.recorded_by.isprintable()
