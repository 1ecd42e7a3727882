"""Several ways to sign in on one page: JupyterHub itself has one authenticator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyterhub.auth import Authenticator
from jupyterhub.utils import maybe_future
from traitlets import List, Tuple, validate
from traitlets.traitlets import TraitError
from traitlets.utils.importstring import import_item

from .page import with_page
from .way import Route, SignInWay

if TYPE_CHECKING:
    from jupyterhub.user import User


class SeveralWays(Authenticator):
    """Offers each of its ways; whoever comes by one of them is judged by that one's settings."""

    choices = List(
        Tuple(),
        help="The ways in the order of the page: each a class, or its import name, and a dict of"
        " settings that hold for this way only.",
    ).tag(config=True)

    @validate("choices")
    def _check_choices(self, proposal: Any) -> list[tuple[type[SignInWay], dict[str, Any]]]:
        return [_read(choice) for choice in proposal.value]

    def __init__(self, **kwargs: Any) -> None:
        """Make the ways."""
        super().__init__(**kwargs)
        self.ways: list[SignInWay] = [cls(parent=self, **each) for cls, each in self.choices]
        names = [each.way for each in self.ways]
        if not names or len(set(names)) < len(names):
            raise TraitError(f"choices: {names} should be one way at least, each of its own name")

    def get_handlers(self, app: Any) -> list[Route]:
        """Give the pages of all ways, and the one that offers them."""
        return with_page([page for way in self.ways for page in way.own_handlers()], app)

    def check_allow_config(self) -> None:
        """Have each way say what can't work."""
        for way in self.ways:
            way.check_allow_config()

    async def authenticate(self, *_: Any) -> None:
        """Let nobody in past the ways."""

    async def add_user(self, user: User) -> None:
        """Tell each way of a user, who may come by any if existing users may."""
        for way in self.ways:
            await maybe_future(way.add_user(user))

    def delete_user(self, user: User) -> None:
        """Tell each way that there is no such user any more."""
        for way in self.ways:
            way.delete_user(user)


def _read(choice: tuple[Any, ...]) -> tuple[type[SignInWay], dict[str, Any]]:
    cls, settings = (*choice, {}) if len(choice) == 1 else choice
    cls = import_item(cls) if isinstance(cls, str) else cls
    if not (isinstance(cls, type) and issubclass(cls, SignInWay)):
        raise TraitError(f"choices: {cls!r} is no way to sign in")
    unknown = set(settings) - set(cls.class_trait_names(config=True))
    if unknown:
        raise TraitError(f"choices: {cls.__name__} has no settings {', '.join(sorted(unknown))}")
    return cls, dict(settings)
