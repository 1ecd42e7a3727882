"""The server's side of a connection, and the lines of a description that tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .formats import WIRE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .description import Codec, Extension, Fingerprint, IceCredentials, Setup

_HOST_PRIORITY = 2**24 * 126 + 2**8 * 65535 + 255
"""RFC 8445, section 5.1.2.1: a host candidate's, as a server with one address each has it."""


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Where one connection of the server is reached, and how it is known there."""

    ice: IceCredentials
    fingerprint: Fingerprint
    addresses: Sequence[tuple[str, int]]

    def lines(self, setup: Setup) -> list[str]:
        """Give the lines that tell of the connection, for each m-line."""
        return [
            *self._candidates(),
            "a=end-of-candidates",
            f"a=ice-ufrag:{self.ice.ufrag}",
            f"a=ice-pwd:{self.ice.pwd}",
            f"a=fingerprint:{self.fingerprint.algorithm} {self.fingerprint.value}",
            f"a=setup:{setup}",
        ]

    def _candidates(self) -> Iterable[str]:
        for number, (host, port) in enumerate(self.addresses):
            # Preferred in the order that the server's owner named them in.
            priority = _HOST_PRIORITY - number * 2**8
            yield f"a=candidate:{number + 1} 1 udp {priority} {host} {port} typ host"


def session_lines(*, session_id: int, version: int, bundle: Iterable[str]) -> list[str]:
    """Give the lines above the first m-line."""
    return [
        "v=0",
        f"o=- {session_id} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(bundle)}".rstrip(),
        "a=ice-lite",
        "a=extmap-allow-mixed",
    ]


def codec_lines(codecs: Iterable[Codec]) -> list[str]:
    """Give the lines that tell of codecs."""
    lines = []
    for codec in codecs:
        number = codec.payload_type
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        lines.append(f"a=rtpmap:{number} {WIRE_NAMES[codec.name]}/{codec.clock_rate}{channels}")
        if codec.format:
            lines.append(f"a=fmtp:{number} {codec.format}")
        lines += [f"a=rtcp-fb:{number} {feedback}" for feedback in sorted(codec.feedback)]
    return lines


def extension_lines(extensions: Iterable[Extension]) -> list[str]:
    """Give the lines that tell of header extensions."""
    lines = []
    for extension in extensions:
        direction = "" if extension.direction == "sendrecv" else f"/{extension.direction}"
        lines.append(f"a=extmap:{extension.id}{direction} {extension.uri}")
    return lines


def joined(lines: Iterable[str]) -> str:
    """Give the text of a description's lines."""
    return "".join(f"{line}\r\n" for line in lines)
