"""What a session description says, as far as calls need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ..errors import NotNegotiableError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Direction(StrEnum):
    """Which way media flows, as the description's author sees it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the author wants to send."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def reversed(self) -> Direction:
        """The same, as the other side sees it."""
        return _REVERSED[self]


_REVERSED = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}


class Setup(StrEnum):
    """Who begins the DTLS handshake (RFC 5763)."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


class IceCredentials(NamedTuple):
    """Name and password of one side's connectivity checks."""

    ufrag: str
    pwd: str


class Fingerprint(NamedTuple):
    """The digest of a certificate: `sha-256` and upper-case pairs with colons."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type; `name` is in lower case, `format` the text of its fmtp line."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    format: str = ""
    feedback: frozenset[str] = frozenset()

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the format says, by lower-case name."""
        pairs = (part.partition("=") for part in self.format.split(";"))
        return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


@dataclass(frozen=True, slots=True)
class Extension:
    """A header extension and the number that it has in this connection (RFC 8285)."""

    id: int
    uri: str
    direction: Direction = Direction.SENDRECV


@dataclass(frozen=True, slots=True)
class Media:
    """One m-line with its attributes. `repairs` maps an SSRC to that of its retransmissions."""

    kind: str
    protocol: str
    formats: str
    is_rejected: bool
    mid: str
    direction: Direction
    codecs: tuple[Codec, ...] = ()
    extensions: tuple[Extension, ...] = ()
    rids: tuple[str, ...] = ()
    ssrcs: tuple[int, ...] = ()
    repairs: Mapping[int, int] = field(default_factory=dict)
    ice: IceCredentials | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    setup: Setup | None = None
    has_rtcp_mux: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """A whole session description."""

    media: tuple[Media, ...]
    bundle: tuple[str, ...]
    allows_mixed_extensions: bool


class RemoteTransport(NamedTuple):
    """What a description says of the one connection that all its media share."""

    ice: IceCredentials
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup


def bundled_transport(description: Description) -> RemoteTransport:
    """Give the connection of all the media; NotNegotiableError when there isn't exactly one."""
    used = [media for media in description.media if not media.is_rejected]
    if not used:
        raise NotNegotiableError("The description has no media that is used.")
    if any(media.mid not in description.bundle for media in used):
        raise NotNegotiableError("All media has to share one connection (BUNDLE).")
    first = next(media for media in used if media.mid == _first_of(description, used))
    if first.ice is None:
        raise NotNegotiableError("The description has no ICE credentials.")
    if not first.fingerprints:
        raise NotNegotiableError("The description has no SHA-2 fingerprint of a certificate.")
    if first.setup is None:
        raise NotNegotiableError("The description doesn't say who begins the DTLS handshake.")
    if any(not media.has_rtcp_mux for media in used if media.kind != "application"):
        raise NotNegotiableError("RTP and RTCP have to share one port (rtcp-mux).")
    return RemoteTransport(first.ice, first.fingerprints, first.setup)


def _first_of(description: Description, used: list[Media]) -> str:
    """Give the mid whose m-line speaks for the group (RFC 9143, section 7.2)."""
    mids = {media.mid for media in used}
    return next(mid for mid in description.bundle if mid in mids)
