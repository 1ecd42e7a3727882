from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.errors import NotNegotiableError, RefusedError
from codesyncx_media.rtp.extensions import AUDIO_LEVEL, MID, REPAIRED_RID, RID, TRANSPORT_SEQUENCE
from codesyncx_media.sdp import (
    Fingerprint,
    IceCredentials,
    LocalTransport,
    PublishedMedia,
    PublisherSession,
)
from codesyncx_media.sdp.parser import MAX_LENGTH, MAX_LINES, parse

OFFERS = Path(__file__).parent / "offers"
BROWSERS = ["chromium", "firefox"]
LOCAL = LocalTransport(
    IceCredentials("serv", "0123456789abcdefghijkl"),
    Fingerprint("sha-256", ":".join(["AB"] * 32)),
    [("192.0.2.7", 40000), ("2001:db8::7", 40000)],
)


def offer(name: str) -> str:
    return (OFFERS / f"{name}.sdp").read_bytes().decode()


def session(**settings: bool) -> PublisherSession:
    return PublisherSession(LOCAL, 4711, **settings)


def section(text: str, mid: str) -> list[str]:
    """Give the lines of the m-line with this mid."""
    whole = re.split(r"(?m)^(?=m=)", text.replace("\r\n", "\n"))
    return next(part for part in whole if f"\na=mid:{mid}\n" in part).splitlines()


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_call_is_sound_and_a_picture_in_three_layers(browser: str) -> None:
    answer = session().answer(offer(f"{browser}-call"))
    sound, picture = answer.media
    assert (sound.mid, sound.kind, sound.codec, sound.rids) == ("0", "audio", "opus", ())
    assert (picture.mid, picture.kind, picture.codec) == ("1", "video", "vp8")
    assert picture.rids == ("q", "h", "f")
    assert list(sound.subscriber_payload_types.values()) == [111]
    assert list(picture.subscriber_payload_types.values()) == [96]
    assert [codec.name for codec in picture.codecs] == ["vp8", "rtx"]
    assert answer.remote.setup == "actpass"
    assert answer.remote.fingerprints[0].algorithm == "sha-256"


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_answer_keeps_the_numbers_of_the_offer(browser: str) -> None:
    text = offer(f"{browser}-call")
    answer = session().answer(text)
    for media in answer.media:
        offered, answered = section(text, media.mid), section(answer.text, media.mid)
        for codec in media.codecs:
            line = next(line for line in answered if line.startswith("a=rtpmap:"))
            assert line.removesuffix("/1") in [each.removesuffix("/1") for each in offered]
            assert f"{codec.payload_type}" in answered[0].split(" ")
        for extension in media.extensions:
            assert any(
                re.fullmatch(rf"a=extmap:{extension.id}(/sendonly)? {extension.uri}", line)
                for line in offered
            )


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_answer_has_what_a_browser_needs_to_send_well(browser: str) -> None:
    answer = session().answer(offer(f"{browser}-call"))
    picture = section(answer.text, "1")
    for line in (
        "a=recvonly",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=rid:q recv",
        "a=simulcast:recv q;h;f",
        "a=ice-ufrag:serv",
        "a=candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::7 40000 typ host",
    ):
        assert line in picture
    number = answer.media[1].codecs[0].payload_type
    for feedback in ("nack", "nack pli", "transport-cc"):
        assert f"a=rtcp-fb:{number} {feedback}" in picture
    assert f"a=rtcp-fb:{number} goog-remb" not in picture, "one estimate, not two that disagree"
    uris = {extension.uri for extension in answer.media[1].extensions}
    assert {MID, RID, REPAIRED_RID, TRANSPORT_SEQUENCE} <= uris
    assert AUDIO_LEVEL in {extension.uri for extension in answer.media[0].extensions}
    assert "a=ice-lite\r\n" in answer.text
    assert "a=group:BUNDLE 0 1\r\n" in answer.text


def test_directions_of_header_extensions_are_turned_round() -> None:
    picture = section(session().answer(offer("firefox-call")).text, "1")
    assert any(re.fullmatch(rf"a=extmap:\d+/recvonly {RID}", line) for line in picture)
    sound = section(session().answer(offer("firefox-call")).text, "0")
    assert not any("csrc-audio-level" in line for line in sound), "the server sends nothing here"


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_screen_with_sound_is_two_tracks_more(browser: str) -> None:
    answer = session().answer(offer(f"{browser}-call-and-screen"))
    assert [media.kind for media in answer.media] == ["audio", "video", "video", "audio"]
    screen = answer.media[2]
    assert screen.rids == ()
    ssrc, repair = next(iter(screen.repairs.items()))
    assert {ssrc, repair} <= set(screen.ssrcs)


