from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.identity import PERSON, NamedInHeader
from tornado.httpclient import HTTPClientError

from codesyncx_server.access.audit import Entry, What
from codesyncx_server.access.model import Permission, Person, Resource

if TYPE_CHECKING:
    from jupyter_server.auth.identity import User
    from jupyter_server.serverapp import ServerApp

    from codesyncx_server.access.service import AccessService

Ask = Callable[..., Awaitable["Answer"]]


class GraceOwns(NamedInHeader):
    """Grace owns the server, everybody else is only who they are."""

    def is_owner(self, user: User) -> bool:
        return user.username == "grace"


class Answer:
    """A status with the JSON that came with it."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.text = body.decode()

    @property
    def data(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> tuple[int, str]:
        assert set(self.data) == {"code", "message"}
        return self.status, self.data["code"]


@pytest.fixture
def role() -> str:
    return "none"


@pytest.fixture
def jp_server_config(tmp_path: Path, role: str) -> dict[str, Any]:
    extensions = ("codesyncx_server", "jupyter_server_fileid", "jupyter_server_ydoc")
    return {
        "CodeSyncXApp": {"default_role": role},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(extensions, True),
            "identity_provider_class": GraceOwns,
            "disable_check_xsrf": True,
        },
    }


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    (jp_root_dir / "labs" / "deep").mkdir(parents=True)
    (jp_root_dir / "solutions").mkdir()
    for name in ("solver.py", "labs/a.py", "labs/deep/b.py", "solutions/1.py"):
        (jp_root_dir / name).write_text("x = 1\n")
    return jp_root_dir


@pytest.fixture
def service(
    jp_serverapp: ServerApp, root: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> AccessService:
    assert root.is_dir()
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]
    if app.project.tracker is None:
        jp_asyncio_loop.run_until_complete(app._start_jupyter_server_extension(jp_serverapp))
    found: AccessService = jp_serverapp.web_app.settings["codesyncx_access"]
    return found


@pytest.fixture
def ask(jp_fetch: Callable[..., Any], service: AccessService) -> Ask:
    assert service.is_available

    async def send(
        person: str, method: str, route: str, data: object = None, **query: str | int
    ) -> Answer:
        body = None if data is None else data if isinstance(data, str) else json.dumps(data)
        if method in {"POST", "PATCH"} and body is None:
            body = "{}"
        try:
            answer = await jp_fetch(
                "codesyncx",
                "api",
                "access",
                *route.split("/"),
                method=method,
                headers={PERSON: person},
                body=body,
                params={key: str(value) for key, value in query.items()},
                allow_nonstandard_methods=True,
            )
        except HTTPClientError as error:
            return Answer(error.code, error.response.body if error.response else b"")
        return Answer(answer.code, answer.body or b"")

    return send


def to_user(name: str, path: str, role: str, **more: object) -> dict[str, Any]:
    return {"subject": {"kind": "user", "name": name}, "path": path, "role": role, **more}


def lines(start: int, end: int) -> dict[str, Any]:
    return {"kind": "lines", "start_line": start, "end_line": end}


INVALID = (400, "invalid_request")
NONSENSE: list[tuple[object, tuple[int, str]]] = [
    (to_user("ada", "missing.py", "viewer"), (404, "not_found")),
    (to_user("ada", "../secret", "viewer"), INVALID),
    (to_user("ada", "labs\\a.py", "viewer"), INVALID),
    (to_user("ada", "labs", "king"), INVALID),
    (to_user("", "labs", "viewer"), INVALID),
    (to_user("a\u202eda", "labs", "viewer"), INVALID),
    (to_user("x" * 256, "labs", "viewer"), INVALID),
    (to_user("guest-0", "labs", "viewer"), (404, "not_found")),
    (to_user("ada", "labs", "viewer", permissions=["read"]), INVALID),
    (to_user("ada", "labs", "viewer", expires_at=1), INVALID),
    (to_user("ada", "labs", "viewer", expires_at="soon"), INVALID),
    (to_user("ada", "labs", "viewer", expires_at=True), INVALID),
    (to_user("ada", "labs", "owner"), INVALID),
    (to_user("ada", "solver.py", "viewer", range={"id": "x"}), (404, "not_found")),
    (to_user("ada", "solver.py", "viewer", range={"kind": "words"}), INVALID),
    (
        to_user("ada", "solver.py", "viewer", range={"kind": "cells", "cell_ids": []}),
        INVALID,
    ),
    (
        to_user("ada", "solver.py", "none", range={"kind": "cells", "cell_ids": ["a"]}),
        INVALID,
    ),
    (
        to_user("ada", "solver.py", "viewer", range=lines(2, 1)),
        INVALID,
    ),
    ({"subject": {"kind": "robot", "name": "r2"}, "path": "labs"}, INVALID),
    (
        {"subject": {"kind": "link", "name": "x"}, "path": "labs", "role": "viewer"},
        (404, "not_found"),
    ),
    ({"subject": {"kind": "everyone", "name": "x"}, "path": "labs", "role": "viewer"}, INVALID),
    ({"subject": "ada", "path": "labs", "role": "viewer"}, INVALID),
    ({"subject": {"kind": "user", "name": "ada"}, "path": "labs"}, INVALID),
    ("[]", INVALID),
    ("{", INVALID),
    ("[" * 100_000, INVALID),
    (
        '{"subject":{"kind":"user","name":"a"},"path":"","role":"viewer","expires_at":1e999}',
        INVALID,
    ),
    ('{"subject":{"kind":"user","name":"a"},"path":"","role":"viewer","expires_at":NaN}', INVALID),
    ("x" * 300_000, (413, "too_large")),
]


async def test_a_grant_that_makes_no_sense_is_answered_exactly(ask: Ask) -> None:
    answers = [(data, (await ask("grace", "POST", "grants", data)).problem) for data, _ in NONSENSE]
    assert answers == NONSENSE
    assert (await ask("grace", "GET", "grants")).data == {"grants": []}


async def test_the_owner_gives_somebody_a_folder_changes_it_and_takes_it_back(ask: Ask) -> None:
    assert (await ask("ada", "GET", "permissions", path="labs")).problem == (403, "shut_out")
    await ask("grace", "POST", "grants", to_user("ada", "solutions", "viewer"))
    assert (await ask("ada", "GET", "permissions", path="labs")).problem == (404, "not_found")

    made = await ask("grace", "POST", "grants", to_user("ada", "labs", "editor"))
    assert made.status == 201
    assert made.data["subject"] == {"kind": "user", "name": "ada", "display_name": "ada"}
    assert (made.data["path"], made.data["role"]) == ("labs", "editor")
    assert (made.data["granted_by"], made.data["inherited"]) == ("grace", False)
    assert made.data["range"] is None
    number = made.data["id"]

    seen = await ask("ada", "GET", "permissions", path="labs/a.py")
    assert seen.data["permissions"] == [
        "comment", "create", "delete", "edit", "execute", "read", "share_screen", "speak",
    ]  # fmt: skip
    assert seen.data["why"] == "You have the role editor on labs."
    assert (await ask("ada", "GET", "permissions", path="solver.py")).status == 404
    top = await ask("ada", "GET", "permissions", path="")
    assert (top.status, top.data["permissions"]) == (200, [])

    changed = await ask("grace", "PATCH", f"grants/{number}", {"role": "viewer"})
    assert (changed.status, changed.data["permissions"]) == (200, ["read"])
    assert (await ask("ada", "GET", "permissions", path="labs")).data["permissions"] == ["read"]

    assert (await ask("grace", "DELETE", f"grants/{number}")).status == 204
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 404
    assert (await ask("grace", "DELETE", f"grants/{number}")).problem == (404, "not_found")


async def test_several_places_are_asked_about_at_once(ask: Ask) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "viewer"))
    paths = ["labs/a.py", "solver.py", "not/there.py", ""]
    seen = await ask("ada", "POST", "permissions", {"paths": paths})
    readable, hidden, missing, top = seen.data["permissions"]
    assert (readable["path"], readable["permissions"]) == ("labs/a.py", ["read"])
    assert (hidden, missing) == (None, None)
    assert (top["path"], top["permissions"]) == ("", [])
    for paths in ("labs", [1], ["labs"] * 501, None):
        assert (await ask("ada", "POST", "permissions", {"paths": paths})).problem == INVALID
    assert (await ask("eve", "POST", "permissions", {"paths": [""]})).problem == (403, "shut_out")


@pytest.mark.parametrize("role", ["editor"])
async def test_the_default_role_shows_as_a_grant_until_everyone_is_given_something_else(
    ask: Ask, role: str
) -> None:
    assert "edit" in (await ask("ada", "GET", "me")).data["permissions"]
    (default,) = (await ask("grace", "GET", "grants")).data["grants"]
    assert (default["id"], default["subject"]["kind"], default["role"]) == (0, "everyone", role)
    assert (await ask("grace", "DELETE", "grants/0")).problem == INVALID
    everyone = {"subject": {"kind": "everyone"}, "path": "", "role": "viewer"}
    await ask("grace", "POST", "grants", everyone)
    assert (await ask("ada", "GET", "me")).data["permissions"] == ["read"]
    (grant,) = (await ask("grace", "GET", "grants")).data["grants"]
    assert grant["id"] > 0


async def test_me_tells_who_one_is_here(ask: Ask) -> None:
    grace = (await ask("grace", "GET", "me")).data
    assert (grace["username"], grace["name"], grace["is_owner"]) == ("grace", "Grace", True)
    assert grace["is_trusted"]
    assert "admin" in grace["permissions"]
    await ask("grace", "POST", "grants", to_user("ada", "", "viewer"))
    ada = (await ask("ada", "GET", "me")).data
    assert ada == {
        "username": "ada",
        "name": "Ada",
        "is_owner": False,
        "is_guest": False,
        "is_trusted": False,
        "has_kernels": False,
        "permissions": ["read"],
    }


async def test_a_list_of_grants_shows_what_is_inherited_to_those_who_may_share(ask: Ask) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "", "viewer"))
    await ask("grace", "POST", "grants", to_user("bob", "labs", "maintainer"))
    await ask("grace", "POST", "grants", to_user("cat", "solutions", "viewer"))
    found = await ask("bob", "GET", "grants", path="labs")
    assert [(one["subject"]["name"], one["inherited"]) for one in found.data["grants"]] == [
        ("bob", False),
        ("ada", True),
    ]
    refused = await ask("ada", "GET", "grants", path="labs")
    assert refused.problem == (403, "refused")
    assert refused.data["message"] == (
        "You may not share labs: you have the role viewer on the project, and that doesn't"
        " include it."
    )


async def test_nobody_gives_more_than_they_have_or_without_share(ask: Ask) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "maintainer"))
    await ask("grace", "POST", "grants", to_user("bob", "labs", "editor"))
    for who, data in (
        ("bob", to_user("cat", "labs", "viewer")),
        ("bob", to_user("bob", "labs", "maintainer")),
        ("ada", to_user("ada", "", "viewer")),
        ("ada", to_user("ada", "missing.py", "viewer")),
    ):
        assert (await ask(who, "POST", "grants", data)).problem == (403, "refused")
    own = to_user("eve", "labs", "viewer")
    assert (await ask("eve", "POST", "grants", own)).problem == (403, "shut_out")
    answer = await ask("ada", "POST", "grants", to_user("ada", "", "owner"))
    assert answer.problem == (403, "refused")
    number = (await ask("ada", "POST", "grants", to_user("cat", "labs", "editor"))).data["id"]
    assert (await ask("bob", "PATCH", f"grants/{number}", {"role": "viewer"})).status == 403
    assert (await ask("bob", "DELETE", f"grants/{number}")).status == 403


async def test_ranges_are_refused_clearly_while_nobody_knows_them(
    ask: Ask, service: AccessService, jp_serverapp: ServerApp
) -> None:
    jp_serverapp.web_app.settings.pop("codesyncx_ranges", None)
    lines = {"kind": "lines", "start_line": 1, "end_line": 1}
    answer = await ask(
        "grace", "POST", "grants", to_user("ada", "solver.py", "editor", range=lines)
    )
    assert answer.problem == (400, "invalid_request")
    assert answer.data["message"] == "Lines and cells can't be shared on this server yet."
    assert not service.policy.grants


async def test_lines_are_shared_and_their_holder_learns_nothing_of_the_rest(
    ask: Ask, service: AccessService, root: Path
) -> None:
    (root / "solver.py").write_text("".join(f"line {number}\n" for number in range(1, 11)))
    wanted = to_user("ada", "solver.py", "editor", range=lines(3, 5))
    made = await ask("grace", "POST", "grants", wanted)
    assert made.status == 201, made.text
    told = made.data["range"]
    assert (told["kind"], told["state"], told["path"]) == ("lines", "open", "solver.py")
    assert (told["start_line"], told["end_line"]) == (3, 5)
    assert [(one["name"], one["role"]) for one in told["holders"]] == [("ada", "editor")]
    assert told["mine"] is None

    seen = (await ask("ada", "GET", "permissions", path="solver.py")).data
    assert seen["permissions"] == []
    assert seen["why"] == "You may see only parts of it."
    (own,) = seen["ranges"]
    assert own["id"] == told["id"]
    assert "edit" in own["mine"]
    assert own["slice_path"]
    assert not {"start_line", "end_line"} & set(own)

    again = to_user("bob", "solver.py", "viewer", range={"id": told["id"]})
    assert (await ask("grace", "POST", "grants", again)).data["range"]["id"] == told["id"]
    (as_owner,) = (await ask("grace", "GET", "permissions", path="solver.py")).data["ranges"]
    assert [one["name"] for one in as_owner["holders"]] == ["ada", "bob"]
    assert (as_owner["start_line"], as_owner["end_line"]) == (3, 5)

    listed = (await ask("grace", "GET", "grants", path="solver.py")).data["grants"]
    assert [one["range"]["id"] for one in listed] == [told["id"]] * 2
    preview = (await ask("grace", "GET", "preview", kind="user", name="ada")).data["entries"]
    (entry,) = [one for one in preview if one["name"] == "solver.py"]
    assert (entry["ranges"], entry["permissions"], entry["is_reached"]) == (1, [], True)

    for one in listed:
        assert service.ranges.get(told["id"]) is not None
        assert (await ask("grace", "DELETE", f"grants/{one['id']}")).status == 204
    assert service.ranges.get(told["id"]) is None
    assert service.ranges.of_path("solver.py") == []


async def test_a_range_that_may_not_be_shared_is_never_made(
    ask: Ask, service: AccessService
) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "maintainer"))
    await ask("grace", "POST", "grants", to_user("bob", "", "editor"))
    hidden = to_user("eve", "labs/a.py", "none", range=lines(1, 1))
    elsewhere = to_user("eve", "solver.py", "viewer", range=lines(1, 1))
    beyond = to_user("eve", "labs/a.py", "viewer", range=lines(50, 60))
    no_cells = to_user("eve", "labs/a.py", "viewer", range={"kind": "cells", "cell_ids": ["a"]})
    folder = to_user("eve", "labs", "viewer", range=lines(1, 1))
    assert (await ask("ada", "POST", "grants", hidden)).problem == INVALID
    assert (await ask("ada", "POST", "grants", elsewhere)).problem == (403, "refused")
    assert (await ask("bob", "POST", "grants", elsewhere)).problem == (403, "refused")
    assert (await ask("ada", "POST", "grants", beyond)).problem == INVALID
    assert (await ask("ada", "POST", "grants", no_cells)).problem == INVALID
    assert (await ask("ada", "POST", "grants", folder)).problem in (INVALID, (404, "not_found"))
    made = await ask("ada", "POST", "links", {"path": "labs/a.py", "role": "owner",
                                              "range": lines(1, 1)})  # fmt: skip
    assert made.problem == INVALID
    assert service.snapshot.ranges == {}


async def test_a_link_may_be_for_some_lines_only(ask: Ask, service: AccessService) -> None:
    made = await ask("grace", "POST", "links", {"path": "solver.py", "role": "editor",
                                                "range": lines(1, 1)})  # fmt: skip
    link = made.data["link"]
    assert link["range"]["kind"] == "lines"
    secret = made.data["url"].partition("#")[2]
    guest_id = await service.redeem(secret, "Ed")
    guest = Person(guest_id.guest.id, link=guest_id.guest.link_id)
    assert service.allows(guest, Permission.EDIT, Resource("solver.py", link["range"]["id"]))
    assert not service.allows(guest, Permission.READ, Resource("solver.py"))
    await ask("grace", "DELETE", f"links/{link['id']}")
    assert service.snapshot.ranges == {}


async def test_a_link_lets_a_guest_in_as_often_and_as_long_as_it_says(
    ask: Ask, service: AccessService
) -> None:
    made = await ask(
        "grace", "POST", "links",
        {"path": "labs", "role": "editor", "max_uses": 1, "name": "Lab day", "with_chat": True},
    )  # fmt: skip
    assert made.status == 201
    before, _, secret = made.data["url"].partition("#")
    assert before.endswith("/codesyncx/join")
    link = made.data["link"]
    assert (link["name"], link["uses"], link["max_uses"]) == ("Lab day", 0, 1)

    admission = await service.redeem(secret, " Edsger \n")
    assert admission.guest.name == "Edsger"
    guest = Person(admission.guest.id, link=admission.guest.link_id)
    assert service.allows(guest, Permission.EDIT, Resource("labs/a.py"))
    assert service.allows(guest, Permission.COMMENT, Resource("chats/general.chat"))
    assert not service.allows(guest, Permission.READ, Resource("solver.py"))

    listed = (await ask("grace", "GET", "links", path="labs")).data["links"]
    assert [(one["id"], one["uses"]) for one in listed] == [(link["id"], 1)]
    assert secret not in json.dumps(listed)
    assert (await ask("grace", "GET", "links", path="solutions")).data["links"] == []
    assert (await ask("ada", "GET", "links", path="labs")).problem == (403, "shut_out")
    assert (await ask("ada", "DELETE", f"links/{link['id']}")).problem == (403, "shut_out")
    assert (await ask("grace", "DELETE", f"links/{link['id']}")).status == 204
    assert service.guest_of(admission.token) is None
    assert (await ask("grace", "GET", "links", path="labs")).data["links"] == []
    assert (await ask("grace", "DELETE", f"links/{link['id']}")).problem == (404, "not_found")


async def test_a_link_that_makes_no_sense_is_refused(ask: Ask) -> None:
    for more in (
        {"role": "none"},
        {"role": "maintainer"},
        {"role": "owner"},
        {"role": "viewer", "max_uses": 0},
        {"role": "viewer", "max_uses": 1.5},
        {"role": "viewer", "name": "x" * 65},
        {"role": "viewer", "with_chat": "yes"},
    ):
        assert (await ask("grace", "POST", "links", {"path": "labs", **more})).problem == INVALID


async def test_a_preview_shows_what_somebody_sees(ask: Ask) -> None:
    everyone = {"subject": {"kind": "everyone"}, "path": "", "role": "viewer"}
    await ask("grace", "POST", "grants", everyone)
    await ask(
        "grace", "POST", "grants",
        {"subject": {"kind": "everyone"}, "path": "solutions", "role": "none"},
    )  # fmt: skip
    await ask("grace", "POST", "grants", to_user("ada", "labs/deep", "editor"))
    seen = (await ask("grace", "GET", "preview", kind="user", name="ada", path="")).data
    assert [(one["name"], one["is_reached"], one["permissions"]) for one in seen["entries"]] == [
        ("labs", True, ["read"]),
        ("solutions", False, []),
        ("solver.py", True, ["read"]),
    ]
    deep = (await ask("grace", "GET", "preview", kind="user", name="ada", path="labs")).data
    assert [(one["type"], "edit" in one["permissions"]) for one in deep["entries"]] == [
        ("directory", True),
        ("file", False),
    ]
    assert (await ask("ada", "GET", "preview", kind="user", name="ada")).status == 403
    missing = await ask("grace", "GET", "preview", kind="everyone", path="nowhere")
    assert missing.problem == (404, "not_found")


async def test_groups_are_the_owners_business(ask: Ask) -> None:
    group = {"name": "students", "members": ["ada"]}
    assert (await ask("ada", "POST", "groups", group)).problem == (403, "shut_out")
    assert (await ask("grace", "POST", "groups", group)).status == 201
    assert (await ask("grace", "POST", "groups", group)).problem == (409, "exists")
    await ask("grace", "POST", "grants", to_user("ada", "solutions", "viewer"))
    await ask("grace", "POST", "grants", to_user("bob", "solutions", "viewer"))
    to_group = {"subject": {"kind": "group", "name": "students"}, "path": "labs", "role": "viewer"}
    await ask("grace", "POST", "grants", to_group)
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 200
    (told,) = (await ask("grace", "GET", "groups")).data["groups"]
    assert [one["display_name"] for one in told["people"]] == told["members"] == ["ada"]
    subjects = (await ask("grace", "GET", "subjects", q="stud")).data
    assert [one["name"] for one in subjects["groups"]] == ["students"]

    await ask("grace", "POST", "groups/students", {"members": ["bob"]})
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 404
    assert (await ask("bob", "GET", "permissions", path="labs")).status == 200
    assert (await ask("grace", "DELETE", "groups/students")).status == 204
    assert (await ask("bob", "GET", "permissions", path="labs")).status == 404
    assert (await ask("grace", "GET", "groups")).data == {"groups": []}


async def test_people_are_offered_to_those_who_may_share(ask: Ask, service: AccessService) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "solutions", "viewer"))
    await ask("ada", "GET", "me")
    await service.look()
    await ask("grace", "POST", "grants", to_user("bob", "labs", "maintainer"))
    found = await ask("bob", "GET", "subjects", q="AD")
    assert found.data["people"] == [{"kind": "user", "name": "ada", "display_name": "Ada"}]
    assert (await ask("ada", "GET", "subjects")).problem == (403, "refused")


async def test_the_audit_log_tells_owners_who_did_what(ask: Ask) -> None:
    made = await ask("grace", "POST", "grants", to_user("ada", "labs", "viewer"))
    await ask("ada", "GET", "grants", path="labs")
    await ask("ada", "GET", "grants", path="labs")
    await ask("grace", "DELETE", f"grants/{made.data['id']}")

    entries = (await ask("grace", "GET", "audit")).data["entries"]
    told = [(one["who"], one["what"], one["path"]) for one in entries]
    assert sorted(told) == [
        ("ada", "refused", "labs"),
        ("grace", "granted", "labs"),
        ("grace", "revoked", "labs"),
    ]
    assert entries[0]["id"] > entries[-1]["id"]
    refused = (await ask("grace", "GET", "audit", what="refused")).data["entries"]
    assert [one["detail"] for one in refused] == [{"permission": "share"}]
    of_grace = (await ask("grace", "GET", "audit", who="grace", limit=1)).data["entries"]
    assert [one["what"] for one in of_grace] == ["revoked"]
    before = (await ask("grace", "GET", "audit", before=of_grace[0]["id"], who="grace")).data
    assert [one["what"] for one in before["entries"]] == ["granted"]
    assert (await ask("grace", "GET", "audit", path="lab")).data["entries"] == []
    assert (await ask("grace", "GET", "audit", what="sung")).problem == (400, "invalid_request")
    assert (await ask("ada", "GET", "audit")).problem == (403, "shut_out")
    assert (await ask("ada", "GET", "audit/export")).problem == (403, "shut_out")

    export = await ask("grace", "GET", "audit/export")
    lines = [json.loads(line) for line in export.text.splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert {line["what"] for line in lines} == {"granted", "revoked", "refused"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await ask("grace", method, "audit", "{}")).status == 405


async def test_without_the_database_only_the_servers_owner_gets_an_answer(
    ask: Ask, service: AccessService, jp_fetch: Callable[..., Any]
) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "", "editor"))
    await ask("grace", "POST", "grants", to_user("eve", "", "owner"))
    file = Path(str(service._store._file))
    aside = file.with_name("aside")

    async def becomes_available(wanted: bool) -> None:  # noqa: FBT001 - what is waited for
        async with asyncio.timeout(10):
            while service.is_available is not wanted:  # noqa: ASYNC110 - it waits for the disk
                await asyncio.sleep(0.05)

    await asyncio.to_thread(file.rename, aside)
    await becomes_available(wanted=False)
    for person in ("ada", "eve"):
        assert (await ask(person, "GET", "me")).problem == (503, "access_unavailable")
        with pytest.raises(HTTPClientError, match="503"):
            await jp_fetch("api", "contents", "solver.py", headers={PERSON: person})
    assert (await ask("grace", "GET", "me")).data["is_owner"]
    read = await jp_fetch("api", "contents", "solver.py", headers={PERSON: "grace"})
    assert read.code == 200
    refused = await ask("grace", "POST", "grants", to_user("bob", "", "editor"))
    assert refused.problem == (503, "access_unavailable")

    await asyncio.to_thread(aside.rename, file)
    await becomes_available(wanted=True)
    assert "edit" in (await ask("ada", "GET", "me")).data["permissions"]


async def test_a_long_audit_log_is_exported_whole_and_in_order(
    ask: Ask, service: AccessService
) -> None:
    entries = [Entry(float(number), "ada", What.REFUSED, path="ä") for number in range(2345)]
    await asyncio.to_thread(service._store.write_audit, entries)
    export = await ask("grace", "GET", "audit/export")
    assert [json.loads(line)["time"] for line in export.text.splitlines()] == list(range(2345))


async def test_a_guest_hands_out_nothing_and_reads_no_log(
    ask: Ask, jp_fetch: Callable[..., Any]
) -> None:
    made = (await ask("grace", "POST", "links", {"path": "labs", "role": "editor"})).data
    secret = made["url"].partition("#")[2]
    joined = await jp_fetch(
        "codesyncx", "join", method="POST", headers={PERSON: ""},
        body=json.dumps({"secret": secret, "name": "Ed"}),
    )  # fmt: skip
    headers = {PERSON: "", "Cookie": joined.headers["Set-Cookie"].partition(";")[0]}

    async def as_guest(route: str, data: object = None) -> Answer:
        try:
            answer = await jp_fetch(
                "codesyncx", "api", "access", *route.split("/"), headers=headers,
                method="GET" if data is None else "POST",
                body=None if data is None else json.dumps(data),
            )  # fmt: skip
        except HTTPClientError as error:
            return Answer(error.code, error.response.body if error.response else b"")
        return Answer(answer.code, answer.body)

    me = (await as_guest("me")).data
    assert (me["name"], me["is_guest"], me["is_trusted"]) == ("Ed", True, False)
    assert me["username"] == (await ask("grace", "GET", "audit")).data["entries"][0]["who"]
    for route in ("grants", "links", "subjects", "groups", "audit", "audit/export"):
        assert (await as_guest(route)).problem == (403, "refused")
    for data in (to_user("eve", "labs", "viewer"), to_user(me["username"], "", "viewer")):
        assert (await as_guest("grants", data)).problem == (403, "refused")
    assert (await as_guest("links", {"path": "labs", "role": "viewer"})).problem == (403, "refused")


async def test_joining_is_answered_exactly_and_never_logged(
    ask: Ask,
    jp_fetch: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def join(secret: str, name: str = "Ed") -> Answer:
        try:
            answer = await jp_fetch(
                "codesyncx", "join", method="POST", headers={PERSON: ""},
                body=json.dumps({"secret": secret, "name": name}),
            )  # fmt: skip
        except HTTPClientError as error:
            return Answer(error.code, error.response.body if error.response else b"")
        return Answer(answer.code, answer.body)

    async def link(**more: Any) -> tuple[str, str]:
        wanted = {"path": "labs", "role": "viewer", **more}
        made = (await ask("grace", "POST", "links", wanted)).data
        return made["link"]["id"], made["url"].partition("#")[2]

    _, once = await link(max_uses=1)
    revoked_id, revoked = await link()
    end = time.time() + 0.5
    _, short = await link(expires_at=end)
    await ask("grace", "DELETE", f"links/{revoked_id}")
    assert (await join(once, "\u200b")).problem == INVALID
    assert (await join(once)).status == 200
    assert (await join(once)).problem == (403, "refused")
    assert "used as often" in (await join(once)).data["message"]
    assert "taken back" in (await join(revoked)).data["message"]
    assert "isn't valid" in (await join(once[:-1])).data["message"]
    while time.time() < end:  # noqa: ASYNC110 - it waits for the clock
        await asyncio.sleep(0.05)
    assert "has expired" in (await join(short)).data["message"]
    while (answer := await join("guessed.secret")).status == 403:
        pass
    assert answer.problem == (429, "too_many")
    for secret in (once, revoked, short):
        assert secret.partition(".")[2] not in caplog.text


async def test_access_ends_by_itself_and_everybody_is_told(
    ask: Ask, jp_ws_fetch: Callable[..., Any]
) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "solutions", "viewer"))
    socket = await jp_ws_fetch("codesyncx", "api", "events", headers={PERSON: "grace"})
    assert json.loads(await socket.read_message())["type"] == "hello"
    await ask(
        "grace", "POST", "grants", to_user("ada", "labs", "viewer", expires_at=time.time() + 1)
    )
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 200
    for _ in range(2):
        heard = json.loads(await asyncio.wait_for(socket.read_message(), 10))
        assert heard["type"] == "access.changed"
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 404
    entries = (await ask("grace", "GET", "audit", what="expired")).data["entries"]
    assert [(one["who"], one["path"]) for one in entries] == [("grace", "labs")]
    socket.close()


async def test_grants_follow_a_file_that_is_renamed(ask: Ask, jp_fetch: Callable[..., Any]) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "viewer"))
    await jp_fetch(
        "api", "contents", "labs", method="PATCH", headers={PERSON: "grace"},
        body=json.dumps({"path": "exercises"}),
    )  # fmt: skip

    async def follows() -> bool:
        return (await ask("ada", "GET", "permissions", path="exercises/a.py")).status == 200

    async with asyncio.timeout(10):
        while not await follows():  # noqa: ASYNC110 - it waits for an answer
            await asyncio.sleep(0.05)
    assert (await ask("ada", "GET", "permissions", path="labs/a.py")).status == 404
