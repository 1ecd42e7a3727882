"""A real JupyterLab in a process of its own, on a free port and in folders of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
SUPPORT = REPOSITORY / "tests" / "support"
TOKEN = "e2e"
START_S = 90.0
QUIET = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


class ServerDiedError(RuntimeError):
    """The server ended, or wasn't ready, when it should have been."""


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class LabServer:
    """A `jupyter lab` that can be killed and comes back on the same port and folders."""

    def __init__(
        self,
        folder: Path,
        *,
        root: Path | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        python: str = sys.executable,
        token: str = TOKEN,
        default_role: str = "editor",
    ) -> None:
        self.folder = folder
        self.root = root or folder / "project"
        self.log = folder / "server.log"
        self.token = token
        self.was_killed = False
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._python = python
        self._default_role = default_role
        self._args = tuple(args)
        self._env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process' id; only of a running server."""
        if self._process is None:
            raise ServerDiedError("the server has not been started")
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._silence_lab()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), env=self._environment(), stdout=log, stderr=log, cwd=self.folder
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait for the end; kernels of a killed server end by themselves."""
        if self._process is None:
            return
        self.was_killed = True
        self._process.send_signal(number)
        self._process.wait(30)
        self._process = None

    def stop(self) -> None:
        """End the server, by force when it doesn't want to."""
        if self._process is None:
            return
        try:
            self.kill(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill(signal.SIGKILL)

    def ensure_running(self) -> None:
        """Start the server if a test has left it dead, and let it go on if it was stopped."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        else:
            self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start again on the same port and folders."""
        self.stop()
        self.start()

    def text(self) -> str:
        """Give what the server has logged so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _silence_lab(self) -> None:
        settings = self.folder / "config" / "lab" / "user-settings" / "@jupyterlab"
        for name, values in QUIET.items():
            path = settings / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(json.dumps(values))

    def _command(self) -> list[str]:
        return [
            self._python,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            "--ServerApp.identity_provider_class=demo_people.NamedLinks",
            f"--CodeSyncXApp.default_role={self._default_role}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
            *self._args,
        ]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "PYTHONPATH": str(REPOSITORY / "binder"),
            **self._env,
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerDiedError(f"ended with {process.returncode}:\n{self.text()[-4000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/api", timeout=5):  # noqa: S310 - our own
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise ServerDiedError(f"not ready after {START_S:.0f} s:\n{self.text()[-4000:]}")
