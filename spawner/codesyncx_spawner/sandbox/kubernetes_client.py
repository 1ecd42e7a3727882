"""Asks a cluster for what sandboxes need, and for nothing else: Kubernetes' API in a few words."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from kubernetes_asyncio import config
from kubernetes_asyncio.client import (
    ApiClient,
    AuthorizationV1Api,
    BatchV1Api,
    Configuration,
    CoreV1Api,
    NetworkingV1Api,
)
from kubernetes_asyncio.client.exceptions import ApiException
from kubernetes_asyncio.stream import WsApiClient

from .docker_container import RUN_LABEL
from .kubernetes_exec import Exec
from .kubernetes_manifests import CONTAINER
from .layout import mark_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

#: What an API that is gone, or that refuses, raises.
KUBERNETES_ERRORS = (ApiException, aiohttp.ClientError, OSError, TimeoutError)
NOT_FOUND, CONFLICT, _GONE = 404, 409, 410
_REQUEST_S = 30.0
#: Watches end by themselves then, and are begun again.
_WATCH_S = 240
_CHUNK = 64 * 1024
_MOST_CONNECTIONS = 1000

#: What this server has to be allowed, in one namespace: (group, resource, subresource, verb).
NEEDED = (
    *(("batch", "jobs", "", verb) for verb in ("create", "get", "list", "patch", "delete")),
    ("networking.k8s.io", "networkpolicies", "", "create"),
    *(("", "pods", "", verb) for verb in ("list", "watch")),
    ("", "pods", "log", "get"),
    # By a WebSocket, which begins as a GET; newer clusters ask for the other.
    *(("", "pods", "exec", verb) for verb in ("get", "create")),
    ("", "events", "", "list"),
)


class KubernetesClient:
    """One cluster, one namespace of it."""

    def __init__(self, configuration: Configuration, namespace: str) -> None:
        """Connect to nothing yet."""
        configuration.connection_pool_maxsize = _MOST_CONNECTIONS
        self.namespace = namespace
        self._api = ApiClient(configuration)
        self._sockets = WsApiClient(configuration, heartbeat=30)

    @classmethod
    async def load(cls, kubeconfig: str, context: str, namespace: str) -> Self:
        """Find the cluster as `kubectl` would; ConfigException or OSError if there is none."""
        configuration = Configuration()
        if not kubeconfig and not context:
            with contextlib.suppress(config.ConfigException):
                config.load_incluster_config(client_configuration=configuration)
                return cls(configuration, namespace)
        await config.load_kube_config(
            config_file=kubeconfig or None,
            context=context or None,
            client_configuration=configuration,
        )
        return cls(configuration, namespace)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._api.close()
        await self._sockets.close()

    async def not_allowed(self) -> list[str]:
        """Say what this server would need, and may not do."""

        async def ask(group: str, resource: str, subresource: str, verb: str) -> str:
            asked = {"namespace": self.namespace, "group": group, "resource": resource}
            asked |= {"verb": verb, **({"subresource": subresource} if subresource else {})}
            told = await self._json(
                AuthorizationV1Api(self._api).create_self_subject_access_review,
                {"spec": {"resourceAttributes": asked}},
            )
            what = f"{resource}/{subresource}" if subresource else resource
            return "" if told.get("status", {}).get("allowed") else f"{verb} {what}"

        answers = await asyncio.gather(*(ask(*one) for one in NEEDED))
        return [answer for answer in answers if answer]

    async def create_job(self, manifest: dict[str, Any]) -> str:
        """Make a Job; give its uid."""
        make = BatchV1Api(self._api).create_namespaced_job
        told = await self._json(make, self.namespace, manifest)
        return str(told["metadata"].get("uid", ""))

    async def create_policy(self, manifest: dict[str, Any]) -> None:
        """Make a NetworkPolicy."""
        make = NetworkingV1Api(self._api).create_namespaced_network_policy
        await self._json(make, self.namespace, manifest)

    async def resume(self, run_id: str) -> None:
        """Have a Job's pod made."""
        resume = BatchV1Api(self._api).patch_namespaced_job
        change = [{"op": "replace", "path": "/spec/suspend", "value": False}]
        await self._json(
            resume,
            *(mark_of(run_id), self.namespace, change),
            _content_type="application/json-patch+json",
        )

    async def job(self, run_id: str) -> dict[str, Any] | None:
        """Give a run's Job; None if there is none."""
        try:
            read = BatchV1Api(self._api).read_namespaced_job
            return await self._json(read, mark_of(run_id), self.namespace)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def jobs(self) -> list[dict[str, Any]]:
        """Give all Jobs of runs, whichever server's."""
        read = BatchV1Api(self._api).list_namespaced_job
        told = await self._json(read, self.namespace, label_selector=RUN_LABEL)
        return list(told["items"])

    async def delete(self, run_id: str) -> None:
        """Take a Job away, and with it its pod and its NetworkPolicy; nothing if it is gone."""
        delete = BatchV1Api(self._api).delete_namespaced_job
        try:
            await self._json(
                delete,
                *(mark_of(run_id), self.namespace),
                propagation_policy="Background",
            )
        except ApiException as error:
            if error.status not in {NOT_FOUND, CONFLICT}:
                raise

    async def last_event(self, run_id: str) -> str:
        """Give what the cluster last warned of about a Job; empty if it had no reason to."""
        read = CoreV1Api(self._api).list_namespaced_event
        selector = f"involvedObject.kind=Job,involvedObject.name={mark_of(run_id)},type=Warning"
        told = await self._json(read, self.namespace, field_selector=selector)
        return next((str(one.get("message", "")) for one in reversed(told["items"])), "")

    async def follow_pod(self, run_id: str) -> AsyncIterator[dict[str, Any] | None]:
        """Give a run's pod each time that it changes; None while there is none.

        It goes on when a watch ends, and raises one of KUBERNETES_ERRORS when the API is gone.
        """
        # Asked so, it gives what aiohttp does, not what its signature says.
        read: Any = CoreV1Api(self._api).list_namespaced_pod
        selector = f"{RUN_LABEL}={run_id}"
        while True:
            told = await self._json(read, self.namespace, label_selector=selector)
            yield told["items"][-1] if told["items"] else None
            version = told["metadata"].get("resourceVersion", "")
            response = await read(
                self.namespace,
                label_selector=selector,
                resource_version=version,
                watch=True,
                timeout_seconds=_WATCH_S,
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(total=None, sock_read=_WATCH_S + 30),
            )
            async with response:
                await _raise_for(response)
                async for line in response.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break  # what was asked from is forgotten: all is read anew
                    if event["type"] in {"ADDED", "MODIFIED", "DELETED"}:
                        yield None if event["type"] == "DELETED" else event["object"]

    async def follow_log(self, pod: str) -> AsyncIterator[bytes]:
        """Give all that a pod has printed, each line with its time, until the connection ends."""
        read: Any = CoreV1Api(self._api).read_namespaced_pod_log
        response = await read(
            *(pod, self.namespace),
            container=CONTAINER,
            follow=True,
            timestamps=True,
            _preload_content=False,
            _request_timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        )
        async with response:
            await _raise_for(response)
            async for chunk in response.content.iter_any():
                yield chunk

    async def execute(self, pod: str, command: Sequence[str], *, has_input: bool = False) -> Exec:
        """Start a command in a pod, beside what runs there."""
        connect: Any = CoreV1Api(self._sockets).connect_get_namespaced_pod_exec
        connecting = await connect(
            *(pod, self.namespace),
            command=list(command),
            container=CONTAINER,
            stdin=has_input,
            stdout=True,
            stderr=True,
            tty=False,
            _preload_content=False,
        )
        async with asyncio.timeout(_REQUEST_S):
            return Exec(await connecting)

    async def _json(self, call: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Ask, and give the answer as it came: its typed form takes much longer to make."""
        response = await call(
            *arguments, _preload_content=False, _request_timeout=_REQUEST_S, **options
        )
        async with response:
            await _raise_for(response)
            told: dict[str, Any] = await response.json()
        return told


async def _raise_for(response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:  # noqa: PLR2004 - HTTP's errors
        error = ApiException(status=response.status, reason=response.reason)
        error.body = await response.content.read(_CHUNK)
        raise error


def said_by(error: BaseException) -> str:
    """Give what an error of Kubernetes' says, without its headers."""
    if not isinstance(error, ApiException):
        return str(error) or repr(error)
    try:
        told = json.loads(error.body or "")
        return str(told["message"])
    except (ValueError, TypeError, KeyError):
        return f"{error.status} {error.reason}"
