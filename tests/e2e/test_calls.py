"""Calls between real browsers, through a real media process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error

from codesyncx_media.rights import NO_RIGHTS, Right, Rights

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.callers import Caller

SHARER: Rights = frozenset({Right.SPEAK, Right.SHARE_SCREEN})
TEACHER: Rights = frozenset(Right)
RED, BLUE = (255, 0, 0), (0, 0, 255)


def test_people_see_and_hear_each_other(call: Callable[..., Caller]) -> None:
    ada, ben = call("ada"), call("ben")
    of_ada, of_ben = ada.publish(), ben.publish()
    ben.sees_and_hears(of_ada)
    ada.sees_and_hears(of_ben)
    cem = call("cem", NO_RIGHTS)
    cem.sees_and_hears(of_ada)
    cem.sees_and_hears(of_ben)
    with pytest.raises(Error, match="refused"):
        cem.publish()
    assert set(ada.page.evaluate("() => window.call.tracks")) == {"0", "1"}


def test_who_is_muted_or_removed_is_heard_no_more(call: Callable[..., Caller]) -> None:
    zoe, ada, ben = call("zoe", TEACHER), call("ada"), call("ben")
    of_ada = ada.publish()
    ben.sees_and_hears(of_ada)
    zoe.ask(type="mute", member_id=ada.id, track_id=of_ada["microphone"])
    ben.event("track_muted")
    # What was on its way when the notice came arrives before pictures that are sent later.
    ben.sees_more(of_ada["camera"])
    packets = ben.received(of_ada["microphone"])["packets"]
    ben.sees_more(of_ada["camera"])
    assert ben.received(of_ada["microphone"])["packets"] == packets
    ada.ask(type="set_muted", track_id=of_ada["microphone"], is_muted=False)
    ben.sees_and_hears(of_ada)
    zoe.ask(type="remove", member_id=ada.id)
    ada.page.wait_for_function("() => window.call.closed")
    assert ada.page.evaluate("() => window.call.closed.code") == 4403
    ben.event("person_left")
    ben.tracks_are(set())


def test_a_shared_screen_comes_goes_and_makes_room_for_another(
    call: Callable[..., Caller],
) -> None:
    ada, ben, cem = call("ada", SHARER), call("ben", SHARER), call("cem", NO_RIGHTS)
    of_ada = ada.publish()
    first = ada.share("red")
    cem.sees_colour(first, RED)
    cem.sees_and_hears(of_ada)
    ada.stop_sharing()
    cem.tracks_are({of_ada["microphone"], of_ada["camera"]})
    second = ben.share("blue")
    cem.sees_colour(second, BLUE)
    ada.sees_colour(second, BLUE)
    again = ada.share("red")
    cem.sees_colour(again, RED)
    cem.sees_and_hears(of_ada)
    assert len({first, second, again}) == 3
    assert set(cem.page.evaluate("() => window.call.tracks")) == {"0", "1", "2", "3"}


@pytest.mark.parametrize("codec", ["VP8", "VP9", "H264", "AV1"])
def test_every_codec_of_pictures_is_carried(call: Callable[..., Caller], codec: str) -> None:
    ada, ben = call("ada", SHARER), call("ben", NO_RIGHTS)
    screen = ada.share("blue", f"video/{codec}")
    ben.sees_colour(screen, BLUE)
    assert ben.received(screen)["codec"] == f"video/{codec}"


def test_a_connection_that_broke_is_made_anew(call: Callable[..., Caller]) -> None:
    ada, ben = call("ada"), call("ben")
    of_ada = ada.publish()
    ben.sees_and_hears(of_ada)
    ben.restart("subscribe")
    ben.sees_and_hears(of_ada)
    ada.restart("publish")
    ben.tracks_are(set())
    ben.sees_and_hears(ada.publish())


def test_breakout_rooms_hear_only_themselves(call: Callable[..., Caller]) -> None:
    zoe, ada, ben = call("zoe", TEACHER), call("ada"), call("ben")
    of_ada, of_ben = ada.publish(), ben.publish()
    zoe.sees_and_hears(of_ada)
    zoe.ask(type="plan_breakouts", names=["left", "right"])
    zoe.ask(type="assign", person_id="ada", place="b1")
    zoe.ask(type="assign", person_id="ben", place="b2")
    zoe.ask(type="open_breakouts")
    for somebody in (zoe, ada, ben):
        somebody.tracks_are(set())
    zoe.ask(type="visit", place="b2")
    zoe.sees_and_hears(of_ben)
    zoe.ask(type="close_breakouts", in_s=0)
    ben.sees_and_hears(of_ada)
    ada.sees_and_hears(of_ben)
