"""Runs over HTTP, and their output over a websocket."""

from __future__ import annotations

import asyncio
import json
import logging
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import yaml
from codesyncx_spawner.errors import NoSandboxError, RunFileError
from codesyncx_spawner.limits import limits_in_words
from codesyncx_spawner.run_file import RUN_FILE
from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.websocket import WebSocketClosedError

from ..access.model import Permission
from ..errors import CodeSyncXError, InvalidRequestError, NotFoundError
from ..gate.sight import Sight, sight_of
from ..json_api import JsonHandler
from ..socket_api import ProjectSocket
from .secrets import may_manage
from .watching import may_watch, pieces_to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .service import RunService

logger = logging.getLogger(__name__)

CLIENT_MESSAGE_LIMIT_BYTES = 4096
PING_INTERVAL_S = 30.0
_CHUNK = 256 * 1024


class RunBase(JsonHandler):
    """What every route of runs shares."""

    largest_body_bytes: ClassVar[int] = 256 * 1024

    def initialize(self, service: RunService) -> None:
        """Take the service."""
        self.service = service

    @property
    def sight(self) -> Sight:
        """What the person who asks may do."""
        return sight_of(self)


class RunsHandler(RunBase):
    """All runs, and new ones."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List those that one may watch, and what the project has names for."""
        sight = self.sight
        configurations, complaints = await self.service.configurations(sight)
        refusal: str | None = None
        runs: list[dict[str, Any]] = []
        try:
            found = await self.service.runs(sight)
            runs = [self.service.run_to_json(sight, run, position) for run, position in found]
        except NoSandboxError as error:
            refusal = str(error)
        named = [
            {"name": one.name, "title": one.title or one.name, "kind": one.kind}
            for one in configurations.values()
        ]
        await self.answer(
            {
                "runs": runs,
                "configurations": named,
                "complaints": complaints,
                "limits": limits_in_words(self.service.defaults),
                "refusal": refusal,
                "may_edit_configurations": sight.may(Permission.EDIT, RUN_FILE),
                "may_manage_secrets": may_manage(sight),
            }
        )

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start one."""
        sight = self.sight
        self.service.starts.spend(sight.person.username)
        run = await self.service.submit(sight, self.body())
        runner = await self.service.runner()
        await self.answer(self.service.run_to_json(sight, run, runner.position(run.id)), 201)


class RunFileHandler(RunBase):
    """The file with the runs that the project has names for."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Give its text."""
        text, version = await self.service.run_file(self.sight)
        await self.answer({"text": text, "version": version})

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Replace it if it is in order; else say what isn't."""
        told = self.body()
        text, version = told.get("text"), told.get("version")
        if not isinstance(text, str) or not isinstance(version, str):
            raise InvalidRequestError("Give the new `text` and the `version` of the old one.")
        try:
            _, version = await self.service.write_run_file(self.sight, text, version)
        except RunFileError as error:
            await self.answer({"complaints": error.complaints, "version": version})
        else:
            await self.answer({"complaints": [], "version": version})


class DescriptionHandler(JsonHandler):
    """All these routes in the words of OpenAPI 3.1."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Give the document."""
        await self.answer(await asyncio.to_thread(_read_description))


def _read_description() -> dict[str, Any]:
    text = files(__package__).joinpath("openapi.yaml").read_text(encoding="utf-8")
    description: dict[str, Any] = yaml.safe_load(text)
    return description


class RunHandler(RunBase):
    """One run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Give it as it is now."""
        sight = self.sight
        runner, run = await self.service.watched(sight, run_id)
        await self.answer(self.service.run_to_json(sight, run, runner.position(run_id)))


class StopHandler(RunBase):
    """The end of a run."""

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        """End it soon."""
        await self.service.stop_run(self.sight, run_id)
        await self.answer({})


class ArtifactHandler(RunBase):
    """A file that a run has made."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str, path: str) -> None:
        """Give it for keeping: never as a page of this server's."""
        runner, _ = await self.service.watched(self.sight, run_id)
        file = runner.artifact(run_id, path)
        copies = self.service.copies
        try:
            pieces = _pieces_of(await asyncio.to_thread(file.open, "rb"))
        except OSError:
            if self.get_query_argument("download", ""):
                self.set_header("Cache-Control", "no-store")
                self.set_header("Referrer-Policy", "no-referrer")
                self.redirect(await copies.link(run_id, path))
                return
            pieces = await copies.read(run_id, path)
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(file.name)}")
        async for piece in pieces:
            self.write(piece)
            await self.flush()
        await self.finish()


async def _pieces_of(opened: IO[bytes]) -> AsyncIterator[bytes]:
    with opened:
        while piece := await asyncio.to_thread(opened.read, _CHUNK):
            yield piece


class LogHandler(ProjectSocket):
    """What a run prints and how it goes, as JSON; `?after=` a piece's number goes on from there."""

    def initialize(self, service: RunService) -> None:
        """Take the service."""
        self._service = service
        self._sender: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        """Nothing is expected from the client."""
        return CLIENT_MESSAGE_LIMIT_BYTES

    @property
    def ping_interval(self) -> float:
        """Find out that a client is gone."""
        return PING_INTERVAL_S

    async def admit(self, *args: str) -> None:
        """Let in who may watch."""
        self._after = _number(self.get_query_argument("after", "-1"))
        await self._service.watched(sight_of(self), args[0])

    def open(self, run_id: str, *_args: str, **_kwargs: str) -> None:
        """Begin to tell."""
        self.set_nodelay(True)
        self._sender = asyncio.create_task(self._send(run_id))

    def on_message(self, message: str | bytes) -> None:
        """Ignore what comes."""

    def on_close(self) -> None:
        """Forget the client."""
        if self._sender is not None:
            self._sender.cancel()
        super().on_close()

    async def _send(self, run_id: str) -> None:
        sight, told = sight_of(self), None
        try:
            runner, _ = await self._service.watched(sight, run_id)
            async for run, pieces in runner.follow(run_id, self._after):
                if not may_watch(sight, run):
                    raise NotFoundError("There is no such run.")  # noqa: TRY301 - as if it was so
                shown = self._service.run_to_json(sight, run, runner.position(run_id))
                if pieces:
                    await self._tell({"type": "output", "pieces": pieces_to_json(pieces)})
                if shown != told:
                    await self._tell({"type": "run", "run": shown})
                    told = shown
            self.close(1000, "over")
        except WebSocketClosedError:
            pass
        except CodeSyncXError as error:
            self.close(error.close_code, error.code)
        except Exception:
            logger.exception("The output of run %s could no longer be told", run_id)
            self.close(CodeSyncXError.close_code, CodeSyncXError.code)

    async def _tell(self, message: dict[str, Any]) -> None:
        await self.write_message(json.dumps(message))


def _number(text: str) -> int:
    if text == "-1" or (text.isascii() and text.isdigit() and len(text) < 12):  # noqa: PLR2004 - plenty
        return int(text)
    raise InvalidRequestError("`after` must be the number of a piece of output.")
