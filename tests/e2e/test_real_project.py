"""Whole working days in a project that really exists: several people, real keyboards, no losses."""

from __future__ import annotations

import json
import time
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.people import FIND
from support.real_project import NOTEBOOK, unpack
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator
    from support.people import Person

    Come = Callable[..., Person]

APP = "src/flask/app.py"
ADAS = "ADA WRITES IN CAPITALS SO THAT EVERY ONE OF HER LETTERS IS KNOWN, ÄÖÜ TOO. "
GRACES = "grace writes small letters, all of them in her own order, and a few äöü. "
BACK_MS = 40_000
"""How long a line may take to come back: the longest pause between attempts and a start."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab on the project as its authors published it; each test has files of its own."""
    root = unpack(tmp_path_factory.mktemp("published"))
    assert sum(path.is_file() for path in root.rglob("*")) > 100
    with LabServer(tmp_path_factory.mktemp("lab"), root=root) as server:
        yield server


@pytest.fixture(autouse=True)
def _running(lab: LabServer) -> Iterator[None]:
    yield
    lab.ensure_running()


def type_together(*writers: tuple[Person, str]) -> None:
    """Let everybody type at the same time, a key each in turn and without a pause."""
    for keys in zip_longest(*(text for _, text in writers)):
        for (somebody, _), key in zip(writers, keys, strict=True):
            if key:
                somebody.page.keyboard.type(key)


def kept(text: str, typed: str) -> str:
    """Pick the letters of one person, who has a case of their own, out of a text of several."""
    is_mine = str.isupper if typed.isupper() else str.islower
    return "".join(letter for letter in text if is_mine(letter))


def assert_all_there(text: str, *typed: str) -> None:
    """Assert that what people typed is there: every letter, once, in its order."""
    for one in typed:
        assert kept(text, one) == kept(one, one)
    assert len(text) == sum(map(len, typed))


def agree(lab: LabServer, path: str, *people: Person) -> str:
    """Wait until all pages and the file on the disk are identical; gives the text."""
    deadline = time.monotonic() + 30
    while True:
        texts = {somebody.text_of(path) for somebody in people}
        texts.add((lab.root / path).read_text())
        if len(texts) == 1:
            return texts.pop()
        assert time.monotonic() < deadline, texts
        time.sleep(0.1)


