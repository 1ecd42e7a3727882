"""One Chromium for all, a lab for each test module, a browser context for each person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from support.people import CHROMIUM, CHROMIUM_ARGS, Person
from support.servers import REPOSITORY, LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Give the folder of the documentation's pictures."""
    return REPOSITORY / "docs" / "images"
