"""Networks of the tests' own, in namespaces without a way out.

There are a client at home, a router that translates its address, a server, and a TURN server:

    client 10.1.0.2 --cable-- router --+-- 10.2.0.2 server
                                       +-- 10.3.0.2 coturn

The cable is as bad as a test wants. No one needs to be root: the namespaces belong to a user
namespace.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.servers import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

SERVER, TURN, CLIENT = "10.2.0.2", "10.3.0.2", "10.1.0.2"
TURN_PORT, TURN_TLS_PORT = 3478, 5349
SUPPORT = REPOSITORY / "tests" / "support"
TRANSLATE = """
table ip home {
  chain out { type nat hook postrouting priority 100; ip saddr 10.1.0.0/24 masquerade; }
  chain wall { type filter hook forward priority 0; }
}
"""
NO_UDP = f"add rule ip home wall ip saddr 10.1.0.0/24 ip daddr {SERVER} meta l4proto udp drop"
COTURN = f"""
listening-ip={TURN}
relay-ip={TURN}
listening-port={TURN_PORT}
realm=example.org
use-auth-secret
static-auth-secret={{secret}}
no-multicast-peers
denied-peer-ip=0.0.0.0-255.255.255.255
allowed-peer-ip={SERVER}
no-cli
no-dtls
tls-listening-port={TURN_TLS_PORT}
cert={{folder}}/certificate.pem
pkey={{folder}}/key.pem
log-file=stdout
pidfile={{folder}}/turnserver.pid
userdb={{folder}}/turndb
"""


class Host:
    """A network namespace, for as long as a process in it waits."""

    def __init__(self, inside: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [*inside, "sh", "-c", "echo ready; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        pid = str(self.process.pid)
        self.enter = ["nsenter", "--user", "--net", "--preserve-credentials", "--target", pid]
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str, told: str = "") -> None:
        """Do something there; an error shows what it wrote."""
        done = subprocess.run(
            [*self.enter, *command], input=told, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"

    @contextlib.contextmanager
    def running(self, *command: str, ready: str = "ready") -> Iterator[subprocess.Popen[str]]:
        """Have something run there, from when it says that it is ready."""
        process = subprocess.Popen(
            [*self.enter, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            heard = iter(process.stdout.readline, "")
            assert any(ready in line for line in heard), f"{command} ended"
            yield process
        finally:
            process.terminate()
            process.stdin.close()
            process.wait(20)
            process.stdout.close()

    def close(self) -> None:
        """End the namespace, with all that is in it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Networks:
    """`with Networks() as networks:` has them all joined."""

    def __enter__(self) -> Self:
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            own = ["unshare", "--user", "--map-root-user", "--net"]
            self.router = self._host(stack, own)
            deeper = [*self.router.enter, "unshare", "--net"]
            self.client, self.server, self.turn = (self._host(stack, deeper) for _ in range(3))
            self._join(self.server, "server", "10.2.0")
            self._join(self.turn, "turn", "10.3.0")
            self._cable = stack.enter_context(
                self.client.running(
                    sys.executable,
                    str(SUPPORT / "network_cable.py"),
                    str(self.router.process.pid),
                )
            )
            _address(self.client, "cable", f"{CLIENT}/24")
            _address(self.router, "cable", "10.1.0.1/24")
            self.client.run("ip", "route", "add", "default", "via", "10.1.0.1")
            self.router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
            self.router.run("nft", "-f", "-", told=TRANSLATE)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def cable(self, **quality: Any) -> None:
        """Make the cable to the client better or worse; see `network_cable`."""
        assert self._cable.stdin is not None
        self._cable.stdin.write(json.dumps(quality) + "\n")
        self._cable.stdin.flush()

    def block_udp(self) -> None:
        """Have the router let no UDP from the client to the server."""
        self.router.run("nft", NO_UDP)

    def allow_udp(self) -> None:
        """Have the router let everything through again."""
        self.router.run("nft", "flush", "chain", "ip", "home", "wall")

    def coturn(self, folder: Path, secret: str) -> contextlib.AbstractContextManager[Any]:
        """Run a TURN server that passes on to the server alone, over TLS too.

        Its certificate comes into the folder as `certificate.pem`.
        """
        _certify(folder)
        settings = folder / "turnserver.conf"
        settings.write_text(COTURN.format(secret=secret, folder=folder))
        return self.turn.running("turnserver", "-c", str(settings), ready="Total General servers")

    def move_home(self, address: str) -> None:
        """Have the client change over to another address, as from one Wi-Fi to another."""
        self.client.run("ip", "address", "flush", "dev", "cable")
        _address(self.client, "cable", f"{address}/24")
        self.client.run("ip", "route", "add", "default", "via", "10.1.0.1")

    @staticmethod
    def _host(stack: contextlib.ExitStack, inside: Sequence[str]) -> Host:
        host = Host(inside)
        stack.callback(host.close)
        return host

    def _join(self, host: Host, name: str, network: str) -> None:
        pid = str(host.process.pid)
        self.router.run("ip", "link", "add", name, "type", "veth", "peer", "wire", "netns", pid)
        _address(self.router, name, f"{network}.1/24")
        _address(host, "wire", f"{network}.2/24")
        host.run("ip", "route", "add", "default", "via", f"{network}.1")


def _certify(folder: Path) -> None:
    """Make a key and a certificate for the TURN server's address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, TURN)])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(TURN))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def _address(host: Host, device: str, address: str) -> None:
    host.run("ip", "address", "add", address, "dev", device)
    host.run("ip", "link", "set", device, "up")
