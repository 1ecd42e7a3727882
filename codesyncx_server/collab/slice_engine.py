"""The heart of a slice room: holders of one range edit a document that is just that range.

What they write is written into the whole document in their name, at once and in the same turn of
the loop; and what changes in the range there, changes here. The whole document's log is the truth:
nothing is sent to anybody here before it is kept there.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import (
    CodeSyncXError,
    InvalidRequestError,
    LineageChangedError,
    NotFoundError,
)
from .engine import Engine
from .pen import Pen
from .slice_mirror import TextSlice

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import Doc, Map

    from ..updates import Update
    from .edit_judge import EditJudge
    from .engine import Schedule
    from .session import Member, Session
    from .slice_mirror import WriteCore

logger = logging.getLogger(__name__)

_PATH, _DIRTY = "path", "dirty"
_ANEW = "This part of the file began anew."


class Part(Protocol):
    """A range of a document, as a document of its own that stays in step with it."""

    doc: Doc[Any]
    state: Map[Any]
    judge: EditJudge

    def get(self) -> Any:
        """Give what is in it, as a contents model has it."""

    def write(self, write_core: WriteCore) -> None:
        """Carry what holders changed here since the last call into the whole document.

        InvalidRequestError when it doesn't fit there.
        """

    def close(self) -> None:
        """Let go of both documents."""


class _CoreJournal:
    """Keeps nothing itself: what is in a slice is in the whole document, whose log must have it."""

    def __init__(self, core: Engine) -> None:
        self._core = core

    def append_update(self, _update: bytes) -> None:
        self._core.flush()
        if self._core.failure is not None:
            raise self._core.failure

    def append_author(self, client_id: int, username: str, name: str) -> None:
        """Keep nothing: a slice's history ends with the server, the core has its authors."""


class SliceEngine(Engine):
    """A range of `core`'s document and everyone connected to just that."""

    def __init__(
        self,
        core: Engine,
        part: Part,
        schedule: Schedule,
        now: Callable[[], float],
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(part.doc, schedule, now, journal=_CoreJournal(core), judge=part.judge)
        self.has_ended = False
        self._core = core
        self._part = part
        self._pens: dict[tuple[str, bool], Pen] = {}
        self._on_end = on_end

    def end(self, error: CodeSyncXError) -> None:
        """Send everybody away; whoever comes again gets a new document."""
        if not self.has_ended:
            self.has_ended = True
            self.disconnect_all(error)
            self._on_end()

    def replace_text(self, member: Member, content: str) -> None:
        """Have a range of a text hold just `content`, by an edit in somebody's name."""
        if self.has_ended or not isinstance(self._part, TextSlice):
            raise LineageChangedError(_ANEW)
        self._check_alive()
        self._part.rewrite(content, partial(self._write, member))

    def tell_path(self, path: str) -> None:
        """Tell those who are here by which path they come back."""
        state = self._part.state
        self.flush()
        state[_PATH] = path
        self.flush()
        # Whoever comes later came by a path of their own.
        del state[_PATH]

    def tell_saved(self) -> None:
        """Tell those who are here that what they wrote is in the file."""
        if self._part.state.get(_DIRTY):
            self._part.state[_DIRTY] = False

    def close(self) -> None:
        """Let go of both documents."""
        super().close()
        self._part.close()
        for pen in self._pens.values():
            pen.close()
        self._pens.clear()

    def leave(self, session: Session) -> None:
        """Let a client go, and tell the others."""
        super().leave(session)
        username = session.member.username
        if all(each.member.username != username for each in self.sessions):
            for key in [key for key in self._pens if key[0] == username]:
                self._pens.pop(key).close()

    def _admit_and_apply(self, session: Session, update: bytes, decoded: Update) -> None:
        if self.has_ended:
            raise LineageChangedError(_ANEW)
        if self._core.failure is not None:
            raise self._core.failure
        super()._admit_and_apply(session, update, decoded)
        member, fits = session.member, False
        try:
            self._part.write(partial(self._write, member))
            fits = True
        except InvalidRequestError as error:
            session.close(error)
        finally:
            if not fits:
                # Its document here holds what the whole one can't: nobody may go on with it.
                self.end(LineageChangedError(_ANEW))

    def _write(self, member: Member, edit: Callable[[Doc[Any]], None], *, is_last: bool) -> None:
        key = (member.username, is_last)
        pen = self._pens.get(key)
        if pen is None:
            pen = self._pens[key] = Pen(self._core.doc, is_last=is_last)
        update = pen.write(edit)
        if update is not None:
            self._core.apply_made(member, update)


def lost() -> NotFoundError:
    """Say that a range is no more."""
    return NotFoundError(
        "What you were given of this file is gone, or can't be told any more from the rest."
    )
