"""What a server in a network namespace shows to others: the page of a call, and its signalling.

`network_door.py ADDRESS PAGE_PORT SIGNALLING_PORT INNER_PORT`: media processes signal on the
loopback only, because a Jupyter server stands before them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from http.server import ThreadingHTTPServer

from support.callers import PageServer


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one way until it ends."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(address: str, page_port: int, port: int, inner_port: int) -> None:
    """Serve until the standard input ends."""
    pages = ThreadingHTTPServer((address, page_port), PageServer)
    threading.Thread(target=pages.serve_forever, daemon=True).start()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", inner_port)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    await asyncio.start_server(greet, address, port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *(int(number) for number in sys.argv[2:5])))
