from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator
    from support.people import Person
    from support.servers import LabServer

SOURCE = '"""Tools."""\n\n\ndef hello():\n    print("hello")\n'
SAVED_WITHIN_S = 30

VERSIONS = """path => fetch(`/codesyncx/api/history/versions/${path}`)
  .then(answer => answer.json())
  .then(answer => answer.versions)"""


def _wait_for_versions(person: Person, path: str, count: int) -> list[dict[str, Any]]:
    """Wait until the server has kept so many versions of a file, newest first."""
    deadline = time.monotonic() + SAVED_WITHIN_S
    versions: list[dict[str, Any]] = []
    while len(versions) < count:
        assert time.monotonic() < deadline, versions
        person.page.wait_for_timeout(250)
        versions = person.page.evaluate(VERSIONS, path)
    return versions


def _author_of(editor: Locator, line: int) -> Locator:
    return editor.locator(".csx-author-gutter .csx-author-mark:visible").nth(line)


def _two_people(lab: LabServer, person: Callable[..., Person], path: str) -> list[Person]:
    (lab.root / path).write_text(SOURCE)
    people = [person("ada"), person("grace")]
    for somebody in people:
        somebody.open_file(path)
        somebody.wait_for_text(path, "hello")
    return people


def test_the_gutter_names_who_wrote_each_line(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    ada, grace = _two_people(lab, person, "authors.py")
    ada.type("authors.py", "# Ada: greets people\n", line=3)
    grace.wait_for_text("authors.py", "greets people\n")
    grace.type("authors.py", "# Grace: is this used?\n", line=4)
    ada.wait_for_text("authors.py", "used?\n")

    for somebody in (ada, grace):
        editor = somebody.open_file("authors.py")
        somebody.command("codesyncx:toggle-line-authors")
        names = ["From disk"] * 3 + ["Ada Lovelace", "Grace Hopper"] + ["From disk"] * 2
        for line, name in enumerate(names):
            expect(_author_of(editor, line)).to_have_attribute("data-author", name)

    editor = ada.open_file("authors.py")
    ada.type("authors.py", "Ada adds here. ", line=4, column=2)
    _author_of(editor, 4).hover()
    tooltip = ada.page.locator(".csx-author-tooltip")
    expect(tooltip).to_contain_text("Grace Hopper")
    expect(tooltip).to_contain_text("Ada Lovelace")
    ada.screenshot(pictures / "history-authors.png")

    ada.command("codesyncx:toggle-line-authors")
    expect(editor.locator(".csx-author-gutter")).to_have_count(0)
    ada.place_cursor("authors.py", line=3)
    ada.command("codesyncx:show-line-author")
    expect(tooltip).to_contain_text("Ada Lovelace")
    ada.page.keyboard.press("ArrowDown")
    expect(tooltip).to_have_count(0)
    assert ada.problems == []


def test_a_version_is_restored_for_everybody_and_undone(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    ada, grace = _two_people(lab, person, "restored.py")
    ada.type("restored.py", "# Ada was here\n", line=3)
    _wait_for_versions(ada, "restored.py", 2)
    grace.wait_for_text("restored.py", "# Ada was here\n")
    grace.type("restored.py", "# Grace was here\n", line=3)
    newest = _wait_for_versions(ada, "restored.py", 3)[0]
    assert [one["name"] for one in newest["people"]] == ["Grace Hopper"]
    assert (newest["added"], newest["removed"]) == (1, 0)

    ada.command("codesyncx:open-history", path="restored.py")
    rows = ada.page.locator(".csx-version")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Grace Hopper")
    expect(rows.last).to_contain_text("From disk")
    expect(ada.page.locator(".csx-diff-view .cm-changedLine")).to_have_text("# Grace was here")
    rows.first.focus()
    ada.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    expect(ada.page.locator(".csx-diff-view .cm-changedLine")).to_have_text("# Ada was here")
    ada.screenshot(pictures / "history-versions.png")

    rows.last.click()
    before = ada.text_of("restored.py")
    ada.page.locator(".csx-restore-version").click()
    grace.page.wait_for_function(
        "source => [...window.jupyterapp.shell.widgets('main')].some("
        "w => w.context?.model.sharedModel.getSource() === source)",
        arg=SOURCE,
    )
    assert ada.text_of("restored.py") == SOURCE

    ada.place_cursor("restored.py", line=0)
    ada.page.keyboard.press("Control+z")
    grace.wait_for_text("restored.py", before)
    assert ada.problems == []


def test_what_one_deleted_is_put_back_where_it_was(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    ada, grace = _two_people(lab, person, "deleted.py")
    ada.place_cursor("deleted.py", line=3)
    for _ in range(2):
        ada.page.keyboard.press("Control+Shift+K")
    assert "def hello" not in ada.text_of("deleted.py")
    grace.type("deleted.py", "# Grace\n", line=0)
    ada.wait_for_text("deleted.py", "# Grace\n")

    ada.command("codesyncx:open-deletions", path="deleted.py")
    expect(ada.page.locator(".csx-deletion-text")).to_contain_text("def hello():")
    ada.page.get_by_role("button", name="Put back “def hello").click()
    grace.wait_for_text("deleted.py", f"# Grace\n{SOURCE}")
    expect(ada.page.locator(".csx-deletion")).to_have_count(0)
    assert ada.problems == []


def test_one_change_since_a_version_is_put_back(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "piece.py").write_text(SOURCE + "\n\n# between\n\n\nx = 1\n")
    ada = person("ada")
    ada.open_file("piece.py")
    ada.wait_for_text("piece.py", "x = 1")
    ada.place_cursor("piece.py", line=4)
    ada.page.keyboard.press("Control+Shift+K")
    ada.type("piece.py", "y = 2\n", line=9)
    _wait_for_versions(ada, "piece.py", 2)
    ada.command("codesyncx:open-history", path="piece.py")
    ada.page.locator(".csx-version").last.click()
    ada.page.get_by_label("Compare").select_option("present")
    buttons = ada.page.locator(".csx-diff-put-back")
    expect(buttons).to_have_count(2)
    buttons.first.click()
    expect(buttons).to_have_count(1)
    assert ada.text_of("piece.py").startswith(SOURCE)
    assert "y = 2" in ada.text_of("piece.py")


def _notebook(*sources: str) -> str:
    cells = [
        {
            "id": f"cell-{index}",
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _cell_sources(person: Person) -> list[str]:
    sources: list[str] = person.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells"
        ".map(cell => cell.source)"
    )
    return sources


def test_a_notebook_has_authors_and_versions_by_cells(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / "work.ipynb").write_text(_notebook("x = 1", "y = 2"))
    ada = person("ada")
    notebook = ada.open_file("work.ipynb")
    notebook.locator(".jp-CodeCell .cm-content").first.click()
    ada.page.keyboard.press("Control+End")
    ada.page.keyboard.type("\nprint('Ada')")
    ada.page.keyboard.press("Escape")
    ada.page.keyboard.press("b")
    expect(notebook.locator(".jp-CodeCell")).to_have_count(3)
    _wait_for_versions(ada, "work.ipynb", 2)

    ada.command("codesyncx:toggle-line-authors")
    first = notebook.locator(".jp-CodeCell").first
    expect(_author_of(first, 0)).to_have_attribute("data-author", "From disk")
    expect(_author_of(first, 1)).to_have_attribute("data-author", "Ada Lovelace")
    ada.screenshot(pictures / "history-notebook.png")

    ada.command("codesyncx:open-history")
    expect(ada.page.locator(".csx-diff-view")).to_contain_text("print('Ada')")
    ada.page.locator(".csx-version").last.click()
    ada.page.locator(".csx-restore-version").click()
    ada.open_file("work.ipynb")
    ada.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells.length === 2"
    )
    assert _cell_sources(ada) == ["x = 1", "y = 2"]
    ada.command("notebook:undo-cell-action")
    assert _cell_sources(ada) == ["x = 1\nprint('Ada')", "", "y = 2"]
    assert ada.problems == []


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_history_can_be_used_by_keyboard_in_both_themes(
    lab: LabServer, person: Callable[..., Person], theme: str
) -> None:
    path = f"{theme[-4:]}.py"
    (lab.root / path).write_text(SOURCE)
    ada = person("ada")
    ada.theme(theme)
    ada.open_file(path)
    ada.type(path, "# new\n", line=3)
    _wait_for_versions(ada, path, 2)
    ada.command("codesyncx:open-history")
    selected = ada.page.locator('.csx-version[aria-selected="true"]')
    expect(selected).to_have_count(1)
    selected.focus()
    ada.page.keyboard.press("Shift+Tab")
    expect(ada.page.get_by_role("tab", name="Versions")).to_be_focused()
    ada.page.keyboard.press("ArrowRight")
    expect(ada.page.get_by_role("tab", name="What I deleted")).to_have_attribute(
        "aria-selected", "true"
    )
    ada.page.keyboard.press("ArrowLeft")
    expect(selected).to_have_count(1)
    expect(ada.page.locator(".csx-diff-view .cm-changedLine")).to_be_visible()
    violations = Axe().run(ada.page, context=".csx-history").response["violations"]
    assert [(one["id"], one["nodes"]) for one in violations] == []
    assert ada.problems == []


def test_the_timeline_of_jupyter_collaboration_still_opens(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "stock.py").write_text(SOURCE)
    ada = person("ada")
    ada.open_file("stock.py")
    ada.type("stock.py", "# new\n", line=0)
    icon = ada.page.locator("#jp-slider-status-bar, .jp-timestampDisplay, .jp-sliderContainer")
    ada.page.locator(".jp-StatusBar-Left svg[data-icon='ui-components:history']").click()
    expect(icon.first).to_be_visible(timeout=15_000)
    assert ada.problems == []


def test_an_open_history_follows_a_rename(lab: LabServer, person: Callable[..., Person]) -> None:
    (lab.root / "old.py").write_text(SOURCE)
    ada = person("ada")
    ada.open_file("old.py")
    ada.type("old.py", "# new\n", line=0)
    _wait_for_versions(ada, "old.py", 2)
    ada.page.locator(".jp-DirListing-item", has_text="old.py").click(button="right")
    ada.page.get_by_role("menuitem", name="History", exact=True).click()
    rows = ada.page.locator(".csx-version")
    expect(rows).to_have_count(2)
    ada.page.get_by_role("button", name="Name…").click()
    ada.page.locator("dialog.jp-Dialog input").fill("Handed in")
    ada.page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("Handed in")
    ada.page.evaluate(
        "() => window.jupyterapp.serviceManager.contents.rename('old.py', 'renamed.py')"
    )
    expect(ada.page.get_by_role("tab", name="History: renamed.py")).to_be_visible()
    versions = _wait_for_versions(ada, "renamed.py", 2)
    assert [len(version["people"]) for version in versions] == [1, 0]
    expect(rows).to_have_count(2)
