"""The projects service: a process that the Hub starts and looks after."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler
from jupyterhub.utils import url_path_join
from tornado import web
from tornado.httpserver import HTTPServer
from traitlets import Float, Int, Unicode
from traitlets.config import Application

from .cookie_secret import cookie_secret
from .handlers import routes
from .hub_api import HubApi
from .pages import HERE, pages
from .service import Projects
from .settings import Settings
from .store import ProjectsStore

if TYPE_CHECKING:
    from tornado.web import RequestHandler

LARGEST_REQUEST = 2_000_000


class ProjectsApp(Application):
    """Keeps a Hub's projects: who is in which, and what the Hub is to do about it."""

    name = "codesyncx-projects"
    description = "The projects service of a JupyterHub with CodeSyncX."

    database_url = Unicode(
        "sqlite:///projects.sqlite",
        config=True,
        help="""Where projects are kept, as an SQLAlchemy URL: SQLite in a file, or
        "postgresql://user@host/projects" (needs codesyncx[postgresql]).""",
    )

    most_owned_projects = Int(
        20, min=1, config=True, help="""How many projects one person may own."""
    )

    days_of_grace = Float(
        14.0,
        min=0.0,
        config=True,
        help="""For how many days a deleted project can be restored; then it is forgotten.""",
    )

    cookie_secret_file = Unicode(
        "projects_cookie_secret",
        config=True,
        help="""A file with the secret that cookies are signed with; made if it isn't there.""",
    )

    config_file = Unicode("", config=True, help="""A file with settings of this service.""")

    aliases = {  # noqa: RUF012 - a constant of traitlets'
        "config": "ProjectsApp.config_file",
        "database": "ProjectsApp.database_url",
    }

    def initialize(self, argv: Any = None) -> None:
        """Read the command line, then the file that it names."""
        super().initialize(argv)
        if self.config_file:
            self.load_config_file(self.config_file)
            self.update_config(self.cli_config)
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    def start(self) -> None:
        """Serve until the Hub ends it."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
        settings = Settings(
            os.environ.get("JUPYTERHUB_BASE_URL", "/"),
            prefix,
            os.environ.get("JUPYTERHUB_PUBLIC_HUB_URL", "").removesuffix("/hub/"),
            self.most_owned_projects,
            self.days_of_grace,
        )
        hub = HubApi(os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"])
        projects = Projects(ProjectsStore(self.database_url), hub)
        await projects.start()
        shared = {"projects": projects, "settings": settings}
        application = web.Application(
            [
                *(
                    (url_path_join(prefix, path), one, shared)
                    for path, one in [*routes(), *pages()]
                ),
                (url_path_join(prefix, "oauth_callback"), HubOAuthCallbackHandler),
                (
                    url_path_join(prefix, "static/(.*)"),
                    web.StaticFileHandler,
                    {"path": HERE / "static"},
                ),
            ],
            cookie_secret=cookie_secret(self.cookie_secret_file),
            xsrf_cookies=True,
            log_function=_log,
        )
        server = HTTPServer(application, max_buffer_size=LARGEST_REQUEST, xheaders=True)
        where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
        server.listen(where.port or 80, where.hostname or "127.0.0.1")
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()
        server.stop()
        await projects.stop()


def _log(handler: RequestHandler) -> None:
    """Log without the query, which may hold an invitation's secret."""
    request = handler.request
    level = logging.INFO if handler.get_status() < 400 else logging.WARNING  # noqa: PLR2004
    logging.getLogger("codesyncx_hub.projects").log(
        level,
        "%d %s %s (%.0f ms)",
        handler.get_status(),
        request.method,
        request.path,
        1000 * request.request_time(),
    )
