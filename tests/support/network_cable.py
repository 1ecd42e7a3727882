"""A cable between two network namespaces, as bad as wanted: it loses, delays and narrows.

Linux can do that by itself (`tc netem`), but not every kernel has it. This one joins two TUN
devices: run it in one namespace, and tell it the process whose namespace has the other end. Each
line of JSON on its standard input sets `loss` (a share), `delay_s`, and the bits a second `up`
(from the end that was opened first) and `down`; null is without limit.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import random
import struct
import sys
from typing import Any

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
MTU = 1500
QUEUE_S = 0.2
"""A narrow cable drops what would have to wait longer, as a router does."""


class Quality:
    """How bad the cable is."""

    loss = 0.0
    delay_s = 0.0
    up: float | None = None
    down: float | None = None


class Direction:
    """One way through the cable."""

    def __init__(self, quality: Quality, rate: str, source: int, target: int) -> None:
        self._quality = quality
        self._rate = rate
        self._source = source
        self._target = target
        self._free_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(source, self._take)

    def _take(self) -> None:
        packet = os.read(self._source, MTU)
        if packet[0] >> 4 != 4:
            return  # a greeting in IPv6, which nobody has an address of here
        if random.random() < self._quality.loss:
            return
        now = self._loop.time()
        sent_at = now
        rate_bps: float | None = getattr(self._quality, self._rate)
        if rate_bps is not None:
            if self._free_at - now > QUEUE_S:
                return
            sent_at = self._free_at = max(now, self._free_at) + 8 * len(packet) / rate_bps
        # Packets keep their order, because their times do.
        self._loop.call_at(sent_at + self._quality.delay_s, os.write, self._target, packet)


def open_tun(name: str) -> int:
    """Make a device in the namespace that this process is in."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


async def main(other_pid: str) -> None:
    """Carry packets until the standard input ends."""
    near = open_tun("cable")
    with open(f"/proc/{other_pid}/ns/net") as namespace:  # noqa: ASYNC230, PTH123 (a descriptor)
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "the other end can't be entered")
    far = open_tun("cable")
    quality = Quality()
    Direction(quality, "up", near, far)
    Direction(quality, "down", far, near)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        wanted: dict[str, Any] = json.loads(line)
        for name, value in wanted.items():
            setattr(quality, name, value)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
