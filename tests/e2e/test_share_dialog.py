"""The dialog in which an owner gives people, groups and guests something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.share_dialog import LINES, close_dialog, dialog_of, write
from support.sharing import ACCESS, ask, give

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.people import Person
    from support.servers import LabServer

THEMES = ["JupyterLab Light", "JupyterLab Dark"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_dialog_can_be_used_by_keyboard_in_both_themes(
    lab: LabServer, ada: Person, pictures: Path, theme: str
) -> None:
    name = write(lab, f"{theme[-4:].strip()}/keys.py")
    ada.theme(theme)
    ada.open_file(name)
    give(lab, "", "viewer")
    ada.page.keyboard.press("Control+Alt+s")
    dialog = dialog_of(ada)
    who = dialog.get_by_role("combobox", name="Add a person")
    expect(who).to_be_focused()
    keys = ada.page.keyboard
    keys.type("edsger")
    keys.press("Tab")
    expect(dialog.get_by_label("Role", exact=True)).to_be_focused()
    keys.type("E")
    expect(dialog.get_by_text("Editor: can read, change, create and delete files")).to_be_visible()
    keys.press("Tab")
    expect(dialog.get_by_label("For how long")).to_be_focused()
    keys.type("For a w")
    keys.press("Tab")
    keys.press("Enter")
    expect(dialog.get_by_text("edsger now has access: Editor")).to_be_visible()
    row = dialog.get_by_role("listitem").filter(has_text="edsger")
    expect(row).to_contain_text("until")
    expect(row).to_contain_text("given by")

    violations = []
    for tab, there in (
        ("Invite link", "Make link"),
        ("Groups", "Make group"),
        ("What they see", "Whose view"),
        ("Log", "Export all"),
        ("People", "Who has access"),
    ):
        dialog.get_by_role("tab", selected=True).focus()
        keys.press("Home")
        while dialog.get_by_role("tab", selected=True).text_content() != tab:
            keys.press("ArrowRight")
        expect(dialog.get_by_text(there).or_(dialog.get_by_label(there)).first).to_be_visible()
        found = Axe().run(ada.page, context=".csx-Share").response["violations"]
        violations += [(tab, one["id"], one["nodes"]) for one in found]
    assert violations == []
    suffix = "-dark" if "Dark" in theme else ""
    ada.screenshot(pictures / f"sharing-dialog{suffix}.png")
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    ada.theme(THEMES[0])
    assert ada.problems == []


def test_the_dialog_fits_a_narrow_window_and_right_to_left(lab: LabServer, ada: Person) -> None:
    name = write(lab, "narrow.py")
    ada.open_file(name)
    ada.page.set_viewport_size({"width": 640, "height": 400})
    ada.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    ada.command("codesyncx:share")
    dialog = dialog_of(ada)
    expect(dialog.get_by_role("button", name="Share", exact=True)).to_be_in_viewport()
    overflow = dialog.evaluate(
        "dialog => [...dialog.querySelectorAll('*')].filter(one =>"
        " one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'visible'"
        " && one.clientWidth > 0).map(one => one.className)"
    )
    assert overflow == []


@pytest.mark.usefixtures("ada")
def test_the_dialog_can_be_used_at_twice_the_size(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    name = write(lab, "zoomed.py")
    # A window of 1280 by 800 at 200 %.
    big = person("ada", viewport={"width": 640, "height": 400}, device_scale_factor=2)
    ask(lab, "POST", f"{ACCESS}/groups", {"name": "readers", "members": ["grace", "edsger"]})
    ask(lab, "POST", f"{ACCESS}/links", {"path": name, "role": "viewer", "name": "A link"})
    give(lab, "edsger", "editor", name)
    big.command("codesyncx:share", path=name)
    dialog = dialog_of(big)
    keys = big.page.keyboard
    for tab in ("People", "Invite link", "Groups", "What they see", "Log"):
        dialog.get_by_role("tab", name=tab, exact=True).press("Enter")
        expect(dialog.get_by_role("tab", selected=True)).to_have_text(tab)
        if tab == "Groups":
            dialog.get_by_role("button", name="Members of readers").press("Enter")
        expect(dialog.get_by_role("tabpanel").get_by_role("button").first).to_be_visible()
        dialog.get_by_role("button", name="Close").first.focus()
        reached = set()
        for _ in range(40):
            keys.press("Tab")
            where = big.page.evaluate(
                """() => {
                  const one = document.activeElement;
                  if (!one || !one.closest('.csx-Share')) return null;
                  const { left, right, top, bottom } = one.getBoundingClientRect();
                  const isSeen = left >= 0 && right <= innerWidth && top >= 0
                    && bottom <= innerHeight && one.contains(
                      document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
                  return [one.ariaLabel || one.textContent || one.tagName, isSeen];
                }"""
            )
            if where is None or where[0] in reached:
                break
            assert where[1] or where[0] == "Log", f"{where[0]} in {tab} can't be seen"
            reached.add(where[0])
        assert len(reached) > 3, reached
        cut = dialog.evaluate(
            "dialog => [...dialog.querySelectorAll('*')].filter(one =>"
            " one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0"
            " && !['auto', 'scroll'].includes(getComputedStyle(one).overflowX)"
            " && !['SELECT', 'INPUT'].includes(one.tagName)).map(one => one.className)"
        )
        assert cut == [], tab
    ask(lab, "DELETE", f"{ACCESS}/groups/readers")
    assert big.problems == []


def test_a_group_is_made_given_something_and_dissolved(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    folder = "team"
    write(lab, f"{folder}/plan.md", "# Plan\n")
    give(lab, "", "none", folder)
    grace = person("grace")
    names = grace.page.locator(".jp-DirListing-item .jp-DirListing-itemText")
    expect(names.filter(has_text=folder)).to_have_count(0)

    ada.command("codesyncx:share", path=folder, isFolder=True)
    dialog = dialog_of(ada)
    keys = ada.page.keyboard
    dialog.get_by_role("tab", name="Groups").click()
    dialog.get_by_label("Name of the new group").fill("assistants")
    keys.press("Enter")
    member = dialog.get_by_role("combobox", name="Add a person")
    expect(member).to_be_focused()
    keys.type("gra")
    expect(dialog.get_by_role("option", name="Grace Hopper")).to_be_visible()
    suggested = dialog.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(suggested).to_have_count(1)
    keys.press("Enter")
    keys.press("Enter")
    expect(dialog.get_by_role("list", name="Members")).to_have_text("Grace Hopper")
    expect(member).to_be_focused()
    keys.type("edsger")
    keys.press("Enter")
    expect(dialog.get_by_role("button", name="Members of assistants")).to_have_text("2 members")
    found = Axe().run(ada.page, context=".csx-Share").response["violations"]
    assert [(one["id"], one["nodes"]) for one in found] == []
    ada.screenshot(pictures / "sharing-groups.png")

    dialog.get_by_role("tab", name="People").click()
    who = dialog.get_by_role("combobox", name="Add a person")
    who.fill("assist")
    expect(dialog.get_by_role("option", name="assistants")).to_be_visible()
    keys.press("Enter")
    dialog.get_by_label("Role", exact=True).select_option("editor")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("assistants now has access: Editor")).to_be_visible()
    expect(names.filter(has_text=folder)).to_have_count(1)

    dialog.get_by_role("tab", name="Groups").click()
    dialog.get_by_role("button", name="Members of assistants").click()
    dialog.get_by_role("button", name="Remove edsger from assistants").click()
    expect(dialog.get_by_text("edsger no longer belongs to assistants")).to_be_visible()
    dialog.get_by_role("button", name="Delete the group assistants").click()
    expect(dialog.get_by_text("What was given to it ends at once")).to_be_visible()
    dialog.get_by_role("button", name="Really delete the group assistants").click()
    expect(dialog.get_by_text("There are none.")).to_be_visible()
    expect(names.filter(has_text=folder)).to_have_count(0)
    dialog.get_by_role("tab", name="People").click()
    expect(dialog.get_by_role("listitem").filter(has_text="assistants")).to_have_count(0)
    assert ada.problems + grace.problems == []


def test_an_end_set_in_the_dialog_takes_effect_when_it_comes(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "ending.py")
    give(lab, "", "viewer", name)
    give(lab, "grace", "editor", name)
    grace = person("grace")
    grace.open_file(name)
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Editor")
    ada.command("codesyncx:share", path=name)
    row = dialog_of(ada).get_by_role("listitem").filter(has_text="Grace Hopper")
    end = row.get_by_role("button", name="Change how long Grace Hopper has access")
    expect(end).to_have_text("No end")
    end.click()
    row.get_by_label("How long Grace Hopper has access").select_option("For a day")
    expect(end).to_contain_text("until")
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Editor")
    end.click()
    # The field takes seconds too, and tests are in a hurry.
    soon = ada.page.evaluate(
        "() => new Date(Date.now() + 4000 - new Date().getTimezoneOffset() * 60000)"
        ".toISOString().slice(0, 19)"
    )
    row.get_by_label("Ends at").fill(soon)
    bar = grace.page.locator(".csx-AccessBar")
    expect(bar).to_contain_text("You can read this, not change it.")
    expect(row).to_have_count(0)
    grace.type(name, "no")
    assert grace.text_of(name) == LINES
    assert ada.problems + grace.problems == []


def test_single_permissions_are_given_instead_of_a_role(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "single/permissions.py")
    give(lab, "", "none", "single")
    ada.command("codesyncx:share", path="single", isFolder=True)
    dialog = dialog_of(ada)
    ada.page.keyboard.type("grace")
    ada.page.keyboard.press("Tab")
    role = dialog.get_by_label("Role", exact=True)
    role.select_option("Viewer")
    role.select_option("Custom…")
    may = dialog.get_by_role("group", name="May")
    may.get_by_label("change").check()
    expect(may.get_by_label("read")).to_be_disabled()
    expect(dialog.get_by_text("Can read and change.")).to_be_visible()
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("grace now has access: Custom")).to_be_visible()

    grace = person("grace")
    grace.open_file(name)
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Custom here")
    grace.type(name, "# hers\n")
    expect(grace.page.locator("#jp-main-statusbar")).to_contain_text("Saved")
    grace.page.locator(".csx-AccessBadge").click()
    explained = dialog_of(grace)
    expect(explained).to_contain_text("You can: read, change")
    expect(explained).to_contain_text("Not: create files, delete files, run code")
    close_dialog(grace)

    row = dialog.get_by_role("group", name="May").last
    row.get_by_label("change").click()
    expect(grace.page.locator(".csx-AccessBar")).to_contain_text("You can read this")
    row.get_by_label("create files").click()
    expect(row.get_by_label("create files")).to_be_checked()
    row.get_by_label("change").click()
    expect(grace.page.locator(".csx-AccessBar")).to_be_hidden()
    assert ada.problems + grace.problems == []


@pytest.mark.usefixtures("ada")
def test_a_refusal_is_told_in_the_dialog_and_nothing_typed_is_lost(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    name = write(lab, "refusal.py")
    give(lab, "grace", "maintainer", name, expires_at=None)
    grace = person("grace")
    grace.open_file(name)
    grace.command("codesyncx:share", path=name)
    dialog = dialog_of(grace)
    expect(dialog.get_by_role("tab", name="Log")).to_have_count(0)
    grace.page.keyboard.type("edsger")
    dialog.get_by_label("What", exact=True).select_option(label="the project")
    expect(dialog.get_by_role("alert")).to_contain_text("You may not share the project")
    expect(dialog.get_by_role("combobox", name="Add a person")).to_have_value("edsger")
    # The browser itself notes the refused requests.
    assert [problem for problem in grace.problems if "403" not in problem] == []


def test_an_owner_sees_what_somebody_sees_and_what_happened(
    lab: LabServer, ada: Person, pictures: Path
) -> None:
    write(lab, "course/task.py")
    write(lab, "course/solutions/task.py")
    give(lab, "edsger", "runner", "course")
    give(lab, "edsger", "none", "course/solutions")
    ada.command("codesyncx:share", path="course", isFolder=True)
    dialog = dialog_of(ada)
    dialog.get_by_role("tab", name="What they see").click()
    dialog.get_by_role("button", name="edsger").click()
    tree = dialog.get_by_role("tree")
    expect(tree.get_by_role("treeitem", name="task.py")).to_contain_text("Runner")
    expect(tree.get_by_role("treeitem", name="solutions")).to_contain_text("hidden")
    ada.screenshot(pictures / "sharing-preview.png")

    dialog.get_by_role("tab", name="Log").click()
    dialog.get_by_label("What happened").select_option("granted")
    rows = dialog.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Gave access: edsger")
    with ada.page.expect_download() as download:
        dialog.get_by_role("button", name="Export all").click()
    entries = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert {"granted"} <= {entry["what"] for entry in entries}
    close_dialog(ada)
    assert ada.problems == []
