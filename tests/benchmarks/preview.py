"""A preview against nginx in front of the same app: requests a second, and how late the last ones.

    tests/support/install-debian nginx-light wrk
    python tests/benchmarks/preview.py [--json results.json] [--rounds 3] [--seconds 3]

The app runs twice: in a sandbox, where our proxy reaches it, and beside it on the loopback, where
nginx does. `wrk` asks both in turns, and the app itself for what the machine can do at most. All on
the loopback, for `--seconds` each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks.kept import keep  # noqa: E402
from demo_people import token_of  # noqa: E402
from support.servers import LabServer, free_port  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 16
PATHS = {"1 kB": "/1000", "100 kB": "/100000"}

#: Answers with as many bytes as the path says, on connections that stay open.
APP = """
import asyncio, sys

async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            size = int(head.split(b" ", 2)[1][1:] or b"2")
            keeps = b"connection: close" not in head.lower()
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n%s\\r\\n" % (
                size, b"" if keeps else b"Connection: close\\r\\n") + b"x" * size)
            await writer.drain()
            if not keeps:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""
RUN_TOML = """
[run.app]
command = ["python3", "app.py", "8000"]
ports = [8000]
limits = { time = "10 min" }
"""
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; proxy_temp_path {folder}/proxy; client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream app {{ server 127.0.0.1:{app}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def wrk(url: str, seconds: int, headers: dict[str, str]) -> dict[str, float]:
    """Ask for one address on several connections."""
    options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    told = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *options, url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", told)
    if failed:
        raise RuntimeError(f"{url}: {failed[0]}")
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if late is None or rate is None:
        raise RuntimeError(told)
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[late[2]]
    return {"requests_per_s": float(rate[1]), "p99_ms": float(late[1]) * unit}


@contextlib.contextmanager
def running(*command: str) -> Iterator[None]:
    """Have a program run."""
    process = subprocess.Popen(command)
    try:
        time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(10)


async def open_preview(server: LabServer) -> tuple[str, dict[str, str]]:
    """Run the app and go in; the address by which wrk gets there, and its headers."""
    headers = {"Authorization": f"token {token_of('ada', server.token)}"}
    api = f"{server.url}/codesyncx/api/runs"

    async def ask(path: str, body: dict[str, str]) -> Any:
        request = HTTPRequest(f"{api}{path}", "POST", headers, json.dumps(body))
        return json.loads((await AsyncHTTPClient().fetch(request)).body)

    run = await ask("", {"configuration": "app"})
    preview = None
    while preview is None:
        await asyncio.sleep(0.1)
        preview = await ask_again(ask, run["id"])
    way = urlsplit(preview["enter_url"])
    address = f"http://127.0.0.1:{way.port}"
    entered = await AsyncHTTPClient().fetch(
        HTTPRequest(
            f"{address}{way.path}?{way.query}",
            headers={"Host": way.netloc},
            follow_redirects=False,
        ),
        raise_error=False,
    )
    cookie = entered.headers["Set-Cookie"].partition(";")[0]
    return address, {"Host": way.netloc, "Cookie": cookie}


async def ask_again(ask: Any, run_id: str) -> Any:
    """Give the preview when its app answers."""
    with contextlib.suppress(HTTPClientError):
        preview = await ask(f"/{run_id}/previews/8000", {})
        if preview["is_serving"]:
            return preview
    return None


def measure(server: LabServer, folder: Path, rounds: int, seconds: int) -> dict[str, Any]:
    """Ask the app, nginx and the preview in turns."""
    app, port = free_port(), free_port()
    (folder / "app.py").write_text(APP)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, app=app, port=port))
    report: dict[str, Any] = {}
    with (
        running(sys.executable, str(folder / "app.py"), str(app)),
        running("nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")),
    ):
        address, headers = asyncio.run(open_preview(server))
        ways: dict[str, tuple[str, dict[str, str]]] = {
            "app": (f"http://127.0.0.1:{app}", {}),
            "nginx": (f"http://127.0.0.1:{port}", {}),
            "preview": (address, headers),
        }
        for size, path in PATHS.items():
            found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
            for _ in range(rounds):
                for name, (url, told) in ways.items():
                    found[name].append(wrk(url + path, seconds, told))
            report[size] = {
                name: {
                    key: round(statistics.median(one[key] for one in each), 2) for key in each[0]
                }
                for name, each in found.items()
            }
            ours, theirs = report[size]["preview"], report[size]["nginx"]
            report[size]["ratio"] = {
                "throughput": round(ours["requests_per_s"] / theirs["requests_per_s"], 3),
                "p99": round(ours["p99_ms"] / theirs["p99_ms"], 2),
            }
            print(size, json.dumps(report[size]), flush=True)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = folder / "lab" / "project"
        (project / ".codesyncx").mkdir(parents=True)
        (project / ".codesyncx" / "run.toml").write_text(RUN_TOML)
        (project / "app.py").write_text(APP)
        with LabServer(folder / "lab") as server:
            report = measure(server, folder, options.rounds, options.seconds)
    keep(options.json, "preview", report)


if __name__ == "__main__":
    main()
