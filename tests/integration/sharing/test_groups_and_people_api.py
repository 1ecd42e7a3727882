"""Groups, the people who are offered, and what somebody would see, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesyncx_server.access.service import AccessService

from support.sharing_api import Ask, to_user


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
