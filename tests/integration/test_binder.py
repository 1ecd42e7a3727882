"""What a Binder does with this repository: install it, build, start, and open the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.servers import REPOSITORY, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "binders"
BASE = "/user/codesyncx-demo/"
START_S = 120


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give the repository's files as a clone would have them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    home = tmp_path / "home"
    for name in filter(None, listed.stdout.split("\0")):
        source = REPOSITORY / name
        if source.is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, home / name)
    return home


@pytest.fixture
def environment(tmp_path: Path, checkout: Path) -> dict[str, str]:
    """Make a fresh environment: Binder's, but for conda; its home is the repository."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")}
    kept.pop("PYTHONPATH", None)
    return {
        **kept,
        "HOME": str(checkout),
        "PATH": f"{tmp_path / 'venv' / 'bin'}:{_path_without_ours()}",
    }


def _path_without_ours() -> str:
    ours = str(Path(sys.executable).parent)
    return os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part != ours)


@pytest.fixture
def address(checkout: Path, environment: dict[str, str]) -> Iterator[str]:
    """Build and start as Binder does; gives the address."""
    subprocess.run([checkout / "binder" / "postBuild"], cwd=checkout, env=environment, check=True)
    port = free_port()
    command = [
        *(checkout / "binder" / "start", "python", "-c"),
        "import os, sys; os.execvp('jupyter-lab', ['jupyter-lab', *sys.argv[1:]])",
        *("--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *(f"--NotebookApp.base_url={BASE}", f"--NotebookApp.token={TOKEN}"),
    ]
    log = checkout / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=checkout, env=environment, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_S
        while True:
            try:
                _get(f"{url}{BASE}api")
                break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _get(url: str, token: str = "") -> str:
    request = urllib.request.Request(url)  # noqa: S310 (our own server)
    if token:
        request.add_header("Authorization", f"token {token}")
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 (our own server)
        text: str = response.read().decode()
    return text


def _config_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found is not None
    config: dict[str, Any] = json.loads(found[1])
    return config


@pytest.mark.timeout(900)
def test_a_binder_opens_the_demo_for_several_people(address: str, checkout: Path) -> None:
    page = _get(f"{address}{BASE}lab", TOKEN)
    names = {one["name"] for one in _config_of(page)["federated_extensions"]}
    assert {"codesyncx", "jupyterlab-chat-extension"} <= names
    contents = json.loads(_get(f"{address}{BASE}api/contents", TOKEN))["content"]
    assert {"orbits", "notes.ipynb", "PEOPLE.md"} <= {one["name"] for one in contents}
    me = json.loads(_get(f"{address}{BASE}codesyncx/api/presence/me", TOKEN))
    assert me == {"is_owner": True}

    links = re.findall(r'href="([^"]+)"', (checkout / "demo" / "PEOPLE.md").read_text())
    assert len(links) == 2
    for link in links:
        assert "jupyter-config-data" in _get(f"{address}{link}")
    token = links[0].rpartition("token=")[2]
    user = json.loads(_get(f"{address}{BASE}api/me", token))["identity"]
    assert user["name"] == "Grace Hopper"
    assert json.loads(_get(f"{address}{BASE}api/contents/orbits", token))["type"] == "directory"
