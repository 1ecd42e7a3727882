"""Answers of our own to people who may not have a route's usual one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_client.jsonutil import json_default
from jupyter_core.utils import ensure_async
from jupyter_server.services.kernelspecs.handlers import is_kernelspec_model, kernelspec_model
from tornado import web

from ..access.model import Permission
from ..errors import CodeSyncXError
from . import private, sandboxed
from .rules import Answer, Place
from .slices import slices_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from jupyter_server.base.handlers import JupyterHandler

    from .sight import Sight

_JSON: Mapping[Answer, Any] = {
    Answer.EMPTY_LIST: [],
    Answer.EMPTY_OBJECT: {},
    Answer.LANGUAGE_SERVERS: {"version": 2, "sessions": {}, "specs": {}},
    Answer.NO_NEWS: {"news": []},
    Answer.NO_UPDATE: {"notification": None},
    Answer.NO_BUILD: {"status": "stable", "message": ""},
    Answer.NO_SERVERS: {"server_processes": []},
    Answer.NO_LOCKS: {"lockRules": [], "allLocked": True},
}
_PICTURES = "logo-"
_NO_CHECKPOINT = "none"
_LISTS = ("/api/kernels", "/api/sessions", "/api/terminals")
_SEEN_OF_A_KERNEL = ("display_name", "language")


def give(answer: Answer, handler: JupyterHandler, sight: Sight) -> None:
    """Have `handler` give this answer when its turn comes."""
    if answer in _JSON:
        _reply(handler, partial(_finish, handler, _JSON[answer]))
        return
    prepare: dict[Answer, Callable[[JupyterHandler, Sight], None]] = {
        Answer.LISTING: _filter_listing,
        Answer.SAVE: _save,
        Answer.CHECKPOINTS: _keep_checkpoints,
        Answer.KERNELSPECS: _name_kernels,
        Answer.SILENCE: _be_silent,
        Answer.IN_SANDBOXES: _have_in_sandboxes,
        Answer.OWN_SETTINGS: private.use_own_settings,
        Answer.OWN_WORKSPACES: private.use_own_workspaces,
    }
    prepare[answer](handler, sight)


def _reply(handler: JupyterHandler, reply: Callable[..., Awaitable[None]]) -> None:
    """Have this called in the place of the handler's own method, for this request only."""
    setattr(handler, str(handler.request.method).lower(), reply)


async def _finish(handler: JupyterHandler, body: Any, *_: Any, **__: Any) -> None:
    handler.set_header("Content-Type", "application/json")
    await handler.finish(json.dumps(body, default=json_default))


# -- folders --------------------------------------------------------------------------------------


def _filter_listing(handler: JupyterHandler, sight: Sight) -> None:
    original: Callable[[str], Awaitable[None]] = getattr(
        handler, str(handler.request.method).lower()
    )

    async def get(path: str = "") -> None:
        if await _give_part(handler, sight, path):
            return
        kind = handler.get_query_argument("type", None)
        contents = handler.contents_manager
        is_folder = kind in {None, "directory"} and await ensure_async(contents.dir_exists(path))
        if not is_folder:
            await original(path)
            return
        if not contents.allow_hidden and await ensure_async(contents.is_hidden(path)):
            raise web.HTTPError(HTTPStatus.NOT_FOUND, "There is no such folder.")
        has_content = handler.get_query_argument("content", "1") != "0"
        model = await ensure_async(contents.get(path, content=has_content, type="directory"))
        parts = _parts_in(handler, sight, path)
        await _finish(handler, _seen_of(model, sight, parts))

    _reply(handler, get)


