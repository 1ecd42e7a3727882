"""A project on a JupyterHub, from its making to its end: three people in their browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.people import Person
from support.projects_hub import ProjectsHub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

PHONE = {"width": 390, "height": 844}
START_MS = 60_000
FILE = "hello.py"


class Member(Person):
    """Somebody who has an account at the Hub."""

    def sign_in(self) -> Member:
        """Sign in by name, and come to the projects."""
        page = self.page
        page.goto(f"{self.server.url}/hub/login")
        page.get_by_label("Username").fill(self.username)
        page.get_by_label("Password").fill("x")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
        return self

    def open(self, project: str) -> None:
        """Open a project from its page, and wait for its lab."""
        self.page.get_by_role("button", name="Open").click(timeout=START_MS)
        self.page.wait_for_url("**/lab**", timeout=START_MS)
        assert project in self.page.url
        self.wait_for_lab()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectsHub]:
    with ProjectsHub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def member(browser: Browser, hub: ProjectsHub) -> Iterator[Callable[..., Member]]:
    here: list[Member] = []

    def come(name: str, **context: object) -> Member:
        here.append(Member(browser, hub, name, **context))
        return here[-1].sign_in()

    yield come
    for somebody in here:
        somebody.leave()


def test_a_project_is_made_shared_edited_together_and_taken_from_somebody(
    hub: ProjectsHub, member: Callable[..., Member], pictures: Path
) -> None:
    ada = member("ada")
    ada.page.get_by_label("Name").fill("Algorithms 2026")
    ada.page.get_by_label("Description (optional)").fill("Exercises of the autumn")
    ada.page.get_by_role("button", name="Make it").click()
    expect(ada.page.get_by_role("heading", name="Algorithms 2026")).to_be_visible()
    project = ada.page.url.rpartition("/")[2]

    ada.page.get_by_label("One on a line").fill("bob, viewer, red\ncleo\nx, emperor")
    ada.page.get_by_role("button", name="Add them").click()
    expect(ada.page.get_by_text("2 added.")).to_be_visible()
    expect(ada.page.get_by_text("There is no role 'emperor'")).to_be_visible()
    ada.page.get_by_role("button", name="Make a link").click()
    link = ada.page.get_by_label("The link of the invitation.").input_value()
    assert Axe().run(ada.page).response["violations"] == []
    ada.page.screenshot(path=pictures / "hub-project.png", animations="disabled")

    # Dora comes by the link, on a telephone.
    dora = member("dora", viewport=PHONE)
    dora.page.goto(link)
    expect(dora.page.get_by_text("ada invites you to the project")).to_be_visible()
    dora.page.get_by_role("button", name="Join").click()
    expect(dora.page.get_by_role("row", name="dora editor")).to_be_visible()
    assert Axe().run(dora.page).response["violations"] == []
    width = dora.page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    dora.page.set_viewport_size({"width": 1280, "height": 800})

    ada.page.goto(f"{hub.url}/services/projects/project/{project}")
    ada.open(project)
    ada.page.evaluate(
        """path => window.jupyterapp.serviceManager.contents.save(path, {
          type: 'file', format: 'text', content: 'print(1)\\n'
        }).then(() => undefined)""",
        FILE,
    )
    dora.open(project)
    ada.open_file(FILE)
    dora.open_file(FILE)
    dora.type(FILE, "# by Dora\n")
    ada.wait_for_text(FILE, "# by Dora")

    # A role is changed while she types; then she is taken out.
    boss = hub.visitor("ada")
    boss.ask("PUT", f"projects/{project}/members/dora", {"role": "viewer"})
    expect(dora.page.get_by_text("You can read this, not change it.").first).to_be_visible()
    dora.place_cursor(FILE, line=0)
    dora.page.keyboard.type("refused")
    assert "refused" not in ada.text_of(FILE)
    boss.ask("PUT", f"projects/{project}/members/dora", {"role": "editor"})
    expect(dora.page.get_by_text("You can read this, not change it.")).to_have_count(0)
    dora.type(FILE, "# again\n")
    ada.wait_for_text(FILE, "# again")
    boss.ask("DELETE", f"projects/{project}/members/dora")
    gone = dora.page.get_by_role("dialog", name="You no longer have access to this project")
    expect(gone).to_be_visible()
    assert "# by Dora" in ada.text_of(FILE)


def test_whoever_has_nothing_to_do_with_it_is_told_nothing(
    hub: ProjectsHub, member: Callable[..., Member]
) -> None:
    project = hub.visitor("ada").ask("POST", "projects", {"name": "Secret"})["id"]
    eve = member("eve")
    expect(eve.page.get_by_text("You are in no project yet.")).to_be_visible()
    assert Axe().run(eve.page).response["violations"] == []
    for path in (f"project/{project}", f"project/{project}/open", "join?secret=x.y"):
        eve.page.goto(f"{hub.url}/services/projects/{path}")
        expect(eve.page.get_by_role("alert")).to_be_visible()
        expect(eve.page.get_by_text("Secret")).to_have_count(0)
