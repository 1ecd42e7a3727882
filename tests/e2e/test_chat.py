"""The project chat between two people at two browsers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Route
    from support.people import Person
    from support.servers import LabServer

    Come = Callable[..., Person]

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+F"
    "AAhKDveksOjmAAAAAElFTkSuQmCC"
)
PASTE = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type }));
  const input = document.querySelector('.csx-chat-body textarea');
  input.focus();
  input.dispatchEvent(
    new ClipboardEvent('paste', { clipboardData: files, bubbles: true, cancelable: true })
  );
}"""

NOTIFICATIONS = """() => {
  window.told = [];
  window.Notification = class {
    static permission = 'granted';
    static requestPermission() { return Promise.resolve('granted'); }
    constructor(title, options) { window.told.push([title, options.body]); }
    close() {}
  };
  Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
}"""


def open_chat(somebody: Person) -> Locator:
    """Open the panel; gives it, once the channel is there."""
    somebody.command("codesyncx:open-chat")
    panel = somebody.page.locator(".csx-chat-panel")
    expect(panel.locator(".jp-chat-input-container textarea").first).to_be_visible()
    return panel


def say(somebody: Person, text: str) -> None:
    """Write a message into the open channel."""
    box = somebody.page.locator(".csx-chat-body textarea").first
    box.click()
    box.type(text)
    box.press("Enter")
    shown = text.replace("*", "").replace("`", "")
    expect(somebody.page.locator(".jp-chat-message", has_text=shown).first).to_be_visible()


def message(panel: Locator, text: str) -> Locator:
    return panel.locator(".jp-chat-message", has_text=text).last


def test_a_message_arrives_and_what_is_unread_follows_the_person(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    panel = open_chat(ada)
    say(ada, "Hello **Grace**, the tests are `green`")

    tab = grace.page.locator(".csx-chat-tab")
    expect(tab).to_have_attribute("data-csx-unread", "1")
    other = open_chat(grace)
    expect(message(other, "the tests are")).to_be_visible()
    expect(other.locator("strong", has_text="Grace").first).to_be_visible()
    expect(tab).not_to_have_class("csx-mod-unread")
    expect(panel.locator(".csx-chat-channel")).to_have_count(1)

    # Closed again in this browser, and read in that one.
    grace.page.locator(".csx-chat-tab").click()
    expect(other).to_be_hidden()
    at_home = person("grace")
    at_home.page.locator(".csx-chat-panel").wait_for(state="attached")
    expect(at_home.page.locator(".csx-chat-tab.csx-mod-unread")).to_have_count(0)
    say(ada, "One more")
    expect(tab).to_have_attribute("data-csx-unread", "1")
    expect(at_home.page.locator(".csx-chat-tab")).to_have_attribute("data-csx-unread", "1")
    open_chat(at_home)
    expect(at_home.page.locator(".csx-chat-tab.csx-mod-unread")).to_have_count(0)
    expect(grace.page.locator(".csx-chat-tab.csx-mod-unread")).to_have_count(0)
    assert ada.problems == grace.problems == at_home.problems == []


def test_what_is_typed_while_the_chat_opens_is_not_lost(person: Come) -> None:
    ada = person("ada")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    ada.page.route("**/api/collaboration/session/**", hold)
    ada.page.evaluate("() => void window.jupyterapp.commands.execute('codesyncx:open-chat')")
    panel = ada.page.locator(".csx-chat-panel")
    expect(panel).to_be_focused()
    ada.page.keyboard.type("No twoo")
    ada.page.keyboard.press("Backspace")
    while not held:
        ada.page.wait_for_timeout(50)
    # The input comes while more is typed, and is replaced by another one a moment later.
    held.pop().continue_()
    ada.page.keyboard.type(" letters of this sentence may be lost or change places", delay=20)
    box = panel.locator(".jp-chat-input-container textarea").first
    expect(box).to_be_focused()
    box.press("Enter")
    said = "No two letters of this sentence may be lost or change places"
    expect(message(panel, said)).to_be_visible()
    assert ada.problems == []


def test_a_link_to_lines_points_right_after_edits(
    lab: LabServer, person: Come, pictures: Path
) -> None:
    code = "".join(f"def step_{n}(x):\n    return x + {n}\n\n" for n in range(20))
    (lab.root / "solver.py").write_text(code)
    ada, grace = person("ada"), person("grace")
    ada.open_file("solver.py")
    ada.place_cursor("solver.py", line=9)
    ada.page.keyboard.press("Shift+ArrowDown")
    ada.page.keyboard.press("Shift+End")
    ada.page.keyboard.press("Control+Alt+c")
    panel = ada.page.locator(".csx-chat-panel")
    expect(panel.locator(".csx-chat-link", has_text="solver.py:10-11")).to_be_visible()

    ada.type("solver.py", "# one\n# two\n# three\n")
    ada.wait_for_text("solver.py", "# three\ndef step_0")
    open_chat(grace)
    grace.page.locator(".csx-chat-link").last.click()
    lines = grace.page.locator(".cm-line.csx-chat-highlight")
    expect(lines).to_have_text(["def step_3(x):", "    return x + 3"])
    place = grace.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.editor.getSelection().start.line"
    )
    assert place == 12
    grace.screenshot(pictures / "chat.png")
    grace.theme("JupyterLab Dark")
    grace.screenshot(pictures / "chat-dark.png")
    assert ada.problems == grace.problems == []


