from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from codesyncx_server.chat import catalog
from codesyncx_server.chat.store import ChatStore
from codesyncx_server.errors import InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path


def write_chat(root: Path, path: str, *messages: dict[str, Any], **metadata: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    users = {"ann": {"username": "ann", "display_name": "Ann Lee"}}
    file.write_text(json.dumps({"messages": messages, "users": users, "metadata": metadata}))


def said(time: float, body: str, sender: str = "ann", **fields: Any) -> dict[str, Any]:
    return {"id": f"m{time}", "time": time, "body": body, "sender": sender, **fields}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("general", "chats/general.chat"),
        ("  release   plan ", "chats/release plan.chat"),
        ("Größe", "chats/Größe.chat"),
        ("notes.chat", "chats/notes.chat"),
    ],
)
def test_a_channels_name_gives_its_path_and_back(name: str, path: str) -> None:
    assert catalog.channel_path(name) == path
    assert catalog.channel_path(catalog.channel_name(path)) == path


@pytest.mark.parametrize(
    "name", ["", "  ", ".hidden", "a/b", "..", "a\\b", "a\nb\x00", "x" * 61, "c:d", "end."]
)
def test_names_that_make_no_file_are_turned_away(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        catalog.channel_path(name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plot.png", "plot.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.txt", "y.txt"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("a\x00b?.png", "a_b_.png"),
        ("x" * 300 + ".png", "x" * 60 + ".png"),
    ],
)
def test_attachments_get_safe_names(name: str, safe: str) -> None:
    assert catalog.attachment_name(name) == safe


def test_chats_are_found_the_usual_folder_first_and_broken_ones_left_out(tmp_path: Path) -> None:
    write_chat(tmp_path, "docs/review.chat", id="r")
    write_chat(tmp_path, "chats/zoo.chat")
    write_chat(tmp_path, "chats/general.chat", id="g")
    write_chat(tmp_path, ".hidden/no.chat")
    write_chat(tmp_path, "node_modules/no.chat")
    (tmp_path / "broken.chat").write_text("{")
    (tmp_path / "empty.chat").write_text("")
    (tmp_path / "list.chat").write_text("[]")
    (tmp_path / "link.chat").symlink_to(tmp_path / "chats/zoo.chat")
    chats = catalog.Catalog(tmp_path)
    found = chats.chats()
    assert [chat.path for chat in found] == [
        "chats/general.chat",
        "chats/zoo.chat",
        "docs/review.chat",
        "empty.chat",
    ]
    assert [chat.channel_id for chat in found] == ["g", "chats/zoo.chat", "r", "empty.chat"]
    assert chats.read("chats/general.chat") is found[0]
    write_chat(tmp_path, "chats/general.chat", said(1, "new"), id="g")
    changed = chats.read("chats/general.chat")
    assert changed is not None
    assert len(changed.messages) == 1


def test_search_finds_every_word_in_any_channel_newest_first(tmp_path: Path) -> None:
    far = "word " * 60 + "The ﬁnal Straße"
    write_chat(
        tmp_path,
        "chats/a.chat",
        said(1, "the solver is slow"),
        said(3, "SOLVER: the slow path"),
        said(4, "solver slow", deleted=True),
        said(5, "unrelated"),
        {"id": 1, "time": "x", "body": None},
    )
    write_chat(tmp_path, "b.chat", said(2, "slow, says the solver", sender="eve"), said(9, far))
    chats = catalog.Catalog(tmp_path).chats()
    hits = catalog.search(chats, "slow Solver")
    assert [hit["message_id"] for hit in hits] == ["m3", "m2", "m1"]
    assert [hit["sender_name"] for hit in hits] == ["Ann Lee", "eve", "Ann Lee"]
    (hit,) = catalog.search(chats, "final STRASSE")
    assert "Straße" in hit["excerpt"]
    assert hit["excerpt"].startswith("…")
    for query in ("", "  ", "x" * 201):
        with pytest.raises(InvalidRequestError):
            catalog.search(chats, query)


def test_unread_counts_what_others_wrote_since(tmp_path: Path) -> None:
    write_chat(
        tmp_path,
        "a.chat",
        said(1, "old"),
        said(2, "new", mentions=["bob"]),
        said(3, "own", sender="bob"),
        said(4, "gone", deleted=True),
        said(5, "newer"),
    )
    (chat,) = catalog.Catalog(tmp_path).chats()
    assert catalog.count_unread(chat, "bob", 1) == (2, 1)
    assert catalog.count_unread(chat, "bob", 5) == (0, 0)
    assert catalog.count_unread(chat, "bob", 0) == (3, 1)


def test_read_markers_only_move_back_when_asked_and_survive(tmp_path: Path) -> None:
    store = ChatStore(tmp_path)
    assert store.mark_read("ann", "g", 5)
    assert not store.mark_read("ann", "g", 4)
    assert store.mark_read("bob", "g", 1)
    store.close()
    store = ChatStore(tmp_path)
    assert store.read_until("ann") == {"g": 5}
    assert store.mark_unread("ann", "g", 2)
    assert store.read_until("ann") == {"g": 2}
    store.close()


def test_people_are_remembered_by_the_servers_word(tmp_path: Path) -> None:
    store = ChatStore(tmp_path)
    assert store.remember({"username": "zoe", "name": "Zoe", "display_name": ""})
    assert not store.remember({"username": "zoe", "name": "Zoe", "display_name": ""})
    assert store.remember({"username": "ann", "name": "Ann", "display_name": "Ann Lee"})
    assert not store.remember({"username": ""})
    store.close()
    store = ChatStore(tmp_path)
    assert [person["display_name"] for person in store.people()] == ["Ann Lee", "Zoe"]
    assert store.person("nobody") is None
    store.close()
