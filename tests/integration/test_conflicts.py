"""What CodeSyncX says to extensions that would take its documents."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.servers import REPOSITORY, LabServer, ServerDiedError

if TYPE_CHECKING:
    from pathlib import Path

RIVAL = "jupyter-server-documents==0.3.3"


def test_beside_jupyter_server_documents_the_server_does_not_start(tmp_path: Path) -> None:
    folder = tmp_path / "rival"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, RIVAL],
        check=True,
    )
    env = {
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "binder"), str(folder)]),
        "JUPYTER_CONFIG_PATH": str(folder / "etc" / "jupyter"),
    }
    server = LabServer(tmp_path, env=env)
    with pytest.raises(ServerDiedError, match="ended with 1"):
        server.start()
    lines = [line for line in server.text().splitlines() if "can't run beside" in line]
    assert len(lines) == 1
    assert "jupyter server extension disable jupyter_server_documents" in lines[0]
    assert "Traceback" not in server.text()

    with LabServer(tmp_path):
        pass  # without it, all is well
