from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.lane import IN_PYTHON
from codesyncx_media.sdp import Fingerprint, IceCredentials
from codesyncx_media.sdp.description import RemoteTransport, Setup
from codesyncx_media.transport import Connection, ConnectionState, UdpPort
from codesyncx_media.transport.connection import CONSENT_S, HANDSHAKE_S
from codesyncx_media.transport.ice import read_check
from codesyncx_media.transport.outbox import SLOT_BYTES, SLOTS, Outbox
from codesyncx_media.transport.private_aiortc import Certificate, Decryption
from codesyncx_media.transport.way import Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ADA = ("192.0.2.1", 5000)
BEN = ("192.0.2.2", 5000)
CERTIFICATE = Certificate()
REMOTE = RemoteTransport(
    IceCredentials("clnt", "0123456789abcdefghijkl"),
    (Fingerprint("sha-256", ":".join(["AB"] * 32)),),
    Setup.ACTPASS,
)


class Wire:
    """A socket that keeps what is sent."""

    address = ("192.0.2.9", 9)
    path = "python"
    lanes = IN_PYTHON
    new_way = Way
    decryption = Decryption()

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, tuple[str, int]]] = []
        lengths, targets = [0] * SLOTS, [None] * SLOTS
        self.outbox = Outbox(
            bytearray(SLOTS * SLOT_BYTES), lengths, targets, lambda _: None, lambda: None
        )

    def target(self, address: tuple[str, int]) -> tuple[str, int]:
        return address

    def forget(self, address: tuple[str, int]) -> None:
        pass

    def send(self, datagram: bytes, address: tuple[str, int]) -> None:
        self.sent.append((datagram, address))

    def close(self) -> None:
        pass


class Nobody:
    """A receiver that hears of states alone."""

    def __init__(self) -> None:
        self.states: list[ConnectionState] = []

    def receive_rtp(self, _packet: bytes, _now: float) -> None:
        raise AssertionError("nothing was authentic")

    receive_rtcp = receive_rtp

    def connection_changed(self, state: ConnectionState) -> None:
        self.states.append(state)


