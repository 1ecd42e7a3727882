"""Notices when a document comes out otherwise for somebody who opens it anew.

Where a piece of text stands follows from what its author says stood to both sides of it. A forged
update can name two neighbours that never were any; then those who took it in at once and those who
get it with everything else disagree for ever. No such update looks different from that of somebody
whose line was slow, so they can't be told apart beforehand: some time after people were judged the
whole document is put together anew, and compared.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_ydoc.ybasedoc import YBaseDoc

logger = logging.getLogger(__name__)

_CHECK_AFTER_S = 1.0
# The check may take this share of the time at most.
_SHARE = 0.002
_MAX_WAIT_S = 60.0
_STATE = "state"


def is_one(make: Callable[[Doc[Any]], YBaseDoc], update: bytes, content: dict[str, str]) -> bool:
    """Whether `update`, taken in by somebody who has nothing, makes `content`."""
    doc: Doc[Any] = Doc(allow_multithreading=True)
    document = make(doc)
    document.ydoc.apply_update(update)
    anew = {name: each for name, each in content_of(doc).items() if name in content}
    return anew == content or _parsed(anew) == _parsed(content)


def content_of(doc: Doc[Any]) -> dict[str, str]:
    """Give the text of every part of a document but its state; of what isn't text, JSON."""
    return {
        name: f"{'t' if isinstance(root, Text) else 'j'}{root}"
        for name, root in doc.items()
        if name != _STATE and root is not None  # of one that nobody asked for nothing is known
    }


def _parsed(content: dict[str, str]) -> dict[str, Any]:
    return {
        name: text if text.startswith("t") else json.loads(text[1:])
        for name, text in content.items()
    }


class ConvergenceWatch:
    """Looks at `doc` some time after `note`; `on_split` hears when it isn't the same for all."""

    def __init__(
        self,
        doc: Doc[Any],
        make: Callable[[Doc[Any]], YBaseDoc],
        on_split: Callable[[], None],
    ) -> None:
        self._doc = doc
        self._make = make
        self._on_split = on_split
        self._wait_s = _CHECK_AFTER_S
        self._timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_needed = False

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self.task is not None:
            self.task.cancel()

    def note(self) -> None:
        """Tell that somebody was judged who might have forged; from then on, of every edit."""
        self.is_needed = True
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._wait_s, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self.task = asyncio.ensure_future(self._check())

    async def _check(self) -> None:
        began = time.monotonic()
        update, content = self._doc.get_update(), content_of(self._doc)
        is_whole = await asyncio.to_thread(is_one, self._make, update, content)
        took_s = time.monotonic() - began
        self._wait_s = min(max(_CHECK_AFTER_S, took_s / _SHARE), _MAX_WAIT_S)
        if not is_whole:
            logger.error("A forged edit made a document another one for those who come later")
            self._on_split()
