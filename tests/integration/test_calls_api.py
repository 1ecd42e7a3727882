"""Calls in a Jupyter server: who is let in, what they may do there, and what ends with what."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import OWNER, PERSON, House, server_config
from tornado.websocket import WebSocketClosedError

from codesyncx_media.frames.wire import Chunk, Codec, write_chunk
from codesyncx_media.rooms.interruptions import WAITS_S

if TYPE_CHECKING:
    from pathlib import Path

    from tornado.websocket import WebSocketClientConnection

TOKEN = "/codesyncx/api/calls/token"
TEST = "/codesyncx/api/calls/test"
SIGNALLING = "/codesyncx/api/calls/signalling"
MEDIA = "/codesyncx/api/calls/media"
METRICS = "/metrics"
PATIENCE_S = 20


TURN = "turn:turn.example.org:3478"
TURN_SECRET = "a-secret-of-two-servers"


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    config = server_config(tmp_path)
    file = tmp_path / "turn-secret"
    file.write_text(TURN_SECRET)
    config["CodeSyncXApp"] |= {"call_turn_urls": [TURN], "call_turn_secret_file": str(file)}
    return config


async def pass_for(house: House, person: str) -> dict[str, Any]:
    """Get what one joins with."""
    answer = await house.fetch(person, "POST", TOKEN, {})
    assert answer.code == 200, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    ticket: dict[str, Any] = json.loads(answer.body)
    assert ticket.pop("media") == "auto"
    (turn,) = ticket.pop("ice_servers")
    assert turn["urls"] == [TURN]
    assert set(turn) == {"urls", "username", "credential"}
    return ticket


async def hear(
    socket: WebSocketClientConnection, kind: str, patience_s: float = PATIENCE_S
) -> dict[str, Any]:
    async with asyncio.timeout(patience_s):
        while (heard := await socket.read_message()) is not None:
            message: dict[str, Any] = json.loads(heard)
            if message["type"] == kind:
                return message
    raise AssertionError(f"closed with {socket.close_code}: {socket.close_reason}")


async def end(socket: WebSocketClientConnection) -> tuple[int | None, str]:
    async with asyncio.timeout(PATIENCE_S):
        while await socket.read_message() is not None:
            pass
    return socket.close_code, socket.close_reason or ""


async def join(house: House, person: str) -> tuple[WebSocketClientConnection, dict[str, Any]]:
    """Come into the call; the socket, and what one sees of the room."""
    socket = await house.connect(person, SIGNALLING)
    await socket.write_message(json.dumps({"type": "join", **await pass_for(house, person)}))
    return socket, await hear(socket, "room")


def media_pid(house: House) -> int:
    (app,) = house.app.extension_manager.extension_apps["codesyncx_server"]
    pid = app.calls.media.pid
    assert pid is not None
    return int(pid)


async def test_people_meet_with_the_names_and_rights_that_the_server_knows(house: House) -> None:
    ada, room = await join(house, "ada")
    assert room["you"]["display_name"] == "Ada"
    assert set(room["you"]["rights"]) == {"speak", "share_screen", "moderate", "record"}
    trusted, room = await join(house, "trusted")
    assert {person["person_id"] for person in room["people"]} == {"ada"}
    joined = await hear(ada, "person_joined")
    assert joined["person"]["person_id"] == "trusted"
    trusted.close(1000)
    assert (await hear(ada, "person_left"))["member_id"] == joined["person"]["member_id"]
    ada.close()


async def test_the_secret_of_the_turn_server_stays_here(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await house.fetch("ada", "POST", TOKEN, {})
    assert TURN.encode() in answer.body
    assert TURN_SECRET.encode() not in answer.body
    ada, _ = await join(house, "ada")
    ada.close(1000)
    assert TURN_SECRET not in caplog.text


async def test_whoever_may_read_just_a_part_is_in_no_call(house: House) -> None:
    for person in ("viewer", "editor", "commenter"):
        answer = await house.fetch(person, "POST", TOKEN, {})
        assert answer.code == 403
        assert json.loads(answer.body)["code"] == "refused"
        socket = await house.connect(person, SIGNALLING)
        assert await end(socket) == (4403, "refused")
    for stranger in ("anonymous",):
        assert (await house.fetch(stranger, "POST", TOKEN, {})).code == 403


async def test_rights_follow_what_one_may_do_in_the_project_at_once(house: House) -> None:
    grant = await house.grant("linus", "editor", "")
    house.know("linus", **{PERSON: "linus"})
    linus, room = await join(house, "linus")
    assert set(room["you"]["rights"]) == {"speak", "share_screen"}
    await house.access.revoke(OWNER, grant)
    assert (await end(linus))[0] == 4403


async def test_who_comes_back_is_still_there_unless_their_rights_went_meanwhile(
    house: House,
) -> None:
    grant = await house.grant("linus", "editor", "")
    house.know("linus", **{PERSON: "linus"})
    ada, _ = await join(house, "ada")
    linus = await house.connect("linus", SIGNALLING)
    await linus.write_message(json.dumps({"type": "join", **await pass_for(house, "linus")}))
    welcome = await hear(linus, "welcome")
    joined = await hear(ada, "person_joined")

    linus.close()  # without a code, as when a line breaks
    linus = await house.connect("linus", SIGNALLING)
    ticket = await pass_for(house, "linus")
    resume = {"type": "join", **ticket, "session": welcome["session"]}
    await linus.write_message(json.dumps(resume))
    assert (await hear(linus, "welcome"))["is_resumed"]

    linus.close()
    await house.access.revoke(OWNER, grant)
    heard = json.loads(await ada.read_message() or "")
    assert heard == {"type": "person_left", "member_id": joined["person"]["member_id"]}
    ada.close(1000)


async def test_a_role_that_is_lowered_takes_the_right_to_speak(house: House) -> None:
    house.know("linus", **{PERSON: "linus"})
    grant = await house.grant("linus", "editor", "")
    linus, _ = await join(house, "linus")
    await house.grant("linus", "viewer", "")
    await house.access.revoke(OWNER, grant)
    assert (await hear(linus, "rights_changed"))["rights"] == []
    linus.close()


async def test_a_token_opens_one_connection_only(house: House) -> None:
    ticket = await pass_for(house, "ada")
    first = await house.connect("ada", SIGNALLING)
    await first.write_message(json.dumps({"type": "join", **ticket}))
    await hear(first, "welcome")
    second = await house.connect("ada", SIGNALLING)
    await second.write_message(json.dumps({"type": "join", **ticket}))
    code, reason = await end(second)
    assert code == 4403
    assert json.loads(reason)["code"] == "invalid_token"
    first.close()


async def test_a_media_process_that_dies_is_begun_anew(house: House) -> None:
    ada, _ = await join(house, "ada")
    pid = media_pid(house)
    os.kill(pid, signal.SIGKILL)
    assert await end(ada) == (4503, "calls_unavailable")
    again, room = await join(house, "ada")
    assert room["people"] == []
    assert media_pid(house) != pid
    again.close()


async def test_media_goes_over_the_servers_own_address_too(house: House) -> None:
    ada, _ = await join(house, "ada")
    await ada.write_message(json.dumps({"type": "use_websocket", "codecs": ["opus"], "id": 1}))
    key = (await hear(ada, "media_socket"))["key"]
    media = await house.connect("ada", MEDIA)
    await media.write_message(json.dumps({"type": "open", "key": key}))
    assert (await hear(media, "streams"))["tracks"] == {}
    await ada.write_message(
        json.dumps({"type": "publish_frames", "tracks": {"1": "microphone"}, "id": 2})
    )
    assert set((await hear(ada, "frames_published"))["tracks"]) == {"1"}
    voice = Chunk(1, Codec.OPUS, 0, b"\xfc\xff\xfe")
    await media.write_message(write_chunk(voice), binary=True)
    assert (await hear(media, "received"))["bytes"] == len(write_chunk(voice))
    with contextlib.suppress(WebSocketClosedError):  # before all of it was sent
        await media.write_message(bytes(50 * 1024 * 1024), binary=True)
    assert (await end(media))[0] in {1009, 1006, None}
    # Not to be told from a connection that broke, which is waited for a while.
    ended = await hear(ada, "track_ended", WAITS_S + PATIENCE_S)
    assert ended["by"] == ended["member_id"]
    ada.close()


async def test_media_of_strangers_is_turned_away(house: House) -> None:
    stranger = await house.connect("viewer", MEDIA)
    assert await end(stranger) == (4403, "refused")
    guesser = await house.connect("ada", MEDIA)
    await guesser.write_message(json.dumps({"type": "open", "key": "guessed"}))
    assert (await end(guesser))[0] == 4403


async def metrics_say(house: House, line: str) -> None:
    """Wait until `/metrics` has a line."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await house.fetch("ada", "GET", METRICS)
            if line in answer.body.decode().splitlines():
                return
            await asyncio.sleep(0.2)


