"""A real JupyterHub with its proxy and the projects service; servers are processes, not containers.

People sign in by name, with any password.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import psutil
import requests

from .servers import REPOSITORY, free_port

PROXY = REPOSITORY / ".make/hub-packages/node_modules/.bin/configurable-http-proxy"
START_S = 60
UNKNOWN = 401  # as it answers those who haven't signed in
CONFIGURATION = """
from codesyncx_hub.projects.configuration import configure_projects

c = get_config()
configure_projects(c, port={service_port}, database_url="sqlite:///{folder}/projects.sqlite")
c.JupyterHub.bind_url = "{url}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///{folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {{"root"}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/homes/{{username}}"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.args = ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]
"""


class ProjectsHub:
    """Starts a Hub in a folder of its own, and ends it with all that belongs to it."""

    was_killed = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "hub.log"
        self.url = f"http://127.0.0.1:{free_port()}"
        self._file = folder / "jupyterhub_config.py"
        self._file.write_text(
            CONFIGURATION.format(
                folder=folder,
                url=self.url,
                hub_port=free_port(),
                service_port=free_port(),
                proxy_port=free_port(),
                proxy=PROXY,
                python=sys.executable,
            )
        )
        self._token = secrets.token_hex(32)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until the projects service answers."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "CONFIGPROXY_AUTH_TOKEN": self._token}
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self._file)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + START_S
        while time.monotonic() < until and self._process.poll() is None:
            if self.is_serving():
                return
            time.sleep(0.2)
        raise AssertionError(f"The Hub didn't start:\n{self.log.read_text()[-5000:]}")

    def is_serving(self) -> bool:
        """Whether the projects service answers."""
        try:
            answer = requests.get(f"{self.url}/services/projects/api/projects", timeout=5)
        except OSError:
            return False
        return answer.status_code == UNKNOWN

    def kill_service(self) -> None:
        """Have the projects service be gone at once."""
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children(recursive=True):
            if "codesyncx_hub.projects" in child.cmdline():
                child.kill()

    def stop(self) -> None:
        """End it, its proxy, its services and the servers."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self._process = None

    def visitor(self, name: str) -> Visitor:
        """Give somebody who is signed in."""
        return Visitor(self, name)


class Visitor:
    """Somebody with a browser's cookies."""

    def __init__(self, hub: ProjectsHub, name: str) -> None:
        self.name = name
        self._hub = hub
        self.session = requests.Session()
        page = self.session.get(f"{hub.url}/hub/login", timeout=30)
        page.raise_for_status()
        answer = self.session.post(
            f"{hub.url}/hub/login",
            data={"username": name, "password": "x", "_xsrf": self._xsrf("/hub/")},
            timeout=30,
        )
        answer.raise_for_status()

    def ask(self, method: str, route: str, body: Any = None, *, status: int | None = None) -> Any:
        """Ask the projects API; gives its answer, which must be of `status`, or good."""
        base = f"{self._hub.url}/services/projects/"
        answer = self.session.request(
            method,
            f"{base}api/{route}",
            json=body,
            headers={"X-XSRFToken": self._xsrf("/services/projects/")},
            timeout=60,
        )
        good = answer.ok if status is None else answer.status_code == status
        assert good, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def visit(self, method: str, path: str, body: Any = None) -> int:
        """Ask a project's server for something; gives the status, after signing in there."""
        server = "/".join(path.split("/")[:4]) + "/"
        if not self._xsrf(server):
            page = {"Accept": "text/html"}
            self.session.get(f"{self._hub.url}{server}lab", headers=page, timeout=30)
        return self._request(method, path, body).status_code

    def told(self, path: str) -> Any:
        """Give what a project's server, where they have been, tells them."""
        answer = self._request("GET", path, None)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json()

    def _request(self, method: str, path: str, body: Any) -> requests.Response:
        server = "/".join(path.split("/")[:4]) + "/"
        return self.session.request(
            method,
            self._hub.url + path,
            json=body,
            headers={"X-XSRFToken": self._xsrf(server)},
            timeout=30,
        )

    def _xsrf(self, path: str) -> str:
        found = [
            one.value for one in self.session.cookies if one.name == "_xsrf" and one.path == path
        ]
        return found[0] or "" if found else ""
