"""`.codesyncx/run.toml`: the runs that a project has names for. Pure: text in, the runs out.

Whatever isn't as it should be is told at once, in a sentence each that begins with its place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

from codesyncx_server.access.model import clean_path
from codesyncx_server.errors import InvalidRequestError

from .egress import read_hosts
from .errors import RunFileError
from .limits import Limits, read_limits

RUN_FILE = ".codesyncx/run.toml"

T = TypeVar("T")

_MAX_BYTES = 64 * 1024
_MAX_RUNS = 50
_MAX_TEXT = 4096
_MAX_ENTRIES = 64
MAX_SECRETS = 16
_PORTS = range(1024, 65536)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_REF = re.compile(r"[\w][\w./+#-]{0,254}")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,127}")


class RunKind(StrEnum):
    """What a run is for: it says where its button stands."""

    RUN = "run"
    BUILD = "build"
    LINT = "lint"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class RunConfiguration:
    """One run by name. The command is for `/bin/sh` if it was one text, else for no shell."""

    name: str
    command: tuple[str, ...]
    title: str = ""
    kind: RunKind = RunKind.RUN
    folder: str = ""
    image: str | None = None
    ports: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    live: bool | None = None
    """Whether edits come into it while it runs; None: if it serves something."""
    network: tuple[str, ...] = ()
    """The hosts that it reaches, as `egress.read_hosts` takes them."""
    ref: str = ""
    """The commit whose files it gets; usually those of the project as they are now."""
    secrets: tuple[str, ...] = ()
    """The names of the project's secrets that it gets as variables."""

    @property
    def is_live(self) -> bool:
        """Whether what is edited in the project while it runs is changed in the sandbox too."""
        if self.ref:
            return False
        return bool(self.ports) if self.live is None else self.live


def read_run_file(text: str, defaults: Limits) -> dict[str, RunConfiguration]:
    """Read all runs of a file; RunFileError with everything that is wrong with it."""
    if len(text.encode(errors="replace")) > _MAX_BYTES:
        raise RunFileError([f"run.toml: it is larger than {_MAX_BYTES // 1024} kB."])
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RunFileError([f"run.toml: it isn't valid TOML: {error}."]) from error
    except RecursionError as error:
        raise RunFileError(["run.toml: it is nested too deeply."]) from error
    complaints = [
        f"run.toml: there is no {key!r} here, only tables [run.NAME]."
        for key in content
        if key != "run"
    ]
    runs = content.get("run", {})
    if not isinstance(runs, dict):
        raise RunFileError([*complaints, "run: give a table for each run, as [run.NAME]."])
    if len(runs) > _MAX_RUNS:
        raise RunFileError([*complaints, f"run: a project has {_MAX_RUNS} runs at most."])
    found = {}
    for name, told in runs.items():
        reader = _Reader(name, told, defaults)
        found[name] = reader.configuration()
        complaints += reader.complaints
    if complaints:
        raise RunFileError(complaints)
    return found


class _Reader:
    """Reads one table and remembers what was wrong with it."""

    def __init__(self, name: str, told: object, defaults: Limits) -> None:
        self.place = f"run.{name}"
        self.complaints: list[str] = []
        self._name = name
        self._defaults = defaults
        self._told: dict[str, Any] = told if isinstance(told, dict) else {}
        if not isinstance(told, dict):
            self.complaints.append(f"{self.place}: give a table, as [run.{name}].")
        elif unknown := told.keys() - _KEYS:
            known = ", ".join(sorted(_KEYS))
            self.complaints += [
                f"{self.place}: there is no {key!r}, only {known}." for key in sorted(unknown)
            ]
        if not _NAME.fullmatch(name):
            self.complaints.append(
                f"{self.place}: a run's name is made of up to 32 small letters, digits, - and _."
            )

    def configuration(self) -> RunConfiguration:
        """Give the run, with defaults in place of all that is in the complaints."""
        limits, wrong = self._defaults, list[str]()
        if "limits" in self._told:
            place = f"{self.place}.limits"
            limits, wrong = read_limits(self._told["limits"], place, self._defaults)
        if self._told and "command" not in self._told:
            self.complaints.append(f"{self.place}: it has no command.")
        self.complaints += wrong
        return RunConfiguration(
            name=self._name,
            command=self._read("command", read_command, ()),
            title=self._read("title", _title, ""),
            kind=self._read("kind", _kind, RunKind.RUN),
            folder=self._read("folder", read_folder, ""),
            image=self._read("image", _image, None),
            ports=self._read("ports", _ports, ()),
            environment=self._read("environment", read_environment, {}),
            artifacts=self._read("artifacts", _artifacts, ()),
            limits=limits,
            live=self._read("live", _live, None),
            network=self._read("network", read_hosts, ()),
            ref=self._read("ref", read_ref, ""),
            secrets=self._read("secrets", read_secrets, ()),
        )

    def _read(self, key: str, read: Callable[[Any], T], default: T) -> T:
        if key not in self._told:
            return default
        try:
            return read(self._told[key])
        except InvalidRequestError as error:
            self.complaints.append(f"{self.place}.{key}: {error}")
            return default


