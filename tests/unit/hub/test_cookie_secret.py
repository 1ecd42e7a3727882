from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesyncx_hub.projects.cookie_secret import cookie_secret

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_made_once_and_for_one_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    first = cookie_secret(str(file))
    assert len(first) == 32
    assert cookie_secret(str(file)) == first
    assert cookie_secret(str(tmp_path / "another")) != first
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "00", "no secret"])
def test_something_else_is_no_secret(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ValueError):  # noqa: PT011 - bytes.fromhex says some of it
        cookie_secret(str(file))


def test_one_that_others_may_read_is_none(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    cookie_secret(str(file))
    file.chmod(0o644)
    with pytest.raises(ValueError, match="may be read by others"):
        cookie_secret(str(file))
