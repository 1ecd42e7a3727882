"""Recordings in a Jupyter server: who is told of them and may watch them, and what is left over."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from support.films import FilmSeen
from support.gatehouse import PERSON, House, server_config
from traitlets import TraitError

from codesyncx_media.recording import store
from codesyncx_media.recording.canvas import Canvas, Size
from codesyncx_media.recording.feed import Show, Stop
from codesyncx_media.recording.film import Film
from codesyncx_media.recording.studio import Studio
from codesyncx_server.access.model import NO_ACCESS
from codesyncx_server.app import CodeSyncXApp
from codesyncx_server.storage import project_data_dir

if TYPE_CHECKING:
    from pathlib import Path

    from tornado.websocket import WebSocketClientConnection

RECORDING = "/codesyncx/api/calls/recording"
PLAYLIST = f"{RECORDING}/playlist.m3u8"
FILM = f"{RECORDING}/film.mp4"
PATIENCE_S = 40
LEFT_OVER = "2026-11-28 18.00.00"


@pytest.fixture
def jp_server_config(tmp_path: Path, jp_environ: None, jp_root_dir: Path) -> dict[str, Any]:  # noqa: ARG001 (where the server keeps its data)
    scratch = project_data_dir(jp_root_dir) / "recordings"
    scratch.mkdir()
    about = store.About(str(jp_root_dir / "Recordings"), LEFT_OVER)
    recording, lock = store.begin(scratch, about)
    size = Size(320, 180)
    film = Film(recording, size)
    studio = Studio(film, Canvas(size))
    studio.take(Show(0.0, None, "Ada", is_screen=False))
    studio.take(Stop(5.0))
    lock.release()  # and nobody closed the film: its process was killed
    config = server_config(tmp_path)
    config["CodeSyncXApp"]["min_free_disk_mb"] = 1
    return config


async def hear(socket: WebSocketClientConnection, kind: str, **fields: Any) -> dict[str, Any]:
    wanted = {"type": kind, **fields}
    async with asyncio.timeout(PATIENCE_S):
        while (heard := await socket.read_message()) is not None:
            message: dict[str, Any] = json.loads(heard)
            if wanted.items() <= message.items():
                return message
    raise AssertionError(f"closed with {socket.close_code}: {socket.close_reason}")


async def join(house: House, person: str) -> WebSocketClientConnection:
    ticket = json.loads((await house.fetch(person, "POST", "/codesyncx/api/calls/token", {})).body)
    ticket = {name: ticket[name] for name in ("version", "project", "room", "token")}
    socket = await house.connect(person, "/codesyncx/api/calls/signalling")
    await socket.write_message(json.dumps({"type": "join", **ticket}))
    await hear(socket, "room")
    return socket


async def is_recorded(house: House, person: str) -> bool:
    answer = await house.fetch(person, "GET", RECORDING)
    assert answer.code == 200
    return bool(json.loads(answer.body)["is_recorded"])


async def first_playlist(house: House) -> str:
    """Give the playlist once there is something to play."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            text = (await house.fetch("ada", "GET", PLAYLIST)).body.decode()
            if "EXTINF" in text:
                return text
            await asyncio.sleep(0.2)


async def test_a_recording_is_told_of_watched_and_found_in_the_project(house: House) -> None:
    assert not await is_recorded(house, "ada")
    assert (await house.fetch("ada", "GET", PLAYLIST)).code == 404
    ada = await join(house, "ada")
    await ada.write_message(json.dumps({"type": "record", "is_recording": True}))
    await hear(ada, "room_changed", is_recorded=True)
    playlist = await first_playlist(house)
    # Who may be in the call may know that it is recorded, and nobody else.
    house.know("linus", **{PERSON: "linus"})
    await house.grant("linus", "viewer", "")
    assert await is_recorded(house, "linus")
    for stranger in ("viewer", "anonymous"):
        assert (await house.fetch(stranger, "GET", RECORDING)).code == 403
        assert (await house.fetch(stranger, "GET", PLAYLIST)).code == 403
        assert (await house.fetch(stranger, "GET", FILM)).code == 403
    # Those whom the folder is hidden from may not watch what is made for it.
    assert (await house.fetch("linus", "GET", PLAYLIST)).code == 200
    told = json.loads((await house.fetch("linus", "GET", RECORDING)).body)
    assert told == {"is_recorded": True, "may_watch": True, "folder": "Recordings"}
    await house.grant("linus", NO_ACCESS, "Recordings")
    told = json.loads((await house.fetch("linus", "GET", RECORDING)).body)
    assert told == {"is_recorded": True, "may_watch": False, "folder": ""}
    assert (await house.fetch("linus", "GET", PLAYLIST)).code == 403
    assert (await house.fetch("linus", "GET", FILM, Range="bytes=0-9")).code == 403

    size, start = re.findall(r"EXT-X-BYTERANGE:(\d+)@(\d+)", playlist)[0]
    last = int(start) + int(size) - 1
    answer = await house.fetch("ada", "GET", FILM, Range=f"bytes={start}-{last}")
    assert answer.code == 206
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body[4:8] == b"moof"
    for asked in ("", "bytes=0-", "bytes=5-4", "bytes=0-99999999999", "rows=1-2"):
        assert (await house.fetch("ada", "GET", FILM, Range=asked)).code == 416

    await ada.write_message(json.dumps({"type": "record", "is_recording": False}))
    ended = await hear(ada, "recording_ended")
    assert FilmSeen(house.root / ended["path"]).duration_s >= 2
    address = f"/files/{quote(ended['path'])}"
    part = await house.fetch("ada", "GET", address, Range="bytes=0-99")
    assert part.code == 206
    assert not await is_recorded(house, "ada")
    ada.close()


async def test_what_a_killed_server_left_over_is_in_the_project_after_the_next_start(
    house: House,
) -> None:
    film = house.root / "Recordings" / f"{LEFT_OVER}.mp4"
    async with asyncio.timeout(PATIENCE_S):
        while not film.exists():  # noqa: ASYNC110 (another process makes it)
            await asyncio.sleep(0.05)
    assert FilmSeen(film).duration_s == pytest.approx(4, abs=0.1)


def test_recordings_stay_in_the_project(jp_serverapp: Any) -> None:
    app = CodeSyncXApp(parent=jp_serverapp)
    app.serverapp = jp_serverapp
    app.recordings_folder = "../elsewhere"
    with pytest.raises(TraitError, match="not in the project"):
        app._recordings()
