from __future__ import annotations

from codesyncx_media.recording.choice import HOLD_S, Choice, Scene, Seen

ADA, BOB, EVE = Seen("m1", "Ada", "cam-a"), Seen("m2", "Bob", "cam-b"), Seen("m3", "Eve")


def test_whoever_speaks_is_seen() -> None:
    choice = Choice()
    assert choice.choose([ADA, BOB], "m2", 0.0) == Scene("Bob", "cam-b")
    assert choice.choose([ADA, BOB], "m1", HOLD_S) == Scene("Ada", "cam-a")


def test_a_cough_changes_nothing() -> None:
    choice = Choice()
    choice.choose([ADA, BOB], "m2", 0.0)
    assert choice.choose([ADA, BOB], "m1", HOLD_S / 2).name == "Bob"
    assert choice.choose([ADA, BOB], "m2", HOLD_S * 0.9).name == "Bob"


def test_who_has_no_camera_has_a_card() -> None:
    assert Choice().choose([ADA, EVE], "m3", 0.0) == Scene("Eve", None)


def test_while_nobody_has_spoken_somebody_with_a_camera_is_seen() -> None:
    assert Choice().choose([EVE, BOB], None, 0.0) == Scene("Bob", "cam-b")


def test_nobody_is_nobody() -> None:
    assert Choice().choose([], None, 0.0) == Scene()


def test_the_screen_that_was_shared_last_is_before_all_faces() -> None:
    choice = Choice()
    one = Seen("m1", "Ada", "cam-a", ("screen-1",))
    assert choice.choose([one, BOB], "m2", 0.0) == Scene("Ada", "screen-1", is_screen=True)
    other = Seen("m2", "Bob", "cam-b", ("screen-2",))
    assert choice.choose([other, one], "m2", 0.1) == Scene("Bob", "screen-2", is_screen=True)
    assert choice.choose([BOB, one], "m2", 0.2) == Scene("Ada", "screen-1", is_screen=True)
    assert choice.choose([ADA, BOB], "m2", 0.3) == Scene("Bob", "cam-b")


def test_who_leaves_is_seen_no_more_at_once() -> None:
    choice = Choice()
    choice.choose([ADA, BOB], "m2", 0.0)
    assert choice.choose([ADA], "m2", 0.1) == Scene("Ada", "cam-a")
