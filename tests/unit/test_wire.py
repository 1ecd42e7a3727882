"""Why a connection ends, in the few bytes that a closing frame holds."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.collab.wire import close_reason
from codesyncx_server.errors import CodeSyncXError, RefusedError


def _subclasses(kind: type[CodeSyncXError]) -> list[type[CodeSyncXError]]:
    """Give the kinds of errors that are made of a message, whoever of us has them."""
    deeper = [one for subclass in kind.__subclasses__() for one in _subclasses(subclass)]
    return [kind, *(one for one in deeper if "__init__" not in vars(one))]


messages = st.text(st.characters(codec="utf-8"), max_size=300) | st.text(
    '"\\\n\x00é😀', max_size=200
)


@given(st.sampled_from(_subclasses(CodeSyncXError)), messages)
def test_a_reason_is_json_that_fits_whatever_the_message(
    kind: type[CodeSyncXError], message: str
) -> None:
    reason = close_reason(kind(message))
    assert len(reason.encode()) <= 123
    body = json.loads(reason)
    assert body["code"] == kind.code
    assert message.startswith(body["message"])


def test_a_short_message_is_told_whole() -> None:
    reason = close_reason(RefusedError("Nur du darfst das, Zoë."))
    assert json.loads(reason) == {"code": "refused", "message": "Nur du darfst das, Zoë."}


@given(st.sampled_from(["a", "é", "日", "😀", '"']))
def test_a_long_message_keeps_most_of_its_beginning(character: str) -> None:
    reason = close_reason(RefusedError(character * 500))
    assert len(reason.encode()) > 60
