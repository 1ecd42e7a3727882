"""Sandboxes by Kubernetes: the real client, an API by kmock, and a node that is a Docker daemon.

What hostile code does in them is tried in `test_sandbox_escape`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.egress import expand
from codesyncx_spawner.errors import NoSandboxError, OverLimitError, SandboxError
from codesyncx_spawner.execution import Execution
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox import kubernetes as kubernetes_backend
from codesyncx_spawner.sandbox import kubernetes_sandbox, server_name
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.first_choice import FirstChoiceBackend
from codesyncx_spawner.sandbox.kubernetes import KubernetesBackend
from codesyncx_spawner.states import Ending
from support.kubernetes_cluster import NAMESPACE
from support.kubernetes_node import API_PORT
from support.sandboxes import TIGHT, Ground, archive_of, nothing
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from codesyncx_spawner.output import Piece
    from codesyncx_spawner.sandbox.kubernetes_sandbox import KubernetesSandbox
    from support.docker_host import DockerHost
    from support.kubernetes_cluster import Cluster


@pytest.fixture
def backend(
    cluster: Cluster, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[KubernetesBackend]:
    backend = KubernetesBackend(
        kubeconfig=cluster.kubeconfig(tmp_path),
        namespace=NAMESPACE,
        checks_network=False,
        start_timeout_s=20,
    )
    yield backend
    jp_asyncio_loop.run_until_complete(backend.close())


def spec_of(*command: str, **options: Any) -> SandboxSpec:
    return SandboxSpec(secrets.token_hex(8), command, TIGHT, **options)


@contextlib.asynccontextmanager
async def started(backend: KubernetesBackend, code: str) -> AsyncIterator[KubernetesSandbox]:
    sandbox = await backend.prepare(spec_of("/usr/bin/python3", "main.py"))
    try:
        await sandbox.start(archive_of({"main.py": code}))
        yield sandbox
    finally:
        await sandbox.kill(0)
        await sandbox.release()


async def until_printed(sandbox: KubernetesSandbox, wanted: bytes) -> None:
    printed = b""
    async for chunk in sandbox.logs():
        printed += chunk
        if wanted in printed:
            return
    raise AssertionError(printed)


# -- what is refused, and how it is said -------------------------------------------------------


async def test_a_server_without_a_cluster_says_what_to_set(tmp_path: Path) -> None:
    backend = KubernetesBackend(kubeconfig=str(tmp_path / "none"))
    with pytest.raises(NoSandboxError, match=r"can't reach: .*KubernetesBackend\.kubeconfig"):
        await backend.check()
    await backend.close()


async def test_a_server_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes_asyncio.config", None)
    with pytest.raises(NoSandboxError, match=r"pip install 'codesyncx\[kubernetes\]'"):
        await KubernetesBackend().check()


async def test_it_is_chosen_by_its_name(cluster: Cluster, tmp_path: Path) -> None:
    config = Config()
    config.FirstChoiceBackend.order = ["kubernetes"]
    config.KubernetesBackend.kubeconfig = cluster.kubeconfig(tmp_path)
    config.KubernetesBackend.namespace = NAMESPACE
    config.KubernetesBackend.checks_network = False
    config.KubernetesBackend.images = ["codesyncx/*"]
    backend = FirstChoiceBackend(config=config)
    result = await Ground(backend, tmp_path).run("print('in a pod')", image="codesyncx/sandbox")
    await backend.close()
    assert result.text == "in a pod\n"


async def test_what_the_server_may_not_do_is_named(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    cluster.forbid("pods/exec", "get")
    cluster.forbid("jobs", "patch")
    with pytest.raises(NoSandboxError, match=f"{NAMESPACE} .* need: patch jobs, get pods/exec"):
        await backend.check()


async def test_a_cluster_that_goes_away_before_the_first_run_is_told(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    await cluster.go_away()
    with pytest.raises(NoSandboxError, match="Running code needs Kubernetes"):
        await backend.check()
    await cluster.come_back()


@pytest.mark.parametrize("options", [{"has_terminal": True}, {"is_interactive": True}])
async def test_kernels_and_terminals_are_refused(
    backend: KubernetesBackend, options: dict[str, bool]
) -> None:
    with pytest.raises(NoSandboxError, match="no kernels and terminals"):
        await backend.prepare(spec_of("true", **options))


async def test_hosts_are_refused(backend: KubernetesBackend) -> None:
    with pytest.raises(OverLimitError, match="reach no hosts"):
        await backend.prepare(spec_of("true", network=expand(["pypi.org"])))


async def test_only_images_that_are_allowed_can_be_had(backend: KubernetesBackend) -> None:
    backend.images = ["courses/*"]
    with pytest.raises(OverLimitError, match=r"'evil/image' may not be used .* courses/\*"):
        await backend.prepare(spec_of("true", image="evil/image"))


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "exceeded quota: few, requested: cpu=1"), (409, "it is being deleted"), (500, "oh")],
)
@pytest.mark.parametrize("what", ["jobs", "networkpolicies"])
async def test_a_refusal_of_the_cluster_is_passed_on(
    cluster: Cluster, backend: KubernetesBackend, what: str, status: int, message: str
) -> None:
    cluster.refusals["create", what] = (status, message)
    with pytest.raises(SandboxError, match=f"can't make a sandbox: {message}"):
        await backend.prepare(spec_of("true"))
    assert cluster.job_names == []


# -- whether the walls stand -------------------------------------------------------------------


async def test_a_cluster_that_keeps_pods_from_the_network_is_used(
    backend: KubernetesBackend,
) -> None:
    backend.checks_network = True
    await backend.check()
    await backend.check()


async def test_a_cluster_that_ignores_network_policies_runs_no_code(
    docker: DockerHost, cluster: Cluster, backend: KubernetesBackend
) -> None:
    backend.checks_network = True
    cluster.node.network = "host"
    listen = (
        f"import socket; s = socket.create_server(('127.0.0.1', {API_PORT})); print(flush=True)"
    )
    api = docker.inside(sys.executable, "-c", f"{listen}; s.accept()")
    with api:
        with pytest.raises(NoSandboxError, match="doesn't enforce NetworkPolicies"):
            await backend.check()
        api.wait(10)


async def test_a_node_that_does_not_keep_code_in_runs_none(
    cluster: Cluster, backend: KubernetesBackend, tmp_path: Path
) -> None:
    cluster.node.enforces_walls = False
    with pytest.raises(NoSandboxError, match="doesn't keep sandboxes in"):
        await Ground(backend, tmp_path).run("print('never')")


async def test_the_environment_is_in_no_object_of_the_cluster(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    secret = "it's a $ecret\nof two lines"
    command = ("/bin/sh", "-c", 'echo "$TOKEN, $KUBERNETES_SERVICE_HOST"')
    sandbox = await backend.prepare(spec_of(*command, environment={"TOKEN": secret}))
    await sandbox.start(archive_of({}))
    await until_printed(sandbox, f"{secret}, \n".encode())
    assert "$ecret" not in cluster.everything_told()
    await sandbox.kill(0)
    await sandbox.release()


# -- waiting for a node ------------------------------------------------------------------------


def waiting(reason: str, message: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"name": "run", "state": state}]}


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (
            waiting("ImagePullBackOff", "manifest unknown"),
            "The base image codesyncx/sandbox:latest can't be pulled: manifest unknown",
        ),
        (waiting("CreateContainerError", "no such file"), "can't make the sandbox: no such file"),
        (
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available: 3 Insufficient memory.",
                    }
                ],
            },
            r"within 1 s\. No node of the cluster has room for it: 0/3 nodes are available",
        ),
        (waiting("ErrImagePull", "not now"), r"within 1 s\. ErrImagePull: not now"),
    ],
)
async def test_a_pod_that_waits_says_for_what(
    cluster: Cluster, backend: KubernetesBackend, status: dict[str, Any], sentence: str
) -> None:
    backend.start_timeout_s = 1
    cluster.stuck = status
    sandbox = await backend.prepare(spec_of("true"))
    with pytest.raises(SandboxError, match=sentence):
        await sandbox.start(archive_of({}))
    await sandbox.release()


async def test_a_job_of_which_no_pod_is_made_says_why(
    cluster: Cluster, backend: KubernetesBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_sandbox, "_EVENT_AFTER_S", 0.1)
    cluster.warnings = ['pods "x" is forbidden: violates PodSecurity "restricted"']
    sandbox = await backend.prepare(spec_of("true"))
    with pytest.raises(SandboxError, match=r"doesn't make the sandbox: .* violates PodSecurity"):
        await sandbox.start(archive_of({}))
    await sandbox.release()


# -- while it runs -----------------------------------------------------------------------------


async def test_what_it_serves_is_reached_from_outside(backend: KubernetesBackend) -> None:
    code = """
