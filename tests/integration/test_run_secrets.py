"""Secrets of runs: they reach the sandbox and nothing else."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import server_config
from support.runs import RUNS, listed, start, watch

from codesyncx_server.storage import project_data_dir

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House

SECRETS = f"{RUNS}/secrets"
VALUE = "hunter2-of-the-api"


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)


async def put(house: House, visitor: str, name: str, **told: Any) -> tuple[int, Any]:
    answer = await house.fetch(visitor, "PUT", f"{SECRETS}/{name}", told)
    return answer.code, json.loads(answer.body)


async def names(house: House, visitor: str) -> list[str]:
    answer = await house.fetch(visitor, "GET", SECRETS)
    assert VALUE.encode() not in answer.body
    return [one["name"] for one in json.loads(answer.body)["secrets"]]


async def test_a_run_gets_what_it_names_and_nobody_reads_it_anywhere(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code, told = await put(house, "ada", "API_KEY", value=VALUE)
    assert (code, told["name"], told["used_by"], told["set_by"]) == (
        200,
        "API_KEY",
        "owners",
        "ada",
    )
    await put(house, "ada", "OTHER", value="something-else")
    (house.root / ".codesyncx").mkdir()
    (house.root / ".codesyncx" / "run.toml").write_text(
        '[run.call]\ncommand = ["sh", "call.sh"]\nsecrets = ["API_KEY"]\n'
    )
    (house.root / "call.sh").write_text(
        "echo length ${#API_KEY} other ${#OTHER}\n"
        'printf %s "$API_KEY" | cut -c1-7 | tr -d "\\n"; sleep 0.3\n'
        'printf %s "$API_KEY" | cut -c8-\n'
        'echo "in an error: $API_KEY!" >&2\n'
        'echo data > "$API_KEY.txt"; echo data > fine.txt; ln -s x "link-$API_KEY"\n'
    )
    code, run = await start(house, "ada", configuration="call")
    assert (code, run["secrets"]) == (201, ["API_KEY"])
    ended, text = await watch(house, "ada", run["id"])
    assert "length 18 other 0\n***\n" in text
    assert "in an error: ***!" in text
    assert [one["path"] for one in ended["artifacts"]] == ["fine.txt"]
    assert {"path": "***.txt", "why": "its name has a secret in it."} in ended["kept_back"]
    assert {"path": "link-***", "why": "it is a link."} in ended["kept_back"]
    # Not in anything that was kept, told or logged but the one file.
    data = project_data_dir(house.root)
    for file in data.rglob("*"):
        if file.is_file() and VALUE.encode() in file.read_bytes():
            assert (file.name, file.stat().st_mode & 0o777) == ("run-secrets.json", 0o600)
    assert not any(
        VALUE.encode() in file.read_bytes() for file in house.root.rglob("*") if file.is_file()
    )
    assert VALUE not in json.dumps(await listed(house, "ada"))
    assert VALUE not in text + caplog.text
    audit = await house.fetch("ada", "GET", "/codesyncx/api/access/audit")
    assert VALUE.encode() not in audit.body
    entries = json.loads(audit.body)["entries"]
    used = next(one for one in entries if one["what"] == "secret_used")
    assert (used["who"], used["detail"]) == ("ada", {"names": ["API_KEY"], "run": run["id"]})
    assert [one["what"] for one in entries if one["what"] == "secret_set"] == ["secret_set"] * 2


async def test_who_may_use_a_secret_is_said_for_each(house: House) -> None:
    await house.grant("editor", "editor", "")
    await house.grant("runner", "runner", "")
    await house.grant("local", "editor", "open")
    for name in ("editor", "runner", "local"):
        house.know(name, **{"X-Test-Person": name})
    await put(house, "ada", "OWN", value=VALUE)
    await put(house, "ada", "SHARED", value=VALUE, used_by="editors")
    assert await names(house, "ada") == ["OWN", "SHARED"]
    assert await names(house, "editor") == ["SHARED"]
    for visitor in ("runner", "local", "viewer", "guest"):
        assert await names(house, visitor) == []
    command = {"command": "echo ${#SHARED}", "folder": "open", "secrets": ["SHARED"]}
    code, run = await start(house, "editor", **command)
    assert code == 201
    assert (await watch(house, "editor", run["id"]))[1] == f"{len(VALUE)}\n"
    for visitor, told in (
        ("editor", {**command, "secrets": ["OWN"]}),
        ("editor", {**command, "secrets": ["MISSING"]}),
        ("runner", command),
        ("local", command),
    ):
        code, answer = await start(house, visitor, **told)
        assert (code, answer["code"]) == (403, "refused"), visitor
        assert "no secret" in answer["message"]


async def test_what_is_taken_back_while_a_run_waits_is_not_given(house: House) -> None:
    house.know("editor", **{"X-Test-Person": "editor"})
    await house.grant("editor", "editor", "")
    await put(house, "ada", "KEY", value=VALUE, used_by="editors")
    _, first = await start(house, "ada", command="sleep 1000", limits={"time": "60 s"})
    _, second = await start(house, "trusted", command="sleep 1000", limits={"time": "60 s"})
    _, waiting = await start(house, "editor", command="echo $KEY", secrets=["KEY"])
    assert waiting["state"] == "queued"
    assert (await put(house, "ada", "KEY", used_by="owners"))[0] == 200
    for run in (first, second):
        await house.fetch("ada", "POST", f"{RUNS}/{run['id']}/stop")
    ended, text = await watch(house, "ada", waiting["id"])
    assert (ended["state"], text) == ("failed", "")
    assert "no secret KEY that you may use" in ended["sentence"]


@pytest.mark.parametrize("visitor", ["viewer", "commenter", "guest", "ranger", "editor"])
async def test_only_who_may_share_changes_them(house: House, visitor: str) -> None:
    await house.grant("editor", "editor", "")
    house.know("editor", **{"X-Test-Person": "editor"})
    await put(house, "ada", "KEY", value=VALUE)
    assert (await put(house, visitor, "KEY", value="another-value"))[0] == 403
    assert (await put(house, visitor, "KEY", used_by="editors"))[0] == 403
    assert (await house.fetch(visitor, "DELETE", f"{SECRETS}/KEY")).code == 403


@pytest.mark.parametrize(
    ("name", "told", "code"),
    [
        ("KEY", {"value": "abc"}, 400),
        ("KEY", {"value": "   a   "}, 400),
        ("KEY", {"value": "x" * 4097}, 400),
        ("KEY", {"value": "with\0nothing"}, 400),
        ("KEY", {"value": "half \ud800"}, 400),
        ("KEY", {"value": ["a", "list"]}, 400),
        ("KEY", {"used_by": "owners"}, 400),
        ("KEY", {"value": VALUE, "used_by": "everyone"}, 400),
        ("KEY", {"value": VALUE, "colour": "red"}, 400),
        ("1KEY", {"value": VALUE}, 400),
    ],
)
async def test_what_makes_no_sense_is_told_without_the_value(
    house: House, name: str, told: dict[str, Any], code: int
) -> None:
    found, answer = await put(house, "ada", name, **told)
    assert (found, answer["code"]) == (code, "invalid_request")
    assert VALUE not in answer["message"]
    assert await names(house, "ada") == []


async def test_a_damaged_file_is_told_and_gives_nothing_away(house: House) -> None:
    await put(house, "ada", "KEY", value=VALUE)
    assert (await house.fetch("ada", "DELETE", f"{SECRETS}/NO")).code == 404
    file = project_data_dir(house.root) / "run-secrets.json"
    file.write_text(json.dumps({"KEY": {"value": VALUE, "users": "all"}}))
    answer = await house.fetch("ada", "GET", SECRETS)
    assert (answer.code, json.loads(answer.body)["code"]) == (507, "storage_failed")
    assert VALUE.encode() not in answer.body
    code, told = await start(house, "ada", command="true", secrets=["KEY"])
    assert (code, VALUE in told["message"]) == (507, False)
