"""Films made of messages, and brought to where they belong: on a disk, without a call."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.films import FilmSeen, colour_at

from codesyncx_media.frames import Frame
from codesyncx_media.recording import store
from codesyncx_media.recording.canvas import Canvas, Size, fit, initials
from codesyncx_media.recording.feed import EndTrack, Media, Show, Stop, Tick
from codesyncx_media.recording.film import Film
from codesyncx_media.recording.studio import Studio
from codesyncx_media.recording.task import FILM, PLAYLIST

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_media.recording.feed import Message

SIZE = Size(320, 180)
RED, BLUE = (200, 30, 30), (30, 30, 200)


class Camera:
    """Encodes pictures of a colour to VP8."""

    def __init__(self, track: int, width: int = 160, height: int = 90) -> None:
        self.track = track
        context = av.CodecContext.create("libvpx", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.framerate = Fraction(15)
        context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        self._context = context
        self._count = 0

    def take(self, at: float, colour: tuple[int, int, int], rotation: int = 0) -> Media:
        sheet = np.full((self._context.height, self._context.width, 3), colour, np.uint8)
        picture = av.VideoFrame.from_ndarray(sheet, format="rgb24").reformat(format="yuv420p")
        picture.pts, self._count = self._count, self._count + 1
        (packet,) = self._context.encode(picture)
        ticks = round(at * 90000)
        frame = Frame("vp8", ticks, packet.is_keyframe, bytes(packet), rotation)
        return Media(self.track, at, frame)


def filmed(folder: Path, messages: list[Message]) -> FilmSeen:
    film = Film(folder, SIZE)
    studio = Studio(film, Canvas(SIZE))
    for message in messages:
        studio.take(message)
    film.close()
    return FilmSeen(folder / FILM)


def test_what_is_shown_is_seen_when_it_was_taken(tmp_path: Path) -> None:
    ada, bob = Camera(1), Camera(2)
    messages: list[Message] = [Show(0.0, 1, "Ada", is_screen=False)]
    for tenth in range(40):
        at = tenth / 10
        if tenth == 20:
            messages += [Show(at, 2, "Bob", is_screen=False), EndTrack(at, 1)]
        messages.append(ada.take(at, RED) if tenth < 20 else bob.take(at + 0.2, BLUE))
        messages.append(Tick(at))
    seen = filmed(tmp_path, [*messages, Stop(4.0)])
    assert seen.duration_s == pytest.approx(4.0, abs=0.1)
    assert seen.colours(0.5, 1.8) == {"red"}
    # Ada is seen until Bob's first picture is there.
    assert seen.colours(2.4, 3.9) == {"blue"}
    assert seen.colours(2.0, 2.15) == {"red"}


def test_who_has_no_picture_has_a_card_and_silence_is_no_gap(tmp_path: Path) -> None:
    seen = filmed(tmp_path, [Show(0.0, None, "Eve", is_screen=False), Stop(3.0)])
    assert seen.duration_s == pytest.approx(3.0, abs=0.1)
    assert seen.sound_s == pytest.approx(3.0, abs=0.1)
    assert seen.colours(0.2, 2.8) == {"card"}


def test_a_shape_that_does_not_fit_has_black_beside_it_and_a_turned_one_is_upright(
    tmp_path: Path,
) -> None:
    phone = Camera(1, 160, 90)
    messages: list[Message] = [Show(0.0, 1, "", is_screen=True)]
    messages += [phone.take(tenth / 10, RED, rotation=90) for tenth in range(20)]
    seen = filmed(tmp_path, [*messages, Stop(2.0)])
    picture = seen.picture_at(1.5)
    assert colour_at(picture, SIZE.width // 2, 90) == "red"
    assert colour_at(picture, 60, 90) == "black"
    assert colour_at(picture, SIZE.width // 2, 4) == "red"


@given(data=st.binary(max_size=300), codec=st.sampled_from(("opus", "vp8", "vp9", "h264", "av1")))
def test_what_cannot_be_decoded_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, codec: str
) -> None:
    folder = tmp_path_factory.mktemp("film")
    frame = Frame(codec, 0, is_key=True, data=data)
    seen = filmed(folder, [Show(0, 1, "Mallory", is_screen=False), Media(1, 0.0, frame), Stop(0.2)])
    assert seen.sound_s > 0


def a_film(folder: Path) -> None:
    filmed(folder, [Show(0.0, None, "Eve", is_screen=False), Stop(5.0)])


def test_a_film_comes_into_its_folder_under_a_name_of_its_own(tmp_path: Path) -> None:
    scratch, project = tmp_path / "scratch", tmp_path / "project"
    scratch.mkdir()
    about = store.About(str(project / "Recordings"), "2026-11-29 14.00.00")
    names = []
    for _ in range(2):
        recording, lock = store.begin(scratch, about)
        a_film(recording)
        target = store.finish(recording)
        lock.release()
        assert target is not None
        names.append(target.name)
    assert names == ["2026-11-29 14.00.00.mp4", "2026-11-29 14.00.00 (2).mp4"]
    assert FilmSeen(project / "Recordings" / names[0]).duration_s == pytest.approx(5, abs=0.1)
    assert list(scratch.iterdir()) == []
    # A player knows its length, and finds its index before the pictures.
    head = (project / "Recordings" / names[0]).read_bytes()[:64]
    assert b"moov" in head


def test_what_was_left_over_is_finished_up_to_its_last_whole_fragment(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    recording, lock = store.begin(scratch, store.About(str(tmp_path / "films"), "left over"))
    a_film(recording)
    film = recording / FILM
    film.write_bytes(film.read_bytes()[:-10])
    assert store.finish_leftovers(scratch) == []  # somebody still has it
    lock.release()
    assert store.finish_leftovers(scratch) == [tmp_path / "films" / "left over.mp4"]
    assert FilmSeen(tmp_path / "films" / "left over.mp4").duration_s == pytest.approx(4, abs=0.1)


def test_what_has_nothing_to_play_is_thrown_away(tmp_path: Path) -> None:
    recording, lock = store.begin(tmp_path, store.About(str(tmp_path / "films"), "empty"))
    lock.release()
    assert store.finish_leftovers(tmp_path) == []
    assert not recording.exists()


def test_the_playlist_has_all_that_can_be_played_so_far(tmp_path: Path) -> None:
    film = Film(tmp_path, SIZE)
    studio = Studio(film, Canvas(SIZE))
    studio.take(Tick(4.0))
    playlist = (tmp_path / PLAYLIST).read_text()
    assert playlist.count("#EXTINF:2.00000") == 1
    assert "ENDLIST" not in playlist
    film.close()
    assert "ENDLIST" in (tmp_path / PLAYLIST).read_text()


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_picture_fits_in_and_keeps_its_shape(width: int, height: int) -> None:
    fitted = fit(Size(width, height), Size(1280, 720))
    assert fitted.width % 2 == fitted.height % 2 == 0
    assert 2 <= fitted.width <= 1280
    assert 2 <= fitted.height <= 720
    assert fitted.width == 1280 or fitted.height == 720


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Lovelace", "AL"), ("ada", "A"), ("", ""), ("  ", ""), ("Mary Jo (TA)", "MJ")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters
