"""The Run panel in little room, in the dark and right to left, and by keys alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator
    from support.people import Person
    from support.servers import LabServer

LONG = "A run whose title is as long as a title may be, and then some words"
RUN_TOML = f"""\
[run.unit]
title = "{LONG}"
kind = "test"
command = "echo made > result-with-a-very-long-name-that-goes-on-and-on.txt; echo tested"

[run.lint]
title = "Lint"
kind = "lint"
command = "exit 3"
"""


def check(person: Person, *parts: str) -> None:
    for part in parts:
        results = Axe().run(person.page, context=part)
        assert results.violations_count == 0, results.generate_report()


def fits(part: Locator) -> None:
    """Fail if something in it stands out at a side."""
    wider: list[str] = part.evaluate(
        """node => {
          const box = node.getBoundingClientRect();
          return [...node.querySelectorAll('button, input, summary, p, li, h2, h3, meter')]
            .filter(one => {
              const inner = one.getBoundingClientRect();
              const shows = inner.width > 0 && getComputedStyle(one).visibility !== 'hidden';
              return shows && (inner.left < box.left - 1 || inner.right > box.right + 1);
            })
            .map(one => one.outerHTML.slice(0, 120));
        }"""
    )
    assert wider == []


def test_the_panel_fits_at_200_percent_right_to_left_and_in_the_dark(
    lab: LabServer, person: Callable[..., Person], tmp_path: Path
) -> None:
    (lab.root / ".codesyncx").mkdir(exist_ok=True)
    (lab.root / ".codesyncx" / "run.toml").write_text(RUN_TOML)
    ada = person("ada")
    page = ada.page
    ada.command("codesyncx:run-show")
    panel = page.get_by_role("region", name="Run", exact=True)
    panel.get_by_role("button", name=LONG).focus()
    page.keyboard.press("Enter")
    view = page.locator(".csx-RunView")
    expect(view.get_by_role("status").first).to_contain_text("Done")
    panel.get_by_role("button", name="Lint", exact=True).focus()
    page.keyboard.press("Enter")
    expect(view.get_by_role("status").first).to_contain_text("Exit code 3")
    # By keys alone: the files of a commit that isn't there, and back to those of now.
    panel.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("no-such-branch")
    expect(panel.locator("summary")).to_have_text("Files of no-such-branch")
    panel.get_by_role("button", name="Lint", exact=True).focus()
    page.keyboard.press("Enter")
    expect(view.get_by_role("status").first).to_contain_text(
        re.compile("no git repository|has no commit")
    )
    panel.get_by_label("Branch, tag or commit").fill("")
    panel.get_by_role("button", name=re.compile(f"{LONG}.*Done")).first.click()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        ada.command("apputils:change-theme", theme=theme)
        for direction in ("ltr", "rtl"):
            page.evaluate("d => { document.documentElement.dir = d; }", direction)
            # 1280 by 800 pixels, zoomed in.
            page.set_viewport_size({"width": 640, "height": 400})
            fits(panel)
            fits(view.locator(".csx-RunView-header"))
            fits(view.locator(".csx-RunView-details"))
            page.screenshot(path=tmp_path / f"run-{theme[-4:].strip()}-{direction}.png")
            check(ada, ".csx-Run", ".csx-RunView")
            page.set_viewport_size({"width": 1280, "height": 800})
            page.screenshot(path=tmp_path / f"run-wide-{theme[-4:].strip()}-{direction}.png")
    ada.command("apputils:change-theme", theme="JupyterLab Light")
    assert ada.problems == []
