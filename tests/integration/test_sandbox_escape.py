"""What hostile code does in a sandbox, and what comes of it: nothing, for anybody else.

All of it runs by bubblewrap, with control groups where this machine lets us make them and without,
by a Docker daemon of the tests' own, by a swarm of two, and by Kubernetes: its API by kmock, the
daemon as its node.
"""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import socket
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.sandbox import bubblewrap
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.sandbox.kubernetes import KubernetesBackend
from codesyncx_spawner.sandbox.swarm import SwarmBackend
from codesyncx_spawner.states import Ending
from support.kubernetes_cluster import NAMESPACE
from support.sandboxes import BRIEF, TIGHT, AlwaysWarm, Ground, archive_of, processes_with

if TYPE_CHECKING:
    from codesyncx_spawner.sandbox.backend import SandboxBackend

Run = Callable[..., Any]


def is_container(kind: str) -> bool:
    return "docker" in kind or kind in {"kubernetes", "swarm"}


@pytest.fixture(
    params=["groups", "no groups", "docker", "kubernetes", "swarm", "warm", "warm docker"]
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_backend(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], SandboxBackend]:
    if "docker" in kind:
        host = request.getfixturevalue("docker")

        def make() -> SandboxBackend:
            return DockerBackend(url=host.url)
    elif kind == "swarm":
        hosts = request.getfixturevalue("swarm")

        def make() -> SandboxBackend:
            return SwarmBackend(url=hosts.manager.url, nodes=hosts.nodes)
    elif kind == "kubernetes":
        kubeconfig = request.getfixturevalue("cluster").kubeconfig(tmp_path)

        def make() -> SandboxBackend:
            return KubernetesBackend(
                kubeconfig=kubeconfig, namespace=NAMESPACE, checks_network=False
            )
    else:
        make = BubblewrapBackend
    if kind == "no groups":
        monkeypatch.setattr(bubblewrap, "find_hierarchies", lambda *_: [])
    return (lambda: AlwaysWarm(make())) if kind.startswith("warm") else make


