"""Files that can't be read or written: said in words, nothing lost, nobody else disturbed."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Map
from support.peers import Peer
from support.small_disk import small_disk

from codesyncx_server.collab.records import encode_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.peers import Join
    from support.small_disk import SmallDisk

WAIT_S = 15.0


@pytest.fixture
def disk(jp_root_dir: Path) -> Iterator[SmallDisk]:
    """Give a folder of the project on a disk of its own that is soon full."""
    with small_disk(jp_root_dir / "disk", kilobytes=256) as disk:
        yield disk


async def _wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.02)


def _problem(peer: Peer) -> str:
    """Give what a browser tells its person of the file."""
    return peer.doc.get("state", type=Map).get("save_problem") or ""


async def _check_alive(join: Join, root: Path) -> None:
    """Somebody else works on as if nothing was."""
    (root / "fine.py").write_text("fine\n")
    other = await join("heloise", "fine.py")
    other.text += "and saved\n"
    await _wait_for(lambda: (root / "fine.py").read_text() == "fine\nand saved\n")


def _make_binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 4)


def _make_loop(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _make_folder(path: Path) -> None:
    path.mkdir()


def _make_broken_notebook(path: Path) -> None:
    path.write_text('{"cells": [{"cell_type": "code", "sou')


@pytest.mark.parametrize(
    ("make", "form", "kind", "words"),
    [
        (_make_binary, "text", "file", "not UTF-8"),
        (lambda path: path.write_bytes(b"caf\xe9\n"), "text", "file", "not UTF-8"),
        (_make_broken_notebook, "json", "notebook", "no readable notebook"),
        (lambda path: path.write_text("[]"), "json", "notebook", "no readable notebook"),
        (lambda path: path.write_bytes(b""), "json", "notebook", "no readable notebook"),
        (_make_loop, "text", "file", "leads to itself"),
        (_make_folder, "text", "file", "not a file"),
    ],
    ids=["binary", "latin", "broken notebook", "a list", "empty notebook", "loop", "folder"],
)
async def test_what_cant_be_read_doesnt_open_and_says_why(
    join: Join,
    url: str,
    jp_root_dir: Path,
    make: Callable[[Path], object],
    form: str,
    kind: str,
    words: str,
) -> None:
    make(jp_root_dir / "bad")
    before = _bytes(jp_root_dir / "bad")
    peer = Peer(url, "ada")
    assert 400 <= await peer.session("bad", form, kind) < 500, peer.answer
    assert words in json.loads(peer.answer)["message"]
    assert _bytes(jp_root_dir / "bad") == before
    await _check_alive(join, jp_root_dir)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_a_binary_file_opens_as_what_it_is_and_keeps_every_byte(
    join: Join, jp_root_dir: Path
) -> None:
    _make_binary(jp_root_dir / "data.bin")
    before = (jp_root_dir / "data.bin").read_bytes()
    ada = await join("ada", "data.bin", "base64", "blob")
    await ada.send(b"\x02\x04save\x01")
    await ada.until(lambda: bool(ada.raw))
    assert (jp_root_dir / "data.bin").read_bytes() == before


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_line_ends_and_mark_stay_after_an_edit(
    join: Join, jp_root_dir: Path, mark: bytes, end: bytes
) -> None:
    file = jp_root_dir / "a.py"
    file.write_bytes(mark + b"one" + end + b"two" + end)
    ada = await join("ada")
    assert str(ada.text) == "one\ntwo\n"
    ada.text.insert(0, "zéro\n")
    await _wait_for(
        lambda: file.read_bytes() == mark + "zéro".encode() + end + b"one" + end + b"two" + end
    )


async def test_a_link_out_of_the_project_is_followed_as_jupyter_does_and_stays_a_link(
    join: Join, jp_root_dir: Path, tmp_path: Path
) -> None:
    target = tmp_path / "outside.txt"
    target.write_text("outside\n")
    (jp_root_dir / "link.txt").symlink_to(target)
    ada = await join("ada", "link.txt")
    ada.text += "typed\n"
    await _wait_for(lambda: target.read_text() == "outside\ntyped\n")
    assert (jp_root_dir / "link.txt").is_symlink()


@pytest.mark.parametrize("path", ["../outside.txt", "a/../../outside.txt", "%2e%2e/outside.txt"])
async def test_a_path_out_of_the_project_isnt_followed(
    url: str, jp_root_dir: Path, path: str
) -> None:
    (jp_root_dir.parent / "outside.txt").write_text("secret\n")
    peer = Peer(url, "ada")
    assert await peer.session(path) in {400, 403, 404}, peer.answer


async def test_a_read_only_file_is_edited_on_the_log_and_written_once_it_may_be(
    join: Join, jp_root_dir: Path
) -> None:
    file = jp_root_dir / "a.py"
    file.write_text("one\n")
    file.chmod(0o444)
    ada = await join("ada")
    ada.text += "two\n"
    await ada.until(lambda: "may not write a.py" in _problem(ada))
    assert file.read_text() == "one\n"
    grace = await join("grace")
    assert str(grace.text) == "one\ntwo\n"
    assert _problem(grace) == _problem(ada)
    await ada.send(b"\x02\x04save\x07")
    await ada.until(lambda: bool(ada.raw))
    assert json.loads(ada.raw[0][2:])["status"] == "failed"
    file.chmod(0o644)
    await ada.until(lambda: not _problem(ada))
    assert file.read_text() == "one\ntwo\n"
    assert [each.name for each in jp_root_dir.iterdir()] == ["a.py"]  # noqa: ASYNC240


async def test_a_file_that_even_root_may_not_write(
    join: Join, jp_root_dir: Path, disk: SmallDisk
) -> None:
    file = disk.folder / "a.py"
    file.write_text("one\n")
    ada = await join("ada", "disk/a.py")
    disk.remount("ro")
    ada.text += "two\n"
    await ada.until(lambda: "may not write disk/a.py" in _problem(ada))
    await _check_alive(join, jp_root_dir)
    disk.remount("rw")
    await ada.until(lambda: not _problem(ada))
    assert file.read_text() == "one\ntwo\n"


async def test_a_disk_that_fills_up_in_mid_save(
    join: Join, jp_root_dir: Path, disk: SmallDisk
) -> None:
    file = disk.folder / "a.py"
    file.write_text("one\n")
    ada, grace = await join("ada", "disk/a.py"), await join("grace", "disk/a.py")
    (disk.folder / "filler").write_bytes(b"x" * 200_000)
    ada.text += "é" * 60_000
    await ada.until(lambda: "The disk is full" in _problem(ada))
    assert file.read_text() == "one\n"
    assert sorted(each.name for each in disk.folder.iterdir()) == [
        "a.py",
        "filler",
    ]
    grace.text.insert(0, "zero\n")
    await ada.until(lambda: str(ada.text).startswith("zero\n"))
    await _check_alive(join, jp_root_dir)
    (disk.folder / "filler").unlink()
    await ada.until(lambda: not _problem(ada))
    assert file.read_text() == "zero\none\n" + "é" * 60_000


async def test_a_full_disk_under_the_log_shows_nobody_what_isnt_kept(
    join: Join, jp_root_dir: Path, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (jp_root_dir / "a.py").write_text("one\n")
    ada, grace = await join("ada"), await join("grace")
    ada.text.insert(0, "zero\n")
    await grace.until(lambda: str(grace.text) == "zero\none\n")
    log = jp_serverapp.web_app.settings["codesyncx_rooms"].get(ada.room)._log_of_updates
    written = os.write

    def refuse(descriptor: int, data: bytes) -> int:
        if descriptor == log._descriptor:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(descriptor, data)

    monkeypatch.setattr(os, "write", refuse)
    ada.text += "two\n"
    await ada.until(lambda: ada.close_code is not None)
    await grace.until(lambda: grace.close_code is not None)
    assert ada.close_code == grace.close_code == 4507
    assert "No space left" in json.loads(ada.close_reason or "")["message"]
    assert str(grace.text) == "zero\none\n"
    monkeypatch.undo()
    await ada.join("a.py")
    await grace.join("a.py")
    await grace.until(lambda: str(grace.text) == "zero\none\ntwo\n")
    await _wait_for(lambda: (jp_root_dir / "a.py").read_text() == "zero\none\ntwo\n")


@pytest.mark.parametrize(
    ("path", "form", "kind", "good", "bad", "words"),
    [
        ("a.py", "text", "file", b"one\n", b"\xff\xfeone", "not UTF-8"),
        (
            "n.ipynb",
            "json",
            "notebook",
            b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
            b"<<<<<<< HEAD\n",
            "no readable notebook",
        ),
    ],
)
async def test_a_file_that_becomes_unreadable_isnt_written_over(
    join: Join,
    jp_root_dir: Path,
    path: str,
    form: str,
    kind: str,
    good: bytes,
    bad: bytes,
    words: str,
) -> None:
    file = jp_root_dir / path
    file.write_bytes(good)
    ada = await join("ada", path, form, kind)
    file.write_bytes(bad)
    await ada.until(lambda: words in _problem(ada))
    ada.doc.get("state", type=Map)["typed"] = "x"
    ada.text += "typed"
    await ada.send(b"\x02\x04save\x07")
    await ada.until(lambda: bool(ada.raw))
    assert json.loads(ada.raw[0][2:])["status"] == "failed"
    assert file.read_bytes() == bad
    file.write_bytes(good)
    await ada.until(lambda: not _problem(ada))
    if kind == "file":
        await _wait_for(lambda: file.read_bytes() == b"one\ntyped")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (encode_header("00" * 16, version=0) + b"who knows", "an older CodeSyncX"),
        (encode_header("00" * 16, version=9) + b"who knows", "a newer CodeSyncX"),
    ],
)
async def test_a_log_of_another_version_is_told_and_left_alone(
    join: Join, url: str, jp_root_dir: Path, jp_serverapp: Any, content: bytes, words: str
) -> None:
    (jp_root_dir / "a.py").write_text("one\n")
    ada = await join("ada")
    rooms = jp_serverapp.web_app.settings["codesyncx_rooms"]
    log = rooms.get(ada.room)._log_of_updates.path
    await rooms._close(rooms.get(ada.room))
    log.write_bytes(content)
    assert await ada.session("a.py") == 507
    assert words in json.loads(ada.answer)["message"]
    visitor = Peer(url, "grace")
    visitor.room, visitor.lineage = ada.room, ada.lineage
    await visitor.connect()
    assert visitor.close_code == 4507
    assert words in json.loads(visitor.close_reason or "")["message"]
    await visitor.leave()
    assert log.read_bytes() == content
    await _check_alive(join, jp_root_dir)


async def test_a_log_that_isnt_one_begins_anew_and_the_old_client_is_told(
    join: Join, url: str, jp_root_dir: Path, jp_serverapp: Any
) -> None:
    (jp_root_dir / "a.py").write_text("one\n")
    ada = await join("ada")
    rooms = jp_serverapp.web_app.settings["codesyncx_rooms"]
    log = rooms.get(ada.room)._log_of_updates.path
    await rooms._close(rooms.get(ada.room))
    log.write_bytes(b"\x00" * 500)
    back = Peer(url, "ada", ada.doc)
    back.room, back.lineage = ada.room, ada.lineage
    await back.connect()
    assert back.close_code == 4409
    assert "began anew" in json.loads(back.close_reason or "")["message"]
    await back.leave()
    assert str((await join("grace")).text) == "one\n"
    (damaged,) = log.parent.glob("*.damaged-*")
    assert damaged.read_bytes() == b"\x00" * 500
