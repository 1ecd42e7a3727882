"""Real web apps in previews: what one edits while they run, another sees in their browser."""

from __future__ import annotations

import json
import sysconfig
from typing import TYPE_CHECKING

import pytest
from support.people import Person
from support.servers import REPOSITORY, LabServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

#: Where this repository's Flask and Vite are in the sandboxes.
INSTALLED = {
    sysconfig.get_path("purelib"): "/opt/packages",
    str(REPOSITORY / "node_modules"): "/opt/node_modules",
}

FLASK_APP = """\
from flask import Flask, send_from_directory
from flask_sock import Sock

app = Flask(__name__, static_folder="static")
sockets = Sock(app)


@app.get("/")
def page():
    return send_from_directory("static", "index.html")


@sockets.route("/echo")
def echo(socket):
    while True:
        socket.send("first answer to " + socket.receive())
"""

FLASK_PAGE = """\
<!doctype html><title>Flask</title><h1>A static page</h1><p id="heard"></p>
<script>
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/echo');
  socket.onopen = () => socket.send('Grace');
  socket.onmessage = ({ data }) => { document.querySelector('#heard').textContent = data; };
</script>
"""

VITE_PAGE = """\
<!doctype html><title>Vite</title><h1></h1><input placeholder="type here">
<script type="module" src="/main.js"></script>
"""

VITE_MAIN = """\
import { greeting } from './greeting.js';

const show = text => { document.querySelector('h1').textContent = text; };
show(greeting);
import.meta.hot.accept('./greeting.js', changed => show(changed.greeting));
"""

RUN_TOML = """\
[run.flask]
title = "Flask"
command = "python3 -m flask --app app run --debug --port 8000"
environment = { PYTHONPATH = "/opt/packages" }
folder = "flask"
ports = [8000]
limits = { time = "5 min" }

[run.vite]
title = "Vite"
command = ["node", "/opt/node_modules/vite/bin/vite.js", "--port", "8001", "--strictPort"]
folder = "vite"
ports = [8001]
limits = { time = "5 min", memory = "1 GB" }
"""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[LabServer]:
    """Serve both projects; the sandboxes hold this repository's Flask and Vite."""
    files = {
        ".codesyncx/run.toml": RUN_TOML,
        "flask/app.py": FLASK_APP,
        "flask/static/index.html": FLASK_PAGE,
        "vite/package.json": json.dumps({"private": True, "type": "module"}),
        "vite/index.html": VITE_PAGE,
        "vite/main.js": VITE_MAIN,
        "vite/greeting.js": "export const greeting = 'Good morning';\n",
    }
    for path, text in files.items():
        file = tmp_path / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    paths = [
        f"--BubblewrapBackend.read_only_paths={source}:{place}"
        for source, place in INSTALLED.items()
    ]
    with LabServer(tmp_path, args=paths) as lab:
        yield lab


def run(person: Person, title: str) -> Locator:
    """Start a run that the project has a name for; gives the card of its preview."""
    person.command("codesyncx:run-show")
    panel = person.page.get_by_role("region", name="Run", exact=True)
    panel.get_by_role("button", name=title).click()
    card = person.page.locator(".csx-RunView").get_by_role("region", name="Preview of port")
    card.get_by_text("Serving").wait_for()
    return card


def open_preview(person: Person, title: str) -> Page:
    """Open what somebody else has started in a tab of its own."""
    person.command("codesyncx:run-show")
    panel = person.page.get_by_role("region", name="Run", exact=True)
    panel.get_by_role("button", name=f"{title} Running").click()
    card = person.page.locator(".csx-RunView").get_by_role("region", name="Preview of port")
    with person.context.expect_page() as opened:
        card.get_by_role("button", name="Open in a tab of the browser").click()
    return opened.value


def test_a_flask_app_starts_anew_with_what_was_edited(studio: LabServer, browser: Browser) -> None:
    ada, grace = Person(browser, studio, "ada").enter(), Person(browser, studio, "grace").enter()
    run(ada, "Flask")
    page = open_preview(grace, "Flask")
    page.get_by_role("heading", name="A static page").wait_for()
    page.get_by_text("first answer to Grace").wait_for()
    ada.open_file("flask/app.py")
    line = FLASK_APP.splitlines().index(
        '        socket.send("first answer to " + socket.receive())'
    )
    ada.place_cursor("flask/app.py", line=line, column=len('        socket.send("'))
    for _ in "first":
        ada.page.keyboard.press("Delete")
    ada.page.keyboard.type("second")
    # The reloader ends the app, and what was connected to it, when it has seen the edit.
    page.wait_for_function(
        """async () => {
          const socket = new WebSocket(location.origin.replace('http', 'ws') + '/echo');
          return await new Promise(resolve => {
            socket.onopen = () => socket.send('Grace');
            socket.onmessage = ({ data }) => resolve(data === 'second answer to Grace');
            socket.onclose = () => resolve(false);
          });
        }""",
        timeout=20_000,
    )
    ada.leave()
    grace.leave()


def test_vite_replaces_a_module_in_the_page_of_somebody_else(
    studio: LabServer, browser: Browser
) -> None:
    ada, grace = Person(browser, studio, "ada").enter(), Person(browser, studio, "grace").enter()
    run(ada, "Vite")
    page = open_preview(grace, "Vite")
    page.get_by_role("heading", name="Good morning").wait_for()
    page.get_by_placeholder("type here").fill("half a sentence")
    ada.open_file("vite/greeting.js")
    ada.place_cursor("vite/greeting.js", line=0, column=len("export const greeting = 'Good "))
    for _ in "morning":
        ada.page.keyboard.press("Delete")
    ada.page.keyboard.type("evening")
    page.get_by_role("heading", name="Good evening").wait_for(timeout=20_000)
    # Without a reload: what she had typed is still there.
    assert page.get_by_placeholder("type here").input_value() == "half a sentence"
    assert ada.problems == []
    ada.leave()
    grace.leave()
