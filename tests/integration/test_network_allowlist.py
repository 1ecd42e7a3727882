"""A run with a network reaches the hosts that it may, by a proxy outside, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.errors import OverLimitError
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.run_file import RunConfiguration
from codesyncx_spawner.runner import Runner
from codesyncx_spawner.sandbox import egress_proxy
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.snapshot import Snapshot
from codesyncx_spawner.states import Ending
from support.package_index import NAME, PackageIndex, package_index
from support.sandboxes import Ground

from codesyncx_server.access.model import Person

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_spawner.run import Run as ARun
    from codesyncx_spawner.sandbox.backend import SandboxBackend

ROOMY = Limits(memory_bytes=300_000_000, pids=64, disk_bytes=100_000_000, open_files=256)
Run = Callable[..., Any]


# Who isn't root can't enter a container's network: `test_docker` sees that it is refused then.
@pytest.fixture(params=["bubblewrap", "docker"] if os.geteuid() == 0 else ["bubblewrap"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Run]:
    backend: SandboxBackend = BubblewrapBackend()
    if kind == "docker":
        backend = DockerBackend(url=request.getfixturevalue("docker").url)
    yield Ground(backend, tmp_path).run
    jp_asyncio_loop.run_until_complete(backend.close())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """Give a package index that has a name out here, as another host would."""

    async def look_up(name: str, _port: int) -> list[str]:
        if name.endswith(".example"):
            return ["127.0.0.1"]
        raise OSError("there is no such host")

    monkeypatch.setattr(egress_proxy, "_look_up", look_up)
    with package_index(tmp_path) as served:
        yield served


FETCH = """
import ssl, urllib.request
def fetch(url):
    context = ssl.create_default_context(cafile="ca.pem")
    try:
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            return answer.read().decode()
    except OSError as error:
        return str(error)
"""


def main(code: str) -> str:
    return FETCH + code


async def test_a_host_that_is_allowed_is_reached_and_told_of(
    run: Run, index: PackageIndex, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    host = f"{NAME}:{index.port}"
    result = await run(
        main(f"print(fetch('https://{host}/simple/greeting/'))"),
        ROOMY,
        files={"ca.pem": index.authority},
        network=[host],
    )
    assert "greeting-1.0-py3-none-any.whl" in result.text
    assert f"connected to {host}" in caplog.text


async def test_a_package_is_installed(run: Run, kind: str, index: PackageIndex) -> None:
    host = f"{NAME}:{index.port}"
    # Of Debian's; a server's own Python may be without.
    code = f"""
import glob, subprocess, sys
wheels = glob.glob("/usr/share/python-wheels/pip-*.whl")
if not wheels:
    print("no pip here")
    sys.exit()
subprocess.run([sys.executable, wheels[0] + "/pip", "install", "--quiet", "--target", "packages",
    "--no-cache-dir", "--disable-pip-version-check",
    "--index-url", "https://{host}/simple/", "--cert", "ca.pem", "greeting"], check=True)
sys.path.insert(0, "packages")
import greeting
print(greeting.TEXT)
"""
    result = await run(code, ROOMY, files={"ca.pem": index.authority}, network=[host])
    told = {"hello from a package\n"} | ({"no pip here\n"} if kind == "bubblewrap" else set())
    assert result.text in told


async def test_nothing_else_is_reached(
    run: Run, index: PackageIndex, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    attempts = {
        # By the proxy: another host, an address, another port, the machine itself.
        "fetch('https://other.example/')": "403",
        f"fetch('https://127.0.0.1:{index.port}/')": "refused",
        "fetch('https://169.254.169.254/')": "403",
        f"fetch('https://{NAME}:1/')": "403",
        # A name that may be reached out there leads into the server's network.
        "fetch('https://inside.example/')": "403",
        # Past it.
        "fetch('http://pypi.org/')": "Temporary failure in name resolution|Name or service",
        "direct('151.101.0.223', 443)": "unreachable",
        f"direct('127.0.0.1', {index.port})": "refused",
        "lookup('secret.tunnel.evil.test')": "resolution|not known|service",
        "ask(b'GET https://pypi.org/ HTTP/1.1\\r\\n\\r\\n')": "405",
        "ask(b'CONNECT evil.test:443 HTTP/1.1\\r\\nHost: inside.example\\r\\n\\r\\n')": "403",
        "ask(b'x' * 100_000)": "405|reset|b''",
        "ask(b'CONNECT 127.0.0.1:22 HTTP/1.1\\r\\n\\r\\n')": "403",
    }
    code = f"""
import socket, time
def direct(address, port):
    try:
        return repr(socket.create_connection((address, port), 3))
    except OSError as error:
        return str(error)
def lookup(name):
    try:
        return repr(socket.getaddrinfo(name, 443))
    except OSError as error:
        return str(error)
def ask(head):
    try:
        with socket.create_connection(("127.0.0.1", 3128), 3) as proxy:
            proxy.sendall(head)
            return repr(proxy.recv(200))
    except OSError as error:
        return str(error)
for attempt in {list(attempts)!r}:
    print(eval(attempt).splitlines()[0])
"""
    result = await run(
        main(code),
        ROOMY,
        files={"ca.pem": index.authority},
        network=[f"{NAME}:{index.port}", "inside.example"],
    )
    told = dict(zip(attempts, result.text.splitlines(), strict=True))
    wrong = {
        attempt: told[attempt]
        for attempt, wanted in attempts.items()
        if not any(word.lower() in told[attempt].lower() for word in wanted.split("|"))
    }
    assert wrong == {}
    assert "evil.test:443 isn't among the hosts" in caplog.text
    assert "inside.example leads inwards" in caplog.text


async def test_connections_without_number_disturb_nobody(run: Run, index: PackageIndex) -> None:
    host = f"{NAME}:{index.port}"
    flood = """
import socket
held = [socket.create_connection(("127.0.0.1", 3128), 3) for _ in range(150)]
held[-1].settimeout(5)
print(held[-1].recv(1))
"""
    honest = main(f"print(len(fetch('https://{host}/simple/greeting/')) > 40)")
    told = {"files": {"ca.pem": index.authority}, "network": [host]}
    flooded, neighbour = await asyncio.gather(run(flood, ROOMY, **told), run(honest, ROOMY, **told))
    assert (flooded.ending, flooded.text) == (Ending(0), "b''\n")
    assert neighbour.text == "True\n"


async def test_a_run_without_a_network_has_no_proxy(run: Run) -> None:
    result = await run("""
        import os, socket
        print([name for name in os.environ if "proxy" in name.lower()])
        try:
            socket.create_connection(("127.0.0.1", 3128), 3)
        except OSError as error:
            print(type(error).__name__)
    """)
    assert result.text == "[]\nConnectionRefusedError\n"


class NoFiles:
    async def snapshot(self, _run: ARun, archive: IO[bytes], _known: object = None) -> Snapshot:
        archive.write(bytes(2 * tarfile.BLOCKSIZE))
        return Snapshot({}, (), {})


async def test_a_run_gets_only_what_the_server_allows(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "runs", BubblewrapBackend(), NoFiles(), network=["package-index"])
    await runner.start()
    asked = RunConfiguration("", ("true",), network=("pypi.org", "evil.test"))
    with pytest.raises(
        OverLimitError, match=r"network: evil\.test may not be reached .*package-in"
    ):
        await runner.submit(Person("ada"), asked)
    allowed = RunConfiguration("", ("true",), network=("pypi.org",))
    run = await runner.submit(Person("ada"), allowed)
    async for seen, _ in runner.follow(run.id):
        run = seen
    await runner.close()
    assert run.sentence == "It is done."
