"""Session descriptions (RFC 8866, RFC 8829): what browsers offer and answer, and what we do.

Each client has two connections, so that two offers never meet: on one it offers what it
publishes (`PublisherSession`), on the other the server offers what it may see and hear
(`SubscriberSession`). Text goes in and comes out; there are no sockets here.
"""

from __future__ import annotations

from .description import Fingerprint, IceCredentials
from .local import LocalTransport
from .publisher import PublishedMedia, PublisherSession
from .subscriber import OutgoingStream, SubscribedMedia, SubscriberSession

__all__ = [
    "Fingerprint",
    "IceCredentials",
    "LocalTransport",
    "OutgoingStream",
    "PublishedMedia",
    "PublisherSession",
    "SubscribedMedia",
    "SubscriberSession",
]
