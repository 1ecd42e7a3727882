"""Bad connections: what was typed without a server is there once, and the person is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, WebSocketRoute
    from support.people import Person
    from support.servers import LabServer

SOURCE = "def add(a, b):\n    return a - b\n"
BACK_MS = 40_000
"""How long a line may take to come back: the longest pause between attempts and a start."""


@pytest.fixture(autouse=True)
def _running(lab: LabServer) -> Iterator[None]:
    yield
    try:
        os.kill(lab.pid, signal.SIGCONT)
    except RuntimeError:
        lab.start()


def indicator(somebody: Person) -> Locator:
    return somebody.page.locator("#jp-main-statusbar .csx-connection")


def write(lab: LabServer, name: str, text: str = SOURCE) -> str:
    (lab.root / name).write_text(text)
    return name


def wait_until(claim: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def assert_no_dialog(somebody: Person) -> None:
    expect(somebody.page.locator(".jp-Dialog")).to_have_count(0)
    assert somebody.problems == []


def assert_accessible(somebody: Person, *parts: str) -> None:
    for part in parts:
        results = Axe().run(somebody.page, context=part)
        assert results.violations_count == 0, results.generate_report()


def come_back(somebody: Person, path: str) -> None:
    """As closing the tab and opening it again: the old page is told nothing."""
    old = somebody.page
    somebody.page = somebody.context.new_page()
    old.close()
    somebody.enter()
    somebody.open_file(path)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_indicator_says_how_the_line_is(
    lab: LabServer, person: Callable[..., Person], pictures: Path, theme: str
) -> None:
    name = write(lab, f"says-{theme}.py")
    ada = person("ada")
    ada.theme(f"JupyterLab {theme}")
    ada.open_file(name)
    expect(indicator(ada)).to_have_text("Live")
    expect(indicator(ada)).to_have_attribute("role", "status")

    ada.type(name, "# one\n")
    expect(indicator(ada)).to_have_text("Saved")

    os.kill(lab.pid, signal.SIGSTOP)
    ada.type(name, "# two\n")
    expect(indicator(ada)).to_have_text("Saving…")
    expect(indicator(ada)).to_have_text("Offline", timeout=10_000)
    expect(ada.page.locator(".jp-Document .csx-connection")).to_have_text("Offline")
    assert_accessible(ada, ".jp-Document .csx-connection", "#jp-main-statusbar .csx-connection")
    ada.screenshot(pictures / f"offline-{theme.lower()}.png")

    os.kill(lab.pid, signal.SIGCONT)
    expect(indicator(ada)).to_have_text("Live", timeout=BACK_MS)
    expect(ada.page.locator(".jp-Document .csx-connection")).to_be_hidden()
    wait_until(lambda: "# two\n# one\n" in (lab.root / name).read_text(), "not on the disk")
    assert_no_dialog(ada)


def test_the_indicator_says_why_the_file_is_not_on_the_disk(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    name = write(lab, "locked.py")
    file = lab.root / name
    ada, grace = person("ada"), person("grace")
    ada.theme("JupyterLab Light")
    ada.open_file(name)
    grace.open_file(name)
    expect(indicator(grace)).to_have_text("Live")
    file.chmod(0o444)
    ada.type(name, "# one\n")
    reason = "Not saved to disk: The server may not write locked.py."
    for somebody in (ada, grace):
        button = indicator(somebody).get_by_role("button")
        expect(button).to_have_text(reason)
        expect(button).to_have_attribute("title", re.compile(f"^{re.escape(reason)} Your edits"))
        expect(somebody.page.locator(".jp-Document .csx-connection")).to_have_text(reason)
        expect(indicator(somebody)).to_have_attribute("aria-live", "polite")
    assert_accessible(ada, ".jp-Document .csx-connection", "#jp-main-statusbar .csx-connection")
    ada.screenshot(pictures / "unsaved.png")
    grace.wait_for_text(name, "# one")
    assert file.read_text() == SOURCE

    file.chmod(0o644)
    indicator(grace).get_by_role("button").click()
    for somebody in (ada, grace):
        expect(indicator(somebody)).to_have_text(re.compile("Live|Saved"))
        expect(somebody.page.locator(".jp-Document .csx-connection")).to_be_hidden()
        assert_no_dialog(somebody)
    wait_until(lambda: file.read_text() == f"# one\n{SOURCE}", "not on the disk")


def test_edits_of_a_document_that_was_started_over_become_a_draft(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    name = write(lab, "draft.py")
    ada = person("ada")
    ada.open_file(name)
    # What the server keeps of the document isn't to be older than its file.
    ada.type(name, "# sent\n")
    wait_until(lambda: "# sent" in (lab.root / name).read_text(), "not on the disk")
    lab.kill()
    ada.type(name, "# unsent\n")
    expect(indicator(ada)).to_have_text("Offline", timeout=10_000)
    shutil.rmtree(lab.folder / "data" / "codesyncx", ignore_errors=True)
    (lab.root / name).write_text(f"# from git\n{SOURCE}")
    lab.start()

    draft = ada.page.locator(".csx-draft")
    expect(draft).to_contain_text("Your unsent changes to draft.py are kept", timeout=BACK_MS)
    expect(indicator(ada)).to_have_text("Live", timeout=BACK_MS)
    assert ada.text_of(name) == f"# from git\n{SOURCE}"

    draft.get_by_role("button", name="Compare").click()
    expect(ada.page.locator(".csx-compare")).to_contain_text("# unsent")
    assert_accessible(ada, ".csx-draft-banner", ".csx-compare", ".csx-connection")
    ada.screenshot(pictures / "draft.png")
    ada.theme("JupyterLab Dark")
    assert_accessible(ada, ".csx-draft-banner", ".csx-compare", ".csx-connection")
    ada.screenshot(pictures / "draft-dark.png")
    ada.theme("JupyterLab Light")
    assert_no_dialog(ada)

    come_back(ada, name)
    draft = ada.page.locator(".csx-draft")
    expect(draft).to_be_visible()
    draft.get_by_role("button", name="Discard").click()
    expect(draft).to_have_count(0)
    come_back(ada, name)
    time.sleep(1)
    expect(ada.page.locator(".csx-draft")).to_have_count(0)


def test_saving_while_others_type_asks_nothing(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    name = write(lab, "hasty.py")
    ada, grace = person("ada"), person("grace")
    ada.open_file(name)
    grace.open_file(name)
    for number in range(8):
        grace.type(name, f"# {number}\n")
        for _ in range(4):
            for somebody in (ada, grace):
                somebody.page.keyboard.press("Control+s")
                assert_no_dialog(somebody)
            time.sleep(0.1)
    wait_until(lambda: "# 7\n" in (lab.root / name).read_text(), "not on the disk")
    time.sleep(1)
    for somebody in (ada, grace):
        assert_no_dialog(somebody)


def test_a_draft_is_inserted_where_it_belongs(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    name = write(lab, "insert.py")
    ada = person("ada")
    ada.open_file(name)
    lab.kill()
    ada.type(name, "    # unsent\n", line=1)
    expect(indicator(ada)).to_have_text("Offline", timeout=10_000)
    shutil.rmtree(lab.folder / "data" / "codesyncx", ignore_errors=True)
    (lab.root / name).write_text(f"# from git\n{SOURCE}")
    lab.start()

    insert = ada.page.locator(".csx-draft").get_by_role("button", name="Insert")
    insert.click(timeout=BACK_MS)
    expected = "# from git\ndef add(a, b):\n    # unsent\n    return a - b\n"
    wait_until(lambda: ada.text_of(name) == expected, "not inserted")
    wait_until(lambda: (lab.root / name).read_text() == expected, "not on the disk")
    expect(ada.page.locator(".csx-draft")).to_have_count(0)


def test_a_refused_edit_is_kept_with_the_reason(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    name = write(lab, "refused.py")
    ada = person("ada")
    reason = json.dumps({"code": "refused", "message": "Lines 1 to 3 are locked by Grace."})
    refuse = {"is_on": False}

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            # The frames of edits: sync, update.
            if refuse["is_on"] and isinstance(message, bytes) and message[:2] == b"\x00\x02":
                refuse["is_on"] = False
                socket.close(code=4403, reason=reason)
            else:
                server.send(message)

        socket.on_message(pass_on)

    ada.page.route_web_socket("**/api/collaboration/room/text:**", between)
    ada.reload()
    ada.open_file(name)
    refuse["is_on"] = True
    ada.type(name, "# no\n")

    draft = ada.page.locator(".csx-draft")
    expect(draft).to_contain_text("Lines 1 to 3 are locked by Grace.", timeout=10_000)
    wait_until(lambda: ada.text_of(name) == SOURCE, "not opened afresh")
    expect(indicator(ada)).to_have_text("Live")
    ada.screenshot(pictures / "refused.png")
    assert_no_dialog(ada)
    assert (lab.root / name).read_text() == SOURCE


def notebook(*sources: str) -> str:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for index, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": ""}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def cells_of(somebody: Person) -> list[str]:
    cells = somebody.page.locator(".jp-Notebook .jp-Cell .cm-content")
    return [cell.replace("\u200b", "") for cell in cells.all_inner_texts()]


def test_what_was_typed_offline_in_a_cell_that_somebody_removed_isnt_lost(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / "cells.ipynb").write_text(notebook("first = 1", "second = 2"))
    ada, grace = person("ada"), person("grace")
    ada.theme("JupyterLab Light")
    for somebody in (ada, grace):
        somebody.open_file("cells.ipynb")
        wait_until(lambda s=somebody: len(cells_of(s)) == 2, "no cells")  # type: ignore[misc]
    ada.context.set_offline(True)
    ada.page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    ada.page.keyboard.press("End")
    ada.page.keyboard.type("0  # offline")
    expect(indicator(ada)).to_have_text("Offline")
    grace.page.locator(".jp-Notebook .jp-Cell .jp-InputPrompt").first.click()
    grace.page.keyboard.press("d")
    grace.page.keyboard.press("d")
    wait_until(lambda: len(cells_of(grace)) == 1, "not removed")
    ada.context.set_offline(False)

    draft = ada.page.locator(".csx-draft")
    expect(draft).to_contain_text("The cell was removed or moved", timeout=BACK_MS)
    assert cells_of(ada) == ["second = 2"]
    assert_accessible(ada, ".csx-draft-banner")
    ada.screenshot(pictures / "removed-cell.png")
    draft.get_by_role("button", name="Insert").click()
    for somebody in (ada, grace):
        wait_until(
            lambda s=somebody: cells_of(s) == ["second = 2", "first = 10  # offline"],  # type: ignore[misc]
            "not brought back",
        )
    expect(ada.page.locator(".csx-draft")).to_have_count(0)
    assert_no_dialog(ada)
