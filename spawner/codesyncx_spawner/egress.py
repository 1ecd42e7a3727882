"""Which hosts a run may reach: what it asks for, and what of that the server allows. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

from codesyncx_server.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Names for several hosts at once.
PRESETS: Mapping[str, tuple[str, ...]] = {
    "package-index": ("pypi.org", "files.pythonhosted.org", "registry.npmjs.org"),
}
HTTPS = 443
MAX_ENTRIES = 64
#: Of a request, to the end of its headers.
MAX_HEAD_BYTES = 8192

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_ENTRY = re.compile(rf"(\*\.)?({_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?")
_CONNECT = re.compile(rb"CONNECT ([!-~]{1,300}) HTTP/1\.[01]\r?\n")
# It leads to IPv4 addresses, of which any may be private.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))


class Host(NamedTuple):
    """A host that may be reached, or all below it; at a port of its own if it says one."""

    name: str
    port: int | None = None
    is_below: bool = False

    @property
    def may_be_private(self) -> bool:
        """Whether it may lead into the server's own network: its port was said on purpose."""
        return self.port is not None

    def covers(self, name: str, port: int) -> bool:
        """Whether a connection to a name and port is one to this."""
        fits = name.endswith(f".{self.name}") if self.is_below else name == self.name
        return fits and port == (self.port or HTTPS)


class Refusal(NamedTuple):
    """Why a connection isn't made: an HTTP status and a sentence."""

    status: str
    sentence: str


def read_hosts(told: object) -> tuple[str, ...]:
    """Read the hosts that a run wants, as `run.toml` has them; InvalidRequestError."""
    if not isinstance(told, (list, tuple)) or len(told) > MAX_ENTRIES:
        raise InvalidRequestError('give a list of hosts such as ["pypi.org"].')
    for entry in told:
        if not isinstance(entry, str):
            raise InvalidRequestError("a host is a text.")
        if entry not in PRESETS:
            read_host(entry)
    return tuple(dict.fromkeys(told))


def read_host(entry: str) -> Host:
    """Read one host: `pypi.org`, `*.example.org` for all below it, `mirror.example:8443`."""
    found = _ENTRY.fullmatch(entry.lower())
    if found is None or _is_address(found[2]):
        raise InvalidRequestError(
            f"{entry!r} isn't the name of a host, nor one of {', '.join(PRESETS)}."
        )
    port = int(found[3]) if found[3] else None
    if port is not None and not 0 < port < 65536:  # noqa: PLR2004 - ports have 16 bits
        raise InvalidRequestError(f"{entry!r} has no port that there can be.")
    return Host(found[2], port, is_below=bool(found[1]))


def expand(entries: Iterable[str]) -> tuple[Host, ...]:
    """Give all hosts that entries mean."""
    return tuple(read_host(host) for entry in entries for host in PRESETS.get(entry, (entry,)))


def not_allowed(asked: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Give of the entries that a run asks for those that the server doesn't allow."""
    ceiling = list(allowed)
    hosts = expand(ceiling)
    return [
        entry
        for entry in asked
        if entry not in ceiling and not all(_is_within(one, hosts) for one in expand([entry]))
    ]


def _is_within(host: Host, allowed: Iterable[Host]) -> bool:
    if host.is_below:
        return any(
            one.is_below and one.port == host.port and f".{host.name}".endswith(f".{one.name}")
            for one in allowed
        )
    return any(
        one.port == host.port and one.covers(host.name, host.port or HTTPS) for one in allowed
    )


def judge_request(head: bytes, allowed: Iterable[Host]) -> tuple[Host, str, int] | Refusal:
    """Read the head of a proxy request; give the host that allows it, and where it leads."""
    found = _CONNECT.match(head)
    if found is None:
        return Refusal(
            "405 Method Not Allowed", "Only HTTPS is passed on: this proxy knows CONNECT alone."
        )
    target = found[1].decode("ascii").lower()
    name, separator, port = target.rpartition(":")
    name = name.removesuffix(".")
    if not separator or not port.isdigit():
        return Refusal("400 Bad Request", "Give a host and a port.")
    if _is_address(name.strip("[]")):
        return Refusal("403 Forbidden", f"{target} is an address: only hosts by name are reached.")
    for host in allowed:
        if host.covers(name, int(port)):
            return host, name, int(port)
    return Refusal(
        "403 Forbidden", f"{target} isn't among the hosts that this run may reach ('network')."
    )


def is_public(address: str) -> bool:
    """Whether an address is out in the internet, and not in the server's own network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in network for network in _TRANSLATED):
            return False
    return found.is_global and not found.is_multicast


def _is_address(name: str) -> bool:
    """Whether a name is an address, in any way in which libraries write them."""
    last = name.rpartition(".")[2]
    return ":" in name or last.isdigit() or last.startswith("0x") or not name
