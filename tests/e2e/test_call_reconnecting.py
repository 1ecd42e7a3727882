"""A call goes on when parts of it break: a websocket, a media connection, the media process."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page
    from support.people import Person

    Come = Callable[..., Person]

KEEP = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(url, ...rest) {
    super(url, ...rest);
    if (String(url).includes('calls/signalling')) window.sockets.push(this);
  }
};
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...rest) {
    super(...rest);
    window.connections.push(this);
  }
};
window.seen = [];
new MutationObserver(() => {
  for (const alert of document.querySelectorAll('.csx-Call [role=alert]')) {
    if (alert.textContent) window.seen.push(alert.textContent);
  }
}).observe(document, { childList: true, subtree: true });
"""
"""Keeps what the call opens, for a test to break, and what the panel warns of."""

ENERGY = """async () => {
  let energy = 0;
  for (const connection of window.connections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type === 'inbound-rtp') energy += report.totalAudioEnergy ?? 0;
    }
  }
  return energy;
}"""
HEARS = f"async least => (await ({ENERGY})()) > least"
OPEN = "() => window.sockets.filter(socket => socket.readyState === WebSocket.OPEN).length"


@pytest.fixture(scope="module")
def browser(with_devices: Browser) -> Browser:
    return with_devices


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    with LabServer(tmp_path_factory.mktemp("lab"), args=ON_THE_LOOPBACK) as server:
        yield server


@pytest.fixture
def watched(person: Come) -> Come:
    """`watched("ada")` opens the lab with what the call opens kept."""

    def come(name: str) -> Person:
        somebody = person(name)
        somebody.context.add_init_script(KEEP)
        somebody.reload()
        return somebody

    return come


def hears(page: Page) -> None:
    """Wait until more sound is heard, from now on."""
    page.wait_for_function(HEARS, arg=page.evaluate(ENERGY))


def media_process(lab: LabServer) -> int:
    """Find the process that the lab's calls run in."""
    found = subprocess.run(
        ["pgrep", "-P", str(lab.pid), "-f", "codesyncx_media"],
        capture_output=True,
        check=True,
        text=True,
    )
    return int(found.stdout)


def test_a_call_survives_what_breaks(watched: Come, lab: LabServer) -> None:
    ada, grace = watched("ada"), watched("grace")
    of_ada, of_grace = join(ada), join(grace)
    hers = tile(of_ada, "Grace Hopper")
    moves(hers.locator("video"))
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    # With the lock nobody new comes in, and a hand would be down after joining anew.
    of_grace.get_by_role("button", name="Raise Hand").click()
    expect(hers.locator(".csx-Call-hand")).to_be_visible()
    ada.command("codesyncx:call-toggle-lock")
    picture = hers.locator("video").element_handle()

    grace.page.evaluate("() => window.sockets.at(-1).close()")
    # What she does meanwhile counts when she is back.
    of_grace.get_by_role("button", name="Switch Microphone Off").click()
    grace.page.wait_for_function("() => window.sockets.length === 2")
    grace.page.wait_for_function(f"() => ({OPEN})() === 1")
    expect(hers.locator(".csx-Call-muted")).to_be_visible()
    of_grace.get_by_role("button", name="Switch Microphone On").click()
    expect(hers.locator(".csx-Call-muted")).to_have_count(0)
    hears(ada.page)
    hears(grace.page)
    expect(hers.locator(".csx-Call-hand")).to_be_visible()
    assert picture.evaluate("element => element.isConnected")
    assert ada.page.evaluate("() => window.connections.length") == 2
    assert grace.page.evaluate("() => window.connections.length") == 2

    # The network is another one: the browser looks for the server at once.
    grace.page.evaluate("() => window.dispatchEvent(new Event('online'))")
    grace.page.wait_for_function("() => window.sockets.length === 3")
    grace.page.wait_for_function(f"() => ({OPEN})() === 1")
    hears(grace.page)
    assert ada.page.evaluate("() => window.seen") == []
    assert grace.page.evaluate("() => window.seen") == []

    of_grace.get_by_role("button", name="Share Screen").click()
    screen = of_ada.get_by_label("The screen of Grace Hopper")
    moves(screen)
    of_ada.get_by_role("button", name="Switch Microphone Off").click()
    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_be_visible()

    gone = [picture, screen.element_handle()]
    os.kill(media_process(lab), signal.SIGKILL)
    for each in gone:
        ada.page.wait_for_function("element => !element.isConnected", arg=each)
    moves(hers.locator("video"))
    moves(screen)
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    hears(ada.page)
    # Who was muted is muted still.
    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_be_visible()
    assert ada.problems == grace.problems == []
