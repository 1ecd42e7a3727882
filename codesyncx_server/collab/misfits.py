"""What a hand-made program can put among the cells of a notebook, and nothing can read.

A browser writes cells there and nothing else. A number or a string among them would keep the file
from being saved, and the next time from being opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_ydoc import YNotebook
from pycrdt import Map

if TYPE_CHECKING:
    from jupyter_ydoc.ybasedoc import YBaseDoc


def remove_misfits(document: YBaseDoc) -> int:
    """Take out of a notebook what is no cell; gives how many there were."""
    if not isinstance(document, YNotebook):
        return 0
    cells = document.ycells
    found = [index for index, cell in enumerate(cells) if not isinstance(cell, Map)]
    with document.ydoc.transaction():
        for index in reversed(found):
            del cells[index]
    return len(found)
