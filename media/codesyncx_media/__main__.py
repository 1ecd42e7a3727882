"""`python -m codesyncx_media`: a media process, for its parent to talk to (see `worker`)."""

from __future__ import annotations

import asyncio
import logging

from .worker import main

if __name__ == "__main__":
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(main())
