from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_hub.sign_in.client_address import client_network, networks

PROXIES = networks(["127.0.0.0/8", "::1/128", "10.1.0.0/16"])


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7, 10.1.2.3", "192.0.2.7"),
        # What the client itself has said stands left of what the proxy has seen.
        ("127.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.9", "192.0.2.7", "192.0.2.9"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.7, nonsense", "127.0.0.1"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        ("a socket", "192.0.2.7", "unknown"),
    ],
)
def test_only_a_proxys_word_is_believed(peer: str, said: str, client: str) -> None:
    assert client_network(peer, said, PROXIES) == client


@given(st.text(), st.ip_addresses(v=4).filter(lambda ip: not any(ip in net for net in PROXIES)))
def test_whatever_a_client_says_its_own_address_counts(said: str, ip: object) -> None:
    assert client_network("127.0.0.1", f"{said},{ip}", PROXIES) == str(ip)
    assert client_network(str(ip), said, PROXIES) == str(ip)