def test_a_link_to_a_cell_opens_the_notebook_there(lab: LabServer, person: Come) -> None:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "metadata": {},
            "source": f"a = {n}\nb = a",
            "outputs": [],
            "execution_count": None,
        }
        for n in range(30)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (lab.root / "notes.ipynb").write_text(json.dumps(notebook))
    ada, grace = person("ada"), person("grace")
    ada.open_file("notes.ipynb")
    ada.page.evaluate(
        """async () => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = 20;
          await notebook.scrollToCell(notebook.widgets[20]);
          await notebook.widgets[20].ready;
          notebook.widgets[20].editor.setSelection(
            { start: { line: 1, column: 0 }, end: { line: 1, column: 5 } });
        }"""
    )
    ada.command("codesyncx:send-selection-to-chat")
    expect(ada.page.locator(".csx-chat-link", has_text="notes.ipynb:2")).to_be_visible()
    open_chat(grace)
    grace.page.locator(".csx-chat-link", has_text="notes.ipynb:2").click()
    expect(grace.page.locator(".csx-chat-highlight")).to_have_text(["b = a"])
    index = grace.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    )
    assert index == 20


def test_channels_search_replies_and_reactions(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    panel = open_chat(ada)
    panel.get_by_role("button", name="New channel").click()
    ada.page.locator(".jp-Dialog input").fill("release plan")
    ada.page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(panel.locator(".csx-chat-channel[aria-current]")).to_have_text("#release plan")
    say(ada, "Freeze on Friday")

    other = open_chat(grace)
    channel = other.locator(".csx-chat-channel", has_text="release plan")
    expect(channel.locator(".csx-chat-badge")).to_have_text("1")
    channel.click()
    said = message(other, "Freeze on Friday")
    said.hover()
    said.get_by_role("button", name="React", exact=True).click()
    said.get_by_role("button", name="🎉", exact=True).click()
    reaction = message(panel, "Freeze on Friday").locator(".csx-chat-reaction")
    expect(reaction).to_have_text("🎉 1")
    reaction.click()
    expect(said.locator(".csx-chat-reaction")).to_have_text("🎉 2")

    said.get_by_role("button", name="Reply").click()
    expect(other.locator(".csx-chat-reply")).to_contain_text("Freeze on Friday")
    say(grace, "Fine with me")
    expect(other.locator(".csx-chat-reply")).to_have_count(0)
    answer = message(panel, "Fine with me")
    expect(answer.locator(".csx-chat-quote")).to_contain_text("Freeze on Friday")

    search = panel.get_by_role("searchbox")
    expect(search).to_be_visible()
    search.fill("freeze friday")
    expect(panel.locator(".csx-chat-hit")).to_have_count(1)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        ada.theme(theme)
        # Not the input: its textarea with the role combobox is jupyterlab-chat's.
        for part in (".csx-chat-top", ".jp-chat-messages-container"):
            results = Axe().run(ada.page, context=part)
            assert results.violations_count == 0, results.generate_report()
    panel.locator(".csx-chat-hit").click()
    expect(panel.locator(".csx-mod-found")).to_have_count(1)
    search.press("Escape")
    expect(panel.locator(".csx-chat-channel")).to_have_count(2)
    assert ada.problems == grace.problems == []


def test_the_desktop_tells_of_mentions_while_the_page_is_hidden(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    open_chat(ada)
    other = open_chat(grace)
    grace.page.evaluate(NOTIFICATIONS)
    other.get_by_role("button", name="Desktop notifications are off").click()
    bell = other.get_by_role("button", name="Desktop notifications for mentions")
    expect(bell).to_be_visible()
    say(ada, "Nobody in particular")
    box = ada.page.locator(".csx-chat-body textarea").first
    box.click()
    box.type("@Grace")
    ada.page.locator("[role=option]", has_text="Grace-Hopper").click()
    box.type("a word?")
    box.press("Enter")
    grace.page.wait_for_function("() => window.told.length > 0")
    told = grace.page.evaluate("() => window.told")
    assert told == [["Ada Lovelace in general", "@Grace-Hopper a word?"]]
    bell.click()
    other.get_by_role("button", name="Desktop notifications for every message").click()
    expect(other.get_by_role("button", name="Desktop notifications are off")).to_be_visible()


def test_an_open_channel_follows_its_file(lab: LabServer, person: Come) -> None:
    ada = person("ada")
    panel = open_chat(ada)
    say(ada, "Before the move")
    folder = lab.root / "chats"
    (folder / "general.chat").rename(folder / "lobby.chat")
    current = panel.locator(".csx-chat-channel[aria-current]")
    expect(current).to_have_text("#lobby", timeout=10_000)
    say(ada, "After the move")
    for _ in range(40):
        if "After the move" in (folder / "lobby.chat").read_text():
            break
        ada.page.wait_for_timeout(250)
    assert "After the move" in (folder / "lobby.chat").read_text()
    assert not (folder / "general.chat").exists()
    assert ada.problems == []

    (folder / "lobby.chat").unlink()
    expect(current).to_have_text("#general", timeout=10_000)


def test_everyone_in_the_project_can_be_mentioned(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    open_chat(ada)
    box = ada.page.locator(".csx-chat-body textarea").first
    box.click()
    box.type("@Grace")
    ada.page.locator("[role=option]", has_text="Grace-Hopper").click()
    box.type("please look")
    box.press("Enter")
    panel = open_chat(grace)
    expect(message(panel, "please look").locator(".jp-chat-mention")).to_be_visible()


def test_a_pasted_picture_is_shown_and_a_huge_file_refused(lab: LabServer, person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    open_chat(ada)
    ada.page.evaluate(PASTE, ["a plot.png", "image/png", PNG])
    expect(ada.page.locator(".csx-chat-body .jp-chat-attachment")).to_have_count(1)
    say(ada, "The residuals")
    panel = open_chat(grace)
    picture = message(panel, "The residuals").locator(".csx-chat-image img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 10
    stored = lab.root / "chats/attachments/a plot.png"
    assert stored.read_bytes() == base64.b64decode(PNG)

    ada.page.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(20_000_001)], 'huge.bin'));
          document.querySelector('.csx-chat-body textarea').dispatchEvent(
            new ClipboardEvent('paste', { clipboardData: files, bubbles: true }));
        }"""
    )
    toast = ada.page.locator(".Toastify__toast", has_text="huge.bin is too large: 20 MB at most")
    expect(toast).to_be_visible()
    assert not (lab.root / "chats/attachments/huge.bin").exists()
