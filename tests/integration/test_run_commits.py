"""Runs on a commit of the project's repository: its files and for whom they are."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.errors import DoesNotFitError
from codesyncx_spawner.git_snapshot import write_commit
from codesyncx_spawner.limits import Limits
from support.gatehouse import SECRET, server_config
from support.runs import start, watch

from codesyncx_server.errors import InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_spawner.snapshot import Snapshot
    from support.gatehouse import House


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)


def git(root: Path, *arguments: str, told: bytes | None = None) -> str:
    environment = {
        **os.environ,
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=environment, input=told, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def commit_all(root: Path, message: str = "all of it") -> str:
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "src/app.py").write_text("print('then')\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("src/app.py")
    (root / "out").symlink_to("/etc/passwd")
    commit_all(root)
    git(root, "tag", "v1")
    (root / "src/app.py").write_text("print('now')\n")
    return root


def taken(root: Path, ref: str, **options: Any) -> tuple[dict[str, bytes | str], Snapshot]:
    archive = io.BytesIO()
    limits = options.pop("limits", Limits())
    snapshot = write_commit(root, ref, archive, options.pop("may_read", lambda _: True), limits)
    archive.seek(0)
    found: dict[str, bytes | str] = {}
    with tarfile.open(fileobj=archive) as tar:
        for member in tar:
            if member.issym():
                found[member.name] = member.linkname
            elif file := tar.extractfile(member):
                found[member.name] = file.read()
    return found, snapshot


def test_the_files_of_a_tag_are_those_of_then(project: Path) -> None:
    commit = git(project, "rev-parse", "v1")
    for ref in ("v1", "main", "HEAD", commit, commit[:8], "refs/tags/v1"):
        found, snapshot = taken(project, ref)
        assert found == {
            "link": "src/app.py",
            "run.sh": b"#!/bin/sh\n",
            "src/app.py": b"print('then')\n",
        }
        assert snapshot.commit == commit
        assert [one.path for one in snapshot.left_out] == ["out"]
        assert snapshot.marks["src/app.py"].mtime_ns == 1_767_323_045 * 10**9


def test_packed_names_and_objects_are_found(project: Path) -> None:
    git(project, "gc", "-q")
    assert taken(project, "v1")[0]["src/app.py"] == b"print('then')\n"


@pytest.mark.parametrize("ref", ["v2", "no/such", "0" * 40, "src"])
def test_what_is_no_commit_is_told(project: Path, ref: str) -> None:
    with pytest.raises(InvalidRequestError, match="has no commit"):
        taken(project, ref)


def test_no_setting_of_the_repository_starts_anything(project: Path, tmp_path: Path) -> None:
    trace = tmp_path / "started"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {trace}\ncat\n")
    program.chmod(0o755)
    (project / ".gitattributes").write_text("* filter=evil diff=evil export-subst\n")
    (project / "src/app.py").write_text("$Format:%H$\n")
    (project / ".gitmodules").write_text(
        f'[submodule "sub"]\n\tpath = sub\n\turl = ext::sh -c "touch {trace}"\n'
    )
    commit = commit_all(project)
    tree = git(project, "ls-tree", commit) + f"\n160000 commit {commit}\tsub\n"
    tree_id = git(project, "mktree", told=tree.encode())
    commit = git(project, "commit-tree", tree_id, "-m", "with a submodule")
    blob = git(project, "rev-parse", f"{commit}:src/app.py")
    for name, value in {
        "core.fsmonitor": program,
        "core.hooksPath": tmp_path,
        "core.pager": program,
        "core.sshCommand": program,
        "core.alternateRefsCommand": program,
        "core.repositoryFormatVersion": 1,
        "diff.evil.textconv": program,
        "extensions.partialClone": "origin",
        "filter.evil.smudge": program,
        "filter.evil.process": program,
        "protocol.ext.allow": "always",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{program}",
        "include.path": "/dev/zero",
    }.items():
        git(project, "config", name, str(value))
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = project / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes(program.read_bytes())
        hook.chmod(0o755)
    found, snapshot = taken(project, commit)
    assert found["src/app.py"] == b"$Format:%H$\n"
    assert "it is no ordinary file." in {why for path, why in snapshot.left_out if path == "sub"}
    # An object that isn't there would be fetched, if the settings counted.
    (project / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(InvalidRequestError, match="damaged"):
        taken(project, commit)
    assert not trace.exists()


def test_another_repository_is_not_looked_into(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "theirs.txt").write_text("theirs\n")
    theirs = commit_all(other)
    alternates = project / ".git/objects/info/alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{other}/.git/objects\n")
    with pytest.raises(InvalidRequestError, match="borrows from another"):
        taken(project, theirs)
    alternates.unlink()
    for name in ("objects", "refs", ""):
        inner = project / ".git" / name
        inner.rename(tmp_path / "aside")
        inner.symlink_to(other / ".git" / name)
        with pytest.raises(InvalidRequestError, match="kept somewhere else"):
            taken(project, theirs)
        inner.unlink()
        (tmp_path / "aside").rename(inner)
    (project / ".git").rename(tmp_path / "aside")
    with pytest.raises(InvalidRequestError, match="no git repository"):
        taken(project, theirs)
    (project / ".git").write_text(f"gitdir: {other}/.git\n")
    with pytest.raises(InvalidRequestError, match="kept somewhere else"):
        taken(project, theirs)


def test_hostile_trees_come_to_nothing(project: Path) -> None:
    blob = git(project, "hash-object", "-w", "--stdin", told=b"hostile\n")
    good = f"100644 blob {blob}\tgood.txt\n"

    def commit_of(*entries: tuple[str, str, str]) -> str:
        tree = b"".join(
            f"{mode} {name}\0".encode() + bytes.fromhex(object_id)
            for mode, name, object_id in entries
        )
        tree_id = git(
            project, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", told=tree
        )
        return git(project, "commit-tree", tree_id, "-m", "hostile")

    inner = git(project, "mktree", told=good.encode())
    commit = commit_of(
        ("100644", "..", blob),
        ("40000", ".git", inner),
        ("120000", "a", blob),
        ("40000", "a", inner),
        ("100644", "b\nc", blob),
        ("100644", "good.txt", blob),
        ("100644", "good.txt", blob),
    )
    found, _ = taken(project, commit)
    assert found == {"good.txt": b"hostile\n"}
    # Ten folders that all are the same one, ten times over, are ten thousand million files.
    for _ in range(10):
        told = "".join(f"040000 tree {inner}\tf{number}\n" for number in range(10))
        inner = git(project, "mktree", told=told.encode())
    bomb = git(project, "commit-tree", inner, "-m", "bomb")
    with pytest.raises(InvalidRequestError, match="more than 500000 files"):
        taken(project, bomb)


def test_what_does_not_fit_is_told_before_it_is_read(project: Path) -> None:
    (project / "zeros").write_bytes(bytes(3_000_000))
    commit = commit_all(project)
    with pytest.raises(DoesNotFitError, match="a sandbox has room for 1 MB"):
        taken(project, commit, limits=Limits(disk_bytes=1_000_000))
    found, _ = taken(
        project,
        commit,
        limits=Limits(disk_bytes=1_000_000),
        may_read=lambda path: path != "zeros",
    )
    assert "zeros" not in found


async def test_a_run_on_a_commit_says_which_and_gets_what_its_person_may_read(
    house: House,
) -> None:
    root = house.root
    git(root, "init", "-q", "-b", "main")
    (root / "open" / "hello.py").write_text("print('then')\n")
    (root / "open" / "gone.txt").write_text("gone\n")
    commit = commit_all(root)
    git(root, "tag", "v1")
    (root / "open" / "hello.py").write_text("print('now')\n")
    (root / "open" / "gone.txt").unlink()
    code, run = await start(house, "ada", file="open/hello.py", ref="v1")
    assert (code, run["ref"], run["commit"]) == (201, "v1", "")
    ended, text = await watch(house, "ada", run["id"])
    assert (text, ended["commit"], ended["ref"]) == ("then\n", commit, "v1")
    _, run = await start(house, "ada", file="open/hello.py")
    ended, text = await watch(house, "ada", run["id"])
    assert (text, ended["commit"]) == ("now\n", "")

    # Who may read a folder, and lines of a file elsewhere, gets the folder of then.
    await house.grant("ranger", "runner", "open")
    command = "cd ..; find . -type f | sort; ls -a"
    _, run = await start(house, "ranger", command=command, folder="open", ref="main")
    ended, text = await watch(house, "ranger", run["id"])
    assert text.split() == ["./open/gone.txt", "./open/hello.py", ".", "..", "open"]
    told = {one["path"]: one["why"] for one in ended["left_out"]}
    assert told.pop("desk/long.py") == "only a part of it may be read."
    assert all(path.startswith("open/") for path in told)
    assert SECRET not in str(told)
    for ref in ("../main", "-x", "--output=x", "a b", "", 3, "x" * 300):
        code, answer = await start(house, "ada", command="true", ref=ref)
        assert (code, answer["code"]) == (400, "invalid_request"), ref
    _, run = await start(house, "ada", command="true", ref="no-such")
    ended, _ = await watch(house, "ada", run["id"])
    assert ended["state"] == "failed"
    assert ended["sentence"] == "The project's git repository has no commit 'no-such'."
