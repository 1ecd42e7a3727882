"""Has a JupyterHub keep projects: its service, what that may do at the Hub, and their servers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .hub_api import GROUP
from .model import PROJECT_PREFIX

if TYPE_CHECKING:
    from traitlets.config import Config

SERVICE = "projects"
_THEIRS = f"!group={GROUP}"
#: The fewest that work, and what each is for.
SCOPES = {
    "admin:users": "make the users that projects' servers belong to; the Hub has no narrower one",
    f"groups!group={GROUP}": "put these users into the group that all else is bound to",
    f"servers{_THEIRS}": "start and stop projects' servers",
    f"shares{_THEIRS}": "let members reach a project's server",
    f"access:servers{_THEIRS}": "give on to members, by these shares; the service opens none",
    f"users:shares{_THEIRS}": "see who may reach a project's server",
    "read:users:name": "share with somebody by their name",
}
#: A person has no server but their projects', so that no code runs beside the Hub's own.
_PEOPLE = ["read:users!user", "users:activity!user", f"access:services!service={SERVICE}"]


def configure_projects(
    c: Config,
    *,
    port: int = 10101,
    database_url: str = "sqlite:///projects.sqlite",
    cookie_secret_file: str = "projects_cookie_secret",  # noqa: S107 - the name of a file
    most_owned_projects: int = 20,
    days_of_grace: float = 14.0,
) -> None:
    """Add projects to a Hub's configuration; settings made after this win.

    `port` is the service's own on this machine, where projects' servers reach it, too.
    """
    command = [sys.executable, "-m", "codesyncx_hub.projects"]
    settings: dict[str, Any] = {
        "database_url": database_url,
        "cookie_secret_file": cookie_secret_file,
        "most_owned_projects": most_owned_projects,
        "days_of_grace": days_of_grace,
    }
    command += [f"--ProjectsApp.{name}={value}" for name, value in settings.items()]
    hub = c.JupyterHub
    hub.allow_named_servers = True
    hub.default_url = f"/services/{SERVICE}/"
    hub.tornado_settings = {
        **(hub.get("tornado_settings") or {}),
        "oauth_no_confirm_list": _TrustedClients(),
    }
    _add(
        hub,
        "services",
        {
            "name": SERVICE,
            "url": f"http://127.0.0.1:{port}",
            "command": command,
            "display": True,
            "oauth_no_confirm": True,
        },
    )
    _add(hub, "load_roles", {"name": SERVICE, "scopes": list(SCOPES), "services": [SERVICE]})
    _add(hub, "load_roles", {"name": "user", "scopes": _PEOPLE})
    groups = dict(hub.get("load_groups") or {})
    hub.load_groups = {**groups, GROUP: groups.get(GROUP, {"users": []})}
    environment = dict(c.Spawner.get("environment") or {})
    environment["CODESYNCX_PROJECTS_URL"] = f"http://127.0.0.1:{port}/services/{SERVICE}"
    c.Spawner.environment = environment


class _TrustedClients(set[str]):
    """The Hub's OAuth clients that needn't be confirmed: the service, and projects' servers.

    A project's server runs no code of its people's, and they have opened it on purpose.
    """

    def __contains__(self, client: object) -> bool:
        is_project = str(client).startswith(f"jupyterhub-user-{PROJECT_PREFIX}")
        return is_project or client == f"service-{SERVICE}" or super().__contains__(client)


def _add(section: Any, name: str, entry: dict[str, Any]) -> None:
    section[name] = [*(section.get(name) or []), entry]
