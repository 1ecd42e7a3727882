"""A real OpenID Connect provider, and how somebody signs in there without a browser."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import requests
from support.hub_server import PACKAGES, forms_of
from support.servers import SUPPORT, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from support.hub_server import Visitor

SCRIPT = SUPPORT / "hub" / "identity-provider.mjs"
SECRET = "the-hubs-secret-at-the-provider"
Person = dict[str, Any]


class IdentityProvider:
    """`oidc-provider` under Node; its clients are "hub" and "other"."""

    def __init__(self, folder: Path, callback_urls: list[str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "provider.log"
        clients = [
            {"client_id": name, "client_secret": SECRET, "redirect_uris": callback_urls}
            for name in ("hub", "other")
        ]
        self._command = ["node", str(SCRIPT), str(self.port), json.dumps(clients)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=log, cwd=PACKAGES
            )
        assert self._process.stdout
        for line in self._process.stdout:
            if line.strip() == b"ready":
                return
        raise AssertionError(self._log.read_text(errors="replace"))

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.terminate()
            self._process.wait(20)
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    def knows(self, **people: Person) -> None:
        """Say who there is, and what the provider says of them."""
        requests.post(f"{self.url}/test/people", json=people, timeout=10).raise_for_status()

    def last_token(self) -> str:
        """Give the last ID token that was made."""
        return requests.get(f"{self.url}/test/token", timeout=10).text

    def swaps(self, token: str) -> None:
        """Have the next ID token exchanged for this one."""
        requests.post(f"{self.url}/test/swap", json={"token": token}, timeout=10).raise_for_status()

    def enter(self, visitor: Visitor, person: str, start: str) -> requests.Response:
        """Begin at the Hub, be `person` here, agree; give what leads back, not yet followed."""
        page = visitor.get(start)
        page = visitor.submit(page, login=person, password="any")
        (consent,) = forms_of(page)
        answer = visitor.session.post(
            urljoin(page.url, consent.action), consent.fields, timeout=30, allow_redirects=False
        )
        while "/callback" not in answer.headers["Location"]:
            where = urljoin(answer.url, answer.headers["Location"])
            answer = visitor.session.get(where, timeout=30, allow_redirects=False)
        return answer
