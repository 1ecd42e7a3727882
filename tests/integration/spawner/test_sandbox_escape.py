"""What hostile code does in a sandbox, and what comes of it: nothing, for anybody else.

All of it runs twice: with control groups where this machine lets us make them, and without.
"""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import socket
import tarfile
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.errors import NoSandboxError
from codesyncx_spawner.execution import Execution
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox import bubblewrap
from codesyncx_spawner.sandbox.backend import SandboxSpec, Usage
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.cgroups import (
    ControlGroup,
    GroupsRefusedError,
    Hierarchy,
)
from codesyncx_spawner.states import Ending

if TYPE_CHECKING:
    from codesyncx_spawner.output import Piece

# Every one of these bounds what a test can do to the machine.
TIGHT = Limits(
    cpu=0.5,
    memory_bytes=100_000_000,
    pids=16,
    disk_bytes=20_000_000,
    files=500,
    open_files=64,
    output_bytes=50_000,
    time_s=60,
)
BRIEF = Limits(**{**{name: getattr(TIGHT, name) for name in TIGHT.__slots__}, "time_s": 1.0})


@dataclass
class Result:
    ending: Ending
    text: str
    notices: list[str]
    usage: Usage
    artifacts: dict[str, bytes]
    left_out: dict[str, str]


@pytest.fixture(params=["groups", "no groups"])
def backend(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[BubblewrapBackend]:
    if request.param == "no groups":
        monkeypatch.setattr(bubblewrap, "find_hierarchies", lambda *_: [])
    backend = BubblewrapBackend()
    jp_asyncio_loop.run_until_complete(backend.check())
    yield backend
    assert groups_left() == []


def groups_left() -> list[Path]:
    return list(Path("/sys/fs/cgroup").rglob(f"codesyncx-{os.getpid()}-*"))


def archive_of(files: dict[str, str]) -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    archive.seek(0)
    return archive


async def nothing() -> None:
    pass


Run = Callable[..., Any]


@pytest.fixture
def run(backend: BubblewrapBackend, tmp_path: Path) -> Run:
    async def run(
        code: str,
        limits: Limits = TIGHT,
        *,
        archive: io.BytesIO | None = None,
        stop_at: str | None = None,
    ) -> Result:
        """Run Python code in a sandbox; stop it when it has printed a line `stop_at`."""
        mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        spec = SandboxSpec(mark, ("/usr/bin/python3", "main.py", mark), limits)
        pieces: list[Piece] = []

        def tell(more: list[Piece]) -> None:
            pieces.extend(more)
            if stop_at is not None and any(piece.text == stop_at for piece in more):
                execution.stop()

        sandbox = await backend.prepare(spec)
        execution = Execution(sandbox, limits, tell)
        target = tmp_path / spec.run_id
        try:
            files = {"main.py": textwrap.dedent(code)}
            ending = await execution.run(archive or archive_of(files), nothing)
            kept = await sandbox.collect(target, {}, 1_000_000, lambda path: path != "main.py")
            usage = sandbox.usage()
        finally:
            await sandbox.release()
        assert processes_with(mark) == []
        return Result(
            ending,
            "".join(p.text + "\n" * p.ends_line for p in pieces if not p.is_notice),
            [piece.text for piece in pieces if piece.is_notice],
            usage,
            {path: (target / path).read_bytes() for path in kept.paths},
            dict(kept.left_out),
        )

    return run


def processes_with(mark: str) -> list[int]:
    """Give the processes of this machine that have `mark` on their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in command:
                found.append(int(folder.name))
    return found


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


async def test_a_file_larger_than_the_disk_cannot_be_reserved(run: Run) -> None:
    result = await run("""
        import os
        file = os.open("giant", os.O_WRONLY | os.O_CREAT)
        try:
            os.posix_fallocate(file, 0, 5_000_000_000)
        except OSError as error:
            print(error.strerror)
        os.ftruncate(file, 5_000_000_000)
    """)
    assert result.text == "No space left on device\n"
    assert result.artifacts == {}
    assert result.left_out == {"giant": "it is 5 GB, and a run's artifacts are 1 MB at most."}


@pytest.mark.parametrize("folder", ["/work", "/tmp", "/dev/shm"])  # noqa: S108 - in the sandbox
async def test_files_without_number_end_the_run(run: Run, folder: str) -> None:
    result = await run(f"""
        n = 0
        while True:
            open(f"{folder}/{{n}}", "w").close()
            n += 1
    """)
    assert result.ending.ran_out_of_files
    assert not result.ending.was_timed_out


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
    "os.getuid() == os.geteuid() == 1000": "True",
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

PROBE = """
import ctypes, errno, fcntl, os, platform, socket
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
    run: Run, server: dict[str, object]
) -> None:
    known = "\n".join(f"{name} = {value!r}" for name, value in server.items())
    asked = [
        f"{known}\nPROBED = {probed!r}\nEXPECTED = {expected!r}\n{PROBE}"
        for probed, expected in PROBES.items()
    ]
    # Each in a process of its own: some would end the others.
    code = f"""
import subprocess, sys
for asked in {asked!r}:
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    print((told.stdout or told.stderr or str(told.returncode)).strip().splitlines()[-1])
"""
    result = await run(code)
    assert dict(zip(PROBES, result.text.splitlines(), strict=True)) == PROBES


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


