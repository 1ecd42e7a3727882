"""A server that is killed leaves none of its people's kernels and terminals behind."""

from __future__ import annotations

import http.cookiejar
import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.servers import LabServer
from support.sharing import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 20
MARK = b"codesyncx-live-"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabServer]:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/a.py").write_text("a = 1\n")
    with LabServer(tmp_path, default_role="none") as server:
        yield server


class Guest:
    """Somebody who came by a link and may run code."""

    def __init__(self, lab: LabServer) -> None:
        self.lab = lab
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        link = {"path": "", "role": "runner"}
        made = ask(lab, "POST", "codesyncx/api/access/links", link)
        self.fetch("codesyncx/join")
        self.fetch("codesyncx/join", {"secret": made["url"].partition("#")[2], "name": "Zoë"})

    def fetch(self, path: str, body: Any = None) -> Any:
        xsrf = {one.name: one.value or "" for one in self.cookies}.get("_xsrf", "")
        request = urllib.request.Request(  # noqa: S310 - our own
            f"{self.lab.url}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"X-XSRFToken": xsrf, "Accept": "application/json"},
        )
        try:
            with self.opener.open(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()) from error
        return json.loads(text) if text.startswith((b"{", b"[")) else None


def sandboxes() -> set[int]:
    """Give the processes of all sandboxes that somebody's kernel or terminal is in."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and MARK in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def kernel_processes(above: int) -> set[int]:
    return {pid for pid in sandboxes() if _is_below(pid, above)}


def _is_below(pid: int, above: int) -> bool:
    while pid > 1:
        if pid == above:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def wait_until_gone(paths: set[Path]) -> None:
    until = time.monotonic() + PATIENCE_S
    while any(path.exists() for path in paths):
        assert time.monotonic() < until
        time.sleep(0.05)


def socket_folder_of(kernel_id: str) -> list[Path]:
    found = Path(tempfile.gettempdir()).glob(f"codesyncx-*/kernel-{kernel_id}.json")
    return [file.parent for file in found]


def test_a_killed_server_leaves_nothing_of_its_sandboxes(lab: LabServer) -> None:
    guest = Guest(lab)
    kernel = guest.fetch("api/kernels", {"path": ""})
    guest.fetch("api/terminals", {})
    until = time.monotonic() + PATIENCE_S
    while len(started := kernel_processes(lab.pid)) < 2:
        assert time.monotonic() < until, lab.text()
        time.sleep(0.05)
    (mine,) = socket_folder_of(kernel["id"])
    assert mine.stat().st_mode & 0o077 == 0
    key_file = mine / f"kernel-{kernel['id']}.json"
    assert key_file.stat().st_mode & 0o077 == 0
    key = json.loads(key_file.read_text())["key"].encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                assert key not in (folder / "cmdline").read_bytes()
                assert key not in (folder / "environ").read_bytes()
            except OSError:
                continue
    lab.kill()
    wait_until_gone({Path(f"/proc/{pid}") for pid in started})
    lab.start()
    assert guest.fetch("api/kernels") == []
    assert guest.fetch("api/terminals") == []
    wait_until_gone({mine})
    assert guest.fetch("api/kernels", {"path": ""})["name"] == "python3"
    lab.stop()
    assert kernel_processes(os.getpid()) == set()