def _seen_of(
    model: dict[str, Any], sight: Sight, parts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Give a folder as the person sees it: what leads nowhere for them isn't there.

    Of files of which they see parts, the parts stand there.
    """
    writable = bool(model.get("writable")) and sight.may(Permission.CREATE, model["path"])
    content = model.get("content")
    if content is not None:
        content = [_entry(entry, sight) for entry in content if _is_shown(entry, sight)]
        content += parts
    return {**model, "content": content, "writable": writable}


def _is_shown(entry: dict[str, Any], sight: Sight) -> bool:
    if entry["type"] == "directory":
        return sight.reaches(entry["path"])
    return sight.may_read(entry["path"])


def _entry(entry: dict[str, Any], sight: Sight) -> dict[str, Any]:
    permission = Permission.CREATE if entry["type"] == "directory" else Permission.EDIT
    writable = bool(entry.get("writable")) and sight.may(permission, entry["path"])
    return {**entry, "writable": writable}


# -- parts of files -------------------------------------------------------------------------------


def _parts_in(handler: JupyterHandler, sight: Sight, folder: str) -> Sequence[dict[str, Any]]:
    slices = slices_in(handler.settings)
    return () if slices is None else slices.entries(sight.person, folder.strip("/"))


async def _give_part(handler: JupyterHandler, sight: Sight, path: str) -> bool:
    """Answer with the part of a file that the person has there; whether there is one."""
    slices = slices_in(handler.settings)
    if slices is None or sight.part_at(Place(path)) is None:
        return False
    content = handler.get_query_argument("content", "1") != "0"
    await _tell(handler, slices.get(sight.person, path.strip("/"), content=content))
    return True


def _keep_checkpoints(handler: JupyterHandler, sight: Sight) -> None:
    """Keep them of whole files as usual; of a part there are none, the history has its versions."""
    method = str(handler.request.method).lower()
    original: Callable[[str], Awaitable[None]] = getattr(handler, method)

    async def keep(path: str = "") -> None:
        if sight.part_at(Place(path)) is None:
            await original(path)
        elif method == "post":
            handler.set_status(HTTPStatus.CREATED)
            now = datetime.now(UTC).isoformat()
            await _finish(handler, {"id": _NO_CHECKPOINT, "last_modified": now})
        else:
            await _finish(handler, [])

    _reply(handler, keep)


async def _tell(handler: JupyterHandler, telling: Awaitable[Any]) -> None:
    try:
        answer = await telling
    except CodeSyncXError as error:
        handler.set_status(error.http_status)
        answer = {"code": error.code, "message": str(error)}
    await _finish(handler, answer)


# -- notebooks ------------------------------------------------------------------------------------


def _save(handler: JupyterHandler, sight: Sight) -> None:
    """Save as usual, but trusting nothing; a part of a file goes to where it stands."""
    _trust_nothing(handler)
    method = str(handler.request.method).lower()
    original: Callable[[str], Awaitable[None]] = getattr(handler, method)

    async def put(path: str = "") -> None:
        slices = slices_in(handler.settings)
        if slices is None or sight.part_at(Place(path)) is None:
            await original(path)
            return
        model = handler.get_json_body() or {}
        await _tell(handler, slices.save(sight.person, path.strip("/"), model))

    _reply(handler, put)


def _trust_nothing(handler: JupyterHandler) -> None:
    """Take the marks of trust off what is saved: they would run scripts in others' browsers."""
    model: Any = handler.get_json_body()
    content = model.get("content") if isinstance(model, dict) else None
    if isinstance(content, dict):
        _distrust(content)


def _distrust(notebook: dict[str, Any]) -> None:
    sheets = notebook.get("worksheets")
    for holder in (notebook, *(sheets if isinstance(sheets, list) else ())):
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else ():
            metadata = cell.get("metadata") if isinstance(cell, dict) else None
            if isinstance(metadata, dict):
                metadata.pop("trusted", None)


# -- programs -------------------------------------------------------------------------------------


def _have_in_sandboxes(handler: JupyterHandler, sight: Sight) -> None:
    """Give what runs in sandboxes; who may run nothing has nothing, and their browser asks too."""
    is_list = handler.request.method == "GET" and str(handler.request.path).endswith(_LISTS)
    if is_list and not sight.may_run_somewhere:
        _reply(handler, partial(_finish, handler, []))
    else:
        sandboxed.use_sandboxes(handler, sight)


def _name_kernels(handler: JupyterHandler, sight: Sight) -> None:
    """Tell what kernels are called, and nothing of how or where they run.

    Whoever may run code learns of those that they can have; the others of all, for the languages of
    notebooks.
    """

    async def get() -> None:
        manager = await _kernels_of(handler, sight)
        found = await ensure_async(manager.get_all_specs())
        specs = {}
        for name, info in found.items():
            model = (
                info
                if is_kernelspec_model(info)
                else kernelspec_model(handler, name, info["spec"], info["resource_dir"])
            )
            specs[name] = _plain_kernel(model)
        default = handler.kernel_manager.default_kernel_name
        await _finish(handler, {"default": default, "kernelspecs": specs})

    _reply(handler, get)


async def _kernels_of(handler: JupyterHandler, sight: Sight) -> Any:
    sandboxes = sandboxed.sandboxes_in(handler.settings)
    if sandboxes is None or not sight.may_run_somewhere:
        return handler.kernel_spec_manager
    try:
        manager = sandboxes.for_person(sight.person).kernel_spec_manager
        await manager.look()
    except CodeSyncXError as error:
        handler.log.warning("No kernel can be had in a sandbox: %s", error)
        return handler.kernel_spec_manager
    # Browsers can't do without any.
    return manager if manager.get_all_specs() else handler.kernel_spec_manager


def _plain_kernel(model: dict[str, Any]) -> dict[str, Any]:
    spec = {key: model["spec"].get(key, "") for key in _SEEN_OF_A_KERNEL}
    pictures = {
        key: url for key, url in model.get("resources", {}).items() if key.startswith(_PICTURES)
    }
    plain = {**spec, "argv": [], "env": {}, "metadata": {}}
    return {"name": model["name"], "spec": plain, "resources": pictures}


def _be_silent(handler: JupyterHandler, _: Sight) -> None:
    """Let the websocket open, and tell it nothing."""
    handler.open = lambda *_: None  # type: ignore[attr-defined]
    handler.on_close = lambda: None  # type: ignore[attr-defined]
