"""Every route of a server with all the usual extensions, tried by people who have little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from support.gatehouse import SECRET, House, restore, server_config, snapshot

from codesyncx_server.gate.routes import TABLE, RouteTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tornado.httpclient import HTTPResponse
    from tornado.routing import Router

# JupyterLab never answers these here, not even an owner: its handler can't say 405.
FAIL = ("/lab/api/", "/api/spec.yaml")  # so say others, of what makes no sense to them
HANGS = "/lab/api/licenses/"
# What they may change; of the last, only the line in the middle.
THEIRS = {
    "editor": ("desk/essay.py", "desk/.ipynb_checkpoints"),
    "ranger": ("desk/long.py",),
}
SENT = re.compile(rf"q=(?:{SECRET}|plugh)|hidden(?:/|%2F)?{SECRET}\.?txt")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
PEOPLE = (
    "viewer",
    "editor",
    "ranger",
    "commenter",
    "guest",
    "expired guest",
    "anonymous",
    "stranger",
)
ID = "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
HIDDEN = (
    "hidden/secret.py",
    "hidden/notebook.ipynb",
    "hidden/page.html",
    f"hidden/{SECRET}.txt",
    "chats/private.chat",
    "desk/long.py",
    "open/link.py",
    "open/folder/secret.py",
    "open/../hidden/secret.py",
    "open%2F..%2Fhidden%2Fsecret.py",
    "hidden%2Fsecret.py",
    "hidden%252Fsecret.py",
    "hidden//secret.py",
    "./hidden/secret.py",
    "Hidden/secret.py",
)
FOLDERS = ("", "/", "/hidden", "/open", "/open/folder", "/desk")
VIEWED = ("/open/hello.py", "/desk/essay.py")

# Paths for each route of the server, by its pattern; {hidden}, {id} and {room} are filled in.
EXAMPLES: dict[str, tuple[str, ...]] = {
    r"/codesyncx/join": ("/codesyncx/join",),
    r"/codesyncx/api/access/permissions": ("/codesyncx/api/access/permissions?path={hidden}",),
    r"/codesyncx/api/access/grants": (
        "/codesyncx/api/access/grants",
        "/codesyncx/api/access/grants?path={hidden}",
    ),
    r"/codesyncx/api/access/grants/([0-9]{1,15})": ("/codesyncx/api/access/grants/1",),
    r"/codesyncx/api/access/links": ("/codesyncx/api/access/links?path={hidden}",),
    r"/codesyncx/api/access/links/([0-9a-f]{1,32})": ("/codesyncx/api/access/links/0a",),
    r"/codesyncx/api/access/groups/([^/]+)": ("/codesyncx/api/access/groups/x",),
    r"/codesyncx/api/access/preview": (
        "/codesyncx/api/access/preview?kind=user&name=ada&path=hidden",
        "/codesyncx/api/access/preview?kind=user&name=ada&path=",
    ),
    r"/api/contents(?P<path>(?:(?:/[^/]+)+|/?))": (
        "/api/contents/{hidden}",
        "/api/contents/{hidden}?content=0",
        "/api/contents/{hidden}?hash=1&type=file",
        *(f"/api/contents{folder}" for folder in FOLDERS),
        *(f"/api/contents{path}" for path in VIEWED),
    ),
    r"/api/contents(?P<path>(?:(?:/[^/]+)+|/?))/checkpoints": (
        "/api/contents/{hidden}/checkpoints",
    ),
    r"/api/contents(?P<path>(?:(?:/[^/]+)+|/?))/checkpoints/(?P<checkpoint_id>[\w-]+)": (
        "/api/contents/{hidden}/checkpoints/checkpoint",
        "/api/contents/open/hello.py/checkpoints/checkpoint",
    ),
    r"/api/contents(?P<path>(?:(?:/[^/]+)+|/?))/trust": ("/api/contents/{hidden}/trust",),
    r"/api/notebooks/?(.*)": ("/api/notebooks/{hidden}",),
    r"/files/(.*)": ("/files/{hidden}", "/files/{hidden}?download=1"),
    r"/view(?P<path>(?:(?:/[^/]+)+|/?))": ("/view/{hidden}",),
    r"/nbconvert/(?P<format>\w+)": ("/nbconvert/html",),
    r"/nbconvert/(?P<format>\w+)(?P<path>(?:(?:/[^/]+)+|/?))": ("/nbconvert/html/{hidden}",),
    r"/api/fileid/id": ("/api/fileid/id?path={hidden}",),
    r"/api/fileid/path": ("/api/fileid/path?id={id}",),
    r"/api/resolvePath": ("/api/resolvePath?path={hidden}",),
    r"/api/collaboration/session/(.*)": ("/api/collaboration/session/{hidden}",),
    r"/api/collaboration/room/(.*)": (
        "/api/collaboration/room/{room}",
        f"/api/collaboration/room/{ID}",
    ),
    r"/api/collaboration/fork/(.*)": ("/api/collaboration/fork/{room}",),
    r"/api/collaboration/timeline/(.*)": (
        "/api/collaboration/timeline/{hidden}?format=text&type=file",
    ),
    r"/api/collaboration/undo_redo/(.*)": (
        "/api/collaboration/undo_redo/{room}?action=undo&steps=1&forkRoom=x",
    ),
    r"/codesyncx/api/runs/openapi\.json": ("/codesyncx/api/runs/openapi.json",),
    r"/codesyncx/api/runs/configurations": ("/codesyncx/api/runs/configurations",),
    r"/codesyncx/api/runs/secrets": ("/codesyncx/api/runs/secrets",),
    r"/codesyncx/api/runs/secrets/([A-Za-z0-9_]{1,64})": ("/codesyncx/api/runs/secrets/KEY",),
    r"/codesyncx/api/runs/([0-9a-f]{1,32})": ("/codesyncx/api/runs/0a",),
    r"/codesyncx/api/runs/([0-9a-f]{1,32})/stop": ("/codesyncx/api/runs/0a/stop",),
    r"/codesyncx/api/runs/([0-9a-f]{1,32})/log": ("/codesyncx/api/runs/0a/log",),
    r"/codesyncx/api/runs/([0-9a-f]{1,32})/artifacts/(.+)": (
        "/codesyncx/api/runs/0a/artifacts/{hidden}",
    ),
    r"/codesyncx/api/runs/([0-9a-f]{1,32})/previews/([0-9]{1,5})": (
        "/codesyncx/api/runs/0a/previews/8000",
    ),
    r"/codesyncx/preview/([0-9a-f]{1,32})": ("/codesyncx/preview/0a",),
    r"/codesyncx/api/calls/recording/(playlist\.m3u8|film\.mp4)": (
        "/codesyncx/api/calls/recording/playlist.m3u8",
        "/codesyncx/api/calls/recording/film.mp4",
    ),
    r"/codesyncx/api/calls/recordings": ("/codesyncx/api/calls/recordings",),
    r"/codesyncx/api/calls/recordings/([^/]+\.mp4)": (
        "/codesyncx/api/calls/recordings/2026-11-28%2018.00.00.mp4",
    ),
    r"/codesyncx/api/history/versions/(.+)": ("/codesyncx/api/history/versions/{hidden}",),
    r"/codesyncx/api/history/version/([0-9]{1,15})/(.+)": (
        "/codesyncx/api/history/version/1/{hidden}",
        "/codesyncx/api/history/version/1/open/hello.py",
    ),
    r"/codesyncx/api/history/authors/(.+)": ("/codesyncx/api/history/authors/{hidden}",),
    r"/codesyncx/api/chat/search": (
        f"/codesyncx/api/chat/search?q={SECRET}",
        "/codesyncx/api/chat/search?q=plugh",
    ),
    r"/codesyncx/api/chat/attachments": (
        "/codesyncx/api/chat/attachments?channel={hidden}&name=a.txt",
        "/codesyncx/api/chat/attachments?channel=chats/private.chat&name=a.txt",
    ),
    r"/(?P<mode>lab|doc)(?P<workspace>/workspaces/[a-zA-Z0-9\-\_]+)?(?P<tree>/tree/.*)?": (
        "/lab",
        "/doc",
        "/lab/workspaces/default",
        "/lab/tree/{hidden}",
    ),
    r"/lab/extensions/(.*)": (
        "/lab/extensions/codesyncx/install.json",
        "/lab/extensions/../../{hidden}",
    ),
    r"/lab/api/settings/?": ("/lab/api/settings", "/lab/api/settings/"),
    r"/lab/api/settings/(?P<schema_name>.+)": (
        "/lab/api/settings/@jupyterlab/apputils-extension:themes",
        "/lab/api/settings/../../{hidden}",
    ),
    r"/lab/api/translations/?": ("/lab/api/translations",),
    r"/lab/api/translations/(?P<locale>.*)": ("/lab/api/translations/default",),
    r"/lab/api/workspaces/?": ("/lab/api/workspaces", "/lab/api/workspaces/"),
    r"/lab/api/workspaces/(?P<space_name>.+)": (
        "/lab/api/workspaces/default",
        "/lab/api/workspaces/../../{hidden}",
    ),
    r"/lab/api/listings/(.*)": ("/lab/api/listings/@jupyterlab/extensionmanager",),
    r"/lab/api/themes/(.*)": ("/lab/api/themes/@jupyterlab/theme-dark-extension/index.css",),
    r"/lab/api/licenses/(.*)": ("/lab/api/licenses/", "/lab/api/licenses/x"),
    r"/lab/.*": ("/lab/nowhere",),
    r"/static/lab/(.*)": ("/static/lab/index.html", "/static/lab/../../{hidden}"),
    r"/static/(.*)": ("/static/favicons/favicon.ico", "/static/../{hidden}"),
    # Outside the base URL, and broken below it.
    r"/(robots\.txt)": (),
    r"/(favicon\.ico)": (),
    r"/(robots\.txt|favicon\.ico)": (),
    r"/lsp/ws/(?P<language_server>.*)": ("/lsp/ws/pylsp",),
    r"/proxy/([^/:@]+):(\d+)(/.*|)": ("/proxy/localhost:{port}/",),
    r"/proxy/absolute/([^/:@]+):(\d+)(/.*|)": ("/proxy/absolute/localhost:{port}/",),
    r"/proxy/(\d+)(/.*|)": ("/proxy/{port}/",),
    r"/proxy/absolute/(\d+)(/.*|)": ("/proxy/absolute/{port}/",),
    r"/server-proxy/icon/(.*)": ("/server-proxy/icon/x",),
    r"/terminals/websocket/(\w+)": ("/terminals/websocket/1",),
    r"/api/terminals/(\w+)": ("/api/terminals/1",),
    r"/api/config/(?P<section_name>\w+)": ("/api/config/notebook",),
    r"/api/kernels/(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)": (f"/api/kernels/{ID}",),
    r"/api/kernels/(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)/(?P<action>restart|interrupt)": (
        f"/api/kernels/{ID}/restart",
    ),
    r"/api/kernels/(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)/channels": (f"/api/kernels/{ID}/channels",),
    r"/kernelspecs/(?P<kernel_name>[\w\.\-%]+)/(?P<path>.*)": (
        "/kernelspecs/python3/kernel.json",
        "/kernelspecs/python3/logo-64x64.png",
        "/kernelspecs/python3/logo-x/../kernel.json",
    ),
    r"/api/kernelspecs/(?P<kernel_name>[\w\.\-%]+)": ("/api/kernelspecs/python3",),
    r"/api/sessions/(?P<session_id>\w+-\w+-\w+-\w+-\w+)": (f"/api/sessions/{ID}",),
    # The rest are plain paths, tried as they are. These only send the browser on, or say 404.
    r"/.*/": (),
    r"/": ("/",),
    r"/?": ("/",),
    r"(.*)": ("/nowhere",),
}
# Routes that no table need know: redirects and "not found", which nobody has to be let in for.
UNLISTED = frozenset({r"/", r"/.*/", r"/?", r"(.*)"})
PLAIN = re.compile(r"[\w/.\\-]+")

BODIES: dict[str, tuple[Any, ...]] = {
    "POST": (
        None,
        {"copy_from": "hidden/secret.py"},
        {"copy_from": "/open/folder/secret.py"},
        {"copy_from": "open"},
        {"copy_from": "hidden"},
        {"type": "directory", "ext": "/../../hidden/evil"},
        {"name": SECRET[:0] + "mine", "path": "hidden/secret.py", "kernel": {"name": "python3"}},
    ),
    "PUT": (
        {"type": "file", "format": "text", "content": "evil"},
        {"format": "text", "type": "file"},
        {"raw": "{}"},
        {"path": "chats/private.chat"},
        None,
    ),
    "PATCH": (
        {"path": "open/taken.py"},
        {"path": "desk/essay.py"},
        {"label": "x"},
    ),
    "DELETE": (None,),
}


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)


def patterns(router: Router) -> Iterator[str]:
    """Give the pattern of every route that tornado knows, of every group of hosts."""
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from patterns(rule.target)
        else:
            yield rule.matcher.regex.pattern


def routes(house: House) -> list[str]:
    """Give them as below the base URL."""
    base = re.escape(house.app.base_url.rstrip("/"))
    found = []
    for pattern in patterns(house.app.web_app.default_router):
        plain = pattern.removesuffix("$")
        found.append(plain.removeprefix(base).removeprefix(house.app.base_url.rstrip("/")))
    return list(dict.fromkeys(found))


def examples_of(pattern: str) -> tuple[str, ...] | None:
    if pattern in EXAMPLES:
        return EXAMPLES[pattern]
    return (pattern.replace("\\", ""),) if PLAIN.fullmatch(pattern) else None


def filled(house: House, example: str, hidden: str) -> str:
    file_id = house.app.web_app.settings["file_id_manager"].index(
        hidden if (house.root / hidden).is_file() else "hidden/secret.py"
    )
    return (
        example.replace("{hidden}", hidden)
        .replace("{id}", quote(file_id))
        .replace("{room}", f"text:file:{file_id}")
        .replace("{port}", str(house.app.port))
    )


def requests(house: House) -> list[str]:
    """Give a path for each route and each hidden thing."""
    paths: list[str] = []
    for pattern in routes(house):
        for example in examples_of(pattern) or ():
            paths += (
                [filled(house, example, hidden) for hidden in HIDDEN]
                if "{" in example
                else [example]
            )
    return list(dict.fromkeys(paths))


def bodies_for(method: str, path: str) -> tuple[Any, ...]:
    """Give what to send: to contents all that it could do harm with, elsewhere something."""
    bodies = BODIES.get(method, (None,))
    return bodies if path.startswith("/api/contents") else bodies[:2]


def what_it_says(response: HTTPResponse) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.get_all())
    return headers + "\n\n" + (response.body or b"").decode("utf-8", "replace")


async def prepare(house: House) -> None:
    """Have the owner leave the secret wherever a server keeps things."""
    for path in ("hidden/secret.py", "open/hello.py"):
        answer = await house.fetch("ada", "POST", f"/api/contents/{path}/checkpoints")
        assert answer.code == 201
    body = {"type": "file", "format": "text", "content": f"answer = '{SECRET} anew'\n"}
    assert (await house.fetch("ada", "PUT", "/api/contents/hidden/secret.py", body)).code == 200
    space = {"data": {"x": SECRET}, "metadata": {"id": "default"}}
    answer = await house.fetch("ada", "PUT", "/lab/api/workspaces/default", space)
    assert answer.code == 204
    theme = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
    answer = await house.fetch("ada", "PUT", theme, {"raw": f'{{"theme": "{SECRET}"}}'})
    assert answer.code == 204
    for path in (
        "/api/contents/hidden/secret.py",
        "/lab/api/workspaces/default",
        theme,
        "/codesyncx/api/chat/search?q=plugh",
    ):
        assert SECRET in what_it_says(await house.fetch("ada", "GET", path)), path
    answer = await house.fetch("ada", "GET", "/codesyncx/api/activity")
    assert "hidden/secret.py" in what_it_says(answer)
    recorder = house.app.web_app.settings["codesyncx_server"].history.recorder
    ref = recorder.ref_of("hidden/secret.py")
    await recorder.call(lambda store: store.record(ref, SECRET.encode(), [], 1.0))
    version = "/codesyncx/api/history/version/1/hidden/secret.py"
    assert SECRET in what_it_says(await house.fetch("ada", "GET", version))


async def test_every_route_of_the_server_is_in_the_table(house: House) -> None:
    table = RouteTable()
    found = routes(house)
    assert len(found) > 70
    unknown = [pattern for pattern in found if examples_of(pattern) is None]
    assert unknown == [], "give these routes examples here, and rules in gate/routes.py"
    for pattern in found:
        for example in examples_of(pattern) or ():
            path = filled(house, example, "hidden/secret.py").partition("?")[0]
            if pattern not in UNLISTED and ".." not in path:
                assert table.route_of(path), f"{pattern}: {path} isn't in the table"


async def test_the_table_has_no_routes_that_nothing_answers(house: House) -> None:
    paths = [path.partition("?")[0] for path in requests(house)]
    # Of other providers and of other settings.
    absent = {r"/logout|/oauth_callback", r"/lab/api(?:/.*)?"}
    for route in TABLE:
        pattern = route.pattern.pattern
        assert pattern in absent or any(map(route.pattern.fullmatch, paths)), pattern


@pytest.mark.parametrize("person", PEOPLE)
async def test_nobody_reads_or_changes_what_isnt_theirs_by_any_route(
    house: House, person: str
) -> None:
    await prepare(house)
    before = snapshot(house.root)
    theirs = THEIRS.get(person, ())
    problems: list[str] = []
    tried = 0
    for path in requests(house):
        for method in METHODS:
            if method in {"HEAD", "OPTIONS"} and path.startswith(HANGS):
                continue
            for body in bodies_for(method, path):
                response = await house.fetch(person, method, path, body)
                tried += 1
                problems += [
                    f"{method} {path} {body}: {response.code} {problem}"
                    for problem in problems_of(house, path, response)
                ]
        after = snapshot(house.root)
        changed = {key for key in after.keys() | before if after.get(key) != before.get(key)}
        problems += [f"{path} changed {name}" for name in changed if not name.startswith(theirs)]
        long = after["desk/long.py"] or b""
        if not (long.startswith(b"first = 1\n") and long.endswith(f"last = '{SECRET}'\n".encode())):
            problems.append(f"{path} changed lines of others")
        if changed:
            restore(house.root, before)
    assert problems == []
    assert tried > 2_000


def problems_of(house: House, path: str, response: HTTPResponse) -> Iterator[str]:
    """Say what an answer tells that it shouldn't."""
    said = what_it_says(response)
    # What they send themselves may come back: the name of what they ask for.
    said = SENT.sub("", said)
    if SECRET in said:
        yield f"tells the secret: {said[:500]}"
    if str(house.root) in said:
        yield f"tells where the project lies: {said[:500]}"
    token = house.app.identity_provider.token
    if token and token in said:
        yield "tells the owner's token"
    if response.code >= 500 and not path.startswith(FAIL):
        yield f"fails: {said[:500]}"
