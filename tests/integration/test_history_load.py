from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

from codesyncx_server.history.lines import count_changes
from codesyncx_server.history.store import HistoryStore
from codesyncx_server.history.versions import DocumentRef, Person

if TYPE_CHECKING:
    from pathlib import Path

ADA = Person("ada", "Ada")


def _notebook(rng: random.Random, cell_count: int, picture_bytes: int) -> dict[str, object]:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "source": [f"x = {line}\n" for line in range(20)],
            "metadata": {},
            "execution_count": 1,
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": rng.randbytes(picture_bytes).hex(), "text/plain": ["a"]},
                }
            ],
        }
        for index in range(cell_count)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _saved(notebook: dict[str, object]) -> bytes:
    return (json.dumps(notebook, indent=1) + "\n").encode()


def test_lines_of_a_large_notebook_are_counted_as_those_of_a_small_one() -> None:
    notebook = _notebook(random.Random(1), 10, 100_000)
    before = _saved(notebook)
    notebook["cells"][3]["source"][2] = 'say("a, b",)\n'  # type: ignore[index]
    notebook["cells"][4]["source"] = []  # type: ignore[index]
    after = _saved(notebook)
    assert len(after) > 1024 * 1024
    assert count_changes(before, after, "n.ipynb") == (1, 21)


async def test_versions_of_a_large_notebook_leave_the_event_loop_free(tmp_path: Path) -> None:
    notebook = _notebook(random.Random(1), 70, 140_000)
    first = _saved(notebook)
    notebook["cells"][3]["source"][2] = "y = 3\n"  # type: ignore[index]
    second = _saved(notebook)
    store = HistoryStore(tmp_path / "history.sqlite")
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    counter = asyncio.create_task(count_turns())
    ref = DocumentRef("n.ipynb")
    turned = []
    for index, content in enumerate((first, second, first)):
        before = turns
        await asyncio.to_thread(store.record, ref, content, [ADA], index * 300.0)
        turned.append(turns - before)
    counter.cancel()
    store.close()
    # How late a turn may be depends on the machine; that there are many doesn't.
    assert min(turned) > 10
