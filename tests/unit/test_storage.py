from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest

from codesyncx_server.errors import StorageError
from codesyncx_server.storage import project_data_dir

if TYPE_CHECKING:
    from pathlib import Path


def test_a_project_always_has_the_same_private_folder(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    link = tmp_path / "link"
    link.symlink_to(root)

    folder = project_data_dir(root, tmp_path / "data")

    assert folder == project_data_dir(str(link), str(tmp_path / "data"))
    assert folder.parent == tmp_path / "data" / "codesyncx"
    assert re.fullmatch(r"[0-9a-f]{16}", folder.name)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_projects_have_different_folders(tmp_path: Path) -> None:
    assert project_data_dir(tmp_path / "a", tmp_path) != project_data_dir(tmp_path / "b", tmp_path)


def test_the_default_is_jupyters_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    assert project_data_dir(tmp_path).is_relative_to(tmp_path / "jupyter" / "codesyncx")


def test_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = project_data_dir(tmp_path, tmp_path)
    folder.chmod(0o755)
    project_data_dir(tmp_path, tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_data_folder_that_cant_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "codesyncx").write_text("in the way")
    with pytest.raises(StorageError, match="can't use its data folder"):
        project_data_dir(tmp_path, tmp_path)
