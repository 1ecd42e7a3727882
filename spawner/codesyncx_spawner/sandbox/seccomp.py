"""The system calls that code in a sandbox can do without, by libseccomp.

What is left is what Docker's default profile leaves, less io_uring, vsock and other rare sockets,
which that allows. bubblewrap loads the program last, so it holds for all that the code starts.
"""

from __future__ import annotations

import errno
import functools
import os
import socket
from typing import IO

from ..errors import NoSandboxError

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
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    argument = pyseccomp.Arg
    refused = pyseccomp.ERRNO(errno.EPERM)
    for name in _REFUSED:
        _add(rules, refused, name)
    for flag in _NEW_NAMESPACES:
        _add(rules, refused, "clone", argument(0, pyseccomp.MASKED_EQ, flag, flag))
    # Its flags are behind a pointer; C libraries then take clone.
    _add(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    unknown = pyseccomp.ERRNO(errno.EAFNOSUPPORT)
    for family in set(range(_LAST_FAMILY)) - _FAMILIES:
        _add(rules, unknown, "socket", argument(0, pyseccomp.EQ, family))
    _add(rules, unknown, "socket", argument(0, pyseccomp.GE, _LAST_FAMILY))
    for family in (socket.AF_INET, socket.AF_INET6):
        raw = argument(1, pyseccomp.MASKED_EQ, _TYPE_BITS, socket.SOCK_RAW)
        _add(rules, refused, "socket", argument(0, pyseccomp.EQ, family), raw)
    _add(rules, refused, "ioctl", argument(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, _TIOCSTI))
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as file:
        rules.export_bpf(file)
        return _read_again(file)


def _add(rules: object, action: int, name: str, *arguments: object) -> None:
    try:
        rules.add_rule(action, name, *arguments)  # type: ignore[attr-defined]
    except (ValueError, OSError):
        return  # a call that this processor or libseccomp has no number for


def _read_again(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
