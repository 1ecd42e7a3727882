"""The keyboard shortcuts of JupyterLab's commands of ours."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

SCHEMAS = Path(__file__).parents[2] / "labextension" / "schema"


def test_no_keys_stand_for_two_commands() -> None:
    """JupyterLab leaves out the second of them, with a warning that nobody sees."""
    found = {
        (tuple(shortcut["keys"]), shortcut["command"])
        for path in SCHEMAS.glob("*.json")
        for shortcut in json.loads(path.read_text()).get("jupyter.lab.shortcuts", [])
    }
    assert found
    assert not [keys for keys, count in Counter(keys for keys, _ in found).items() if count > 1]
