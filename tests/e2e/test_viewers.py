"""People who may only read: what their lab offers them, and what it tells them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.share_dialog import LINES, dialog_of, write, write_notebook
from support.sharing import change_role, give

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.people import Person
    from support.servers import LabServer


def test_a_viewer_sees_no_error(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name, book = write(lab, "seen.py"), write_notebook(lab, "seen.ipynb")
    give(lab, "grace", "viewer")
    give(lab, "", "none")
    grace = person("grace")
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Viewer")
    grace.open_file(book)
    cell = grace.page.locator(".jp-CodeCell .cm-content").first
    cell.click()
    grace.page.keyboard.type("no")
    expect(grace.page.locator(".csx-lock-notice")).to_have_text(
        "You can read this notebook, not change it."
    )
    grace.page.keyboard.press("Shift+Enter")
    grace.open_file(name)
    grace.type(name, "no")
    grace.page.keyboard.press("Control+s")
    ada.open_file(name)
    ada.type(name, "# Ada\n")
    grace.wait_for_text(name, "# Ada\n")
    grace.screenshot(pictures / "sharing-viewer.png")
    files = grace.page.locator(".jp-FileBrowser-toolbar")
    button = files.locator('[data-command="filebrowser:create-new-directory"]')
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile("you may not create anything"))
    grace.page.locator(".jp-DirListing-item", has_text=name).click(button="right")
    for command in ("rename", "delete", "cut"):
        item = grace.page.locator(f'.lm-Menu-item[data-command="filebrowser:{command}"]')
        expect(item).to_have_class(re.compile("lm-mod-disabled"))
    grace.page.keyboard.press("Escape")
    grace.command("launcher:create")
    expect(grace.page.locator(".jp-Launcher:visible")).to_have_count(1)
    expect(grace.page.locator(".jp-LauncherCard", has_text="Terminal")).to_have_count(0)
    expect(grace.page.locator(".jp-LauncherCard", has_text="Text File")).to_have_count(0)
    expect(grace.page.locator("dialog[open], .Toastify__toast--error")).to_have_count(0)
    grace.page.locator(".csx-AccessBadge").click()
    explained = dialog_of(grace)
    expect(explained).to_contain_text("In the whole project: Viewer")
    assert grace.problems == []


def test_raising_and_lowering_take_effect_without_a_reload(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "live.py")
    grant = give(lab, "grace", "viewer", name)
    grace = person("grace")
    ada.open_file(name)
    grace.open_file(name)
    bar = grace.page.locator(".csx-AccessBar")
    expect(bar).to_contain_text("You can read this, not change it.")
    badge = grace.page.locator(".csx-AccessBadge")
    expect(badge).to_have_text("Viewer here")
    grace.type(name, "no", line=0)
    expect(grace.page.locator(".csx-lock-notice")).to_be_visible()
    assert grace.text_of(name) == LINES

    change_role(lab, grant, "editor")
    expect(bar).to_be_hidden()
    expect(badge).to_have_text("Editor")
    grace.type(name, "# hers\n", line=0)
    ada.wait_for_text(name, "# hers\n")

    change_role(lab, grant, "viewer")
    expect(bar).to_be_visible()
    grace.type(name, "no", line=0)
    grace.page.keyboard.press("Control+z")
    assert grace.text_of(name) == f"# hers\n{LINES}"
    expect(grace.page.locator(".csx-draft")).to_have_count(0)
    assert grace.problems == []


@pytest.mark.usefixtures("ada")
def test_text_can_be_run_without_a_kernel_and_code_says_that_it_needs_one(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "*Read* me"}
    code = {
        "cell_type": "code",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    for name, cells in (("text.ipynb", [text, text]), ("mixed.ipynb", [text, code])):
        with_ids = [{**cell, "id": f"cell{number}"} for number, cell in enumerate(cells)]
        content = {"cells": with_ids, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        write(lab, name, json.dumps(content))
    give(lab, "", "viewer")
    grace = person("grace")
    told = grace.page.locator(".Toastify__toast")
    notebook = grace.open_file("text.ipynb")
    for command in ("notebook:run-all-cells", "runmenu:run-all"):
        grace.command(command)
    expect(notebook.locator(".jp-MarkdownCell.jp-mod-rendered")).to_have_count(2)
    expect(told).to_have_count(0)
    expect(grace.page.locator("dialog[open]")).to_have_count(0)

    notebook = grace.open_file("mixed.ipynb")
    notebook.locator(".jp-MarkdownCell").click()
    grace.page.keyboard.press("Shift+Enter")
    expect(notebook.locator(".jp-MarkdownCell.jp-mod-rendered")).to_have_count(1)
    expect(told).to_have_count(0)
    grace.page.keyboard.press("ArrowUp")
    for command in ("notebook:run-all-cells", "notebook:run-all-below", "runmenu:run-all"):
        grace.command(command)
        expect(told).to_contain_text("only for people who may run code")
    expect(grace.page.locator("dialog[open]")).to_have_count(0)
    assert grace.problems == []
