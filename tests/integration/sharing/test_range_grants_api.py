"""Lines and cells given over HTTP, and what their holders learn of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_server.serverapp import ServerApp

    from codesyncx_server.access.service import AccessService

from support.sharing_api import INVALID, Ask, lines, to_user


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
