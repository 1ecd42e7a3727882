"""A real JupyterHub behind its real proxy, and people who sign in without a browser."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import requests
from support.servers import REPOSITORY, ServerDiedError, free_port

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = REPOSITORY / ".make" / "hub-packages"
PROXY = PACKAGES / "node_modules" / ".bin" / "configurable-http-proxy"
START_S = 60
SETTINGS = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.public_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.default_url = "/hub/home"
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
"""


class HubServer:
    """A `jupyterhub` that is configured by a piece of Python."""

    def __init__(self, folder: Path, config: str, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "hub.log"
        self._config = config
        self._env = {"CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(16), **(env or {})}
        self._ports = {"hub_port": free_port(), "api_port": free_port()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def configure(self, config: str) -> None:
        """Take this piece of Python from the next start on."""
        self._config = config

    def start(self) -> None:
        """Start, and wait until its page is there."""
        settings = SETTINGS.format(port=self.port, folder=self.folder, proxy=PROXY, **self._ports)
        config = self.folder / "jupyterhub_config.py"
        config.write_text(settings + self._config)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(config)],
                env={**os.environ, **self._env},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        until = time.monotonic() + START_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if requests.get(f"{self.url}/hub/login", timeout=5).status_code == 200:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        self.stop()
        raise ServerDiedError(self.text()[-4000:])

    def stop(self) -> None:
        """End the Hub, which ends its proxy."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def text(self) -> str:
        """Give what the Hub has logged so far."""
        return self._log.read_text(errors="replace")


@dataclass
class Form:
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get")))
        elif tag in {"input", "button"} and "name" in values and self.forms:
            self.forms[-1].fields[values["name"]] = values.get("value", "")


def forms_of(answer: requests.Response) -> list[Form]:
    """Give the forms of a page."""
    parser = _Forms()
    parser.feed(answer.text)
    return parser.forms


class Visitor:
    """Somebody with cookies of their own; follows redirects unless told otherwise."""

    def __init__(self, hub: HubServer, **headers: str) -> None:
        self.hub = hub
        self.session = requests.Session()
        # As browsers do when they open a page.
        self.session.headers["Accept"] = "text/html,*/*;q=0.8"
        self.session.headers.update(
            {name.replace("_", "-"): text for name, text in headers.items()}
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        """Open a page."""
        return self.session.get(urljoin(self.hub.url, path), timeout=30, **options)

    def submit(
        self, page: requests.Response, *, follow: bool = True, **fields: str
    ) -> requests.Response:
        """Fill in the form of a page that has such fields, and send it."""
        form = next(each for each in forms_of(page) if set(fields) <= set(each.fields))
        return self.session.post(
            urljoin(page.url, form.action),
            {**form.fields, **fields},
            timeout=30,
            allow_redirects=follow,
        )

    def ask(self, address: str, **fields: str) -> requests.Response:
        """Ask for a code."""
        return self.submit(self.get("/hub/login"), address=address, **fields)

    def me(self) -> dict[str, Any] | None:
        """Tell who the Hub says this is, or None."""
        page = self.get("/hub/home", allow_redirects=False)
        if page.status_code != 200:
            return None
        token = page.text.partition('xsrf_token: "')[2].partition('"')[0]
        answer = self.get("/hub/api/user", headers={"X-XSRFToken": token, "Referer": page.url})
        assert answer.status_code == 200, answer.text
        person: dict[str, Any] = answer.json()
        return person
