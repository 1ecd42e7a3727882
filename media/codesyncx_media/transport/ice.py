"""An ICE-lite agent (RFC 8445): it answers connectivity checks and makes none itself.

It says which address a client may be reached at, and only by checks that know the password.
"""

from __future__ import annotations

import secrets
import string
import struct
from dataclasses import dataclass
from typing import NamedTuple

from aioice import stun

from ..sdp import IceCredentials

Address = tuple[str, int]

_LETTERS = string.ascii_letters + string.digits
_UFRAG_LENGTH = 12
_PWD_LENGTH = 32
_COOKIE = struct.pack("!I", stun.COOKIE)
_FIRST_BYTES = (0, 1)
_MAX_STUN_LENGTH = 548
"""RFC 8489, section 6.1: the longest that is sure to pass IPv4; checks have 100 to 150 bytes."""
_ROLE_CONFLICT = 487


def new_credentials() -> IceCredentials:
    """Make credentials for one connection; the name is unique in practice, so it finds it."""
    return IceCredentials(_random(_UFRAG_LENGTH), _random(_PWD_LENGTH))


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def is_stun(datagram: bytes) -> bool:
    """Whether a datagram can be STUN at all (RFC 7983)."""
    return (
        stun.HEADER_LENGTH <= len(datagram) <= _MAX_STUN_LENGTH
        and datagram[0] in _FIRST_BYTES
        and datagram[4:8] == _COOKIE
    )


class Check(NamedTuple):
    """A connectivity check, with its names but not yet with proof of them."""

    message: stun.Message
    local_ufrag: str
    remote_ufrag: str


def read_check(datagram: bytes) -> Check | None:
    """Read a connectivity check; None for everything else."""
    if not is_stun(datagram):
        return None
    try:
        message = stun.parse_message(datagram)
    except (ValueError, struct.error):
        return None
    username = message.attributes.get("USERNAME")
    is_request = (message.message_method, message.message_class) == (
        stun.Method.BINDING,
        stun.Class.REQUEST,
    )
    if not is_request or not isinstance(username, str):
        return None
    local, _, remote = username.partition(":")
    return Check(message, local, remote)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check that proved itself comes to: what to answer, and whether it takes the pair."""

    answer: bytes
    is_valid: bool
    is_nominated: bool


class IceLiteAgent:
    """Judges the checks of one connection."""

    def __init__(self, local: IceCredentials) -> None:
        self.local = local
        self._remote_ufrag: str | None = None

    def expect(self, remote: IceCredentials) -> None:
        """Take only checks of this client from now on."""
        self._remote_ufrag = remote.ufrag

    def judge(self, check: Check, address: Address) -> Verdict | None:
        """Judge a check from an address; None when it doesn't know the password."""
        if check.local_ufrag != self.local.ufrag:
            return None
        if self._remote_ufrag is not None and check.remote_ufrag != self._remote_ufrag:
            return None
        key = self.local.pwd.encode()
        if not check.message.check_message_integrity(key):
            return None
        if "ICE-CONTROLLED" in check.message.attributes:
            # Section 7.3.1.1: a lite agent never controls, so the other side has to.
            return Verdict(self._role_conflict(check, key), is_valid=False, is_nominated=False)
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=check.message.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": address},
        )
        answer.add_message_integrity(key)
        is_nominated = "USE-CANDIDATE" in check.message.attributes
        return Verdict(bytes(answer), is_valid=True, is_nominated=is_nominated)

    def _role_conflict(self, check: Check, key: bytes) -> bytes:
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.ERROR,
            transaction_id=check.message.transaction_id,
            attributes={"ERROR-CODE": (_ROLE_CONFLICT, "Role Conflict")},
        )
        answer.add_message_integrity(key)
        return bytes(answer)
