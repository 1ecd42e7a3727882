"""The socket beneath the port on Linux: many datagrams in one system call.

`recvmmsg` and `sendmmsg` (see their manual pages) are called through cffi's ABI mode, which needs
no compiler: the structures below are those of Linux on 64-bit machines with the low byte first, and
`works_here` says whether this is one.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

from cffi import FFI

from ..rtp.lane import IN_PYTHON, LaneKinds
from .datagrams import RECEIVE_BUFFER
from .outbox import SLOT_BYTES, SLOTS, Outbox
from .private_aiortc import Decryption
from .trains import couple
from .way import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .datagrams import Take
    from .ice import Address

_log = logging.getLogger(__name__)

BATCH = 64
_SOCKADDR_BYTES = {socket.AF_INET: 16, socket.AF_INET6: 28}
_MSG_DONTWAIT = 0x40
_MAX_ADDRESSES = 4096
TICK_S = 0.002
"""How often a busy socket is looked at: being woken for each datagram costs more than sending."""
_BUSY_AFTER = 8
"""So often woken in `_BUSY_WITHIN_S`, a socket is busy. Datagrams come in bursts, with pauses."""
_BUSY_WITHIN_S = 0.016
_CALM_AFTER = 8
_MAX_TURNS = 4
"""How many full batches are taken before others get their turn."""

_ffi = FFI()
_ffi.cdef("""
struct iovec { void *iov_base; size_t iov_len; };
struct msghdr {
    void *msg_name; uint32_t msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
    void *msg_control; size_t msg_controllen; int msg_flags;
};
struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
""")
_HEADER_BYTES = _ffi.sizeof("struct mmsghdr")
_STRIDE = _HEADER_BYTES // 8
# Name, its length, vectors, how many, control message, its length.
_write_header = struct.Struct("=QQQQQQ").pack_into
_write_vector = struct.Struct("=QQ").pack_into
_VECTOR_BYTES = 16
# Length, level and type of a control message, and the length at which a train is cut; padded.
_write_control = struct.Struct("=QiiH").pack_into
_CONTROL_BYTES, _CONTROL_LENGTH = 24, 18
_IPPROTO_UDP, _UDP_SEGMENT = 17, 103
_STRIDE_64 = 8
_LENGTH_WORD = _ffi.offsetof("struct mmsghdr", "msg_len") // 8


def works_here() -> bool:
    """Whether this system has the calls and structures."""
    if (sys.platform, sys.byteorder, _STRIDE) != ("linux", "little", _STRIDE_64):
        return False
    try:
        libc = _ffi.dlopen(None)
        return bool(libc.recvmmsg and libc.sendmmsg)
    except (OSError, AttributeError):
        return False


class _Trains:
    """An array of message headers whose data are trains of slots, in any order."""

    def __init__(self, memory: bytearray, name_bytes: int) -> None:
        data = _ffi.from_buffer(memory)
        first = int(_ffi.cast("uintptr_t", data))
        self.headers = _ffi.new("struct mmsghdr[]", SLOTS)
        self._memory = data  # what the headers point to must stay
        self._vectors = _ffi.new("struct iovec[]", SLOTS)
        self._controls = _ffi.new("char[]", SLOTS * _CONTROL_BYTES)
        self._buffers = tuple(
            memoryview(_ffi.buffer(each)).cast("B")
            for each in (self.headers, self._vectors, self._controls)
        )
        self._places = [first + at for at in range(0, len(memory), SLOT_BYTES)]
        self._vectors_at = int(_ffi.cast("uintptr_t", self._vectors))
        self._controls_at = int(_ffi.cast("uintptr_t", self._controls))
        self._name_bytes = name_bytes

    def write(
        self, trains: Sequence[Sequence[int]], lengths: Sequence[int], targets: Sequence[int]
    ) -> None:
        """Write the headers of trains."""
        headers, vectors, controls = self._buffers
        places, name_bytes, at = self._places, self._name_bytes, 0
        for number, train in enumerate(trains):
            vectors_at, first, control = self._vectors_at + at, train[0], 0
            for slot in train:
                _write_vector(vectors, at, places[slot], lengths[slot])
                at += _VECTOR_BYTES
            if len(train) > 1:
                place = number * _CONTROL_BYTES
                _write_control(
                    controls, place, _CONTROL_LENGTH, _IPPROTO_UDP, _UDP_SEGMENT, lengths[first]
                )
                control = self._controls_at + place
            _write_header(
                headers,
                number * _HEADER_BYTES,
                targets[first],
                name_bytes,
                vectors_at,
                len(train),
                control,
                _CONTROL_BYTES if control else 0,
            )


class _Messages:
    """An array of message headers with memory for data and addresses."""

    def __init__(self, count: int, memory: bytearray, slot_bytes: int, name_bytes: int) -> None:
        self.headers = _ffi.new("struct mmsghdr[]", count)
        self._vectors = _ffi.new("struct iovec[]", count)
        self._data = _ffi.from_buffer(memory)
        self.words = memoryview(_ffi.buffer(self.headers)).cast("Q")
        for slot in range(count):
            self._vectors[slot].iov_base = self._data + slot * slot_bytes
            self._vectors[slot].iov_len = slot_bytes
            header = self.headers[slot].msg_hdr
            header.msg_namelen = name_bytes
            header.msg_iov = self._vectors + slot
            header.msg_iovlen = 1


def _cut(memory: bytearray, size: int) -> list[memoryview]:
    whole = memoryview(memory)
    return [whole[at : at + size] for at in range(0, len(memory), size)]


class BatchedSocket:
    """Datagrams by the batch."""

    path = "python"

    @property
    def lanes(self) -> LaneKinds:
        """The kinds of lanes that its outbox takes packets of."""
        return IN_PYTHON

    def new_way(self) -> Way:
        """Begin the way to a client."""
        return Way()

    def __init__(self, opened: socket.socket, take: Take) -> None:
        self._socket = opened
        self._take = take
        self._libc = _ffi.dlopen(None)
        self._fd = opened.fileno()
        self._name_bytes = _SOCKADDR_BYTES[opened.family]
        self._names: dict[Address, Any] = {}
        self._alone: set[int] = set()
        """Targets that no trains lead to."""
        self._is_receiving = False
        self._loop = asyncio.get_running_loop()
        self._prepare_receiving()
        self.outbox = self._new_outbox()
        self.decryption = self._new_decryption()
        self._ticks: asyncio.TimerHandle | None = None
        self._in_a_row = 0
        self._counted_from = float("-inf")
        self._loop.add_reader(self._fd, self._readable)

    @classmethod
    async def open(cls, host: str, port: int, take: Take) -> BatchedSocket:
        """Open a socket at a local address; 0 takes a free port."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            opened.settimeout(0)
            opened.bind(address)
        except OSError:
            opened.close()
            raise
        return cls(opened, take)

    @property
    def address(self) -> Address:
        """The address that it is bound to."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def target(self, address: Address) -> Any:
        """Give where the system finds an address in memory."""
        name = self._names.get(address)
        if name is None:
            name = self._names[address] = _ffi.new("char[]", self._packed(address))
        return int(_ffi.cast("uintptr_t", name))

    def forget(self, address: Address) -> None:
        """Send no more to an address."""
        self.outbox.flush()  # what waits may point to its name
        name = self._names.pop(address, None)
        if name is not None:
            self._alone.discard(int(_ffi.cast("uintptr_t", name)))

    def send(self, datagram: bytes, address: Address) -> None:
        """Send one datagram now."""
        try:
            self._socket.sendto(datagram, address)
        except OSError as error:
            _log.debug("A datagram wasn't sent: %s", error)

    def close(self) -> None:
        """Close the socket."""
        if self._fd >= 0:
            self.outbox.flush()
            self._loop.remove_reader(self._fd)
            if self._ticks is not None:
                self._ticks.cancel()
            self._socket.close()
            self._fd = -1

    def _new_outbox(self) -> Outbox:
        memory = bytearray(SLOTS * SLOT_BYTES)
        self._lengths, self._targets = [0] * SLOTS, [0] * SLOTS
        self._outgoing = _Trains(memory, self._name_bytes)
        return Outbox(memory, self._lengths, self._targets, self._empty, self._wake)

    def _new_decryption(self) -> Decryption:
        return Decryption()

    def _prepare_receiving(self) -> None:
        received = bytearray(BATCH * SLOT_BYTES)
        senders = bytearray(BATCH * self._name_bytes)
        self._incoming = _Messages(BATCH, received, SLOT_BYTES, self._name_bytes)
        self._slots = _cut(received, SLOT_BYTES)
        self._raw_names = _cut(senders, self._name_bytes)
        names = self._names_received = _ffi.from_buffer(senders)
        for slot in range(BATCH):
            self._incoming.headers[slot].msg_hdr.msg_name = names + slot * self._name_bytes
        self._addresses: dict[bytes, Address] = {}

    def _readable(self) -> None:
        """Take what came. When it keeps coming, look by the clock instead of being woken."""
        now = self._loop.time()
        if now - self._counted_from > _BUSY_WITHIN_S:
            self._counted_from, self._in_a_row = now, 0
        self._in_a_row += 1
        self._receive()
        if self._in_a_row >= _BUSY_AFTER and self._fd >= 0:
            self._in_a_row = 0
            self._loop.remove_reader(self._fd)
            self._ticks = self._loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        """Take what came since the last tick; be woken again when that was nothing for a while."""
        self._in_a_row = 0 if self._receive() else self._in_a_row + 1
        if self._fd < 0:
            return
        if self._in_a_row >= _CALM_AFTER:
            self._in_a_row, self._ticks = 0, None
            self._loop.add_reader(self._fd, self._readable)
        else:
            self._ticks = self._loop.call_later(TICK_S, self._tick)

    def _receive(self) -> int:
        """Take what came and send what that leads to; gives how many there were."""
        self._is_receiving = True
        taken = 0
        try:
            for _ in range(_MAX_TURNS):
                count = self._libc.recvmmsg(
                    self._fd, self._incoming.headers, BATCH, _MSG_DONTWAIT, _ffi.NULL
                )
                if count > 0:
                    self._take_batch(count)
                    taken += count
                if count < BATCH:
                    break
            return taken
        finally:
            self._is_receiving = False
            self.outbox.flush()

    def _take_batch(self, count: int) -> None:
        words, take, slots, names = self._incoming.words, self._take, self._slots, self._raw_names
        addresses = self._addresses
        for slot in range(count):
            length = words[slot * _STRIDE + _LENGTH_WORD] & 0xFFFFFFFF
            name = bytes(names[slot])
            try:
                take(bytes(slots[slot][:length]), addresses.get(name) or self._new_address(name))
            except Exception:  # noqa: BLE001 (one datagram's outermost frame: the others go on)
                _log.exception("A datagram made an error")

    def _new_address(self, name: bytes) -> Address:
        if len(self._addresses) >= _MAX_ADDRESSES:
            self._addresses.clear()
        address = self._addresses[name] = self._unpacked(name)
        return address

    def _unpacked(self, raw: bytes) -> Address:
        (port,) = struct.unpack_from("!H", raw, 2)
        host = raw[4:8] if self._socket.family == socket.AF_INET else raw[8:24]
        return socket.inet_ntop(self._socket.family, host), port

    def _packed(self, address: Address) -> bytes:
        host, port = socket.inet_pton(self._socket.family, address[0]), address[1]
        head = struct.pack("=H", self._socket.family) + struct.pack("!H", port)
        if self._socket.family == socket.AF_INET:
            return head + host + bytes(8)
        return head + bytes(4) + host + bytes(4)

    def _wake(self) -> None:
        if not self._is_receiving:
            self._loop.call_soon(self.outbox.flush)

    def _empty(self, count: int) -> None:
        self._send(couple(self._lengths, self._targets, count, self._alone))

    def _send(self, trains: Sequence[Sequence[int]]) -> None:
        """Send; a datagram that can't be is lost, as the network loses them, the others go."""
        self._outgoing.write(trains, self._lengths, self._targets)
        first, count = 0, len(trains)
        while first < count and self._fd >= 0:
            sent = self._libc.sendmmsg(
                self._fd, self._outgoing.headers + first, count - first, _MSG_DONTWAIT
            )
            if sent < 0 and _ffi.errno in (errno.EAGAIN, errno.ENOBUFS):
                return
            if sent <= 0 and len(trains[first]) > 1:  # not every path takes trains
                self._alone.add(self._targets[trains[first][0]])
                self._send([[slot] for train in trains[first:] for slot in train])
                return
            first += max(1, sent)
