"""`python -m codesyncx_media.recording`: a recorder, for its parent to talk to (see `process`)."""

from __future__ import annotations

from .process import main

if __name__ == "__main__":
    main()
