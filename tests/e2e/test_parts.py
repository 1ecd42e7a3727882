"""Lines and cells of a file whose rest is hidden, in real browsers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.people import FIND
from support.servers import LabServer
from support.sharing import ACCESS, ask, lines, take_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import WebSocket
    from support.people import Person

SECRET = "xHiddenx"
SOLVER = f"# {SECRET}\nimport os\n\ndef solve(x):\n    # é fill in\n    return x\n\n# {SECRET}\n"
PART = "def solve(x):\n    # é fill in\n    return x"
ALL = ["read"]
MINE = ["read", "edit"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a JupyterLab in which nobody but Ada has anything yet."""
    with LabServer(tmp_path_factory.mktemp("lab"), default_role="none") as server:
        yield server


def share(
    lab: LabServer,
    path: str,
    spec: dict[str, Any] | None,
    permissions: list[str],
    to: str = "grace",
) -> int:
    """Give somebody something; gives the grant's number."""
    body = {
        "subject": {"kind": "user", "name": to},
        "path": path,
        "permissions": permissions,
        **({"range": spec} if spec else {}),
    }
    number: int = ask(lab, "POST", f"{ACCESS}/grants", body)["id"]
    return number


class Ear:
    """Everything that a person's browser is sent through new sockets; other tests ask the rest."""

    def __init__(self, somebody: Person) -> None:
        self.leaks: list[str] = []
        somebody.page.on("websocket", self._on_websocket)

    def _on_websocket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self._hear(socket.url, payload))

    def _hear(self, where: str, payload: str | bytes) -> None:
        data = payload.encode() if isinstance(payload, str) else payload
        if SECRET.encode() in data:
            self.leaks.append(where)


def test_somebody_works_in_their_lines_and_gets_nothing_else(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / "solver.py").write_text(SOLVER)
    (lab.root / "other.md").write_text(SECRET)
    grant = share(lab, "solver.py", lines(4, 6), MINE)
    second = share(lab, "solver.py", lines(2, 2), ALL)
    ada, grace = person("ada"), person("grace")
    ear = Ear(grace)
    items = grace.page.locator(".jp-DirListing-item")
    expect(items).to_have_count(2)
    expect(items.nth(0)).to_contain_text("solver (part 2).py")
    expect(items.nth(1)).to_contain_text("solver.py")
    grace.open_file("solver.py")
    assert grace.text_of("solver.py") == PART
    grace.open_file("solver (part 2).py")
    assert grace.text_of("solver (part 2).py") == "import os"
    ada.open_file("solver.py")
    grace.type("solver.py", "    # from Grace\n", line=1)
    ada.wait_for_text("solver.py", "from Grace")
    ada.type("solver.py", f"# {SECRET} too\n", line=0)
    ada.type("solver.py", "    # from Ada\n", line=5)
    grace.wait_for_text("solver.py", "from Ada")
    expected = PART.replace("    # é", "    # from Ada\n    # from Grace\n    # é")
    assert grace.text_of("solver.py") == expected
    expect(items).to_have_count(2)
    documents = grace.page.locator("#jp-main-dock-panel")
    documents.screenshot(path=pictures / "part-of-a-file.png", animations="disabled")
    assert ear.leaks == []
    assert not grace.problems, "\n".join(grace.problems)

    # With the file itself granted, the tab becomes the whole file; then all of it goes.
    whole = share(lab, "solver.py", None, ALL)
    grace.wait_for_text("solver.py", SECRET, timeout_s=30)
    expect(grace.page.get_by_text("You may read all of solver.py now").first).to_be_visible()
    expect(grace.page.get_by_role("tab", name="solver (part 2).py")).to_have_count(0)
    expect(grace.page.locator(".jp-Dialog, dialog[open]")).to_have_count(0)
    assert not grace.problems, "\n".join(grace.problems)
    assert grace.text_of("solver.py") == ada.text_of("solver.py")
    for number in (whole, grant, second):
        take_back(lab, number)
    expect(grace.page.locator("#jp-main-statusbar .csx-connection")).not_to_contain_text("Live")


CARET = ".jp-remote-cursor"


def line_of_caret(somebody: Person, path: str) -> str:
    """Give the line that somebody sees another's caret in; empty for none."""
    line: str = somebody.page.evaluate(
        f"""([path, caret]) => {{
          const {{ editor }} = ({FIND})(path).content.editor;
          const found = ({FIND})(path).node.querySelector(caret);
          if (!found) return '';
          const box = found.getBoundingClientRect();
          const at = editor.posAtCoords({{ x: box.left + 1, y: box.top + box.height / 2 }}, false);
          return editor.state.doc.lineAt(at).text;
        }}""",
        [path, CARET],
    )
    return line


def test_people_in_a_part_and_in_the_file_see_each_others_carets(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "carets.py").write_text(SOLVER)
    grant = share(lab, "carets.py", lines(4, 6), MINE)
    ada, grace = person("ada"), person("grace")
    ear = Ear(grace)
    grace.open_file("carets.py")
    ada.open_file("carets.py")
    for somebody, other, line in ((grace, ada, 1), (ada, grace, 5)):
        somebody.page.bring_to_front()
        somebody.place_cursor("carets.py", line=line, column=4)
        somebody.page.keyboard.press("ArrowRight")
        other.page.locator(CARET).wait_for()
    assert line_of_caret(ada, "carets.py") == "    # é fill in"
    assert line_of_caret(grace, "carets.py") == "    return x"
    # In the lines that Grace may not see she doesn't see Ada either.
    ada.place_cursor("carets.py", line=0)
    ada.page.keyboard.press("ArrowRight")
    expect(grace.page.locator(CARET)).to_have_count(0)
    assert ear.leaks == []
    assert not ada.problems + grace.problems, "\n".join(ada.problems + grace.problems)
    take_back(lab, grant)
    expect(ada.page.locator(CARET)).to_have_count(0)


