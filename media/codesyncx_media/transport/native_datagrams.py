"""The batched socket, encrypting, decrypting and numbering on in C, with `codesyncx-media-native`.

It is built from `media/native`, and does what `outbox`, `way`, `private_aiortc.Decryption` and
`rtp.lane` do, byte for byte.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from ..rtp.lane import LaneKinds
from .batched_datagrams import BatchedSocket, works_here
from .outbox import MAX_PACKET
from .private_aiortc import address_of_protect, addresses_of_unprotect


@cache
def _native() -> Any:
    return importlib.import_module("codesyncx_media_native")


def is_installed() -> bool:
    """Whether the package is here, for this system and Python."""
    if not works_here():
        return False
    try:
        _native()
    except ImportError:
        return False
    return True


class NativeSocket(BatchedSocket):
    """Datagrams by the batch, numbered on and encrypted in C."""

    path = "native"

    @property
    def lanes(self) -> LaneKinds:
        """The kinds of lanes that its outbox takes packets of."""
        return LaneKinds(_native().Lane, _native().SendLog)

    def new_way(self) -> Any:
        """Begin the way to a client."""
        return _native().Way()

    def target(self, address: tuple[str, int]) -> Any:
        """Give an address as the system has it: who sends there keeps a copy."""
        return self._packed(address)

    def close(self) -> None:
        """Close the socket."""
        super().close()
        outbox: Any = self.outbox
        outbox.close()  # the socket's number may soon be another's

    def _new_outbox(self) -> Any:
        return _native().Outbox(self._fd, address_of_protect(), MAX_PACKET, self._wake)

    def _new_decryption(self) -> Any:
        return _native().Decryption(*addresses_of_unprotect())
