"""Previews: what runs serve, seen from outside and from within."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from support.gatehouse import OWNER, PERSON, server_config
from support.servers import REPOSITORY
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import websocket_connect

from codesyncx_server.errors import AccessUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House

RUNS = "/codesyncx/api/runs"
APP = (REPOSITORY / "tests/support/previewed_app.py").read_text()
RUN_TOML = """\
[run.web]
command = ["python3", "app.py"]
folder = "open"
ports = [8000, 8001]
limits = { time = "120 s" }
"""
OURS = ("csx-preview", "username-127-0-0-1", "_xsrf", "jupyterhub-session-id")


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    config = server_config(tmp_path)
    config["ServerApp"]["allow_remote_access"] = True
    return config


class Browser:
    """A browser at a preview: it keeps a cookie, and finds every host at this machine."""

    def __init__(self, url: str, cookie: str = "") -> None:
        parts = urlsplit(url)
        self.host, self.port, self.cookie = parts.netloc, parts.port, cookie

    async def fetch(self, path: str, method: str = "GET", **told: Any) -> HTTPResponse:
        headers = {"Host": self.host, "Cookie": self.cookie, **told.pop("headers", {})}
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method,
            headers=headers,
            follow_redirects=False,
            request_timeout=20,
            **told,
        )
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    async def connect(self, path: str) -> Any:
        headers = {"Host": self.host, "Cookie": self.cookie}
        return await websocket_connect(
            HTTPRequest(f"ws://127.0.0.1:{self.port}{path}", headers=headers)
        )


async def serve(house: House) -> str:
    """Run the app; the run's number."""
    (house.root / ".codesyncx").mkdir()
    (house.root / ".codesyncx/run.toml").write_text(RUN_TOML)
    (house.root / "open/app.py").write_text(APP)
    answer = await house.fetch("ada", "POST", RUNS, {"configuration": "web"})
    run_id: str = json.loads(answer.body)["id"]
    socket = await house.connect("ada", f"{RUNS}/{run_id}/log")
    while "serving" not in str(await asyncio.wait_for(socket.read_message(), 30)):
        pass
    socket.close()
    return run_id


async def told(house: House, visitor: str, method: str, path: str, body: Any = None) -> Any:
    answer = await house.fetch(visitor, method, f"{RUNS}/{path}", body)
    return answer.code, json.loads(answer.body)


