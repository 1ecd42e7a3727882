"""Previews over HTTP: for the panel, and for who has got the address of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from ..errors import CodeSyncXError
from ..gate.sight import sight_of
from ..json_api import JsonHandler

if TYPE_CHECKING:
    from .previews import PreviewService


class PreviewHandler(JsonHandler):
    """`runs/<id>/previews/<port>`: one preview."""

    def initialize(self, previews: PreviewService) -> None:
        """Take the service."""
        self.previews = previews

    @web.authenticated
    @authorized
    async def post(self, run_id: str, port: str) -> None:
        """Open it, with a way in for the person who asks."""
        await self.answer(
            await self.previews.open(sight_of(self), run_id, int(port), self.request.host)
        )

    @web.authenticated
    @authorized
    async def patch(self, run_id: str, port: str) -> None:
        """Say who may see it."""
        await self.answer(
            await self.previews.change(sight_of(self), run_id, int(port), self.body())
        )


class PreviewDoorHandler(JupyterHandler):
    """`codesyncx/preview/<name>`: the address that people of the project give each other."""

    auth_resource: ClassVar[str] = "contents"

    def initialize(self, previews: PreviewService) -> None:
        """Take the service."""
        self.previews = previews

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Lead to the preview, for those who may see it."""
        try:
            url = await self.previews.enter(sight_of(self), name, self.request.host)
        except CodeSyncXError as error:
            raise web.HTTPError(error.http_status, str(error)) from error
        self.set_header("Referrer-Policy", "no-referrer")
        self.redirect(url)
