"""What GitHub answers to somebody who signs in; GitHub itself can't be started here."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

Account = dict[str, Any]


class GitHubStandIn:
    """Whoever is `here` signs in at once; `accounts` are by login, `members` of the one team."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.members: set[str] = set()
        self.here = ""
        self.token_requests: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
        self._server.RequestHandlerClass.site = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: GitHubStandIn

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        login = self.headers.get("Authorization", "").removeprefix("Bearer of ")
        if path == "/login/oauth/authorize":
            asked = {
                name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()
            }
            back = {"code": self.site.here, "state": asked["state"]}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
            self.end_headers()
        elif path == "/api/v3/user":
            account = {"login": login, "avatar_url": None, **self.site.accounts[login]}
            self._answer(200, {name: each for name, each in account.items() if name != "emails"})
        elif path == "/api/v3/user/emails":
            self._answer(200, self.site.accounts[login]["emails"])
        elif path.startswith("/api/v3/orgs/school/members/"):
            self._answer(204 if path.rpartition("/")[2] in self.site.members else 404, {})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(sent).items()}
        self.site.token_requests.append(asked)
        token = f"of {asked['code']}"
        scope = "read:user,user:email"
        self._answer(200, {"access_token": token, "token_type": "bearer", "scope": scope})

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, status: int, body: Any) -> None:
        data = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
