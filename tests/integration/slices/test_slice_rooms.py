"""Slices in step with their files: edits, saves, git, other names."""

from __future__ import annotations

import json
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Map
from support.studio import GRACE, LINES, SECRET, SHARED, Studio, wait_for

from codesyncx_server.access.model import (
    Person,
)
from codesyncx_server.errors import StorageError


async def test_ada_edits_her_lines_and_sees_no_other(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    assert str(ada.text) == SHARED
    ada.text.insert(0, "# Ada é\n")
    grace.text.insert(0, f"# {SECRET} again\n")
    at = len(str(grace.text)[: str(grace.text).index("return")].encode())
    grace.text.insert(at, "  ")
    whole = f"# {SECRET} again\n# {SECRET}\nimport os\n# Ada é\n" + LINES[LINES.index("def") :]
    whole = whole.replace("return", "  return")
    await grace.until(lambda: str(grace.text) == whole)
    await ada.until(lambda: str(ada.text) == "# Ada é\n" + SHARED.replace("return", "  return"))
    await wait_for(lambda: (studio.root / "solver.py").read_text() == whole)
    assert b"hidden" not in ada.heard
    room = studio.settings["codesyncx_rooms"].for_path("solver.py")
    assert {author.username for author in room.authors.values()} == {"ada", "grace"}


async def test_an_edit_in_a_slice_survives_the_room(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada, bea = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    ada.text.insert(0, "kept\n")
    await bea.until(lambda: "kept" in str(bea.text))
    room = studio.settings["codesyncx_rooms"].for_path("solver.py")
    updates = [update async for update, _, _ in room.ystore.read()]
    assert any(b"kept" in update for update in updates)


async def test_lines_that_are_lost_close_the_slice(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    start = len(LINES[: LINES.index("import os")].encode())
    end = len(LINES[: LINES.index("# §hidden§ end") + 4].encode())
    del grace.text[start:end]
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4404
    assert "rest" in json.loads(ada.close_reason or "")["message"]


async def test_what_git_writes_into_the_lines_comes_in_and_nothing_else(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    ada.text.insert(0, "# Ada\n")
    await wait_for(lambda: "# Ada" in (studio.root / "solver.py").read_text())
    content = (studio.root / "solver.py").read_text()
    content = content.replace("return 1", "return 2").replace("import os", f"import os  # {SECRET}")
    (studio.root / "solver.py").write_text(content)
    await ada.until(lambda: "return 2" in str(ada.text))
    assert str(ada.text) == "# Ada\n" + SHARED.replace("1", "2")
    assert b"hidden" not in ada.heard


async def test_a_deleted_file_takes_its_slices_along(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    answer = await studio.fetch("grace", "api/contents/solver.py", method="DELETE")
    assert answer.code == 204
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4404


async def test_a_slice_follows_its_file_to_another_name(
    studio: Studio, lines: dict[str, Any]
) -> None:
    range_id, _ = await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    told: list[Any] = []
    state = ada.doc.get("state", type=Map)
    watch = state.observe(lambda event: told.append(event.keys.get("path", {}).get("newValue")))
    answer = await studio.fetch(
        "grace", "api/contents/solver.py", method="PATCH", body=json.dumps({"path": "new.py"})
    )
    assert answer.code == 200
    ada.text.insert(0, "moved\n")
    await wait_for(lambda: "moved" in (studio.root / "new.py").read_text())
    assert ada.close_code is None
    await ada.until(lambda: "new.py" in told)
    state.unobserve(watch)
    slices = studio.settings["codesyncx_slices"]
    assert slices.path_for(Person("ada"), range_id) == "new.py"
    assert slices.renamed(Person("ada"), "solver.py", "new.py") == [("solver.py", "new.py")]
    assert slices.renamed(Person("eve"), "solver.py", "new.py") == []
    again = await studio.join("ada", "new.py")
    assert str(again.text) == f"moved\n{SHARED}"


async def test_cells_of_a_notebook(studio: Studio) -> None:
    notebook = YNotebook()
    cells = [
        {
            "id": name,
            "cell_type": "code",
            "source": name if name == "mine" else f"{name} {SECRET}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for name in ("one", "mine", "three")
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (studio.root / "a.ipynb").write_text(json.dumps(content))
    await studio.share("a.ipynb", {"kind": "cells", "cell_ids": ["mine"]})
    ada = await studio.join("ada", "a.ipynb", "json", "notebook")
    grace = await studio.join("grace", "a.ipynb", "json", "notebook")
    notebook = YNotebook(ada.doc)
    assert [cell["source"] for cell in notebook.get()["cells"]] == ["mine"]
    notebook.ycells[0]["source"].insert(4, " é")
    theirs = YNotebook(grace.doc)
    await grace.until(lambda: str(theirs.ycells[1]["source"]) == "mine é")
    await wait_for(lambda: "mine é" in (studio.root / "a.ipynb").read_text())
    assert b"hidden" not in ada.heard


async def test_browsers_are_told_when_the_lines_are_saved(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    state = ada.doc.get("state", type=Map)
    ada.text.insert(0, "# Ada\n")
    state["dirty"] = True
    await ada.until(lambda: state["dirty"] is False)
    assert "# Ada" in (studio.root / "solver.py").read_text()


async def test_a_slice_that_began_anew_has_its_clients_start_over(
    studio: Studio, lines: dict[str, Any], jp_serverapp: Any
) -> None:
    """As after a restart of the server: what they sent was kept, their copy is another document."""
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    grace = await studio.join("grace", "solver.py")
    ada.text.insert(0, "acknowledged\n")
    await grace.until(lambda: "acknowledged" in str(grace.text))
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]
    (room,) = app.collaboration.slices
    room.end(StorageError("The server is closing this document."))
    await ada.until(lambda: ada.close_code is not None)
    await ada.connect(sync=False)
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4409
    again = await studio.join("ada", "solver.py")
    assert again.lineage != ada.lineage
    assert str(again.text) == f"acknowledged\n{SHARED}"


async def test_contents_of_a_slice(studio: Studio, lines: dict[str, Any]) -> None:
    slices, ada = studio.settings["codesyncx_slices"], Person("ada")
    await studio.share("solver.py", lines)
    second, _ = await studio.share("solver.py", {"kind": "lines", "start_line": 2, "end_line": 2})
    assert slices.path_for(ada, second) == "solver (part 2).py"
    entries = slices.entries(ada, "")
    assert [entry["path"] for entry in entries] == ["solver.py", "solver (part 2).py"]
    model = await slices.get(ada, "solver.py", content=True)
    assert (model["content"], model["format"], model["type"]) == (SHARED, "text", "file")
    assert model["mimetype"] == "text/x-python"
    assert model["size"] == len(SHARED.encode())
    other = await slices.get(ada, "solver (part 2).py", content=True)
    assert other["content"] == "import os"
    await slices.save(ada, "solver (part 2).py", {"content": "import os, sys"})
    expected = LINES.replace("import os", "import os, sys")
    assert (studio.root / "solver.py").read_text() == expected
    asked = "codesyncx/api/access/permissions?path=solver%20(part%202).py"
    told = json.loads((await studio.fetch("ada", asked)).body)
    assert [each["slice_path"] for each in told["ranges"] if each["id"] == second] == [told["path"]]
    assert "start_line" not in json.dumps(told)
    assert slices.range_at(Person("eve"), "solver.py") is None
    assert slices.range_at(ada, "solver (part 3).py") is None
    assert slices.range_at(GRACE, "solver.py") is None
