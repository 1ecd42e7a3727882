"""A Docker daemon of the tests' own, in namespaces without a way out of the machine.

It has a network of its own with nothing but `lo`, its own mounts, host name, data and socket, and
no bridge: two daemons in one network break each other's, and what is sent to a container may then
leave through the machine's default route. It is ended by its process id, and leaves nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.sandboxes import processes_with
from support.servers import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The runtime's name in the configuration of a daemon with gVisor.
WITH_GVISOR = "runsc"
IMAGE = "codesyncx/sandbox:latest"
ARCHIVE = REPOSITORY / ".make" / "sandbox-image.tar"
_START_S, _END_S = 60.0, 5.0
# `/sys` shows the network of whoever mounts it. The control groups are taken along.
_PLACE = """
set -eu
[ "$(readlink /proc/self/ns/net)" != "$2" ]
ip link set lo up
mkdir "$1/cgroup"
mount --rbind /sys/fs/cgroup "$1/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$1/cgroup" /sys/fs/cgroup
mount -t tmpfs tmpfs /run
echo $$
exec sleep infinity
"""
# Should the tests be killed, all of it is asked to end.
_WITH_US = ("setpriv", "--pdeathsig", "TERM")
_PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class NoDockerError(RuntimeError):
    """The daemon that the tests need can't be had."""


class DockerHost:
    """A daemon that runs, until it is stopped."""

    def __init__(self, folder: Path, daemon_json: str = "{}", *, bridge: str = "") -> None:
        """Start it; NoDockerError if that can't be.

        `bridge` is the address of the network that containers begin with, if there is to be one.
        """
        self._bridge = ("--bip", bridge) if bridge else ("--bridge", "none")
        if missing := [name for name in ("dockerd", "docker") if _debians(name) is None]:
            raise NoDockerError(
                f"There is no {' and no '.join(missing)} here: run make .make/docker"
            )
        self.folder = folder
        self.url = f"unix://{folder}/socket"
        self._group = f"/codesyncx-{os.getpid()}-{folder.name}"
        (folder / "daemon.json").write_text(daemon_json)
        self._log = (folder / "log").open("wb")
        self._place = subprocess.Popen(
            [
                *(*_as_root(), *_WITH_US),
                *("unshare", "--net", "--mount", "--uts", "--propagation", "private"),
                *("/bin/sh", "-c", _PLACE, "docker-host"),
                *(str(folder), str(Path("/proc/self/ns/net").readlink())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_PATH,
        )
        told = b"" if self._place.stdout is None else self._place.stdout.readline()
        if not told:
            raise NoDockerError(f"No namespaces can be made: {self._told()}")
        # Of the shell; what was started may be sudo.
        self._pid = int(told)
        self.start()

    def start(self) -> None:
        """Start the daemon, again after `kill`."""
        self._daemon = subprocess.Popen(
            [
                *(*_as_root(), *_WITH_US, *self._entered()),
                *("dockerd", "--data-root", f"{self.folder}/data"),
                *("--exec-root", f"{self.folder}/exec", "--pidfile", f"{self.folder}/pid"),
                *("--config-file", f"{self.folder}/daemon.json", "--host", self.url),
                *("--group", str(os.getgid()), "--cgroup-parent", self._group),
                # Where systemd runs, it would be asked to make the groups.
                *("--exec-opt", "native.cgroupdriver=cgroupfs"),
                *(*self._bridge, "--iptables=false", "--ip6tables=false"),
                "--ip-forward=false",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=_PATH,
        )
        until = time.monotonic() + _START_S
        while time.monotonic() < until and self._daemon.poll() is None:
            try:
                self.docker("version")
            except NoDockerError:
                time.sleep(0.1)
            else:
                return
        told = self._told()
        self.leave()
        raise NoDockerError(f"dockerd didn't start:\n{told}")

    def inside(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program in the daemon's network, and wait until it has printed a line."""
        process = subprocess.Popen(
            [*_as_root(), *_WITH_US, *self._entered(), *command], stdout=subprocess.PIPE
        )
        if process.stdout is None or not process.stdout.readline():
            raise NoDockerError(f"{command[0]} has ended at once")
        return process

    def docker(self, *command: str) -> str:
        """Run Docker's own client; give what it prints."""
        done = subprocess.run(
            [_debians("docker") or "docker", "--host", self.url, *command],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)},
        )
        if done.returncode != 0:
            raise NoDockerError(f"docker {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def kill(self) -> None:
        """End the daemon as a crash would; what its containers become is its configuration's."""
        _send(_read_pid(self.folder / "pid"), signal.SIGKILL)
        self._daemon.wait()
        # It ends with its parent; but where nobody waits for orphans its number stays taken, and
        # the next daemon would take it for alive.
        told = self.folder / "exec" / "containerd" / "containerd.pid"
        _send(_read_pid(told), signal.SIGKILL)
        subprocess.run([*_as_root(), "rm", str(told)], check=True)

    def stop(self) -> None:
        """End it and all that it runs, and take its files away."""
        if self._daemon.poll() is not None:
            self.start()  # for only it can end what it has left
        if left := self.docker("ps", "--all", "--quiet").split():
            self.docker("rm", "--force", *left)
        _send(_read_pid(self.folder / "pid"), signal.SIGTERM)
        try:
            self._daemon.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self.leave()

    def leave(self) -> None:
        """Give up the namespaces and the files."""
        _send(self._pid, signal.SIGTERM)
        self._place.wait()
        # What looks after a container outlives a daemon that was killed.
        for left in processes_with(str(self.folder)):
            _send(left, signal.SIGKILL)
        if self._place.stdout is not None:
            self._place.stdout.close()
        self._log.close()
        subprocess.run([*_as_root(), "rm", "-rf", str(self.folder)], check=True)
        for group in Path("/sys/fs/cgroup").glob(f"*{self._group}"):
            remove = [
                *_as_root(),
                "find",
                str(group),
                "-depth",
                "-type",
                "d",
                "-exec",
                "rmdir",
                "{}",
                "+",
            ]
            subprocess.run(remove, check=False, capture_output=True)

    @property
    def pid(self) -> int:
        """The process that has its namespaces."""
        return self._pid

    def _entered(self) -> list[str]:
        return ["nsenter", "--target", str(self._pid), "--mount", "--net", "--uts"]

    def _told(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]


@contextmanager
def docker_host(configuration: Mapping[str, object] | None = None) -> Iterator[DockerHost]:
    """Have a daemon for a while, with the base image of sandboxes, and gVisor where that is."""
    told = dict(configuration or {})
    if runsc := shutil.which("runsc"):
        told["runtimes"] = {WITH_GVISOR: {"path": runsc, "runtimeArgs": ["--network=none"]}}
    if not ARCHIVE.exists():
        raise NoDockerError("There is no base image of sandboxes: run make .make/docker")
    # A socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="csx-docker-"))
    host = DockerHost(folder, json.dumps(told))
    try:
        host.docker("import", str(ARCHIVE), IMAGE)
        yield host
    finally:
        host.stop()


def _debians(program: str) -> str | None:
    """Find a program of the system's own: an image may have another `docker` on the way to it."""
    return shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _read_pid(file: Path) -> int:
    return int(subprocess.check_output([*_as_root(), "cat", str(file)]))


def _send(pid: int, number: signal.Signals) -> None:
    command = [*_as_root(), "kill", f"-{number.value}", str(pid)]
    subprocess.run(command, check=False, capture_output=True)
