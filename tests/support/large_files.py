"""Files as large as people make them: a long module, a notebook full of plots."""

from __future__ import annotations

import base64
import random
from typing import Any

import nbformat

_LINE = "def step_{n}(x: float) -> float:\n    return x * {n} + 1  # café {n}\n\n"


def large_source(size_bytes: int = 1_000_000) -> str:
    """Give a module of about that size."""
    parts, size = [], 0
    while size < size_bytes:
        part = _LINE.format(n=len(parts))
        parts.append(part)
        size += len(part.encode())
    return "".join(parts)


def large_notebook(size_bytes: int = 20_000_000, cells: int = 500) -> str:
    """Give a notebook of about that size: code, text and pictures in its outputs."""
    chance = random.Random(7)
    notebook: Any = nbformat.v4.new_notebook()
    for number in range(cells):
        cell = nbformat.v4.new_code_cell(f"plot({number})", id=f"cell-{number}")
        cell["execution_count"] = number + 1
        picture = base64.b64encode(chance.randbytes(size_bytes * 5 // cells // 8)).decode()
        cell["outputs"] = [
            nbformat.v4.new_output(
                "stream", name="stdout", text="step\n" * (size_bytes // cells // 40)
            ),
            nbformat.v4.new_output(
                "display_data",
                data={"image/png": picture, "text/plain": f"<Figure {number}>"},
            ),
        ]
        notebook["cells"].append(cell)
    return str(nbformat.writes(notebook)) + "\n"
