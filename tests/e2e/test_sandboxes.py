"""A guest at their browser: a notebook that runs in a sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.people import Person
from support.servers import LabServer
from support.sharing import ask, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CELL = "print(open('planets.txt').read())\nimport os\nprint(sorted(os.listdir('..')))"
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "c1",
            "metadata": {},
            "source": CELL,
            "outputs": [],
        }
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    folder = tmp_path_factory.mktemp("sandboxes")
    for name, text in (
        ("open/planets.txt", "Mercury, Venus"),
        ("open/orbits.ipynb", json.dumps(NOTEBOOK)),
        ("hidden/secret.py", "secret\n"),
    ):
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with LabServer(folder, default_role="none") as lab:
        yield lab


def test_a_guest_runs_a_cell_of_a_notebook(browser: Browser, server: LabServer) -> None:
    made = ask(server, "POST", "codesyncx/api/access/links", {"path": "open", "role": "editor"})
    guest = Person(browser, server, "guest")
    join(guest.page, server, made["url"], "Zoë")
    notebook = guest.open_file("open/orbits.ipynb")
    expect(notebook.locator(".jp-Toolbar-kernelName")).to_have_text(
        "Python 3 (ipykernel) (sandbox)"
    )
    expect(guest.page.get_by_text("(sandbox) | Idle")).to_be_visible()
    notebook.locator(".jp-Cell .cm-content").first.click()
    guest.page.keyboard.press("Shift+Enter")
    output = notebook.locator(".jp-OutputArea-output").first
    expect(output).to_contain_text("Mercury, Venus")
    expect(output).to_contain_text("['open']")
    assert guest.problems == []
    guest.leave()


def test_who_may_run_and_not_edit_is_told_to_take_a_console(
    browser: Browser, server: LabServer
) -> None:
    made = ask(server, "POST", "codesyncx/api/access/links", {"path": "open", "role": "runner"})
    guest = Person(browser, server, "runner")
    join(guest.page, server, made["url"], "Yara")
    guest.open_file("open/orbits.ipynb")
    guest.command("notebook:run-cell")
    expect(guest.page.locator(".Toastify__toast")).to_contain_text("run it in a console")
    assert guest.problems == []
    guest.leave()