def cells_of(notebook: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(cell["id"], cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def agree_on_notebook(lab: LabServer, *people: Person) -> list[str]:
    """Wait until all pages and the notebook on the disk have the same cells; gives their text."""
    look = f"path => ({FIND})(path).context.model.sharedModel.toJSON()"
    deadline = time.monotonic() + 30
    while True:
        versions = [cells_of(somebody.page.evaluate(look, NOTEBOOK)) for somebody in people]
        versions.append(cells_of(json.loads((lab.root / NOTEBOOK).read_text())))
        if all(version == versions[0] for version in versions):
            return [source for _, _, source in versions[0]]
        assert time.monotonic() < deadline, versions
        time.sleep(0.1)


def indicator(somebody: Person) -> Locator:
    return somebody.page.locator("#jp-main-statusbar .csx-connection")


def click_into_cell(somebody: Person, index: int) -> None:
    """Put the cursor at the end of a cell, with the mouse and the keyboard."""
    cell = somebody.page.locator(".jp-Notebook .jp-Cell").nth(index)
    if cell.locator(".jp-MarkdownOutput").is_visible():
        cell.dblclick()
    cell.locator(".cm-content").click()
    somebody.page.keyboard.press("Control+End")


def open_by_mouse(somebody: Person, *names: str) -> None:
    """Go through the file browser, from the folder that it shows."""
    for name in names:
        row = somebody.page.locator(".jp-DirListing-item").filter(
            has=somebody.page.get_by_text(name, exact=True)
        )
        row.dblclick()


def in_view(somebody: Person, path: str, text: str) -> None:
    """Wait until a document is in front here, with this text in the window."""
    somebody.page.wait_for_function(
        "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=path
    )
    line = somebody.page.locator(".jp-Document:not(.lm-mod-hidden) .cm-line", has_text=text)
    expect(line.first).to_be_in_viewport()


def test_two_people_type_in_the_same_line_and_in_far_ones(lab: LabServer, person: Come) -> None:
    before = (lab.root / APP).read_text().split("\n")
    empty, far = before.index(""), before.index("class Flask(App):") - 1
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.open_file(APP)
        somebody.place_cursor(APP, line=empty)
    type_together((ada, ADAS), (grace, GRACES))
    text = agree(lab, APP, ada, grace).split("\n")
    assert_all_there(text[empty], ADAS, GRACES)

    ada.place_cursor(APP, line=far)
    type_together((ada, ADAS), (grace, GRACES))
    text = agree(lab, APP, ada, grace).split("\n")
    assert text[far] == ADAS
    assert_all_there(text[empty], ADAS, GRACES * 2)
    rest = [line for number, line in enumerate(text) if number not in {empty, far}]
    assert rest == [line for number, line in enumerate(before) if number not in {empty, far}]
    assert ada.problems == grace.problems == []


def test_three_people_type_in_three_files_that_all_have_open(lab: LabServer, person: Come) -> None:
    paths = ("src/flask/views.py", "README.md", "pyproject.toml")
    people = dict(zip(paths, map(person, ("ada", "grace", "edsger")), strict=True))
    before = {path: (lab.root / path).read_text() for path in paths}
    words = {path: f"# {path}: typed by {who.username}, slowly.\n" for path, who in people.items()}
    for path in paths:
        for somebody in people.values():
            somebody.open_file(path, factory="Editor")
    for path, writer in people.items():
        writer.place_cursor(path, line=0)
    type_together(*((writer, words[path]) for path, writer in people.items()))
    for path in people:
        assert agree(lab, path, *people.values()) == words[path] + before[path]
    assert [somebody.problems for somebody in people.values()] == [[], [], []]


def test_two_people_type_in_one_notebook(lab: LabServer, person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.open_file(NOTEBOOK)
    before = agree_on_notebook(lab, ada, grace)
    for somebody in (ada, grace):
        click_into_cell(somebody, 5)
    type_together((ada, ADAS), (grace, GRACES))
    click_into_cell(ada, 4)
    click_into_cell(grace, 2)
    type_together((ada, ADAS), (grace, GRACES))
    sources = agree_on_notebook(lab, ada, grace)
    assert_all_there(sources[5], ADAS, GRACES)
    assert sources[4] == before[4] + ADAS
    assert sources[2] == before[2] + GRACES
    assert (sources[:2], sources[3]) == (before[:2], before[3])

    ada.page.keyboard.press("Shift+Enter")
    click_into_cell(ada, 3)
    ada.page.keyboard.type("[2:]")
    ada.page.keyboard.press("Shift+Enter")
    assert ada.problems == grace.problems == []


def test_a_server_killed_while_two_people_type_loses_nothing(lab: LabServer, person: Come) -> None:
    path = "src/flask/sessions.py"
    before = (lab.root / path).read_text().split("\n")
    empty = before.index("")
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    for somebody in (ada, grace, edsger):
        somebody.open_file(path)
        somebody.place_cursor(path, line=empty)
    type_together((ada, ADAS), (grace, GRACES))
    lab.kill()
    type_together((ada, ADAS), (grace, GRACES))
    for somebody in (ada, grace):
        expect(indicator(somebody)).to_have_text("Offline", timeout=10_000)
    lab.start()
    type_together((ada, ADAS), (grace, GRACES))
    for somebody in (ada, grace, edsger):
        expect(indicator(somebody)).to_have_text("Live", timeout=BACK_MS)

    text = agree(lab, path, ada, grace, edsger).split("\n")
    assert_all_there(text.pop(empty), ADAS * 3, GRACES * 3)
    assert text == [*before[:empty], *before[empty + 1 :]]
    type_together((ada, ADAS), (grace, GRACES))
    newcomer = person("linus")
    newcomer.open_file(path)
    text = agree(lab, path, ada, grace, edsger, newcomer)
    assert_all_there(text.split("\n")[empty], ADAS * 4, GRACES * 4)
    assert ada.problems == grace.problems == edsger.problems == []


def test_a_server_killed_while_two_people_type_in_a_notebook_loses_nothing(
    lab: LabServer, person: Come
) -> None:
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.open_file(NOTEBOOK)
    before = agree_on_notebook(lab, ada, grace)
    click_into_cell(ada, 1)
    click_into_cell(grace, 2)
    type_together((ada, ADAS), (grace, GRACES))
    lab.kill()
    type_together((ada, ADAS), (grace, GRACES))
    lab.start()
    for somebody in (ada, grace):
        expect(indicator(somebody)).to_have_text("Live", timeout=BACK_MS)
    sources = agree_on_notebook(lab, ada, grace)
    assert sources[1] == before[1] + ADAS * 2
    assert sources[2] == before[2] + GRACES * 2
    assert (sources[0], sources[3:]) == (before[0], before[3:])
    assert ada.problems == grace.problems == []


def test_what_was_typed_offline_outlives_the_page_and_the_server(
    lab: LabServer, person: Come
) -> None:
    path = "src/flask/config.py"
    before = (lab.root / path).read_text().split("\n")
    empty = before.index("")
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.open_file(path)
        somebody.place_cursor(path, line=empty)
    type_together((ada, ADAS), (grace, GRACES))
    agree(lab, path, ada, grace)
    lab.kill()
    ada.page.keyboard.type(ADAS)
    expect(indicator(ada)).to_have_text("Offline", timeout=10_000)
    ada.close_page()
    lab.start()
    expect(indicator(grace)).to_have_text("Live", timeout=BACK_MS)
    grace.page.keyboard.type(GRACES)
    text = agree(lab, path, grace)
    assert_all_there(text.split("\n")[empty], ADAS, GRACES * 2)

    ada.come_back(path)
    text = agree(lab, path, ada, grace)
    assert_all_there(text.split("\n")[empty], ADAS * 2, GRACES * 2)
    ada.reload()
    ada.open_file(path)
    assert agree(lab, path, ada, grace) == text
    assert [line for number, line in enumerate(text.split("\n")) if number != empty] == [
        line for number, line in enumerate(before) if number != empty
    ]
    assert ada.problems == grace.problems == []


def test_a_line_broken_for_one_only_keeps_their_edits_over_a_reload(
    lab: LabServer, person: Come
) -> None:
    path = "src/flask/helpers.py"
    empty = (lab.root / path).read_text().split("\n").index("")
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.open_file(path)
        somebody.place_cursor(path, line=empty)
    ada.context.set_offline(True)
    type_together((ada, ADAS), (grace, GRACES))
    expect(indicator(ada)).to_have_text("Offline", timeout=20_000)
    assert agree(lab, path, grace).split("\n")[empty] == GRACES
    ada.close_page()
    ada.context.set_offline(False)
    ada.come_back(path)
    assert_all_there(agree(lab, path, ada, grace).split("\n")[empty], ADAS, GRACES)
    assert ada.problems == grace.problems == []


def test_a_day_of_three_following_renaming_and_pointing_at_code(
    lab: LabServer, person: Come, pictures: Path
) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    ada.command("codesyncx:follow-person", username="grace")
    expect(ada.page.locator(".csx-FollowFrame")).to_contain_text("Following Grace Hopper")
    open_by_mouse(grace, "src", "flask", "json", "provider.py")
    in_view(ada, "src/flask/json/provider.py", "from __future__ import annotations")
    grace.page.locator(".jp-BreadCrumbs-item", has_text="flask").click()
    open_by_mouse(grace, "blueprints.py")
    in_view(ada, "src/flask/blueprints.py", "from __future__ import annotations")
    code = (lab.root / "src/flask/blueprints.py").read_text().split("\n")
    method = code.index("    def get_send_file_max_age(self, filename: str | None) -> int | None:")
    grace.place_cursor("src/flask/blueprints.py", line=method)
    in_view(ada, "src/flask/blueprints.py", "def get_send_file_max_age")
    ada.screenshot(pictures / "real-project-follow.png")

    # Ada points at the method; meanwhile the file changes, and its name too.
    ada.page.keyboard.press("Escape")
    ada.place_cursor("src/flask/blueprints.py", line=method)
    for key in ("Shift+ArrowDown", "Shift+End", "Control+Alt+c"):
        ada.page.keyboard.press(key)
    link = f"blueprints.py:{method + 1}-{method + 2}"
    expect(ada.page.locator(".csx-chat-link", has_text=link)).to_be_visible()
    edsger.open_file("src/flask/blueprints.py")
    edsger.type("src/flask/blueprints.py", "# One more\n# line or two\n# above.\n", line=1)
    edsger.place_cursor("src/flask/blueprints.py", line=0)
    row = grace.page.locator(".jp-DirListing-item", has_text="blueprints.py")
    row.click()
    grace.page.keyboard.press("F2")
    grace.page.locator(".jp-DirListing-editor").fill("parts.py")
    type_together((edsger, "# Edsger goes on typing over the rename.\n"), (grace, "\n"))
    path = "src/flask/parts.py"
    for somebody in (ada, grace, edsger):
        tab = somebody.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="parts.py")
        expect(tab).to_be_visible()
    text = agree(lab, path, ada, grace, edsger)
    assert text.split("\n")[0] == "# Edsger goes on typing over the rename."
    assert len(text.split("\n")) == len(code) + 4
    assert not (lab.root / "src/flask/blueprints.py").exists()

    grace.command("codesyncx:open-chat")
    grace.page.locator(".csx-chat-link", has_text=link).click()
    expect(grace.page.locator(".cm-line.csx-chat-highlight")).to_have_text(
        code[method : method + 2]
    )
    grace.screenshot(pictures / "real-project-link.png")
    assert ada.problems == grace.problems == edsger.problems == []
