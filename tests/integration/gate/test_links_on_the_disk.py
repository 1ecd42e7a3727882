"""Symbolic links in the project: what one has on the link is no way to what it leads to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import PERSON, SECRET, fails_to_connect

if TYPE_CHECKING:
    from support.gatehouse import House

API = "/codesyncx/api/access"
FIRST_LINE = {"kind": "lines", "start_line": 1, "end_line": 1}


@pytest.fixture
def maintainer(house: House, jp_asyncio_loop: Any) -> str:
    jp_asyncio_loop.run_until_complete(house.grant("maintainer", "maintainer", "open"))
    house.know("maintainer", **{PERSON: "maintainer"})
    return "maintainer"


async def test_nobody_hands_out_lines_of_what_a_link_leads_to(
    house: House, maintainer: str
) -> None:
    body = {"path": "open/link.py", "range": FIRST_LINE, "permissions": ["read"]}
    refused = await house.fetch(maintainer, "POST", f"{API}/links", body)
    assert refused.code == 403, refused.body
    given = {**body, "subject": {"kind": "user", "name": "stranger"}}
    assert (await house.fetch(maintainer, "POST", f"{API}/grants", given)).code == 403


async def test_a_part_of_a_link_is_no_part_of_what_it_leads_to(house: House) -> None:
    given = {
        "subject": {"kind": "user", "name": "stranger"},
        "path": "open/link.py",
        "range": FIRST_LINE,
        "permissions": ["read", "edit"],
    }
    made = await house.fetch("ada", "POST", f"{API}/grants", given)
    assert made.code == 201, made.body
    range_id = json.loads(made.body)["range"]["id"]
    for path in ("/api/contents/open/link.py", "/api/contents/open", "/files/open/link.py"):
        assert SECRET not in (await house.fetch("stranger", "GET", path)).body.decode()
    slice_room = f"/api/collaboration/room/text:file:slice-{range_id}"
    assert await fails_to_connect(house, "stranger", slice_room) == 403
    body = {"type": "file", "format": "text", "content": "gone = True"}
    saved = await house.fetch("stranger", "PUT", "/api/contents/open/link.py", body)
    assert saved.code == 403
    assert SECRET in (house.root / "hidden/secret.py").read_text()


async def test_what_somebody_sees_of_a_linked_folder_is_told_to_who_may_share_its_goal(
    house: House, maintainer: str
) -> None:
    query = "kind=user&name=stranger&path="
    told = await house.fetch(maintainer, "GET", f"{API}/preview?{query}open/folder")
    assert SECRET not in told.body.decode()
    assert told.code == 403
    assert (await house.fetch(maintainer, "GET", f"{API}/preview?{query}open")).code == 200
