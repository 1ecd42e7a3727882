"""A web app of the standard library alone, with everything that a preview must bear."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"""<!doctype html><title>Counter</title><h1>Hello from the sandbox</h1>
<p id="heard">nothing yet</p>
<script>
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
  socket.onopen = () => socket.send('over a WebSocket');
  socket.onmessage = ({ data }) => { document.querySelector('#heard').textContent = data; };
</script>"""
FILE = bytes(range(256)) * 4096
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = {
            "/": self.page,
            "/headers": self.headers_told,
            "/events": self.events,
            "/file": self.file,
            "/bomb": self.bomb,
            "/early": self.connection_closed,
            "/cookies": self.cookies,
            "/socket": self.socket,
        }
        known.get(self.path, self.page)()

    def do_POST(self) -> None:
        left, seen = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            chunk = self.rfile.read(min(left, 65536))
            seen.update(chunk)
            left -= len(chunk)
        self.answer(seen.hexdigest().encode(), "text/plain")

    def answer(self, body: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def page(self) -> None:
        self.answer(PAGE, "text/html", X_Frame_Options="DENY")

    def headers_told(self) -> None:
        self.answer(json.dumps(self.headers.items()).encode(), "application/json")

    def events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number in range(1000):
            self.wfile.write(f"data: {number}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.2)

    def file(self) -> None:
        start, end = self.headers["Range"].removeprefix("bytes=").split("-")
        part = FILE[int(start) : int(end) + 1]
        told = f"bytes {start}-{end}/{len(FILE)}"
        self.answer(part, "application/octet-stream", 206, Content_Range=told)

    def bomb(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Bomb: " + b"x" * 10_000_000 + b"\r\n\r\n")

    def connection_closed(self) -> None:
        self.close_connection = True

    def cookies(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/headers")
        self.send_header("Set-Cookie", "mine=1; Path=/; Domain=localhost")
        self.send_header("Set-Cookie", "csx-preview=stolen; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def socket(self) -> None:
        key = self.headers["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                break
            length = head[1] & 127
            if length == 126:
                length = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(length)))
            size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
            self.wfile.write(bytes([0x81]) + size + data)
            self.wfile.flush()
        self.close_connection = True


print("serving", flush=True)  # noqa: T201 - for the log of the run
ThreadingHTTPServer(("127.0.0.1", 8000), App).serve_forever()