async def test_runs_do_not_see_each_other(run: Run) -> None:
    code = """
        import os
        open("/tmp/seen", "x").close()
        open("/dev/shm/seen", "x").close()
        print(sum(name.isdigit() for name in os.listdir("/proc")))
    """
    results = await asyncio.gather(*(run(code) for _ in range(3)))
    assert [result.ending.exit_code for result in results] == [0, 0, 0]
    assert {result.text for result in results} == {"2\n"}


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


async def test_a_server_without_bubblewrap_says_what_to_install() -> None:
    with pytest.raises(NoSandboxError, match="apt install bubblewrap"):
        await BubblewrapBackend(program="no-such-bwrap").check()


async def test_a_program_too_old_is_refused(tmp_path: Path) -> None:
    false = tmp_path / "bwrap"
    false.write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
    false.chmod(0o755)
    with pytest.raises(NoSandboxError, match=r"needs bubblewrap 0\.8 or newer; .* 0\.4\.1"):
        await BubblewrapBackend(program=str(false)).check()


@pytest.fixture
def refused_bwrap() -> Iterator[str]:
    """Give a bubblewrap whose kernel allows it nothing."""
    # Not in pytest's own folder, which is for this user alone.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        program = Path(folder, "bwrap")
        program.write_text(
            '#!/bin/sh\n[ "$1" = --version ] && { echo bubblewrap 0.9.0; exit; }\n'
            "echo 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
        )
        program.chmod(0o755)
        yield str(program)


async def test_a_machine_that_allows_no_sandboxes_is_told_of(refused_bwrap: str) -> None:
    with pytest.raises(NoSandboxError, match="No permissions to create new namespace"):
        await BubblewrapBackend(program=refused_bwrap).check()


async def test_a_server_that_may_put_nothing_into_groups_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(group: ControlGroup, _pid: int) -> None:
        if group.enforced:
            raise GroupsRefusedError("Nothing may be put there.")

    groups = Hierarchy(tmp_path, frozenset({"memory"}), is_v2=True)
    monkeypatch.setattr(bubblewrap, "find_hierarchies", lambda *_: [groups])
    monkeypatch.setattr(ControlGroup, "place", refuse)
    backend = BubblewrapBackend()
    await backend.check()
    assert not backend.makes_groups


async def test_what_a_killed_server_left_is_reaped(backend: BubblewrapBackend) -> None:
    spec = SandboxSpec(f"{os.getpid()}-{secrets.token_hex(4)}", ("sleep", "1000"), TIGHT)
    sandbox = await backend.prepare(spec)
    await sandbox.start(archive_of({}))
    await BubblewrapBackend().reap(spec.run_id, sandbox.handle)
    assert (await sandbox.wait()).exit_code in {137, -9}
    await sandbox.release()
