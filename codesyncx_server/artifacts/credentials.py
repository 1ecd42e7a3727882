"""The key to an artifact store, read from a file as the AWS tools have it."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = "default"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key; empty where the environment or the machine itself has it."""

    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


def read_credentials(path: str) -> Credentials:
    """Read the `[default]` key of a file like `~/.aws/credentials`; no key without a path.

    ValueError, which never has anything of the file's content in it.
    """
    if not path:
        return Credentials()
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(Path(path).expanduser().read_text())
        section = parser[_SECTION]
        key, secret = section["aws_access_key_id"], section["aws_secret_access_key"]
    except OSError as error:
        raise ValueError(f"it can't be read: {error.strerror}") from error
    except (KeyError, ValueError, ConfigError):
        raise ValueError(
            f"{path} has to say aws_access_key_id and aws_secret_access_key below [{_SECTION}]."
        ) from None
    return Credentials(key, secret, section.get("aws_session_token", ""))
