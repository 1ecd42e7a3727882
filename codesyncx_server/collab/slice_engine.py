"""The heart of a slice room: holders of one range edit a document that is just that range.

What they write is written into the whole document in their name, at once and in the same turn of
the loop; and what changes in the range there, changes here. The whole document's log is the truth:
nothing is sent to anybody here before it is kept there.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import (
    CodeSyncXError,
    InvalidRequestError,
    LineageChangedError,
    NotFoundError,
    RefusedError,
)
from .engine import Engine
from .pen import Pen

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import Doc

    from .. import updates
    from .engine import Schedule
    from .session import Member, Session
    from .slice_mirror import WriteCore

logger = logging.getLogger(__name__)


class Part(Protocol):
    """A range of a document, as a document of its own that stays in step with it."""

    doc: Doc[Any]
    roots: frozenset[str]
    kinds: frozenset[str]

    def write(self, write_core: WriteCore) -> None:
        """Carry what holders changed here since the last call into the whole document."""

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
        super().__init__(part.doc, schedule, now, journal=_CoreJournal(core), judge=_Judge(part))
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

    def _admit_and_apply(self, session: Session, update: bytes, decoded: updates.Update) -> None:
        if self.has_ended:
            raise LineageChangedError("These lines began anew.")
        if self._core.failure is not None:
            raise self._core.failure
        super()._admit_and_apply(session, update, decoded)
        member = session.member
        try:
            self._part.write(lambda edit, is_last: self._write(member, edit, is_last=is_last))
        except InvalidRequestError as error:
            # Its document here holds what the whole one can't: nobody may go on with it.
            session.close(error)
            self.end(LineageChangedError("These lines began anew."))

    def _write(self, member: Member, edit: Callable[[Doc[Any]], None], *, is_last: bool) -> None:
        key = (member.username, is_last)
        pen = self._pens.get(key)
        if pen is None:
            pen = self._pens[key] = Pen(self._core.doc, is_last=is_last)
        update = pen.write(edit)
        if update is not None:
            self._core.apply_made(member, update)


class _Judge:
    """Lets in what a part of a document is made of, and nothing else."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def admit(self, session: Session, _update: bytes, decoded: updates.Update) -> None:
        if not session.rights.may_change and (decoded.structs or decoded.deletes):
            raise RefusedError("You may read these lines but not edit them.")
        for struct in decoded:
            if struct.root is not None and struct.root not in self._part.roots:
                raise RefusedError("There is no such part of this document.")
            if struct.kind not in self._part.kinds:
                raise RefusedError("Nothing of that kind can be put here.")

    def follow(self, update: bytes) -> None:
        """Nothing to follow: what may come in doesn't depend on what is there."""


def lost() -> NotFoundError:
    """Say that a range is no more."""
    return NotFoundError("The lines that you were given can't be told any more from the others.")
