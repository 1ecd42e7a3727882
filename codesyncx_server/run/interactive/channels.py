"""The websocket of a kernel in a sandbox: what it says is counted, and its end is explained."""

from __future__ import annotations

import json
from typing import Any

from codesyncx_spawner.quantities import bytes_in_words
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from .output_budget import Outcome

_PROTOCOL = "v1.kernel.websocket.jupyter.org"
_ALWAYS = frozenset({"status", "execute_input"})
_EXECUTE = "execute_request"
_MOST_MESSAGE_BYTES = 16_000_000


class SandboxChannels(ZMQChannelsWebsocketConnection):
    """One browser's connection to one kernel."""

    _last_request: dict[str, Any] | None = None

    def connect(self) -> Any:
        """Begin to pass on."""
        self.multi_kernel_manager.host.connections.add(self)
        return super().connect()

    def disconnect(self) -> None:  # type: ignore[override]  # as theirs
        """End it."""
        self.multi_kernel_manager.host.connections.discard(self)
        super().disconnect()

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Take a message of the browser's."""
        if len(incoming_msg) > _MOST_MESSAGE_BYTES:
            self.log.warning("A message to kernel %s was too large", self.kernel_id)
            return
        try:
            header = self._header_of(incoming_msg)
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            self.log.debug("A message to kernel %s makes no sense", self.kernel_id)
            return
        if header.get("msg_type") == _EXECUTE:
            self._last_request = header
            self.kernel_manager.budget.ask(str(header.get("msg_id")))
        super().handle_incoming_message(incoming_msg)

    def _header_of(self, message: Any) -> dict[str, Any]:
        if self.subprotocol == _PROTOCOL:
            _, parts = deserialize_msg_from_ws_v1(message)
            header = self.session.unpack(parts[0])
        elif isinstance(message, bytes):
            return {}
        else:
            header = json.loads(message)["header"]
        if not isinstance(header, dict):
            raise TypeError("a header is an object")
        return header

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass a message of the kernel's on, if it makes sense: a sandbox may say anything."""
        try:
            super().handle_outgoing_message(stream, outgoing_msg)
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            self.log.debug("Kernel %s said something senseless: %s", self.kernel_id, error)

    def _limit_rate(self, channel: str, msg: dict[str, Any], msg_list: list[Any]) -> bool:
        """Whether to drop a message: those that come too fast, and those that are too much."""
        if super()._limit_rate(channel, msg, msg_list):
            return True
        if channel != "iopub":
            return False
        header = self.get_part("header", msg["header"], msg_list)
        if header["msg_type"] in _ALWAYS:
            return False
        parent = self.get_part("parent_header", msg["parent_header"], msg_list)
        size = sum(len(part) for part in msg_list)
        outcome = self.kernel_manager.budget.spend(str(parent.get("msg_id")), size)
        if outcome is Outcome.CUT:
            most = bytes_in_words(self.kernel_manager.budget.most_bytes)
            self.write_stderr(f"Here the output is cut: a cell may print {most}.", parent)
        return outcome is not Outcome.PASS

    def on_kernel_restarted(self) -> None:
        """Say why it has to be started anew."""
        self._explain()
        super().on_kernel_restarted()

    def on_restart_failed(self) -> None:
        """Say why it is gone."""
        self._explain()
        super().on_restart_failed()

    def _explain(self) -> None:
        why = self.kernel_manager.ended_because
        if why and self._last_request is not None:
            self.write_stderr(f"The kernel's sandbox is gone. {why}", self._last_request)
