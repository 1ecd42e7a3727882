"""Has two people use the demo, and takes their pictures side by side."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE = {"width": 960, "height": 760}
WORDS = (
    "# Ada: I'll try a smaller step here",
    "# Grace: fine, I'm adding Jupiter to the notes",
)
LINES = (1, 7)
SIDE_BY_SIDE = """<body style="margin:0;display:flex;gap:12px;background:#555">
{pictures}</body>"""


def take(links: list[str], target: Path) -> None:
    """Open every link, type in each, and write one picture to `target`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        pages = [_enter(browser.new_context(viewport=SIZE).new_page(), link) for link in links]
        for page, words, line in zip(pages, WORDS, LINES, strict=True):
            _type(page, words, line)
        for page in pages:
            for words in WORDS:
                page.get_by_text(words[:20]).first.wait_for(timeout=20_000)
        pages[0].wait_for_timeout(1500)
        images = [base64.b64encode(page.screenshot()).decode() for page in pages]
        pictures = "".join(f'<img src="data:image/png;base64,{image}">' for image in images)
        width = len(images) * SIZE["width"] + 12
        sheet = browser.new_page(viewport={"width": width, "height": SIZE["height"]})
        sheet.set_content(SIDE_BY_SIDE.format(pictures=pictures))
        target.parent.mkdir(parents=True, exist_ok=True)
        sheet.screenshot(path=target)
        browser.close()


def _enter(page: Page, link: str) -> Page:
    page.goto(link)
    page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=60_000)
    page.locator(".jp-FileEditor .cm-content").wait_for(timeout=60_000)
    page.get_by_text("Live", exact=True).first.wait_for(timeout=30_000)
    return page


def _type(page: Page, words: str, line: int) -> None:
    """Type a line of its own below `line`, unless an earlier demo did."""
    editor = page.locator(".jp-FileEditor .cm-content")
    if editor.get_by_text(words[:20]).count():
        return
    editor.locator(".cm-line").nth(line).click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type(words, delay=15)