@pytest.mark.parametrize("browser", BROWSERS)
def test_data_is_refused_without_harm_to_the_rest(browser: str) -> None:
    answer = session().answer(offer(f"{browser}-both-ways-with-data"))
    assert [media.kind for media in answer.media] == ["audio", "video"]
    assert section(answer.text, "2")[0].startswith("m=application 0 UDP/DTLS/SCTP")
    assert "a=group:BUNDLE 0 1\r\n" in answer.text


def test_redundant_sound_is_taken_when_it_is_wanted_and_offered() -> None:
    (sound,) = session(with_red=True).answer(offer("chromium-sound")).media
    assert [codec.name for codec in sound.codecs] == ["red", "opus"]
    assert dict(sound.subscriber_payload_types) == {63: 63, 111: 111}
    (sound,) = session(with_red=True).answer(offer("firefox-sound")).media
    assert [codec.name for codec in sound.codecs] == ["opus"]


@pytest.mark.parametrize(
    ("first", "codec", "number"),
    [("108 109", "h264", 102), ("98 99", "vp9", 98), ("45 46", "av1", 45)],
)
def test_the_clients_first_choice_of_codec_counts(first: str, codec: str, number: int) -> None:
    text = re.sub(r"(m=video 9 \S+) .*", rf"\1 {first} 96 97", offer("chromium-call"), count=1)
    picture = session().answer(text).media[1]
    assert picture.codec == codec
    assert list(picture.subscriber_payload_types.values()) == [number]
    described = any("dependency-descriptor" in each.uri for each in picture.extensions)
    assert described == (codec == "av1")


@pytest.mark.parametrize("only", ["102 103", "104 107", "116 117", "100 101", "118 119"])
def test_a_codec_that_not_everybody_decodes_is_refused(only: str) -> None:
    text = re.sub(r"(m=video 9 \S+) .*", rf"\1 {only}", offer("chromium-call"), count=1)
    answer = session().answer(text)
    assert [media.kind for media in answer.media] == ["audio"]
    assert section(answer.text, "1")[0].startswith("m=video 0 ")


def test_later_offers_add_media_and_count_versions() -> None:
    publisher = session()
    first = publisher.answer(offer("chromium-call"))
    assert "o=- 4711 1 IN" in first.text
    text = offer("chromium-call")
    screen = text[text.index("m=video") :].replace("a=mid:1", "a=mid:2")
    second = publisher.answer(text.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + screen)
    assert [media.mid for media in second.media] == ["0", "1", "2"]
    assert "o=- 4711 2 IN" in second.text


def test_an_offer_that_is_not_allowed_leaves_no_trace() -> None:
    publisher = session()
    publisher.answer(offer("chromium-call"))

    def refuse(media: tuple[PublishedMedia, ...]) -> None:
        raise RefusedError(f"No {media[2].kind}.")

    text = offer("chromium-call")
    screen = text[text.index("m=video") :].replace("a=mid:1", "a=mid:2")
    with pytest.raises(RefusedError, match="No video"):
        publisher.answer(text.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + screen, refuse)
    assert "o=- 4711 2 IN" in publisher.answer(text).text


def test_a_connection_keeps_its_ends_and_its_lines() -> None:
    publisher = session()
    publisher.answer(offer("chromium-call"))
    with pytest.raises(NotNegotiableError, match="start a new one"):
        publisher.answer(offer("firefox-call"))
    text = offer("chromium-call")
    fewer = text[: text.index("m=video")].replace("BUNDLE 0 1", "BUNDLE 0")
    with pytest.raises(NotNegotiableError, match="fewer m-lines"):
        publisher.answer(fewer)


def test_a_track_that_ended_is_answered_as_inactive_and_can_come_back() -> None:
    publisher = session()
    text = offer("chromium-call")
    publisher.answer(text)
    head, picture = text.split("m=video")
    ended = publisher.answer(f"{head}m=video{picture.replace('a=sendonly', 'a=inactive')}")
    assert [media.mid for media in ended.media] == ["0"]
    assert [media.mid for media in publisher.answer(text).media] == ["0", "1"]


CALL = offer("chromium-call")


def changed(old: str, new: str, count: int = -1) -> str:
    assert old in CALL
    return CALL.replace(old, new, count)


FINGERPRINT = re.findall(r"a=fingerprint:sha-256 (\S+)", CALL)[0]

