"""What a person does in the call panel, and what a test looks at there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .people import Person

DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
]
"""A camera that counts and a microphone that beeps once a second."""
ON_THE_LOOPBACK = ["--CodeSyncXApp.call_host=127.0.0.1", "--CodeSyncXApp.call_addresses=127.0.0.1"]
PLAYS = "element => element.videoWidth > 0"
MOVES = "([element, begin]) => element.currentTime > begin"


def join(somebody: Person) -> Locator:
    """Come into the call from the top bar; gives the panel."""
    somebody.page.get_by_role("button", name="Join call").click()
    panel = somebody.page.locator(".csx-Call")
    moves(panel.get_by_label("Your camera"))
    panel.get_by_role("button", name="Join the call").click()
    expect(panel.get_by_role("toolbar", name="Call")).to_be_visible()
    return panel


def moves(picture: Locator) -> None:
    """Wait until a picture is there and changes."""
    page, element = picture.page, picture.element_handle()
    page.wait_for_function(PLAYS, arg=element)
    begin = element.evaluate("element => element.currentTime")
    page.wait_for_function(MOVES, arg=[element, begin])


def tile(panel: Locator, name: str) -> Locator:
    """Give the tile of a person."""
    return panel.locator(".csx-Call-tiles .csx-Call-tile", has_text=name)
