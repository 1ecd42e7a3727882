"""Judges each update of everybody who may not edit all of a document.

An update is read, tried on a shadow of the document, and what it did there is compared with what
its author may do; only then it may be kept and applied. What stands on nothing, or brings what no
such document holds, is refused before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from jupyter_ydoc import YNotebook, YUnicode
from pycrdt import Map, Text

from ..errors import RefusedError
from ..updates import read_state
from . import cell_edits, text_edits
from .cell_edits import CellChanges
from .foresight import Foresight
from .shadow import Shadow
from .spans import splices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_ydoc.ybasedoc import YBaseDoc
    from pycrdt import Doc

    from ..updates import Update
    from .foresight import Background
    from .rights import Rights
    from .session import Session
    from .shadow import Seen
    from .spans import Span, Splice
    from .text_order import TextOrder

_NO_SUCH_PART = "This document has no such part."
_SOURCE, _STATE = "source", "state"
_DIRTY = "dirty"
_DOCUMENT_ID = "document_id"
_PLAIN = frozenset({"any", "json"})
_IN_TEXT = frozenset({"string", "deleted", "gc", "any", "json"})
_IN_NOTEBOOK = _IN_TEXT | {"map", "array", "text"}


class Ranges(Protocol):
    """Where the ranges of the document are now; those that are lost are in neither."""

    @property
    def text(self) -> bytes | bytearray: ...
    @property
    def spans(self) -> Mapping[str, Span]: ...
    @property
    def cells(self) -> Mapping[str, frozenset[str]]: ...


class ChatJudge(Protocol):
    """Decides who may say what in a chat."""

    def admit(self, update: bytes, username: str, *, may_write: bool = True) -> None: ...
    def follow(self, update: bytes) -> None: ...


class ChatEdits:
    """Has a chat's own judge decide, also on those who may edit everything else."""

    def __init__(self, judge: ChatJudge) -> None:
        self._judge = judge
        self.follow = judge.follow

    def admit(self, session: Session, update: bytes, _decoded: Update) -> None:
        """Return when the session's person may make this change; RefusedError says why not."""
        username, may_write = session.member.username, session.rights.may_comment
        self._judge.admit(update, username, may_write=may_write)

    def settle(self) -> None:
        """Nothing is to be done after it."""

    def close(self) -> None:
        """Let go of the document."""


