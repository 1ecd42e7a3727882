"""The way to one client, as an outbox needs to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .private_aiortc import SrtpKeys


class Way:
    """Where a client is reached and with which keys; without one of them nothing is sent.

    `sent` counts packets, `refused` those that couldn't be encrypted.
    """

    __slots__ = ("handle", "keys", "refused", "sent", "target")

    def __init__(self) -> None:
        self.target: Any = None
        self.keys: SrtpKeys | None = None
        self.handle: Any = None
        self.sent = 0
        self.refused = 0

    def lead_to(self, target: Any) -> None:
        """Have packets sent to what the socket calls an address."""
        self.target = target

    def encrypt_with(self, keys: SrtpKeys | None) -> None:
        """Have packets encrypted with other keys; None sends no more."""
        self.keys = keys
        self.handle = None if keys is None else keys.handle
