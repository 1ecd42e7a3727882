from __future__ import annotations

from typing import Any

import pytest

from codesyncx_server.errors import InvalidRequestError
from codesyncx_server.gate.routes import Request, RouteTable, read_route
from codesyncx_server.gate.rules import (
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

TABLE = RouteTable()
ID = "0a-1b-2c-3d-4e"
NOTEBOOK = {"type": "notebook", "content": {}}


def rule(method: str, route: str, body: Any = None, **query: str) -> Rule:
    return TABLE.rule_for(Request(method, route, query, body))


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        # Listing shows what one may see; reading needs to read.
        ("GET", "/api/contents", None, answered(Answer.LISTING, on(Act.LOOK, ""))),
        ("GET", "/api/contents/a/b.py", None, answered(Answer.LISTING, on(Act.LOOK, "/a/b.py"))),
        ("GET", "/files/a/b.py", None, needs(on(Act.READ, "a/b.py"))),
        ("HEAD", "/files/a/b.py", None, needs(on(Act.READ, "a/b.py"))),
        ("GET", "/view/a/b.html", None, needs(on(Act.READ, "/a/b.html"))),
        # Writing.
        ("PUT", "/api/contents/b.py", NOTEBOOK, answered(Answer.SAVE, on(Act.SAVE, "/b.py"))),
        ("PUT", "/api/contents/a", None, needs(on(Act.CREATE, "/a"))),
        ("PUT", "/api/contents/a", {}, needs(on(Act.CREATE, "/a"))),
        ("POST", "/api/contents/a", None, needs(on(Act.CREATE, "/a"))),
        ("POST", "/api/contents/a", {"ext": ".py"}, needs(on(Act.CREATE, "/a"))),
        ("DELETE", "/api/contents/a", None, needs(on(Act.DELETE, "/a"))),
        # Both ends of a copy and of a move.
        (
            "POST",
            "/api/contents/a",
            {"copy_from": "hidden/x.py"},
            needs(on(Act.READ_ALL, "hidden/x.py"), on(Act.CREATE, "/a")),
        ),
        (
            "PATCH",
            "/api/contents/a/b.py",
            {"path": "c/b.py"},
            needs(on(Act.DELETE, "/a/b.py"), on(Act.CREATE_ALL, "c/b.py")),
        ),
        # A new file's ending that climbs out of its folder.
        ("POST", "/api/contents/a", {"ext": "/../../b/evil.py"}, OWNER),
        ("POST", "/api/contents/a", {"ext": "..py"}, OWNER),
        ("POST", "/api/contents/a", {"ext": ["x"]}, OWNER),
        ("POST", "/api/contents/a", {"copy_from": ["x"]}, OWNER),
        ("POST", "/api/contents/a", ["copy_from"], OWNER),
        ("PATCH", "/api/contents/a", {}, OWNER),
        ("PATCH", "/api/contents/a", None, OWNER),
        # A checkpoint is the file: to restore one is to edit.
        (
            "GET",
            "/api/contents/b.py/checkpoints",
            None,
            answered(Answer.CHECKPOINTS, on(Act.OPEN, "/b.py")),
        ),
        (
            "POST",
            "/api/contents/b.py/checkpoints",
            None,
            answered(Answer.CHECKPOINTS, on(Act.SAVE, "/b.py")),
        ),
        ("POST", "/api/contents/b.py/checkpoints/x-1", None, needs(on(Act.EDIT, "/b.py"))),
        ("DELETE", "/api/contents/b.py/checkpoints/x-1", None, needs(on(Act.EDIT, "/b.py"))),
        ("POST", "/api/contents/b.ipynb/trust", None, TRUSTED),
        ("PUT", "/api/contents/chats/a.chat", {"content": "{}"}, PROGRAMS),
        ("PUT", "/api/contents/chats/a.CHAT/", {"content": "{}"}, PROGRAMS),
        ("PATCH", "/api/contents/notes.txt", {"path": "chats/a.chat"}, PROGRAMS),
        # Decoded once, as the handler's path is.
        ("GET", "/files/a%20b/%C3%A9.py", None, needs(on(Act.READ, "a b/é.py"))),
        ("GET", "/files/a%252Fb", None, needs(on(Act.READ, "a%2Fb"))),
        ("GET", "/files/%ff", None, OWNER),
        # Documents.
        (
            "GET",
            "/api/collaboration/room/text:file:7-a",
            None,
            needs(Need(Act.OPEN, Place(file_id="7-a"))),
        ),
        ("GET", "/api/collaboration/room/JupyterLab:globalAwareness", None, LET_IN),
        ("GET", "/api/collaboration/room/0123456789abcdef", None, TRUSTED),
        ("PUT", "/api/collaboration/session/a.py", {}, needs(on(Act.OPEN, "a.py"))),
        ("DELETE", "/api/collaboration/fork/x", None, TRUSTED),
        ("GET", "/api/collaboration/timeline/a.py", None, TRUSTED),
        ("PUT", "/api/collaboration/undo_redo/x", None, TRUSTED),
        # What runs as the server's user; or in sandboxes, for those who aren't trusted.
        ("POST", "/api/kernels", {}, answered(Answer.IN_SANDBOXES)),
        ("GET", f"/api/kernels/{ID}/channels", None, answered(Answer.IN_SANDBOXES)),
        ("POST", "/api/sessions", {}, answered(Answer.IN_SANDBOXES)),
        ("GET", "/terminals/websocket/1", None, answered(Answer.IN_SANDBOXES)),
        ("GET", "/lsp/ws/pylsp", None, PROGRAMS),
        ("GET", "/nbconvert/html/a.ipynb", None, PROGRAMS),
        ("POST", "/nbconvert/html", {}, PROGRAMS),
        ("GET", "/kernelspecs/python3/kernel.json", None, PROGRAMS),
        ("GET", "/kernelspecs/python3/logo-64x64.png", None, LET_IN),
        # Never for others.
        ("GET", "/proxy/8000/", None, OWNER),
        ("OPTIONS", "/proxy/8000/", None, OWNER),
        ("POST", "/api/shutdown", None, OWNER),
        ("GET", "/metrics", None, OWNER),
        ("POST", "/api/events", {}, OWNER),
        ("POST", "/lab/api/extensions", {}, OWNER),
        ("GET", "/some/new/extension", None, OWNER),
        ("GET", "/lab/api/of-tomorrow", None, OWNER),
        ("TRACE", "/api/contents", None, OWNER),
        ("OPTIONS", "/some/new/extension", None, OWNER),
        # A guest's name is not the provider's to keep.
        ("PATCH", "/api/me", {}, MEMBER),
        ("GET", "/login", None, PUBLIC),
        ("POST", "/codesyncx/join", {}, PUBLIC),
        ("OPTIONS", "/api/contents/a", None, PUBLIC),
        ("GET", "/lab/tree/a.py", None, LET_IN),
    ],
)
def test_each_request_has_its_rule(method: str, path: str, body: Any, expected: Rule) -> None:
    assert rule(method, path, body) == expected


