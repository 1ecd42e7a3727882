"""Who is seen where, across the edges of a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.studio import GRACE, SECRET, Studio, Watcher

from codesyncx_server.collab import cursors
from codesyncx_server.collab.spans import Utf8
from codesyncx_server.collab.text_order import TextOrder
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from support.peers import Peer


def order_of(peer: Peer) -> TextOrder:
    order = TextOrder("source")
    order.take(read_update(peer.doc.get_update()))
    return order


async def point(peer: Peer, anchor: str, head: str | None = None) -> None:
    """Have somebody select from right before one word to right before another."""
    content = str(peer.text).encode()
    places = [Utf8(content.index(word.encode())) for word in (anchor, head or anchor)]
    told = cursors.write([cursors.Selection(*places, is_primary=True)], order_of(peer))
    # What else their browsers tell stays where they are.
    path = f"{SECRET}.py" if peer.username == "grace" else "solver.py"
    await peer.tell({"cursors": told, "codesyncx": {"path": path}, "current": f"editor:{path}"})


def seen_of(peer: Peer, username: str) -> list[cursors.Selection] | None:
    """Give where somebody finds another in their text; None for whom they don't see."""
    for client_id, state in peer.awareness.states.items():
        is_other = client_id != peer.awareness.client_id and state
        if is_other and state["user"]["username"] == username:
            assert state.keys() == {"user", "cursors"}
            return cursors.read(state["cursors"], order_of(peer))
    return None


def words_after(peer: Peer, username: str) -> list[tuple[str, str]]:
    """Give what stands after the ends of somebody's selections, as another finds them."""
    content = str(peer.text).encode()
    return [
        (content[one.anchor :].decode(), content[one.head :].decode())
        for one in seen_of(peer, username) or ()
    ]


async def test_cursors_are_seen_across_the_edge_of_a_part_and_tell_nothing_hidden(
    studio: Studio, lines: dict[str, Any]
) -> None:
    _, grant_id = await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    await point(ada, "é🌍", "yours")
    await grace.until(lambda: seen_of(grace, "ada") is not None)
    ((anchor, head),) = words_after(grace, "ada")
    assert anchor.startswith("é🌍 yours")
    assert head.startswith("yours")

    # Grace is hidden where Ada may not look; what she selected from there is a caret.
    await point(grace, "import")
    await point(grace, "import", "return")
    await ada.until(lambda: seen_of(ada, "grace") is not None)
    assert words_after(ada, "grace") == [("return 1", "return 1")]
    await point(grace, "solve", "yours")
    await ada.until(lambda: words_after(ada, "grace") != [("return 1", "return 1")])
    ((anchor, head),) = words_after(ada, "grace")
    assert anchor.startswith("solve():")
    assert head.startswith("yours")

    # It stays at its word while both type, and goes when Grace leaves the lines.
    ada.text.insert(0, "# Ada é🌍\n")
    grace.text.insert(0, f"# {SECRET} 🌍\n")
    await ada.until(lambda: "Ada" in str(ada.text))
    await grace.until(lambda: "Ada" in str(grace.text))
    assert words_after(ada, "grace")[0][1].startswith("yours")
    assert words_after(grace, "ada")[0][1].startswith("yours")
    await point(grace, "import")
    await ada.until(lambda: seen_of(ada, "grace") is None)
    assert b"hidden" not in ada.heard

    await studio.access.revoke(GRACE, grant_id)
    await grace.until(lambda: seen_of(grace, "ada") is None)


async def test_who_is_here_is_told_without_closed_files(
    studio: Studio, lines: dict[str, Any]
) -> None:
    """Grace is in a file that Ada can't see, then in Ada's lines; Ada is in her lines."""
    await studio.share("solver.py", lines)
    ada, grace = Watcher(studio.url, "ada"), Watcher(studio.url, "grace")
    for peer in (ada, grace):
        studio.peers.append(peer)
        peer.room = "JupyterLab:globalAwareness"
        await peer.connect(sync=False)
    here = {"status": "active", "doing": "editing", "kind": "file", "open": [SECRET, "solver.py"]}
    of_grace, of_ada = grace.awareness.client_id, ada.awareness.client_id
    await grace.tell({"current": f"editor:{SECRET}", "codesyncx": {**here, "path": SECRET}})
    await ada.until(lambda: of_grace in ada.awareness.states)
    assert ada.awareness.states[of_grace]["user"]["username"] == "grace"
    assert ada.awareness.states[of_grace]["codesyncx"]["path"] is None
    await grace.tell({"codesyncx": {**here, "path": "solver.py", "line": 4}})
    await ada.until(lambda: ada.awareness.states[of_grace]["codesyncx"]["path"] == "solver.py")
    assert ada.awareness.states[of_grace]["codesyncx"]["line"] == 2
    await ada.tell({"codesyncx": {"path": "solver.py", "line": 3, "open": []}})
    await grace.until(lambda: of_ada in grace.awareness.states)
    assert grace.awareness.states[of_ada]["codesyncx"]["line"] == 5
    assert b"hidden" not in ada.heard
