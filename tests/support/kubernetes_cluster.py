"""A Kubernetes API as far as sandboxes need one: kmock's state, and what controllers make of it.

Whoever asks may do what a Role says and nothing else, and every object is looked at strictly, as
the real API would with `fieldValidation=Strict`. Pods run on a `Node`.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp.web
import kmock
import kubernetes_validate
from aiodocker.exceptions import DockerError
from support.kubernetes_node import Node
from support.kubernetes_role import rules_in_docs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from pathlib import Path

    from support.docker_host import DockerHost
    from support.kubernetes_node import Container

NAMESPACE = "sandboxes"
_VERSION = "1.37"
_PATH = re.compile(
    r"/api(?:s/(?P<group>[^/]+))?/v1(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[a-z]+))?)?"
)
_VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}
_STDIN, _STATUS = 0, 3
JOBS = kmock.resource("batch/v1/jobs")
POLICIES = kmock.resource("networking.k8s.io/v1/networkpolicies")


@contextmanager
def kubernetes_cluster(docker: DockerHost, loop: asyncio.AbstractEventLoop) -> Iterator[Cluster]:
    """Have a cluster for a while; at its end nothing may be left in it."""

    async def begin() -> Cluster:
        cluster = Cluster(Node(docker.url), rules_in_docs())
        await cluster.__aenter__()
        await kmock.Server(cluster).__aenter__()
        return cluster

    async def end() -> None:
        await cluster.close()
        await cluster.node.close()
        for server in list(cluster.servers):
            await server.__aexit__(None, None, None)
        await cluster.__aexit__(None, None, None)

    cluster = loop.run_until_complete(begin())
    yield cluster
    left = [cluster.job_names, cluster.policy_names, list(cluster.pods)]
    loop.run_until_complete(end())
    assert left == [[], [], []]
    assert docker.docker("ps", "--all", "--quiet") == ""


class Cluster(kmock.KubernetesEmulator):
    """One namespace, one node, one Role."""

    def __init__(self, node: Node, rules: Iterable[Mapping[str, Any]]) -> None:
        super().__init__()
        self.node = node
        self.pods: dict[str, dict[str, Any]] = {}
        self.containers: dict[str, Container] = {}
        self.warnings: list[str] = []
        """What the job controller says instead of making a pod."""
        self.stuck: dict[str, Any] | None = None
        """The status that a pod stays in instead of being started."""
        self.refusals: dict[tuple[str, str], tuple[int, str]] = {}
        """For a verb and a resource: the status and the message that it is answered with."""
        self.resources[JOBS] = {}
        self.resources[POLICIES] = {}
        self._allowed = {
            (group, resource, verb)
            for rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        self._asked: list[str] = []
        self._port = 0
        self._changed = asyncio.Condition()
        self._streams: set[asyncio.Task[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        both = {*self._tasks, *self._streams}
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)

    def kubeconfig(self, folder: Path) -> str:
        """Write down where it is, as an admin would; give the file."""
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": str(self.servers[0].url)}}],
            "users": [{"name": "csx", "user": {"token": "secret"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "csx"}}],
            "current-context": "test",
        }
        file = folder / "kubeconfig"
        file.write_text(json.dumps(told))
        return str(file)

    async def go_away(self) -> None:
        """Stop answering, as an API that is restarted does."""
        (server,) = self.servers
        self._port = server.port
        self.cut()
        await server.__aexit__(None, None, None)

    async def come_back(self) -> None:
        """Answer again, at the same place."""
        await kmock.Server(self, port=self._port).__aenter__()

    def forbid(self, what: str, verb: str) -> None:
        """Take a right out of the Role."""
        self._allowed = {one for one in self._allowed if one[1:] != (what, verb)}

    def everything_told(self) -> str:
        """Give all that is in its objects, and all that it was asked for."""
        objects = [json.dumps(one.raw, default=dict) for one in self.objects.values()]
        asked = [repr((str(one.url), one.body)) for one in self]
        return "".join([json.dumps(self.pods), *objects, *asked, *self._asked])

    def fail_job(self, name: str, reason: str) -> None:
        """Have the job controller say why a Job is over."""
        condition = {"type": "Failed", "status": "True", "reason": reason}
        self.objects[JOBS, NAMESPACE, name].patch({"status": {"conditions": [condition]}})

    async def fail_pod(self, ended_by: str, **status: str) -> None:
        """Have the one pod end by what isn't its own doing."""
        (pod,) = self.pods
        state = {"terminated": {"exitCode": 137, "reason": ended_by}}
        await self.be(pod, "Failed", state, **status)
        await self.containers[pod].made.kill()

    async def write(self, pod: str, path: str) -> None:
        """Make an empty file in a pod."""
        execution = await self.containers[pod].made.exec(["touch", path])
        async with execution.start() as stream:
            while await stream.read_out():
                pass

    async def until_followed(self) -> None:
        """Wait until somebody watches and reads again."""
        while len(self._streams) < 2:  # noqa: ASYNC110 - both begin with a request of the client
            await asyncio.sleep(0.01)

    def cut(self) -> None:
        """Cut all watches, logs and commands that go on, as a proxy or a restart does."""
        for task in self._streams:
            task.cancel()

    @property
    def job_names(self) -> list[str]:
        return [name for _, _, name in self._living(JOBS)]

    @property
    def policy_names(self) -> list[str]:
        return [name for _, _, name in self._living(POLICIES)]

    def _living(self, resource: kmock.resource) -> list[Any]:
        return [key for key, one in self.objects.items() if key[0] == resource and not one.deleted]

    # -- the API ---------------------------------------------------------------------------------

    async def __call__(self, request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        found = _PATH.fullmatch(request.path)
        if found is None:
            return _refusal(404, f"there is no {request.path}")
        group, resource, name = found["group"] or "", found["resource"], found["name"]
        if resource == "selfsubjectaccessreviews":
            return await self._review(request)
        self._asked.append(request.path_qs)
        verb = _VERBS.get(request.method) or ("get" if name else "list")
        verb = "watch" if request.query.get("watch", "").lower() == "true" else verb
        what = f"{resource}/{found['subresource']}" if found["subresource"] else resource
        allowed = (group, what, verb) in self._allowed and found["namespace"] == NAMESPACE
        if not allowed:
            return _refusal(403, f'{what} is forbidden: User "csx" cannot {verb} resource "{what}"')
        if refusal := self.refusals.get((verb, what)):
            return _refusal(*refusal)
        if verb == "create" and (wrong := _what_is_wrong(await request.json())):
            return _refusal(422, wrong)
        return await self._answer(request, verb, what, name)

    async def _answer(
        self, request: aiohttp.web.BaseRequest, verb: str, what: str, name: str
    ) -> aiohttp.web.StreamResponse:
        match what:
            case "pods/exec":
                return await self._streamed(self._execute(request, name))
            case "pods/log":
                return await self._streamed(self._log(request, name))
            case "pods" if verb == "watch":
                return await self._streamed(self._watch(request))
            case "pods":
                return aiohttp.web.json_response(
                    {"metadata": {"resourceVersion": "1"}, "items": self._pods_of(request)}
                )
            case "events":
                items = [{"message": message} for message in self.warnings]
                return aiohttp.web.json_response({"metadata": {}, "items": items})
        response = await super().__call__(request)
        if what == "jobs" and response.status < 300:
            await self._control(verb, name)
        return response

    async def _review(self, request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        told = (await request.json())["spec"]["resourceAttributes"]
        what = "/".join(filter(None, (told["resource"], told.get("subresource"))))
        allowed = (told["group"], what, told["verb"]) in self._allowed
        status = {"allowed": allowed and told["namespace"] == NAMESPACE}
        return aiohttp.web.json_response({"status": status}, status=201)

    async def _streamed(self, answering: Any) -> aiohttp.web.StreamResponse:
        task = asyncio.ensure_future(answering)
        self._streams.add(task)
        try:
            response: aiohttp.web.StreamResponse = await task
        finally:
            self._streams.discard(task)
        return response

    def _pods_of(self, request: aiohttp.web.BaseRequest) -> list[dict[str, Any]]:
        label, _, value = request.query.get("labelSelector", "").partition("=")
        return [pod for pod in self.pods.values() if pod["metadata"]["labels"].get(label) == value]

    async def _watch(self, request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse()
        await response.prepare(request)
        async for event in self._events(request):
            await response.write(json.dumps(event).encode() + b"\n")
        return response

    async def _events(self, request: aiohttp.web.BaseRequest) -> AsyncIterator[dict[str, Any]]:
        known: dict[str, str] = {}
        while True:
            async with self._changed:
                pods = {pod["metadata"]["name"]: pod for pod in self._pods_of(request)}
                now = {name: json.dumps(pod) for name, pod in pods.items()}
                if now == known:
                    await self._changed.wait()
                    continue
            for name in known.keys() - now.keys():
                yield {"type": "DELETED", "object": json.loads(known[name])}
            for name, told in now.items():
                if known.get(name) != told:
                    kind = "MODIFIED" if name in known else "ADDED"
                    yield {"type": kind, "object": json.loads(told)}
            known = now

    async def _log(self, request: aiohttp.web.BaseRequest, name: str) -> aiohttp.web.StreamResponse:
        container = self.containers.get(name)
        if container is None:
            return _refusal(404, f'pods "{name}" not found')
        response = aiohttp.web.StreamResponse()
        await response.prepare(request)
        sent = 0
        while lines := await container.lines(sent):
            sent += len(lines)
            for line in lines:
                await response.write(line)
        return response

    async def _execute(
        self, request: aiohttp.web.BaseRequest, name: str
    ) -> aiohttp.web.StreamResponse:
        container = self.containers.get(name)
        if container is None:
            return _refusal(404, f'pods "{name}" not found')
        has_input = request.query.get("stdin") == "True"
        execution = await container.made.exec(request.query.getall("command"), stdin=has_input)
        socket = aiohttp.web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
        await socket.prepare(request)
        async with execution.start() as stream:

            async def inwards() -> None:
                async for frame in socket:
                    if frame.data[0] == _STDIN:
                        await stream.write_in(frame.data[1:])

            feeding = asyncio.create_task(inwards())
            try:
                while message := await stream.read_out():
                    await socket.send_bytes(bytes([message.stream]) + message.data)
            finally:
                feeding.cancel()
                await asyncio.wait({feeding})
        code = (await execution.inspect())["ExitCode"]
        status: dict[str, Any] = {"status": "Success"}
        if code:
            causes = [{"reason": "ExitCode", "message": str(code)}]
            status = {"status": "Failure", "reason": "NonZeroExitCode", "message": "it failed"}
            status["details"] = {"causes": causes}
        await socket.send_bytes(bytes([_STATUS]) + json.dumps(status).encode())
        await socket.close()
        return socket

    # -- what controllers do ---------------------------------------------------------------------

    async def _control(self, verb: str, name: str | None) -> None:
        """Make a pod of a Job that is let go, and take away what is of one that was deleted."""
        if verb == "patch" and name is not None and not self.warnings:
            job = self.objects[JOBS, NAMESPACE, name]
            if not job["spec"]["suspend"]:
                self._keep(self._run(name, job["spec"]["template"]))
        if verb == "delete":
            for pod in list(self.pods):
                if pod.startswith(f"{name}-"):
                    await self.take_away(pod)
            for key in self._living(POLICIES):
                owners = self.objects[key]["metadata"]["ownerReferences"]
                if [owner["name"] for owner in owners] == [name]:
                    self.objects[key].delete()

    async def take_away(self, pod: str) -> None:
        """Delete a pod, as whoever may does."""
        del self.pods[pod]
        if container := self.containers.pop(pod, None):
            await self.node.remove(container)
        await self.tell()

    async def _run(self, job: str, template: dict[str, Any]) -> None:
        # kmock's views of dictionaries aren't such as json knows.
        template = json.loads(json.dumps(template, default=dict))
        name = f"{job}-{secrets.token_hex(3)}"
        metadata = {"name": name, "labels": template["metadata"]["labels"]}
        self.pods[name] = {
            "metadata": metadata,
            "spec": template["spec"],
            "status": self.stuck or {"phase": "Pending"},
        }
        await self.tell()
        if self.stuck:
            return
        try:
            container = self.containers[name] = await self.node.make(self.pods[name])
            self._keep(self._end(name, container))
        except DockerError as error:
            await self.be(name, "Pending", {"waiting": _waiting(error)})

    async def _end(self, name: str, container: Container) -> None:
        running = asyncio.create_task(container.run())
        await container.is_started.wait()
        await self.be(name, "Running", {"running": {}})
        code, out_of_memory = await running
        if name in self.pods and "terminated" not in json.dumps(self.pods[name]["status"]):
            reason = "OOMKilled" if out_of_memory else "Error" if code else "Completed"
            terminated = {"exitCode": code, "reason": reason}
            phase = "Failed" if code else "Succeeded"
            await self.be(name, phase, {"terminated": terminated})

    async def be(self, pod: str, phase: str, state: dict[str, Any], **status: Any) -> None:
        """Have a pod be in a state."""
        told = {"phase": phase, "containerStatuses": [{"name": "run", "state": state}], **status}
        self.pods[pod]["status"] = told
        await self.tell()

    async def tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _what_is_wrong(manifest: dict[str, Any]) -> str:
    try:
        kubernetes_validate.validate(manifest, _VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{manifest['kind']} is invalid: {error.message}"
    return ""


def _waiting(error: DockerError) -> dict[str, str]:
    return {"reason": "CreateContainerError", "message": error.message}


def _refusal(status: int, message: str) -> aiohttp.web.Response:
    told = {"kind": "Status", "status": "Failure", "code": status, "message": message}
    return aiohttp.web.json_response(told, status=status)
