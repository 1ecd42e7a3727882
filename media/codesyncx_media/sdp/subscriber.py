"""The connection on which the server offers what a client may see and hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesyncx_server.errors import ExistsError

from ..errors import NotNegotiableError, TooManyError
from ..rtp.extensions import DEPENDENCY_DESCRIPTOR, SUBSCRIBER_IDS
from .description import Codec, Direction, Media, Setup, bundled_transport
from .formats import REPAIRS, SOUND, SUBSCRIBER_EXTENSIONS, VIDEO
from .local import LocalTransport, codec_lines, extension_lines, joined, session_lines
from .parser import parse

if TYPE_CHECKING:
    from .description import Description, RemoteTransport

_DESCRIPTOR = (DEPENDENCY_DESCRIPTOR, SUBSCRIBER_IDS[DEPENDENCY_DESCRIPTOR])
MAX_MEDIA = 250
"""How many m-lines one subscriber's connection grows to; browsers become slow beyond."""


@dataclass(frozen=True, slots=True)
class OutgoingStream:
    """A track as one subscriber gets it.

    `stream_id` is shared by what is to be played in time with each other: a face and its voice.
    """

    track_id: str
    stream_id: str
    kind: str
    ssrc: int
    repair_ssrc: int | None = None


@dataclass(slots=True)
class _Line:
    """One m-line. When its track ends another of the same kind takes its place."""

    mid: str
    kind: str
    stream: OutgoingStream | None


@dataclass(frozen=True, slots=True)
class SubscribedMedia:
    """A track that the client has agreed to get; `codecs` are the names of what it decodes.

    `takes_descriptors` says that it agreed on the dependency descriptors of AV1.
    """

    stream: OutgoingStream
    mid: str
    codecs: frozenset[str]
    has_repair: bool
    takes_descriptors: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """What an answer agreed to; `remote` is the client's end."""

    media: tuple[SubscribedMedia, ...]
    remote: RemoteTransport


class SubscriberSession:
    """Makes the offers of one connection and reads their answers, one after the other."""

    def __init__(self, local: LocalTransport, session_id: int) -> None:
        self._local = local
        self._session_id = session_id
        self._version = 0
        self._lines: list[_Line] = []
        self._offered: list[OutgoingStream | None] | None = None
        self._remote: RemoteTransport | None = None
        self._changed = False

    @property
    def needs_offer(self) -> bool:
        """Whether something changed since the last offer, and no answer is waited for."""
        return self._changed and self._offered is None

    def add(self, stream: OutgoingStream) -> None:
        """Take a track into the next offer."""
        free = None
        for line in self._lines:
            if line.stream is not None and line.stream.track_id == stream.track_id:
                raise ExistsError(f"The track {stream.track_id!r} is offered already.")
            if line.stream is None and line.kind == stream.kind and free is None:
                free = line
        if free is not None:
            free.stream = stream
        elif len(self._lines) < MAX_MEDIA:
            self._lines.append(_Line(str(len(self._lines)), stream.kind, stream))
        else:
            raise TooManyError(f"One connection carries at most {MAX_MEDIA} tracks.")
        self._changed = True

    def remove(self, track_id: str) -> None:
        """Leave a track out of the next offer; one that isn't in it is no matter."""
        for line in self._lines:
            if line.stream is not None and line.stream.track_id == track_id:
                line.stream = None
                self._changed = True

    def mids(self) -> dict[str, str]:
        """Give the mid of each track, by track id."""
        return {line.stream.track_id: line.mid for line in self._lines if line.stream is not None}

    def offer(self) -> str:
        """Give the next offer; RuntimeError while the one before has no answer."""
        if self._offered is not None:
            raise RuntimeError("an offer waits for its answer")
        self._version += 1
        self._offered = [line.stream for line in self._lines]
        self._changed = False
        lines = session_lines(
            session_id=self._session_id,
            version=self._version,
            bundle=[line.mid for line in self._lines],
        )
        for line in self._lines:
            lines += self._write(line)
        return joined(lines)

    def answered(self, answer: str) -> Agreement:
        """Read the answer to the last offer. After NotNegotiableError it is still waited for."""
        if self._offered is None:
            raise NotNegotiableError("There is an answer, but nothing was offered.")
        description = parse(answer, most_media=len(self._offered))
        self._check_lines(description)
        remote = bundled_transport(description)
        if self._remote is not None and (
            (remote.ice, remote.fingerprints) != (self._remote.ice, self._remote.fingerprints)
        ):
            raise NotNegotiableError("This connection can't change its ends; start a new one.")
        if remote.setup is not Setup.ACTIVE:
            raise NotNegotiableError("The client has to begin the DTLS handshake.")
        pairs = zip(self._offered, description.media, strict=True)
        agreed = [_agreed(stream, media) for stream, media in pairs if stream is not None]
        self._offered, self._remote = None, remote
        return Agreement(tuple(media for media in agreed if media is not None), remote)

    def _check_lines(self, description: Description) -> None:
        offered = [(line.mid, line.kind) for line in self._lines[: len(self._offered or ())]]
        if [(media.mid, media.kind) for media in description.media] != offered:
            raise NotNegotiableError("The answer's m-lines aren't those of the offer.")

    def _write(self, line: _Line) -> list[str]:
        codecs = _codecs(line.kind)
        numbers = " ".join(str(codec.payload_type) for codec in codecs)
        stream = line.stream
        return [
            f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {numbers}",
            "c=IN IP4 0.0.0.0",
            *self._local.lines(Setup.ACTPASS),
            f"a=mid:{line.mid}",
            f"a={Direction.INACTIVE if stream is None else Direction.SENDONLY}",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            *codec_lines(codecs),
            *extension_lines(SUBSCRIBER_EXTENSIONS[line.kind]),
            *([] if stream is None else _stream_lines(stream)),
        ]


def _codecs(kind: str) -> list[Codec]:
    if kind == "audio":
        return list(SOUND)
    return [codec for video in VIDEO for codec in (video, REPAIRS[video.name])]


def _stream_lines(stream: OutgoingStream) -> list[str]:
    lines = [f"a=msid:{stream.stream_id} {stream.track_id}"]
    ssrcs = [stream.ssrc]
    if stream.repair_ssrc is not None:
        ssrcs.append(stream.repair_ssrc)
        lines.append(f"a=ssrc-group:FID {stream.ssrc} {stream.repair_ssrc}")
    return lines + [f"a=ssrc:{ssrc} cname:{stream.stream_id}" for ssrc in ssrcs]


def _agreed(stream: OutgoingStream, media: Media) -> SubscribedMedia | None:
    if media.is_rejected or media.direction not in (Direction.RECVONLY, Direction.SENDRECV):
        return None
    # A codec that came back under another number is as good as none: numbers are for everybody.
    ours = {(codec.payload_type, codec.name) for codec in _codecs(media.kind)}
    theirs = [codec for codec in media.codecs if (codec.payload_type, codec.name) in ours]
    names = {codec.name for codec in theirs}
    if not names - {"rtx"}:
        return None
    return SubscribedMedia(
        stream,
        media.mid,
        frozenset(names - {"rtx"}),
        has_repair="rtx" in names,
        takes_descriptors=_DESCRIPTOR in {(each.uri, each.id) for each in media.extensions},
    )
