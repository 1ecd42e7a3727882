"""The words of projects: what there is, who is in it as what, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from codesyncx_server.access.model import NO_ACCESS, ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The Hub's user that a project's server belongs to; people may not be called so.
PROJECT_PREFIX = "p-"
#: The roles somebody may have in a project, the one with most rights first.
PROJECT_ROLES = tuple(role for role in ROLES if role != NO_ACCESS)
OWNER = "owner"


class ProjectState(StrEnum):
    """Whether a project can be opened."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"
    """To be forgotten when its time of grace is over; can be restored until then."""


class Deed(StrEnum):
    """Something that is done with a project as a whole."""

    SEE = "see"
    OPEN = "open"
    INVITE = "invite"
    DESCRIBE = "describe"
    ARCHIVE = "archive"
    RESTORE = "restore"
    DELETE = "delete"
    TRANSFER = "transfer"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `revision` grows with whatever concerns who is in it. Times are Unix seconds."""

    id: str
    name: str
    created_by: str
    created_at: float
    description: str = ""
    state: ProjectState = ProjectState.ACTIVE
    delete_at: float | None = None
    revision: int = 0

    @property
    def hub_user(self) -> str:
        """The Hub's user that its server belongs to."""
        return PROJECT_PREFIX + self.id


@dataclass(frozen=True, slots=True)
class Membership:
    """A project with everybody in it: their roles, and the teams."""

    project: Project
    roles: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way into a project: a link for whoever has it, or for one e-mail address.

    Of its secret only the hash is kept. It gives `role`, and membership of `team` where it says so.
    """

    id: str
    project_id: str
    role: str
    secret_hash: str
    created_by: str
    created_at: float
    expires_at: float | None = None
    max_uses: int | None = None
    uses: int = 0
    email: str = ""
    team: str = ""
    ended: bool = False
