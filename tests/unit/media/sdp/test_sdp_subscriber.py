from __future__ import annotations

import re

import pytest

from codesyncx_media.errors import NotNegotiableError, TooManyError
from codesyncx_media.sdp import (
    Fingerprint,
    IceCredentials,
    LocalTransport,
    OutgoingStream,
    SubscriberSession,
)
from codesyncx_media.sdp import subscriber as limits
from codesyncx_media.sdp.parser import parse
from codesyncx_server.errors import ExistsError

LOCAL = LocalTransport(
    IceCredentials("serv", "0123456789abcdefghijkl"),
    Fingerprint("sha-256", ":".join(["AB"] * 32)),
    [("192.0.2.7", 40000)],
)
CLIENT = (
    "a=ice-ufrag:clnt\r\na=ice-pwd:0123456789abcdefghijkl\r\n"
    f"a=fingerprint:sha-256 {':'.join(['CD'] * 32)}\r\na=setup:active\r\n"
)


def voice(name: str, ssrc: int = 1) -> OutgoingStream:
    return OutgoingStream(f"{name}-voice", name, "audio", ssrc)


def face(name: str, ssrc: int = 2) -> OutgoingStream:
    return OutgoingStream(f"{name}-face", name, "video", ssrc, ssrc + 1000)


def started(*streams: OutgoingStream) -> SubscriberSession:
    session = SubscriberSession(LOCAL, 99)
    for stream in streams:
        session.add(stream)
    return session


def answer_to(offer: str) -> str:
    """Answer as a browser does that takes everything."""
    text = re.sub(r"a=(candidate|end-of|ice|fingerprint|setup|msid|ssrc).*\r\n", "", offer)
    text = text.replace("a=sendonly", "a=recvonly")
    return re.sub(r"(a=mid:\d+\r\n)", rf"\1{CLIENT}".replace("\\r\\n", "\r\n"), text)


def test_an_offer_tells_whose_face_and_voice_belong_together() -> None:
    session = started(voice("ada"), face("ada"))
    offer = session.offer()
    assert "a=msid:ada ada-voice\r\n" in offer
    assert "a=msid:ada ada-face\r\n" in offer
    assert "a=ssrc:1 cname:ada\r\n" in offer
    assert "a=ssrc-group:FID 2 1002\r\na=ssrc:2 cname:ada\r\na=ssrc:1002 cname:ada\r\n" in offer
    assert session.mids() == {"ada-voice": "0", "ada-face": "1"}
    description = parse(offer, most_media=2)
    assert description.bundle == ("0", "1")
    assert [media.direction for media in description.media] == ["sendonly", "sendonly"]
    assert {codec.name for codec in description.media[1].codecs} == {
        "vp8",
        "vp9",
        "h264",
        "av1",
        "rtx",
    }


def test_an_answer_says_what_the_client_can_decode() -> None:
    session = started(voice("ada"), face("ada"))
    agreed = session.answered(answer_to(session.offer()))
    assert [media.stream.track_id for media in agreed.media] == ["ada-voice", "ada-face"]
    assert agreed.media[0].codecs == {"opus", "red"}
    assert agreed.media[1].codecs == {"vp8", "vp9", "h264", "av1"}
    assert agreed.media[1].has_repair
    assert agreed.remote.ice.ufrag == "clnt"


@pytest.mark.parametrize("answered", ["as offered", "not at all", "under another number"])
def test_descriptors_are_for_those_who_agree_on_them(answered: str) -> None:
    session = started(voice("ada"), face("ada"))
    answer = answer_to(session.offer())
    line = next(each for each in answer.splitlines() if "dependency-descriptor" in each)
    if answered == "not at all":
        answer = answer.replace(line, "a=x")
    if answered == "under another number":
        answer = answer.replace(line, line.replace(":4 ", ":9 "))
    sound, picture = session.answered(answer).media
    assert picture.takes_descriptors is (answered == "as offered")
    assert not sound.takes_descriptors


def test_a_codec_that_is_missing_or_renumbered_is_not_agreed() -> None:
    session = started(face("ada"))
    answer = answer_to(session.offer()).replace("SAVPF 96 97 102 103", "SAVPF 102 96")
    answer = re.sub(r"SAVPF .*", "SAVPF 102 34", answer)
    answer = answer.replace("a=rtpmap:96 VP8", "a=rtpmap:34 VP8")
    (media,) = session.answered(answer).media
    assert media.codecs == {"h264"}
    assert not media.has_repair


