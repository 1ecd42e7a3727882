"""Kernels in sandboxes: what is decided without one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from codesyncx_spawner.interactive.commands import (
    CONNECTION_FILE,
    kernel_command,
    kernel_environment,
    outside_connection,
)
from codesyncx_spawner.interactive.ledger import Ledger, Left
from codesyncx_spawner.interactive.pace import Pace
from codesyncx_spawner.interactive.programs import environment_of, programs_for
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

ARGV = ("python", "-m", "ipykernel_launcher", "-f", "{connection_file}")


def test_the_key_is_in_no_command_line() -> None:
    environment = kernel_environment("a b", b"very-secret", "hmac-sha256")
    assert "very-secret" not in str(kernel_command(ARGV))
    (told,) = [json.loads(value) for name, value in environment.items() if "CONNECTION" in name]
    assert (told["key"], told["ip"]) == ("very-secret", "127.0.0.1")
    assert kernel_command(ARGV)[-1] == CONNECTION_FILE


def test_both_ends_of_the_channels_have_the_same_ports_and_key(tmp_path: Path) -> None:
    (inside,) = [
        json.loads(value)
        for value in kernel_environment("", b"k", "hmac-sha256").values()
        if value.startswith("{")
    ]
    outside = outside_connection(tmp_path, b"k", "hmac-sha256")
    assert {key: value for key, value in inside.items() if key.endswith("_port")} == {
        key: value for key, value in outside.items() if key.endswith("_port")
    }
    assert (outside["transport"], inside["transport"]) == ("ipc", "tcp")


def test_a_kernels_own_python_comes_first_and_the_sandboxs_second() -> None:
    own, other = programs_for(ARGV, share_environment=False)
    assert own.argv == (sys.executable, *ARGV[1:])
    assert (own.read_only, other.read_only) == ((), ())
    assert other.argv == ("python3", *ARGV[1:])
    assert own.trial()[-1] == "ipykernel_launcher"
    assert len(programs_for(("ir", "--slave"), share_environment=True)) == 1
    assert programs_for((), share_environment=True) == []


def test_of_an_environment_only_programs_are_shown(tmp_path: Path) -> None:
    for folder in ("bin", "lib", "etc", "share"):
        (tmp_path / "env" / folder).mkdir(parents=True)
    (tmp_path / "env/bin/python").write_text("")
    assert environment_of(str(tmp_path / "env/bin/python")) == ()
    (tmp_path / "env/pyvenv.cfg").write_text("")
    assert environment_of(str(tmp_path / "env/bin/python")) == tuple(
        str(tmp_path / "env" / part) for part in ("bin", "lib", "pyvenv.cfg")
    )
    # Somebody's home is no environment, whatever is in its bin.
    (tmp_path / "home/bin").mkdir(parents=True)
    (tmp_path / "home/bin/python").symlink_to(tmp_path / "env/bin/python")
    shown = environment_of(str(tmp_path / "home/bin/python"))
    assert [path for path in shown if "home" in path] == []
    assert environment_of("python") == environment_of("/usr/bin/python3") == ()


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 2)), max_size=60))
def test_never_more_than_the_burst_and_the_rate_passes(steps: list[tuple[int, float]]) -> None:
    pace, now, passed = Pace(1000, 3000, 0), 0.0, 0
    for size, pause in steps:
        now += pause
        passed += size
        now += pace.wait_s(size, now)
        # All that has come is paid for with time before more is read.
        assert passed <= 3000 + 1000 * now + 1e-6


def test_the_next_server_is_told_what_a_killed_one_left(tmp_path: Path) -> None:
    killed = Ledger(tmp_path / "ledger")
    killed.note("early")
    killed.note("late", "its handle")
    killed.note("over", "x")
    killed.forget("over")
    other = Ledger(tmp_path / "ledger")
    assert list(other.left()) == []
    # As the kernel does it with a process' files.
    killed._lock.close()
    assert sorted(other.left()) == [Left("early", ""), Left("late", "its handle")]
    assert not killed.sockets.exists()
    assert list(other.left()) == []
    other.close()
    assert list((tmp_path / "ledger").iterdir()) == []
