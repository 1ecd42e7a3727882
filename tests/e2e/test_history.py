from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.people import Person
    from support.servers import LabServer


def test_look(lab: LabServer, person: Callable[..., Person], tmp_path: Path) -> None:
    (lab.root / "hello.py").write_text("import os\n\n\ndef hello():\n    print('hello')\n")
    ada, grace = person("ada"), person("grace")
    ada.open_file("hello.py")
    grace.open_file("hello.py")
    ada.type("hello.py", "# Ada was here\nx = 1\n")
    grace.wait_for_text("hello.py", "x = 1\nimport os")
    grace.type("hello.py", "# Grace was here\n", line=4)
    ada.wait_for_text("hello.py", "Grace was here")
    ada.command("codesyncx:toggle-line-authors")
    ada.page.wait_for_timeout(1500)
    ada.screenshot(tmp_path / "1.png")
    ada.page.hover(".csx-author-mark >> nth=1")
    ada.page.wait_for_timeout(300)
    ada.screenshot(tmp_path / "2.png")
    print(ada.page.evaluate("() => fetch('/codesyncx/api/history/authors/hello.py').then(r => r.text())"))
    print(ada.page.evaluate("() => fetch('/codesyncx/api/history/versions/hello.py').then(r => r.text())"))
    ada.command("codesyncx:open-history")
    ada.page.wait_for_timeout(2500)
    ada.screenshot(tmp_path / "3.png")
    print(ada.problems, tmp_path)