class Desk:
    """A port with a clock and a wire of the test's."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wire = Wire()
        self.port = UdpPort(CERTIFICATE, lambda: self.now)
        self.port.attach(self.wire)

    def connect(self) -> Connection:
        return self.port.connect(Nobody())

    def check(
        self,
        connection: Connection,
        address: tuple[str, int] = ADA,
        *,
        pwd: str | None = None,
        username: str | None = None,
        attributes: dict[str, object] | None = None,
        is_nominated: bool = False,
    ) -> None:
        """Send a connectivity check as the client of a connection does."""
        message = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": username or f"{connection.ice.ufrag}:clnt",
                "PRIORITY": 1,
                **({"USE-CANDIDATE": None} if is_nominated else {}),
                **({"ICE-CONTROLLING": 7} if attributes is None else attributes),
            },
        )
        message.add_message_integrity((pwd or connection.ice.pwd).encode())
        self.port.take(bytes(message), address)

    def answers(self) -> list[tuple[stun.Class, tuple[str, int]]]:
        return [(stun.parse_message(data).message_class, to) for data, to in self.wire.sent]


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.port.close()


@pytest.mark.asyncio
async def test_a_check_that_knows_the_password_is_answered_and_pins_the_address(desk: Desk) -> None:
    connection = desk.connect()
    desk.check(connection)
    ((data, to),) = desk.wire.sent
    answer = stun.parse_message(data)
    assert to == ADA
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ADA
    assert answer.check_message_integrity(connection.ice.pwd.encode())
    assert connection.address == ADA


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong",
    [{"pwd": "0123456789abcdefghijkl"}, {"username": "nobody:clnt"}, {"username": "clnt"}],
    ids=["password", "name", "half a name"],
)
async def test_a_check_that_proves_nothing_is_dropped(desk: Desk, wrong: dict[str, str]) -> None:
    connection = desk.connect()
    desk.check(connection, **wrong)  # type: ignore[arg-type]
    assert desk.wire.sent == []
    assert connection.address is None


@pytest.mark.asyncio
async def test_a_check_without_integrity_is_dropped(desk: Desk) -> None:
    connection = desk.connect()
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{connection.ice.ufrag}:clnt"
    message.add_fingerprint()
    desk.port.take(bytes(message), ADA)
    assert desk.wire.sent == []


@pytest.mark.asyncio
async def test_only_the_client_of_the_description_is_taken_once_it_is_known(desk: Desk) -> None:
    connection = desk.connect()
    connection.start(REMOTE)
    desk.check(connection, username=f"{connection.ice.ufrag}:othr")
    assert connection.address is None
    desk.check(connection)
    assert connection.address == ADA


@pytest.mark.asyncio
async def test_a_client_that_waits_to_be_checked_is_told_of_the_conflict(desk: Desk) -> None:
    connection = desk.connect()
    desk.check(connection, attributes={"ICE-CONTROLLED": 7})
    assert desk.answers() == [(stun.Class.ERROR, ADA)]
    assert stun.parse_message(desk.wire.sent[0][0]).error_code == 487
    assert connection.address is None


@pytest.mark.asyncio
async def test_a_client_moves_by_nominating_another_address(desk: Desk) -> None:
    connection = desk.connect()
    desk.check(connection, ADA)
    desk.check(connection, BEN)
    assert connection.address == ADA, "a check alone moves nothing"
    desk.check(connection, BEN, is_nominated=True)
    assert connection.address == BEN
    other = desk.connect()
    desk.check(other, ADA)
    assert other.address == ADA, "the address it left is free"


@pytest.mark.asyncio
async def test_nobody_takes_the_address_of_another(desk: Desk) -> None:
    connection, thief = desk.connect(), desk.connect()
    desk.check(connection, ADA)
    desk.check(thief, ADA, is_nominated=True)
    assert thief.address is None
    assert len(desk.wire.sent) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80" + bytes(1500),
        b"\x80",
        b"\x80\xc9",
        b"\x80" + bytes(11),
        b"\x16" + bytes(100),
        b"\x16",
        b"\xff" * 1500,
        bytes(20),
    ],
    ids=lambda data: f"{len(data)} bytes {data[:2].hex()}",
)
@pytest.mark.parametrize("sender", [ADA, BEN], ids=["the client", "a stranger"])
async def test_what_is_not_authentic_goes_nowhere_and_closes_nothing(
    desk: Desk, datagram: bytes, sender: tuple[str, int]
) -> None:
    connection = desk.connect()
    connection.start(REMOTE)
    desk.check(connection, ADA)
    for _ in range(200):
        desk.port.take(datagram, sender)
    assert len(desk.wire.sent) == 1
    assert connection.state is ConnectionState.NEW
    desk.check(connection, ADA)
    assert len(desk.wire.sent) == 2


@pytest.mark.asyncio
async def test_nothing_is_sent_before_the_handshake(desk: Desk) -> None:
    connection = desk.connect()
    desk.check(connection)
    assert not connection.send_rtp(b"\x80" * 100)
    assert len(desk.wire.sent) == 1


@pytest.mark.asyncio
async def test_a_client_that_never_shakes_hands_or_falls_silent_is_closed(desk: Desk) -> None:
    receiver = Nobody()
    connection = desk.port.connect(receiver)
    desk.check(connection)
    desk.now += HANDSHAKE_S
    desk.port.sweep()
    assert connection.state is ConnectionState.NEW
    desk.now += 1
    desk.port.sweep()
    assert receiver.states == [ConnectionState.CLOSED]
    silent = desk.connect()
    desk.check(silent, ADA)
    assert silent.address == ADA, "what was forgotten holds no address"
    assert not silent.is_over(desk.now + HANDSHAKE_S)
    silent.state = ConnectionState.CONNECTED
    assert not silent.is_over(desk.now + CONSENT_S)
    assert silent.is_over(desk.now + CONSENT_S + 0.1)


@pytest.mark.asyncio
async def test_a_closed_connection_answers_nothing(desk: Desk) -> None:
    connection = desk.connect()
    connection.close()
    connection.close()
    connection.start(REMOTE)
    desk.check(connection)
    assert desk.wire.sent == []
    desk.port.sweep()
    desk.check(connection)
    assert desk.wire.sent == []


PREFIX = bytes.fromhex("0001") + b"\x00\x10" + bytes.fromhex("2112a442")


@given(st.binary(max_size=600) | st.binary(max_size=500).map(lambda rest: PREFIX + rest))
def test_any_datagram_is_read_as_a_check_or_as_none(datagram: bytes) -> None:
    check = read_check(datagram)
    assert (
        check is None
        or ":" in str(check.message.attributes["USERNAME"])
        or check.remote_ufrag == ""
    )


@given(st.data())
def test_a_damaged_check_is_dropped(data: st.DataObject) -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes.update({"USERNAME": "serv:clnt", "PRIORITY": 1, "ICE-CONTROLLING": 1})
    message.add_message_integrity(b"0123456789abcdefghijkl")
    raw = bytearray(bytes(message))
    # What follows the integrity, the fingerprint, may be missing.
    at = data.draw(st.integers(0, len(raw) - stun.FINGERPRINT_LENGTH - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    check = read_check(bytes(raw))
    assert check is None or not check.message.check_message_integrity(b"0123456789abcdefghijkl")
