"""The route table: what each request asks of the person behind it. What isn't here is the owner's.

Pure: a request goes in as method, path, query and body, a `Rule` comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from ..errors import InvalidRequestError
from .rules import (
    LET_IN,
    MEMBER,
    OWNER,
    PROGRAMS,
    PUBLIC,
    TRUSTED,
    Act,
    Answer,
    Need,
    Place,
    Rule,
    answered,
    needs,
    on,
)


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request the table looks at; `path` begins with `/` and is not yet decoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class Asked(NamedTuple):
    """A request and the decoded parts of its path."""

    request: Request
    parts: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path of a file or folder that the request's path ends in."""
        return self.parts.get("path", "")

    def told(self, key: str) -> str | None:
        """Give a text from the request's JSON body."""
        body = self.request.body
        value = body.get(key) if isinstance(body, dict) else None
        return value if isinstance(value, str) else None


Decide = Callable[[Asked], Rule]


class Route(NamedTuple):
    """Requests that are alike."""

    pattern: re.Pattern[str]
    by_method: Mapping[str, Rule | Decide]


# A new file's name is made from this: it must not lead elsewhere.
_PLAIN_SUFFIX = re.compile(r"[\w. -]{0,64}")
_PATH = r"(?P<path>(?:/[^/]+)*/?)"
_ANY_PATH = r"(?P<path>.*)"
_KERNEL_PICTURE = r"logo-[\w.-]+\.(?:png|svg)"


def _with(act: Act) -> Decide:
    return lambda asked: needs(on(act, asked.path))


# -- contents ---------------------------------------------------------------------------------


def _is_chat(path: str) -> bool:
    """Whether a file holds messages, each with its sender's name.

    Whoever writes it as a whole says who has said what. So nobody does who couldn't by a program of
    the server's user, which is to be trusted; the others make an empty one, and write in the chat.
    """
    return path.rstrip("/").casefold().endswith(".chat")


def _get_contents(asked: Asked) -> Rule:
    return answered(Answer.LISTING, on(Act.LOOK, asked.path))


def _put_contents(asked: Asked) -> Rule:
    if not asked.request.body:
        # Then Jupyter makes a new file of its own naming in that folder.
        return needs(on(Act.CREATE, asked.path))
    if _is_chat(asked.path):
        return PROGRAMS
    return answered(Answer.SAVE, on(Act.SAVE, asked.path))


def _post_contents(asked: Asked) -> Rule:
    body = asked.request.body
    if body and not isinstance(body, dict):
        return OWNER
    create = on(Act.CREATE, asked.path)
    if not body:
        return needs(create)
    suffix, source = body.get("ext"), body.get("copy_from")
    if suffix is not None and not (
        isinstance(suffix, str) and _PLAIN_SUFFIX.fullmatch(suffix) and ".." not in suffix
    ):
        return OWNER
    if not source:
        return needs(create)
    if not isinstance(source, str):
        return OWNER
    return needs(on(Act.READ_ALL, source), create)


def _patch_contents(asked: Asked) -> Rule:
    target = asked.told("path")
    if target is None:
        return OWNER
    if _is_chat(target) and not _is_chat(asked.path):
        return PROGRAMS
    return needs(on(Act.DELETE, asked.path), on(Act.CREATE_ALL, target))


def _checkpoints(act: Act) -> Decide:
    return lambda asked: answered(Answer.CHECKPOINTS, on(act, asked.path))


# -- documents --------------------------------------------------------------------------------

_COLONS_OF_A_DOCUMENT = 2
_WHO_IS_HERE = "JupyterLab:globalAwareness"


def _room(asked: Asked) -> Rule:
    name = asked.parts["room"]
    if name.count(":") >= _COLONS_OF_A_DOCUMENT:
        return needs(Need(Act.OPEN, Place(file_id=name.split(":", 2)[2])))
    # All other rooms are copies of documents, by ids that say nothing.
    return LET_IN if name == _WHO_IS_HERE else TRUSTED


def _path_of_id(asked: Asked) -> Rule:
    file_id = asked.request.query.get("id")
    return OWNER if file_id is None else needs(Need(Act.READ, Place(file_id=file_id)))


def _by_query(act: Act, key: str) -> Decide:
    def decide(asked: Asked) -> Rule:
        path = asked.request.query.get(key)
        return OWNER if path is None else needs(on(act, path))

    return decide


# -- the table --------------------------------------------------------------------------------


def _route(pattern: str, **by_method: Rule | Decide) -> Route:
    return Route(re.compile(pattern), {key.upper(): rule for key, rule in by_method.items()})


