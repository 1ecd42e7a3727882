"""A call in which one person's network lets only web traffic through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.people import CHROMIUM, CHROMIUM_ARGS
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Playwright
    from support.people import Person

    Come = Callable[..., Person]

ON_THE_LOOPBACK = ["--CodeSyncXApp.call_host=127.0.0.1", "--CodeSyncXApp.call_addresses=127.0.0.1"]
MEDIA_ARGS = [
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
]

DEVICES = """([colour, hertz]) => {
  navigator.mediaDevices.getUserMedia = async ({ video }) => {
    if (video) {
      const canvas = document.createElement('canvas');
      canvas.width = 640;
      canvas.height = 480;
      const context = canvas.getContext('2d');
      let count = 0;
      setInterval(() => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 640, 480);
        context.fillStyle = 'black';
        context.fillRect(8 * (count++ % 10), 0, 8, 8);
      }, 50);
      return canvas.captureStream(20);
    }
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: hertz });
    const out = context.createMediaStreamDestination();
    tone.connect(new GainNode(context, { gain: 0.4 })).connect(out);
    tone.start();
    return out.stream;
  };
  window.heard = [];
  window.Audio = class extends window.Audio {
    constructor() {
      super();
      window.heard.push(this);
    }
  };
}"""
"""A camera of one colour and a microphone of one tone; remembers what is played."""

NO_UDP = """() => {
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  window.isUdpOpen = false;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    const there = window.isUdpOpen ? '127.0.0.1' : '127.0.0.2';
    return set.call(this, { type, sdp: sdp.replaceAll('127.0.0.1', there) });
  };
}"""
"""Have a browser look for the server's UDP port where nobody listens, until `isUdpOpen`."""

BREAKABLE = """() => {
  window.breakMedia = () => {};
  window.Worker = class extends window.Worker {
    constructor(...how) {
      super(...how);
      // It hangs up to open another socket, which isn't there.
      const nowhere = { type: 'open', url: 'ws://127.0.0.1:9/', key: '' };
      window.breakMedia = () => this.postMessage(nowhere);
    }
  };
}"""
"""Have `breakMedia()` break the media socket of a page."""

WATCH = """(name) => {
  const video = () => [...document.querySelectorAll('.csx-Call-tiles .csx-Call-tile')]
    .find(({ textContent }) => textContent.includes(name))?.querySelector('video');
  const first = video();
  window.gone = [];
  const look = () => {
    if (video() !== first) window.gone.push(performance.now());
    requestAnimationFrame(look);
  };
  look();
}"""
"""Note in `gone` when somebody's tile hasn't the video element that it had."""

COLOUR = """(video) => {
  if (!video.videoWidth) return '';
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d');
  context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  if (red > 180 && green < 80 && blue < 80) return 'red';
  if (blue > 180 && green < 80 && red < 80) return 'blue';
  return [red, green, blue].join();
}"""

HEARS = """async (hertz) => {
  const playing = window.heard.filter(({ srcObject }) => srcObject !== null);
  for (const { srcObject } of playing) {
    const context = (window.listening ??= new AudioContext());
    const analyser = (srcObject.analyser ??= new AnalyserNode(context, { fftSize: 4096 }));
    srcObject.source ??= context.createMediaStreamSource(srcObject);
    srcObject.source.connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    const found = (loudest * context.sampleRate) / analyser.fftSize;
    if (bins[loudest] > -60 && Math.abs(found - hertz) < 30) return true;
  }
  return false;
}"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Give a Chromium; each person brings devices of their own."""
    chromium = playwright.chromium.launch(
        executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *MEDIA_ARGS]
    )
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    with LabServer(tmp_path_factory.mktemp("lab"), args=ON_THE_LOOPBACK) as server:
        yield server


def equip(somebody: Person, colour: str, hertz: int, *scripts: str) -> None:
    """Give somebody devices, and what else their browser is like."""
    somebody.context.add_init_script(f"({DEVICES})({[colour, hertz]!r})")
    for script in scripts:
        somebody.context.add_init_script(f"({script})()")
    somebody.page.reload()
    somebody.wait_for_lab()


def join(somebody: Person) -> Locator:
    """Come into the call from the top bar; gives the panel."""
    somebody.page.get_by_role("button", name="Join call").click()
    panel = somebody.page.locator(".csx-Call")
    panel.get_by_role("button", name="Join the call").click()
    expect(panel.get_by_role("toolbar", name="Call", exact=True)).to_be_visible()
    return panel


def sees(panel: Locator, name: str, colour: str) -> None:
    """Wait until somebody's tile is of a colour."""
    # A tile gets another video element when its person sends over another connection.
    panel.page.wait_for_function(
        f"""([name, colour]) => {{
          const tiles = [...document.querySelectorAll('.csx-Call-tiles .csx-Call-tile')];
          const tile = tiles.find(({{ textContent }}) => textContent.includes(name));
          const video = tile?.querySelector('video');
          return Boolean(video) && ({COLOUR})(video) === colour;
        }}""",
        arg=[name, colour],
        timeout=60_000,
    )


def hears(somebody: Person, hertz: int) -> None:
    """Wait until a tone is the loudest of what somebody's page plays."""
    somebody.page.wait_for_function(HEARS, arg=hertz, timeout=60_000, polling=250)


