from __future__ import annotations

import inspect

import pytest
from support.servers import REPOSITORY

from codesyncx_media import errors
from codesyncx_server.errors import CodeSyncXError

OURS = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, CodeSyncXError) and error.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.code)
def test_every_error_of_calls_is_told_with_its_status_and_close_code(
    error: type[CodeSyncXError],
) -> None:
    line = f"| `{error.code}` | {error.http_status} | {error.close_code} |"
    assert line in (REPOSITORY / "docs" / "reference.md").read_text()