class EditJudge:
    """Judges updates to `live`, a document of the kind that `make` knows."""

    def __init__(
        self,
        live: Doc[Any],
        make: Callable[[Doc[Any]], YBaseDoc],
        ranges: Ranges,
        on_admitted: Callable[[], None] = lambda: None,
        foretell: Callable[[list[Splice] | None], None] = lambda _: None,
        in_background: Background | None = None,
    ) -> None:
        """Judge by `ranges`.

        `on_admitted` hears when somebody else than an owner wrote, `foretell` what the next change
        of the text is going to do, when that is certain.
        """
        self._on_admitted = on_admitted
        self._foretell = foretell
        self._foresight = Foresight(live, _SOURCE, in_background)
        self._admitted: tuple[bytes, Update] | None = None
        self._shadow = Shadow(live, make)
        self._live_state = live.get(_STATE, type=Map)
        self._ranges = ranges

    def close(self) -> None:
        """Let go of the document."""
        self._shadow.close()
        self._foresight.close()

    def order(self) -> TextOrder | None:
        """Give the order of the document's text, which is learnt from now on; None if unknown."""
        self._foresight.begin()
        return self._foresight.order

    def admit(self, session: Session, update: bytes, decoded: Update) -> None:
        """Return when the session's person may make this change; RefusedError says why not."""
        if not (decoded.structs or decoded.deletes):
            return
        self._admitted = update, decoded
        if self._ranges.spans:
            self._foresight.begin()
        splices = self._foresight.splices(decoded)
        if not session.rights.is_full:
            splices = self._judge(session.rights, update, decoded, splices)
        self._foretell(splices)
        if decoded.structs and not session.is_owner:
            self._on_admitted()

    def follow(self, update: bytes) -> None:
        """Keep in step: tell of every update that was applied to the document."""
        self._shadow.follow(update)
        known = self._admitted
        self._foresight.follow(update, known[1] if known and known[0] == update else None)

    def settle(self) -> None:
        """Have what was foretold hold for nothing else than what was admitted last."""
        self._admitted = None
        self._foretell(None)

    def _judge(
        self, rights: Rights, update: bytes, decoded: Update, foreseen: list[Splice] | None
    ) -> list[Splice] | None:
        """Judge by what is foreseen, or else by a trial; gives what it does to the text."""
        if foreseen is not None and rights.may_change:
            self._check_text(foreseen, rights)
            return foreseen
        document = self._shadow.document()
        self._check_shape(decoded, document)
        if not rights.may_change and not rights.may_execute:
            self._check_reader(decoded, document)
        try:
            return self._try(document, update, rights)
        except RefusedError:
            self._shadow.close()
            raise

    def _check_reader(self, decoded: Update, document: YBaseDoc) -> None:
        """Let readers bring plain values only: text that is deleted at once leaves traces."""
        known = read_state(document.ydoc.get_state())
        for struct in decoded:
            is_new = struct.clock + struct.length > known.get(struct.client, 0)
            if is_new and struct.kind not in _PLAIN:
                raise RefusedError(text_edits.READ_ONLY)

    def _check_shape(self, decoded: Update, document: YBaseDoc) -> None:
        kinds = _IN_NOTEBOOK if isinstance(document, YNotebook) else _IN_TEXT
        for struct in decoded:
            if struct.kind not in kinds:
                raise RefusedError(_NO_SUCH_PART)
            if struct.root is not None and struct.root not in self._shadow.roots:
                raise RefusedError(_NO_SUCH_PART)

    def _try(self, document: YBaseDoc, update: bytes, rights: Rights) -> list[Splice] | None:
        if isinstance(document, YUnicode):
            return self._try_text(document, update, rights)
        if isinstance(document, YNotebook):
            self._try_notebook(document, update, rights)
        elif any(seen.topic != _STATE for seen in self._attempt(update)):
            raise RefusedError(text_edits.READ_ONLY)
        return None

    def _try_text(self, document: YBaseDoc, update: bytes, rights: Rights) -> list[Splice]:
        text = document.ydoc.get(_SOURCE, type=Text)
        # The ranges know it already, if there are any.
        length = len(self._ranges.text) if self._ranges.spans else len(text)
        splices: list[Splice] = []
        for seen in self._attempt(update):
            splices += splices_of(seen.delta)
        grown = sum(len(splice.inserted) - splice.deleted for splice in splices)
        if len(text) != length + grown:
            raise RefusedError(_NO_SUCH_PART)
        self._check_text(splices, rights)
        return splices

    def _check_text(self, splices: list[Splice], rights: Rights) -> None:
        if splices:
            text_edits.check_splices(splices, self._ranges.text, self._ranges.spans, rights)

    def _try_notebook(self, document: YNotebook, update: bytes, rights: Rights) -> None:
        before = self._shadow.cell_ids
        changes = self._attempt(update)
        if any(seen.topic != "cells" for seen in changes) and not rights.may_edit:
            raise RefusedError(cell_edits.READ_ONLY)
        ranges = self._ranges.cells
        if rights.may_edit and not rights.locked <= ranges.keys():
            raise RefusedError(text_edits.NOWHERE)
        named = rights.locked if rights.may_edit else rights.open & ranges.keys()
        own = frozenset().union(*(ranges[name] for name in named))
        cells = CellChanges(document.ycells, before, self._shadow.cell_ids)
        cells.check((seen for seen in changes if seen.topic == "cells"), rights, own)

    def _attempt(self, update: bytes) -> list[Seen]:
        """Try an update; gives what it does besides the state, which is judged right here."""
        rest = []
        for seen in self._shadow.attempt(update):
            if seen.topic == _STATE:
                self._check_state(seen)
            else:
                rest.append(seen)
        return rest

    def _check_state(self, seen: Seen) -> None:
        """Let pass what JupyterLab writes for itself; the rest of the state is the server's."""
        for key, change in seen.keys.items():
            new = change.get("newValue")
            if key == _DIRTY and isinstance(new, bool):
                continue
            if key == _DOCUMENT_ID and new == self._live_state.get(_DOCUMENT_ID):
                continue
            raise RefusedError("The state of a document is the server's.")
