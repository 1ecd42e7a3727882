"""What Ada, the owner of a test's lab, gives to others while it runs."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from demo_people import token_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

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


def join(page: Page, server: LabServer, url: str, name: str) -> None:
    """Come in by an invite link, as a guest does."""
    page.goto(url if url.startswith("http") else server.url + url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored.then(() => undefined)")
    page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=30_000)