def test_what_is_granted_appears_among_the_files_and_goes_again(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    for name in ("shown.py", "never.py", "lab/task.py", "lab/solution.py", "welcome/hi.md"):
        (lab.root / name).parent.mkdir(exist_ok=True)
        (lab.root / name).write_text(SOLVER)
    first = share(lab, "welcome", None, ALL, to="edsger")
    edsger = person("edsger")
    names = edsger.page.locator(".jp-DirListing-item .jp-DirListing-itemText")
    expect(names).to_have_text(["welcome"])
    grants = [share(lab, "shown.py", lines(4, 6), MINE, to="edsger")]
    take_back(lab, first)
    expect(names).to_have_text(["shown.py"])
    grants.append(share(lab, "shown.py", lines(2, 2), ALL, to="edsger"))
    expect(names).to_have_text(["shown (part 2).py", "shown.py"])
    grants.append(share(lab, "lab/task.py", None, ALL, to="edsger"))
    expect(names).to_have_text(["lab", "shown (part 2).py", "shown.py"])
    edsger.page.locator(".jp-DirListing-item", has_text="lab").dblclick()
    expect(names).to_have_text(["task.py"])
    take_back(lab, grants.pop())
    expect(names).to_have_text(["shown (part 2).py", "shown.py"])
    take_back(lab, grants.pop())
    expect(names).to_have_text(["shown.py"])
    assert not edsger.problems, "\n".join(edsger.problems)


def test_somebody_is_shut_out_while_they_type(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "shut.py").write_text(SOLVER)
    grant = share(lab, "shut.py", lines(4, 6), MINE)
    ada, grace = person("ada"), person("grace")
    grace.open_file("shut.py")
    ada.open_file("shut.py")
    grace.type("shut.py", "    # before\n", line=1)
    ada.wait_for_text("shut.py", "before")
    take_back(lab, grant)
    expect(grace.page.locator("#jp-main-statusbar .csx-connection")).not_to_contain_text("Live")
    assert "before" in ada.text_of("shut.py")


def test_somebody_works_in_their_cell(lab: LabServer, person: Callable[..., Person]) -> None:
    cells = [
        {
            "id": name,
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for name, source in (("one", f"# {SECRET}"), ("mine", "x = 1"), ("three", SECRET))
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (lab.root / "task.ipynb").write_text(json.dumps(content))
    share(lab, "task.ipynb", {"kind": "cells", "cell_ids": ["mine"]}, MINE)
    ada, grace = person("ada"), person("grace")
    ear = Ear(grace)
    grace.open_file("task.ipynb")
    ada.open_file("task.ipynb")
    source = f"path => ({FIND})(path).context.model.sharedModel"
    grace.page.evaluate(f"{source}.cells[0].setSource('x = 2')", "task.ipynb")
    ada.page.wait_for_function(f"{source}.cells[1].getSource() === 'x = 2'", arg="task.ipynb")
    assert grace.page.evaluate(f"{source}.cells.length", "task.ipynb") == 1
    assert ear.leaks == []


def test_open_parts_and_files_follow_when_their_folder_is_renamed(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    for name in ("part.py", "whole.py", "hidden.py"):
        (lab.root / "before" / "deep" / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.root / "before" / "deep" / name).write_text(SOLVER)
    for spec in (lines(4, 6), lines(2, 2)):
        share(lab, "before/deep/part.py", spec, MINE, to="edsger")
    share(lab, "before/deep/whole.py", None, MINE, to="edsger")
    ada, edsger = person("ada"), person("edsger")
    names = ("part.py", "part (part 2).py", "whole.py")
    for name in names:
        edsger.open_file(f"before/deep/{name}")
    ask(lab, "PATCH", "api/contents/before", {"path": "after"})
    for name in names:
        edsger.page.wait_for_function(
            f"path => ({FIND})(path) !== null", arg=f"after/deep/{name}", timeout=20_000
        )
    ada.open_file("after/deep/part.py")
    ada.open_file("after/deep/whole.py")
    edsger.type("after/deep/part (part 2).py", "# by Edsger\n")
    ada.wait_for_text("after/deep/part.py", "# by Edsger")
    edsger.type("after/deep/whole.py", "# by Edsger too\n")
    ada.wait_for_text("after/deep/whole.py", "# by Edsger too")
    expect(edsger.page.locator(".csx-draft")).to_have_count(0)
    assert not edsger.problems, "\n".join(edsger.problems)


def test_a_part_comes_back_after_a_rename_and_a_restart(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "old.py").write_text(SOLVER)
    share(lab, "old.py", lines(4, 6), MINE)
    ada, grace = person("ada"), person("grace")
    grace.open_file("old.py")
    ada.open_file("old.py")
    ask(lab, "PATCH", "api/contents/old.py", {"path": "new.py"})
    grace.page.wait_for_function(f"() => ({FIND})('new.py') !== null", timeout=20_000)
    grace.type("new.py", "    # renamed\n", line=1)
    ada.wait_for_text("new.py", "renamed")
    lab.restart()
    # It begins anew, and for a moment is empty.
    grace.wait_for_text("new.py", "renamed", timeout_s=60)
    grace.type("new.py", "    # restarted\n", line=1)
    ada.page.wait_for_function(
        f"() => {{ const w = ({FIND})('new.py'); return w && "
        "w.context.model.sharedModel.getSource().includes('renamed'); }"
    )
    expect(grace.page.locator("#jp-main-statusbar .csx-connection")).to_contain_text(
        "Live", timeout=60_000
    )
    assert "renamed" in grace.text_of("new.py")
