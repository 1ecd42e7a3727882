from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from codesyncx_spawner.artifacts import keep_artifacts
from codesyncx_spawner.errors import OverLimitError
from codesyncx_spawner.folder_walk import MAX_DEPTH, Kind, walk
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.snapshot import Look, Snapshot, write_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesyncx_spawner.selection import Mark, Selection


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("main.py", "src/lib.py", "solutions/answer.py", ".git/config", "données/é.csv"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}")
    (root / "run.sh").touch(0o755)
    return root


def snapshot_of(
    root: Path, *, hidden: str = "solutions", known: Mapping[str, Look] | None = None
) -> tuple[Snapshot, dict[str, tarfile.TarInfo], tarfile.TarFile]:
    archive = io.BytesIO()
    taken = write_snapshot(root, archive, lambda path: not path.startswith(hidden), Limits(), known)
    archive.seek(0)
    tar = tarfile.open(fileobj=archive)  # noqa: SIM115 - in memory
    return taken, {member.name: member for member in tar}, tar


def test_a_snapshot_is_what_the_person_may_read(project: Path) -> None:
    taken, members, tar = snapshot_of(project)
    files = {name for name, member in members.items() if member.isfile()}
    assert files == {"main.py", "src/lib.py", "données/é.csv", "run.sh"} == set(taken.marks)
    assert "solutions" not in members
    assert members["run.sh"].mode & 0o100
    assert not members["main.py"].mode & 0o100
    content = tar.extractfile("src/lib.py")
    assert content is not None
    assert content.read() == b"this is src/lib.py"
    assert {(member.uid, member.gid, member.uname) for member in members.values()} == {(0, 0, "")}


@pytest.mark.parametrize(
    ("target", "comes_along"),
    [
        ("main.py", True),
        ("src", True),
        ("./src/../main.py", True),
        ("solutions/answer.py", False),
        ("solutions", False),
        ("/etc/passwd", False),
        ("../outside.txt", False),
        ("src/../../outside.txt", False),
        ("other-link", False),
        ("nowhere", False),
        (".", False),
    ],
)
def test_a_link_comes_along_only_with_what_it_leads_to(
    project: Path,
    target: str,
    comes_along: bool,  # noqa: FBT001 - a column of the table
) -> None:
    (project.parent / "outside.txt").write_text("secret")
    (project / "other-link").symlink_to("../outside.txt")
    (project / "link").symlink_to(target)
    taken, members, _ = snapshot_of(project)
    assert ("link" in members) is comes_along
    assert ("link" in {left.path for left in taken.left_out}) is not comes_along
    assert not any(b"secret" in str(member.linkname).encode() for member in members.values())


def test_a_folder_that_is_a_link_is_not_walked_into(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (project / "way-out").symlink_to(outside)
    _, members, _ = snapshot_of(project)
    assert not [name for name in members if "secret" in name or "way-out" in name]


def test_pipes_and_sockets_stay_behind(project: Path) -> None:
    os.mkfifo(project / "pipe")
    taken, members, _ = snapshot_of(project)
    assert "pipe" not in members
    assert [left.path for left in taken.left_out] == ["pipe"]


def test_nothing_is_told_of_what_may_not_be_read(project: Path) -> None:
    os.mkfifo(project / "solutions" / "pipe")
    (project / "solutions" / "link").symlink_to("/etc")
    taken, _, _ = snapshot_of(project)
    assert taken.left_out == ()


def test_only_what_looks_otherwise_is_taken_again(project: Path) -> None:
    first, _, _ = snapshot_of(project)
    again, members, _ = snapshot_of(project, known=first.looks)
    assert (members, again.marks, again.looks) == ({}, {}, first.looks)
    (project / "main.py").write_text("THIS IS MAIN.PY")  # as long as it was
    (project / "src" / "lib.py").unlink()
    (project / "new").mkdir()
    (project / "new" / "one.py").touch()
    (project / "run.sh").chmod(0o644)
    third, members, _ = snapshot_of(project, known=first.looks)
    assert set(members) == {"main.py", "new/one.py", "run.sh"} == set(third.marks)
    assert first.looks.keys() - third.looks.keys() == {"src/lib.py"}
    fourth, _, _ = snapshot_of(project, known=third.looks, hidden="main")
    assert third.looks.keys() - fourth.looks.keys() == {"main.py"}


def test_a_project_that_does_not_fit_is_refused_in_words(project: Path) -> None:
    (project / "big.bin").write_bytes(b"\0" * 5000)
    with pytest.raises(OverLimitError, match=r"are 5\.\d+ kB, and a sandbox has room for 4 kB"):
        write_snapshot(project, io.BytesIO(), lambda _: True, Limits(disk_bytes=4000))
    with pytest.raises(OverLimitError, match="9 files and folders, and a sandbox has room for 8"):
        write_snapshot(project, io.BytesIO(), lambda _: True, Limits(files=8))


def test_a_folder_without_a_bottom_is_not_followed_to_it(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(MAX_DEPTH + 5):
        deep = deep / "d"
        deep.mkdir()
    (deep / "file").touch()
    folder = os.open(tmp_path, os.O_RDONLY)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert [one.kind for one in walk(folder)] == [Kind.DEEP]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(folder)


def kept(
    work: Path, target: Path, before: dict[str, Mark] | None = None, most_bytes: int = 10**6
) -> Selection:
    folder = os.open(work, os.O_RDONLY)
    try:
        return keep_artifacts(folder, target, before or {}, most_bytes=most_bytes)
    finally:
        os.close(folder)


def test_artifacts_are_what_a_run_has_made_or_changed(project: Path, tmp_path: Path) -> None:
    taken, _, tar = snapshot_of(project)
    work, target = tmp_path / "work", tmp_path / "kept"
    tar.extractall(work, filter="data")
    assert kept(work, target, dict(taken.marks)).paths == []
    (work / "main.py").write_text("changed")
    (work / "dist").mkdir()
    (work / "dist" / "new.js").write_text("new")
    assert kept(work, target, dict(taken.marks)).paths == ["dist/new.js", "main.py"]
    assert (target / "dist" / "new.js").read_text() == "new"


def test_artifacts_hold_no_links_devices_or_giants(tmp_path: Path) -> None:
    work, target = tmp_path / "work", tmp_path / "kept"
    work.mkdir()
    (work / "good.txt").write_text("good")
    (work / "link").symlink_to("/etc/passwd")
    (work / "folder").symlink_to("/etc")
    os.mkfifo(work / "pipe")
    (work / "a\nb").touch()
    with (work / "giant.bin").open("wb") as giant:
        giant.truncate(5_000_000_000)
    selection = kept(work, target)
    assert selection.paths == ["good.txt"]
    assert dict(selection.left_out) == {
        "link": "it is a link.",
        "folder": "it is a link.",
        "pipe": "it is no ordinary file, or its name can't be used.",
        "a\nb": "it is no ordinary file, or its name can't be used.",
        "giant.bin": "it is 5 GB, and a run's artifacts are 1 MB at most.",
    }
    assert sorted(path.name for path in target.rglob("*")) == ["good.txt"]


def test_artifacts_are_taken_while_there_is_room(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for name in "abc":
        (work / name).write_bytes(b"x" * 400)
    selection = kept(work, tmp_path / "kept", most_bytes=1000)
    assert selection.paths == ["a", "b"]
    assert [left.path for left in selection.left_out] == ["c"]
