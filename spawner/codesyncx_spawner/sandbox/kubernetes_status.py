"""What Kubernetes tells of a sandbox's pod, read and put into words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import NoSandboxError, SandboxError
from ..states import Ending
from .container_walls import NO_LIMITS, NO_WALLS, NO_WAY_IN

if TYPE_CHECKING:
    from collections.abc import Mapping

    Told = Mapping[str, Any]

_KILLED = 137
_MOST_TOLD = 500
#: Reasons for which a container waits that nothing will change but a person.
_HOPELESS = {
    "ImagePullBackOff": "The base image {image} can't be pulled: {message}",
    "ErrImageNeverPull": "The base image {image} isn't on the node, which may not pull any.",
    "InvalidImageName": "The base image {image} has a name that can't be one: {message}",
    "CreateContainerConfigError": "The cluster can't make the sandbox: {message}",
    "CreateContainerError": "The node can't make the sandbox: {message}",
    "RunContainerError": "The node can't start the sandbox: {message}",
}
_ENDS = {
    NO_WALLS: (
        "The node doesn't keep sandboxes in: no-new-privileges, seccomp or the dropped "
        "capabilities are missing. Its container runtime has to support the pod's securityContext; "
        "where a runtime does this in its own way, set KubernetesBackend.runtime_class."
    ),
    NO_LIMITS: (
        "The limits of processes and files can't be set in the sandbox: the /bin/sh of its image "
        "has no `ulimit -n`, `-f` and `-p` or `-u`, or the node allows less."
    ),
    NO_WAY_IN: "The image of the sandbox has no mkfifo, or no room in /tmp.",
}


def is_over(pod: Told) -> bool:
    """Whether nothing runs in a pod any more."""
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def runs(pod: Told) -> bool:
    """Whether the container has been started, and not ended."""
    return "running" in _container_state(pod)


def why_it_waits(pod: Told) -> str:
    """Say why a pod doesn't run yet; empty if there is no reason but time."""
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return f"No node of the cluster has room for it: {_cut(condition.get('message'))}"
    waiting = _container_state(pod).get("waiting") or {}
    if waiting.get("reason") in {None, "ContainerCreating", "PodInitializing"}:
        return ""
    return f"{waiting['reason']}: {_cut(waiting.get('message'))}"


def why_it_never_runs(pod: Told) -> str:
    """Say what a person has to mend before a pod can run; empty if there is hope."""
    waiting = _container_state(pod).get("waiting") or {}
    sentence = _HOPELESS.get(waiting.get("reason", ""), "")
    image = pod["spec"]["containers"][0]["image"]
    return sentence.format(image=image, message=_cut(waiting.get("message")))


def ending_of(pod: Told | None, job: Told | None) -> Ending:
    """Say how a sandbox ended that couldn't tell so itself; SandboxError if it wasn't the code.

    None for what isn't there any more.
    """
    if job is not None and _condition(job, reason="DeadlineExceeded"):
        raise SandboxError(
            "The cluster ended it at the Job's deadline: it waited and ran for longer than the "
            "server was there to look after it."
        )
    if pod is None:
        raise SandboxError("The cluster took the sandbox away while it ran.")
    terminated = _container_state(pod).get("terminated") or {}
    if terminated.get("reason") == "OOMKilled":
        return Ending(_KILLED, ran_out_of_memory=True)
    status = pod.get("status", {})
    if reason := status.get("reason"):
        raise SandboxError(_taken_off(reason, status.get("message")))
    if target := _condition(pod, type="DisruptionTarget"):
        raise SandboxError(_taken_off(target.get("reason"), target.get("message")))
    return _ending_of_container(terminated)


def _ending_of_container(terminated: Told) -> Ending:
    exit_code = terminated.get("exitCode")
    if exit_code is None:
        raise SandboxError("The cluster ended the sandbox, and doesn't say how.")
    if exit_code in _ENDS:
        raise NoSandboxError(_ENDS[exit_code])
    if terminated.get("reason") in {"StartError", "ContainerCannotRun"}:
        raise SandboxError(f"The node can't start the sandbox: {_cut(terminated.get('message'))}")
    return Ending(exit_code)


def _condition(of: Told, **wanted: str) -> Told | None:
    """Find a condition that is met."""
    for condition in of.get("status", {}).get("conditions") or ():
        if condition["status"] == "True" and wanted.items() <= condition.items():
            return condition
    return None


def _taken_off(reason: str | None, message: str | None) -> str:
    if reason == "DeadlineExceeded":
        return "The cluster ended it at its deadline."
    return f"The cluster took it off its node ({reason or 'no reason is told'}): {_cut(message)}"


def _container_state(pod: Told) -> Told:
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    state: Told = statuses[0].get("state") or {}
    return state


def _cut(message: str | None) -> str:
    return (message or "it isn't said why").strip()[:_MOST_TOLD]


class LogLines:
    """Takes the time off each line of a log, and passes over what has come before.

    A connection that is cut is begun again from the beginning of what the node still has.
    """

    def __init__(self) -> None:
        """Expect the first line of all."""
        self._last = self._known = b""
        """The times of the last line, and of that which was the last before a cut."""
        self._given = self._known_given = 0
        """How much of those lines has been given."""
        self._begin()

    def begin_again(self) -> None:
        """Expect the same lines once more, and more than those."""
        self._known, self._known_given = self._last, self._given
        self._begin()

    def feed(self, data: bytes) -> bytes:
        """Give what of it was printed, and hasn't been given yet."""
        *lines, rest = data.split(b"\n")
        return b"".join([*(self._take(line + b"\n") for line in lines), self._take(rest)])

    def _begin(self) -> None:
        self._stamp: bytes | None = b""
        """The beginning of a line, until its time is known; then None."""
        self._to_skip: int | None = 0
        """How much of the line has been given before; None for all of it."""

    def _take(self, part: bytes) -> bytes:
        if not part:
            return b""
        if self._stamp is not None:
            stamp, found, part = (self._stamp + part).partition(b" ")
            if not found:
                self._stamp = stamp
                return b""
            self._start(stamp)
        ends = part.endswith(b"\n")
        given = b"" if self._to_skip is None else part[self._to_skip :]
        if self._to_skip is not None:
            self._to_skip = max(0, self._to_skip - len(part))
            self._given += len(given)
        if ends:
            self._begin()
        return given

    def _start(self, stamp: bytes) -> None:
        self._stamp = None
        if stamp < self._known:
            self._to_skip = None
        elif stamp == self._known:
            self._to_skip = self._given = self._known_given
            self._last = stamp
        else:
            self._to_skip = self._given = 0
            self._last = stamp
