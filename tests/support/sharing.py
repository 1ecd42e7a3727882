"""What Ada, the owner of a test's lab, gives to others while it runs."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from demo_people import token_of

if TYPE_CHECKING:
    from .servers import LabServer


def ask(lab: LabServer, method: str, path: str, body: Any = None, *, by: str = "ada") -> Any:
    """Have somebody ask the server for something: Ada, the owner, if nobody else."""
    request = urllib.request.Request(  # noqa: S310 - our own
        f"{lab.url}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {token_of(by, lab.token)}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else None


def give(lab: LabServer, to: str, role: str) -> int:
    """Give somebody a role on the whole project; gives the grant's number."""
    body = {"subject": {"kind": "user", "name": to}, "path": "", "role": role}
    number: int = ask(lab, "POST", "codesyncx/api/access/grants", body)["id"]
    return number


def change_role(lab: LabServer, grant: int, role: str) -> None:
    """Give somebody another role by the same grant."""
    ask(lab, "PATCH", f"codesyncx/api/access/grants/{grant}", {"role": role})
