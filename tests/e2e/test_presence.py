from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.crowd import Crowd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator
    from support.people import Person
    from support.servers import LabServer

LINES = "".join(f"x{number} = {number}\n" for number in range(1, 301))
ANSWER_MS = 20_000
#: Without the room engine a newcomer learns of the others when they next say something.
PATIENCE_MS = 40_000


@pytest.fixture(autouse=True)
def project(lab: LabServer) -> None:
    if (lab.root / "src").exists():
        return
    (lab.root / "src").mkdir()
    (lab.root / "src" / "solver.py").write_text(LINES)
    (lab.root / "README.md").write_text("# Orbits\n" * 80)
    cells = [
        {
            "cell_type": "code",
            "id": f"cell{n}",
            "source": f"y = {n}\n" * 6,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n in range(1, 31)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (lab.root / "orbit.ipynb").write_text(json.dumps(notebook))


def people_panel(person: Person) -> Locator:
    person.command("codesyncx:show-people")
    panel = person.page.locator(".csx-People")
    expect(panel).to_be_visible()
    return panel


def row_of(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("treeitem", name=name)


def wait_until_together(*people: Person) -> None:
    for one in people:
        faces = one.page.locator(".csx-PeopleBar-face")
        expect(faces).to_have_count(len(people) - 1, timeout=PATIENCE_MS)


def follow(follower: Person, leader: str) -> Locator:
    follower.command("codesyncx:follow-person", username=leader)
    frame = follower.page.locator(".csx-FollowFrame")
    expect(frame).to_be_visible()
    return frame


def current_path(person: Person) -> str | None:
    path: str | None = person.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget?.context?.path ?? null"
    )
    return path


def wait_for_view(person: Person, path: str, text: str) -> None:
    """Wait until this document is in front and this text is in the window."""
    person.page.wait_for_function(
        "path => window.jupyterapp.shell.currentWidget?.context?.path === path",
        arg=path,
        timeout=ANSWER_MS,
    )
    line = person.page.locator(".jp-Document:not(.lm-mod-hidden) .cm-line", has_text=text)
    expect(line.first).to_be_in_viewport(timeout=ANSWER_MS)


def test_the_panel_tells_who_is_where_and_what_they_do(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    ada.open_file("README.md")
    grace.open_file("src/solver.py")
    wait_until_together(ada, grace)
    panel = people_panel(ada)

    grace.place_cursor("src/solver.py", line=41)
    expect(row_of(panel, "Grace Hopper: reading · line 42, src/solver.py")).to_be_visible()
    grace.page.keyboard.type("#")
    expect(row_of(panel, "Grace Hopper: editing · line 42, src/solver.py")).to_be_visible()
    expect(row_of(panel, "src/solver.py: 1 person")).to_be_visible()
    first = panel.get_by_role("treeitem").first
    expect(first).to_contain_text("Ada Lovelace")
    expect(ada.page.locator(".jp-RTCPanel")).to_have_count(0)
    assert ada.problems == []


def test_one_person_in_two_browsers_is_one_person(person: Callable[..., Person]) -> None:
    ada, _, third = person("ada"), person("grace"), person("grace")
    third.open_file("README.md")
    panel = people_panel(ada)
    expect(row_of(panel, "Grace Hopper")).to_have_count(1, timeout=PATIENCE_MS)
    expect(row_of(panel, "Grace Hopper")).to_contain_text("reading")
    expect(panel.locator(".csx-People-title")).to_contain_text("2")


def test_a_click_goes_to_where_they_are(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("src/solver.py")
    grace.place_cursor("src/solver.py", line=199)
    wait_until_together(ada, grace)
    panel = people_panel(ada)
    expect(row_of(panel, "Grace Hopper: reading · line 200")).to_be_visible()
    row_of(panel, "Grace Hopper").click()
    wait_for_view(ada, "src/solver.py", "x200 = 200")
    ada.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.editor"
        ".getCursorPosition().line === 199"
    )


def test_the_keyboard_alone_reaches_everything(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("src/solver.py")
    wait_until_together(ada, grace)
    panel = people_panel(ada)
    expect(row_of(panel, "src/solver.py: 1 person")).to_be_visible()
    panel.get_by_role("tree").focus()
    keys = ada.page.keyboard
    keys.press("ArrowDown")
    keys.press("ArrowLeft")
    expect(row_of(panel, "Grace Hopper")).to_have_count(0)
    keys.press("ArrowRight")
    keys.press("End")
    keys.press("f")
    expect(ada.page.locator(".csx-FollowFrame")).to_be_visible()
    keys.press("Escape")
    expect(ada.page.locator(".csx-FollowFrame")).to_have_count(0)
    people_panel(ada).get_by_role("tree").focus()
    keys.press("End")
    keys.press("Enter")
    wait_for_view(ada, "src/solver.py", "x1 = 1")


def test_following_goes_along_across_files_until_escape(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("README.md")
    wait_until_together(ada, grace)
    frame = follow(ada, "grace")
    expect(frame).to_contain_text("Following Grace Hopper · Esc to stop")
    wait_for_view(ada, "README.md", "# Orbits")
    followed = grace.page.locator(".csx-PeopleBar-followers")
    expect(followed).to_have_text("1 person follows you")

    grace.open_file("src/solver.py")
    grace.place_cursor("src/solver.py", line=249)
    wait_for_view(ada, "src/solver.py", "x250 = 250")

    grace.open_file("orbit.ipynb")
    grace.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 24; }"
    )
    wait_for_view(ada, "orbit.ipynb", "y = 25")

    ada.page.keyboard.press("Escape")
    expect(frame).to_have_count(0)
    expect(followed).to_have_count(0)
    grace.open_file("README.md")
    grace.page.wait_for_timeout(1500)
    assert current_path(ada) == "orbit.ipynb"
    assert ada.problems == []


def test_typing_or_a_click_in_an_editor_stops_following(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("src/solver.py")
    wait_until_together(ada, grace)
    frame = follow(ada, "grace")
    wait_for_view(ada, "src/solver.py", "x1 = 1")
    ada.page.locator(".jp-Document:not(.lm-mod-hidden) .cm-content").focus()
    ada.page.keyboard.press("Control+b")
    expect(frame).to_be_visible()
    ada.page.keyboard.type("#")
    expect(frame).to_have_count(0)

    follow(ada, "grace")
    ada.page.locator(".jp-Document:not(.lm-mod-hidden) .cm-line").nth(3).click()
    expect(frame).to_have_count(0)


def test_following_survives_their_reload_and_ends_when_they_leave(
    person: Callable[..., Person],
) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("src/solver.py")
    wait_until_together(ada, grace)
    frame = follow(ada, "grace")
    wait_for_view(ada, "src/solver.py", "x1 = 1")

    grace.reload()
    grace.open_file("README.md")
    wait_for_view(ada, "README.md", "# Orbits")
    expect(frame).to_contain_text("Following Grace Hopper")

    grace.page.close()
    expect(frame).to_contain_text("Waiting for Grace Hopper", timeout=60_000)
    notice = ada.page.get_by_text("Grace Hopper has left. You no longer follow.")
    expect(notice.first).to_be_visible(timeout=60_000)
    expect(frame).to_have_count(0)


def test_two_people_cannot_lead_each_other(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("README.md")
    wait_until_together(ada, grace)
    follow(ada, "grace")
    expect(grace.page.locator(".csx-PeopleBar-followers")).to_be_visible()
    grace.command("codesyncx:follow-person", username="ada")
    expect(grace.page.get_by_text("Ada Lovelace follows you already.").first).to_be_visible()
    expect(grace.page.locator(".csx-FollowFrame")).to_have_count(0)


def test_running_a_cell_shows_until_it_is_done(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("orbit.ipynb")
    wait_until_together(ada, grace)
    panel = people_panel(ada)
    grace.page.evaluate(
        """async () => {
          const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
          await sessionContext.ready;
          content.activeCellIndex = 2;
          content.activeCell.model.sharedModel.setSource('import time; time.sleep(4)');
        }"""
    )
    expect(row_of(panel, "Grace Hopper: reading · cell 3, orbit.ipynb")).to_be_visible()
    grace.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(row_of(panel, "Grace Hopper: running · cell 3")).to_be_visible(timeout=ANSWER_MS)
    expect(row_of(panel, "Grace Hopper: reading · cell 3")).to_be_visible(timeout=ANSWER_MS)


def test_the_top_bar_keeps_to_one_line_when_zoomed_in(person: Callable[..., Person]) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    wait_until_together(ada, grace, edsger)
    follow(grace, "ada")
    expect(ada.page.locator(".csx-PeopleBar-followers")).to_be_visible()
    ada.page.set_viewport_size({"width": 640, "height": 400})
    expect(ada.page.locator(".csx-PeopleBar-face")).to_have_count(2)
    expect(ada.page.locator(".csx-PeopleBar-more")).to_have_count(0)
    expect(ada.page.locator(".csx-PeopleBar-followers")).to_have_text("1")
    me = ada.page.locator("#jp-UserMenu").bounding_box()
    assert me is not None
    assert me["y"] < 10
    assert me["x"] + me["width"] <= 640


def test_faces_show_on_tabs_and_on_files_and_folders(person: Callable[..., Person]) -> None:
    ada, grace = person("ada"), person("grace")
    for one in (ada, grace):
        one.open_file("README.md")
    wait_until_together(ada, grace)
    tab = ada.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text="README.md")
    expect(tab.locator(".csx-Avatar")).to_have_text("GH")
    row = ada.page.locator(".jp-DirListing-item", has_text="README.md")
    expect(row.locator(".csx-Faces")).to_have_attribute("aria-label", "Open by Grace Hopper")

    grace.open_file("src/solver.py")
    folder = ada.page.locator(".jp-DirListing-item", has_text="src")
    expect(folder.locator(".csx-Avatar")).to_have_text("GH")
    expect(tab.locator(".csx-Avatar")).to_have_count(0)
    expect(row.locator(".csx-Avatar.csx-mod-dimmed")).to_have_count(1)


def test_an_owner_brings_everyone_who_wants_to_come(person: Callable[..., Person]) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    ada.open_file("src/solver.py")
    ada.place_cursor("src/solver.py", line=11)
    wait_until_together(ada, grace, edsger)
    expect(people_panel(grace).get_by_text("Bring everyone here")).to_have_count(0)
    people_panel(ada).get_by_role("button", name="Bring everyone here").click()
    asked = "Ada Lovelace asks everyone to solver.py:12"
    for one in (grace, edsger):
        expect(one.page.get_by_text(asked).first).to_be_visible()
    grace.page.get_by_role("button", name="Go there").click()
    edsger.page.get_by_role("button", name="Stay").click()
    wait_for_view(grace, "src/solver.py", "x12 = 12")
    assert current_path(edsger) is None
    expect(ada.page.get_by_text(asked)).to_have_count(0)


def test_who_is_no_owner_cannot_bring_everyone(person: Callable[..., Person]) -> None:
    ada, edsger = person("ada"), person("edsger")
    refused = edsger.page.evaluate(
        """async () => {
          const xsrf = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '';
          const response = await fetch('/codesyncx/api/presence/summon', {
            method: 'POST',
            headers: { 'X-XSRFToken': xsrf },
            body: JSON.stringify({ path: 'README.md' })
          });
          return [response.status, (await response.json()).code];
        }"""
    )
    assert refused == [403, "refused"]
    expect(ada.page.get_by_text("asks everyone")).to_have_count(0)


def test_a_hundred_people_are_found_at_once(lab: LabServer, person: Callable[..., Person]) -> None:
    ada = person("ada")
    ada.open_file("README.md")
    panel = people_panel(ada)
    with Crowd(lab, 99) as crowd:
        for index in range(99):
            crowd.tell(index, path=f"file{index % 12}.py", line=index + 1)
        expect(panel.locator(".csx-People-title")).to_contain_text("100", timeout=PATIENCE_MS)
        expect(ada.page.locator(".csx-PeopleBar-more")).to_have_text("+94")
        drawn = panel.get_by_role("treeitem").count()
        assert drawn < 40
        slowest_ms = ada.page.evaluate(
            """async () => {
              const tree = document.querySelector('.csx-People-tree');
              let slowest = 0;
              for (let top = 0; top < tree.scrollHeight; top += 300) {
                const begin = performance.now();
                tree.scrollTop = top;
                await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                slowest = Math.max(slowest, performance.now() - begin);
              }
              return slowest;
            }"""
        )
        assert slowest_ms < 250
        search = panel.get_by_role("searchbox")
        search.fill("guest42")
        expect(row_of(panel, "Guest42")).to_be_visible()
        search.fill("file7")
        expect(panel.locator(".csx-People-person")).to_have_count(8)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_everybody_can_use_the_panel(
    theme: str, person: Callable[..., Person], pictures: Path
) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    grace.open_file("src/solver.py")
    edsger.open_file("README.md")
    wait_until_together(ada, grace, edsger)
    follow(edsger, "ada")
    ada.open_file("src/solver.py")
    grace.type("src/solver.py", "# faster\n", line=3)
    ada.theme(theme)
    panel = people_panel(ada)
    row_of(panel, "Grace Hopper").hover()
    expect(panel.locator(".csx-People-followers")).to_be_visible()
    for part in (".csx-People", ".csx-PeopleBar"):
        results = Axe().run(ada.page, context=part)
        assert results.violations_count == 0, results.generate_report()
    ada.screenshot(pictures / f"presence-{theme.split()[1].lower()}.png")
    follow(ada, "grace")
    wait_for_view(ada, "src/solver.py", "# faster")
    results = Axe().run(ada.page, context=".csx-FollowFrame")
    assert results.violations_count == 0, results.generate_report()
    ada.screenshot(pictures / f"presence-follow-{theme.split()[1].lower()}.png")
