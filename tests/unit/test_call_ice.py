from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest

from codesyncx_server.calls.ice import PASSWORD_LIFETIME_S, IceSettings, read_secret

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "north"
URLS = ["turn:turn.example.org:3478", "turns:turn.example.org:5349?transport=tcp"]


def test_nothing_is_configured_by_default() -> None:
    assert IceSettings().servers_for("ada", 1000) == []


def test_a_password_is_what_the_shared_secret_makes_of_the_name() -> None:
    fixed = {"urls": "stun:stun.example.org"}
    settings = IceSettings([fixed], URLS, SECRET)
    first, turn = settings.servers_for("ada", 1000.7)
    assert first == fixed
    assert turn["urls"] == URLS
    expiry, _, name = turn["username"].partition(":")
    assert int(expiry) == 1000 + PASSWORD_LIFETIME_S
    digest = hmac.new(SECRET.encode(), turn["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(turn["credential"]) == digest
    # The TURN server can tell people apart, and not who they are.
    assert "ada" not in name
    assert settings.servers_for("ada", 2000)[1]["username"].endswith(name)
    assert not settings.servers_for("ben", 2000)[1]["username"].endswith(name)


def test_the_secret_is_not_shown() -> None:
    settings = IceSettings((), URLS, SECRET)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.servers_for("ada", 0))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"turn_urls": URLS}, "go together"),
        ({"turn_secret": SECRET}, "go together"),
        ({"turn_urls": ["turn.example.org"], "turn_secret": SECRET}, "call_turn_urls"),
        ({"fixed": [{"urls": ["https://x"]}]}, "call_ice_servers"),
        ({"fixed": [{"urls": [7]}]}, "call_ice_servers"),
        ({"fixed": [{"url": "turn:x"}]}, "urls, username and credential"),
    ],
)
def test_what_a_browser_would_refuse_is_refused_at_the_start(
    settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        IceSettings(**settings)


def test_the_secret_is_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert read_secret("") == ""
    with pytest.raises(ValueError, match="can't be read"):
        read_secret(str(file))
    file.write_text("\n")
    with pytest.raises(ValueError, match="is empty"):
        read_secret(str(file))
    file.write_text(f"{SECRET}\n")
    assert read_secret(str(file)) == SECRET
