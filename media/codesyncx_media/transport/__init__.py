"""Connections to browsers: one UDP port for all of a worker's, ICE, DTLS and SRTP.

Nothing that isn't authenticated gets further than a look at its first bytes.
"""

from __future__ import annotations

from .connection import Connection, ConnectionState, Receiver
from .port import UdpPort

__all__ = ["Connection", "ConnectionState", "Receiver", "UdpPort"]