HOSTILE = {
    "nothing": "",
    "words": "hello",
    "an answer to something else": '{"type": "offer"}',
    "only the session": CALL[: CALL.index("m=")],
    "500 m-lines": CALL
    + "".join(f"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{n}\r\n" for n in range(2, 502)),
    "a megabyte": CALL + "a=x\r\n" * 210_000,
    "a megabyte in one line": CALL + "a=" + "x" * 2**20,
    "many short lines": CALL + "a=\r\n" * MAX_LINES,
    "a line of another kind": CALL + "hello\r\n",
    "an empty line": changed("t=0 0\r\n", "t=0 0\r\n\r\n"),
    "a null character": changed("a=mid:0", "a=mid:\x00"),
    "no mid": changed("a=mid:1\r\n", ""),
    "the same mid twice": changed("a=mid:1", "a=mid:0"),
    "a mid with markup": changed("a=mid:1", 'a=mid:"><b>'),
    "a long mid": changed("a=mid:1", f"a=mid:{'1' * 65}"),
    "a mid outside of the bundle": changed("BUNDLE 0 1", "BUNDLE 0"),
    "no bundle": changed("a=group:BUNDLE 0 1\r\n", ""),
    "no ICE name": re.sub(r"a=ice-ufrag:.*\r\n", "", CALL),
    "no ICE password": re.sub(r"a=ice-pwd:.*\r\n", "", CALL),
    "a short ICE password": re.sub(r"a=ice-pwd:.*", "a=ice-pwd:short", CALL),
    "an ICE name with a space": re.sub(r"a=ice-ufrag:.*", "a=ice-ufrag:a b c d", CALL),
    "no fingerprint": re.sub(r"a=fingerprint:.*\r\n", "", CALL),
    "a weak fingerprint": re.sub(r"a=fingerprint:.*", f"a=fingerprint:md5 {'AB:' * 15}AB", CALL),
    "a cut fingerprint": changed(FINGERPRINT, FINGERPRINT[:-3]),
    "a fingerprint of words": changed(FINGERPRINT, "Z" * len(FINGERPRINT)),
    "no setup": changed("a=setup:actpass\r\n", ""),
    "a setup of the server's part": changed("a=setup:actpass", "a=setup:passive"),
    "an unknown setup": changed("a=setup:actpass", "a=setup:holdconn2"),
    "no rtcp-mux": changed("a=rtcp-mux\r\n", ""),
    "a payload type over 127": changed(" 96 97 102", " 196 97 102", 1),
    "a payload type of words": changed(" 96 97 102", " vp8 97 102", 1),
    "a broken rtpmap": changed("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8"),
    "a broken fmtp": changed("a=fmtp:97 apt=96", "a=fmtp:apt=96"),
    "a broken extmap": changed("a=extmap:14 ", "a=extmap:fourteen "),
    "two extensions of one number": changed("a=extmap:14 ", "a=extmap:2 "),
    "extension number 0": changed("a=extmap:14 ", "a=extmap:0 "),
    "extension number 256": changed("a=extmap:14 ", "a=extmap:256 "),
    "a broken rid": changed("a=rid:q send", "a=rid:q"),
    "a rid with markup": changed("a=rid:q send", "a=rid:<q> send"),
    "the same rid twice": changed("a=rid:q send", "a=rid:h send"),
    "too many layers": changed("a=rid:q send", "a=rid:1 send\r\na=rid:2 send\r\na=rid:q send"),
    "layers that aren't described": changed("send q;h;f", "send q;h;f;x"),
    "a broken SSRC": changed("a=ssrc:", "a=ssrc:x", 1),
    "an SSRC over 32 bits": re.sub(r"a=ssrc:\d+", "a=ssrc:4294967296", CALL, count=1),
    "65 SSRCs": CALL + "".join(f"a=ssrc:{n} cname:a\r\n" for n in range(65)),
    "a broken m-line": changed("m=video 9", "m=video nine"),
    "an m-line without formats": CALL + "m=audio 9 RTP\r\na=mid:2\r\n",
    "nothing but games": changed("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"),
    "no codec of ours": re.sub(r"(?m)^(m=\w+ 9 \S+) .*", r"\1 0", CALL),
    "without encryption": CALL.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    "only to receive": changed("a=sendonly", "a=recvonly"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_call_can_be_made_from_is_refused_in_words(text: str) -> None:
    publisher = session()
    with pytest.raises(NotNegotiableError) as refused:
        publisher.answer(text)
    words = str(refused.value)
    assert words.endswith(".")
    assert len(words) < 100
    assert "<" not in words
    publisher.answer(CALL)


def test_limits_leave_room_for_what_browsers_write() -> None:
    longest = max(len(path.read_bytes()) for path in OFFERS.glob("*.sdp"))
    assert longest * 10 < MAX_LENGTH


ALL = [path.read_bytes().decode() for path in sorted(OFFERS.glob("*.sdp"))]


@given(st.data())
def test_a_damaged_offer_is_answered_or_refused_and_nothing_else(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(ALL)).split("\r\n")
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(lines) - 1))
        other = data.draw(st.sampled_from(lines))
        damaged = data.draw(
            st.sampled_from(["", other, lines[at] * 2, lines[at][: len(lines[at]) // 2], "\x00"])
            | st.text(max_size=30)
            | st.from_regex(r"[amv]=[a-z-]{1,12}:[0-9a-z /;=*~,]{0,20}", fullmatch=True)
        )
        lines[at] = damaged
    try:
        answer = session().answer("\r\n".join(lines))
    except NotNegotiableError:
        return
    assert parse(answer.text, most_media=100).media
