"""`python -m codesyncx_media`: a media process, for its parent to talk to (see `worker`)."""

from __future__ import annotations

import asyncio
import logging
import sys


def _run() -> None:
    # Where it is installed, jsonschema has it build a grammar of addresses, which keeps the first
    # person who joins waiting for over a second; no message of ours has a format that it checks.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment] # None: "not there"
    from .worker import main  # noqa: PLC0415 (after the line above)

    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(main())


if __name__ == "__main__":
    _run()
