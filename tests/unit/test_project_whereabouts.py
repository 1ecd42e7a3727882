"""What moved while nobody looked is found where it surely is, and nowhere else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from codesyncx_server.project.scan import Ignore, Scanner
from codesyncx_server.project.whereabouts import Whereabouts

if TYPE_CHECKING:
    from pathlib import Path


class Project:
    """Files on the disk, of which some places are kept in mind."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.file = folder / "whereabouts.json"
        for name in ("vault/exam.py", "vault/key.py", "open/a.py", "open/b.py"):
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(f"{name}\n")

    def path(self, name: str) -> Path:
        return self.root / name

    def note(self, *places: str) -> None:
        Whereabouts(self.file, lambda path: str(self.root / path)).note(places)

    def moved(self) -> list[tuple[str | None, str]]:
        looks = Scanner(self.root, Ignore()).look_everywhere()
        found = Whereabouts(self.file, lambda path: str(self.root / path)).moved(looks)
        return [(change.old_path, change.path) for change in found]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_file_and_a_folder_are_found_where_they_went(project: Project) -> None:
    project.note("vault", "open/a.py")
    assert project.moved() == []
    project.path("vault").rename(project.path("answers"))
    project.path("open/a.py").rename(project.path("c.py"))
    # What is at the old path now is something else.
    project.path("open/a.py").write_text("another\n")
    assert sorted(project.moved()) == [("open/a.py", "c.py"), ("vault", "answers")]


def test_what_lies_deeper_in_something_that_moved_is_found_there(project: Project) -> None:
    project.note("vault/exam.py")
    project.path("vault").rename(project.path("open/answers"))
    assert project.moved() == [("vault/exam.py", "open/answers/exam.py")]


def test_what_isnt_sure_stays(project: Project) -> None:
    project.path("empty").mkdir()
    project.note("vault/exam.py", "open/a.py", "open/b.py", "empty")
    project.path("vault/exam.py").rename(project.path("changed.py"))
    project.path("changed.py").write_text("more of it\n")
    shutil.copy2(project.path("open/a.py"), project.path("copy.py"))
    project.path("open/a.py").unlink()
    project.path("open/b.py").unlink()
    project.path("empty").rename(project.path("another"))
    assert project.moved() == []


def test_places_that_changed_hands_are_told_in_an_order_that_keeps_them_apart(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.note("open/a.py", "open/b.py")
    project.path("open/b.py").rename(project.path("open/c.py"))
    project.path("open/a.py").rename(project.path("open/b.py"))
    assert project.moved() == [("open/b.py", "open/c.py"), ("open/a.py", "open/b.py")]
    project.note("open/b.py", "open/c.py")
    project.path("open/b.py").rename(project.path("open/x.py"))
    project.path("open/c.py").rename(project.path("open/b.py"))
    project.path("open/x.py").rename(project.path("open/c.py"))
    assert project.moved() == []
    assert "look at their grants: open/b.py, open/c.py" in caplog.text


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": [1]}', "\x00"])
def test_a_damaged_memory_is_none(project: Project, content: str) -> None:
    project.file.write_text(content)
    assert project.moved() == []
