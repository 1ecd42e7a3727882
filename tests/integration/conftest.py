"""A Jupyter server with our rooms, whose people are who their header says, and who joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.docker_host import docker_host
from support.gatehouse import open_house
from support.identity import NamedInHeader
from support.kubernetes_cluster import kubernetes_cluster
from support.peers import Peer
from support.swarm import docker_swarm

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_server.serverapp import ServerApp
    from pycrdt import Doc
    from support.docker_host import DockerHost
    from support.gatehouse import House
    from support.kubernetes_cluster import Cluster
    from support.peers import Join
    from support.swarm import Swarm


@pytest.fixture(scope="session")
def docker() -> Iterator[DockerHost]:
    """Give a Docker daemon of the tests' own."""
    with docker_host() as host:
        yield host


@pytest.fixture(scope="session")
def swarm() -> Iterator[Swarm]:
    """Give a Docker swarm of two nodes."""
    with docker_swarm() as swarm:
        yield swarm


@pytest.fixture
def cluster(docker: DockerHost, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Cluster]:
    """Give a Kubernetes cluster of one node."""
    with kubernetes_cluster(docker, jp_asyncio_loop) as cluster:
        yield cluster


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    extensions = ("codesyncx_server", "jupyter_server_fileid", "jupyter_server_ydoc")
    return {
        "CodeSyncXApp": {"default_role": "editor"},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(extensions, True),
            "identity_provider_class": NamedInHeader,
            "disable_check_xsrf": True,
        },
    }


@pytest.fixture
def url(jp_fetch: Any, jp_http_port: int, jp_base_url: str) -> str:
    assert jp_fetch  # brings the listening server up
    return f"http://localhost:{jp_http_port}{jp_base_url}".rstrip("/")


@pytest.fixture
def join(url: str, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Join]:
    peers: list[Peer] = []

    async def enter(
        username: str, path: str = "a.py", *form: str, doc: Doc[Any] | None = None
    ) -> Peer:
        peer = Peer(url, username, doc)
        peers.append(peer)
        return await peer.join(path, *form)

    yield enter
    for peer in peers:
        jp_asyncio_loop.run_until_complete(peer.leave())


@pytest.fixture
def house(
    jp_serverapp: ServerApp,
    jp_fetch: Any,
    jp_http_port: int,
    jp_base_url: str,
    jp_root_dir: Path,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> House:
    assert jp_fetch  # brings the listening server up
    url = f"http://127.0.0.1:{jp_http_port}{jp_base_url}"
    return jp_asyncio_loop.run_until_complete(open_house(jp_serverapp, url, jp_root_dir))