async def test_prometheus_is_told_of_calls(house: House) -> None:
    ada, _ = await join(house, "ada")
    await metrics_say(house, "codesyncx_call_people 1.0")
    os.kill(media_pid(house), signal.SIGKILL)
    await end(ada)
    await metrics_say(house, "codesyncx_call_people 0.0")


async def test_a_connection_is_tested_in_a_room_that_nobody_else_is_in(house: House) -> None:
    ada, _ = await join(house, "ada")
    await house.grant("linus", "viewer", "")
    house.know("linus", **{PERSON: "linus"})
    answer = await house.fetch("linus", "POST", TEST, {})
    assert answer.code == 200, answer.body
    first, second = json.loads(answer.body)["tickets"]
    assert first["room"] == second["room"] != "main"
    assert first["token"] != second["token"]
    for ticket, others in ((first, 0), (second, 1)):
        join_with = {name: ticket[name] for name in ("version", "project", "room", "token")}
        socket = await house.connect("linus", SIGNALLING)
        await socket.write_message(json.dumps({"type": "join", **join_with}))
        room = await hear(socket, "room")
        assert len(room["people"]) == others
        # Who may only listen in the project's call can send here: to nobody but themselves.
        assert room["you"]["rights"] == ["speak"]
    again = json.loads((await house.fetch("linus", "POST", TEST, {})).body)["tickets"][0]
    assert again["room"] != first["room"]
    assert (await house.fetch("viewer", "POST", TEST, {})).code == 403
    assert (await house.fetch("anonymous", "POST", TEST, {})).code == 403
    ada.close()
