"""A copy of a notebook knows its cells' order through everything that is tried on it."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook
from pycrdt import Doc, Map

from codesyncx_server.collab.shadow import Shadow


def _cell(name: str) -> dict[str, Any]:
    return {"cell_type": "raw", "id": name, "source": "x", "metadata": {}}


def _browser(room: YNotebook) -> YNotebook:
    browser = YNotebook(Doc())
    browser.ydoc.apply_update(room.ydoc.get_update())
    return browser


def _edit(rng: random.Random, browser: YNotebook, name: str) -> bytes:
    state = browser.ydoc.get_state()
    cells = browser.ycells
    with browser.ydoc.transaction():
        for number in range(rng.choice([1, 1, 2, 3])):
            at = rng.randrange(len(cells) + 1)
            move = rng.choice(["add", "add", "value", "remove", "rename", "write"])
            if move == "add":
                cells.insert(at, browser.create_ycell(_cell(f"{name}-{number}")))
            elif move == "value":
                cells.insert(at, "no cell")
            elif at == len(cells):
                continue
            elif move == "remove":
                del cells[at]
            elif isinstance(cells[at], Map):
                key, value = ("id", f"{name}!") if move == "rename" else ("source", "y")
                cells[at][key] = value
    return browser.ydoc.get_update(state)


@given(st.integers(0, 2**48), st.integers(0, 5), st.integers(3, 20))
def test_the_ids_are_in_the_order_of_the_cells(seed: int, count: int, steps: int) -> None:
    rng = random.Random(seed)
    room = YNotebook(Doc())
    room.set({"cells": [_cell(f"{number}") for number in range(count)], "metadata": {}})
    shadow = Shadow(room.ydoc, YNotebook)
    room.ydoc.observe(lambda event: shadow.follow(event.update))
    browsers = [_browser(room), _browser(room)]
    for step in range(steps):
        place = rng.randrange(2)
        update = _edit(rng, browsers[place], f"{step}")
        if rng.random() < 0.6:
            shadow.attempt(update)
        if rng.random() < 0.8:
            room.ydoc.apply_update(update)
        else:
            browsers[place] = _browser(room)  # it was refused, and begins anew
        if rng.random() < 0.5:
            late = rng.choice(browsers)
            late.ydoc.apply_update(room.ydoc.get_update(late.ydoc.get_state()))
        cells = shadow.document().ycells
        ids = [cell.get("id") if isinstance(cell, Map) else "" for cell in cells]
        assert shadow.cell_ids == ids
