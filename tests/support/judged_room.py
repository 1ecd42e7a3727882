"""A document whose edits are judged, without sockets; the test says who holds which part."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from jupyter_ydoc import ydocs
from pycrdt import Doc, Map, Text
from support.wires import Client, HandClock

from codesyncx_server.collab.edit_judge import EditJudge
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.range_tracker import RangeTracker
from codesyncx_server.collab.rights import FULL, Rights, hand_of
from codesyncx_server.collab.spans import Hand, Splice, span_of_lines, splices_of
from codesyncx_server.collab.trust import NotebookTrust

if TYPE_CHECKING:
    from collections.abc import Mapping

LINES = "eins\nzwei\ndréi\nvier\n"


class JudgedRoom:
    """Lines 2 and 3 of a text are the range `r`, unless told otherwise."""

    def __init__(
        self,
        kind: str = "file",
        content: Any = LINES,
        ranges: Mapping[str, tuple[int, int]] | None = None,
        track: type[RangeTracker] = RangeTracker,
        client_id: int | None = None,
    ) -> None:
        self.clock = HandClock()
        self.document = ydocs[kind](Doc(client_id=client_id))
        self.doc = self.document.ydoc
        self.document.set(content)
        self.doc.get("state", type=Map)["document_id"] = "text:file:1"
        self.cells: dict[str, frozenset[str]] = {"r": frozenset({"a", "c"})}
        self.source: Any = self.doc.get("source", type=Text) if kind == "file" else None
        where: Any = SimpleNamespace(text=b"", spans={}, cells=self.cells)
        self.judge = EditJudge(self.doc, ydocs[kind], where, foretell=self._foretell)
        trust = NotebookTrust(self.doc) if kind == "notebook" else None
        self.engine = Engine(
            self.doc, self.clock.schedule, self.clock.now, judge=self.judge, trust=trust
        )
        if kind != "file":
            return
        self.foretold: list[Splice] | None = None
        self.tracker = track(self.source, self._hand_of)
        where.text, where.spans = self.tracker.buffer, self.tracker.spans
        for name, (first, last) in ({"r": (2, 3)} if ranges is None else ranges).items():
            span = span_of_lines(self.tracker.text, first - 1, last - 1)
            assert span is not None
            self.tracker.add(name, span)

    def _foretell(self, splices: list[Splice] | None) -> None:
        if self.source is not None:
            self.foretold = splices
            self.tracker.foretell(splices)

    def watch_foretold(self) -> None:
        """From now on compare what is foretold of the text with what pycrdt tells of it."""
        self.source.observe(self._check_foretold)

    def _check_foretold(self, event: Any) -> None:
        if self.foretold is not None:
            assert self.foretold == splices_of(event.delta)

    def _hand_of(self, range_id: str) -> Hand:
        writer = self.engine.writer
        return Hand.DISK if writer is None else hand_of(writer.rights, range_id)

    def join(self, username: str, rights: Rights = FULL, client_id: int | None = None) -> Client:
        """Have somebody come in with nothing."""
        client = Client(self.engine, username, doc=Doc(client_id=client_id))
        client.session.rights = rights
        return client.join()

    def settle(self, *clients: Client) -> None:
        """Have everybody hear everything."""
        for client in clients:
            client.send()
        self.clock.pass_s(1)
        for client in clients:
            client.hear()

    @property
    def text(self) -> str:
        return str(self.source)
