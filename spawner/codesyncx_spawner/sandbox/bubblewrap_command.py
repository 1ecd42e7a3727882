"""The command line of a bubblewrap sandbox: what is in it, and what isn't. Pure but for `HOST`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .layout import HOME, WORK, WRITABLE, mark_of
from .order import OBEY, WAIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .backend import SandboxSpec

UID = 1000

_SYSTEM = ("/usr",)
_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# Of /etc only what programs need to start, nothing that says whose machine it is.
_ETC = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
)
ETC_FILES: Mapping[str, str] = {
    "/etc/passwd": f"runner:x:{UID}:{UID}:runner:{HOME}:/bin/sh\n",
    "/etc/group": f"runner:x:{UID}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hostname": "sandbox\n",
}

# Its first byte says that the sandbox stands; then it waits for what it is to run, and its files.
# The limits are the shell's own to set, which is quicker than another program. Not every shell
# calls that of processes the same.
_LIMITS = """
ulimit -n "$1"; ulimit -c 0; [ -z "$3" ] || ulimit -d "$3"
ulimit -p "$2" 2>/dev/null || ulimit -u "$2" || exit 125
"""
_RUN = """
cd -- "/work/$1" || exit 126
shift
command -v "$1" >/dev/null || { echo "$1: no such program in the sandbox"; exit 127; }
"""
LAUNCHER = f"""
printf .
{WAIT}
if ! /usr/bin/tar -xf - -C /work 2>&1; then
  echo "The run's files don't fit into the sandbox."; exit 125
fi
exec </dev/null 2>&1
{_LIMITS}{OBEY}{_RUN}
exec "$@"
"""
# The server makes the terminal before it gives the files.
TERMINAL_LAUNCHER = f"""
printf .
{WAIT}
/usr/bin/tar -xf - -C /work >/tmp/.unpacked 2>&1 || failed=1
exec <>/dev/pts/0 >&0 2>&1
if [ "$failed" ]; then
  cat /tmp/.unpacked; echo "The files don't fit into the sandbox."; exit 125
fi
rm -f /tmp/.unpacked
{_LIMITS}{OBEY}{_RUN}
exec /usr/bin/setsid --ctty "$@"
"""


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The open files that bubblewrap gets."""

    seccomp: int
    status: int
    block: int
    files: Mapping[str, int]


def sandbox_options(
    spec: SandboxSpec, descriptors: Descriptors, read_only: Iterable[str]
) -> list[str]:
    """Give bubblewrap's options: rather many for a command line."""
    limits = spec.limits
    options = [
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        *("--uid", str(UID), "--gid", str(UID), "--hostname", "sandbox"),
        "--die-with-parent",
        "--new-session",
        *("--cap-drop", "ALL"),
        *_system((*read_only, *spec.read_only)),
        *("--proc", "/proc", "--dev", "/dev"),
    ]
    for path, descriptor in descriptors.files.items():
        options += ["--perms", "0444", "--ro-bind-data", str(descriptor), path]
    sizes = (limits.disk_bytes, limits.disk_bytes // 4, limits.disk_bytes // 4)
    for path, size in zip(WRITABLE, sizes, strict=True):
        options += ["--perms", "0700", "--size", str(size), "--tmpfs", path]
    options += ["--dir", HOME, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK]
    options += ["--clearenv", "--setenv", "PATH", "/usr/bin:/bin"]
    options += ["--json-status-fd", str(descriptors.status), "--block-fd", str(descriptors.block)]
    return [*options, "--seccomp", str(descriptors.seccomp)]


def source_and_place(path: str) -> tuple[str, str]:
    """Read `folder` or `folder:where it is in the sandbox`; ValueError if it can't be there."""
    source, _, place = path.partition(":")
    place = place or source
    if not source.startswith("/") or not place.startswith("/"):
        raise ValueError(f"{path}: give a folder by its whole path, from / on.")
    if any(PurePosixPath(place).is_relative_to(taken) for taken in (*WRITABLE, "/dev", "/proc")):
        raise ValueError(
            f"{place} can't be seen in a sandbox, which has its own {', '.join(WRITABLE)}: "
            f'say where it is to be, as in "{source}:/opt/{PurePosixPath(source).name}".'
        )
    return source, place


def as_user(uid: int | None) -> list[str]:
    """Give what comes before bubblewrap, to be that user; it is who the sandbox is outside.

    Python could do that too, but would then copy the page tables of the whole server first.
    """
    if uid is None:
        return []
    return ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


def launch_command(spec: SandboxSpec, *, limits_memory_itself: bool) -> list[str]:
    """Give what runs inside: it waits for what it is to run, and for the files."""
    limits = spec.limits
    # Of each process; whoever watches adds them up.
    data_kib = str(limits.memory_bytes // 1024) if limits_memory_itself else ""
    launcher = TERMINAL_LAUNCHER if spec.has_terminal else LAUNCHER
    bounds = [str(limits.open_files), str(limits.pids + 2), data_kib]
    return ["/bin/sh", "-c", launcher, mark_of(spec.run_id), *bounds]


def _system(read_only: Iterable[str]) -> list[str]:
    options = []
    for name in _LINKS:
        path = Path(name)
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            options += ["--ro-bind", name, name]
    for name in _SYSTEM:
        options += ["--ro-bind", name, name]
    for place in read_only:
        options += ["--ro-bind", *source_and_place(place)]
    for name in _ETC:
        options += ["--ro-bind-try", name, name]
    return options