async def come(house: House, visitor: str, run_id: str, port: int = 8000) -> Browser:
    """Open a preview as somebody, by the panel's way in."""
    code, preview = await told(house, visitor, "POST", f"{run_id}/previews/{port}", {})
    assert code == 200, preview
    browser = Browser(preview["enter_url"])
    answer = await browser.fetch(preview["enter_url"].partition(browser.host)[2])
    assert (answer.code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "Domain" not in cookie
    browser.cookie = cookie.partition(";")[0]
    return browser


async def stop(house: House, run_id: str) -> None:
    await house.fetch("ada", "POST", f"{RUNS}/{run_id}/stop")


async def test_a_preview_carries_pages_ranges_uploads_events_and_websockets(house: House) -> None:
    run_id = await serve(house)
    browser = await come(house, "ada", run_id)
    page = await browser.fetch("/")
    assert b"Hello from the sandbox" in page.body
    assert "X-Frame-Options" not in page.headers
    assert f"http://{urlsplit(house.url).netloc}" in page.headers["Content-Security-Policy"]

    part = await browser.fetch("/file", headers={"Range": "bytes=1000-1009"})
    assert (part.code, part.body) == (206, bytes(i % 256 for i in range(1000, 1010)))
    body = bytes(range(256)) * 20_000
    sent = await browser.fetch("/upload", "POST", body=body)
    assert sent.body.decode() == hashlib.sha256(body).hexdigest()
    head = await browser.fetch("/", "HEAD")
    assert (head.code, head.body) in {(200, b""), (501, b"")}

    events: asyncio.Queue[bytes] = asyncio.Queue()
    listening = asyncio.ensure_future(
        browser.fetch("/events", streaming_callback=events.put_nowait)
    )
    assert b"data: 0" in await asyncio.wait_for(events.get(), 10)
    socket = await browser.connect("/socket")
    for text in ("hello", "x" * 1000):
        await socket.write_message(text)
        assert await asyncio.wait_for(socket.read_message(), 10) == text
    # With the run, all of it ends.
    await stop(house, run_id)
    assert await asyncio.wait_for(socket.read_message(), 30) is None
    await asyncio.wait_for(asyncio.wait([listening]), 30)
    listening.exception()
    assert (await browser.fetch("/")).code in {404, 503}


async def test_no_credential_of_the_viewer_reaches_the_app_and_no_cookie_of_its_leaves_its_host(
    house: House,
) -> None:
    run_id = await serve(house)
    browser = await come(house, "ada", run_id)
    browser.cookie += "; " + "; ".join(f"{name}=secret" for name in OURS[1:]) + "; mine=1"
    seen = await browser.fetch(
        "/headers", headers={"X-Forwarded-For": "10.0.0.1", "Connection": "X-Hop", "X-Hop": "1"}
    )
    headers = {name.lower(): value for name, value in json.loads(seen.body)}
    assert headers["cookie"] == "mine=1"
    assert headers["host"] == browser.host
    assert not {"x-forwarded-for", "x-hop", "authorization"} & headers.keys()
    assert "secret" not in seen.body.decode()
    answer = await browser.fetch("/cookies")
    assert answer.headers.get_list("Set-Cookie") == ["mine=1; Path=/"]
    assert (answer.code, answer.headers["Location"]) == (302, "/headers")
    await stop(house, run_id)


async def test_an_app_that_misbehaves_is_answered_for(house: House) -> None:
    run_id = await serve(house)
    browser = await come(house, "ada", run_id)
    for path in ("/bomb", "/early"):
        answer = await browser.fetch(path)
        assert (answer.code, b"No answer that can be shown" in answer.body) == (502, True), path
    assert (await browser.fetch("/")).code == 200
    closed = await come(house, "ada", run_id, 8001)
    answer = await closed.fetch("/")
    assert (answer.code, answer.headers["Refresh"]) == (503, "2")
    await stop(house, run_id)


async def test_strangers_and_those_who_lost_their_right_see_nothing(house: House) -> None:
    run_id = await serve(house)
    hers = await come(house, "ada", run_id)
    path = f"{run_id}/previews/8000"
    for visitor in ("viewer", "guest"):
        assert (await told(house, visitor, "POST", path, {}))[0] == 404
    theirs = await come(house, "trusted", run_id)
    assert (await theirs.fetch("/")).code == 200
    for cookie in ("", "csx-preview=x", f"csx-preview={'x' * 5000}"):
        assert (await Browser(f"http://{hers.host}", cookie).fetch("/")).code == 403
    # A pass is for one preview, and a ticket no pass.
    other = await come(house, "ada", run_id, 8001)
    assert (await Browser(f"http://{hers.host}", other.cookie).fetch("/")).code == 403
    _, opened = await told(house, "ada", "POST", path, {})
    ticket = opened["enter_url"].rpartition("=")[2]
    assert (await Browser(f"http://{hers.host}", f"csx-preview={ticket}").fetch("/")).code == 403
    assert (await Browser(f"http://elsewhere.localhost:{hers.port}").fetch("/")).code == 404

    socket = await theirs.connect("/socket")
    code, _ = await told(house, "trusted", "PATCH", path, {"visibility": "private"})
    assert code == 403
    code, changed = await told(house, "ada", "PATCH", path, {"visibility": "private"})
    assert (code, changed["visibility"]) == (200, "private")
    assert (await theirs.fetch("/")).code == 403
    assert await asyncio.wait_for(socket.read_message(), 20) is None
    assert (await hers.fetch("/")).code == 200
    await stop(house, run_id)


async def test_whoever_owns_the_project_no_more_has_no_preview_by_that(house: House) -> None:
    number = await house.grant("heloise", "owner", "")
    house.know("heloise", **{PERSON: "heloise"})
    run_id = await serve(house)
    private = {"visibility": "private"}
    await come(house, "ada", run_id)
    assert (await told(house, "ada", "PATCH", f"{run_id}/previews/8000", private))[0] == 200
    theirs = await come(house, "heloise", run_id)
    assert (await theirs.fetch("/")).code == 200
    socket = await theirs.connect("/socket")
    await house.access.revoke(OWNER, number)
    assert (await theirs.fetch("/")).code == 403
    assert await asyncio.wait_for(socket.read_message(), 20) is None
    await stop(house, run_id)


async def test_while_nobody_knows_who_may_see_them_they_end_for_all_but_the_owner(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await serve(house)
    hers, theirs = await come(house, "ada", run_id), await come(house, "trusted", run_id)
    her_socket, their_socket = await hers.connect("/socket"), await theirs.connect("/socket")

    def fail() -> None:
        raise AccessUnavailableError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(house.access._store, "read", fail)
        await house.access.look()
        assert await asyncio.wait_for(their_socket.read_message(), 20) is None
        assert (await theirs.fetch("/")).code == 403
        assert (await hers.fetch("/")).code == 200
    await house.access.look()
    # It goes on being asked.
    again = await theirs.connect("/socket")
    private = {"visibility": "private"}
    assert (await told(house, "ada", "PATCH", f"{run_id}/previews/8000", private))[0] == 200
    assert await asyncio.wait_for(again.read_message(), 20) is None
    await her_socket.write_message("still here")
    assert await asyncio.wait_for(her_socket.read_message(), 20) == "still here"
    await stop(house, run_id)


async def test_a_public_link_is_the_owners_to_give_expires_and_is_in_the_log(house: House) -> None:
    run_id = await serve(house)
    path = f"{run_id}/previews/8000"
    await come(house, "ada", run_id)
    public = {"visibility": "public", "seconds": 2}
    assert (await told(house, "trusted", "PATCH", path, public))[0] == 403
    code, shown = await told(house, "ada", "PATCH", path, public)
    assert code == 200
    anybody = Browser(shown["public_url"])
    assert b"Hello" in (await anybody.fetch("/")).body
    socket = await anybody.connect("/socket")
    assert await asyncio.wait_for(socket.read_message(), 20) is None  # its time is over
    assert (await anybody.fetch("/")).code == 404
    for wrong in ({"visibility": "all"}, {"visibility": "public", "seconds": 1e9}, {"x": 1}):
        assert (await told(house, "ada", "PATCH", path, wrong))[0] == 400
    log = await house.fetch("ada", "GET", "/codesyncx/api/access/audit")
    found = [one["what"] for one in json.loads(log.body)["entries"]]
    assert "preview_published" in found
    await stop(house, run_id)


async def test_an_address_that_people_give_each_other_leads_in_who_may(house: House) -> None:
    run_id = await serve(house)
    _, preview = await told(house, "ada", "POST", f"{run_id}/previews/8000", {})
    door = await house.fetch("trusted", "GET", f"/{preview['address']}")
    assert (door.code, "/.codesyncx/enter?ticket=" in door.headers["Location"]) == (302, True)
    for visitor in ("viewer", "stranger", "anonymous"):
        refused = await house.fetch(visitor, "GET", f"/{preview['address']}")
        assert "ticket" not in refused.headers.get("Location", ""), visitor
    await stop(house, run_id)


async def test_a_server_elsewhere_needs_a_domain_for_previews(house: House) -> None:
    run_id = await serve(house)
    answer = await house.fetch(
        "ada", "POST", f"{RUNS}/{run_id}/previews/8000", {}, Host="lab.example"
    )
    assert answer.code == 403
    assert "CodeSyncXApp.preview_url" in json.loads(answer.body)["message"]
    await stop(house, run_id)