def test_file_ids_and_attachments_are_judged_by_their_query() -> None:
    assert rule("GET", "/api/fileid/id", path="a.py") == needs(on(Act.READ, "a.py"))
    by_id = needs(Need(Act.READ, Place(file_id="7")))
    assert rule("GET", "/api/fileid/path", id="7") == by_id
    assert rule("GET", "/api/fileid/id") == OWNER
    channel = "chats/general.chat"
    attach = rule("PUT", "/codesyncx/api/chat/attachments", channel=channel)
    assert attach == needs(on(Act.COMMENT, channel))
    assert rule("PUT", "/codesyncx/api/chat/attachments") == OWNER


@pytest.mark.parametrize(
    ("told", "request_", "expected"),
    [
        ({"pattern": "/git/log", "needs": "trusted"}, ("GET", "/git/log"), TRUSTED),
        ({"pattern": "/git/log", "needs": "trusted"}, ("POST", "/git/log"), OWNER),
        ({"pattern": "/git/log", "needs": "trusted"}, ("GET", "/git/log/more"), OWNER),
        ({"pattern": "/x", "methods": ["post"], "needs": "anyone"}, ("POST", "/x"), LET_IN),
        ({"pattern": "/x", "needs": "public"}, ("GET", "/x"), PUBLIC),
        (
            {"pattern": "/blame/(?P<path>.+)", "needs": ["read", "edit"]},
            ("GET", "/blame/a%20b.py"),
            needs(on(Act.READ_ALL, "a b.py"), on(Act.EDIT, "a b.py")),
        ),
        ({"pattern": "/all", "needs": ["read"]}, ("GET", "/all"), needs(on(Act.READ_ALL, ""))),
        # What is in the table stays as it is.
        ({"pattern": "/metrics", "needs": "public"}, ("GET", "/metrics"), OWNER),
    ],
)
def test_an_admin_may_add_routes(
    told: dict[str, Any], request_: tuple[str, str], expected: Rule
) -> None:
    assert RouteTable((read_route(told),)).rule_for(Request(*request_)) == expected


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"pattern": "(", "needs": "trusted"},
        {"pattern": 5, "needs": "trusted"},
        {"pattern": "/x"},
        {"pattern": "/x", "needs": "whoever"},
        {"pattern": "/x", "needs": []},
        {"pattern": "/x", "needs": ["fly"]},
        {"pattern": "/x", "needs": "trusted", "methods": "GET"},
        {"pattern": "/x", "needs": "trusted", "verbs": ["GET"]},
    ],
)
def test_an_added_route_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        read_route(told)
