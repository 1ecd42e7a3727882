from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.people import Person
    from support.servers import LabServer


def test_what_one_types_the_other_reads(lab: LabServer, person: Callable[..., Person]) -> None:
    (lab.root / "hello.py").write_text("print('hello')\n")
    ada, grace = person("ada"), person("grace")
    ada.open_file("hello.py")
    grace.open_file("hello.py")

    ada.type("hello.py", "# Ada was here\n")

    grace.wait_for_text("hello.py", "# Ada was here\nprint('hello')")
    assert ada.problems == []
    assert grace.problems == []


def test_people_are_who_their_link_says(person: Callable[..., Person]) -> None:
    names = [
        somebody.page.evaluate("() => window.jupyterapp.serviceManager.user.identity.name")
        for somebody in (person("ada"), person("grace"))
    ]
    assert names == ["Ada Lovelace", "Grace Hopper"]


def test_the_front_end_of_codesyncx_is_there(person: Callable[..., Person]) -> None:
    page = person("ada").page
    assert page.evaluate(
        "() => window.jupyterapp.listPlugins().some(id => id.startsWith('codesyncx:'))"
    )