def test_a_track_that_the_client_turns_down_is_not_agreed() -> None:
    session = started(voice("ada"), face("ada"))
    answer = answer_to(session.offer())
    head, picture = answer.split("m=video 9")
    agreed = session.answered(f"{head}m=video 0{picture}".replace("BUNDLE 0 1", "BUNDLE 0"))
    assert [media.stream.track_id for media in agreed.media] == ["ada-voice"]


def test_a_line_whose_track_ended_takes_the_next_of_its_kind() -> None:
    session = started(voice("ada", 1), face("ada", 2))
    session.answered(answer_to(session.offer()))
    session.remove("ada-face")
    assert session.needs_offer
    ended = session.offer()
    assert parse(ended, most_media=2).media[1].direction == "inactive"
    assert "ada-face" not in ended
    session.answered(answer_to(ended))
    session.add(voice("ben", 3))
    session.add(face("ben", 4))
    offer = session.offer()
    assert session.mids() == {"ada-voice": "0", "ben-voice": "2", "ben-face": "1"}
    assert "o=- 99 3 IN" in offer
    assert [media.kind for media in parse(offer, most_media=3).media] == ["audio", "video", "audio"]


def test_changes_while_an_answer_is_waited_for_go_into_the_next_offer() -> None:
    session = started(voice("ada", 1))
    offer = session.offer()
    assert not session.needs_offer
    session.add(voice("ben", 2))
    session.remove("ada-voice")
    assert not session.needs_offer, "one offer at a time"
    with pytest.raises(RuntimeError):
        session.offer()
    agreed = session.answered(answer_to(offer))
    assert [media.stream.track_id for media in agreed.media] == ["ada-voice"]
    assert session.needs_offer
    (media,) = session.answered(answer_to(session.offer())).media
    assert media.stream.track_id == "ben-voice"
    assert not session.needs_offer


def test_a_track_is_offered_once_and_removed_as_often_as_one_likes() -> None:
    session = started(voice("ada"))
    with pytest.raises(ExistsError):
        session.add(voice("ada"))
    session.remove("nobody")
    session.remove("ada-voice")
    session.remove("ada-voice")
    session.add(voice("ada"))


def test_a_connection_carries_so_many_tracks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEDIA", 2)
    session = started(voice("ada", 1), voice("ben", 2))
    with pytest.raises(TooManyError):
        session.add(voice("cem", 3))
    session.remove("ada-voice")
    session.add(voice("cem", 3))


BAD = {
    "more lines": lambda text: text + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:7\r\n",
    "fewer lines": lambda text: text[: text.index("m=video")].replace("BUNDLE 0 1", "BUNDLE 0"),
    "other mids": lambda text: text.replace("mid:1", "mid:7").replace("BUNDLE 0 1", "BUNDLE 0 7"),
    "another kind": lambda text: text.replace("m=video", "m=audio"),
    "the offer itself": lambda text: text.replace("a=setup:active", "a=setup:actpass"),
    "the server's part": lambda text: text.replace("a=setup:active", "a=setup:passive"),
    "nothing taken": lambda text: re.sub(r"(m=\w+) 9", r"\1 0", text),
    "no ends": lambda text: re.sub(r"a=(ice|fing).*\r\n", "", text),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD.keys())
def test_an_answer_to_something_else_is_refused_and_the_right_one_still_taken(spoil) -> None:  # noqa: ANN001
    session = started(voice("ada"), face("ada"))
    answer = answer_to(session.offer())
    with pytest.raises(NotNegotiableError):
        session.answered(spoil(answer))
    assert len(session.answered(answer).media) == 2


def test_an_answer_out_of_the_blue_and_new_ends_are_refused() -> None:
    session = started(voice("ada"))
    with pytest.raises(NotNegotiableError, match="nothing was offered"):
        session.answered("v=0")
    answer = answer_to(session.offer())
    session.answered(answer)
    session.add(face("ada"))
    other = answer_to(session.offer()).replace("clnt", "othr")
    with pytest.raises(NotNegotiableError, match="start a new one"):
        session.answered(other)
