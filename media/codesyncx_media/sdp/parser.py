"""Reads session descriptions that anybody may have written.

Candidates are skipped: the server is an ICE-lite agent (RFC 8445, section 2.5), which waits for
checks at its own address and never sends to an address from a description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import NotNegotiableError
from .description import (
    Codec,
    Description,
    Direction,
    Extension,
    Fingerprint,
    IceCredentials,
    Media,
    Setup,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LENGTH = 512 * 1024
MAX_LINE_LENGTH = 4096
MAX_LINES = 20_000
MAX_CODECS = 128
MAX_EXTENSIONS = 64
MAX_RIDS = 4
MAX_SSRCS = 64
MAX_NAME_LENGTH = 64

_LINE = re.compile(r"([a-z])=([^\x00-\x08\x0a-\x1f\x7f]*)")
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_MEDIA = re.compile(r"(audio|video|application|text|message|image) (\d{1,5})(?:/\d+)? (\S+) (.+)")
_ICE_NAME = re.compile(r"[A-Za-z0-9+/]{4,256}")
_ICE_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_RTPMAP = re.compile(r"(\d{1,3}) ([!-.0-~]{1,64})/(\d{1,6})(?:/(\d{1,2}))?")
_WITH_PAYLOAD_TYPE = re.compile(r"(\d{1,3}|\*) (.*)")
_EXTMAP = re.compile(r"(\d{1,5})(?:/(sendrecv|sendonly|recvonly|inactive))? (\S{1,256})(?: .*)?")
_RID = re.compile(r"([A-Za-z0-9\-_]{1,16}) (send|recv)(?: .*)?")
_SSRC = re.compile(r"(\d{1,10})(?: .*)?")
_REPAIR_GROUP = re.compile(r"FID (\d{1,10}) (\d{1,10})")
_FINGERPRINT_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_HEX_PAIRS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2})*")
_LAST_PAYLOAD_TYPE = 127
_LAST_EXTENSION_ID = 255
_LAST_SSRC = 2**32 - 1


@dataclass(slots=True)
class _Section:
    """The attributes of the session or of one m-line, by name."""

    media_line: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, text: str) -> None:
        name, _, value = text.partition(":")
        self.attributes.setdefault(name, []).append(value)

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])

    def one(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


def parse(text: str, *, most_media: int) -> Description:
    """Read a description of at most so many m-lines; NotNegotiableError for anything else."""
    session, sections = _sections(text, most_media)
    media = tuple(_media(section, session) for section in sections)
    mids = [each.mid for each in media]
    if len(set(mids)) < len(mids):
        raise NotNegotiableError("Two m-lines of the description have the same mid.")
    bundle: tuple[str, ...] = ()
    for group in session.all("group"):
        semantics, *members = group.split(" ")
        if semantics == "BUNDLE":
            bundle += tuple(members)
    mixed = session.one("extmap-allow-mixed") is not None or any(
        section.one("extmap-allow-mixed") is not None for section in sections
    )
    return Description(media, bundle, mixed)


def _sections(text: str, most_media: int) -> tuple[_Section, list[_Section]]:
    if len(text) > MAX_LENGTH:
        most = MAX_LENGTH // 1024
        raise NotNegotiableError(f"The description is longer than {most} thousand characters.")
    session = _Section()
    sections: list[_Section] = []
    for key, value in _lines(text):
        if key == "m":
            if len(sections) >= most_media:
                raise NotNegotiableError(f"The description has more than {most_media} m-lines.")
            sections.append(_Section(value))
        elif key == "a":
            (sections[-1] if sections else session).add(value)
    return session, sections


def _lines(text: str) -> Iterator[tuple[str, str]]:
    lines = text.removesuffix("\n").removesuffix("\r").split("\n")
    if len(lines) > MAX_LINES:
        raise NotNegotiableError(f"The description has more than {MAX_LINES} lines.")
    for number, whole in enumerate(lines, start=1):
        line = whole.removesuffix("\r")
        if len(line) > MAX_LINE_LENGTH:
            raise NotNegotiableError(f"Line {number} of the description is too long.")
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotNegotiableError(f"Line {number} of the description can't be read.")
        if number == 1 and line != "v=0":
            raise NotNegotiableError("That is no session description: it doesn't begin with v=0.")
        yield match[1], match[2]


def _media(section: _Section, session: _Section) -> Media:
    match = _MEDIA.fullmatch(section.media_line)
    if match is None:
        raise NotNegotiableError("An m-line of the description can't be read.")
    kind, port, protocol, formats = match.groups()
    is_rtp = kind in ("audio", "video")
    extensions = _extensions(section)
    return Media(
        kind=kind,
        protocol=_token(protocol.replace("/", "-"), "protocol") and protocol,
        formats=formats,
        # RFC 9143, section 6: with bundle-only, port 0 means "with the others", not "rejected".
        is_rejected=int(port) == 0 and section.one("bundle-only") is None,
        mid=_mid(section),
        direction=_direction(section, session),
        codecs=_codecs(section, formats) if is_rtp else (),
        extensions=extensions,
        rids=_rids(section),
        ssrcs=_ssrcs(section),
        repairs=_repairs(section),
        ice=_ice(section, session),
        fingerprints=_fingerprints(section) or _fingerprints(session),
        setup=_setup(section, session),
        has_rtcp_mux=section.one("rtcp-mux") is not None,
    )


def _token(text: str, what: str) -> str:
    if len(text) > MAX_NAME_LENGTH or not _TOKEN.fullmatch(text):
        raise NotNegotiableError(f"The description has a {what} that can't be read.")
    return text


def _mid(section: _Section) -> str:
    mid = section.one("mid")
    if mid is None:
        raise NotNegotiableError("An m-line of the description has no mid.")
    return _token(mid, "mid")


def _direction(section: _Section, session: _Section) -> Direction:
    for where in (section, session):
        for direction in Direction:
            if direction in where.attributes:
                return direction
    return Direction.SENDRECV


def _codecs(section: _Section, formats: str) -> tuple[Codec, ...]:
    names = formats.split(" ")
    if len(names) > MAX_CODECS:
        raise NotNegotiableError("An m-line of the description has too many codecs.")
    maps: dict[int, re.Match[str]] = {}
    for text in section.all("rtpmap"):
        match = _RTPMAP.fullmatch(text)
        if match is None:
            raise NotNegotiableError("An rtpmap line of the description can't be read.")
        maps.setdefault(int(match[1]), match)
    texts = dict(_by_payload_type(section, "fmtp"))
    feedback: dict[str, set[str]] = {}
    for name, text in _by_payload_type(section, "rtcp-fb"):
        feedback.setdefault(name, set()).add(text)
    found: dict[int, Codec] = {}
    for name in names:
        payload_type = _number(name, _LAST_PAYLOAD_TYPE, "payload type")
        mapped = maps.get(payload_type)
        if mapped is None:
            continue  # a static payload type (RFC 3551), none of which calls use
        found.setdefault(
            payload_type,
            Codec(
                payload_type=payload_type,
                name=mapped[2].lower(),
                clock_rate=int(mapped[3]),
                channels=int(mapped[4] or 1),
                format=texts.get(name, ""),
                feedback=frozenset(feedback.get(name, set()) | feedback.get("*", set())),
            ),
        )
    return tuple(found.values())


def _by_payload_type(section: _Section, attribute: str) -> Iterator[tuple[str, str]]:
    for text in section.all(attribute):
        match = _WITH_PAYLOAD_TYPE.fullmatch(text)
        if match is None:
            raise NotNegotiableError(f"A line of the description ({attribute}) can't be read.")
        yield match[1], match[2]


def _extensions(section: _Section) -> tuple[Extension, ...]:
    found: dict[int, Extension] = {}
    for text in section.all("extmap"):
        match = _EXTMAP.fullmatch(text)
        if match is None:
            raise NotNegotiableError("An extmap line of the description can't be read.")
        number = _number(match[1], 2**16, "header extension number")
        if number in found or not 0 < number <= _LAST_EXTENSION_ID:
            raise NotNegotiableError("Two header extensions of an m-line share a number.")
        found[number] = Extension(number, match[3], Direction(match[2] or Direction.SENDRECV))
    if len(found) > MAX_EXTENSIONS:
        raise NotNegotiableError("An m-line of the description has too many header extensions.")
    return tuple(found.values())


def _rids(section: _Section) -> tuple[str, ...]:
    """Give the layers that are sent, in the order of the simulcast line (RFC 8853)."""
    sent: list[str] = []
    for text in section.all("rid"):
        match = _RID.fullmatch(text)
        if match is None:
            raise NotNegotiableError("A rid line of the description can't be read.")
        if match[2] == "send":
            sent.append(match[1])
    order = _simulcast_order(section.one("simulcast") or "")
    if order and not set(order) <= set(sent):
        raise NotNegotiableError("The description's simulcast line names layers without a rid.")
    if max(len(sent), len(order)) > MAX_RIDS or len(set(sent)) < len(sent):
        raise NotNegotiableError(f"A picture is sent in at most {MAX_RIDS} layers.")
    return tuple(order or sent)


def _simulcast_order(text: str) -> list[str]:
    """Give the first alternative of each stream that is sent; a paused one (`~`) counts too."""
    words = text.split(" ")
    for direction, streams in zip(words[::2], words[1::2], strict=False):
        if direction == "send":
            return [stream.split(",")[0].removeprefix("~") for stream in streams.split(";")]
    return []


def _ssrcs(section: _Section) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for text in section.all("ssrc"):
        match = _SSRC.fullmatch(text)
        if match is None:
            raise NotNegotiableError("An ssrc line of the description can't be read.")
        found[_number(match[1], _LAST_SSRC, "SSRC")] = None
    if len(found) > MAX_SSRCS:
        raise NotNegotiableError("An m-line of the description has too many SSRCs.")
    return tuple(found)


def _repairs(section: _Section) -> dict[int, int]:
    groups = (_REPAIR_GROUP.fullmatch(text) for text in section.all("ssrc-group"))
    return {
        _number(match[1], _LAST_SSRC, "SSRC"): _number(match[2], _LAST_SSRC, "SSRC")
        for match in groups
        if match is not None
    }


def _ice(section: _Section, session: _Section) -> IceCredentials | None:
    ufrag = section.one("ice-ufrag") or session.one("ice-ufrag")
    pwd = section.one("ice-pwd") or session.one("ice-pwd")
    if ufrag is None or pwd is None:
        return None
    if not _ICE_NAME.fullmatch(ufrag) or not _ICE_PASSWORD.fullmatch(pwd):
        raise NotNegotiableError("The description's ICE credentials can't be used.")
    return IceCredentials(ufrag, pwd)


def _fingerprints(section: _Section) -> tuple[Fingerprint, ...]:
    found = []
    for text in section.all("fingerprint"):
        algorithm, _, value = text.partition(" ")
        length = _FINGERPRINT_BYTES.get(algorithm.lower())
        if length is None:
            continue
        value = value.upper()
        if len(value) != 3 * length - 1 or not _HEX_PAIRS.fullmatch(value):
            raise NotNegotiableError("A fingerprint of the description can't be read.")
        found.append(Fingerprint(algorithm.lower(), value))
    return tuple(found)


def _setup(section: _Section, session: _Section) -> Setup | None:
    text = section.one("setup") or session.one("setup")
    if text is None:
        return None
    try:
        return Setup(text)
    except ValueError as error:
        raise NotNegotiableError("The description's setup line can't be used.") from error


def _number(text: str, most: int, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)) or int(text) > most:
        raise NotNegotiableError(f"The description has a {what} that can't be used.")
    return int(text)
