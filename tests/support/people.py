"""People at their browsers: what a test lets Ada and Grace do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo_people import token_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Error, Locator
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
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", self._on_error)

    def enter(self, path: str = "") -> Person:
        """Open the lab by the person's own link."""
        token = token_of(self.username, self.server.token)
        tree = f"/tree/{path}" if path else ""
        url = f"{self.server.url}/lab/workspaces/{self.username}{tree}?reset&token={token}"
        self.page.goto(url)
        self.wait_for_lab()
        return self

    def wait_for_lab(self) -> None:
        """Wait until the lab has restored its layout."""
        self.page.wait_for_function("() => window.jupyterapp !== undefined", timeout=60_000)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")
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
        """Take a picture of the whole window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, animations="disabled")

    def leave(self) -> None:
        """Close the browser context."""
        self.context.close()

    def _on_error(self, error: Error) -> None:
        # JupyterLab saves its layout a moment after the last change, and says so in this way
        # when it finds no server any more.
        is_layout = str(error) == "Failed to fetch" and "codesyncx" not in (error.stack or "")
        if not (is_layout and self.server.was_killed):
            self.problems.append(str(error))
