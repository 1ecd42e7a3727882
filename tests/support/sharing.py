"""What Ada, the owner of a test's lab, gives to others while it runs."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from demo_people import token_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .servers import LabServer


ACCESS = "codesyncx/api/access"


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


def give(lab: LabServer, to: str, role: str, path: str = "", **more: Any) -> int:
    """Give somebody (everyone, without a name) a role somewhere; gives the grant's number."""
    subject = {"kind": "user", "name": to} if to else {"kind": "everyone", "name": ""}
    body = {"subject": subject, "path": path, "role": role, **more}
    number: int = ask(lab, "POST", f"{ACCESS}/grants", body)["id"]
    return number


def lines(first: int, last: int) -> dict[str, Any]:
    """Name the lines of a file that a grant is for, counted from 1."""
    return {"kind": "lines", "start_line": first, "end_line": last}


def change_role(lab: LabServer, grant: int, role: str) -> None:
    """Give somebody another role by the same grant."""
    ask(lab, "PATCH", f"{ACCESS}/grants/{grant}", {"role": role})


def take_back(lab: LabServer, grant: int) -> None:
    """End what was given by a grant."""
    ask(lab, "DELETE", f"{ACCESS}/grants/{grant}")


def take_all_back(lab: LabServer) -> None:
    """End whatever was given on any file, by grants and by links."""
    visible = (path for path in lab.root.rglob("*") if not path.name.startswith("."))
    for path in ["", *sorted(str(path.relative_to(lab.root)) for path in visible)]:
        query = urlencode({"path": path})
        for link in ask(lab, "GET", f"{ACCESS}/links?{query}")["links"]:
            ask(lab, "DELETE", f"{ACCESS}/links/{link['id']}")
        for grant in ask(lab, "GET", f"{ACCESS}/grants?{query}")["grants"]:
            if grant["id"] and not grant["inherited"]:
                take_back(lab, grant["id"])


def join(page: Page, server: LabServer, url: str, name: str) -> None:
    """Come in by an invite link, as a guest does."""
    page.goto(url if url.startswith("http") else server.url + url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")
    page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=30_000)