import socket
with socket.create_server(("127.0.0.1", 8000)) as server:
    print("up", flush=True)
    while True:
        connection = server.accept()[0]
        connection.sendall(connection.recv(10) * 2)
        connection.close()
"""
    async with started(backend, code) as sandbox:
        await until_printed(sandbox, b"up")
        loop = asyncio.get_running_loop()
        with await sandbox.connect(8000) as connection:
            await loop.sock_sendall(connection, b"hello")
            assert await loop.sock_recv(connection, 100) == b"hellohello"
            assert await loop.sock_recv(connection, 100) == b""
        with pytest.raises(ConnectionRefusedError):
            await sandbox.connect(8001)


async def test_edits_come_in_while_it_runs(backend: KubernetesBackend) -> None:
    code = """
import os, time
open("old", "w").close()
print("up", flush=True)
while not os.path.exists("folder/new") or os.path.exists("old"):
    time.sleep(0.01)
print(open("folder/new").read(), flush=True)
"""
    async with started(backend, code) as sandbox:
        await until_printed(sandbox, b"up")
        with pytest.raises(OSError, match="Wrote only"):
            await sandbox.update(archive_of({"giant": "x" * 25_000_000}), [])
        await sandbox.update(archive_of({"folder/new": "edited"}), ["old", "never there"])
        await until_printed(sandbox, b"edited")


async def ended_when(
    backend: KubernetesBackend, code: str, happens: Any
) -> tuple[Ending, list[str]]:
    """Run code, and have something happen to it when it has printed a line."""
    sandbox = await backend.prepare(spec_of("/usr/bin/python3", "main.py"))
    printed: list[str] = []
    is_up = asyncio.Event()

    def tell(more: list[Piece]) -> None:
        printed.extend(piece.text for piece in more)
        is_up.set()

    execution = Execution(sandbox, TIGHT, tell)
    running = asyncio.create_task(execution.run(archive_of({"main.py": code}), nothing))
    try:
        done, _ = await asyncio.wait(
            {running, up := asyncio.create_task(is_up.wait())}, return_when="FIRST_COMPLETED"
        )
        up.cancel()
        if running not in done:
            await happens()
        return await running, printed
    finally:
        running.cancel()
        await sandbox.release()


SLEEPS = "import time; print('up', flush=True); time.sleep(1000)"


def only(names: Any) -> str:
    (name,) = names
    return str(name)


async def test_a_pod_that_is_evicted_ends_the_run_and_says_why(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    async def evict() -> None:
        told = "The node was low on resource: memory."
        await cluster.fail_pod("Error", reason="Evicted", message=told)

    with pytest.raises(SandboxError, match=r"took it off its node \(Evicted\): .* low on resource"):
        await ended_when(backend, SLEEPS, evict)


async def test_a_node_that_is_drained_ends_the_run(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    async def drain() -> None:
        await cluster.take_away(only(cluster.pods))

    with pytest.raises(SandboxError, match="took the sandbox away while it ran"):
        await ended_when(backend, SLEEPS, drain)


async def test_the_deadline_of_a_job_is_told(cluster: Cluster, backend: KubernetesBackend) -> None:
    async def expire() -> None:
        cluster.fail_job(only(cluster.job_names), "DeadlineExceeded")
        await cluster.take_away(only(cluster.pods))

    with pytest.raises(SandboxError, match="at the Job's deadline"):
        await ended_when(backend, SLEEPS, expire)


async def test_a_container_that_memory_ran_out_for_is_told_from_other_failures(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    async def kill_all() -> None:
        await cluster.fail_pod("OOMKilled")

    ending, _ = await ended_when(backend, SLEEPS, kill_all)
    assert ending == Ending(137, ran_out_of_memory=True)


COUNTS = """
import os, time
print("up", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
for number in range(300):
    print(number, flush=True)
"""


async def test_a_connection_that_is_cut_loses_nothing(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    async def cut() -> None:
        for _ in range(3):
            cluster.cut()
            await cluster.until_followed()
        await cluster.write(only(cluster.pods), "/work/go")

    ending, printed = await ended_when(backend, COUNTS, cut)
    assert (ending, printed) == (Ending(0), ["up", *map(str, range(300))])


async def test_an_api_that_is_away_for_a_while_loses_nothing(
    cluster: Cluster, backend: KubernetesBackend
) -> None:
    async def away() -> None:
        await cluster.go_away()
        await cluster.write(only(cluster.pods), "/work/go")
        await asyncio.sleep(1)
        await cluster.come_back()

    ending, printed = await ended_when(backend, COUNTS, away)
    assert (ending, printed) == (Ending(0), ["up", *map(str, range(300))])


async def test_an_api_that_stays_away_is_told_and_cleaned_up_after(
    cluster: Cluster, backend: KubernetesBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_sandbox, "_AWAY_S", 0.5)
    with pytest.raises(SandboxError, match="Kubernetes went away while it ran"):
        await ended_when(backend, SLEEPS, cluster.go_away)
    await cluster.come_back()
    assert len(cluster.job_names) == 1
    another = await backend.prepare(spec_of("true"))
    assert len(cluster.job_names) == 1
    await another.release()


async def test_a_launcher_that_does_not_answer_goes_with_its_job(
    cluster: Cluster, backend: KubernetesBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_sandbox, "_END_S", 0.2)
    async with started(backend, SLEEPS) as sandbox:
        await until_printed(sandbox, b"up")
        cluster.refusals["get", "pods/exec"] = (500, "no")
        await sandbox.kill(0.2)
        assert await sandbox.wait() == Ending(137)
        assert cluster.job_names == []


async def test_what_a_server_left_that_is_gone_is_swept_up(
    cluster: Cluster, backend: KubernetesBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = server_name.this_server().split()[0]
    with monkeypatch.context() as patch:
        patch.setattr(kubernetes_backend, "this_server", lambda: f"{mark} 4194305.1")
        await backend.prepare(spec_of("true"))
    another = await backend.prepare(spec_of("true"))
    await backend.close()
    await backend.check()
    assert len(cluster.job_names) == 1
    await backend.reap(another._spec.run_id, another.handle)
    assert cluster.job_names == []


async def test_much_output_and_long_lines_come_as_they_were_printed(
    backend: KubernetesBackend, tmp_path: Path
) -> None:
    limits = Limits(output_bytes=3_000_000)
    code = """
        print("x" * 100_000)
        for number in range(5000):
            print(number)
        print("no end", end="")
    """
    result = await Ground(backend, tmp_path).run(code, limits)
    assert result.text == "x" * 100_000 + "\n" + "".join(f"{n}\n" for n in range(5000)) + "no end"