_EMPTY_LIST = answered(Answer.EMPTY_LIST)
_IN_SANDBOXES = answered(Answer.IN_SANDBOXES)
_SETTINGS = answered(Answer.OWN_SETTINGS)
# What JupyterLab's server joins to the path of a folder as it is: it must not lead elsewhere.
_NAME_OF_SETTINGS = re.compile(r"(?:@\w[\w.-]*/)?\w[\w.-]*:\w[\w.-]*")


def _settings(asked: Asked) -> Rule:
    return _SETTINGS if _NAME_OF_SETTINGS.fullmatch(asked.parts["name"]) else OWNER


_WORKSPACES = answered(Answer.OWN_WORKSPACES)
_ID = r"\w+-\w+-\w+-\w+-\w+"

TABLE: tuple[Route, ...] = (
    # What JupyterLab is made of: the same for everybody, and needed to show the login page.
    _route(r"/static/.*|/custom/.*|/lab/extensions/.*|/lab/api/themes/.*", get=PUBLIC),
    _route(r"/(?:robots\.txt|favicon\.ico|api)", get=PUBLIC),
    _route(r"/login", get=PUBLIC, post=PUBLIC),
    _route(r"/logout|/oauth_callback", get=PUBLIC),
    _route(r"/codesyncx/join", get=PUBLIC, post=PUBLIC),
    # Tells those who are out whether they are in again.
    _route(r"/codesyncx/api/standing", get=PUBLIC),
    # JupyterLab itself.
    _route(r"/lab/api/settings/?", get=_SETTINGS),
    _route(r"/lab/api/settings/(?P<name>.+)", get=_settings, put=_settings),
    _route(r"/lab/api/workspaces/?", get=_WORKSPACES),
    _route(r"/lab/api/workspaces/.+", get=_WORKSPACES, put=_WORKSPACES, delete=_WORKSPACES),
    _route(r"/lab/api/translations(?:/.*)?", get=LET_IN),
    _route(r"/lab/api/(?:licenses|listings)/.*", get=LET_IN),
    _route(r"/lab/api/extensions", get=_EMPTY_LIST, post=OWNER),
    _route(r"/lab/api/plugins", get=answered(Answer.NO_LOCKS), post=OWNER),
    _route(r"/lab/api/build", get=answered(Answer.NO_BUILD), post=OWNER, delete=OWNER),
    _route(r"/lab/api/news", get=answered(Answer.NO_NEWS)),
    _route(r"/lab/api/update", get=answered(Answer.NO_UPDATE)),
    _route(r"/lab/api(?:/.*)?"),
    _route(r"/(?:lab|doc)(?:/.*)?", get=LET_IN),
    # Jupyter Server.
    _route(r"/api/me", get=LET_IN, patch=MEMBER),
    _route(r"/api/status|/api/spec\.yaml|/api/nbconvert", get=LET_IN),
    _route(r"/api/security/csp-report", post=LET_IN),
    _route(r"/api/config/\w+", get=answered(Answer.EMPTY_OBJECT), put=TRUSTED, patch=TRUSTED),
    _route(r"/api/resolvePath", get=TRUSTED),
    _route(r"/api/shutdown", post=OWNER),
    _route(r"/metrics", get=OWNER),
    # Files.
    _route(
        rf"/api/contents{_PATH}/checkpoints",
        get=_checkpoints(Act.OPEN),
        post=_checkpoints(Act.SAVE),
    ),
    _route(
        rf"/api/contents{_PATH}/checkpoints/[\w-]+", post=_with(Act.EDIT), delete=_with(Act.EDIT)
    ),
    # A trusted notebook runs scripts in the browsers of others.
    _route(rf"/api/contents{_PATH}/trust", post=TRUSTED),
    _route(
        rf"/api/contents{_PATH}",
        get=_get_contents,
        put=_put_contents,
        post=_post_contents,
        patch=_patch_contents,
        delete=_with(Act.DELETE),
    ),
    # Only sends the browser on, to /api/contents.
    _route(r"/api/notebooks/?.*", get=LET_IN, put=LET_IN, patch=LET_IN, post=LET_IN, delete=LET_IN),
    _route(rf"/files/{_ANY_PATH}", get=_with(Act.READ)),
    _route(rf"/view{_PATH}", get=_with(Act.READ)),
    # Converters run templates and fetch pictures as the server's user.
    _route(r"/nbconvert/.*", get=PROGRAMS, post=PROGRAMS),
    _route(r"/api/fileid/id", get=_by_query(Act.READ, "path")),
    _route(r"/api/fileid/path", get=_path_of_id),
    # Programs: of the server's user for those who are trusted, in sandboxes for the others.
    _route(r"/api/(?:kernels|sessions|terminals)", get=_IN_SANDBOXES, post=_IN_SANDBOXES),
    _route(rf"/api/kernels/{_ID}", get=_IN_SANDBOXES, delete=_IN_SANDBOXES),
    _route(rf"/api/kernels/{_ID}/(?:restart|interrupt)", post=_IN_SANDBOXES),
    _route(rf"/api/kernels/{_ID}/channels", get=_IN_SANDBOXES),
    _route(rf"/api/sessions/{_ID}", get=_IN_SANDBOXES, patch=_IN_SANDBOXES, delete=_IN_SANDBOXES),
    _route(r"/api/terminals/\w+", get=_IN_SANDBOXES, delete=_IN_SANDBOXES),
    _route(r"/terminals/websocket/\w+", get=_IN_SANDBOXES),
    _route(r"/api/kernelspecs", get=answered(Answer.KERNELSPECS)),
    _route(r"/api/kernelspecs/[\w.%-]+", get=PROGRAMS),
    _route(rf"/kernelspecs/[\w.%-]+/{_KERNEL_PICTURE}", get=LET_IN),
    _route(r"/kernelspecs/[\w.%-]+/.*", get=PROGRAMS),
    _route(r"/lsp/status", get=answered(Answer.LANGUAGE_SERVERS)),
    _route(r"/lsp/ws/.*", get=PROGRAMS),
    _route(r"/api/events", post=OWNER),
    _route(r"/api/events/subscribe", get=answered(Answer.SILENCE)),
    # It would hand the visitor's own cookies to whatever program it leads to.
    _route(r"/proxy/.*"),
    _route(r"/server-proxy/servers-info", get=answered(Answer.NO_SERVERS)),
    _route(r"/server-proxy/icon/.*", get=PROGRAMS),
    # Documents.
    _route(r"/api/collaboration/room/(?P<room>.*)", get=_room),
    _route(rf"/api/collaboration/session/{_ANY_PATH}", put=_with(Act.OPEN)),
    _route(r"/api/collaboration/fork/.*", get=TRUSTED, put=TRUSTED, delete=TRUSTED),
    _route(r"/api/collaboration/timeline/.*", get=TRUSTED),
    _route(r"/api/collaboration/undo_redo/.*", put=TRUSTED),
    # Our own. Those that are for everyone let in tell each person only of what they may read.
    _route(r"/codesyncx/api/(?:events|activity)", get=LET_IN),
    _route(r"/codesyncx/api/activity/seen", get=LET_IN, put=LET_IN),
    _route(r"/codesyncx/api/chat/channels", get=LET_IN, post=LET_IN),
    _route(r"/codesyncx/api/chat/(?:search|people)", get=LET_IN),
    _route(r"/codesyncx/api/chat/unread", get=LET_IN, put=LET_IN),
    _route(r"/codesyncx/api/chat/attachments", put=_by_query(Act.COMMENT, "channel")),
    _route(rf"/codesyncx/api/history/(?:versions|authors)/{_ANY_PATH}", get=_with(Act.READ)),
    _route(
        rf"/codesyncx/api/history/version/[0-9]+/{_ANY_PATH}",
        get=_with(Act.READ),
        patch=_with(Act.EDIT),
    ),
    _route(r"/codesyncx/api/calls/(?:token|test)", post=LET_IN),
    _route(r"/codesyncx/api/calls/signalling", get=LET_IN),
    _route(r"/codesyncx/api/calls/media", get=LET_IN),
    _route(
        r"/codesyncx/api/calls/recording(?:/(?:playlist\.m3u8|film\.mp4))?",
        get=LET_IN,
    ),
    _route(r"/codesyncx/api/calls/recordings", get=LET_IN),
    _route(r"/codesyncx/api/calls/recordings/[^/]+\.mp4", get=LET_IN, delete=LET_IN),
    _route(r"/codesyncx/api/presence/me", get=LET_IN),
    _route(r"/codesyncx/api/runs", get=LET_IN, post=LET_IN),
    _route(r"/codesyncx/api/runs/openapi\.json", get=LET_IN),
    _route(r"/codesyncx/api/runs/configurations", get=LET_IN, put=LET_IN),
    _route(r"/codesyncx/api/runs/secrets", get=LET_IN),
    _route(r"/codesyncx/api/runs/secrets/[A-Za-z0-9_]{1,64}", put=LET_IN, delete=LET_IN),
    _route(r"/codesyncx/api/runs/[0-9a-f]{1,32}(?:/log|/artifacts/.+)?", get=LET_IN),
    _route(r"/codesyncx/api/runs/[0-9a-f]{1,32}/stop", post=LET_IN),
    _route(r"/codesyncx/api/runs/[0-9a-f]{1,32}/previews/[0-9]{1,5}", post=LET_IN, patch=LET_IN),
    _route(r"/codesyncx/preview/[0-9a-f]{1,32}", get=LET_IN),
    _route(r"/codesyncx/api/presence/summon", post=LET_IN),
    _route(r"/codesyncx/api/access/(?:me|subjects|preview|audit|audit/export)", get=LET_IN),
    _route(r"/codesyncx/api/access/(?:permissions|grants|links|groups)", get=LET_IN, post=LET_IN),
    _route(r"/codesyncx/api/access/grants/[0-9]+", patch=LET_IN, delete=LET_IN),
    _route(r"/codesyncx/api/access/links/[^/]+", delete=LET_IN),
    _route(r"/codesyncx/api/access/groups/[^/]+", get=LET_IN, post=LET_IN, delete=LET_IN),
)

