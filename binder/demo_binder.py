"""Starts on a Binder what the demo starts on your own machine.

    python binder/demo_binder.py COMMAND...

`COMMAND` is what Binder would have started. Whoever opened the Binder is Ada; the links for the
others stand in the project's PEOPLE.md.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from demo_people import PEOPLE, token_of

HERE = Path(__file__).resolve().parent
PROJECT = Path.home() / "demo"
FILE = "orbits/solver.py"
OPENER = "ada"


def main() -> None:
    """Become the command, with the demo's people and project."""
    command = sys.argv[1:]
    token = _find(command, "token") or os.environ.get("JUPYTER_TOKEN", "")
    if not token:
        token = secrets.token_hex(16)
        command.append(f"--IdentityProvider.token={token}")
    _write_links(_find(command, "base_url") or "/", token)
    command += [
        "--ServerApp.identity_provider_class=demo_people.NamedLinks",
        "--CodeSyncXApp.default_role=editor",
        # Nothing else gets through to a Binder: don't look for another way first.
        "--CodeSyncXApp.call_media=websocket",
        f"--ServerApp.root_dir={PROJECT}",
    ]
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    os.execvpe(command[0], command, {**os.environ, "PYTHONPATH": path})  # noqa: S606


def _find(command: list[str], trait: str) -> str | None:
    """Give an option's value, whichever of Jupyter's classes it is for."""
    for argument in command:
        name, _, value = argument.partition("=")
        if name.startswith("--") and name.endswith(f".{trait}"):
            return value
    return None


def _write_links(base_url: str, token: str) -> None:
    lines = ["# Who else is here", ""]
    lines += ["Open a link in another browser or a private window, or send it to somebody.", ""]
    for username, (name, _, _) in PEOPLE.items():
        if username != OPENER:
            link = f"{base_url}lab/workspaces/{username}/tree/{FILE}"
            lines.append(
                f'- <a href="{link}?token={token_of(username, token)}" target="_blank">{name}</a>'
            )
    (PROJECT / "PEOPLE.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
