"""What the server's pages tell the browser: to owners all, to others nothing of the server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import jinja2

from ..errors import CodeSyncXError
from .sandboxed import may_run_programs
from .sight import sight_of

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

logger = logging.getLogger(__name__)

_HOOK = "page_config_hook"
_TEMPLATES = "jinja2_env"
#: Where things lie on the server's disk.
_PLACES = (
    "appSettingsDir",
    "listingsDir",
    "rootUri",
    "schemasDir",
    "serverRoot",
    "staticDir",
    "templatesDir",
    "themesDir",
    "userSettingsDir",
    "virtualDocumentsUri",
    "workspacesDir",
)
#: What the page would offer, or ask for, in vain.
_WITHHELD = {
    "terminalsAvailable": False,
    "quitButton": False,
    "buildAvailable": False,
    "buildCheck": False,
}


class TokenlessTemplate(jinja2.Template):
    """A page without the server's token.

    Jupyter's own pages, of errors and of signing out, hold it for whoever is signed in; nothing
    has read it there for years. JupyterLab's page has it elsewhere.
    """

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Fill it in."""
        kwargs.pop("token", None)
        return super().render(*args, **kwargs)


def install(settings: dict[str, Any]) -> None:
    """Have every page be told only what its reader may know; whatever hook there was runs first."""
    for name, environment in settings.items():
        if name.endswith(_TEMPLATES) and isinstance(environment, jinja2.Environment):
            environment.template_class = TokenlessTemplate
    inner = settings.get(_HOOK)
    if getattr(inner, "is_ours", False):
        return

    def hook(handler: JupyterHandler, page_config: dict[str, Any]) -> dict[str, Any]:
        if inner is not None:
            page_config = inner(handler, page_config)
        # A copy: what was given is shared by all requests.
        return _for_reader(handler, dict(page_config))

    hook.is_ours = True  # type: ignore[attr-defined]
    settings[_HOOK] = hook


def _for_reader(handler: JupyterHandler, page_config: dict[str, Any]) -> dict[str, Any]:
    if handler.current_user is None:
        return _without_places({**page_config, "token": ""})
    sight = sight_of(handler)
    try:
        is_owner, uses_programs = sight.is_owner, sight.uses_programs
    except CodeSyncXError as error:
        logger.debug("A page tells nothing: %s", error)
        is_owner = uses_programs = False
    if is_owner and uses_programs:
        return page_config
    page_config["token"] = ""
    if uses_programs:
        return page_config
    offered = {**page_config, **_WITHHELD}
    if may_run_programs(handler.settings, sight):
        offered["terminalsAvailable"] = page_config.get("terminalsAvailable", False)
    return _without_places(offered)


def _without_places(page_config: dict[str, Any]) -> dict[str, Any]:
    return {key: "" if key in _PLACES else value for key, value in page_config.items()}
