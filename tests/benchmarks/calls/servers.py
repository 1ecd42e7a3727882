"""The servers that are compared, each a process whose CPU and memory can be read."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.calls.janus import JanusRoom
from benchmarks.calls.ours import OurRoom
from support.media_worker import MediaWorker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.calls.rooms import Room

HOST = "10.99.0.1"
ADDRESS_COMMANDS = (
    "ip link set lo up",
    "ip link add csx0 type veth peer name csx1",
    f"ip addr add {HOST}/24 dev csx0",
    "ip link set csx0 up",
    "ip link set csx1 up",
)
"""Janus takes no candidates from the loopback: give it another local address."""
OURS, NATIVE, JANUS, JANUS_TUNED = "codesyncx", "codesyncx-native", "janus", "janus-tuned"
NAMES = {
    OURS: "CodeSyncX",
    NATIVE: "CodeSyncX, native",
    JANUS: "Janus 1.1.2",
    JANUS_TUNED: "Janus 1.1.2, 2 event loops",
}
_SIGNALLING_PORT = 8188
_JANUS = """
general: {{
  configs_folder = "{folder}"
  debug_level = 2
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  {loops}
}}
nat: {{
  ice_lite = true
  ice_enforce_list = "{host}"
}}
media: {{ rtp_port_range = "20000-40000" }}
plugins: {{ disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,\
libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,\
libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so" }}
transports: {{ disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,\
libjanus_pfunix.so,libjanus_rabbitmq.so" }}
"""
_WEBSOCKETS = """
general: {{
  json = "plain"
  ws = true
  ws_port = {port}
  ws_interface = "lo"
}}
"""
_ROOM = """
room-1: {
  description = "measured"
  publishers = 200
  bitrate = 0
  fir_freq = 0
  audiocodec = "opus"
  videocodec = "vp8"
  transport_wide_cc_ext = true
  audiolevel_ext = true
  record = false
}
"""


class Server:
    """A running server: `enter` gives a room of it to somebody."""

    def __init__(self, pid: int, room: Room) -> None:
        self.pid = pid
        self.room = room

    def cpu_s(self) -> float:
        """Give the CPU seconds of all its threads so far."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory_mb(self) -> float:
        """Give its resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextmanager
def running(name: str) -> Iterator[Server]:
    """Run a server until the end of the block."""
    with ExitStack() as stack:
        if name in (OURS, NATIVE):
            is_native = name == NATIVE
            settings = {"host": HOST, "addresses": [HOST], "may_be_native": is_native}
            worker = stack.enter_context(MediaWorker(**settings))
            path = "native" if is_native else "python"
            if worker.process is None or worker.ports["path"] != path:
                raise RuntimeError(f"packets don't take the {path} path")
            yield Server(worker.process.pid, OurRoom(worker, HOST))
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        process = stack.enter_context(_janus(folder, 2 if name == JANUS_TUNED else 0))
        yield Server(process.pid, JanusRoom(f"ws://127.0.0.1:{_SIGNALLING_PORT}", HOST))


@contextmanager
def _janus(folder: Path, event_loops: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("janus")
    if program is None:
        raise RuntimeError("install Debian's Janus: tests/support/install-debian janus")
    libraries = next(Path("/usr/lib").glob("*/janus"))
    loops = f"event_loops = {event_loops}" if event_loops else ""
    configuration = _JANUS.format(folder=folder, libraries=libraries, loops=loops, host=HOST)
    (folder / "janus.jcfg").write_text(configuration)
    (folder / "janus.transport.websockets.jcfg").write_text(
        _WEBSOCKETS.format(port=_SIGNALLING_PORT)
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text(_ROOM)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-F", str(folder)], stdout=log, stderr=log)
        try:
            time.sleep(1.0)
            if process.poll() is not None:
                raise RuntimeError((folder / "log").read_text())
            yield process
        finally:
            process.terminate()
            process.wait(10)
