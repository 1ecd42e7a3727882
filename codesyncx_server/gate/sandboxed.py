"""Jupyter's own handlers of kernels, sessions and terminals, working on what one person has.

For whoever isn't trusted they find that person's managers in the place of the server's. All that
these start runs in sandboxes, and of what other people have they have never heard.
"""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_server.base.handlers import APIHandler

from ..errors import CodeSyncXError, NotFoundError, RefusedError
from . import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_server.base.handlers import JupyterHandler

    from ..access.model import Person
    from .sight import Sight

SANDBOXES = "codesyncx_sandboxes"

_SERVICES = "_codesyncx_services"
#: What is there of another extension may not ask for its managers where these are put.
_KNOWN = frozenset(
    {
        "jupyter_server.services.kernels.handlers",
        "jupyter_server.services.kernels.websocket",
        "jupyter_server.services.sessions.handlers",
        "jupyter_server_terminals.api_handlers",
        "jupyter_server_terminals.handlers",
    }
)


class Services(Protocol):
    """What one person has; each is what the handlers know by the same name."""

    kernel_manager: Any
    kernel_spec_manager: Any
    session_manager: Any
    terminal_manager: Any
    connection_class: Any


class Sandboxes(Protocol):
    """Whoever keeps people's kernels and terminals; in a server's settings as SANDBOXES."""

    def for_person(self, person: Person) -> Services:
        """Give what somebody has; a CodeSyncXError where there can be nothing."""


def sandboxes_in(settings: Mapping[str, Any]) -> Sandboxes | None:
    """Give those of a server, where there are any."""
    sandboxes: Sandboxes | None = settings.get(SANDBOXES)
    return sandboxes


def may_run_programs(settings: Mapping[str, Any], sight: Sight) -> bool:
    """Whether somebody has kernels and terminals, the server's own or in sandboxes."""
    if sight.uses_programs:
        return True
    return sandboxes_in(settings) is not None and sight.may_run_somewhere


def use_sandboxes(handler: JupyterHandler, sight: Sight) -> None:
    """Have a handler work on what this person has in sandboxes; refuse who may run nothing."""
    sandboxes = sandboxes_in(handler.settings)
    known: Any = type(handler)
    try:
        if sandboxes is None or known.__module__ not in _KNOWN:
            raise RefusedError("That is only for people whom the owner trusts.")
        if not sight.may_run_somewhere:
            raise RefusedError("You may not run code in this project.")
        services = sandboxes.for_person(sight.person)
    except CodeSyncXError as error:
        refusal.refuse(handler, error)
    handler.__class__ = _on_services(known)
    setattr(handler, _SERVICES, services)
    if hasattr(handler, "term_manager"):
        # terminado's has been given it before anybody knew who comes.
        socket: Any = handler
        socket.term_manager = services.terminal_manager
        socket._blocking_io_executor = services.terminal_manager.blocking_io_executor


@functools.cache
def _on_services(known: Any) -> Any:
    """Give a handler's class that finds a person's managers."""

    def of_person(name: str) -> property:
        return property(lambda self: getattr(getattr(self, _SERVICES), name))

    changes: dict[str, Any] = {
        "kernel_manager": of_person("kernel_manager"),
        "kernel_spec_manager": of_person("kernel_spec_manager"),
        "session_manager": of_person("session_manager"),
        "terminal_manager": of_person("terminal_manager"),
        "kernel_websocket_connection_class": of_person("connection_class"),
    }
    if issubclass(known, APIHandler):

        def write_error(self: Any, status_code: int, **kwargs: Any) -> None:
            error = _cause_of(kwargs.get("exc_info", (None, None))[1])
            if error is None:
                known.write_error(self, status_code, **kwargs)
                return
            self.set_status(error.http_status)
            self.set_header("Content-Type", "application/json")
            self.finish({"code": error.code, "message": str(error)})

        changes["write_error"] = write_error
    return type(known.__name__, (known,), changes)


def _cause_of(error: BaseException | None) -> CodeSyncXError | None:
    """Give what is behind an error that a handler has made of ours, or of Jupyter's own 404."""
    outermost = error
    while error is not None:
        if isinstance(error, CodeSyncXError):
            return error
        is_cause = error is not outermost
        if is_cause and getattr(error, "status_code", None) == HTTPStatus.NOT_FOUND:
            return NotFoundError("You have no such kernel.")
        error = error.__cause__
    return None