# These pass a browser's question "may I ask?" on to programs, or are nobody's business.
_UNASKED = re.compile(r"/proxy/.*")


class RouteTable:
    """The table, with the routes that an admin adds."""

    def __init__(self, extra: tuple[Route, ...] = ()) -> None:
        self._routes = (*TABLE, *extra)

    def route_of(self, path: str) -> tuple[Route, re.Match[str]] | None:
        """Give the route that a path belongs to."""
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found is not None:
                return route, found
        return None

    def rule_for(self, request: Request) -> Rule:
        """Tell what a request asks of the person behind it."""
        known = self.route_of(request.path)
        if known is None:
            return OWNER
        route, found = known
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            return OWNER if _UNASKED.fullmatch(request.path) else PUBLIC
        decide = route.by_method.get(method, OWNER)
        if isinstance(decide, Rule):
            return decide
        parts = _decoded(found)
        return OWNER if parts is None else decide(Asked(request, parts))


def _decoded(found: re.Match[str]) -> Mapping[str, str] | None:
    """Decode once, as tornado does for the handler; None for what isn't text."""
    try:
        return {
            key: unquote_to_bytes(value).decode()
            for key, value in found.groupdict().items()
            if value is not None
        }
    except UnicodeDecodeError:
        return None


_AUDIENCES: Mapping[str, Rule] = {"public": PUBLIC, "anyone": LET_IN, "trusted": TRUSTED}
_ACTS: Mapping[str, Act] = {
    "read": Act.READ_ALL,
    "edit": Act.EDIT,
    "create": Act.CREATE_ALL,
    "delete": Act.DELETE,
    "comment": Act.COMMENT,
}


