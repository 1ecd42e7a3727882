"""One person's connection to a call: its signalling and its two media connections."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Protocol

from .rooms import TrackKind
from .sdp import LocalTransport, OutgoingStream, PublisherSession, SubscriberSession
from .transport import Connection, ConnectionState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesyncx_server.errors import CodeSyncXError

    from .forwarding import Forwarding
    from .rooms.people import Track
    from .transport import UdpPort

_SSRC_BITS = 32
_SESSION_BITS = 62


class Outlet(Protocol):
    """The way back to one browser."""

    def send(self, text: str) -> None:
        """Send a message, if the browser is still there."""

    def refuse(self, error: CodeSyncXError) -> None:
        """Close the connection, saying why."""


class _Ear:
    """Hears one connection on behalf of its participant."""

    def __init__(
        self,
        receive_rtp: Callable[[bytes, float], None],
        receive_rtcp: Callable[[bytes, float], None],
        lost: Callable[[], None],
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.receive_rtp = receive_rtp
        self.receive_rtcp = receive_rtcp
        self._lost = lost
        self._ready = ready

    def connection_changed(self, state: ConnectionState) -> None:
        if state is ConnectionState.CLOSED:
            self._lost()
        elif state is ConnectionState.CONNECTED:
            self._ready()


class Publishing:
    """What one person sends: the connection, its session, and the track of each mid."""

    def __init__(self, participant: Participant, lost: Callable[[], None]) -> None:
        forwarding, member_id = participant.forwarding, participant.id
        ear = _Ear(
            partial(forwarding.receive_rtp, member_id),
            partial(forwarding.receive_rtcp, member_id),
            lost,
        )
        self.number = participant.next_number()
        self.connection = participant.port.connect(ear)
        local = participant.local(self.connection)
        self.session = PublisherSession(local, secrets.randbits(_SESSION_BITS))
        self.tracks: dict[str, str] = {}
        """By mid."""


class Subscribing:
    """What one person gets: the connection, its session, and the tracks that are offered."""

    def __init__(self, participant: Participant, lost: Callable[[], None]) -> None:
        forwarding, member_id = participant.forwarding, participant.id
        ear = _Ear(
            lambda _packet, _now: None,  # nothing was asked for on this connection
            partial(forwarding.receive_feedback, member_id),
            lost,
            partial(forwarding.subscriber_ready, member_id),
        )
        self.number = participant.next_number()
        self.connection = participant.port.connect(ear)
        local = participant.local(self.connection)
        self.session = SubscriberSession(local, secrets.randbits(_SESSION_BITS))
        self.tracks: set[str] = set()
        self.unanswered = ""
        """The offer that waits for its answer, for a browser that may not have got it."""


class Participant:
    """A member of a call with what belongs to them alone."""

    def __init__(
        self,
        member_id: str,
        outlet: Outlet,
        *,
        port: UdpPort,
        addresses: Sequence[tuple[str, int]],
        forwarding: Forwarding,
    ) -> None:
        self.id = member_id
        self.outlet = outlet
        self.port = port
        self.forwarding = forwarding
        self.publishing: Publishing | None = None
        self.subscribing: Subscribing | None = None
        self.has_left = False
        self._addresses = addresses
        self._connections = 0

    def next_number(self) -> int:
        """Give a number to a media connection, so that both sides know which one they mean."""
        self._connections += 1
        return self._connections

    def local(self, connection: Connection) -> LocalTransport:
        """Give the server's side of a connection, for descriptions."""
        return LocalTransport(connection.ice, self.port.fingerprint, self._addresses)

    def close(self) -> None:
        """Close both connections for good."""
        self.has_left = True
        for side in (self.publishing, self.subscribing):
            if side is not None:
                side.connection.close()
        self.publishing = self.subscribing = None


def outgoing(sender_id: str, track: Track) -> OutgoingStream:
    """Describe a track to one subscriber: face and voice, screen and sound play in time."""
    is_screen = track.kind in (TrackKind.SCREEN, TrackKind.SCREEN_SOUND)
    return OutgoingStream(
        track_id=track.id,
        stream_id=f"{sender_id}-screen" if is_screen else sender_id,
        kind="video" if track.kind.is_video else "audio",
        ssrc=_new_ssrc(),
        repair_ssrc=_new_ssrc() if track.kind.is_video else None,
    )


def _new_ssrc() -> int:
    """Make an SSRC; among a connection's few hundred, two are the same once in millions."""
    return secrets.randbits(_SSRC_BITS - 1) + 1
