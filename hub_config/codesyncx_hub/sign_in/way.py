"""What all ways to sign in have in common: who may come, and under which names never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyterhub.auth import Authenticator
from jupyterhub.utils import url_path_join
from tornado import web
from traitlets import Set, Unicode, validate
from traitlets.traitlets import TraitError

from .addresses import domain_of, normalised, normalised_domain
from .errors import AddressError
from .names import WAY, is_of_a_project, name_of_address

if TYPE_CHECKING:
    from jupyterhub.handlers import BaseHandler

Route = tuple[str, type["BaseHandler"]]


class SignInWay(Authenticator):
    """A way to sign in; settings of all of them are `c.SignInWay.<setting>`."""

    way = Unicode(
        help="What it is called in addresses and user names: small letters and digits."
    ).tag(config=True)
    allowed_domains = Set(
        Unicode(),
        help="Whoever has an address in one of these domains may sign in (not those below them).",
    ).tag(config=True)
    allowed_addresses = Set(Unicode(), help="These e-mail addresses may sign in.").tag(config=True)

    @validate("way")
    def _check_way(self, proposal: Any) -> str:
        if not WAY.fullmatch(proposal.value):
            raise TraitError(f"way = {proposal.value!r}: take small letters and digits")
        return str(proposal.value)

    @validate("allowed_domains")
    def _check_domains(self, proposal: Any) -> set[str]:
        return _each(normalised_domain, proposal.value, "allowed_domains")

    @validate("allowed_addresses")
    def _check_addresses(self, proposal: Any) -> set[str]:
        return _each(normalised, proposal.value, "allowed_addresses")

    def allows_address(self, address: str | None) -> bool:
        """Say whether whoever has this address, which is known to be theirs, may sign in."""
        if address is None:
            return False
        return domain_of(address) in self.allowed_domains or address in self.allowed_addresses

    def check_blocked_users(self, username: str, authentication: Any = None) -> bool:
        """Let nobody sign in as a project; else as JupyterHub."""
        if is_of_a_project(username):
            self.log.warning("Nobody may sign in as %r: it is a project's name", username)
            raise web.HTTPError(403, "This name is kept for projects.")
        return bool(super().check_blocked_users(username, authentication))

    def path(self, page: str) -> str:
        """Give the path of a page of this way, below the Hub's."""
        return f"/sign-in/{self.way}/{page}"

    def url(self, base_url: str, page: str) -> str:
        """Give the address of a page of this way."""
        return str(url_path_join(base_url, self.path(page)))

    def own_handlers(self) -> list[Route]:
        """Give the pages of this way."""
        raise NotImplementedError

    def bound(self, handler: type[BaseHandler]) -> type[BaseHandler]:
        """Have a handler of the Hub's use this way, whatever others there are."""
        return type(handler.__name__, (handler,), {"authenticator": self})

    def get_handlers(self, app: Any) -> list[Route]:
        """Give all pages there are if this is the only way."""
        from .page import with_page  # noqa: PLC0415 - the page knows ways

        return with_page(self.own_handlers(), app)

    @property
    def ways(self) -> list[SignInWay]:
        """The ways that the page offers."""
        return [self]


def may_come_by_address(way: SignInWay, address: str) -> bool:
    """Say whether a code may be sent to an address; the same as at the end of signing in."""
    try:
        name = way.normalize_username(name_of_address(address))
    except AddressError:
        return False
    if is_of_a_project(name) or name in way.blocked_users or not way.validate_username(name):
        return False
    is_known = name in way.allowed_users or name in way.admin_users
    return way.allow_all or is_known or way.allows_address(address)


def _each(normalise: Any, texts: set[str], setting: str) -> set[str]:
    try:
        return {normalise(text) for text in texts}
    except AddressError as error:
        raise TraitError(f"{setting}: {error}") from error
