"""What those hear of the others who may not read everything, and what the others hear of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pycrdt import Doc
from support.wires import HandClock, KeepingWire

from codesyncx_server.collab import protocol
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.outlook import Outlook, Part
from codesyncx_server.collab.session import Member, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "secret/plan.py"
SHARED = "solver.py"


class Parts:
    """Ada has lines 10 to 22 of one file, and a cell of a notebook."""

    def at(self, path: str) -> Part | None:
        return self.within(path).get(path)

    def within(self, path: str) -> Mapping[str, Part]:
        found = {
            SHARED: Part(SHARED, 10, 22),
            "a.ipynb": Part("a.ipynb", cell_ids=frozenset({"mine"})),
        }
        return {path: found[path]} if path in found else {}


def ada() -> Outlook:
    return Outlook(lambda path: path.startswith("open/"), Parts())


def state(path: str | None, **facts: Any) -> dict[str, Any]:
    ours = {
        "status": "active",
        "doing": "editing",
        "kind": "file",
        "following": "bea",
        "since": 1,
        "path": path,
        "open": [SECRET, "open/a.py", SHARED],
        **facts,
    }
    return {
        "user": {"username": "grace"},
        "current": f"editor:{path}",
        "codesyncx": ours,
        "notes": SECRET,
    }


def test_a_person_stays_and_what_they_do_in_a_closed_file_goes() -> None:
    seen = ada().see(state(SECRET, line=3, cell_id="c", cell_index=1, secret=SECRET))
    assert seen["user"] == {"username": "grace"}
    assert seen["codesyncx"] == {
        "status": "active",
        "doing": "editing",
        "kind": "file",
        "following": "bea",
        "since": 1,
        "path": None,
        "open": ["open/a.py"],
    }
    assert SECRET not in json.dumps(seen)


def test_what_one_may_read_is_told_as_it_is() -> None:
    seen = ada().see(state("open/a.py", line=3))
    assert (seen["codesyncx"]["path"], seen["codesyncx"]["line"]) == ("open/a.py", 3)
    assert seen["current"] == "editor:open/a.py"


def test_a_line_in_ones_part_is_told_by_the_parts_own_count() -> None:
    for line, told in ((10, 1), (22, 13), (9, None), (23, None)):
        ours = ada().see(state(SHARED, line=line))["codesyncx"]
        assert ours.get("line") == told
        assert ours["path"] == (SHARED if told else None)


def test_a_cell_in_ones_part_is_told() -> None:
    assert ada().see(state("a.ipynb", cell_id="mine"))["codesyncx"]["cell_id"] == "mine"
    assert ada().see(state("a.ipynb", cell_id="theirs"))["codesyncx"]["path"] is None


def test_what_is_told_of_a_part_counts_in_the_whole_file() -> None:
    told = ada().tell(state(SHARED, line=2, open=[SHARED]))
    assert (told["codesyncx"]["path"], told["codesyncx"]["line"]) == (SHARED, 11)
    assert ada().see(told)["codesyncx"]["line"] == 2


def test_nonsense_is_heard_as_little() -> None:
    for ours in (None, 1, [], {"path": 7, "open": "all", "line": "x"}, {"open": [1, None]}):
        seen = ada().see({"user": {}, "codesyncx": ours, "current": 5})
        assert seen["user"] == {}
        assert set(seen) <= {"user", "codesyncx"}
        ada().tell({"user": {}, "codesyncx": ours, "current": 5})


def _tell(engine: Engine, session: Session, client_id: int, told: dict[str, Any]) -> None:
    entry = protocol.AwarenessEntry(client_id, 1, json.dumps(told).encode())
    engine.receive(session, protocol.AwarenessStates([entry]))


def _heard(wire: KeepingWire) -> dict[int, Any]:
    found = {}
    for payload in wire.take():
        message = protocol.decode(payload)
        if isinstance(message, protocol.AwarenessStates):
            found.update({each.client_id: json.loads(each.state) for each in message.entries})
    return found


def test_only_whose_outlook_is_narrow_hears_less() -> None:
    clock = HandClock()
    engine = Engine(Doc(), clock.schedule, clock.now)
    grace, bea = (Session(Member(name, name), KeepingWire()) for name in ("grace", "bea"))
    narrow = Session(Member("ada", "Ada"), KeepingWire(), outlook=ada())
    for session in (grace, bea, narrow):
        engine.join(session)
    _tell(engine, grace, 7, state(SECRET, line=3))
    _tell(engine, narrow, 8, state(SHARED, line=2))
    clock.pass_s(1)
    wires: list[Any] = [grace.wire, bea.wire, narrow.wire]
    of_grace, of_bea, of_ada = (_heard(wire) for wire in wires)
    assert of_bea == of_grace
    assert of_bea[7]["codesyncx"]["path"] == SECRET
    assert of_bea[8]["codesyncx"]["line"] == 11
    assert of_ada[7]["codesyncx"]["path"] is None
    assert 8 not in of_ada
    late = Session(Member("ada", "Ada"), KeepingWire(), outlook=ada())
    engine.join(late)
    engine.receive(late, protocol.AwarenessQuery())
    wire: Any = late.wire
    assert SECRET.encode() not in wire.sent
    assert set(_heard(wire)) == {7, 8}
    engine.leave(grace)
    clock.pass_s(1)
    assert _heard(wire)[7] is None
    engine.close()
