"""Ask browsers for the offers that the SDP tests read.

Run it by hand when they have changed: `capture_offers.py chromium firefox-esr`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OFFERS = Path(__file__).parents[1] / "unit" / "media" / "sdp" / "offers"
PAGE = (Path(__file__).parent / "capture_offers.html").read_bytes()
FIREFOX_SETTINGS = 'user_pref("media.peerconnection.ice.loopback", true);\n'


class Desk(BaseHTTPRequestHandler):
    """Hands out the page and takes the offers that it makes."""

    browser = ""
    done = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def do_POST(self) -> None:
        offers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for name, text in offers.items():
            path = OFFERS / f"{self.browser}-{name}.sdp"
            path.write_text(text, newline="")
            sys.stdout.write(f"{path.name}: {len(text)} characters\n")
        self.send_response(204)
        self.end_headers()
        self.done.set()


def command(browser: str, profile: Path) -> list[str]:
    if browser.startswith("firefox"):
        (profile / "user.js").write_text(FIREFOX_SETTINGS)
        return [browser, "--headless", "--no-remote", "--profile", str(profile)]
    return [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--autoplay-policy=no-user-gesture-required",
        f"--user-data-dir={profile}",
    ]


def capture(browser: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Desk.browser = browser.partition("-")[0]
    Desk.done.clear()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_port}/"
        process = subprocess.Popen([*command(browser, Path(profile)), address])
        try:
            if not Desk.done.wait(60):
                sys.exit(f"{browser} made no offers")
        finally:
            process.terminate()
            process.wait()
            server.shutdown()


if __name__ == "__main__":
    for each in sys.argv[1:] or ["chromium"]:
        capture(each)
