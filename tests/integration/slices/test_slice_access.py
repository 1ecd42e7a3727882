"""Who gets a slice, who doesn't, and what a change of access does to it."""

from __future__ import annotations

import json
from typing import Any

from support.peers import Peer
from support.studio import GRACE, LINES, READ_ONLY, SECRET, Studio, Watcher

from codesyncx_server.access.audit import AuditQuery, What
from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import (
    Resource,
    Subject,
    SubjectKind,
)


async def test_the_file_itself_stays_closed(studio: Studio, lines: dict[str, Any]) -> None:
    range_id, _ = await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    file_id = studio.settings["file_id_manager"].get_id("solver.py")
    ada.heard.clear()
    for room in (f"text:file:{file_id}", f"json:notebook:slice-{range_id}"):
        heard = await studio.knock("ada", room)
        assert b"hidden" not in heard
        assert b"solve" not in heard
    checkpoints = "api/contents/solver.py/checkpoints"
    assert json.loads((await studio.fetch("ada", checkpoints)).body) == []
    assert (await studio.fetch("ada", checkpoints, method="POST", body="")).code == 201
    assert json.loads((await studio.fetch("grace", checkpoints)).body) == []
    assert (await studio.fetch("ada", f"{checkpoints}/none", method="POST", body="")).code == 403
    for path in ("files/solver.py", "view/solver.py"):
        answer = await studio.fetch("ada", path)
        assert answer.code == 403
        assert SECRET not in answer.body.decode()


async def test_what_is_refused_in_a_slice_is_in_the_audit(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines, permissions=READ_ONLY)
    ada = await studio.join("ada", "solver.py")
    ada.text.insert(0, "no\n")
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4403
    entries = await studio.access.audit(AuditQuery(what=What.REFUSED))
    assert [(entry.who, entry.path, entry.detail["permission"]) for entry in entries] == [
        ("ada", "solver.py", "edit")
    ]


async def test_a_stranger_gets_no_slice(studio: Studio, lines: dict[str, Any]) -> None:
    range_id, _ = await studio.share("solver.py", lines)
    eve = Watcher(studio.url, "eve")
    assert await eve.session("solver.py") in {403, 404}
    assert "§" not in eve.answer
    assert not await studio.knock("eve", f"text:file:slice-{range_id}")


async def test_revoking_ends_it_at_once(studio: Studio, lines: dict[str, Any]) -> None:
    _, grant_id = await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    await studio.access.revoke(GRACE, grant_id)
    await ada.until(lambda: ada.close_code is not None, 1.0)
    assert ada.close_code == 4403
    ada.text.insert(0, "too late")
    grace.text.insert(0, "on ")
    await grace.until(lambda: str(grace.text).startswith("on "))
    assert "too late" not in str(grace.text)


async def test_a_reader_of_lines_follows_and_cannot_write(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines, permissions=READ_ONLY)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    at = len(LINES[: LINES.index("return")].encode())
    grace.text.insert(at, "new ")
    await ada.until(lambda: "new return" in str(ada.text))
    ada.text.insert(0, "mine")
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4403
    assert "mine" not in str(grace.text)


async def test_who_may_read_it_all_after_all_starts_over(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines)
    await studio.share("solver.py", {"kind": "lines", "start_line": 2, "end_line": 2})
    ada = await studio.join("ada", "solver.py")
    other = await studio.join("ada", "solver (part 2).py")
    await studio.access.grant(
        GRACE, Subject(SubjectKind.USER, "ada"), Resource("solver.py"), Terms(READ_ONLY)
    )
    await ada.until(lambda: ada.close_code is not None, 1.0)
    assert ada.close_code == 4409
    await other.until(lambda: other.close_code is not None, 1.0)
    assert other.close_code == 4403
    assert "open it instead" in json.loads(other.close_reason or "")["message"]
    again = await studio.join("ada", "solver.py")
    assert str(again.text) == LINES


async def test_a_range_that_nothing_is_granted_on_any_more_is_gone(
    studio: Studio, lines: dict[str, Any]
) -> None:
    range_id, grant_id = await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    await studio.fetch("grace", f"codesyncx/api/access/grants/{grant_id}", method="DELETE")
    await ada.until(lambda: ada.close_code is not None, 2.0)
    assert ada.close_code in {4403, 4404}
    assert studio.access.ranges.get(range_id) is None
    assert await Peer(studio.url, "ada").session("solver.py") == 403
