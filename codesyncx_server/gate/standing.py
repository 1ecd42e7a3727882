"""Whether there is anything in the project for somebody, and what to tell those who are out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from jupyter_server.auth.decorator import allow_unauthenticated

from ..errors import AccessUnavailableError, RefusedError, ShutOutError
from ..json_api import JsonHandler
from . import guests
from .sight import ACCESS, sight_of

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler


class Standing(NamedTuple):
    """How somebody stands: let in, or why not (a stable word), as a heading and as advice."""

    why: str
    title: str = ""
    advice: str = ""

    @property
    def is_let_in(self) -> bool:
        """Whether there is anything for them."""
        return self is LET_IN

    @property
    def error(self) -> RefusedError:
        """What they are refused with."""
        message = f"{self.title}. {self.advice}"
        is_known = self not in {UNKNOWN_GUEST, STRANGER}
        return ShutOutError(message) if is_known else RefusedError(message)


_NEW_LINK = "Ask whoever invited you for a new one."
LET_IN = Standing("let_in")
NOTHING = Standing("no_access", "You have no access to this project", "Ask its owner for some.")
REVOKED = Standing("link_revoked", "Your link was revoked", _NEW_LINK)
EXPIRED = Standing("link_expired", "Your link has run out", _NEW_LINK)
#: Whose cookie says nothing that we know: it was made up, or is of another project.
UNKNOWN_GUEST = Standing(
    "unknown_guest", "Your invitation has ended", "Ask whoever invited you for another."
)
STRANGER = Standing("signed_out", "You are not signed in", "Sign in first.")

_ENDS = {"revoked": REVOKED, "expired": EXPIRED}


class Ends(Protocol):
    """What of the access service knows how links end."""

    @property
    def is_available(self) -> bool:
        """Whether it can be told at all."""

    def end_of_guest(self, token: str) -> str | None:
        """Give how the link of a guest's token ended; None if that isn't known."""


def standing_of_guest(token: str, access: Ends | None) -> Standing:
    """Tell how somebody stands whose cookie holds `token`, which lets nobody in."""
    if access is None or not access.is_available:
        raise AccessUnavailableError(
            "Access can't be checked right now; please try again in a moment."
        )
    return _ENDS.get(access.end_of_guest(token) or "", UNKNOWN_GUEST)


def standing_of(handler: JupyterHandler) -> Standing:
    """Tell how whoever is behind a request stands."""
    if handler.current_user is not None:
        return LET_IN if sight_of(handler).is_let_in else NOTHING
    token = guests.token_in(handler)
    if token is None:
        return STRANGER
    return standing_of_guest(token, handler.settings.get(ACCESS))


class StandingHandler(JsonHandler):
    """`codesyncx/api/standing`: asked from time to time by pages of those who are out."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Say whether they are let in by now, or why not."""
        standing = standing_of(self)
        await self.answer(
            {
                "is_let_in": standing.is_let_in,
                "why": standing.why,
                "title": standing.title,
                "advice": standing.advice,
            }
        )