def read_route(told: Mapping[str, Any]) -> Route:
    """Read a route that an admin adds: `{"pattern": ..., "methods": [...], "needs": ...}`.

    `needs` is "public", "anyone", "trusted", or a list of permissions, on the path that the
    pattern's group `path` catches or else on the whole project.
    """
    unknown = told.keys() - {"pattern", "methods", "needs"}
    if unknown:
        raise InvalidRequestError(f"A route has no {', '.join(sorted(unknown))}.")
    try:
        pattern = re.compile(told["pattern"])
    except (KeyError, TypeError, re.error) as error:
        raise InvalidRequestError("A route needs a pattern, a regular expression.") from error
    wanted = told.get("needs")
    rule: Rule | Decide
    if isinstance(wanted, str) and wanted in _AUDIENCES:
        rule = _AUDIENCES[wanted]
    elif isinstance(wanted, list) and wanted and all(name in _ACTS for name in wanted):
        rule = _with_all(tuple(_ACTS[name] for name in wanted))
    else:
        raise InvalidRequestError(
            f"The needs of a route are {', '.join(_AUDIENCES)}, or a list of {', '.join(_ACTS)}."
        )
    methods = told.get("methods", ["GET"])
    if not isinstance(methods, list) or not all(isinstance(name, str) for name in methods):
        raise InvalidRequestError("The methods of a route are a list of names.")
    return Route(pattern, {name.upper(): rule for name in methods})


def _with_all(acts: tuple[Act, ...]) -> Decide:
    return lambda asked: needs(*(on(act, asked.path) for act in acts))
