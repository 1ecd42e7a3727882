"""What can go wrong in a call, beside what can go wrong everywhere in CodeSyncX."""

from __future__ import annotations

from codesyncx_server.errors import InvalidRequestError, RefusedError, TooManyError

__all__ = [
    "InvalidRequestError",
    "InvalidTokenError",
    "NotNegotiableError",
    "RefusedError",
    "RemovedError",
    "RoomLockedError",
    "TakenOverError",
    "TooManyError",
]


class InvalidTokenError(RefusedError):
    """A room token that is forged, over, spent, or for another room."""

    code = "invalid_token"


class RoomLockedError(RefusedError):
    """The room was locked: nobody comes in any more."""

    code = "room_locked"


class RemovedError(RefusedError):
    """The person was removed from the call, or not let in."""

    code = "removed"


class TakenOverError(RefusedError):
    """The session went on over a newer connection; this one is over."""

    code = "taken_over"


class NotNegotiableError(InvalidRequestError):
    """A session description that no connection can be made from."""

    code = "not_negotiable"
