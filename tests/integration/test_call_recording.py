"""A recorded call, from two people who send known colours and tones to the file that plays them."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aioice.ice
import pytest
from support import sights_and_sounds as sights
from support.films import FilmSeen
from support.frame_caller import FrameCaller
from support.media_worker import MediaWorker
from support.rtc_caller import Colours, RtcCaller, Tone
from support.small_disk import small_disk

from codesyncx_media.frames.wire import Chunk, Codec
from codesyncx_media.recording.task import FILM, PLAYLIST
from codesyncx_media.rights import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 160, 30)
TEACHER = frozenset(Right)
STUDENT = frozenset({Right.SPEAK, Right.SHARE_SCREEN})


@pytest.fixture(autouse=True)
def _only_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


class Studio:
    """A media process that may record, and where its films are."""

    def __init__(self, folder: Path, scratch: Path | None = None, **limits: Any) -> None:
        self.scratch = scratch or folder / "scratch"
        self.project = folder / "project"
        self.scratch.mkdir(exist_ok=True)
        self.project.mkdir()
        settings = {
            "scratch": str(self.scratch),
            "folder": str(self.project / "Recordings"),
            "shown_folder": "Recordings",
            "height": 360,
            "min_free_bytes": 0,
            **limits,
        }
        self.worker = MediaWorker(recordings=settings)

    def film(self, path: str) -> FilmSeen:
        """Play the film that the call told of."""
        return FilmSeen(self.project / path)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    with studio.worker:
        yield studio


async def until(is_so: Callable[[], bool], within_s: float = 40.0) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 (another process does it)
            await asyncio.sleep(0.05)


def recorders(scratch: Path) -> list[int]:
    """Find the recorders that write to a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if b"codesyncx_media.recording" in words and str(scratch).encode() in words:
            found.append(int(entry.parent.name))
    return found


async def filmed_so_far(studio: Studio, fragments: int) -> None:
    """Wait until so many fragments are on the disk."""

    def are_there() -> bool:
        lists = [*studio.scratch.glob(f"*/{PLAYLIST}")]
        return bool(lists) and lists[0].read_text().count("#EXTINF") >= fragments

    await until(are_there)


@pytest.mark.asyncio
async def test_a_film_shows_who_speaks_or_what_is_shared_and_everybody_is_heard(
    studio: Studio,
) -> None:
    async with (
        RtcCaller(studio.worker, "teacher", TEACHER) as teacher,
        RtcCaller(studio.worker, "student", STUDENT) as student,
    ):
        colours, tone = Colours(RED), Tone(440)
        tracks = await teacher.publish(tone, colours)
        assert (await teacher.ask(type="record", is_recording=True))["type"] == "done"
        await student.hear("room_changed", is_recorded=True)
        await asyncio.sleep(3)
        begun = time.monotonic()
        colours.colour, tone.hertz = BLUE, 880
        await asyncio.sleep(3)
        await teacher.ask(type="set_muted", track_id=tracks["microphone"], is_muted=True)
        shared = await student.publish(Tone(1500), Colours(GREEN), "screen")
        await student.ask(type="set_muted", track_id=shared["microphone"], is_muted=True)
        muted_s = time.monotonic() - begun
        await asyncio.sleep(3)
        await teacher.ask(type="record", is_recording=False)
        ended = await student.hear("recording_ended")
    assert ended["reason"] == "stopped"
    seen = studio.film(ended["path"])
    assert seen.duration_s == pytest.approx(seen.sound_s, abs=0.1)
    turn = seen.first("blue")
    assert 2.5 < turn < 5
    assert seen.colours(1.0, turn - 0.2) == {"red"}
    assert set(seen.tones(1.0, turn - 0.3)) == {440}
    assert set(seen.tones(turn + 0.3, turn + muted_s - 1.0)) == {880}
    # Who shares a screen is seen in place of who speaks; who is muted is not heard, without a gap.
    screen = seen.first("green")
    assert screen > turn
    assert seen.colours(screen, seen.duration_s) == {"green"}
    assert set(seen.tones(seen.duration_s - 1.5, seen.duration_s - 0.2)) == {0}


