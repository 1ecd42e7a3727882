"""Notices when a document comes out otherwise for somebody who opens it anew.

Where a piece of text stands follows from what its author says stood to both sides of it. A forged
update can name two neighbours that never were any; then those who took it in at once and those who
get it with everything else disagree for ever. No such update looks different from that of somebody
whose line was slow, so they can't be told apart beforehand: some time after others than owners
wrote something the whole document is put together anew, and compared.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_ydoc import ydocs
from pycrdt import Doc, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jupyter_ydoc.ybasedoc import YBaseDoc

logger = logging.getLogger(__name__)

_CHECK_AFTER_S = 1.0
# The check may take this share of the time at most.
_SHARE = 0.002
_MAX_WAIT_S = 300.0
# pycrdt keeps the interpreter locked while it reads; beyond that others would notice.
_LONG_BYTES = 256_000
_STATE = "state"


def is_one(make: Callable[[Doc[Any]], YBaseDoc], update: bytes, content: dict[str, str]) -> bool:
    """Whether `update`, taken in by somebody who has nothing, makes `content`."""
    doc: Doc[Any] = Doc(allow_multithreading=True)
    document = make(doc)
    document.ydoc.apply_update(update)
    anew = {name: each for name, each in content_of(doc).items() if name in content}
    return anew == content or _parsed(anew) == _parsed(content)


def make_one(make: Callable[[Doc[Any]], YBaseDoc], updates: Iterable[bytes]) -> bool:
    """Whether `updates`, taken in one by one, make the same as in one piece."""
    doc: Doc[Any] = Doc()
    document = make(doc)
    for update in updates:
        document.ydoc.apply_update(update)
    return is_one(make, doc.get_update(), content_of(doc))


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


class UpdateLog(Protocol):
    """What a document is made of."""

    @property
    def size(self) -> int: ...

    def is_one(self, file_type: str) -> bool:
        """Compare as `make_one`, in another process; call it in a thread."""


class ConvergenceWatch:
    """Looks at `doc` some time after `note`; `on_split` hears when it isn't the same for all."""

    def __init__(
        self,
        doc: Doc[Any],
        file_type: str,
        log: UpdateLog,
        on_split: Callable[[], None],
    ) -> None:
        self._doc = doc
        self._file_type = file_type
        self._log = log
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
        """Tell that somebody wrote who might have forged; from then on, of every edit."""
        self.is_needed = True
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._wait_s, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self.task = asyncio.ensure_future(self._check())

    async def _check(self) -> None:
        began = time.monotonic()
        is_whole = await self._compare()
        took_s = time.monotonic() - began
        self._wait_s = min(max(_CHECK_AFTER_S, took_s / _SHARE), _MAX_WAIT_S)
        if not is_whole:
            logger.error("A forged edit made a document another one for those who come later")
            self._on_split()

    async def _compare(self) -> bool:
        if self._log.size > _LONG_BYTES:
            return await asyncio.to_thread(self._log.is_one, self._file_type)
        make = ydocs.get(self._file_type, ydocs["file"])
        return await asyncio.to_thread(is_one, make, self._doc.get_update(), content_of(self._doc))
