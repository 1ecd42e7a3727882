"""Many datagrams in one system call, with the kernel's time of each one's arrival (Linux).

The load of a benchmark must be light: what it costs is taken from the server that it measures.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from cffi import FFI

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 256
SLOT = 2048
_CONTROL = 64
_SO_TIMESTAMPNS = 35
_MSG_DONTWAIT = 0x40
_HEADER_WORDS = 8
_BUFFER = 8 * 2**20

_ffi = FFI()
_ffi.cdef("""
struct iovec { void *iov_base; size_t iov_len; };
struct msghdr {
    void *msg_name; uint32_t msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
    void *msg_control; size_t msg_controllen; int msg_flags;
};
struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
""")
_libc = _ffi.dlopen(None)
# A control message's header of 16 bytes, then seconds and nanoseconds.
_arrival = struct.Struct("=qq").unpack_from


def open_socket(host: str) -> socket.socket:
    """Open a socket that notes arrivals and holds what comes between two looks at it."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    opened.settimeout(0)
    opened.bind((host, 0))
    return opened


class Batch:
    """Buffers for one `recvmmsg`, used again and again.

    `memory[at : at + length]` is a datagram of those that `receive` gives, until the next call.
    """

    def __init__(self) -> None:
        self.memory = bytearray(BATCH * SLOT)
        self._control = bytearray(BATCH * _CONTROL)
        data = _ffi.from_buffer(self.memory)
        control = _ffi.from_buffer(self._control)
        self._vectors = _ffi.new("struct iovec[]", BATCH)
        self._messages = _ffi.new("struct mmsghdr[]", BATCH)
        for number in range(BATCH):
            self._vectors[number].iov_base = data + number * SLOT
            self._vectors[number].iov_len = SLOT
            header = self._messages[number].msg_hdr
            header.msg_iov = self._vectors + number
            header.msg_iovlen = 1
            header.msg_control = control + number * _CONTROL
        size = _ffi.sizeof("struct mmsghdr")
        self._words = memoryview(_ffi.buffer(self._messages)).cast("Q")
        self._stride = size // 8
        self._control_at = _ffi.offsetof("struct msghdr", "msg_controllen") // 8
        self._length_at = _ffi.offsetof("struct mmsghdr", "msg_len") // 8

    def receive(self, fd: int) -> Iterator[tuple[int, int, int]]:
        """Give place, length and arrival (nanoseconds of the wall clock) of what is there."""
        words, stride = self._words, self._stride
        while True:
            for number in range(BATCH):
                words[number * stride + self._control_at] = _CONTROL
            count = _libc.recvmmsg(fd, self._messages, BATCH, _MSG_DONTWAIT, _ffi.NULL)
            for number in range(max(0, count)):
                seconds, nanoseconds = _arrival(self._control, number * _CONTROL + 16)
                length = words[number * stride + self._length_at] & 0xFFFFFFFF
                yield number * SLOT, length, seconds * 1_000_000_000 + nanoseconds
            if count < BATCH:
                return
