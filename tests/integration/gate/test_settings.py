"""JupyterLab's settings and workspaces: no way to other files of the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from support.gatehouse import SECRET

if TYPE_CHECKING:
    from support.gatehouse import House

SCHEMA = {"title": SECRET, "type": "object", "properties": {}}


def ways_to(file: Path, house: House) -> list[str]:
    """Give names of settings that could be taken for a JSON file somewhere else."""
    schemas = house.app.extension_manager.extension_apps["jupyterlab"].pop().schemas_dir
    up = "../" * len(Path(schemas).parts)
    names = [f"{start}:{file.stem}" for start in (file.parent, f"{up}{file.parent}")]
    names += [f"a:{file.with_suffix('')}", f"a:{up}{file.with_suffix('')}"]
    return [quote(name, safe=safe) for name in names for safe in ("", "/", ":/")]


@pytest.mark.parametrize("person", ["guest", "viewer", "editor"])
async def test_settings_read_no_other_json(house: House, person: str) -> None:
    file = house.root / "hidden/secret.json"
    file.write_text(json.dumps(SCHEMA))
    for name in ways_to(file, house):
        answer = await house.fetch(person, "GET", f"/lab/api/settings/{name}")
        assert SECRET not in answer.body.decode(), name


async def test_settings_are_written_nowhere_else(house: House) -> None:
    file = house.root / "hidden/secret.json"
    file.write_text(json.dumps(SCHEMA))
    before = sorted(house.root.rglob("*"))
    body = {"raw": '{"a": 1}'}
    for name in ways_to(file, house):
        answer = await house.fetch("guest", "PUT", f"/lab/api/settings/{name}", body)
        assert answer.code in {400, 403, 404}, name
    assert sorted(house.root.rglob("*")) == before


async def test_everybody_has_settings_of_their_own_by_any_spelling(house: House) -> None:
    name = "@jupyterlab/apputils-extension:themes"
    for number, spelling in enumerate((name, quote(name, safe=""), quote(name, safe="/"))):
        path = f"/lab/api/settings/{spelling}"
        body = {"raw": json.dumps({"theme": f"Theme {number}"})}
        assert (await house.fetch("guest", "PUT", path, body)).code == 204
        told = json.loads((await house.fetch("guest", "GET", path)).body)
        assert (told["id"], told["settings"]) == (name, {"theme": f"Theme {number}"})
