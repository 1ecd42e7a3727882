"""What an administrator sets of projects, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from codesyncx_server.rate_limit import RateLimit

from .hub_api import SERVER
from .model import PROJECT_PREFIX


@dataclass(frozen=True, slots=True)
class Settings:
    """What handlers need to know.

    `hub_base` and `service_prefix` are paths that end with a slash; `public_url` is what comes
    before them in links for people elsewhere, "" where the Hub doesn't say it.
    """

    hub_base: str
    service_prefix: str
    public_url: str = ""
    most_owned_projects: int = 20
    days_of_grace: float = 14.0
    joining: RateLimit = field(default_factory=lambda: RateLimit("invitations", 20, 60))

    def url_of(self, project_id: str) -> str:
        """Give where a project's server is."""
        return f"{self.hub_base}user/{PROJECT_PREFIX}{project_id}/{SERVER}/lab"

    def invitation_url(self, secret: str, origin: str) -> str:
        """Give the link of an invitation; `origin` is where the Hub is where it doesn't say so."""
        return f"{self.public_url or origin}{self.service_prefix}join?secret={quote(secret)}"
