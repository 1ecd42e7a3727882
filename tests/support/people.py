"""People at their browsers: what a test lets Ada and Grace do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from demo_people import token_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Locator, WebError
    from support.servers import LabServer

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

NO_SERVER = re.compile(r"net::ERR_\w+|WebSocket connection to \S+ failed")
"""What Chromium itself writes to the console when it can't reach a server."""

FIND = """path => {
  for (const widget of window.jupyterapp.shell.widgets('main')) {
    if (widget.context && widget.context.path === path) return widget;
  }
  return null;
}"""


class Person:
    """One person with a browser context of their own, in the lab under their own name."""

    def __init__(self, browser: Browser, server: LabServer, username: str, **context: Any) -> None:
        self.username = username
        self.server = server
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, **context}
        )
        self.problems: list[str] = []
        self.context.on("weberror", self._on_error)
        self.context.on("console", self._on_console)
        self.page = self.context.new_page()

    def enter(self, path: str = "") -> Person:
        """Open the lab by the person's own link."""
        token = token_of(self.username, self.server.token)
        tree = f"/tree/{path}" if path else ""
        url = f"{self.server.url}/lab/workspaces/{self.username}{tree}?reset&token={token}"
        self.page.goto(url)
        self.wait_for_lab()
        return self

    def wait_for_lab(self) -> None:
        """Wait until the lab has restored its layout and nothing takes the focus any more."""
        self.page.wait_for_function("() => window.jupyterapp !== undefined", timeout=60_000)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")
        # A lab that is empty opens a launcher a moment later, and that takes the keys.
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget !== null", timeout=30_000
        )
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=30_000)

    def reload(self) -> None:
        """Reload the page, as F5 does."""
        self.page.reload()
        self.wait_for_lab()

    def command(self, name: str, **args: Any) -> None:
        """Run one of the lab's commands."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)"
            ".then(() => undefined)",
            [name, args],
        )

    def open_file(self, path: str, *, factory: str | None = None) -> Locator:
        """Open a file and wait for its content; gives the tab's content element."""
        self.command("docmanager:open", path=path, **({"factory": factory} if factory else {}))
        self.page.wait_for_function(
            f"path => {{ const w = ({FIND})(path); return w && w.context.isReady; }}",
            arg=path,
            timeout=30_000,
        )
        widget_id: str = self.page.evaluate(f"path => ({FIND})(path).id", path)
        return self.page.locator(f"[id='{widget_id}']")

    def type(self, path: str, text: str, *, line: int = 0, column: int = 0, delay: int = 0) -> None:
        """Put the cursor at a place of an open text file, then type with the keyboard."""
        self.place_cursor(path, line=line, column=column)
        self.page.keyboard.type(text, delay=delay)

    def place_cursor(self, path: str, *, line: int, column: int = 0) -> None:
        """Bring an open text file to the front with the cursor at a place."""
        self.page.evaluate(
            f"""([path, line, column]) => {{
              const widget = ({FIND})(path);
              window.jupyterapp.shell.activateById(widget.id);
              const editor = widget.content.editor;
              editor.focus();
              editor.setCursorPosition({{ line, column }});
            }}""",
            [path, line, column],
        )

    def text_of(self, path: str) -> str:
        """Give the text of an open document as this browser has it."""
        text: str = self.page.evaluate(
            f"path => ({FIND})(path).context.model.sharedModel.getSource()", path
        )
        return text

    def wait_for_text(self, path: str, part: str, *, timeout_s: float = 15) -> None:
        """Wait until an open document has a piece of text here."""
        self.page.wait_for_function(
            f"([path, part]) => ({FIND})(path)"
            ".context.model.sharedModel.getSource().includes(part)",
            arg=[path, part],
            timeout=timeout_s * 1000,
        )

    def theme(self, name: str) -> None:
        """Change this lab's theme, for instance to "JupyterLab Dark"."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=name, timeout=15_000
        )

    def screenshot(self, path: Path) -> None:
        """Take a picture of the whole window, once it shows its files."""
        self.page.locator("#filebrowser.jp-mod-restoring").wait_for(state="detached")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, animations="disabled")

    def close_page(self) -> None:
        """Close the tab: the page is told, and has no time for more."""
        self.page.close(run_before_unload=False)

    def come_back(self, path: str) -> None:
        """Open a new tab with a file, as someone who closed theirs."""
        self.page = self.context.new_page()
        self.enter()
        self.open_file(path)

    def leave(self) -> None:
        """Close the browser context."""
        self.context.close()

    def _on_error(self, event: WebError) -> None:
        error = event.error
        # JupyterLab saves its layout a moment after the last change, and says so in this way
        # when it finds no server any more.
        is_layout = error.message == "Failed to fetch" and "codesyncx" not in (error.stack or "")
        if not (is_layout and self.server.was_killed):
            self.problems.append(f"{error.message}\n{error.stack or ''}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type != "error" or NO_SERVER.search(message.text):
            return
        address = message.location.get("url", "")
        # The kernels of a killed server are gone.
        if not (self.server.was_killed and "/api/kernels/" in address):
            self.problems.append(f"{message.text} ({address})")
