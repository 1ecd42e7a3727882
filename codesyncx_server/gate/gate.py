"""The gate: asked by Jupyter for every request, before anything else exists.

It stands in the identity provider's own `get_user`, so that it works with any provider, and says
no to what the route table doesn't know. While nobody can say who may do what, only the server's
owner gets through.
"""

from __future__ import annotations

import json
import logging
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from tornado import web
from tornado.websocket import WebSocketHandler

from ..errors import CodeSyncXError, InvalidRequestError, RefusedError, ShutOutError
from . import answers, guests, refusal
from .person import Guest
from .routes import Request, RouteTable
from .rules import PRIVATE_ANSWERS, PROGRAM_ANSWERS, Audience
from .sight import ACCESS, sight_of
from .sockets import Sockets
from .standing import NOTHING, standing_of_guest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_server.auth.identity import IdentityProvider, User
    from jupyter_server.base.handlers import JupyterHandler

    from .rules import Answer, Rule
    from .sight import Sight

logger = logging.getLogger(__name__)

_SIGN_OUT = "/logout"
_VERDICT = "_codesyncx_verdict"
_WITH_BODIES = ("/api/contents",)
_WRITES = frozenset({"POST", "PUT", "PATCH"})


class Verdict(NamedTuple):
    """That a request was let through, on what ground, and for whom."""

    rule: Rule
    sight: Sight
    answer: Answer | None


class Gate:
    """Judges the requests to one server."""

    def __init__(self, settings: dict[str, Any], table: RouteTable) -> None:
        self._settings = settings
        self._table = table
        self.sockets = Sockets(self._rejudge)

    def install(self, provider: IdentityProvider) -> None:
        """Stand in this identity provider's way from now on."""
        original: Callable[[JupyterHandler], Awaitable[User | None] | User | None]
        original = provider.get_user

        async def get_user(handler: JupyterHandler) -> User | None:
            user = original(handler)
            if isawaitable(user):
                user = await user
            if user is None:
                user = guests.guest_in(handler, self._settings.get(ACCESS))
            return await self._admit(handler, user)

        provider.get_user = get_user  # type: ignore[method-assign,assignment]

    async def _admit(self, handler: JupyterHandler, user: User | None) -> User | None:
        """Give the user back if they may go on; else end the request."""
        # As Jupyter itself would, a moment later.
        handler.current_user = handler._jupyter_current_user = user
        try:
            request = _request_of(handler)
        except InvalidRequestError as error:
            refusal.refuse(handler, error)
        if request.body is not None:
            # What was judged is what is done: a second reading could come to something else.
            handler.get_json_body = lambda: request.body  # type: ignore[method-assign]
        rule = self._table.rule_for(request)
        if rule.audience is Audience.PUBLIC:
            if request.path == _SIGN_OUT and isinstance(user, Guest):
                guests.send_off(handler)
            return user
        if user is None:
            self._ask_who(handler)
            return None
        sight = sight_of(handler)
        try:
            await sight.check(rule)
            answer = _answer_for(sight, rule)
        except CodeSyncXError as error:
            logger.info("Refused %s: %s", user.username, error)
            refusal.refuse(handler, error, NOTHING if isinstance(error, ShutOutError) else None)
        setattr(handler, _VERDICT, Verdict(rule, sight, answer))
        if answer is not None:
            answers.give(answer, handler, sight)
        if isinstance(handler, WebSocketHandler) and not sight.person.is_owner:
            self.sockets.watch(handler)
        return user

    def _ask_who(self, handler: JupyterHandler) -> None:
        """Have somebody unknown sign in, or tell them that their invitation has ended."""
        token = guests.token_in(handler)
        if token:
            self._say_how_it_ended(handler, token)
        if refusal.is_for_programs(handler):
            refusal.refuse(handler, RefusedError("Sign in first."))
        method = (handler.request.method or "GET").lower()
        setattr(handler, method, partial(_sign_in, handler))

    def _say_how_it_ended(self, handler: JupyterHandler, token: str) -> NoReturn:
        try:
            end = standing_of_guest(token, self._settings.get(ACCESS))
        except CodeSyncXError as error:
            refusal.refuse(handler, error)
        refusal.refuse(handler, end.error, end)

    def _rejudge(self, handler: Any) -> None:
        """Raise, with the reason, if an open websocket is no longer its person's."""
        verdict: Verdict = getattr(handler, _VERDICT)
        access = self._settings.get(ACCESS)
        if verdict.sight.person.is_guest and not guests.guest_in(handler, access):
            raise standing_of_guest(guests.token_in(handler) or "", access).error
        verdict.sight.check_now(verdict.rule)
        if _answer_for(verdict.sight, verdict.rule) is not verdict.answer:
            raise RefusedError("Your access has changed; connect again.")


def verdict_on(handler: JupyterHandler) -> Verdict | None:
    """Give the gate's word on a request; None when it never came through the gate."""
    return getattr(handler, _VERDICT, None)


@web.authenticated
def _sign_in(*_: Any, **__: Any) -> None:
    """Never run: the decorator sends those whom nobody knows to sign in."""


def _answer_for(sight: Sight, rule: Rule) -> Answer | None:
    if rule.answer is None:
        return None
    if rule.answer in PROGRAM_ANSWERS:
        return None if sight.uses_programs else rule.answer
    if sight.is_owner:
        return None
    if rule.answer in PRIVATE_ANSWERS:
        return rule.answer
    return None if sight.is_trusted else rule.answer


def _request_of(handler: JupyterHandler) -> Request:
    request = handler.request
    path = str(request.path)
    base = handler.base_url.rstrip("/")
    # Not below our own address: then it isn't in the table either.
    path = path[len(base) :] if path.startswith(f"{base}/") else f"//{path}"
    method = str(request.method)
    has_body = method in _WRITES and path.startswith(_WITH_BODIES)
    return Request(method, path, _query_of(handler), _body_of(request.body) if has_body else None)


def _query_of(handler: JupyterHandler) -> dict[str, str]:
    """Give what handlers are asked for by name, but for what is said twice and differently."""
    names = handler.request.arguments
    said = {name: set(handler.get_arguments(name)) for name in names}
    return {name: values.pop() for name, values in said.items() if len(values) == 1}


def _body_of(body: bytes) -> Any:
    """Read a body as Jupyter's handlers do."""
    try:
        return json.loads(body.strip().decode()) if body else None
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The request is not JSON.") from error
