"""Kernels of people who aren't trusted: they run in sandboxes, on what their person may read."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import NOTEBOOK, PERSON, SECRET, server_config
from support.notebooks import connect, open_notebook
from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House

BOOK = "open/book.ipynb"


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return {
        **server_config(tmp_path),
        "InteractiveSandboxes": {
            "max_sandboxes_per_person": 2,
            "limits": {"memory": "300 MB", "output": "20 kB"},
        },
    }


async def let_run(house: House, name: str = "runner") -> str:
    """Have somebody who may run code in one folder, with a notebook there."""
    (house.root / BOOK).write_text(json.dumps({**NOTEBOOK, "cells": []}))
    await house.grant(name, "runner", "open")
    house.know(name, **{PERSON: name})
    return name


async def told(house: House, visitor: str, path: str) -> Any:
    answer = await house.fetch(visitor, "GET", path)
    assert answer.code == 200, answer.body
    return json.loads(answer.body)


async def test_a_notebook_runs_on_what_its_person_may_read(house: House) -> None:
    runner = await let_run(house)
    notebook = await open_notebook(house, runner, BOOK)
    assert (await notebook.run("print(open('hello.py').read())")).text == "print('hello')\n\n"
    found = await notebook.run("!id -u; find /work -type f; grep -rl plugh /work /home 2>/dev/null")
    assert set(found.text.split()) == {"1000", "/work/open/book.ipynb", "/work/open/hello.py"}
    looked = await notebook.run(
        "import os; print([name for name in os.environ if name[:4] in ('CODE', 'JUPY')])\n"
        "import socket; s = socket.socket(); s.settimeout(3); s.connect(('1.1.1.1', 53))"
    )
    assert (looked.text, looked.error) == ("[]\n", "OSError")
    # What is written stays there: nothing of it reaches the project.
    await notebook.run("open('hello.py', 'w').write('changed')")
    assert (house.root / "open/hello.py").read_text() == "print('hello')\n"


async def test_its_name_says_where_it_runs_and_only_what_works_is_offered(house: House) -> None:
    runner = await let_run(house)
    specs = (await told(house, runner, "/api/kernelspecs"))["kernelspecs"]
    assert specs["python3"]["spec"]["display_name"].endswith("(sandbox)")
    assert specs["python3"]["spec"]["argv"] == []
    assert "codesyncx" not in json.dumps(specs)
    for visitor in ("trusted", "viewer"):
        plain = (await told(house, visitor, "/api/kernelspecs"))["kernelspecs"]
        assert "sandbox" not in plain["python3"]["spec"]["display_name"]


async def test_what_runs_without_end_is_interrupted_and_restarted(house: House) -> None:
    runner = await let_run(house)
    notebook = await open_notebook(house, runner, BOOK)
    await notebook.run("kept = 1; open('mine.txt', 'w').write('x')")
    request = await notebook.send("print('here it goes')\nwhile True: pass")
    while "here it goes" not in str((await notebook.message() or {}).get("content")):
        pass
    path = f"/api/kernels/{notebook.kernel_id}"
    assert (await house.fetch(runner, "POST", f"{path}/interrupt")).code == 204
    assert (await notebook.end_of(request)).error == "KeyboardInterrupt"
    assert (await notebook.run("print(kept)")).text == "1\n"
    # Anew with the files as they are now, and on the connection that is there.
    (house.root / "open/new.py").write_text("")
    assert (await house.fetch(runner, "POST", f"{path}/restart")).code == 200
    await notebook.wait_until_ready()
    assert (await notebook.run("import os; print(sorted(os.listdir()))")).text == (
        "['book.ipynb', 'hello.py', 'new.py']\n"
    )
    assert (await house.fetch(runner, "DELETE", path)).code == 204
    assert await told(house, runner, "/api/kernels") == []
    assert await told(house, runner, "/api/sessions") == []


async def test_a_page_that_is_loaded_again_finds_its_kernel(house: House) -> None:
    runner = await let_run(house)
    notebook = await open_notebook(house, runner, BOOK)
    await notebook.run("kept = 41")
    notebook.socket.close()
    (session,) = await told(house, runner, "/api/sessions")
    assert session["path"] == BOOK
    again = await open_notebook(house, runner, BOOK)
    assert again.kernel_id == notebook.kernel_id
    assert (await again.run("print(kept + 1)")).text == "42\n"


async def test_a_memory_bomb_ends_its_kernel_which_says_so_and_starts_anew(house: House) -> None:
    runner = await let_run(house)
    notebook = await open_notebook(house, runner, BOOK)
    ended = await notebook.run("bomb = [bytearray(10_000_000) for _ in range(10_000)]")
    if ended.status == "error":  # without control groups Python is refused the memory itself
        assert ended.error == "MemoryError"
        return
    assert ended.status == "restarting"
    assert "it needed more memory than 300 MB" in ended.text
    again = await connect(house, runner, notebook.kernel_id)
    assert (await again.run("print('anew')")).text == "anew\n"


async def test_too_much_output_is_cut_with_a_notice_by_the_server(house: House) -> None:
    runner = await let_run(house)
    notebook = await open_notebook(house, runner, BOOK)
    much = await notebook.run(
        "import sys\nfor n in range(100): print('y' * 1000); sys.stdout.flush()"
    )
    assert much.text.count("y") <= 20_000
    assert much.text.count("Here the output is cut: a cell may print 20 kB.") == 1
    assert (await notebook.run("print('little')")).text == "little\n"


async def test_a_kernel_belongs_to_who_started_it(house: House) -> None:
    runner, other = await let_run(house), await let_run(house, "other")
    notebook = await open_notebook(house, runner, BOOK)
    path = f"/api/kernels/{notebook.kernel_id}"
    for visitor in (other, "viewer", "trusted", "ada", "guest"):
        assert notebook.kernel_id not in str(await told(house, visitor, "/api/kernels"))
        assert await told(house, visitor, "/api/sessions") == []
        assert (await house.fetch(visitor, "GET", path)).code in {403, 404}
        assert (await house.fetch(visitor, "DELETE", path)).code in {403, 404}
        assert (await house.fetch(visitor, "POST", f"{path}/interrupt")).code in {403, 404}
        with pytest.raises(HTTPClientError):
            await connect(house, visitor, notebook.kernel_id)
    theirs = await open_notebook(house, other, BOOK)
    assert theirs.kernel_id != notebook.kernel_id
    # Nor do they reach an ordinary one.
    started = await house.fetch("trusted", "POST", "/api/kernels", {})
    ordinary = json.loads(started.body)["id"]
    assert (await house.fetch(runner, "GET", f"/api/kernels/{ordinary}")).code == 404
    with pytest.raises(HTTPClientError):
        await connect(house, runner, ordinary)
    assert (await house.fetch("trusted", "DELETE", f"/api/kernels/{ordinary}")).code == 204


@pytest.mark.parametrize("visitor", ["viewer", "commenter", "guest", "ranger"])
async def test_nobody_has_a_kernel_without_execute(house: House, visitor: str) -> None:
    await let_run(house)
    for path, body in (
        ("/api/sessions", {"path": BOOK, "type": "notebook", "kernel": {"name": "python3"}}),
        ("/api/kernels", {"path": "open"}),
        ("/api/kernels", {}),
    ):
        answer = await house.fetch(visitor, "POST", path, body)
        assert (answer.code, json.loads(answer.body)["code"]) == (403, "refused")
    assert await told(house, visitor, "/api/kernels") == []


async def test_who_may_run_only_here_runs_nothing_there(house: House) -> None:
    runner = await let_run(house)
    for path in ("hidden/notebook.ipynb", "", "desk", "../etc", "open/../hidden/notebook.ipynb"):
        body = {"path": path, "type": "notebook", "kernel": {"name": "python3"}}
        answer = await house.fetch(runner, "POST", "/api/sessions", body)
        assert answer.code in {400, 403}, (path, answer.body)
        assert SECRET not in str(answer.body)
    answer = await house.fetch(runner, "POST", "/api/kernels", {"name": "x", "path": "open"})
    assert answer.code == 404
    answer = await house.fetch(runner, "POST", "/api/kernels", {"kernel_id": "..", "path": "open"})
    assert answer.code == 400


@pytest.mark.parametrize("what", ["execute", "read"])
async def test_what_is_taken_back_ends_the_sandbox_within_a_second(house: House, what: str) -> None:
    runner = await let_run(house)
    notebook = await open_notebook(house, runner, BOOK)
    await notebook.run("1")
    if what == "execute":
        grants = await house.fetch("ada", "GET", "/codesyncx/api/access/grants?path=open")
        (mine,) = [
            grant["id"]
            for grant in json.loads(grants.body)["grants"]
            if grant["subject"]["name"] == runner
        ]
        await house.fetch("ada", "DELETE", f"/codesyncx/api/access/grants/{mine}")
    else:
        await house.grant(runner, "none", "open/hello.py")
    sandboxes = house.app.web_app.settings["codesyncx_sandboxes"]
    async with asyncio.timeout(1):
        while sandboxes.living:  # noqa: ASYNC110 (it waits for the server)
            await asyncio.sleep(0.01)
    gone = await notebook.end_of("")
    assert gone.status in {"dead", "closed"}
    while sandboxes.kernels:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_each_person_has_so_many_at_once(house: House) -> None:
    runner = await let_run(house)
    for number in range(3):
        answer = await house.fetch(runner, "POST", "/api/kernels", {"path": "open"})
        assert answer.code == (201 if number < 2 else 429), answer.body
    assert "all that one person may have" in json.loads(answer.body)["message"]
