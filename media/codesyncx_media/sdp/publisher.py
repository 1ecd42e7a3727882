"""The connection on which a client offers what it publishes, and the server's answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import NotNegotiableError
from ..rtp.extensions import DEPENDENCY_DESCRIPTOR
from .description import Codec, Direction, Extension, Media, Setup, bundled_transport
from .formats import PUBLISHER_EXTENSIONS, canonical
from .local import LocalTransport, codec_lines, extension_lines, joined, session_lines
from .parser import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .description import Description, RemoteTransport

MAX_MEDIA = 32
"""More than one person may publish at once, with room for m-lines that have ended."""
_RTP = "UDP/TLS/RTP/SAVPF"


@dataclass(frozen=True, slots=True)
class PublishedMedia:
    """One m-line that was accepted: what will come on it, and how it will be numbered.

    `rids` are its simulcast layers, the smallest first by custom; empty for one that isn't layered.
    `subscriber_payload_types` maps each payload type to the one that subscribers get.
    `repairs` maps an SSRC to that of its retransmissions, where the offer names them.
    """

    mid: str
    kind: str
    codec: str
    codecs: tuple[Codec, ...]
    subscriber_payload_types: Mapping[int, int]
    extensions: tuple[Extension, ...]
    rids: tuple[str, ...]
    ssrcs: tuple[int, ...]
    repairs: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to send, with what it promises; `remote` is the client's end."""

    text: str
    media: tuple[PublishedMedia, ...]
    remote: RemoteTransport


Check = Callable[[tuple[PublishedMedia, ...]], None]


def _allow_all(_media: tuple[PublishedMedia, ...]) -> None:
    """Find nothing wrong."""


class PublisherSession:
    """Answers the offers of one connection: the first, and later ones that add or end media."""

    def __init__(self, local: LocalTransport, session_id: int, *, with_red: bool = False) -> None:
        """Answer for `local`; `with_red` takes sound with redundancy (RFC 2198) when offered."""
        self._local = local
        self._session_id = session_id
        self._with_red = with_red
        self._version = 0
        self._remote: RemoteTransport | None = None
        self._mids: tuple[str, ...] = ()

    def answer(self, offer: str, check: Check = _allow_all) -> Answer:
        """Answer an offer, once `check` has seen what it would publish.

        NotNegotiableError, and what `check` raises, leave the session as it was.
        """
        description = parse(offer, most_media=MAX_MEDIA)
        remote = bundled_transport(description)
        self._check_continuity(description, remote)
        # The client begins the handshake, as soon as its checks have come through.
        if remote.setup is Setup.PASSIVE:
            raise NotNegotiableError("The client has to begin the DTLS handshake.")
        accepted = {m.mid: found for m in description.media if (found := self._accept(m))}
        if not accepted:
            raise NotNegotiableError("Nothing of what is offered can be carried in a call.")
        media = tuple(accepted.values())
        check(media)
        self._remote = remote
        self._mids = tuple(media.mid for media in description.media)
        self._version += 1
        return Answer(self._write(description, accepted), media, remote)

    def _check_continuity(self, description: Description, remote: RemoteTransport) -> None:
        if self._remote is None:
            return
        if (remote.ice, remote.fingerprints) != (self._remote.ice, self._remote.fingerprints):
            raise NotNegotiableError("This connection can't change its ends; start a new one.")
        if len(description.media) < len(self._mids):
            raise NotNegotiableError("An offer can't have fewer m-lines than the one before.")

    def _accept(self, media: Media) -> PublishedMedia | None:
        if media.is_rejected or not media.direction.sends or media.protocol != _RTP:
            return None
        ours = [(codec, canonical(codec, media.kind)) for codec in media.codecs]
        # The first in the client's order: it knows what its machine encodes well.
        chosen = next(((c, to) for c, to in ours if to is not None and c.name != "red"), None)
        if chosen is None:
            return None
        codec, as_sent = chosen
        numbers = {codec.payload_type: as_sent.payload_type}
        codecs = [replace(codec, feedback=codec.feedback & as_sent.feedback)]
        red = self._red(media, codec) if self._with_red else None
        if red is not None:
            numbers[red[0].payload_type] = red[1].payload_type
            codecs.insert(0, red[0])
        repair = _repair(media, codec)
        if repair is not None:
            codecs.append(repair)
        return PublishedMedia(
            mid=media.mid,
            kind=media.kind,
            codec=codec.name,
            codecs=tuple(codecs),
            subscriber_payload_types=numbers,
            extensions=_extensions(media, codec.name),
            rids=media.rids if len(media.rids) > 1 else (),
            ssrcs=media.ssrcs,
            repairs=media.repairs,
        )

    def _red(self, media: Media, opus: Codec) -> tuple[Codec, Codec] | None:
        for codec in media.codecs:
            to = canonical(codec, media.kind)
            if codec.name == "red" and to is not None:
                levels = codec.format.split("/")
                if all(level == str(opus.payload_type) for level in levels):
                    return codec, to
        return None

    def _write(self, description: Description, accepted: dict[str, PublishedMedia]) -> str:
        lines = session_lines(
            session_id=self._session_id, version=self._version, bundle=list(accepted)
        )
        for media in description.media:
            found = accepted.get(media.mid)
            lines += _rejected(media) if found is None else self._accepted(media, found)
        return joined(lines)

    def _accepted(self, media: Media, found: PublishedMedia) -> list[str]:
        numbers = " ".join(str(codec.payload_type) for codec in found.codecs)
        lines = [
            f"m={media.kind} 9 {_RTP} {numbers}",
            "c=IN IP4 0.0.0.0",
            *self._local.lines(Setup.PASSIVE),
            f"a=mid:{media.mid}",
            f"a={Direction.RECVONLY}",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            *codec_lines(found.codecs),
            *extension_lines(
                replace(each, direction=each.direction.reversed) for each in found.extensions
            ),
        ]
        if found.rids:
            lines += [f"a=rid:{rid} recv" for rid in found.rids]
            lines.append(f"a=simulcast:recv {';'.join(found.rids)}")
        return lines


def _repair(media: Media, codec: Codec) -> Codec | None:
    for other in media.codecs:
        if other.name == "rtx" and other.parameters.get("apt") == str(codec.payload_type):
            return other
    return None


def _extensions(media: Media, codec: str) -> tuple[Extension, ...]:
    wanted = PUBLISHER_EXTENSIONS[media.kind]
    if codec != "av1":
        # Without it an AV1 key frame can't be told; the other codecs say so themselves.
        wanted = wanted - {DEPENDENCY_DESCRIPTOR}
    return tuple(each for each in media.extensions if each.uri in wanted and each.direction.sends)


def _rejected(media: Media) -> list[str]:
    return [
        f"m={media.kind} 0 {media.protocol} {media.formats}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{media.mid}",
        f"a={Direction.INACTIVE}",
    ]
