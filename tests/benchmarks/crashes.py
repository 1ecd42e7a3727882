"""What a killed server leaves behind: edits lost, there twice, and clients that differ for ever.

Everybody types words that occur only once. An onlooker tells what others had seen when the server
died; those edits are acknowledged. Then it starts again, a fresh browser comes, and all the old
ones return with the document they had, or start over if the server asks them to.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.contestants import Contestant, Jupyter
from benchmarks.load import Client, Flight, Socket
from benchmarks.scenarios import begin, enter

if TYPE_CHECKING:
    from benchmarks.load import Address

ROOM = "crash.txt"
FIRST_LINE = "begin\n"
OTHER_TEXT = "text from git, after the crash\n"
_TYPE_S = 4.0
_QUIET_S = 12.0
_SETTLE_S = 10.0
_REFUSAL_S = 1.0


@dataclass(frozen=True)
class Crash:
    """How the server dies, and what happens until it is back."""

    writers: int = 1
    is_quiet: bool = False
    loses_store: bool = False
    changes_file: bool = False
    is_old_first: bool = False


CASES = {
    "typing": Crash(),
    "quiet": Crash(is_quiet=True),
    "10 typing": Crash(10),
    "30 typing": Crash(30),
    "store deleted": Crash(is_quiet=True, loses_store=True),
    "store deleted and file changed": Crash(is_quiet=True, loses_store=True, changes_file=True),
    "old client back first": Crash(is_old_first=True),
}


async def crash(server: Contestant, case: Crash) -> dict[str, Any] | None:
    """Kill the server and count; None where there are no files that could change."""
    if case.changes_file and server.file(ROOM) is None:
        return None
    await begin(server, ROOM, FIRST_LINE)
    onlooker = await enter(server, ROOM, "heloise", follows=True)
    people = [await enter(server, ROOM, f"p{i}", follows=True) for i in range(case.writers)]
    addresses = [await server.address(ROOM, f"p{i}") for i in range(case.writers)]
    typing = [asyncio.create_task(_type(person, f"w{i}n")) for i, person in enumerate(people)]
    await asyncio.sleep(_TYPE_S)
    if case.is_quiet:
        for task in typing:
            task.cancel()
        await asyncio.sleep(_QUIET_S)
    await asyncio.to_thread(server.kill)
    for task in typing:
        task.cancel()
    await asyncio.gather(*typing, return_exceptions=True)
    await asyncio.sleep(0.2)
    seen = set(_words(onlooker))
    for client in [onlooker, *people]:
        client.socket.close()
    if case.loses_store:
        server.lose_store()
    if case.changes_file:
        _change_file(server)
        seen = set(OTHER_TEXT.split())
    await asyncio.to_thread(server.start)
    return await _return(server, case, people, addresses, seen)


async def _return(
    server: Contestant,
    case: Crash,
    people: list[Client],
    addresses: list[Address],
    seen: set[str],
) -> dict[str, Any]:
    back: list[Client] = []
    if case.is_old_first:
        back.append(await _come_back(server, people.pop(0), addresses.pop(0), 0))
    fresh = await enter(server, ROOM, "grace", follows=True)
    await asyncio.sleep(1)
    missed = seen - set(_words(fresh))
    for number, (person, address) in enumerate(zip(people, addresses, strict=True)):
        back.append(await _come_back(server, person, address, number + len(back)))
    texts = await _settle(server, [fresh, *back])
    counts = Counter(texts[0].split())
    for client in [fresh, *back]:
        client.socket.close()
    return {
        "acknowledged": len(seen),
        "lost": len(missed),
        "lost_for_ever": len(seen - set(counts)),
        "duplicated": sum(count - 1 for word, count in counts.items() if word in seen),
        "diverged": sum(text != texts[0] for text in texts),
    }


def _change_file(server: Contestant) -> None:
    path = server.file(ROOM)
    assert path is not None
    path.write_text(OTHER_TEXT)


async def _type(client: Client, tag: str) -> None:
    number = 0
    while not client.socket.closed:
        client.insert(len(client.text), f"{tag}{number} ")
        number += 1
        await asyncio.sleep(0.1)


async def _come_back(server: Contestant, old: Client, address: Address, number: int) -> Client:
    """Come back as a browser does: with the old document, or anew if that isn't wanted."""
    if not isinstance(server, Jupyter):
        address = await server.address(ROOM, f"p{number}")
    try:
        socket = await Socket(address).connect()
        client = Client(socket, Flight(), doc=old.doc, follows=True)
        syncing = asyncio.create_task(client.sync())
        await asyncio.sleep(_REFUSAL_S)
        if not socket.closed:
            await syncing
            return client
        syncing.cancel()
    except ConnectionError:
        pass
    return await enter(server, ROOM, f"p{number}", follows=True)


def _words(client: Client) -> list[str]:
    return str(client.text).split()


async def _settle(server: Contestant, clients: list[Client]) -> list[str]:
    """Wait until everybody and the file agree, or it is clear that they never will."""
    path = server.file(ROOM)
    until = time.monotonic() + _SETTLE_S
    while True:
        texts = [str(client.text) for client in clients]
        if path is not None:
            texts.append(path.read_text())
        if len(set(texts)) == 1 or time.monotonic() > until:
            return texts
        await asyncio.sleep(0.1)
