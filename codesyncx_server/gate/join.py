"""`codesyncx/join`: where an invite link leads, and where a guest comes in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from ..errors import AccessUnavailableError, CodeSyncXError, InvalidRequestError, TooLargeError
from . import guests, invitation
from .pages import Page
from .person import Guest
from .sight import ACCESS

if TYPE_CHECKING:
    from ..access.service import AccessService

MAX_BODY_BYTES = 2_048


class JoinHandler(JupyterHandler):
    """The page, and the door."""

    @allow_unauthenticated
    def get(self) -> None:
        """Show the page; the secret stays in the browser until the guest has typed a name."""
        user = self.current_user
        known = None if user is None or isinstance(user, Guest) else user.display_name
        self.finish(Page(self).render("join.html", title="Join", known=known, xsrf=self._xsrf()))

    @allow_unauthenticated
    async def post(self) -> None:
        """Let a guest in; without a name, tell what the link is for."""
        try:
            secret, name = self._read()
            access = self._access()
            if name is None:
                answer = invitation.look_at(access, secret, self._address())
            else:
                admission = await access.redeem(
                    secret, name, address=self._address(), token=guests.token_in(self)
                )
                guests.let_in(self, admission.token)
                answer = {"url": f"{self.base_url}lab"}
        except CodeSyncXError as error:
            self.set_status(error.http_status)
            answer = {"code": error.code, "message": str(error)}
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(answer))

    def _xsrf(self) -> str:
        token = self.xsrf_token
        return token.decode() if isinstance(token, bytes) else token

    def _address(self) -> str:
        return str(self.request.remote_ip)

    def _access(self) -> AccessService:
        access: AccessService | None = self.settings.get(ACCESS)
        if access is None:
            raise AccessUnavailableError("Nobody can be let in right now.")
        return access

    def _read(self) -> tuple[str, str | None]:
        if len(self.request.body) > MAX_BODY_BYTES:
            raise TooLargeError("The request is too large.")
        try:
            body: Any = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError("The request is not JSON.") from error
        secret = body.get("secret") if isinstance(body, dict) else None
        if not isinstance(secret, str) or not secret:
            raise InvalidRequestError("The request needs the secret of a link.")
        name = body.get("name")
        if name is not None and not isinstance(name, str):
            raise InvalidRequestError("A name is a text.")
        return secret, name

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer programs as they ask: the page's script reads JSON."""
        if self.request.method == "GET":
            super().write_error(status_code, **kwargs)
            return
        error = kwargs.get("exc_info", (None, None))[1]
        message = error.log_message if isinstance(error, web.HTTPError) else None
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"code": f"http_{status_code}", "message": message or self._reason}))
