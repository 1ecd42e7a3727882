"""The secret that people's cookies are signed with: kept, so that a restart signs nobody out."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_BYTES = 32


def cookie_secret(path: str) -> bytes:
    """Read the secret in a file, which is made if it isn't there; OSError if it can't be.

    ValueError for a file that others may read, or that holds something else.
    """
    file = Path(path)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if file.stat().st_mode & 0o077:
            raise ValueError(f"{file} may be read by others; take that from them.") from None
    else:
        with os.fdopen(handle, "w") as new:
            new.write(secrets.token_hex(_BYTES))
    secret = bytes.fromhex(file.read_text().strip())
    if len(secret) < _BYTES:
        raise ValueError(f"{file} holds no secret; delete it, and a new one is made.")
    return secret
