"""Which hosts a run may reach."""

from __future__ import annotations

import pytest
from codesyncx_spawner.egress import (
    PRESETS,
    Host,
    Refusal,
    expand,
    is_public,
    judge_request,
    not_allowed,
    read_host,
    read_hosts,
)

from codesyncx_server.errors import InvalidRequestError

HOSTS = ("pypi.org", "*.example.org", "mirror.internal:8443")


def asked(target: str, method: str = "CONNECT") -> str:
    """Give where a request leads, or why it leads nowhere."""
    head = f"{method} {target} HTTP/1.1\r\nHost: whatever\r\n\r\n".encode()
    judged = judge_request(head, expand(HOSTS))
    return judged.status if isinstance(judged, Refusal) else f"{judged[1]}:{judged[2]}"


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("pypi.org:443", "pypi.org:443"),
        ("PyPI.org:443", "pypi.org:443"),
        ("pypi.org.:443", "pypi.org:443"),
        ("a.example.org:443", "a.example.org:443"),
        ("a.b.example.org:443", "a.b.example.org:443"),
        ("mirror.internal:8443", "mirror.internal:8443"),
        ("mirror.internal:443", "403 Forbidden"),
        ("pypi.org:22", "403 Forbidden"),
        ("example.org:443", "403 Forbidden"),
        ("notexample.org:443", "403 Forbidden"),
        ("pypi.org.evil.test:443", "403 Forbidden"),
        ("evil.test:443", "403 Forbidden"),
        ("127.0.0.1:443", "403 Forbidden"),
        ("[::1]:443", "403 Forbidden"),
        ("2130706433:443", "403 Forbidden"),
        ("0x7f.1:443", "403 Forbidden"),
        ("169.254.169.254:80", "403 Forbidden"),
        (":443", "403 Forbidden"),
        ("pypi.org", "400 Bad Request"),
        ("pypi.org:https", "400 Bad Request"),
        ("pypi.org:443@evil.test:443", "403 Forbidden"),
        ("x" * 400 + ":443", "405 Method Not Allowed"),
    ],
)
def test_a_connection_is_made_only_to_what_is_allowed(target: str, answer: str) -> None:
    assert asked(target) == answer


def test_only_https_is_passed_on() -> None:
    assert asked("http://pypi.org/simple", "GET") == "405 Method Not Allowed"
    assert isinstance(judge_request(b"", expand(HOSTS)), Refusal)
    assert isinstance(judge_request(b"\0\xff\r\n\r\n", expand(HOSTS)), Refusal)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"),
        *("224.0.0.1", "255.255.255.255", "198.18.0.1", "::"),
    ],
)
def test_the_servers_own_network_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_what_is_out_there_is_public() -> None:
    assert is_public("151.101.0.223")
    assert is_public("2a04:4e42::223")
    assert is_public("::ffff:151.101.0.223")


def test_a_run_may_ask_for_less_than_is_allowed_and_not_for_more() -> None:
    allowed = ["package-index", "*.example.org", "mirror.internal:8443"]
    fine = ["package-index", "pypi.org", "a.example.org", "*.a.example.org", "mirror.internal:8443"]
    assert not_allowed(fine, allowed) == []
    more = ["evil.test", "example.org", "*.org", "*.pypi.org", "pypi.org:22", "mirror.internal"]
    assert not_allowed(more, allowed) == more
    assert not_allowed(["package-index"], ["pypi.org"]) == ["package-index"]
    assert not_allowed(["package-index"], list(PRESETS["package-index"])) == []


@pytest.mark.parametrize(
    "entry",
    ["", "*", "*.", "127.0.0.1", "[::1]", "https://pypi.org", "a b", "a:0", "a:70000", "é.fr"],
)
def test_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"host|port"):
        read_hosts([entry])


def test_hosts_are_read() -> None:
    assert read_host("*.Example.org") == Host("example.org", None, is_below=True)
    assert read_host("mirror:8443").may_be_private
    assert read_hosts(["pypi.org", "pypi.org"]) == ("pypi.org",)
    with pytest.raises(InvalidRequestError):
        read_hosts("pypi.org")
