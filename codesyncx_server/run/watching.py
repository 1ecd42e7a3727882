"""Which runs somebody may see, and what of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesyncx_spawner.limits import limits_in_words

from ..access.model import Permission

if TYPE_CHECKING:
    from codesyncx_spawner.output import Piece
    from codesyncx_spawner.run import Run
    from codesyncx_spawner.run_file import RunConfiguration

    from ..gate.sight import Sight

#: Of a run with more files than these, only who may read everything is looked for.
_MOST_FILES = 500


def require_execute(sight: Sight, what: RunConfiguration) -> None:
    """Raise RefusedError, with a sentence for the person, unless they may run this.

    A file that is run by itself has its path for a title and no name; else it is the folder that
    counts.
    """
    file = file_of(what)
    if file is not None:
        sight.require(Permission.READ, file)
    sight.require(Permission.EXECUTE, what.folder if file is None else file)


def file_of(what: RunConfiguration) -> str | None:
    """Give the file that is run by itself, if it is one."""
    return what.title if what.title and not what.name else None


def may_execute(sight: Sight, what: RunConfiguration) -> bool:
    """Whether `require_execute` would let them run this."""
    file = file_of(what)
    if file is not None and not sight.may(Permission.READ, file):
        return False
    return sight.may(Permission.EXECUTE, what.folder if file is None else file)


def may_watch(sight: Sight, run: Run) -> bool:
    """Whether all that went into the run may be read by them, or it is theirs to run still."""
    if sight.is_owner:
        return True
    if is_own(sight, run) and (not run.files or may_execute(sight, run.what)):
        return True
    if not run.files:
        return False  # nobody knows yet what will go in
    if sight.covers(Permission.READ, ""):
        return True
    return len(run.files) <= _MOST_FILES and all(
        sight.covers(Permission.READ, path) for path in run.files
    )


def is_own(sight: Sight, run: Run) -> bool:
    """Whether it was they who started it."""
    mine, theirs = sight.person, run.person
    return (mine.username, mine.link) == (theirs.username, theirs.link)


def may_stop(sight: Sight, run: Run) -> bool:
    """Whether they may end it."""
    return sight.is_owner or is_own(sight, run)


def run_to_json(sight: Sight, run: Run, position: int | None, note: str = "") -> dict[str, Any]:
    """Give what they may know of a run that they may watch; no variables of its environment.

    `note` says what is to be known of where its files are.
    """
    what, is_mine = run.what, may_stop(sight, run)
    went_in = set(run.files)
    return {
        "id": run.id,
        "person": run.person.username,
        "configuration": what.name,
        "file": file_of(what),
        "title": what.title or what.name or what.command[-1],
        "kind": what.kind,
        "command": list(what.command),
        "folder": what.folder,
        "ports": list(what.ports),
        "ref": what.ref,
        "commit": run.commit,
        "secrets": list(what.secrets) if is_mine else [],
        "state": run.state,
        "is_over": run.state.is_over,
        "sentence": run.sentence,
        "position": position,
        "submitted_at": run.submitted_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "exit_code": run.exit_code,
        "cpu_s": run.cpu_s,
        "peak_memory_bytes": run.peak_memory_bytes,
        "cpu_limit": what.limits.cpu,
        "memory_limit_bytes": what.limits.memory_bytes,
        "time_limit_s": what.limits.time_s,
        "limits": limits_in_words(what.limits),
        "artifacts": [
            {"path": one.path, "size": one.size, "is_change": one.path in went_in}
            for one in run.artifacts
        ],
        "artifacts_note": note,
        "kept_back": [one._asdict() for one in run.kept_back],
        # Names of files that not everybody who may watch need be able to see.
        "left_out": [one._asdict() for one in run.left_out] if is_mine else [],
        "may_stop": is_mine and not run.state.is_over,
    }


def pieces_to_json(pieces: list[Piece]) -> list[dict[str, Any]]:
    """Give output as it is sent."""
    return [
        {
            "number": piece.number,
            "text": piece.text,
            "ends_line": piece.ends_line,
            "is_notice": piece.is_notice,
        }
        for piece in pieces
    ]
