"""What is edited in the project comes into a run that goes on, such as a server one tries out."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from typing import IO, TYPE_CHECKING

from codesyncx_server.errors import CodeSyncXError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .sandbox.backend import Sandbox
    from .selection import Mark
    from .snapshot import Look, Snapshot

logger = logging.getLogger(__name__)

#: However fast files change, the project isn't gone through more often than this.
_PACE_S = 0.3


class LiveEdits:
    """Puts what has changed since the snapshot into one sandbox."""

    def __init__(
        self,
        snapshot: Snapshot,
        sandbox: Sandbox,
        take: Callable[[IO[bytes], Mapping[str, Look]], Awaitable[Snapshot]],
        say: Callable[[str], None],
        keep: Callable[[LiveEdits], Awaitable[None]],
    ) -> None:
        """Begin with what has gone in.

        `take` writes what isn't known yet, `say` tells watchers, `keep` writes down what is in now.
        """
        self.marks: dict[str, Mark] = dict(snapshot.marks)
        """How the project's files were when they last went in."""
        self.known = snapshot.looks
        """How the project was then."""
        self._sandbox = sandbox
        self._take = take
        self._say = say
        self._keep = keep
        self._changed = asyncio.Event()
        self._said = ""

    def something_changed(self) -> None:
        """Look soon what it was."""
        self._changed.set()

    async def follow(self) -> None:
        """Go on until cancelled; what can't be put in is said."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._put_in()
                self._said = ""
            except CodeSyncXError as error:
                self._say_once(f"What was edited doesn't come into this run: {error}")
            except OSError as error:
                logger.info("An edit couldn't be put into a run: %s", error)
                self._say_once(
                    f"Not all that was edited could be put into this run: {error.filename} "
                    f"({error.strerror})."
                )
            await asyncio.sleep(_PACE_S)

    async def _put_in(self) -> None:
        with tempfile.TemporaryFile() as archive:
            taken = await self._take(archive, self.known)
            removed = [path for path in self.known if path not in taken.looks]
            if not taken.marks and not removed:
                return
            archive.seek(0)
            self.known = taken.looks
            for path in removed:
                self.marks.pop(path, None)
            self.marks.update(taken.marks)
            try:
                await self._sandbox.update(archive, removed)
            finally:
                if self._sandbox.outlasts_server:
                    await self._keep(self)

    def _say_once(self, sentence: str) -> None:
        if sentence != self._said:
            self._say(sentence)
        self._said = sentence
