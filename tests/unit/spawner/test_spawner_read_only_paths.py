from __future__ import annotations

import pytest
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.bubblewrap_command import source_and_place
from traitlets import TraitError


def test_a_folder_is_where_it_is_or_where_it_is_told_to_be() -> None:
    assert source_and_place("/opt/conda") == ("/opt/conda", "/opt/conda")
    assert source_and_place("/home/class/conda:/opt/conda") == ("/home/class/conda", "/opt/conda")


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/tmp/venv", r"/tmp/venv can't be seen .* as in \"/tmp/venv:/opt/venv\""),  # noqa: S108
        ("/work/venv", "its own /work, /tmp, /dev/shm"),
        ("/opt/venv:/proc/venv", "/proc/venv can't be seen"),
        ("venv", "by its whole path"),
        ("/opt/venv:venv", "by its whole path"),
    ],
)
def test_what_no_sandbox_could_show_is_told_at_once(path: str, complaint: str) -> None:
    with pytest.raises(TraitError, match=complaint):
        BubblewrapBackend(read_only_paths=[path])
