"""The OpenAPI document of runs says what the server does."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.states import State
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from support.gatehouse import server_config

from codesyncx_server.run.wiring import Runs

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House

API = "/codesyncx/api"


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)


async def described(house: House) -> dict[str, Any]:
    answer = await house.fetch("ada", "GET", f"{API}/runs/openapi.json")
    document: dict[str, Any] = json.loads(answer.body)
    return document


def check(document: dict[str, Any], name: str, value: Any) -> None:
    """Fail unless a value is as a schema of the document says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(value)


async def test_it_is_valid_and_has_every_route(house: House) -> None:
    document = await described(house)
    validate(document)  # type: ignore[arg-type] # its own type of any mapping
    source = re.compile(r'rf?"\{_BASE\}(?P<path>[^"]*)"')
    wiring = inspect.getsource(Runs)
    served = {found["path"] for found in source.finditer(wiring)}
    told = {path.removeprefix("/runs") for path in document["paths"]}
    words = {"{_ID}": "{id}", "{_NAME}": "{name}", "(.+)": "{path}", "([0-9]{{1,5}})": "{port}"}
    for pattern, name in words.items():
        served = {path.replace(pattern, name) for path in served}
    assert served - {r"/openapi\.json"} == told - {""}
    assert document["components"]["schemas"]["State"]["enum"] == [str(one) for one in State]


async def test_what_the_server_answers_is_as_it_says(house: House) -> None:
    document = await described(house)
    ports = '[run.web]\ncommand = "sleep 60"\nports = [8000]\nlimits = { time = "60 s" }\n'
    before = json.loads((await house.fetch("ada", "GET", f"{API}/runs/configurations")).body)
    check(document, "ConfigurationText", before)
    told = {"text": ports, "version": before["version"]}
    check(document, "ConfigurationText", told)
    await house.fetch("ada", "PUT", f"{API}/runs/configurations", told)

    request = {"command": "echo made > new.txt; cat new.txt"}
    check(document, "RunRequest", request)
    run = json.loads((await house.fetch("ada", "POST", f"{API}/runs", request)).body)
    check(document, "Run", run)
    socket = await house.connect("ada", f"{API}/runs/{run['id']}/log")
    messages = []
    while (message := await asyncio.wait_for(socket.read_message(), 30)) is not None:
        messages.append(json.loads(message))
        check(document, "LogMessage", messages[-1])
    assert {message["type"] for message in messages} == {"run", "output"}

    request = {"configuration": "web"}
    run = json.loads((await house.fetch("ada", "POST", f"{API}/runs", request)).body)
    answer = await house.fetch("ada", "POST", f"{API}/runs/{run['id']}/previews/8000")
    check(document, "Preview", json.loads(answer.body))
    answer = await house.fetch(
        "ada", "PATCH", f"{API}/runs/{run['id']}/previews/8000", {"visibility": "private"}
    )
    check(document, "Preview", json.loads(answer.body))
    check(document, "Runs", json.loads((await house.fetch("ada", "GET", f"{API}/runs")).body))
    await house.fetch("ada", "POST", f"{API}/runs/{run['id']}/stop")
    for refused in ({}, {"command": 3}, {"configuration": "no-such"}):
        answer = await house.fetch("ada", "POST", f"{API}/runs", refused)
        assert answer.code >= 400
        check(document, "Failure", json.loads(answer.body))