_KEYS = frozenset(field.name for field in fields(RunConfiguration)) - {"name"}


def read_command(told: object) -> tuple[str, ...]:
    """Read a command: one text is for a shell, a list of texts is a program and its arguments."""
    if isinstance(told, str) and told.strip():
        words = ["/bin/sh", "-c", told]
    elif isinstance(told, list) and told and all(isinstance(word, str) for word in told):
        words = told
    else:
        raise InvalidRequestError("give a text, or a list of a program and its arguments.")
    if len(words) > _MAX_ENTRIES or any(len(word) > _MAX_TEXT for word in words):
        raise InvalidRequestError(f"it is too long: {_MAX_TEXT} characters is the most.")
    if not words[0] or any(_is_unsafe(word) for word in words):
        raise InvalidRequestError("it holds characters that no command may hold.")
    return tuple(words)


def read_folder(told: object) -> str:
    """Read a folder of the project in which a command starts."""
    if not isinstance(told, str):
        raise InvalidRequestError("give a folder of the project.")
    if told.startswith("/"):
        raise InvalidRequestError("give a folder from the project's top, without a / before it.")
    return clean_path(told)


def read_environment(told: object) -> dict[str, str]:
    """Read variables for a command's environment."""
    if not isinstance(told, Mapping):
        raise InvalidRequestError('give a table such as { DEBUG = "1" }.')
    if len(told) > _MAX_ENTRIES:
        raise InvalidRequestError(f"{_MAX_ENTRIES} variables is the most.")
    for name, value in told.items():
        if not is_variable(name):
            raise InvalidRequestError(f"{name!r} can't be the name of a variable.")
        if not isinstance(value, str) or len(value) > _MAX_TEXT or _is_unsafe(value):
            raise InvalidRequestError(f"{name}: give a text of {_MAX_TEXT} characters at most.")
    return dict(told)


def read_ref(told: object) -> str:
    """Read the name of a branch, a tag or a commit, as git has them."""
    if not isinstance(told, str) or not _REF.fullmatch(told) or ".." in told:
        raise InvalidRequestError("give the name of a branch or tag, or the id of a commit.")
    return told


def read_secrets(told: object) -> tuple[str, ...]:
    """Read the names of secrets."""
    if not isinstance(told, list) or len(told) > MAX_SECRETS:
        raise InvalidRequestError(f'give a list of {MAX_SECRETS} names at most, as ["API_KEY"].')
    for name in told:
        if not is_variable(name):
            raise InvalidRequestError(f"{name!r} can't be the name of a secret.")
    return tuple(dict.fromkeys(told))


def is_variable(name: object) -> bool:
    """Whether a variable of an environment can be called so."""
    return isinstance(name, str) and _VARIABLE.fullmatch(name) is not None


def _title(told: object) -> str:
    if not isinstance(told, str) or len(told) > 80:  # noqa: PLR2004 - it stands on a button
        raise InvalidRequestError("give a text of 80 characters at most.")
    return told


def _kind(told: object) -> RunKind:
    if not isinstance(told, str) or told not in set(RunKind):
        raise InvalidRequestError(f"give one of {', '.join(RunKind)}.")
    return RunKind(told)


def _live(told: object) -> bool:
    if not isinstance(told, bool):
        raise InvalidRequestError("give true or false.")
    return told


def _image(told: object) -> str:
    if not isinstance(told, str) or not _IMAGE.fullmatch(told):
        raise InvalidRequestError("give the name of an image.")
    return told


def _ports(told: object) -> tuple[int, ...]:
    if not isinstance(told, list) or len(told) > _MAX_ENTRIES:
        raise InvalidRequestError("give a list of ports such as [8000].")
    for port in told:
        if isinstance(port, bool) or not isinstance(port, int) or port not in _PORTS:
            raise InvalidRequestError(f"a port is a number from {_PORTS[0]} to {_PORTS[-1]}.")
    return tuple(dict.fromkeys(told))


def _artifacts(told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) > _MAX_ENTRIES:
        raise InvalidRequestError('give a list of patterns such as ["dist/**"].')
    for pattern in told:
        if not isinstance(pattern, str) or not pattern or pattern.startswith("/"):
            raise InvalidRequestError("a pattern is a path in the project, with * and **.")
        clean_path(pattern)
    return tuple(told)


def _is_unsafe(text: str) -> bool:
    """Whether no process can be given this text."""
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)