@pytest.mark.asyncio
async def test_sound_and_picture_turn_at_once_however_late_the_pictures_come(
    studio: Studio,
) -> None:
    looks = ((sights.RED, 440), (sights.BLUE, 880))
    async with FrameCaller(studio.worker, "teacher", TEACHER) as teacher:
        await teacher.publish(s0="microphone", s1="camera")
        await teacher.ask(type="record", is_recording=True)
        sound, pictures = sights.opus_encoder(), sights.vp8_encoder()
        begin = time.monotonic()
        for number in range(350):
            # Sound is sent at once, and each picture 0.15 s later, as from a slow line.
            colour, hertz = looks[number // 50 % 2]
            for packet in sound.encode(sights.tone(hertz, number)):
                chunk = Chunk(0, Codec.OPUS, number * sights.SAMPLES, bytes(packet), level=20)
                await teacher.send(chunk)
            taken = number - 8
            if taken >= 0 and taken % 2 == 0:
                colour, _ = looks[taken // 50 % 2]
                if taken % 50 == 0:
                    pictures = sights.vp8_encoder()
                for packet in pictures.encode(sights.picture(colour, taken)):
                    ticks = taken * 1800
                    is_key = packet.is_keyframe
                    await teacher.send(Chunk(1, Codec.VP8, ticks, bytes(packet), is_key=is_key))
            await asyncio.sleep(begin + (number + 1) * 0.02 - time.monotonic())
        await teacher.ask(type="record", is_recording=False)
        ended = await teacher.event("recording_ended")
    late = studio.film(ended["path"]).late({440: "red", 880: "blue"})
    assert len(late) >= 5
    # On a busy machine single pictures come later than the film waits for them.
    assert abs(statistics.median(late)) < 0.1


@pytest.mark.asyncio
async def test_sound_and_picture_of_webrtc_turn_at_once(studio: Studio) -> None:
    async with RtcCaller(studio.worker, "teacher", TEACHER) as teacher:
        colours, tone = Colours(RED), Tone(440)
        await teacher.publish(tone, colours)
        await teacher.ask(type="record", is_recording=True)
        for turn in range(9):
            await asyncio.sleep(0.73)
            colours.colour, tone.hertz = (RED, 440) if turn % 2 else (BLUE, 880)
        await asyncio.sleep(1)
        await teacher.ask(type="record", is_recording=False)
        ended = await teacher.hear("recording_ended")
    late = studio.film(ended["path"]).late({440: "red", 880: "blue"})
    # aiortc says of a frame that it was taken when it is sent, however late that is.
    assert abs(statistics.median(late)) < 0.1


@pytest.mark.asyncio
async def test_only_who_may_record_does_and_another_of_them_can_stop_it(studio: Studio) -> None:
    async with (
        RtcCaller(studio.worker, "teacher", TEACHER) as teacher,
        RtcCaller(studio.worker, "assistant", TEACHER) as assistant,
        RtcCaller(studio.worker, "student", STUDENT) as student,
    ):
        refused = await student.ask(type="record", is_recording=True)
        assert (refused["type"], refused["code"]) == ("error", "refused")
        await teacher.ask(type="record", is_recording=True)
        await student.hear("room_changed", is_recorded=True)
        async with RtcCaller(studio.worker, "latecomer", STUDENT) as latecomer:
            assert (await latecomer.hear("room"))["is_recorded"] is True
        # It goes on when whoever began it may do so no more.
        studio.worker.order(
            type="set_rights", project="orbits", person_id="teacher", rights=["speak"]
        )
        await teacher.hear("rights_changed")
        refused = await teacher.ask(type="record", is_recording=False)
        assert refused["type"] == "error"
        await filmed_so_far(studio, 1)
        await assistant.ask(type="record", is_recording=False)
        ended = await student.hear("recording_ended")
    assert studio.film(ended["path"]).duration_s > 2


@pytest.mark.asyncio
async def test_a_recorder_that_is_killed_leaves_what_it_has_filmed_and_the_call_goes_on(
    studio: Studio,
) -> None:
    async with RtcCaller(studio.worker, "teacher", TEACHER) as teacher:
        await teacher.publish(Tone(440), Colours(RED))
        await teacher.ask(type="record", is_recording=True)
        await filmed_so_far(studio, 2)
        (recorder,) = recorders(studio.scratch)
        os.kill(recorder, signal.SIGKILL)
        ended = await teacher.hear("recording_ended")
        assert ended["reason"] == "failed"
        await teacher.hear("room_changed", is_recorded=False)
        seen = studio.film(ended["path"])
        assert seen.duration_s >= 4
        assert set(seen.tones(1.5, 3.8)) == {440}
        assert seen.colours(1.5, 3.8) == {"red"}
        # Another one can be made.
        assert (await teacher.ask(type="record", is_recording=True))["type"] == "done"
    await until(lambda: not recorders(studio.scratch))


@pytest.mark.parametrize(
    "how",
    [lambda process: process.kill(), lambda process: process.stdin.close()],
    ids=["it is killed", "its server stops"],
)
@pytest.mark.asyncio
async def test_a_film_is_finished_when_everybody_leaves_or_the_media_process_ends(
    studio: Studio, how: Callable[[Any], None]
) -> None:
    films = studio.project / "Recordings"
    async with RtcCaller(studio.worker, "teacher", TEACHER) as teacher:
        await teacher.ask(type="record", is_recording=True)
        await filmed_so_far(studio, 1)
    await until(lambda: not recorders(studio.scratch))
    assert len([*films.iterdir()]) == 1
    assert studio.worker.process is not None
    async with RtcCaller(studio.worker, "teacher", TEACHER) as teacher:
        await teacher.ask(type="record", is_recording=True)
        await filmed_so_far(studio, 1)
        how(studio.worker.process)
        await until(lambda: not recorders(studio.scratch))
    assert len([*films.iterdir()]) == 2
    assert all(FilmSeen(film).duration_s > 2 for film in films.iterdir())


@pytest.mark.asyncio
async def test_a_full_disk_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 300) as disk:
        studio = Studio(tmp_path, disk.folder)
        with studio.worker:
            async with RtcCaller(studio.worker, "teacher", TEACHER) as teacher:
                await teacher.publish(Tone(440), Colours(RED))
                await teacher.ask(type="record", is_recording=True)
                await filmed_so_far(studio, 1)
                ended = await teacher.hear("recording_ended")
                assert ended["reason"] == "disk_full"
                await teacher.hear("room_changed", is_recorded=False)
                seen = studio.film(ended["path"])
                assert seen.duration_s >= 2
                assert seen.colours(1.5, seen.duration_s) == {"red"}
                assert (await teacher.ask(type="raise_hand", is_raised=True))["type"] == "done"
        assert not [*disk.folder.glob(f"*/{FILM}")]


@pytest.mark.asyncio
async def test_a_recording_ends_when_it_is_as_long_as_it_may_be(tmp_path: Path) -> None:
    studio = Studio(tmp_path, max_s=3.0)
    with studio.worker:
        async with RtcCaller(studio.worker, "teacher", TEACHER) as teacher:
            await teacher.ask(type="record", is_recording=True)
            ended = await teacher.hear("recording_ended")
        assert ended["reason"] == "too_long"
        assert studio.film(ended["path"]).duration_s == pytest.approx(3.0, abs=0.3)


@pytest.mark.asyncio
async def test_where_there_is_no_place_for_films_nobody_records() -> None:
    with MediaWorker() as worker:
        async with RtcCaller(worker, "teacher", TEACHER) as teacher:
            refused = await teacher.ask(type="record", is_recording=True)
            assert refused["message"] == "Calls can't be recorded on this server."
            async with RtcCaller(worker, "student", STUDENT) as student:
                assert (await student.hear("room"))["is_recorded"] is False
