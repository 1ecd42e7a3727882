"""Shows CodeSyncX around: a JupyterLab on a sample project, and a link for each of two people.

    python binder/demo.py [--screenshot FILE] [--port N]

With `--screenshot` it opens both links itself, has both people type, and takes their pictures side
by side.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".demo"
FILE = "orbits/solver.py"
PEOPLE = ("ada", "grace")
START_S = 120


def main() -> None:
    """Start it, and stay until it is stopped."""
    parser = argparse.ArgumentParser(description="Show CodeSyncX around.")
    parser.add_argument("--screenshot", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    port = options.port or _free_port()
    token = secrets.token_hex(8)
    project = FOLDER / "project"
    if not project.exists():
        shutil.copytree(HERE / "sample", project)
    _write_settings()
    server = _start(port, token, project)
    try:
        _wait(f"http://127.0.0.1:{port}/api", server)
        links = {
            name: f"http://127.0.0.1:{port}/lab/workspaces/{name}/tree/{FILE}?token={name}-{token}"
            for name in PEOPLE
        }
        if options.screenshot:
            from demo_picture import take  # noqa: PLC0415 (needs Chromium, the demo does not)

            take(list(links.values()), options.screenshot)
            print(f"The picture is in {options.screenshot}")
            return
        print("\nOpen these two side by side (two windows, or two browsers):\n")
        for name, link in links.items():
            print(f"  {name:6} {link}")
        print(f"\nThe project is in {project}. Ctrl+C ends the demo.\n", flush=True)
        server.wait()
    except KeyboardInterrupt:
        print("\nGood-bye.")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _write_settings() -> None:
    """Don't have JupyterLab ask everybody whether it may look for news."""
    target = FOLDER / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    target.mkdir(parents=True, exist_ok=True)
    settings = {"fetchNews": "false", "checkForUpdates": False}
    (target / "notification.jupyterlab-settings").write_text(json.dumps(settings))


def _start(port: int, token: str, project: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "JUPYTER_CONFIG_DIR": str(FOLDER / "config"),
        "JUPYTER_DATA_DIR": str(FOLDER / "data"),
        "JUPYTER_RUNTIME_DIR": str(FOLDER / "runtime"),
    }
    arguments = [
        *("--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
        *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={project}"),
        *(f"--IdentityProvider.token={token}", "--ServerApp.log_level=WARN"),
        "--ServerApp.identity_provider_class=demo_people.NamedLinks",
        "--CodeSyncXApp.default_role=editor",
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]
    log = (FOLDER / "server.log").open("ab")
    return subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *arguments],
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"JupyterLab did not start; {FOLDER / 'server.log'} says why.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
