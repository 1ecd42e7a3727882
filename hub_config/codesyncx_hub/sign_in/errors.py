"""What can go wrong while somebody signs in."""

from __future__ import annotations

from codesyncx_server.errors import InvalidRequestError, RefusedError


class AddressError(InvalidRequestError):
    """That isn't an e-mail address that a code can be sent to."""

    code = "invalid_address"


class CodeRefusedError(RefusedError):
    """The code is wrong, too old, used up, or was asked for in another browser."""

    code = "code_refused"


class IdentityRefusedError(RefusedError):
    """The identity provider's word about a person isn't one that can be believed."""

    code = "identity_refused"
