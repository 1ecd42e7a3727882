from __future__ import annotations

import inspect
from dataclasses import fields

import pytest
from support.servers import REPOSITORY

from codesyncx_media import errors
from codesyncx_media.rooms.events import EVENTS
from codesyncx_media.signalling.media_messages import MEDIA_CLIENT_MESSAGES, MEDIA_SERVER_MESSAGES
from codesyncx_media.signalling.messages import CLIENT_MESSAGES, SERVER_MESSAGES
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


def test_every_message_of_a_media_socket_is_told_with_its_fields() -> None:
    text = (REPOSITORY / "docs" / "calls-media-socket.md").read_text()
    rows = [
        line for line in text.splitlines() if line.startswith(("| client", "| server", "| both"))
    ]
    assert {row.split("`")[1] for row in rows} == {*MEDIA_CLIENT_MESSAGES, *MEDIA_SERVER_MESSAGES}
    for name, schema in MEDIA_CLIENT_MESSAGES.items():
        row = next(row for row in rows if f"`{name}`" in row)
        assert all(f"`{field}`" in row for field in set(schema["properties"]) - {"type"})


def test_every_message_is_told_with_its_fields() -> None:
    text = (REPOSITORY / "docs" / "calls-protocol.md").read_text()
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    wanted: dict[str, set[str]] = {
        name: set(schema["properties"]) - {"type", "id"} for name, schema in CLIENT_MESSAGES.items()
    }
    wanted |= {event.type: {field.name for field in fields(event)} for event in EVENTS}
    wanted |= {name: set() for name in SERVER_MESSAGES}
    assert set(rows) == set(wanted)
    missing = {
        (name, field)
        for name, row in rows.items()
        for field in wanted[name]
        if f"`{field}`" not in row
    }
    assert missing == set()
