"""The terminals of one person, all of them in sandboxes, as jupyter_server_terminals asks for them.

Its handlers speak with browsers as usual; they find these here in the place of shells of the
server's own user.
"""

from __future__ import annotations

import asyncio
import codecs
from collections import deque
from typing import TYPE_CHECKING, Any

from jupyter_server._tz import isoformat, utcnow
from tornado import web

from ...errors import CodeSyncXError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from codesyncx_spawner.interactive.live import LiveSandbox

    from .person_services import PersonServices
    from .rights import Place

_KEPT_PIECES = 100
_PATIENCE_S = 3.0
_MOST_TYPED = 64 * 1024
_MOST_WAITING_BYTES = 4_000_000


class SandboxTerminal:
    """One terminal: what terminado calls a pty with clients, and the pty too."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """Have no sandbox yet."""
        self.name = name
        self.clients: list[Any] = []
        self.read_buffer: deque[str] = deque(maxlen=_KEPT_PIECES)
        self.last_activity = utcnow()
        self.sandbox: LiveSandbox | None = None
        self._loop = loop
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    @property
    def ptyproc(self) -> SandboxTerminal:
        """What is typed into."""
        return self

    def write(self, text: str) -> None:
        """Type; for a thread, which waits for a command that doesn't read."""
        if self.sandbox is not None:
            typed = text.encode(errors="replace")[:_MOST_TYPED]
            writing = asyncio.run_coroutine_threadsafe(self.sandbox.write(typed), self._loop)
            writing.result(_PATIENCE_S)

    def resize_to_smallest(self) -> None:
        """Make it as large as the smallest window that shows it."""
        sizes = [client.size for client in self.clients if None not in client.size]
        if self.sandbox is not None and sizes:
            self.sandbox.resize(
                min(int(columns) for _, columns in sizes), min(int(rows) for rows, _ in sizes)
            )

    def print_bytes(self, data: bytes) -> None:
        """Show what comes from the sandbox."""
        if text := self._decoder.decode(data):
            self.print(text)

    def print(self, text: str) -> None:
        """Show a text."""
        self.last_activity = utcnow()
        self.read_buffer.append(text)
        for client in list(self.clients):
            if _waiting_bytes(client) > _MOST_WAITING_BYTES:
                client.close(4408, "slow_consumer")
            else:
                client.on_pty_read(text)

    def end(self) -> None:
        """Tell the windows that it is over."""
        for client in list(self.clients):
            client.on_pty_died()
        self.clients.clear()


class SandboxTerminals:
    """All of them; the names of its methods are terminado's and jupyter_server_terminals'."""

    def __init__(self, host: PersonServices, executor: Executor) -> None:
        """Begin with none; the executor is for typing, which may have to wait."""
        self.host = host
        self.blocking_io_executor = executor
        self.terminals: dict[str, SandboxTerminal] = {}
        self._next = 1
        self._tasks: set[asyncio.Task[None]] = set()

    def create(self, cwd: str = "", **_: Any) -> dict[str, str]:
        """Start one in a folder, if they may; HTTPError with the reason if not.

        What else a request brings along, such as a command, is none of the sandbox's.
        """
        place = self.host.folder_at(cwd)
        self.host.require(place)
        self.host.require_room()
        name, self._next = str(self._next), self._next + 1
        terminal = self.terminals[name] = SandboxTerminal(name, asyncio.get_running_loop())
        task = asyncio.create_task(self._run(terminal, place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self.get(name)

    async def _run(self, terminal: SandboxTerminal, place: Place) -> None:
        """Go from its start to its end."""
        try:
            terminal.sandbox = await self.host.start_terminal_sandbox(place, terminal.print_bytes)
            terminal.resize_to_smallest()
            await terminal.sandbox.over()
            if terminal.sandbox.why:
                terminal.print(f"\r\n{terminal.sandbox.why}\r\n")
            elif terminal.sandbox.exit_code < 0:
                terminal.print(f"\r\n{terminal.sandbox.sentence}\r\n")
        except CodeSyncXError as error:
            terminal.print(f"{error}\r\n")
        finally:
            self.terminals.pop(terminal.name, None)
            terminal.end()

    def list(self) -> list[dict[str, str]]:
        """Give all of them."""
        return [self.get(name) for name in self.terminals]

    def get(self, name: str) -> dict[str, str]:
        """Give one as jupyter_server_terminals tells it."""
        return {"name": name, "last_activity": isoformat(self.get_terminal(name).last_activity)}

    def get_terminal(self, url_component: str) -> SandboxTerminal:
        """Give one by its name."""
        terminal = self.terminals.get(url_component)
        if terminal is None:
            raise web.HTTPError(404, f"There is no terminal {url_component}.")
        return terminal

    def client_disconnected(self, websocket: Any) -> None:
        """Keep it: the window may come back."""

    async def terminate(self, name: str, force: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - theirs
        """End one."""
        sandbox = self.get_terminal(name).sandbox
        if sandbox is not None:
            await sandbox.end()


def _waiting_bytes(client: Any) -> int:
    """How much of what was sent to a window it hasn't taken yet."""
    connection = client.ws_connection
    return 0 if connection is None else len(connection.stream._write_buffer)
