"""What a waiting sandbox is told comes out as it was meant, whatever is in it."""

from __future__ import annotations

import subprocess

import pytest
from codesyncx_spawner.errors import SandboxError
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.order import OBEY, WAIT, order_line
from hypothesis import example, given, settings
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def obey(line: bytes, after: bytes = b"") -> bytes:
    """Give what a shell has after the line: the words, a variable, and what it hasn't read."""
    script = f"{WAIT}{OBEY}" + 'printf "%s\\0" "$@" "$TOLD"; exec cat'
    shell = ["/bin/sh", "-c", script, "sandbox"]
    return subprocess.run(shell, input=line + after, capture_output=True, check=True).stdout


@settings(max_examples=50)
@example(words=["a'b", "$(id)", "`id`", "\\n", "\n\n", "", "\x81\u0401", "-n", "*"], value="'\n")
@given(words=st.lists(TEXTS, min_size=1, max_size=4), value=TEXTS)
def test_every_word_arrives_as_it_is(words: list[str], value: str) -> None:
    spec = SandboxSpec("r1", tuple(words), Limits(), environment={"TOLD": value})
    line = order_line(spec)
    assert line.count(b"\n") == 1
    arrived = obey(line, b"the files")
    assert (
        arrived == b"".join(word.encode() + b"\0" for word in (".", *words, value)) + b"the files"
    )


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A;id", "A=B", "Ä", "A\nB"])
def test_what_is_no_variable_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="can't be the name of a variable"):
        order_line(SandboxSpec("r1", ("true",), Limits(), environment={name: "x"}))


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(SandboxError, match="zero byte"):
        order_line(SandboxSpec("r1", ("tr\0ue",), Limits()))
