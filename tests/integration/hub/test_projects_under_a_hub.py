"""The projects service in a real JupyterHub: who is in a project decides what they may do there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from support.projects_hub import ProjectsHub, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT_S = 60
#: What a change may take until it holds on an open server.
SOON_S = 5


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectsHub]:
    with ProjectsHub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def make(who: Visitor, name: str = "Course") -> str:
    return str(who.ask("POST", "projects", {"name": name}, status=201)["id"])


def opened(who: Visitor, project: str) -> str:
    """Have a project's server running; gives its address below the Hub's."""
    answer = who.ask("POST", f"projects/{project}/open")
    until(lambda: who.ask("GET", f"projects/{project}/open")["ready"])
    return str(answer["url"]).removesuffix("lab")


def until(holds: Callable[[], Any], within_s: float = WAIT_S) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "It didn't come to that."
        time.sleep(0.1)


def test_a_project_is_made_and_seen_by_those_in_it(hub: ProjectsHub) -> None:
    ada, bob = hub.visitor("ada"), hub.visitor("bob")
    project = make(ada)
    assert bob.ask("GET", "projects") == {"projects": []}
    bob.ask("GET", f"projects/{project}", status=404)
    bob.ask("POST", f"projects/{project}/open", status=404)
    bob.ask("PUT", f"projects/{project}/members/bob", {"role": "owner"}, status=404)
    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "viewer"})
    (seen,) = (one for one in bob.ask("GET", "projects")["projects"] if one["id"] == project)
    assert (seen["id"], seen["role"], seen["deeds"]) == (project, "viewer", ["open", "see"])


def test_rights_change_on_the_open_server_as_they_change_in_the_project(hub: ProjectsHub) -> None:
    ada, bob, eve = hub.visitor("ada"), hub.visitor("bob"), hub.visitor("eve")
    project = make(ada)
    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "viewer"})
    server = opened(ada, project)
    file = f"{server}api/contents/hello.py"
    text = {"type": "file", "format": "text", "content": "print('hello')\n"}
    assert ada.visit("PUT", file, text) == 201
    assert bob.visit("GET", file) == 200
    assert bob.visit("PUT", file, text) == 403
    assert eve.visit("GET", file) in {403, 404}

    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "editor"})
    until(lambda: bob.visit("PUT", file, text) == 200, SOON_S)
    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "viewer"})
    until(lambda: bob.visit("PUT", file, text) == 403, SOON_S)
    ada.ask("DELETE", f"projects/{project}/members/bob")
    until(lambda: bob.visit("GET", file) == 403, SOON_S)
    assert ada.visit("GET", file) == 200


def test_nobody_runs_anything_beside_the_projects_documents(hub: ProjectsHub) -> None:
    ada = hub.visitor("ada")
    server = opened(ada, make(ada))
    for method, path in (
        ("GET", "nbconvert/html/a.ipynb"),
        ("GET", "lsp/ws/pylsp"),
        ("GET", "proxy/8888/"),
        ("POST", "api/shutdown"),
        ("GET", "metrics"),
        ("GET", "api/kernelspecs/python3"),
        ("GET", "nobody/knows/this"),
    ):
        assert ada.visit(method, f"{server}{path}") == 403, path
    kernels = ada.told(f"{server}api/kernelspecs")["kernelspecs"].values()
    assert kernels
    assert all(one["spec"]["display_name"].endswith("(sandbox)") for one in kernels)
    me = ada.told(f"{server}codesyncx/api/access/me")
    assert (me["is_owner"], me["is_trusted"], me["has_kernels"]) == (True, False, True)


def test_a_service_that_is_killed_comes_back_with_all_that_it_said(hub: ProjectsHub) -> None:
    ada, bob = hub.visitor("ada"), hub.visitor("bob")
    project = make(ada)
    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "editor"})
    server = opened(ada, project)
    file = f"{server}api/contents/kept.py"
    text = {"type": "file", "format": "text", "content": "1\n"}
    assert bob.visit("PUT", file, text) == 201
    hub.kill_service()
    # Nobody is sent away meanwhile, and nothing that was said is lost.
    assert bob.visit("PUT", file, text) == 200
    until(hub.is_serving)
    assert bob.ask("GET", f"projects/{project}")["role"] == "editor"
    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "viewer"})
    until(lambda: bob.visit("PUT", file, text) == 403, WAIT_S)


def test_a_restored_project_has_everybody_again(hub: ProjectsHub) -> None:
    ada, bob = hub.visitor("ada"), hub.visitor("bob")
    project = make(ada)
    ada.ask("PUT", f"projects/{project}/members/bob", {"role": "viewer"})
    opened(ada, project)
    ada.ask("POST", f"projects/{project}/archive")
    bob.ask("POST", f"projects/{project}/open", status=403)
    ada.ask("DELETE", f"projects/{project}")
    assert ada.ask("GET", f"projects/{project}")["state"] == "deleted"
    bob.ask("POST", f"projects/{project}/restore", status=403)
    ada.ask("POST", f"projects/{project}/restore")
    assert opened(bob, project)


@pytest.mark.parametrize(
    ("method", "route", "body", "status"),
    [
        ("POST", "projects", {"name": "x" * 300}, 400),
        ("POST", "projects", {"name": "\u202e \u200b"}, 400),
        ("POST", "projects", {"name": 1}, 400),
        ("POST", "projects", {"title": "x"}, 400),
        ("POST", "projects", [], 400),
        ("GET", "projects/nosuchone", None, 404),
        ("GET", "projects?all=1", None, 403),
        ("POST", "join", {"secret": "x.y"}, 403),
        ("POST", "join", {"secret": "\ud800"}, 403),
        ("GET", "roster?after=0", None, 401),
    ],
)
def test_what_makes_no_sense_or_isnt_theirs_is_refused_in_words(
    hub: ProjectsHub, method: str, route: str, body: Any, status: int
) -> None:
    answer = hub.visitor("mallory").ask(method, route, body, status=status)
    if status != 404:
        assert answer["message"]


def test_another_persons_page_changes_nothing(hub: ProjectsHub) -> None:
    ada = hub.visitor("ada")
    project = make(ada, "Mine")
    for headers in ({}, {"X-XSRFToken": "guessed"}):
        answer = ada.session.post(
            f"{hub.url}/services/projects/project/{project}/delete", headers=headers, timeout=30
        )
        assert answer.status_code == 403
        answer = ada.session.delete(
            f"{hub.url}/services/projects/api/projects/{project}", headers=headers, timeout=30
        )
        assert answer.status_code in {401, 403}
    assert ada.ask("GET", f"projects/{project}")["state"] == "active"
