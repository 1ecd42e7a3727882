"""How long somebody waits in a real Chromium: from joining until a picture is decoded and shown."""

from __future__ import annotations

import statistics
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright
from support.callers import DEVICE_ARGS, Caller, PageServer
from support.media_worker import MediaWorker
from support.people import CHROMIUM, CHROMIUM_ARGS

from codesyncx_media.rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterator

_JOIN = """
async ([url, message]) => {
  const began = performance.now();
  const call = (window.call = new Call(url));
  await call.join(message);
  return await new Promise(resolve => {
    const look = () => {
      const video = [...call.elements.values()].find(element => element.tagName === 'VIDEO');
      if (!video) {
        setTimeout(look, 1);
        return;
      }
      video.requestVideoFrameCallback(() => resolve(performance.now() - began));
    };
    look();
  });
}
"""


@contextmanager
def _page_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), PageServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def first_pictures(people: int, *, is_native: bool) -> dict[str, Any]:
    """Have people join a call with one camera of three layers, one after the other."""
    rights = frozenset(Right)
    waited_ms = []
    with (
        MediaWorker(may_be_native=is_native) as worker,
        _page_server() as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *DEVICE_ARGS]
        )
        speaker = browser.new_context().new_page()
        speaker.goto(url)
        Caller(speaker, worker, "speaker", rights).publish()
        for number in range(people):
            page = browser.new_context().new_page()
            page.goto(url)
            joins = worker.join(f"person{number}", rights)
            waited_ms.append(page.evaluate(_JOIN, [worker.url, joins]))
            page.context.close()
        browser.close()
    return {
        "first_picture_p50_ms": round(statistics.median(waited_ms), 1),
        "first_picture_max_ms": round(max(waited_ms), 1),
    }
