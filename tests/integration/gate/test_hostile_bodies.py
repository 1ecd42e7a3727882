"""Bodies that the gate and the handler behind it could read in two ways."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from support.gatehouse import SECRET

if TYPE_CHECKING:
    from support.gatehouse import House

#: Around what Python takes, which is another depth wherever JSON is read.
DEPTHS = range(880, 1000)


def trusted_notebook() -> dict[str, Any]:
    """Give a notebook that says of its own script that it may run."""
    script = {"text/html": "<script>top.location = '//evil.example'</script>"}
    output = nbformat.v4.new_output("display_data", script)
    cell = nbformat.v4.new_code_cell("1", outputs=[output], metadata={"trusted": True})
    content = nbformat.v4.new_notebook(cells=[cell])
    return {"type": "notebook", "format": "json", "content": content}


def beside_something_deep(body: dict[str, Any], depth: int) -> str:
    return f'{json.dumps(body)[:-1]}, "deep": {"[" * depth}{"]" * depth}}}'


async def is_trusted(house: House, path: str) -> bool:
    model = await house.fetch("ada", "GET", f"/api/contents/{path}?content=1")
    (cell,) = json.loads(model.body)["content"]["cells"]
    return bool(cell["metadata"].get("trusted"))


@pytest.mark.parametrize("before", ["", " \n", "\x0c", "\x0b\x0c"])
async def test_no_white_space_before_a_notebook_buys_trust(house: House, before: str) -> None:
    await house.grant("editor", "editor", "desk")
    body = before + json.dumps(trusted_notebook())
    answer = await house.fetch("editor", "PUT", "/api/contents/desk/new.ipynb", body)
    assert answer.code == 201
    assert not await is_trusted(house, "desk/new.ipynb")


async def test_nothing_deep_beside_a_notebook_buys_trust(house: House) -> None:
    await house.grant("editor", "editor", "desk")
    statuses = set()
    for depth in DEPTHS:
        body = beside_something_deep(trusted_notebook(), depth)
        answer = await house.fetch("editor", "PUT", "/api/contents/desk/new.ipynb", body)
        statuses.add(answer.code)
        assert answer.code == 400 or not await is_trusted(house, "desk/new.ipynb"), depth
    assert statuses == {200, 201, 400}  # the depths are the ones that matter


async def test_nothing_deep_beside_it_hides_what_is_copied(house: House) -> None:
    await house.grant("editor", "editor", "desk")
    statuses = set()
    for depth in DEPTHS:
        body = beside_something_deep({"copy_from": "hidden/secret.py"}, depth)
        statuses.add((await house.fetch("editor", "POST", "/api/contents/desk", body)).code)
    assert statuses == {400, 403}
    assert not [one for one in (house.root / "desk").glob("secret*") if SECRET in one.read_text()]


@pytest.mark.parametrize("body", ["{", " ", "\ufeff{}", "[" * 100_000, "{}{}"])
async def test_what_is_not_json_is_told_so(house: House, body: str) -> None:
    for method in ("POST", "PUT", "PATCH"):
        answer = await house.fetch("editor", method, "/api/contents/desk/essay.py", body)
        assert (answer.code, json.loads(answer.body)["code"]) == (400, "invalid_request")
