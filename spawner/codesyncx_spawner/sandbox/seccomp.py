"""The system calls that code in a sandbox can do without, for bubblewrap and for Docker.

What is left is what Docker's default profile leaves, less io_uring, vsock and other rare sockets,
which that allows. Both load it last, so it holds for all that the code starts.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import socket
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..errors import NoSandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Docker's default profile allows most of these to root alone; the last two lines are ours.
_REFUSED = """
    acct add_key bpf chroot clock_adjtime clock_settime create_module delete_module fanotify_init
    finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module ioperm
    iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount
    mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree
    perf_event_open pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev
    query_module quotactl quotactl_fd reboot request_key set_mempolicy setns sethostname
    setdomainname settimeofday stime swapoff swapon sysfs syslog umount umount2 unshare uselib
    userfaultfd ustat vhangup vm86 vm86old
    io_uring_setup io_uring_enter io_uring_register
    ptrace
""".split()  # noqa: SIM905 - sixty lines shorter
_NEW_NAMESPACES = (
    0x00000080,  # CLONE_NEWTIME
    0x00020000,  # CLONE_NEWNS
    0x02000000,  # CLONE_NEWCGROUP
    0x04000000,  # CLONE_NEWUTS
    0x08000000,  # CLONE_NEWIPC
    0x10000000,  # CLONE_NEWUSER
    0x20000000,  # CLONE_NEWPID
    0x40000000,  # CLONE_NEWNET
)
_FAMILIES = frozenset({socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK})
_LAST_FAMILY = 64
_TYPE_BITS = 0xF
_TIOCSTI = 0x5412


_EQUAL, _AT_LEAST, _MASKED = "EQ", "GE", "MASKED_EQ"


class Comparison(NamedTuple):
    """What an argument of a call has to be for a rule to hold; the names are libseccomp's."""

    argument: int
    how: str
    value: int
    datum: int = 0
    """What is left of the argument by the mask `value`, with MASKED_EQ."""


class Rule(NamedTuple):
    """A call that fails with an error number, when all comparisons hold."""

    name: str
    error: int
    comparisons: tuple[Comparison, ...] = ()


def list_rules() -> Iterator[Rule]:
    """Give all that is refused; everything else is allowed."""
    for name in _REFUSED:
        yield Rule(name, errno.EPERM)
    for flag in _NEW_NAMESPACES:
        yield Rule("clone", errno.EPERM, (Comparison(0, _MASKED, flag, flag),))
    # Its flags are behind a pointer; C libraries then take clone.
    yield Rule("clone3", errno.ENOSYS)
    for family in sorted(set(range(_LAST_FAMILY)) - _FAMILIES):
        yield Rule("socket", errno.EAFNOSUPPORT, (Comparison(0, _EQUAL, family),))
    yield Rule("socket", errno.EAFNOSUPPORT, (Comparison(0, _AT_LEAST, _LAST_FAMILY),))
    raw = Comparison(1, _MASKED, _TYPE_BITS, socket.SOCK_RAW)
    for family in (socket.AF_INET, socket.AF_INET6):
        yield Rule("socket", errno.EPERM, (Comparison(0, _EQUAL, family), raw))
    yield Rule("ioctl", errno.EPERM, (Comparison(1, _MASKED, 0xFFFFFFFF, _TIOCSTI),))


@functools.cache
def load_program() -> bytes:
    """Make the program, in the kernel's form; NoSandboxError where there is no libseccomp."""
    try:
        import pyseccomp  # noqa: PLC0415 - it looks for the library when it is imported
    except RuntimeError as error:
        raise NoSandboxError(
            "Running code needs libseccomp, which isn't on this server: install it "
            "(on Debian and Ubuntu: apt install libseccomp2)."
        ) from error
    program = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for rule in list_rules():
        arguments = [
            pyseccomp.Arg(one.argument, getattr(pyseccomp, one.how), one.value, one.datum)
            for one in rule.comparisons
        ]
        _add(program, pyseccomp.ERRNO(rule.error), rule.name, *arguments)
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as file:
        program.export_bpf(file)
        return _read_again(file)


@functools.cache
def docker_profile() -> str:
    """Give the same rules as Docker takes them, see the OCI runtime specification."""
    calls: list[dict[str, Any]] = []
    for rule in list_rules():
        arguments = [
            {
                "index": one.argument,
                "op": f"SCMP_CMP_{one.how}",
                "value": one.value,
                "valueTwo": one.datum,
            }
            for one in rule.comparisons
        ]
        told = {"action": "SCMP_ACT_ERRNO", "errnoRet": rule.error, "args": arguments}
        calls.append({"names": [rule.name], **told})
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": calls})


def _add(program: object, action: int, name: str, *arguments: object) -> None:
    try:
        program.add_rule(action, name, *arguments)  # type: ignore[attr-defined]
    except (ValueError, OSError):
        return  # a call that this processor or libseccomp has no number for


def _read_again(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
