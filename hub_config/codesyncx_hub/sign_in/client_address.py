"""From which address of the internet a request comes."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Network = IPv4Network | IPv6Network

SUBSCRIBER_BITS = 64
"""One IPv6 customer has at least so many bits to choose addresses from."""


def networks(texts: Iterable[str]) -> list[Network]:
    """Read networks such as `10.0.0.0/8` and `::1/128`; ValueError for anything else."""
    return [ip_network(text) for text in texts]


def client_network(peer: str, forwarded_for: str, proxies: Sequence[Network]) -> str:
    """Give the network that limits are counted by: one IPv4 address, or 64 bits of IPv6.

    `peer` is who has connected. What a proxy says in X-Forwarded-For is believed from the right,
    as far as its own word is: the first that is no proxy is the client. `X-Real-IP`, which passes
    through from clients, isn't looked at.
    """
    client = _address(peer)
    if client is None:
        return "unknown"
    for text in reversed(forwarded_for.split(",")):
        said = _address(text.strip())
        if said is None or not _is_in(client, proxies):
            break
        client = said
    if isinstance(client, IPv6Address):
        return str(ip_network((client, SUBSCRIBER_BITS), strict=False))
    return str(client)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_in(address: IPv4Address | IPv6Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)
