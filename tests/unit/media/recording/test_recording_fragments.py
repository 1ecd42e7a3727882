from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.recording.fragments import (
    Box,
    BoxReader,
    FragmentLog,
    Playlist,
    whole_fragments_end,
)


def box(kind: bytes, size: int = 20) -> bytes:
    return size.to_bytes(4, "big") + kind + bytes(size - 8)


FILM = [box(b"ftyp"), box(b"moov", 90)] + [box(b"moof"), box(b"mdat", 200)] * 3
KINDS = [b"ftyp", b"moov"] + [b"moof", b"mdat"] * 3


@given(st.integers(1, 300))
def test_boxes_are_found_in_any_pieces(piece: int) -> None:
    data = b"".join(FILM)
    reader = BoxReader()
    found = [
        box for at in range(0, len(data), piece) for box, _ in reader.feed(data[at : at + piece])
    ]
    assert [one.kind for one in found] == KINDS
    assert found[-1].end == len(data)


@given(st.integers(0, 770))
def test_a_film_is_cut_behind_its_last_whole_fragment(size: int) -> None:
    starts = list(itertools.accumulate(map(len, FILM), initial=0))
    boxes = [Box(kind, at, len(one)) for kind, at, one in zip(KINDS, starts, FILM, strict=False)]
    end = whole_fragments_end(iter(boxes), size)
    assert end == max([0, *(at for at in (330, 550, 770) if at <= size)])


def test_only_whole_fragments_reach_the_disk_and_the_playlist() -> None:
    log = FragmentLog(Playlist("film.mp4", 2))
    data = b"".join(FILM)
    assert log.feed(data[:320], iter([])) == data[:110]
    assert "EXTINF" not in str(log.playlist)
    assert log.feed(data[320:600], iter([2.0, 2.0])) == data[110:550]
    lines = str(log.playlist).splitlines()
    assert lines[5] == '#EXT-X-MAP:URI="film.mp4",BYTERANGE="110@0"'
    assert lines[6:] == [
        "#EXTINF:2.00000,",
        "#EXT-X-BYTERANGE:220@110",
        "film.mp4",
        "#EXTINF:2.00000,",
        "#EXT-X-BYTERANGE:220@330",
        "film.mp4",
    ]
    log.playlist.is_over = True
    assert str(log.playlist).endswith("#EXT-X-ENDLIST\n")
