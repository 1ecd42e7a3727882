"""How browsers and a call talk about it: JSON messages over a WebSocket (see the docs)."""

from __future__ import annotations
