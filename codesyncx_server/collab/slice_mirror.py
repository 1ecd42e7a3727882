"""A document that is one range of another one's text, and follows it both ways; pure.

The document begins anew with what the range holds: nothing of the text around it, nor of what
stood there before, was ever in it. What holders write in it goes into the range, what others write
in the range comes into it, in one step: at rest the two are always the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from jupyter_ydoc import YUnicode
from pycrdt import Doc, Map, Text

from ..errors import InvalidRequestError
from .edit_judge import EditJudge
from .spans import PLACEHOLDER, Span, Splice, Utf8
from .text_watch import TextWatch
from .textdiff import apply_edits, edits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .range_tracker import Change, RangeTracker

_ROOT = "source"
_UNFIT = "What you wrote doesn't fit the lines any more."


class WriteCore(Protocol):
    """Makes an edit in the whole document, behind what others write at the same place or not."""

    def __call__(self, edit: Callable[[Doc[Any]], None], *, is_last: bool) -> None: ...


class TextSlice:
    """The document of the range `range_id` of a text that `tracker` follows."""

    def __init__(self, tracker: RangeTracker, range_id: str, on_lost: Callable[[], None]) -> None:
        self.doc: Doc[Any] = Doc()
        self._shared: Text = self.doc.get(_ROOT, type=Text)
        self.state: Map[Any] = self.doc.get("state", type=Map)
        self._tracker = tracker
        self._range_id = range_id
        self._on_lost = on_lost
        self._written: list[Splice] = []
        self._is_following = self._is_writing = False
        make_splice(self._shared, Splice(Utf8(0), 0, tracker.text_of(range_id)))
        self._watch = TextWatch(self._shared, self._on_own_text)
        self.judge = EditJudge(self.doc, YUnicode, self, foretell=self._watch.foretell)
        self._stop_listening = tracker.listen(self._on_change)

    # -- as the judge sees it -------------------------------------------------------------------

    cells: Mapping[str, frozenset[str]] = {}

    @property
    def text(self) -> bytes:
        """All that is here."""
        return str(self._shared).encode()

    @property
    def spans(self) -> Mapping[str, Span]:
        """All of it is the range's."""
        return {self._range_id: Span(Utf8(0), Utf8(len(self._shared)))}

    # -- life -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of both documents."""
        self.judge.close()
        self._stop_listening()
        self._watch.close()

    def write(self, write_core: WriteCore) -> None:
        """Carry what holders wrote since the last call into the range, by `write_core`.

        InvalidRequestError when that isn't text, or the two aren't the same after it.
        """
        written, self._written = self._written, []
        if not written:
            return
        if any(PLACEHOLDER in splice.inserted for splice in written):
            raise InvalidRequestError("These lines can hold nothing but text.")
        span = self._tracker.spans.get(self._range_id)
        if span is None:
            raise InvalidRequestError(_UNFIT)
        start = span.start

        def edit(doc: Doc[Any]) -> None:
            text = doc.get(_ROOT, type=Text)
            for splice in written:
                make_splice(text, splice._replace(at=Utf8(start + splice.at)))

        # What others write at the range's edge at the same time is not to come into the range.
        is_at_start = any(not splice.at and splice.inserted for splice in written)
        self._is_writing = True
        try:
            with self._tracker.held(self._range_id):
                write_core(edit, is_last=is_at_start)
        finally:
            self._is_writing = False
        span = self._tracker.spans.get(self._range_id)
        if span is None or span.end - span.start != len(self._shared):
            raise InvalidRequestError(_UNFIT)

    def get(self) -> str:
        """Give what is in the range."""
        return str(self._shared)

    def rewrite(self, content: str, write_core: WriteCore) -> None:
        """Make it `content`, and the range with it."""
        with self.doc.transaction():
            apply_edits(self._shared, edits(self.get(), content))
        self.write(write_core)

    def _on_own_text(self, splices: list[Splice]) -> None:
        if not self._is_following:
            self._written += splices

    def _on_change(self, change: Change) -> None:
        if self._range_id in change.lost:
            self._on_lost()
            return
        splices = change.local.get(self._range_id, ())
        if self._is_writing or not splices:
            return
        self._is_following = True
        self._watch.foretell([])  # nobody asks
        try:
            with self.doc.transaction():
                for splice in splices:
                    make_splice(self._shared, splice)
        finally:
            self._is_following = False
            self._watch.foretell(None)


def make_splice(text: Text, splice: Splice) -> None:
    """Make a splice in a shared text."""
    at = int(splice.at)
    if splice.deleted:
        del text[at : at + splice.deleted]
    if splice.inserted:
        text.insert(at, splice.inserted.decode())