def test_who_is_behind_a_firewall_meets_the_others_over_a_websocket(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    equip(ada, "red", 440)
    equip(grace, "blue", 1000, NO_UDP)
    of_ada, of_grace = join(ada), join(grace)

    # It is found out by itself, and said quietly.
    expect(of_grace.get_by_text("only web traffic")).to_be_visible(timeout=60_000)
    sees(of_ada, "Grace Hopper", "blue")
    sees(of_grace, "Ada Lovelace", "red")
    hears(ada, 1000)
    hears(grace, 440)
    assert of_ada.get_by_text("only web traffic").count() == 0
    results = Axe().run(grace.page, context=".csx-Call")
    assert results.violations_count == 0, results.generate_report()

    # What it carries is counted.
    grace.command("codesyncx:call-statistics")
    statistics = grace.page.get_by_role("region", name="Call statistics")
    sent = statistics.get_by_role("table", name="What you send")
    rate = re.compile(r"VP8.*[1-9]\d* kbit/s")
    expect(sent.get_by_role("row", name="Camera").first).to_contain_text(rate)
    got = statistics.get_by_role("table", name="What you get")
    expect(got.get_by_role("row", name="Ada Lovelace")).to_have_count(2)
    expect(statistics.get_by_text("To the server and back")).to_be_visible()
    statistics.get_by_role("button", name="Back").click()

    of_grace.get_by_role("button", name="Switch Camera Off").click()
    expect(
        of_ada.locator(".csx-Call-tile", has_text="Grace Hopper").locator("video")
    ).to_have_count(0)
    of_grace.get_by_role("button", name="Switch Camera On").click()
    sees(of_ada, "Grace Hopper", "blue")
    of_ada.get_by_role("button", name="Switch Camera Off").click()
    of_ada.get_by_role("button", name="Switch Camera On").click()
    sees(of_grace, "Ada Lovelace", "red")

    # In the next call UDP is tried again, and not for as long.
    of_grace.get_by_role("button", name="Leave Call").click()
    join(grace)
    expect(of_grace.get_by_text("only web traffic")).to_be_visible()
    sees(of_ada, "Grace Hopper", "blue")
    assert ada.problems == grace.problems == []


def test_before_the_call_it_is_said_that_it_will_go_over_the_web_connection(person: Come) -> None:
    grace = person("grace")
    equip(grace, "blue", 1000, NO_UDP)
    grace.page.get_by_role("button", name="Join call").click()
    panel = grace.page.locator(".csx-Call")
    panel.get_by_role("button", name="Test the connection").click()
    expect(panel.get_by_text("Calls will work here, over the web connection")).to_be_visible(
        timeout=60_000
    )
    expect(panel.get_by_text("To the server and back takes")).to_be_visible()
    assert grace.problems == []


def test_who_is_behind_a_firewall_no_more_goes_on_over_udp_and_nobody_notices(
    person: Come,
) -> None:
    ada, grace = person("ada"), person("grace")
    equip(ada, "red", 440)
    equip(grace, "blue", 1000, NO_UDP)
    of_ada, of_grace = join(ada), join(grace)
    expect(of_grace.get_by_text("only web traffic")).to_be_visible(timeout=60_000)
    sees(of_ada, "Grace Hopper", "blue")
    sees(of_grace, "Ada Lovelace", "red")
    hears(ada, 1000)
    watch(ada, "Grace Hopper")
    watch(grace, "Ada Lovelace")

    # Another network, which lets no UDP through either, and then one that does.
    grace.page.evaluate("window.dispatchEvent(new Event('online'))")
    grace.page.wait_for_timeout(1000)
    grace.page.evaluate("isUdpOpen = true; window.dispatchEvent(new Event('online'))")
    expect(of_grace.get_by_text("only web traffic")).to_have_count(0, timeout=60_000)
    goes_on(ada, "Grace Hopper", "blue", 1000)
    goes_on(grace, "Ada Lovelace", "red", 440)
    of_grace.get_by_role("button", name="Switch Microphone Off").click()
    muted = of_ada.locator(".csx-Call-tile", has_text="Grace Hopper").locator(".csx-Call-muted")
    expect(muted).to_be_visible()
    assert ada.problems == grace.problems == []


def test_a_media_socket_that_breaks_is_a_pause_and_no_more(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    equip(ada, "red", 440)
    equip(grace, "blue", 1000, NO_UDP, BREAKABLE)
    of_ada, of_grace = join(ada), join(grace)
    expect(of_grace.get_by_text("only web traffic")).to_be_visible(timeout=60_000)
    sees(of_ada, "Grace Hopper", "blue")
    sees(of_grace, "Ada Lovelace", "red")
    hears(ada, 1000)
    watch(ada, "Grace Hopper")
    watch(grace, "Ada Lovelace")
    for _ in range(2):
        grace.page.evaluate("breakMedia()")
        goes_on(ada, "Grace Hopper", "blue", 1000)
        goes_on(grace, "Ada Lovelace", "red", 440)
    assert ada.problems == []


def watch(viewer: Person, name: str) -> None:
    """Keep an eye on somebody's tile from now on."""
    viewer.page.evaluate(WATCH, name)


def goes_on(viewer: Person, name: str, colour: str, hertz: int) -> None:
    """Wait until a tile's picture gets on and is heard; its video is the one that it always was."""
    panel = viewer.page.locator(".csx-Call")
    video = panel.locator(".csx-Call-tiles .csx-Call-tile", has_text=name).locator("video")
    begin = video.evaluate("video => video.getVideoPlaybackQuality().totalVideoFrames")
    # More than was under way.
    viewer.page.wait_for_function(
        "([video, begin]) => video.getVideoPlaybackQuality().totalVideoFrames > begin + 40",
        arg=[video.element_handle(), begin],
        timeout=60_000,
    )
    sees(panel, name, colour)
    hears(viewer, hertz)
    assert viewer.page.evaluate("gone") == []
