"""How soon others see in their file browser what happens to files, in milliseconds.

    python tests/benchmarks/files.py [--json results.json] [--rounds 20]

Two people in two Chromiums look at one folder. `by a person` is from the answer that somebody's own
JupyterLab gets, `on disk` from when the file is there or gone, until the other's page shows it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from support.people import CHROMIUM, CHROMIUM_ARGS, Person  # noqa: E402
from support.servers import LabServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWS = """([name, expected]) => expected === Array.from(
    document.querySelectorAll('.jp-DirListing-item .jp-DirListing-itemText')
).some(row => row.textContent.includes(name))"""


def _contents(person: Person, call: str) -> None:
    person.page.evaluate(f"() => window.jupyterapp.serviceManager.contents.{call}.then(() => {{}})")


def _ms_until(person: Person, name: str, act: Callable[[], Any], *, is_there: bool) -> float:
    act()
    began = time.perf_counter()
    person.page.wait_for_function(_SHOWS, arg=[name, is_there])
    return 1000 * (time.perf_counter() - began)


def measure(root: Path, ada: Person, grace: Person, rounds: int) -> dict[str, list[float]]:
    """Give the milliseconds of each round, for four things that happen."""
    made = "save('made.py', {type: 'file', format: 'text', content: ''})"
    path = root / "disk.py"
    steps: dict[str, tuple[str, Callable[[], Any], bool]] = {
        "created by a person": ("made.py", lambda: _contents(ada, made), True),
        "deleted by a person": ("made.py", lambda: _contents(ada, "delete('made.py')"), False),
        "created on disk": ("disk.py", lambda: path.write_text("x = 1\n"), True),
        "deleted on disk": ("disk.py", path.unlink, False),
    }
    found: dict[str, list[float]] = {title: [] for title in steps}
    for _ in range(rounds):
        for title, (name, act, is_there) in steps.items():
            found[title].append(_ms_until(grace, name, act, is_there=is_there))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder)) as lab,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS) as chromium,
    ):
        ada, grace = (Person(chromium, lab, name).enter() for name in ("ada", "grace"))
        found = measure(lab.root, ada, grace, options.rounds)
    report = {
        title: {"median_ms": round(statistics.median(ms)), "max_ms": round(max(ms))}
        for title, ms in found.items()
    }
    print(json.dumps(report, indent=2))
    if options.json:
        kept = json.loads(options.json.read_text()) if options.json.exists() else {}
        options.json.write_text(json.dumps({**kept, "files": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
