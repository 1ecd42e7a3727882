"""The share dialog at somebody's browser, and the files that are shared in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .people import Person
    from .servers import LabServer

LINES = "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(1, 13))
#: Between the first and the last of several lines.
TO = "\u2013"


def write(lab: LabServer, name: str, text: str = LINES) -> str:
    """Make a file; gives its name."""
    (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
    (lab.root / name).write_text(text)
    return name


def write_notebook(lab: LabServer, name: str) -> str:
    """Make a notebook of five cells, `cell1` to `cell5`; gives its name."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell{n}",
            "source": f"y = {n}\nprint(y)",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n in range(1, 6)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return write(lab, name, json.dumps(notebook))


def dialog_of(person: Person) -> Locator:
    """Give the one dialog that is open, once it is."""
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def close_dialog(person: Person) -> None:
    """Close it with Escape: it takes the focus once it is there, and gives it back in the end."""
    person.page.wait_for_function(
        "() => document.activeElement?.closest('dialog, [role=dialog]') !== null"
    )
    person.page.keyboard.press("Escape")
    expect(person.page.get_by_role("dialog")).to_have_count(0)
