"""A server with all the extensions that people usually have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import (
    server_config,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)
