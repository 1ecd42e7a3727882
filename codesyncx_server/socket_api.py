"""What our websockets to one feature share: who is let in before the upgrade, and how."""

from __future__ import annotations

from typing import Any, ClassVar

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from tornado.websocket import WebSocketHandler

from .errors import CodeSyncXError


class ProjectSocket(JupyterHandler, WebSocketHandler):
    """A websocket for people of the project."""

    auth_resource: ClassVar[str] = "contents"

    async def prepare(self, *, _redirect_to_login: bool = False) -> None:
        """Refuse strangers; a websocket can't follow them to the login page."""
        await super().prepare(_redirect_to_login=_redirect_to_login)

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Upgrade, for those whom the gate and `admit` let in."""
        allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        )
        if not allowed:
            raise web.HTTPError(403)
        try:
            await self.admit(*args)
        except CodeSyncXError as error:
            raise web.HTTPError(error.http_status, str(error)) from error
        await super().get(*args, **kwargs)

    async def admit(self, *args: str) -> None:
        """Read the request's arguments; raises a CodeSyncXError for whoever doesn't get in."""
