"""The words of the route table: who may use a route, and what they need for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Audience(Enum):
    """Whom a route is for at all; a rule's needs come on top."""

    PUBLIC = "public"
    """Anybody on the network: static parts of JupyterLab, signing in."""
    LET_IN = "let in"
    """Whoever may read anything in the project, guests too."""
    MEMBER = "member"
    """Like LET_IN, but no guests: only people whom the identity provider knows."""
    TRUSTED = "trusted"
    """Those whom a program of the server's own user gives nothing that they don't have."""
    PROGRAMS = "programs"
    """Like TRUSTED, and it is such a program: for nobody where a Hub's people share the server."""
    OWNER = "owner"
    """Owners of the project alone; also of every route that the table doesn't know. It may lead to
    a program, so that it is for nobody there either."""


#: For nobody where nobody has programs of the server's own user.
OF_PROGRAMS = frozenset({Audience.PROGRAMS, Audience.OWNER})


class Act(Enum):
    """What somebody is about to do with a place, as far as the route tells."""

    LOOK = "look"
    """A folder: see of it what one may. A file: read it, or the part of it that is theirs."""
    READ = "read"
    OPEN = "open"
    """Open it as a document: all of it, or the part of it that is theirs."""
    READ_ALL = "read all"
    """Read it with everything in it."""
    SAVE = "save"
    """Write the whole file; or make it, when there is none yet."""
    EDIT = "edit"
    """Change the whole file, whatever ranges of it are locked for others."""
    CREATE = "create"
    """Make something new there, or in that folder."""
    CREATE_ALL = "create all"
    """Put something there with whatever it holds."""
    DELETE = "delete"
    """Take it away with everything in it."""
    COMMENT = "comment"


class Place(NamedTuple):
    """A place in the project: by its path, or by the id that jupyter_server_fileid gave a file."""

    path: str = ""
    file_id: str | None = None


class Need(NamedTuple):
    """One thing that a person must be allowed to do."""

    act: Act
    place: Place


class Answer(Enum):
    """An answer of our own in the place of the route's usual one."""

    LISTING = "listing"
    SAVE = "save"
    CHECKPOINTS = "checkpoints"
    EMPTY_LIST = "empty list"
    EMPTY_OBJECT = "empty object"
    KERNELSPECS = "kernelspecs"
    LANGUAGE_SERVERS = "language servers"
    NO_NEWS = "no news"
    NO_UPDATE = "no update"
    NO_LOCKS = "no locks"
    NO_BUILD = "no build"
    NO_SERVERS = "no servers"
    SILENCE = "silence"
    IN_SANDBOXES = "in sandboxes"
    OWN_SETTINGS = "own settings"
    OWN_WORKSPACES = "own workspaces"


#: Of programs: everybody gets them who has none of the server's own.
PROGRAM_ANSWERS = frozenset(
    {
        Answer.IN_SANDBOXES,
        Answer.KERNELSPECS,
        Answer.LANGUAGE_SERVERS,
        Answer.NO_BUILD,
        Answer.NO_SERVERS,
    }
)
#: These are for everyone but owners; the others only for those who aren't trusted.
PRIVATE_ANSWERS = frozenset({Answer.OWN_SETTINGS, Answer.OWN_WORKSPACES})


@dataclass(frozen=True, slots=True)
class Rule:
    """What one request asks of the person behind it."""

    audience: Audience
    needs: tuple[Need, ...] = ()
    answer: Answer | None = None


PUBLIC = Rule(Audience.PUBLIC)
LET_IN = Rule(Audience.LET_IN)
MEMBER = Rule(Audience.MEMBER)
TRUSTED = Rule(Audience.TRUSTED)
PROGRAMS = Rule(Audience.PROGRAMS)
OWNER = Rule(Audience.OWNER)


def needs(*needed: Need) -> Rule:
    """Give the rule of a route for those who are allowed all of this."""
    return Rule(Audience.LET_IN, needed)


def answered(answer: Answer, *needed: Need) -> Rule:
    """Give the rule of a route that answers some people in its own way."""
    return Rule(Audience.LET_IN, needed, answer)


def on(act: Act, path: str) -> Need:
    """Give the need to do this to what is at `path`."""
    return Need(act, Place(path))
