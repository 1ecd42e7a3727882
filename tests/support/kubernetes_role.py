"""The Role that the documentation has an admin make: the tests' clusters allow nothing else."""

from __future__ import annotations

from typing import Any

import yaml
from support.servers import REPOSITORY


def rules_in_docs() -> list[dict[str, list[str]]]:
    """Give its rules."""
    text = (REPOSITORY / "docs" / "sandbox-security.md").read_text()
    block = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    objects: list[Any] = list(yaml.safe_load_all(block))
    (role,) = (one for one in objects if one["kind"] == "Role")
    rules: list[dict[str, list[str]]] = role["rules"]
    return rules
