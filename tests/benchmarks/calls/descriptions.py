"""Session descriptions of the load: what it offers, and yes to all that is offered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.calls.wire import PASSWORD, UFRAG, fingerprint

from codesyncx_media.rtp.extensions import AUDIO_LEVEL, MID, TRANSPORT_SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

EXTENSION_IDS = {AUDIO_LEVEL: 1, TRANSPORT_SEQUENCE: 3, MID: 4}
_CODECS = {
    "audio": ("111", "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc"),
    "video": (
        "96 97",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
    ),
}
_KEPT = ("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:")


class Remote(NamedTuple):
    """The server's end of a connection."""

    address: tuple[str, int]
    ufrag: str
    password: str
    fingerprint: tuple[str, str]
    is_passive: bool
    """Whether it waits for the handshake to be begun."""


def remote_of(description: str) -> Remote:
    """Read the server's end from what it described."""

    def one(pattern: str) -> re.Match[str]:
        found = re.search(pattern, description, re.MULTILINE)
        if found is None:
            raise ValueError(f"the description lacks {pattern}")
        return found

    host, port = one(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host").groups()
    algorithm, value = one(r"^a=fingerprint:(\S+) (\S+)").groups()
    return Remote(
        (host, int(port)),
        one(r"^a=ice-ufrag:(\S+)")[1],
        one(r"^a=ice-pwd:(\S+)")[1],
        (algorithm, value),
        one(r"^a=setup:(\S+)")[1] != "active",
    )


def _session(mids: Sequence[str]) -> list[str]:
    return [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
    ]


def _transport(setup: str) -> list[str]:
    return [
        "c=IN IP4 0.0.0.0",
        f"a=ice-ufrag:{UFRAG}",
        f"a=ice-pwd:{PASSWORD}",
        f"a=fingerprint:{fingerprint()}",
        f"a=setup:{setup}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]


def offer(media: Sequence[tuple[str, int]]) -> str:
    """Offer media of a kind and SSRC each; their mids are their places."""
    lines = _session([str(place) for place in range(len(media))])
    for place, (kind, ssrc) in enumerate(media):
        numbers, *codecs = _CODECS[kind]
        wanted = {MID, TRANSPORT_SEQUENCE, *([AUDIO_LEVEL] if kind == "audio" else [])}
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}",
            *_transport("actpass"),
            f"a=mid:{place}",
            "a=sendonly",
            *codecs,
            *(f"a=extmap:{EXTENSION_IDS[uri]} {uri}" for uri in sorted(wanted)),
            f"a=msid:load{place} track{place}",
            f"a=ssrc:{ssrc} cname:load",
        ]
        if kind == "video":
            lines += [f"a=ssrc-group:FID {ssrc} {ssrc + 1}", f"a=ssrc:{ssrc + 1} cname:load"]
    return "".join(f"{line}\r\n" for line in lines)


def answer(offered: str) -> str:
    """Take all that is offered."""
    sections = re.split(r"(?m)^(?=m=)", offered)[1:]
    mids = re.findall(r"(?m)^a=mid:(\S+)", offered)
    lines = _session(mids)
    for section in sections:
        first, *rest = section.splitlines()
        kept = [line for line in rest if line.startswith(_KEPT)]
        direction = "inactive" if "a=inactive" in rest else "recvonly"
        lines += [first, *_transport("active"), f"a={direction}", *kept]
    return "".join(f"{line}\r\n" for line in lines)
