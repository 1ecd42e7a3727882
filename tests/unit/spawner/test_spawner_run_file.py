from __future__ import annotations

import contextlib

import pytest
from codesyncx_spawner.errors import RunFileError
from codesyncx_spawner.limits import CEILING, Limits, exceeded, lowered, read_limits
from codesyncx_spawner.run_file import RunKind, read_run_file
from hypothesis import given
from hypothesis import strategies as st

WHOLE = """
[run.web]
title = "Web app"
command = "flask run --port 5000"
kind = "run"
folder = "site"
image = "python:3.12"
ports = [5000]
environment = { FLASK_DEBUG = "1" }
artifacts = ["dist/**"]
secrets = ["API_KEY", "TOKEN"]

[run.web.limits]
cpu = 2
memory = "1 GiB"
pids = 100
disk = "100 MB"
files = 5000
open_files = 512
output = "2 MB"
time = "5 min"

[run.tests]
command = ["python3", "-m", "pytest"]
kind = "test"
"""


def test_a_file_says_what_its_runs_are() -> None:
    runs = read_run_file(WHOLE, Limits())
    web, tests = runs["web"], runs["tests"]
    assert web.title == "Web app"
    assert web.command == ("/bin/sh", "-c", "flask run --port 5000")
    assert (web.folder, web.image, web.ports) == ("site", "python:3.12", (5000,))
    assert web.environment == {"FLASK_DEBUG": "1"}
    assert web.artifacts == ("dist/**",)
    assert web.secrets == ("API_KEY", "TOKEN")
    assert web.limits == Limits(2, 2**30, 100, 10**8, 5000, 512, 2 * 10**6, 300)
    assert (tests.kind, tests.command) == (RunKind.TEST, ("python3", "-m", "pytest"))
    assert tests.limits == Limits()


WRONG = [
    ("run = 1", "run: give a table for each run, as [run.NAME]."),
    ("[start.web]", "run.toml: there is no 'start' here, only tables [run.NAME]."),
    ("[run]\nweb = 1", "run.web: give a table, as [run.web]."),
    ("[run.Web]\ncommand = 'x'", "run.Web: a run's name is made of up to 32 small letters"),
    ("[run.web]\ntitle = 'x'", "run.web: it has no command."),
    ("[run.web]\ncommand = 'x'\nsecrets = 'KEY'", "run.web.secrets: give a list of 16 names"),
    ("[run.web]\ncommand = 'x'\nsecrets = ['A-B']", "run.web.secrets: 'A-B' can't be the name"),
    ("[run.web]\ncommand = ''", "run.web.command: give a text, or a list of"),
    ("[run.web]\ncommand = ['ls', 1]", "run.web.command: give a text, or a list of"),
    ('[run.web]\ncommand = "a\\u0000b"', "run.web.command: it holds characters that"),
    ("[run.web]\ncommand = 'x'\nimages = 'x'", "run.web: there is no 'images', only artifacts,"),
    ("[run.web]\ncommand = 'x'\ntitle = 3", "run.web.title: give a text of 80"),
    ("[run.web]\ncommand = 'x'\nkind = 'serve'", "run.web.kind: give one of run, build, lint"),
    ("[run.web]\ncommand = 'x'\nkind = []", "run.web.kind: give one of run, build, lint"),
    ("[run.web]\ncommand = 'x'\nfolder = '../up'", "run.web.folder: The path may not go up"),
    ("[run.web]\ncommand = 'x'\nfolder = '/etc'", "run.web.folder: give a folder from the"),
    ("[run.web]\ncommand = 'x'\nimage = '--privileged'", "run.web.image: give the name of an"),
    ("[run.web]\ncommand = 'x'\nports = [80]", "run.web.ports: a port is a number from 1024 to"),
    ("[run.web]\ncommand = 'x'\nports = [true]", "run.web.ports: a port is a number from 1024"),
    ("[run.web]\ncommand = 'x'\nports = 8000", "run.web.ports: give a list of ports such as"),
    ("[run.web]\ncommand = 'x'\nenvironment = ['A']", "run.web.environment: give a table such"),
    ("[run.web]\ncommand = 'x'\nenvironment = { A = 1 }", "run.web.environment: A: give a text"),
    ("[run.web]\ncommand = 'x'\nenvironment = { 'A=B' = '' }", "run.web.environment: 'A=B' can't"),
    ("[run.web]\ncommand = 'x'\nartifacts = ['../x']", "run.web.artifacts: The path may not go"),
    ("[run.web]\ncommand = 'x'\nlimits = 3", "run.web.limits: give a table of limits, not a num"),
    ("[run.web]\ncommand = 'x'\nlimits.ram = 1", "run.web.limits: there is no limit 'ram', only"),
    (
        "[run.web]\ncommand = 'x'\nlimits.memory = ['1 GB']",
        'run.web.limits.memory: give a size such as "512 MB", not a list.',
    ),
    (
        "[run.web]\ncommand = 'x'\nlimits.time = 'soon'",
        "run.web.limits.time: give a time such as \"30 s\", not 'soon'.",
    ),
    ("[run.web]\ncommand = 'x'\nlimits.cpu = nan", "run.web.limits.cpu: give a number of proc"),
    ("[run.web]\ncommand = 'x'\nlimits.cpu = true", "run.web.limits.cpu: give a number of proc"),
    ("[run.web]\ncommand = 'x'\nlimits.pids = -1", "run.web.limits.pids: 4 is the least that"),
    ("[run.web\n", "run.toml: it isn't valid TOML: "),
    ("x = " + "[" * 20_000, "run.toml: it "),
    ("# " + "x" * 70_000, "run.toml: it is larger than 64 kB."),
    ("".join(f"[run.r{n}]\ncommand='x'\n" for n in range(51)), "run: a project has 50 runs at"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(RunFileError) as caught:
        read_run_file(text, Limits())
    assert len(caught.value.complaints) == 1
    assert caught.value.complaints[0].startswith(sentence)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(RunFileError) as caught:
        read_run_file("a = 1\n[run.x]\nports = 1\nlimits = { pids = 'x', cpu = 'x' }", Limits())
    places = [complaint.partition(":")[0] for complaint in caught.value.complaints]
    assert sorted(places) == sorted(
        ["run.toml", "run.x.ports", "run.x", "run.x.limits.pids", "run.x.limits.cpu"]
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.text())
def test_no_text_is_answered_by_anything_but_runs_or_sentences(text: str) -> None:
    with contextlib.suppress(RunFileError):
        assert isinstance(read_run_file(text, Limits()), dict)


@given(values)
def test_no_value_of_a_limit_gets_past_as_something_else(told: object) -> None:
    limits, complaints = read_limits({"memory": told, "time": told, "pids": told}, "here", Limits())
    assert isinstance(limits.memory_bytes, int)
    assert limits.time_s > 0
    assert limits.pids >= 4
    assert all(complaint.startswith("here.") for complaint in complaints)


def test_a_limit_above_the_ceiling_is_told_with_what_may_be_had() -> None:
    asked, _ = read_limits({"time": "2 h", "memory": "64 GB"}, "here", Limits())
    assert exceeded(asked, CEILING) == [
        "limits.memory: 64 GB is more than this server allows, which is 4 GB.",
        "limits.time: 120 min is more than this server allows, which is 10 min.",
    ]
    assert exceeded(Limits(), CEILING) == []


def test_the_defaults_give_way_to_a_low_ceiling() -> None:
    low = Limits(cpu=0.5, memory_bytes=10**8, time_s=5)
    assert exceeded(lowered(Limits(), low), low) == []
