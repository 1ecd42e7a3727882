"""One Chromium for all, a lab for each test module, a browser context for each person."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from support.call_panel import DEVICES
from support.callers import DEVICE_ARGS, Caller, PageServer
from support.media_worker import MediaWorker
from support.people import CHROMIUM, CHROMIUM_ARGS, Person
from support.servers import REPOSITORY, LabServer
from support.sharing import take_all_back

from codesyncx_media.rights import Right, Rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

# How long something may take on a busy machine; what has to be quick is measured elsewhere.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Give the one Playwright there can be in a process."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a JupyterLab with an empty project at `lab.root`."""
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def person(browser: Browser, lab: LabServer) -> Iterator[Callable[..., Person]]:
    """`person("ada")` opens the lab as Ada; everybody leaves at the end of the test."""
    here: list[Person] = []

    def come(username: str, path: str = "", **context: Any) -> Person:
        somebody = Person(browser, lab, username, **context)
        here.append(somebody)
        return somebody.enter(path)

    yield come
    for somebody in here:
        somebody.leave()


@pytest.fixture
def ada(person: Callable[..., Person], lab: LabServer) -> Iterator[Person]:
    """Ada, the owner of the lab; in the end what was given meanwhile is taken back."""
    yield person("ada")
    take_all_back(lab)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Give the folder of the documentation's pictures."""
    return REPOSITORY / "docs" / "images"


@pytest.fixture(scope="session")
def with_devices(playwright: Playwright) -> Iterator[Browser]:
    """Give a Chromium as people's are, with a camera that counts and a microphone that beeps."""
    args = [*CHROMIUM_ARGS, *DEVICES]
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def talkative(playwright: Playwright) -> Iterator[Browser]:
    """Give one that plays sound before anybody has clicked, too."""
    args = [*CHROMIUM_ARGS, *DEVICE_ARGS]
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def call_page() -> Iterator[str]:
    """Give the address of the page that calls are tested with."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), PageServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def call(talkative: Browser, call_page: str) -> Iterator[Callable[..., Caller]]:
    """`call("ada")` has Ada join a call that is the test's own."""
    contexts: list[BrowserContext] = []
    with MediaWorker() as worker:

        def come(name: str, rights: Rights = frozenset({Right.SPEAK})) -> Caller:
            contexts.append(talkative.new_context())
            page = contexts[-1].new_page()
            page.goto(call_page)
            page.wait_for_function("() => window.Call")
            return Caller(page, worker, name, rights)

        yield come
        for context in contexts:
            context.close()
