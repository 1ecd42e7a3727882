"""Safe settings for signing in, from a few lines of a Hub's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .addresses import normalised
from .email_code import EmailCode
from .github import GitHub
from .names import name_of_address
from .openid_connect import OpenIDConnect
from .several_ways import SeveralWays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from traitlets.config import Config

    from .way import SignInWay

Choice = tuple[type["SignInWay"], dict[str, Any]]


def configure_sign_in(c: Config, *ways: Choice, admins: Iterable[str] = ()) -> None:
    """Have people sign in by these ways, in this order on the page.

    `admins` are addresses of those who administer the Hub: by e-mail, or by a provider's account if
    `names_by_address` is on for it. AddressError if one is no address.
    """
    c.JupyterHub.authenticator_class = SeveralWays
    c.SeveralWays.choices = list(ways)
    names = {name_of_address(normalised(address)) for address in admins}
    if names:
        c.SignInWay.admin_users = names


def email(smtp_host: str, sender: str, **settings: Any) -> Choice:
    """By a code that is sent to an address; `settings` as in `c.EmailCode`."""
    return EmailCode, {"smtp_host": smtp_host, "sender": sender, **settings}


def openid_connect(issuer: str, client_id: str, client_secret_file: str, **settings: Any) -> Choice:
    """By an account of any OpenID Connect provider; `settings` as in `c.OpenIDConnect`.

    With two of them, give each a `way` of its own: it begins the names of their users.
    """
    return OpenIDConnect, {
        "issuer": issuer,
        "client_id": client_id,
        "client_secret_file": client_secret_file,
        **settings,
    }


def google(client_id: str, client_secret_file: str, **settings: Any) -> Choice:
    """By a Google account; `settings` as in `c.OpenIDConnect`."""
    known = {
        "way": "google",
        "login_service": "Google",
        "avatar_hosts": {"lh3.googleusercontent.com"},
    }
    issuer = "https://accounts.google.com"
    return openid_connect(issuer, client_id, client_secret_file, **{**known, **settings})


def github(client_id: str, client_secret_file: str, **settings: Any) -> Choice:
    """By a GitHub account; `settings` as in `c.GitHub`."""
    given = {"client_id": client_id, "client_secret_file": client_secret_file}
    return GitHub, {**given, **settings}
