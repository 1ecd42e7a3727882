"""Fails when aiortc or aioice change what `transport` leans on beneath their public names."""

from __future__ import annotations

import asyncio
import inspect
import tomllib
from importlib.metadata import version

import pylibsrtp
import pytest
from aioice import stun
from aiortc import RTCDtlsTransport
from support.servers import REPOSITORY

from codesyncx_media.transport.private_aiortc import (
    MAX_TRAILER,
    Cells,
    Certificate,
    Decryption,
    Dtls,
    SrtpKeys,
)


@pytest.mark.parametrize("name", ["aiortc", "aioice"])
def test_exactly_one_version_is_installed_and_asked_for(name: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert f"{name}=={version(name)}" in project["dependencies"]


def test_dtls_asks_its_transport_for_three_things() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    asked = {
        line.split("self.transport.")[1].split("(")[0].split(" ")[0].rstrip(":,)")
        for line in source.splitlines()
        if "self.transport." in line
    }
    assert asked == {"_recv", "_send", "role"}


def test_dtls_has_the_private_names_we_use() -> None:
    async def look() -> None:
        transport = RTCDtlsTransport(None, [Certificate()._certificate])  # type: ignore[arg-type]
        assert transport.state == "new"
        assert transport._rx_srtp is None
        assert transport._tx_srtp is None
        assert transport._task is None
        assert list(inspect.signature(transport._set_role).parameters) == ["role"]
        transport._set_role("server")
        assert transport._role == "server"

    asyncio.run(look())


def test_srtp_errors_are_the_ones_we_catch() -> None:
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    session = pylibsrtp.Session(policy)
    with pytest.raises(ValueError, match="too long"):
        session.protect(b"\x80" + bytes(1500))
    with pytest.raises(pylibsrtp.Error):
        session.protect(b"\x80")


def test_a_packet_is_encrypted_where_it_lies_as_pylibsrtp_does_it() -> None:
    packet = bytes.fromhex("80600001000000010000002a") + b"a frame"
    key = bytes(range(30))
    policy = pylibsrtp.Policy(key=key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    expected = pylibsrtp.Session(policy).protect(packet)
    keys = SrtpKeys(pylibsrtp.Session(policy))
    memory = bytearray(2 * 200)
    memory[200 : 200 + len(packet)] = packet
    cells = Cells(memory, 200)
    length = cells.protect(keys, 1, len(packet))
    assert length <= len(packet) + MAX_TRAILER
    assert memory[200 : 200 + length] == expected
    assert bytes(200) == memory[:200], "the neighbour is left alone"
    assert not cells.protect(keys, 0, 3), "no packet"


def test_what_pylibsrtp_encrypts_is_decrypted_once() -> None:
    media, report = False, True
    rtp = bytes.fromhex("80600001000000010000002a") + b"a frame"
    rtcp = bytes.fromhex("81ce00020000000a0000002a")
    key = bytes(range(30))
    sender = pylibsrtp.Session(
        pylibsrtp.Policy(key=key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    )
    inbound = pylibsrtp.Policy(key=key, ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND)
    keys, decryption = SrtpKeys(pylibsrtp.Session(inbound)), Decryption()
    secret = sender.protect(rtp)
    assert decryption.unprotect(keys, secret, media) == rtp
    assert decryption.unprotect(keys, secret, media) is None, "a copy"
    assert decryption.unprotect(keys, sender.protect_rtcp(rtcp), report) == rtcp
    for nothing in (b"", b"\x80", b"\x80" * 100, bytes(5000)):
        assert decryption.unprotect(keys, nothing, media) is None
        assert decryption.unprotect(keys, nothing, report) is None


def test_stun_messages_are_checked_by_key() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = "a:b"
    message.add_message_integrity(b"key")
    parsed = stun.parse_message(bytes(message))
    assert parsed.check_message_integrity(b"key")
    assert not parsed.check_message_integrity(b"other")


def test_nothing_is_decrypted_or_encrypted_before_the_handshake() -> None:
    async def look() -> None:
        dtls = Dtls(Certificate(), lambda _: None)
        assert not dtls.is_connected
        assert dtls.receiving_keys is None
        assert dtls.protect_rtcp(b"\x80" * 100) is None
        assert dtls.sending_keys is None
        await dtls.close()

    asyncio.run(look())
