"""A project that people really work on, as its authors published it, and a notebook beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = "flask==3.1.2"
NOTEBOOK = "examples/tour.ipynb"
CELLS = (
    ("markdown", "# A tour of Flask"),
    ("code", "import sys\n\nsys.path.insert(0, '../src')"),
    ("code", "def squares(count):\n    return [n * n for n in range(count)]"),
    ("code", "squares(5)"),
    ("markdown", "Notes: "),
    ("code", ""),
)


def unpack(folder: Path) -> Path:
    """Download the project's source distribution and unpack it; gives its own folder."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-binary", ":all:", "--dest", folder, RELEASE),
        ],
        check=True,
    )
    (archive,) = folder.glob("*.tar.gz")
    # Debian's Python 3.11 has no filters for tarfile yet.
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", folder], check=True)
    project = folder / archive.name.removesuffix(".tar.gz")
    (project / NOTEBOOK).write_text(json.dumps(_notebook(), indent=1) + "\n")
    return project


def _notebook() -> dict[str, object]:
    cells = [
        {
            "cell_type": kind,
            "id": f"tour-{number}",
            "metadata": {},
            "source": source,
            **({"outputs": [], "execution_count": None} if kind == "code" else {}),
        }
        for number, (kind, source) in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
