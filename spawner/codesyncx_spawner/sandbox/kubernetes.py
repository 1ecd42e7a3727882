"""Sandboxes by Kubernetes: a Job for each run, in a namespace for them, with no network."""

from __future__ import annotations

import asyncio
import io
import secrets
import tarfile
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Dict, Int, List, Unicode

from ..errors import NoSandboxError, OverLimitError, SandboxError
from ..limits import Limits
from .backend import SandboxBackend, SandboxSpec
from .kubernetes_manifests import NETWORK_PROBE, REACHED_IT, Place, job_manifest, network_policy
from .server_name import is_orphaned, this_server

if TYPE_CHECKING:
    from .kubernetes_client import KubernetesClient
    from .kubernetes_sandbox import KubernetesSandbox

_USERS = 60_000


class KubernetesBackend(SandboxBackend):
    """Makes Jobs; they end with their command, or at a deadline if this server is gone."""

    kubeconfig = Unicode(
        "",
        config=True,
        help="""The file that says where the cluster is. By default, that of the pod that the server
        runs in, or else what `kubectl` would use.""",
    )

    context = Unicode(
        "",
        config=True,
        help="""Which of the kubeconfig's contexts; by default its own choice.""",
    )

    namespace = Unicode(
        "codesyncx-sandboxes",
        config=True,
        help="""Where the sandboxes are: a namespace with nothing else in it.""",
    )

    image = Unicode(
        "codesyncx/sandbox:latest",
        config=True,
        help="""The base image of runs that ask for no other: one that the nodes have or can pull.
        spawner/images in CodeSyncX's source makes one.""",
    )

    images = List(
        Unicode(),
        config=True,
        help="""Other images that a run may ask for in .codesyncx/run.toml: names, or patterns with
        * such as "registry.example/courses/*". None by default.""",
    )

    pull_secrets = List(
        Unicode(),
        config=True,
        help="""Secrets of the namespace with which the nodes pull images.""",
    )

    runtime_class = Unicode(
        "",
        config=True,
        help="""The RuntimeClass of the pods, such as "gvisor". By default the cluster's own choice,
        of which each sandbox then sees for itself that it keeps code in.""",
    )

    seccomp_profile = Unicode(
        "",
        config=True,
        help="""A seccomp profile that is on every node, by its path below the kubelet's folder for
        them, such as "profiles/codesyncx.json". By default that of the container runtime.""",
    )

    node_selector = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        config=True,
        help="""Labels of the nodes that sandboxes may be on.""",
    )

    tolerations = List(
        Dict(),
        config=True,
        help="""Taints of nodes that keep everything else away, as in a pod's `tolerations`.""",
    )

    start_timeout_s = Int(
        300,
        min=1,
        config=True,
        help="""How long a sandbox may wait for a node with room, and for its image.""",
    )

    checks_network = Bool(
        True,  # noqa: FBT003 - traitlets' signature
        config=True,
        help="""Whether a first sandbox tries to get out before code is run, because a cluster
        without a network plugin that enforces NetworkPolicies ignores them. It needs python3 in the
        base image.""",
    )

    first_uid = Int(
        1_900_200_000,
        min=1,
        config=True,
        help="""Each sandbox has a user of its own: one of the 60,000 numbers from here on, none of
        which must be anybody's on the nodes.""",
    )

    _client: KubernetesClient | None = None
    _is_checked = False
    _next_user = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._left: set[str] = set()
        """Runs of which something was left because the API was gone."""
        self._checking = asyncio.Lock()

    async def check(self) -> None:
        """See that this server may do what it needs, and that pods are kept from the network."""
        async with self._checking:
            if self._is_checked:
                return
            client = await self._connected()
            from .kubernetes_client import KUBERNETES_ERRORS, said_by  # noqa: PLC0415 - loaded now

            try:
                missing = await client.not_allowed()
            except KUBERNETES_ERRORS as error:
                raise NoSandboxError(_no_cluster(said_by(error))) from error
            if missing:
                raise NoSandboxError(
                    f"This server may not do in the namespace {self.namespace} what sandboxes by "
                    f"Kubernetes need: {', '.join(missing)}. The page 'Sandbox security' of the "
                    "documentation has the Role that allows it."
                )
            await self._sweep(client)
            if self.checks_network:
                await self._try_to_get_out()
            self._is_checked = True

    async def close(self) -> None:
        """Let go of the cluster."""
        client, self._client, self._is_checked = self._client, None, False
        if client is not None:
            await client.close()

    async def prepare(self, spec: SandboxSpec) -> KubernetesSandbox:
        """Make a Job that waits, and what keeps its pod from the network."""
        if spec.has_terminal or spec.is_interactive:
            raise NoSandboxError(
                "Sandboxes by Kubernetes have no kernels and terminals: those by bubblewrap have "
                "both, by Docker kernels."
            )
        if spec.network:
            raise OverLimitError(
                "Runs by Kubernetes reach no hosts: take `network` out of the run, or have it run "
                "by bubblewrap or Docker."
            )
        self._image_of(spec)
        await self.check()
        return await self._make(spec)

    async def _make(self, spec: SandboxSpec) -> KubernetesSandbox:
        client = await self._connected()
        from .kubernetes_client import KUBERNETES_ERRORS, said_by  # noqa: PLC0415 - loaded now
        from .kubernetes_sandbox import KubernetesSandbox  # noqa: PLC0415

        for run_id in list(self._left):
            await self._remove(run_id)
        try:
            job_uid = await client.create_job(job_manifest(spec, self._place(spec)))
            policy = network_policy(spec.run_id, self.namespace, job_uid)
            await client.create_policy(policy)
        except KUBERNETES_ERRORS as error:
            await self._remove(spec.run_id)
            raise SandboxError(f"Kubernetes can't make a sandbox: {said_by(error)}") from error
        except BaseException:
            await self._remove(spec.run_id)
            raise
        return KubernetesSandbox(
            client, spec, lambda: self._remove(spec.run_id), wait_s=self.start_timeout_s
        )

    async def reap(self, run_id: str, handle: str) -> None:
        """Take away what is left of a run; the cluster knows it by its name."""
        del handle
        await self._remove(run_id)

    async def _remove(self, run_id: str) -> None:
        """Take a run's Job away, now or as soon as the API is there again."""
        client = await self._connected()
        from .kubernetes_client import KUBERNETES_ERRORS, said_by  # noqa: PLC0415 - loaded now

        self._left.add(run_id)
        try:
            await client.delete(run_id)
        except KUBERNETES_ERRORS as error:
            self.log.warning(
                "What is left of run %s can't be taken away: %s", run_id, said_by(error)
            )
        else:
            self._left.discard(run_id)

    async def _sweep(self, client: KubernetesClient) -> None:
        """Take away what servers of this machine have left that are there no more."""
        from .docker_container import RUN_LABEL, SERVER_LABEL  # noqa: PLC0415
        from .kubernetes_client import KUBERNETES_ERRORS, said_by  # noqa: PLC0415

        try:
            for job in await client.jobs():
                told = job["metadata"]
                if is_orphaned((told.get("annotations") or {}).get(SERVER_LABEL, "")):
                    await self._remove(told["labels"][RUN_LABEL])
        except KUBERNETES_ERRORS as error:
            self.log.warning(
                "What earlier servers have left can't be looked for: %s", said_by(error)
            )

    async def _try_to_get_out(self) -> None:
        """Run a sandbox that tries to reach the cluster's own API, which every pod is told of."""
        command = ("python3", "-I", "-S", "-c", NETWORK_PROBE)
        spec = SandboxSpec(f"check-{secrets.token_hex(4)}", command, Limits())
        try:
            sandbox = await self._make(spec)
            try:
                await sandbox.start(io.BytesIO(bytes(2 * tarfile.BLOCKSIZE)))
                told = b"".join([chunk async for chunk in sandbox.logs()])
                ending = await sandbox.wait()
            finally:
                await sandbox.release()
        except SandboxError as error:
            raise NoSandboxError(f"Kubernetes can't make a sandbox here: {error}") from error
        if ending.exit_code == REACHED_IT:
            raise NoSandboxError(
                "This cluster doesn't enforce NetworkPolicies: a sandbox could reach its API. It "
                "needs a network plugin that does, such as Calico or Cilium."
            )
        if ending.exit_code:
            raise NoSandboxError(
                "Whether this cluster enforces NetworkPolicies can't be seen: python3 in the base "
                f"image {self.image} ended with {ending.exit_code}: "
                f"{told.decode(errors='replace')[-300:]} If you know that it does, set "
                "KubernetesBackend.checks_network to False."
            )

    def _place(self, spec: SandboxSpec) -> Place:
        self._next_user = (self._next_user + 1) % _USERS
        return Place(
            self.namespace,
            self._image_of(spec),
            self.first_uid + self._next_user,
            this_server(),
            self.start_timeout_s,
            runtime_class=self.runtime_class,
            seccomp_profile=self.seccomp_profile,
            node_selector=self.node_selector,
            tolerations=self.tolerations,
            pull_secrets=self.pull_secrets,
        )

    def _image_of(self, spec: SandboxSpec) -> str:
        image = spec.image or self.image
        if image == self.image or any(fnmatchcase(image, allowed) for allowed in self.images):
            return image
        known = ", ".join([self.image, *self.images])
        raise OverLimitError(f"The image {image!r} may not be used on this server, only {known}.")

    async def _connected(self) -> KubernetesClient:
        if self._client is None:
            kind, errors = await asyncio.to_thread(_load_library)
            try:
                self._client = await kind.load(self.kubeconfig, self.context, self.namespace)
            except errors as error:
                raise NoSandboxError(_no_cluster(str(error))) from error
        return self._client


def _load_library() -> tuple[type[KubernetesClient], tuple[type[Exception], ...]]:
    """Import what takes seconds; NoSandboxError where it isn't installed."""
    try:
        from kubernetes_asyncio.config import ConfigException  # noqa: PLC0415

        from .kubernetes_client import KubernetesClient  # noqa: PLC0415
    except ImportError as error:
        raise NoSandboxError(
            "Running code by Kubernetes needs kubernetes_asyncio, which isn't on this server: "
            "pip install 'codesyncx[kubernetes]'."
        ) from error
    return KubernetesClient, (ConfigException, OSError)


def _no_cluster(why: str) -> str:
    return (
        f"Running code needs Kubernetes, which this server can't reach: {why} Set "
        "KubernetesBackend.kubeconfig, or give the server's pod a service account."
    )
