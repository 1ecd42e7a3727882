"""What a request to run something comes to. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codesyncx_spawner.limits import read_limits
from codesyncx_spawner.run_file import (
    RunConfiguration,
    read_command,
    read_environment,
    read_folder,
    read_ref,
    read_secrets,
)

from ..access.model import clean_path
from ..errors import InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesyncx_spawner.limits import Limits

_INTERPRETERS: Mapping[str, tuple[str, ...]] = {
    ".bash": ("bash",),
    ".jl": ("julia",),
    ".js": ("node",),
    ".lua": ("lua",),
    ".mjs": ("node",),
    ".php": ("php",),
    ".pl": ("perl",),
    ".py": ("python3",),
    ".r": ("Rscript",),
    ".rb": ("ruby",),
    ".sh": ("sh",),
}
_KEYS = frozenset(
    {"configuration", "file", "command", "folder", "environment", "limits", "ref", "secrets"}
)
_WAYS = ("configuration", "file", "command")


def read_request(
    told: Mapping[str, Any], configurations: Mapping[str, RunConfiguration], defaults: Limits
) -> RunConfiguration:
    """Give what is to run; InvalidRequestError or NotFoundError with a sentence that says why."""
    if unknown := told.keys() - _KEYS:
        raise InvalidRequestError(f"A run has no {', '.join(sorted(unknown))}.")
    ways = [way for way in _WAYS if way in told]
    if len(ways) != 1:
        raise InvalidRequestError(f"A run is asked for by one of {', '.join(_WAYS)}.")
    way = ways[0]
    if way == "configuration":
        found = configurations.get(str(told[way]))
        if found is None:
            raise NotFoundError(f"There is no run {str(told[way])!r} in .codesyncx/run.toml.")
    elif way == "file":
        found = _of_file(told[way], defaults)
    else:
        found = RunConfiguration("", read_command(told[way]), limits=defaults)
    return _changed(found, told)


def _changed(found: RunConfiguration, told: Mapping[str, Any]) -> RunConfiguration:
    """Give a run with what a request has to say about any."""
    if "folder" in told:
        found = replace(found, folder=read_folder(told["folder"]))
    if "environment" in told:
        environment = {**found.environment, **read_environment(told["environment"])}
        found = replace(found, environment=environment)
    if "ref" in told:
        found = replace(found, ref=read_ref(told["ref"]))
    if "secrets" in told:
        found = replace(found, secrets=read_secrets(told["secrets"]))
    if "limits" in told:
        limits, complaints = read_limits(told["limits"], "limits", found.limits)
        if complaints:
            raise InvalidRequestError(" ".join(complaints))
        found = replace(found, limits=limits)
    return found


def _of_file(told: object, defaults: Limits) -> RunConfiguration:
    if not isinstance(told, str) or not (path := clean_path(told)):
        raise InvalidRequestError("`file` must be the path of a file.")
    interpreter = _INTERPRETERS.get(posixpath.splitext(path)[1].lower())
    if interpreter is None:
        raise InvalidRequestError(
            f"Nobody knows what runs {posixpath.basename(path)}: give a command, or make a run "
            "for it in .codesyncx/run.toml."
        )
    # With ./ before it, a file whose name begins with - is no option.
    return RunConfiguration("", (*interpreter, f"./{path}"), title=path, limits=defaults)
