"""A run as it is kept: who wanted it, what it runs, where it is, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from codesyncx_server.access.model import Person

from .limits import Limits
from .run_file import RunConfiguration, RunKind
from .selection import LeftOut
from .states import State

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a run has made."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run; times are Unix seconds. It never changes, the next state takes its place."""

    id: str
    person: Person
    project: str
    what: RunConfiguration
    submitted_at: float
    state: State = State.QUEUED
    sentence: str = ""
    attempt: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    cpu_s: float | None = None
    peak_memory_bytes: int | None = None
    files: tuple[str, ...] = ()
    """What went in: whoever may read all of it may watch."""
    left_out: tuple[LeftOut, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    kept_back: tuple[LeftOut, ...] = field(default=())
    """What didn't come out."""
    handle: str = ""
    commit: str = ""
    """The id of the commit whose files went in, if it was asked for one."""
    first_piece: int = 0
    """The number of the first piece of output of this attempt."""
    verdict: State | None = None
    """How it has ended, from when that is known until nothing is left of its sandbox."""

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON has it."""
        told = asdict(self)
        told["person"]["groups"] = sorted(self.person.groups)
        return told

    def again(self) -> Run:
        """Give it as it was before the server that carried it out went away."""
        return replace(self, state=State.QUEUED, started_at=None, handle="", files=(), verdict=None)


def read_run(told: Mapping[str, Any]) -> Run:
    """Give a run as `Run.to_json` has written it down."""
    person, what = dict(told["person"]), dict(told["what"])
    person["groups"] = frozenset(person["groups"])
    what["limits"] = Limits(**what["limits"])
    what["kind"] = RunKind(what["kind"])
    for name in ("command", "ports", "artifacts", "network", "secrets"):
        what[name] = tuple(what.get(name, ()))
    return Run(
        **{
            **told,
            "person": Person(**person),
            "what": RunConfiguration(**what),
            "state": State(told["state"]),
            "verdict": State(told["verdict"]) if told.get("verdict") else None,
            "files": tuple(told["files"]),
            "left_out": tuple(LeftOut(*one) for one in told["left_out"]),
            "kept_back": tuple(LeftOut(*one) for one in told["kept_back"]),
            "artifacts": tuple(Artifact(**one) for one in told["artifacts"]),
        }
    )
