from __future__ import annotations

import importlib
import re
from pathlib import Path

from prometheus_client import REGISTRY

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs" / "metrics.md"
PREFIX = "codesyncx_"


def _measured() -> dict[str, str]:
    """Give each metric's kind by the name that Prometheus shows."""
    for source in (REPOSITORY / "codesyncx_server").rglob("*.py"):
        if "prometheus_client" in source.read_text():
            importlib.import_module(".".join(source.relative_to(REPOSITORY).with_suffix("").parts))
    names: dict[str, str] = {}
    for metric in REGISTRY.collect():
        if metric.name.startswith(PREFIX):
            suffix = "_total" if metric.type == "counter" else ""
            names[metric.name + suffix] = metric.type
    return names


def test_the_documentation_explains_every_metric_and_no_other() -> None:
    rows = re.findall(rf"^\| `({PREFIX}\w+)` \| (\w+) \|", DOCS.read_text(), re.MULTILINE)
    assert dict(rows) == _measured()
    assert len(rows) == len(dict(rows))
