"""Cells of a notebook that are somebody's to change while the others are locked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from support.share_dialog import close_dialog, dialog_of, write_notebook
from support.sharing import give

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator
    from support.people import Person
    from support.servers import LabServer


SOURCES = (
    "name => [...window.jupyterapp.shell.widgets('main')].find(w => w.context?.path === name)"
    ".context.model.sharedModel.cells.map(cell => cell.source)"
)


def drag_cell(person: Person, notebook: Locator, source: int, target: int) -> None:
    """Drag a cell by its prompt, and drop it on the upper half of another."""
    cells = notebook.locator(".jp-CodeCell")
    start = cells.nth(source).locator(".jp-InputArea-prompt").bounding_box()
    end = cells.nth(target).bounding_box()
    assert start is not None
    assert end is not None
    mouse = person.page.mouse
    mouse.move(start["x"] + 20, start["y"] + 8)
    mouse.down()
    for step in range(1, 9):
        y = start["y"] + 8 + (end["y"] + 4 - start["y"] - 8) * step / 8
        mouse.move(start["x"] + 60, y)
    mouse.up()
    expect(person.page.locator(".jp-dragImage")).to_have_count(0)


def test_cells_of_a_notebook_are_shared_and_the_others_stay_as_they_are(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name = write_notebook(lab, "work.ipynb")
    give(lab, "grace", "viewer", name)
    notebook = ada.open_file(name)
    ada.page.evaluate(
        """() => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.activeCellIndex = 1;
          content.extendContiguousSelectionTo(2);
        }"""
    )
    ada.command("codesyncx:share-selection")
    dialog = dialog_of(ada)
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Share 2 cells of work.ipynb")
    ada.page.keyboard.type("grace")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("now has access: Editor")).to_be_visible()
    close_dialog(ada)
    expect(notebook.locator(".csx-cell-other")).to_have_count(2)

    grace = person("grace")
    hers = grace.open_file(name)
    expect(hers.locator(".csx-cell-own")).to_have_count(2)
    expect(hers.locator(".csx-cell-locked")).to_have_count(3)
    hers.locator(".jp-CodeCell .cm-content").nth(1).click()
    grace.page.keyboard.press("Control+End")
    grace.page.keyboard.type("\n# Grace")
    ada.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells[1].source"
        ".includes('# Grace')"
    )
    hers.locator(".jp-CodeCell .cm-content").nth(3).click()
    grace.page.keyboard.type("nothing of this")
    expect(grace.page.locator(".csx-lock-notice")).to_contain_text("marked as yours")
    grace.screenshot(pictures / "sharing-cells.png")
    grace.page.keyboard.press("Escape")
    told = grace.page.locator(".Toastify__toast")
    for keys, command, why in (
        ("dd", "Delete Cell", "this cell is locked for you"),
        ("m", "Change to Markdown Cell Type", "this cell is locked for you"),
        ("x", "Cut Cell", "this cell is locked for you"),
        ("a", "Insert Cell Above", "only some of this is yours to change"),
        ("v", "Paste Cell Below", "only some of this is yours to change"),
        ("Shift+M", "Merge", "this cell is locked for you"),
    ):
        for key in [keys] if "+" in keys else keys:
            grace.page.keyboard.press(key)
        expect(told).to_have_text(re.compile(f"{command}.*: {why}"))
    grace.page.keyboard.press("ArrowUp")
    for keys in ("dd", "x", "m"):
        grace.page.keyboard.type(keys)
        expect(told).to_contain_text("you can change your cells, not add, move or remove any")
    sources = grace.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells"
        ".map(cell => cell.source)"
    )
    assert sources == [f"y = {n}\nprint(y)" + ("\n# Grace" if n == 2 else "") for n in range(1, 6)]
    grace.page.keyboard.press("Shift+Enter")
    expect(grace.page.get_by_text("only for people who may run code").first).to_be_visible()
    expect(grace.page.locator(".csx-draft")).to_have_count(0)
    assert ada.problems + grace.problems == []


def test_cells_are_dragged_only_where_that_changes_nothing_locked(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write_notebook(lab, "drag.ipynb")
    give(lab, "grace", "viewer", name)
    cells = {"kind": "cells", "cell_ids": ["cell2", "cell3"]}
    give(lab, "grace", "editor", name, range=cells)
    locked = {"kind": "cells", "cell_ids": ["cell4"]}
    give(lab, "edsger", "viewer", name, range=locked)
    grace, edsger = person("grace"), person("edsger")
    hers, his, book = grace.open_file(name), edsger.open_file(name), ada.open_file(name)
    expect(hers.locator(".csx-cell-own")).to_have_count(2)
    expect(his.locator(".csx-cell-locked")).to_have_count(1)
    cells_of = {one: f"y = {one}\nprint(y)" for one in range(1, 6)}

    def order(*numbers: int) -> list[str]:
        return [cells_of[number] for number in numbers]

    # Who has only some cells moves none: neither out of nor within them.
    for source, target in ((1, 4), (1, 2), (4, 1)):
        drag_cell(grace, hers, source, target)
        notice = grace.page.get_by_text(re.compile("cells that are marked as yours|locked for you"))
        expect(notice.first).to_be_visible()
        assert grace.page.evaluate(SOURCES, name) == order(1, 2, 3, 4, 5)
    # Who may change all but one moves the others, even over it, but not that one.
    drag_cell(edsger, his, 3, 0)
    expect(edsger.page.get_by_text("This cell is locked for you.").first).to_be_visible()
    assert edsger.page.evaluate(SOURCES, name) == order(1, 2, 3, 4, 5)
    drag_cell(edsger, his, 4, 0)
    for somebody in (ada, grace, edsger):
        somebody.page.wait_for_function(
            f"([name, wanted]) => JSON.stringify(({SOURCES})(name)) === JSON.stringify(wanted)",
            arg=[name, order(5, 1, 2, 3, 4)],
        )
    expect(hers.locator(".csx-cell-own")).to_have_count(2)
    expect(his.locator(".csx-cell-locked")).to_have_count(1)
    drag_cell(ada, book, 4, 0)
    for somebody in (ada, grace, edsger):
        somebody.page.wait_for_function(
            f"([name, wanted]) => JSON.stringify(({SOURCES})(name)) === JSON.stringify(wanted)",
            arg=[name, order(4, 5, 1, 2, 3)],
        )
    expect(his.locator(".csx-cell-locked")).to_have_count(1)
    for somebody in (ada, grace, edsger):
        expect(somebody.page.locator(".csx-draft")).to_have_count(0)
        assert somebody.problems == []
