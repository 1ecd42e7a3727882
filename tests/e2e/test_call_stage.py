"""A call where one works: at cursors, in the people panel, above the files, on shared screens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.people import CHROMIUM, CHROMIUM_ARGS, Person
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Playwright

    Come = Callable[..., Person]

CODE = "".join(f"x{number} = {number}\n" for number in range(1, 41))


@pytest.fixture(scope="module")
def browser(with_devices: Browser) -> Browser:
    return with_devices


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    folder = tmp_path_factory.mktemp("lab")
    with LabServer(folder, args=ON_THE_LOOPBACK) as server:
        (server.root / "orbits.py").write_text(CODE)
        yield server


def people_panel(somebody: Person) -> Locator:
    somebody.command("codesyncx:show-people")
    return somebody.page.locator(".csx-People")


def check_accessible(somebody: Person, *parts: str) -> None:
    """Hold parts of the page against axe's rules in both themes."""
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        somebody.theme(theme)
        for part in parts:
            results = Axe().run(somebody.page, context=part)
            assert results.violations_count == 0, results.generate_report()


def test_the_call_shows_where_people_work(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    for somebody, line in ((ada, 2), (grace, 5)):
        somebody.open_file("orbits.py")
        somebody.place_cursor("orbits.py", line=line)
    of_ada = join(ada)

    people = people_panel(grace)
    row = people.get_by_role("treeitem", name="Ada Lovelace")
    expect(people.get_by_text("Ada Lovelace is in the call.")).to_be_visible()
    expect(row).to_have_accessible_name(r_ends("in the call"))
    people.get_by_role("button", name="Join").click()
    of_grace = grace.page.locator(".csx-Call")
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    expect(people.get_by_text("in the call.")).to_have_count(0)

    # The microphone of the test's browser beeps once a second.
    expect(people.locator(".csx-People-person.csx-mod-speaking", has_text="Ada")).to_be_visible()
    expect(grace.page.locator(".jp-FileEditor .csx-SpeakingCaret")).to_have_count(1)
    of_ada.get_by_role("button", name="Raise Hand").click()
    expect(row.locator(".csx-People-hand")).to_be_visible()
    expect(row).to_have_accessible_name(r_ends("hand raised"))

    watch(grace, ".csx-Call-reaction, .csx-Call-tile [role=status]")
    of_ada.get_by_role("button", name="React", exact=True).click()
    ada.page.keyboard.press("ArrowRight")
    check_accessible(ada, ".csx-Call-picker")
    ada.page.keyboard.press("Enter")
    wait_for_sight(grace, "👏")
    wait_for_sight(grace, "Ada Lovelace reacts with 👏")
    expect(of_ada.get_by_role("menu")).to_have_count(0)
    expect(of_grace.locator(".csx-Call-reaction")).to_have_count(0)
    check_accessible(grace, ".csx-People")
    assert ada.problems == grace.problems == []


def test_a_shared_screen_is_looked_at_pointed_at_and_followed(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("orbits.py")
    of_ada, of_grace = join(ada), join(grace)
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    of_grace.get_by_role("button", name="Share Screen").click()
    screen = of_ada.locator(".csx-Call-screen")
    moves(screen.locator("video"))
    offer = of_ada.get_by_role("status").filter(has_text="Grace Hopper shares a screen.")
    offer.get_by_role("button", name="Follow Grace Hopper").click()
    expect(ada.page.locator(".csx-FollowFrame")).to_be_visible()
    expect(ada.page.locator(".jp-FileEditor")).to_be_visible()
    screen.get_by_role("button", name="Stop following Grace Hopper").click()
    expect(ada.page.locator(".csx-FollowFrame")).to_have_count(0)
    check_accessible(ada, ".csx-Call")

    # Grace sees where Ada points, on what she shares.
    screen.get_by_role("button", name="Laser pointer").click()
    shared = of_grace.locator(".csx-Call-screen.csx-mod-mine")
    moves(shared.locator("video"))
    view = screen.get_by_role("group", name="Shared by Grace Hopper")
    view.focus()
    watch(grace, ".csx-mod-mine .csx-Call-dot")
    ada.page.keyboard.press("ArrowRight")
    wait_for_sight(grace, "Ada Lovelace", 52, 50)
    expect(shared.locator(".csx-Call-dot")).to_have_count(0)
    point_at(screen.locator(".csx-Call-picture"), 0.25, 0.75)
    wait_for_sight(grace, "Ada Lovelace", 25, 75)

    screen.get_by_role("button", name="Full screen").click()
    expect(screen.get_by_role("button", name="Leave full screen")).to_be_visible()
    for _ in range(3):
        ada.page.keyboard.press("+")
    expect(screen.get_by_text("195 %")).to_be_visible()
    point_at(screen.locator(".csx-Call-picture"), 0.6, 0.4)
    wait_for_sight(grace, "Ada Lovelace", 60, 40)
    ada.page.keyboard.press("0")
    expect(screen.get_by_text("100 %")).to_be_visible()
    ada.page.mouse.move(300, 300)
    ada.page.mouse.wheel(0, -400)
    expect(screen.get_by_text("272 %")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(screen.get_by_role("button", name="Full screen")).to_be_visible()

    of_grace.get_by_role("button", name="More").click()
    grace.page.get_by_role("menuitem", name="Share Another Screen").click()
    expect(of_ada.locator(".csx-Call-screen")).to_have_count(2)
    of_grace.get_by_role("button", name="Stop sharing this").first.click()
    expect(of_ada.locator(".csx-Call-screen")).to_have_count(1)
    assert ada.problems == grace.problems == []


def test_the_call_goes_along_above_the_files_and_in_its_own_window(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    ada.open_file("orbits.py")
    of_ada, of_grace = join(ada), join(grace)
    of_ada.get_by_role("button", name="More").click()
    ada.page.get_by_role("menuitem", name="Show Call Above the Files").click()
    strip = ada.page.get_by_role("region", name="Call above the files")
    hers = strip.get_by_role("listitem", name="Grace Hopper")
    moves(hers.locator("video"))
    expect(strip.locator(".csx-mod-speaking")).to_be_visible()
    strip.get_by_role("button", name="Switch Microphone Off").click()
    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_be_visible()
    check_accessible(ada, ".csx-CallStrip")

    of_grace.get_by_role("button", name="Share Screen").click()
    moves(of_ada.locator(".csx-Call-screen video"))
    of_ada.get_by_role("button", name="More").click()
    with ada.context.expect_page() as opened:
        ada.page.get_by_role("menuitem", name="Show Call in a Window of Its Own").click()
    window = opened.value
    moves(window.get_by_label("The screen of Grace Hopper"))
    moves(window.get_by_role("listitem", name="Grace Hopper").locator("video"))
    window.get_by_role("button", name="Switch Microphone On").click()
    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_have_count(0)
    with window.expect_event("close"):
        window.get_by_role("button", name="Leave Call").click()
    expect(strip).to_be_hidden()

    # The row comes back with the next call, after a reload too.
    ada.reload()
    of_ada = join(ada)
    moves(hers.locator("video"))
    strip.get_by_role("button", name="Leave Call").click()
    assert ada.problems == grace.problems == []


DEVICES_IN_HAND = """(() => {
  window.opened = [];
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async wish => {
    const stream = await open(wish);
    window.opened.push(...stream.getTracks());
    return stream;
  };
  window.played = [];
  window.Audio = class extends window.Audio {
    constructor() { super(); window.played.push(this); }
  };
  window.SpeechRecognition = class {
    start() { window.recognition = this; }
    stop() {}
    say(transcript, isFinal) {
      this.onresult({ resultIndex: 0, results: [Object.assign([{ transcript }], { isFinal })] });
    }
  };
})()"""
"""Lets a test unplug devices, listen to what is played, and say something to the browser."""

LOUDNESS = """async () => {
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 32768;
  for (const { srcObject } of window.played.filter(each => each.srcObject)) {
    context.createMediaStreamSource(srcObject).connect(analyser);
  }
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (let step = 0; step < 20 && loudest < 0.01; step++) {
    await new Promise(resolve => setTimeout(resolve, 300));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples);
  }
  await context.close();
  return loudest;
}"""


def test_devices_are_chosen_held_unplugged_and_written_down(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.page.add_init_script(DEVICES_IN_HAND)
        somebody.reload()
    grace.page.get_by_role("button", name="Join call").click()
    before = grace.page.locator(".csx-Call")
    before.get_by_label("Which: Loudspeaker").select_option(index=1)
    before.get_by_role("button", name="Play a test sound").click()
    expect(before.get_by_role("button", name="Play a test sound")).to_be_enabled()
    before.get_by_label("Come in silent").check()
    check_accessible(grace, ".csx-Call")
    of_ada = join(ada)
    before.get_by_role("button", name="Join the call").click()
    hers = tile(of_ada, "Grace Hopper")
    moves(hers.locator("video"))
    expect(hers.locator(".csx-Call-muted")).to_be_visible()

    grace.page.keyboard.down("Control")
    grace.page.keyboard.down("Alt")
    grace.page.keyboard.down("Space")
    expect(hers.locator(".csx-Call-muted")).to_have_count(0)
    assert ada.page.evaluate(LOUDNESS) > 0.01
    grace.page.keyboard.up("Space")
    expect(hers.locator(".csx-Call-muted")).to_be_visible()
    grace.page.keyboard.up("Alt")
    grace.page.keyboard.up("Control")

    # Another device takes the place of one that is unplugged, and is as silent as that.
    grace.page.evaluate("""() => window.opened.filter(track => track.readyState === 'live')
      .forEach(track => { track.stop(); track.dispatchEvent(new Event('ended')); })""")
    expect(grace.page.get_by_text("Your camera is gone. You are seen through")).to_be_visible()
    expect(grace.page.get_by_text("Your microphone is gone.")).to_be_visible()
    moves(hers.locator("video"))
    expect(hers.locator(".csx-Call-muted")).to_be_visible()

    of_grace = grace.page.locator(".csx-Call")
    of_grace.get_by_role("button", name="More").click()
    grace.page.get_by_role("menuitem", name="Camera, Microphone and Loudspeaker").click()
    dialog = grace.page.get_by_role("dialog")
    moves(dialog.get_by_label("Your camera"))
    dialog.get_by_label("Which: Microphone").select_option(label="Fake Audio Input 2")
    check_accessible(grace, ".jp-Dialog-content")
    dialog.get_by_role("button", name="Done").click()

    of_grace.get_by_role("button", name="Switch Microphone On").click()
    of_grace.get_by_role("button", name="More").click()
    grace.page.get_by_role("menuitem", name="Write Down What I Say").click()
    expect(grace.page.get_by_text("Many browsers have their maker do that")).to_be_visible()
    grace.page.get_by_role("button", name="Write it down").click()
    grace.page.wait_for_function("() => window.recognition")
    grace.page.evaluate("() => window.recognition.say('Let us look at the orbits', false)")
    captions = of_ada.get_by_role("group", name="Captions")
    expect(captions).to_have_text("Grace Hopper Let us look at the orbits")
    expect(captions).to_have_count(0)
    assert ada.problems == grace.problems == []


def watch(somebody: Person, selector: str) -> None:
    """Write down what shows for a moment: its text and where it is put."""
    somebody.page.evaluate(
        """selector => {
          window.seen = [];
          const look = () => document.querySelectorAll(selector).forEach(each => window.seen.push(
            [each.textContent, parseFloat(each.style.left), parseFloat(each.style.top)]));
          new MutationObserver(look).observe(document.body,
            { subtree: true, childList: true, attributes: true, characterData: true });
        }""",
        selector,
    )


def wait_for_sight(somebody: Person, text: str, *place: float) -> None:
    """Wait until something with a text was seen, within two percent of a place."""
    somebody.page.wait_for_function(
        """([text, place]) => window.seen.some(([shown, ...at]) => shown === text
          && place.every((each, index) => Math.abs(each - at[index]) < 2))""",
        arg=[text, place],
    )


def point_at(picture: Locator, x: float, y: float) -> None:
    box = picture.bounding_box()
    assert box is not None
    mouse = picture.page.mouse
    mouse.move(box["x"] + x * box["width"] - 3, box["y"] + y * box["height"])
    mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def r_ends(text: str) -> re.Pattern[str]:
    return re.compile(f"{text}$")


BLURS = """(() => {
  window.blurred = [];
  const { prototype } = MediaStreamTrack;
  const { getCapabilities, applyConstraints } = prototype;
  prototype.getCapabilities = function () {
    const offered = this.kind === 'video' ? { backgroundBlur: [false, true] } : {};
    return { ...getCapabilities.call(this), ...offered };
  };
  prototype.applyConstraints = function (wish = {}) {
    const { backgroundBlur, ...rest } = wish;
    if (backgroundBlur !== undefined) window.blurred.push(backgroundBlur);
    return applyConstraints.call(this, rest);
  };
})()"""
"""A browser whose camera can blur what is behind one; the test's own can't."""


def test_a_blurred_background_is_offered_where_the_browser_has_it(person: Come) -> None:
    ada = person("ada")
    ada.page.get_by_role("button", name="Join call").click()
    panel = ada.page.locator(".csx-Call")
    moves(panel.get_by_label("Your camera"))
    blur = panel.get_by_label("Blur what is behind me")
    expect(blur).to_have_count(0)
    ada.page.add_init_script(BLURS)
    ada.reload()
    ada.page.get_by_role("button", name="Join call").click()
    blur.check()
    ada.page.wait_for_function("() => window.blurred.at(-1) === true")
    join_button = panel.get_by_role("button", name="Join the call")
    join_button.click()
    expect(panel.get_by_role("toolbar", name="Call")).to_be_visible()
    assert ada.problems == []


TAB_THAT_SOUNDS = """(() => {
  const { mediaDevices } = navigator;
  const share = mediaDevices.getDisplayMedia.bind(mediaDevices);
  mediaDevices.getDisplayMedia = wish => share({ ...wish, preferCurrentTab: true });
  window.sound = async () => {
    const context = new AudioContext();
    await context.resume();
    const tone = context.createOscillator();
    tone.connect(context.destination);
    tone.start();
  };
})()"""
"""A tab that is chosen to be shared without a dialog, and can make a sound."""


def test_a_shared_tab_is_heard(person: Come, playwright: Playwright, lab: LabServer) -> None:
    ada = person("ada")
    ada.page.add_init_script(DEVICES_IN_HAND)
    ada.reload()
    of_ada = join(ada)
    args = [
        *CHROMIUM_ARGS,
        "--use-fake-device-for-media-stream",
        "--auto-accept-camera-and-microphone-capture",
        "--auto-accept-this-tab-capture",
        "--allow-loopback-in-peer-connection",
    ]
    # Playwright mutes browsers, and of a muted tab nothing is heard.
    with playwright.chromium.launch(
        executable_path=CHROMIUM, args=args, ignore_default_args=["--mute-audio"]
    ) as browser:
        grace = Person(browser, lab, "grace")
        grace.page.add_init_script(TAB_THAT_SOUNDS)
        grace.enter()
        of_grace = join(grace)
        of_grace.get_by_role("button", name="Switch Microphone Off").click()
        expect(tile(of_ada, "Grace Hopper").locator(".csx-Call-muted")).to_be_visible()
        of_ada.get_by_role("button", name="Switch Microphone Off").click()
        of_grace.get_by_role("button", name="Share Screen").click()
        moves(of_ada.get_by_label("The screen of Grace Hopper"))
        assert ada.page.evaluate(LOUDNESS) < 0.01
        grace.page.evaluate("() => window.sound()")
        assert ada.page.evaluate(LOUDNESS) > 0.01
        assert ada.problems == grace.problems == []
