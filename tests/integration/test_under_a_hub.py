"""The gate in a real `jupyterhub-singleuser`, with a stand-in for the Hub's API."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from support.servers import free_port

from codesyncx_server.access.changes import Invitation, Terms
from codesyncx_server.access.model import ROLES, Person, Resource
from codesyncx_server.access.service import AccessService
from codesyncx_server.access.store import AccessStore
from codesyncx_server.storage import project_data_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "/user/ada/"
SCOPE = "access:servers!server=ada/"
SERVERS_TOKEN = "the-servers-own-token"
PEOPLE = {"token-of-ada": "ada", "token-of-bob": "bob", SERVERS_TOKEN: "ada"}
START_S = 60
Answer = tuple[int, dict[str, str], str]


class Hub(BaseHTTPRequestHandler):
    """Says who has which token."""

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").rpartition(" ")[2]
        name = PEOPLE.get(token)
        if self.path.rstrip("/") == "/hub/api":
            self._answer(200, {"version": "6.1.1"})
        elif name is None:
            self._answer(403, {"message": "Who is that?"})
        else:
            self._answer(
                200,
                {"name": name, "kind": "user", "admin": False, "groups": [], "scopes": [SCOPE]},
            )

    def do_POST(self) -> None:
        self._answer(200, {})

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class SingleUser:
    """A single-user server of Ada's."""

    def __init__(self, folder: Path, hub_url: str) -> None:
        self.root = folder / "project"
        self._folder = folder
        self._log = folder / "server.log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}{PREFIX}"
        (self.root / "open").mkdir(parents=True)
        (self.root / "open/hello.py").write_text("print('hello')\n")
        (self.root / "other.py").write_text("secret = 1\n")
        self.environment = {
            **os.environ,
            "JUPYTERHUB_API_TOKEN": SERVERS_TOKEN,
            "JUPYTERHUB_API_URL": f"{hub_url}/hub/api",
            "JUPYTERHUB_ACTIVITY_URL": f"{hub_url}/hub/api/users/ada/activity",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([SCOPE]),
            "JUPYTERHUB_OAUTH_SCOPES": json.dumps([SCOPE]),
            "JUPYTERHUB_SERVER_NAME": "",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTERHUB_SERVICE_URL": self.url,
            "JUPYTERHUB_USER": "ada",
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it answers."""
        command = [
            *(sys.executable, "-m", "jupyterhub.singleuser", "--allow-root", "--no-browser"),
            f"--ServerApp.root_dir={self.root}",
            "--CodeSyncXApp.default_role=viewer",
        ]
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, cwd=self._folder
            )
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                self.fetch("GET", "api", "")
            except OSError:
                time.sleep(0.1)
            else:
                return process
        process.kill()
        process.wait()
        raise AssertionError(self._log.read_text()[-3000:])

    def fetch(self, method: str, path: str, token: str, body: Any = None, **headers: str) -> Answer:
        """Send a request, and give what comes back."""
        if token:
            headers["Authorization"] = f"token {token}"
        data = None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.url + path
        request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310 - our own
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


async def invite(root: Path, data_dir: Path) -> str:
    """Make a link as the owner would; its secret."""
    folder = project_data_dir(root, data_dir)
    url = sa.URL.create("sqlite", database=str(folder / "access.sqlite"))
    access = AccessService(AccessStore(url, folder / "access.begun", None), lambda: None)
    await access.start()
    terms = Terms(ROLES["viewer"], "viewer")
    owner = Person("ada", is_owner=True)
    _, _, secret = await access.create_link(owner, Invitation(Resource("open"), terms))
    await access.stop()
    return secret


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SingleUser, str]]:
    folder = tmp_path_factory.mktemp("hub")
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    single_user = SingleUser(folder, f"http://127.0.0.1:{hub.server_port}")
    secret = asyncio.run(invite(single_user.root, folder / "data"))
    process = single_user.start()
    yield single_user, secret
    process.terminate()
    process.wait(30)
    hub.shutdown()
    hub.server_close()


def test_the_user_of_the_server_owns_it(server: tuple[SingleUser, str]) -> None:
    single_user, _ = server
    status, _, body = single_user.fetch("GET", "codesyncx/api/presence/me", "token-of-ada")
    assert (status, json.loads(body)) == (200, {"is_owner": True})
    assert single_user.fetch("GET", "api/kernels", "token-of-ada")[0] == 200


def test_whom_the_hub_lets_in_has_the_default_role(server: tuple[SingleUser, str]) -> None:
    single_user, _ = server
    status, _, body = single_user.fetch("GET", "api/contents/open", "token-of-bob")
    assert status == 200
    assert [entry["name"] for entry in json.loads(body)["content"]] == ["hello.py"]
    body = {"type": "file", "format": "text", "content": "mine"}
    status, _, told = single_user.fetch("PUT", "api/contents/open/hello.py", "token-of-bob", body)
    assert status == 403
    assert json.loads(told)["code"] == "refused"
    assert single_user.fetch("POST", "api/kernels", "token-of-bob", {})[0] == 403
    assert single_user.fetch("POST", "api/terminals", "token-of-bob", {})[0] == 403
    assert (single_user.root / "open/hello.py").read_text() == "print('hello')\n"


def test_no_page_holds_the_servers_own_token(server: tuple[SingleUser, str]) -> None:
    single_user, _ = server
    for path in ("lab", "nowhere", "lab/nowhere", "files/nowhere"):
        for token in ("token-of-ada", "token-of-bob"):
            _, _, body = single_user.fetch("GET", path, token, Accept="text/html")
            assert SERVERS_TOKEN not in body


def test_somebody_unknown_is_sent_to_the_hub(server: tuple[SingleUser, str]) -> None:
    single_user, _ = server
    status, headers, _ = single_user.fetch("GET", "lab", "", Accept="text/html")
    assert status == 302
    assert "/hub/api/oauth2/authorize" in headers["Location"]
    assert single_user.fetch("GET", "api/contents", "")[0] == 403
    assert single_user.fetch("GET", "api/contents", "token-of-nobody")[0] == 403


def test_a_guest_comes_in_by_a_link_past_the_hub(server: tuple[SingleUser, str]) -> None:
    single_user, secret = server
    _, headers, page = single_user.fetch("GET", "codesyncx/join", "")
    cookie = headers["Set-Cookie"].partition(";")[0]
    found = re.search(r'data-xsrf="([^"]+)"', page)
    assert found is not None
    body = {"secret": secret, "name": "Zoë"}
    assert single_user.fetch("POST", "codesyncx/join", "", body, Cookie=cookie)[0] == 403
    status, headers, told = single_user.fetch(
        "POST", "codesyncx/join", "", body, Cookie=cookie, X_XSRFToken=found[1]
    )
    assert (status, json.loads(told)) == (200, {"url": f"{PREFIX}lab"})
    guests = headers["Set-Cookie"].partition(";")[0]
    listing = single_user.fetch("GET", "api/contents", "", Cookie=guests)[2]
    assert [entry["name"] for entry in json.loads(listing)["content"]] == ["open"]
    assert single_user.fetch("GET", "files/other.py", "", Cookie=guests)[0] == 403
    status, _, page = single_user.fetch("GET", "lab", "", Cookie=guests, Accept="text/html")
    assert status == 200
    assert SERVERS_TOKEN not in page
