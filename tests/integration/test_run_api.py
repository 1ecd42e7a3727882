"""Runs over HTTP and the websocket: who may start, watch and stop them, and what they read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import SECRET, server_config
from support.runs import RUNS, listed, start, watch
from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)


async def test_a_file_runs_and_its_output_is_watched(house: House) -> None:
    code, run = await start(house, "ada", file="open/hello.py")
    assert (code, run["title"], run["may_stop"]) == (201, "open/hello.py", True)
    ended, text = await watch(house, "ada", run["id"])
    assert text == "hello\n"
    assert (ended["state"], ended["exit_code"], ended["is_over"]) == ("succeeded", 0, True)
    assert (ended["file"], ended["artifacts"]) == ("open/hello.py", [])
    assert (await listed(house, "ada"))["runs"] == [ended]


async def test_a_run_reads_what_its_person_may_read_and_nothing_else(house: House) -> None:
    grant = await house.grant("runner", "runner", "open")
    house.know("runner", **{"X-Test-Person": "runner"})
    code, run = await start(house, "runner", command="find . -type f -o -type l", folder="open")
    assert code == 201, run
    ended, text = await watch(house, "runner", run["id"])
    assert text == "./hello.py\n"
    code, run = await start(house, "runner", command=f"cd .. && grep -r {SECRET} .", folder="open")
    ended, text = await watch(house, "runner", run["id"])
    assert (ended["state"], text) == ("failed", "")
    # Who may run there no more reads in it no more either.
    await house.fetch("ada", "DELETE", f"/codesyncx/api/access/grants/{grant}")
    for path in ("", "/log"):
        assert (await house.fetch("runner", "GET", f"{RUNS}/{run['id']}{path}")).code in (403, 404)


async def test_who_loses_the_right_while_waiting_runs_nothing(house: House) -> None:
    grant = await house.grant("runner", "runner", "open")
    house.know("runner", **{"X-Test-Person": "runner"})
    told = {"command": "cat", "folder": "open", "limits": {"time": "60 s"}}
    _, first = await start(house, "ada", command="sleep 1000", limits={"time": "60 s"})
    _, second = await start(house, "trusted", command="sleep 1000", limits={"time": "60 s"})
    _, waiting = await start(house, "runner", **told)
    assert (waiting["state"], waiting["position"]) == ("queued", 0)
    answer = await house.fetch("ada", "DELETE", f"/codesyncx/api/access/grants/{grant}")
    assert answer.code < 300
    for run in (first, second):
        await house.fetch("ada", "POST", f"{RUNS}/{run['id']}/stop")
    ended, text = await watch(house, "ada", waiting["id"])
    assert (ended["state"], text) == ("failed", "")
    assert "open" in ended["sentence"]


@pytest.mark.parametrize("visitor", ["viewer", "commenter", "guest", "ranger"])
async def test_nobody_runs_anything_without_execute(house: House, visitor: str) -> None:
    for told in ({"command": "id"}, {"file": "open/hello.py"}, {"command": "id", "folder": "open"}):
        code, answer = await start(house, visitor, **told)
        assert (code, answer["code"]) == (403, "refused")
    assert (await listed(house, "ada"))["runs"] == []


async def test_whoever_may_read_all_that_went_in_may_watch_and_not_stop(house: House) -> None:
    await house.grant("runner", "runner", "open")
    house.know("runner", **{"X-Test-Person": "runner"})
    _, hers = await start(house, "ada", command="true")
    _, theirs = await start(
        house, "runner", command="echo shared > out.txt; cat out.txt", folder="open"
    )
    await watch(house, "ada", hers["id"])
    ended, text = await watch(house, "viewer", theirs["id"])
    assert (text, ended["may_stop"]) == ("shared\n", False)
    assert [run["id"] for run in (await listed(house, "viewer"))["runs"]] == [theirs["id"]]
    for path in ("", "/log", "/artifacts/x"):
        answer = await house.fetch("viewer", "GET", f"{RUNS}/{hers['id']}{path}")
        assert answer.code == 404, path
    assert (await house.fetch("viewer", "POST", f"{RUNS}/{hers['id']}/stop")).code == 404
    assert (await house.fetch("viewer", "POST", f"{RUNS}/{theirs['id']}/stop")).code == 403
    assert (await house.fetch("stranger", "GET", f"{RUNS}/{theirs['id']}")).code == 403
    with pytest.raises(HTTPClientError):
        await house.connect("ranger", f"{RUNS}/{theirs['id']}/log")


async def test_artifacts_are_given_for_keeping_and_never_as_a_page(house: House) -> None:
    _, run = await start(house, "ada", command="echo '<script>' > page.html; ln -s /etc/passwd out")
    ended, _ = await watch(house, "ada", run["id"])
    assert ended["artifacts"] == [{"path": "page.html", "size": 9, "is_change": False}]
    assert ended["kept_back"] == [{"path": "out", "why": "it is a link."}]
    answer = await house.fetch("ada", "GET", f"{RUNS}/{run['id']}/artifacts/page.html")
    assert (answer.code, answer.body) == (200, b"<script>\n")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    for path in ("out", "../../runs.db", "%2e%2e/%2e%2e/runs.db", "no-such-file"):
        gone = await house.fetch("ada", "GET", f"{RUNS}/{run['id']}/artifacts/{path}")
        assert gone.code in {400, 403, 404}, path


async def test_an_artifact_says_whether_it_is_a_file_of_the_project_with_changes(
    house: House,
) -> None:
    _, run = await start(house, "ada", command="echo 1 > open/hello.py; echo 2 > open/new.py")
    ended, _ = await watch(house, "ada", run["id"])
    assert [(one["path"], one["is_change"]) for one in ended["artifacts"]] == [
        ("open/hello.py", True),
        ("open/new.py", False),
    ]
    assert ended["file"] is None


async def test_a_run_is_stopped_by_who_started_it(house: House) -> None:
    _, run = await start(house, "trusted", command="sleep 1000")
    assert (await house.fetch("trusted", "POST", f"{RUNS}/{run['id']}/stop")).code == 200
    ended, _ = await watch(house, "trusted", run["id"])
    assert ended["state"] == "stopped"


async def test_runs_that_the_project_has_names_for(house: House) -> None:
    folder = house.root / ".codesyncx"
    folder.mkdir()
    (folder / "run.toml").write_text(
        '[run.greet]\ntitle = "Greet"\ncommand = "echo hello $WHOM"\nkind = "build"\n'
        'environment = { WHOM = "world" }\n'
    )
    found = await listed(house, "ada")
    assert found["configurations"] == [{"name": "greet", "title": "Greet", "kind": "build"}]
    code, run = await start(house, "ada", configuration="greet")
    assert (code, run["title"], run["kind"]) == (201, "Greet", "build")
    assert "world" not in json.dumps(run)
    assert (await watch(house, "ada", run["id"]))[1] == "hello world\n"
    # The folder is hidden, and theirs is only `open`.
    assert (await listed(house, "viewer"))["configurations"] == []
    (folder / "run.toml").write_text("[run.greet]\ncommand = 3\nlimits.ram = 1\n")
    assert sorted((await listed(house, "ada"))["complaints"]) == [
        "run.greet.command: give a text, or a list of a program and its arguments.",
        (
            "run.greet.limits: there is no limit 'ram', only cpu, memory, pids, disk, files, "
            "open_files, output, time."
        ),
    ]
    assert await start(house, "ada", configuration="greet") == (
        404,
        {"code": "not_found", "message": "There is no run 'greet' in .codesyncx/run.toml."},
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "A run is asked for by one of configuration, file, command."),
        ({"command": "id", "file": "a.py"}, "A run is asked for by one of"),
        ({"command": "id", "image": "x"}, "A run has no image."),
        ({"command": []}, "give a text, or a list of"),
        ({"file": "open/link.docx"}, "Nobody knows what runs link.docx"),
        ({"file": "../x.py"}, "The path may not go up by '..'."),
        ({"command": "id", "limits": {"time": "1 h"}}, "limits.time: 60 min is more than this"),
        ({"command": "id", "limits": {"pids": "x"}}, "limits.pids: give a number of processes"),
        ({"command": "id", "folder": "/etc"}, "give a folder from the project's top"),
    ],
)
async def test_what_makes_no_sense_is_told(
    house: House, told: dict[str, Any], sentence: str
) -> None:
    code, answer = await start(house, "ada", **told)
    assert code == 400
    assert answer["message"].startswith(sentence)


async def test_a_server_without_sandboxes_says_so_and_runs_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = await listed(house, "ada")
    assert found["runs"] == []
    assert "apt install bubblewrap" in found["refusal"]
    code, answer = await start(house, "ada", command="id")
    assert (code, answer["code"]) == (503, "no_sandbox")


async def test_the_environment_of_the_server_is_not_in_the_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", SECRET)
    _, run = await start(house, "ada", command="env; cat /proc/*/environ")
    _, text = await watch(house, "ada", run["id"])
    assert "PATH=" in text
    assert SECRET not in text
    assert "JUPYTER" not in text


CONFIGURATIONS = f"{RUNS}/configurations"
IN_ORDER = '[run.hello]\ncommand = "echo hello"\n'


async def put(house: House, visitor: str, text: str, version: str) -> tuple[int, Any]:
    answer = await house.fetch(visitor, "PUT", CONFIGURATIONS, {"text": text, "version": version})
    return answer.code, json.loads(answer.body)


async def test_the_projects_own_runs_are_edited_and_never_written_over_unseen(
    house: House, jp_root_dir: Path
) -> None:
    answer = await house.fetch("ada", "GET", CONFIGURATIONS)
    before = json.loads(answer.body)
    assert before["text"] == ""
    code, told = await put(house, "ada", "[run.x]\ncommand = 3\n", before["version"])
    assert (code, len(told["complaints"])) == (200, 1)
    assert "run.x.command: give a text" in told["complaints"][0]
    assert not (jp_root_dir / ".codesyncx").exists()
    code, told = await put(house, "ada", IN_ORDER, before["version"])
    assert (code, told["complaints"]) == (200, [])
    found = await listed(house, "ada")
    assert ([one["name"] for one in found["configurations"]], found["may_edit_configurations"]) == (
        ["hello"],
        True,
    )
    code, refused = await put(house, "ada", "", before["version"])
    assert (code, refused["code"]) == (409, "conflict")
    assert (jp_root_dir / ".codesyncx" / "run.toml").read_text() == IN_ORDER
    code, _ = await put(house, "ada", "", told["version"])
    assert code == 200


@pytest.mark.parametrize("visitor", ["viewer", "commenter", "guest", "ranger"])
async def test_the_projects_own_runs_are_for_editors_to_change(
    house: House, visitor: str, jp_root_dir: Path
) -> None:
    version = json.loads((await house.fetch("ada", "GET", CONFIGURATIONS)).body)["version"]
    code, answer = await put(house, visitor, IN_ORDER, version)
    assert (code, answer["code"]) == (403, "refused")
    assert not (await listed(house, visitor))["may_edit_configurations"]
    assert not (jp_root_dir / ".codesyncx").exists()


async def test_the_projects_own_runs_are_not_written_through_a_link(
    house: House, jp_root_dir: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "run.toml").write_text(SECRET)
    (jp_root_dir / ".codesyncx").symlink_to(outside)
    answer = await house.fetch("ada", "GET", CONFIGURATIONS)
    assert (answer.code, SECRET.encode() in answer.body) == (507, False)
    code, _ = await put(house, "ada", IN_ORDER, "")
    assert code == 507
    assert (outside / "run.toml").read_text() == SECRET


async def test_nobody_starts_more_runs_in_a_minute_than_anybody_needs(house: House) -> None:
    codes = [(await start(house, "ada", command="true"))[0] for _ in range(25)]
    answers = [await start(house, "ada", file="no/such.file") for _ in range(6)]
    assert 201 in codes
    assert [code for code, _ in answers] == [400] * 5 + [429]
    assert "30 runs in 60 s" in answers[-1][1]["message"]
    assert (await start(house, "trusted", command="true"))[0] == 201
