from __future__ import annotations

import pytest
from pycrdt import Doc, Text

from codesyncx_server.collab.ancestry import likely_base
from codesyncx_server.collab.records import Saved
from codesyncx_server.collab.replay import Replay


def replay_of(*texts: str) -> list[bytes]:
    """Give the updates of somebody who typed these, one after the other."""
    doc: Doc[object] = Doc()
    updates: list[bytes] = []
    text = doc.get("source", type=Text)
    doc.observe(lambda event: updates.append(event.update))
    for piece in texts:
        text += piece
    return updates


BEFORE, ANNOUNCED = Saved("before", 1), Saved("announced", 2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one\nfrom git\n", BEFORE),
        ("from git\none\n", BEFORE),
        ("one\ntwo, typed meanwhile\nfrom git\n", ANNOUNCED),
        ("from git\none\ntwo, typed meanwhile\n", ANNOUNCED),
        ("", BEFORE),
    ],
)
def test_a_file_is_taken_for_what_it_is_nearest_to(content: str, expected: Saved) -> None:
    updates = replay_of("one\n", "two, typed meanwhile\n")
    replay = Replay(updates=updates, saved=BEFORE, saving=ANNOUNCED)
    assert likely_base(replay, content, "file") == expected


def test_without_a_crash_there_is_nothing_to_choose() -> None:
    assert likely_base(Replay(saved=BEFORE), "anything", "file") == BEFORE
    assert likely_base(Replay(saving=ANNOUNCED), "anything", "file") == ANNOUNCED
    with pytest.raises(ValueError, match="empty"):
        likely_base(Replay(), "anything", "file")