@pytest.fixture
def backend(
    make_backend: Callable[[], SandboxBackend],
    kind: str,
    request: pytest.FixtureRequest,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[SandboxBackend]:
    backend = make_backend()
    jp_asyncio_loop.run_until_complete(backend.check())
    yield backend
    jp_asyncio_loop.run_until_complete(backend.close())
    assert groups_left() == []
    if "docker" in kind:
        host = request.getfixturevalue("docker")
        assert host.docker("ps", "--all", "--quiet") == host.docker("volume", "ls", "--quiet") == ""


def groups_left() -> list[Path]:
    groups = Path("/sys/fs/cgroup")
    names = (f"codesyncx-{os.getpid()}-????????", f"codesyncx-warm-{os.getpid()}.*")
    return [found for name in names for found in groups.rglob(name)]


@pytest.fixture
def run(backend: SandboxBackend, tmp_path: Path) -> Run:
    return Ground(backend, tmp_path).run


async def test_honest_code_runs_and_what_it_writes_comes_back(run: Run) -> None:
    result = await run("print('hello'); open('out.txt', 'w').write('made')")
    assert (result.ending, result.text) == (Ending(0), "hello\n")
    assert result.artifacts == {"out.txt": b"made"}
    assert result.usage.cpu_s is not None


async def test_its_exit_code_comes_back(run: Run) -> None:
    assert (await run("raise SystemExit(7)")).ending == Ending(7)
    assert (await run("import os; os.abort()")).ending == Ending(134)


async def test_processes_stop_multiplying_at_the_limit(run: Run) -> None:
    result = await run("""
        import os, signal
        children = 0
        try:
            while True:
                if os.fork() == 0:
                    signal.pause()
                children += 1
        except OSError:
            print(children)
    """)
    assert result.ending == Ending(0)
    assert 8 <= int(result.text) <= TIGHT.pids + 2


async def test_a_fork_bomb_ends_with_its_time(run: Run) -> None:
    result = await run(
        """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        BRIEF,
    )
    assert result.ending.was_timed_out


async def test_a_memory_bomb_is_ended_and_told_from_other_failures(run: Run) -> None:
    result = await run("""
        import os
        kept = []
        while True:
            kept.append(os.urandom(1_000_000))
    """)
    assert result.ending.exit_code != 0
    assert result.ending.ran_out_of_memory or "MemoryError" in result.text
    assert not result.ending.was_timed_out


async def test_memory_is_limited_for_all_processes_together(run: Run) -> None:
    result = await run("""
        import os, signal
        for _ in range(5):
            if os.fork() == 0:
                kept = bytearray(os.urandom(1_000_000) * 40)
                signal.pause()
        while True:
            os.wait()
    """)
    assert result.ending.ran_out_of_memory
    assert not result.ending.was_timed_out


@pytest.mark.parametrize("folder", ["/work", "/tmp", "/dev/shm"])  # noqa: S108 - in the sandbox
async def test_the_disk_fills_up_to_its_limit(run: Run, folder: str) -> None:
    result = await run(f"""
        import errno, os
        size = 0
        file = os.open("{folder}/fill", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                size += os.write(file, bytes(65536))
        except OSError as error:
            print(error.errno == errno.ENOSPC, size)
        os.unlink("{folder}/fill")
    """)
    is_full, size = result.text.split()
    assert is_full == "True"
    assert int(size) <= TIGHT.disk_bytes


async def test_a_file_larger_than_the_disk_does_not_come_out(run: Run, kind: str) -> None:
    result = await run("""
        import os
        file = os.open("giant", os.O_WRONLY | os.O_CREAT)
        for grow in (lambda: os.posix_fallocate(file, 0, 5_000_000_000),
                     lambda: os.ftruncate(file, 5_000_000_000)):
            try:
                grow()
            except OSError as error:
                print(error.strerror)
    """)
    if is_container(kind):
        assert result.text == "File too large\n" * 2
        assert result.artifacts == {"giant": b""}
    else:
        assert result.text == "No space left on device\n"
        assert result.artifacts == {}
        assert result.left_out == {"giant": "it is 5 GB, and a run's artifacts are 1 MB at most."}


async def test_files_that_hold_less_than_they_say_are_not_read_for_ever(run: Run) -> None:
    result = await run("""
        for number in range(300):
            with open(f"{number:03}", "w") as file:
                file.truncate(20_000_000)
        open("after", "w").close()
    """)
    assert result.ending == Ending(0)
    assert "b''" not in {repr(one) for one in result.artifacts.values() if one}
    assert all(len(one) == 0 for one in result.artifacts.values())


@pytest.mark.parametrize("folder", ["/work", "/tmp", "/dev/shm"])  # noqa: S108 - in the sandbox
async def test_files_without_number_end_the_run(run: Run, kind: str, folder: str) -> None:
    result = await run(f"""
        n = 0
        while True:
            open(f"{folder}/{{n}}", "w").close()
            n += 1
    """)
    assert not result.ending.was_timed_out
    if "docker" in kind or kind == "swarm":
        assert "No space left on device" in result.text
        assert result.ending == Ending(1)
    elif kind == "kubernetes":
        # Each takes up memory; all of the sandbox ends when there is none left.
        assert result.ending.exit_code == 137
    else:
        assert result.ending.ran_out_of_files


@pytest.mark.parametrize("text", ["hello\\n", "x", "\\n", "\\xff"])
async def test_output_without_end_is_cut_and_told(run: Run, text: str) -> None:
    notice = "The output is cut here: it is more than 50 kB."
    result = await run(
        f"""
        import sys
        while True:
            sys.stdout.buffer.write(b"{text}" * 10000)
        """,
        stop_at=notice,
    )
    assert result.ending.was_stopped
    assert 0 < len(result.text) <= TIGHT.output_bytes
    assert result.notices == [notice]


async def test_a_process_that_will_not_end_is_ended(run: Run) -> None:
    result = await run(
        """
        import signal
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        print("deaf")
        while True:
            signal.pause()
        """,
        stop_at="deaf",
    )
    assert result.ending.was_stopped
    assert result.text == "deaf\n"


async def test_a_process_that_ends_when_asked_may_tidy_up(run: Run) -> None:
    result = await run(
        """
        import signal, sys
        def end(*_):
            open("tidy.txt", "w").write("tidied up")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready")
        while True:
            signal.pause()
        """,
        stop_at="ready",
    )
    assert result.ending.was_stopped
    assert result.artifacts == {"tidy.txt": b"tidied up"}


async def test_a_daemon_ends_with_the_run(run: Run) -> None:
    mark = secrets.token_hex(8)
    result = await run(f"""
        import os, subprocess
        daemon = subprocess.Popen(
            ["/bin/sh", "-c", "while :; do sleep 1000; done; : {mark}"],
            start_new_session=True,
        )
        print("done")
    """)
    assert (result.ending, result.text) == (Ending(0), "done\n")
    assert processes_with(mark) == []


async def test_links_bring_nothing_out(run: Run) -> None:
    result = await run("""
        import os
        os.symlink("/etc/passwd", "passwd")
        os.symlink("/etc", "folder")
        os.symlink("../../../../etc/passwd", "up")
        os.mkfifo("pipe")
        open("honest", "w").write("honest")
        os.link("honest", "twice")
    """)
    assert result.artifacts == {"honest": b"honest", "twice": b"honest"}
    assert result.left_out.keys() == {"passwd", "folder", "up", "pipe"}


PROBES = {
    # What the server knows.
    "os.environ['OF_THE_SERVER']": "KeyError",
    "open('/proc/1/environ').read() == ''": "True",
    "open('/etc/shadow').read()": "FileNotFoundError",
    "os.listdir('/root')": "FileNotFoundError",
    "os.listdir('/home')": "FileNotFoundError",
    "os.listdir('/run')": "FileNotFoundError",
    "os.listdir('/var')": "FileNotFoundError",
    "os.listdir('/sys')": "FileNotFoundError",
    "os.listdir(SERVERS_FOLDER)": "FileNotFoundError",
    "os.stat('/proc/' + SERVERS_PID).st_uid == 0": "FileNotFoundError",
    "socket.gethostname()": "'sandbox'",
    # What it could become.
    "os.getuid() == os.geteuid() >= 1000": "True",
    "os.setuid(0)": "OSError",
    "status('CapEff') == status('CapBnd') == '0' * 16": "True",
    "status('NoNewPrivs')": "'1'",
    "status('Seccomp')": "'2'",
    "call('unshare', 0x10000000)": "EPERM",
    "call('setns', 0, 0)": "EPERM",
    "call('clone', 0x10000000 | 17, 0, 0, 0, 0)": "EPERM",
    "call('clone3', 0, 0)": "ENOSYS",
    "call('mount', 0, 0, 0, 0, 0)": "EPERM",
    "call('bpf', 0, 0, 0)": "EPERM",
    "call('keyctl', 0, 0, 0, 0, 0)": "EPERM",
    "call('io_uring_setup', 1, 0)": "EPERM",
    "call('perf_event_open', 0, 0, 0, 0, 0)": "EPERM",
    "call('userfaultfd', 0)": "EPERM",
    "call('ptrace', 0, 0, 0, 0)": "EPERM",
    "fcntl.ioctl(0, 0x5412, b'x')": "EPERM",
    "os.kill(1, 9) or os.path.exists('/proc/1')": "True",
    # What it could change.
    "open('/usr/bin/planted', 'w')": "OSError",
    "open('/etc/planted', 'w')": "OSError",
    "open('/planted', 'w')": "OSError",
    "open('/dev/planted', 'w')": "OSError",
    "open('/proc/sys/kernel/hostname', 'w')": "OSError",
    "open('/proc/sysrq-trigger', 'w')": "OSError",
    "open('/proc/kcore', 'rb')": "OSError",
    "open('/proc/kmsg', 'rb').read(1)": "OSError",
    # Devices.
    "os.mknod('/work/disk', 0o60600, os.makedev(8, 0))": "PermissionError",
    "os.mknod('/work/mem', 0o20600, os.makedev(1, 1))": "PermissionError",
    "sorted(set(os.listdir('/dev')) & {'mem', 'kmsg', 'sda', 'vda', 'kvm', 'fuse'})": "[]",
    "open('/dev/tty')": "OSError",
    # The network.
    "[name for _, name in socket.if_nameindex()]": "['lo']",
    "socket.create_connection(('127.0.0.1', SERVERS_PORT), 2)": "ConnectionRefusedError",
    "socket.create_connection(('169.254.169.254', 80), 2)": "OSError",
    "socket.getaddrinfo('example.org', 80)": "gaierror",
    "socket.socket(socket.AF_UNIX).connect(SERVERS_SOCKET)": "ConnectionRefusedError",
    "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)": "PermissionError",
    "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)": "EAFNOSUPPORT",
    "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)": "EAFNOSUPPORT",
    "socket.socket(38, socket.SOCK_SEQPACKET)": "EAFNOSUPPORT",
    # How much it could have.
    "[open('/dev/null') for _ in range(100)]": "EMFILE",
    "os.nice(0) > 0": "True",
}

# A container has the folders of its image, and process 1 what the command is given.
OF_THE_IMAGE = {f"os.listdir('/{name}')" for name in ("root", "home", "run", "var", "sys")} | {
    "open('/proc/1/environ').read() == ''",
    "open('/etc/shadow').read()",
    "os.nice(0) > 0",
}
# What the filter of a container runtime lets through, or its list of what shows the machine.
OUR_FILTER_ALONE = {
    "call('io_uring_setup', 1, 0)",
    "call('ptrace', 0, 0, 0, 0)",
    "fcntl.ioctl(0, 0x5412, b'x')",
    "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "[os.listdir('/sys/' + name) for name in ('block', 'class', 'devices', 'kernel')]",
}
IN_A_CONTAINER = {
    "b'OF_THE_SERVER' in open('/proc/1/environ', 'rb').read()": "False",
    "os.listdir('/root')": "PermissionError",
    "open('/etc/shadow').read()": "PermissionError",
    "[os.listdir('/sys/' + name) for name in ('block', 'class', 'devices', 'kernel')]": (
        "[[], [], [], []]"
    ),
    "{*re.findall(r'nameserver (.*)', open('/etc/resolv.conf').read())} - {'127.0.0.1'}": "set()",
    "open('/proc/timer_list').read()": "''",
    "os.path.exists('/var/run/docker.sock')": "False",
    "[line for line in open('/proc/mounts') if ' rw,' in line and 'nosuid' not in line]": "[]",
}

PROBE = """
import ctypes, errno, fcntl, os, platform, re, socket
NUMBERS = {
    "x86_64": dict(
        clone=56, ptrace=101, mount=165, keyctl=250, unshare=272, perf_event_open=298, setns=308,
        bpf=321, userfaultfd=323,
    ),
    "aarch64": dict(
        unshare=97, ptrace=117, keyctl=219, clone=220, mount=40, perf_event_open=241, setns=268,
        bpf=280, userfaultfd=282,
    ),
}[platform.machine()] | dict(io_uring_setup=425, clone3=435)
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    if libc.syscall(NUMBERS[name], *(ctypes.c_long(one) for one in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def status(key):
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return lines[key].strip()

try:
    found = repr(eval(PROBED))
except Exception as error:
    names = [one.__name__ for one in type(error).__mro__]
    names.append(errno.errorcode.get(getattr(error, "errno", None), ""))
    found = EXPECTED if EXPECTED in names else repr(error)
print(found)
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Things of this process that code could look for."""
    monkeypatch.setenv("OF_THE_SERVER", "secret")
    name = f"\0codesyncx-{secrets.token_hex(8)}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(name)
        unix.listen()
        yield {
            "SERVERS_FOLDER": str(Path(__file__).parent),
            "SERVERS_PID": str(os.getpid()),
            "SERVERS_PORT": tcp.getsockname()[1],
            "SERVERS_SOCKET": name,
        }


async def test_nothing_of_the_server_or_the_machine_can_be_reached(
    run: Run, server: dict[str, object], kind: str
) -> None:
    probes = PROBES
    if is_container(kind):
        kept = {probed: told for probed, told in PROBES.items() if probed not in OF_THE_IMAGE}
        probes = kept | IN_A_CONTAINER
    if kind in {"kubernetes", "swarm"}:
        probes = {one: told for one, told in probes.items() if one not in OUR_FILTER_ALONE}
    known = "\n".join(f"{name} = {value!r}" for name, value in server.items())
    asked = [
        f"{known}\nPROBED = {probed!r}\nEXPECTED = {expected!r}\n{PROBE}"
        for probed, expected in probes.items()
    ]
    # Each in a process of its own: some would end the others.
    code = f"""
import subprocess, sys
for asked in {asked!r}:
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    print((told.stdout or told.stderr or str(told.returncode)).strip().splitlines()[-1])
"""
    result = await run(code)
    assert dict(zip(probes, result.text.splitlines(), strict=True)) == probes


async def test_ending_everything_ends_only_what_is_inside(run: Run) -> None:
    result = await run("""
        import os, signal
        for _ in range(3):
            if os.fork() == 0:
                signal.pause()
        os.kill(-1, 9)
        print(sorted(os.wait()[1] for _ in range(3)))
    """)
    assert (result.ending, result.text) == (Ending(0), "[9, 9, 9]\n")


async def test_runs_do_not_see_each_other(run: Run, kind: str) -> None:
    code = """
        import os
        open("/tmp/seen", "x").close()
        open("/dev/shm/seen", "x").close()
        print(sum(name.isdigit() for name in os.listdir("/proc")))
    """
    results = await asyncio.gather(*(run(code) for _ in range(3)))
    assert [result.ending.exit_code for result in results] == [0, 0, 0]
    # What has brought the files in may just be about to end.
    ours = {"2\n", "3\n"} if kind == "kubernetes" else {"2\n"}
    assert {result.text for result in results} <= ours


FORKS = """
    import os
    while True:
        try:
            os.fork()
        except OSError:
            pass
"""
MEMORY = """
    import os
    kept = []
    while True:
        kept.append(os.urandom(1_000_000))
"""
FILES = """
    import os
    number = 0
    while True:
        number += 1
        try:
            open(f"/tmp/{number % 400}", "w").write("x" * 1_000_000)
        except OSError:
            pass
"""
OUTPUT = """
    while True:
        print("x" * 10_000)
"""


async def test_whatever_others_do_the_neighbours_run_is_not_disturbed(run: Run) -> None:
    hostile = [asyncio.create_task(run(code, BRIEF)) for code in (FORKS, MEMORY, FILES, OUTPUT)]
    neighbour = await run("""
        import os, subprocess
        for number in range(20):
            subprocess.run(["true"], check=True)
            open(f"made{number}", "w").write("made")
        print("fine")
    """)
    results = await asyncio.gather(*hostile)
    assert (neighbour.ending, neighbour.text) == (Ending(0), "fine\n")
    assert len(neighbour.artifacts) == 20
    assert all(result.ending.exit_code for result in results)


async def test_files_that_do_not_fit_are_told(run: Run) -> None:
    result = await run("", archive=archive_of({"main.py": "x" * 25_000_000}))
    assert result.ending == Ending(125)
    assert "The run's files don't fit into the sandbox." in result.text


async def test_a_device_in_the_archive_is_no_device_in_the_sandbox(run: Run) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("disk")
        member.type, member.devmajor, member.devminor = tarfile.BLKTYPE, 8, 0
        tar.addfile(member)
    archive.seek(0)
    result = await run("", archive=archive)
    assert result.ending == Ending(125)
    assert result.artifacts == {}


async def test_what_a_killed_server_left_is_reaped(
    backend: SandboxBackend, make_backend: Callable[[], SandboxBackend]
) -> None:
    spec = SandboxSpec(f"{os.getpid()}-{secrets.token_hex(4)}", ("sleep", "1000"), TIGHT)
    sandbox = await backend.prepare(spec)
    await sandbox.start(archive_of({}))
    another = make_backend()
    await another.reap(spec.run_id, sandbox.handle)
    await another.close()
    await sandbox.kill(0)
    await sandbox.release()
    assert processes_with(spec.run_id) == []
