"""What people may write into a chat document, with hostile updates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from codesyncx_server.chat.judge import MAX_MESSAGES, ChatJudge
from codesyncx_server.chat.schema import parse_reaction_key, reaction_key
from codesyncx_server.errors import CodeSyncXError, InvalidRequestError, RefusedError, TooManyError
from codesyncx_server.updates import missing, read_state, read_update

IDENTITIES = {
    "ann": {"name": "Ann", "display_name": "Ann", "avatar_url": None},
    "bob": {"name": "Bob", "display_name": "Bob", "avatar_url": None},
}


class Chat:
    """A chat on the server, and any number of clients that edit copies of it."""

    def __init__(self, **options: Any) -> None:
        self.doc: Doc[Any] = Doc()
        self.messages = self.doc.get("messages", type=Array)
        for name in ("users", "attachments", "metadata", "state"):
            self.doc.get(name, type=Map)
        self.messages.append(Map(message("m-ann", "ann")))
        self.messages.append(Map(message("m-bob", "bob")))
        self.doc["users"]["bob"] = {"username": "bob", "display_name": "Bob", "name": "Bob"}
        self.doc["attachments"]["a1"] = {"type": "file", "value": "plot.png"}
        self.doc["metadata"]["id"] = "chat-1"
        self.judge = ChatJudge(self.doc, **options)

    def send(self, username: str, update: bytes) -> None:
        self.judge.admit(update, username)
        self.doc.apply_update(update)
        self.judge.follow(update)

    def server_edits(self) -> bytes:
        before = self.doc.get_state()
        self.messages.append(Map(message("m-bot", "bot")))
        self.judge.follow(update := self.doc.get_update(before))
        return update


class Client:
    """A browser's copy: `write` gives the update that the edits make."""

    def __init__(self, chat: Chat) -> None:
        self.doc: Doc[Any] = Doc()
        self.messages = self.doc.get("messages", type=Array)
        self.users = self.doc.get("users", type=Map)
        self.attachments = self.doc.get("attachments", type=Map)
        self.metadata = self.doc.get("metadata", type=Map)
        self.state = self.doc.get("state", type=Map)
        self.doc.apply_update(chat.doc.get_update())
        self.base = self.doc.get_state()

    def update(self) -> bytes:
        return self.doc.get_update(self.base)


def message(identifier: str, sender: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "msg",
        "id": identifier,
        "body": "hello",
        "time": 1.0,
        "sender": sender,
        "raw_time": True,
        **fields,
    }


def refuses(chat: Chat, username: str, client: Client) -> str:
    before = chat.doc.get_state()
    with pytest.raises(RefusedError) as caught:
        chat.send(username, client.update())
    assert chat.doc.get_state() == before
    return str(caught.value)


def test_a_person_can_write_edit_and_delete_their_own_messages() -> None:
    chat = Chat()
    client = Client(chat)
    client.users["ann"] = {"username": "ann", "display_name": "Ann", "bot": False}
    client.messages.append(Map(message("new", "ann", mentions=["bob"], metadata={"codesyncx": {}})))
    chat.send("ann", client.update())
    client = Client(chat)
    client.messages[2]["body"] = "better"
    client.messages[2]["edited"] = True
    client.messages[2]["time"] = 1.0
    chat.send("ann", client.update())
    client = Client(chat)
    client.messages[2]["body"] = ""
    client.messages[2]["deleted"] = True
    chat.send("ann", client.update())
    client = Client(chat)
    del client.messages[2]
    chat.send("ann", client.update())
    assert [m["id"] for m in chat.messages.to_py() or []] == ["m-ann", "m-bob"]


@pytest.mark.parametrize(
    ("sender", "extra"),
    [
        ("bob", {}),
        ("", {}),
        (None, {}),
        ("ann", {"id": "m-bob"}),
        ("ann", {"id": ""}),
        ("ann", {"raw_time": False}),
        ("ann", {"time": "soon"}),
        ("ann", {"time": True}),
        ("ann", {"time": 9e9}),
        ("ann", {"time": float("inf")}),
        ("ann", {"time": float("nan")}),
        ("ann", {"time": -1}),
        ("ann", {"metadata": {"n": float("nan")}}),
        ("ann", {"unknown": 1}),
        ("ann", {"type": "html"}),
        ("ann", {"body": "x" * 64_001}),
        ("ann", {"body": None}),
        ("ann", {"mentions": [1]}),
        ("ann", {"attachments": ["a"] * 101}),
        ("ann", {"metadata": {"big": "x" * 128_000}}),
        ("ann", {"mime_model": {"data": {"text/html": "<b>"}, "trusted": True}}),
    ],
)
def test_a_message_that_is_not_the_writers_or_not_readable_is_refused(
    sender: str | None, extra: dict[str, Any]
) -> None:
    chat = Chat()
    client = Client(chat)
    client.messages.append(Map({**message("new", sender), **extra}))  # type: ignore[arg-type]
    assert refuses(chat, "ann", client)


@pytest.mark.parametrize("content", ["text", 5, {"body": "plain record"}, Array([1]), Text("x")])
def test_only_message_records_can_be_added(content: Any) -> None:
    chat = Chat()
    client = Client(chat)
    client.messages.append(content)
    refuses(chat, "ann", client)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("body", "forged"),
        ("deleted", True),
        ("sender", "ann"),
        ("metadata", {"codesyncx": {"reply_to": "x"}}),
        ("body", Text("nested")),
    ],
)
def test_another_persons_message_can_not_be_edited(key: str, value: Any) -> None:
    chat = Chat()
    client = Client(chat)
    client.messages[1][key] = value
    refuses(chat, "ann", client)


@pytest.mark.parametrize(
    ("key", "value"),
    [("sender", "bob"), ("id", "m-bob"), ("time", 9e9), ("raw_time", False), ("nope", 1)],
)
def test_the_fixed_parts_of_ones_own_message_stay(key: str, value: Any) -> None:
    chat = Chat()
    client = Client(chat)
    client.messages[0][key] = value
    refuses(chat, "ann", client)


@pytest.mark.parametrize("key", ["body", "sender", "id", "time"])
def test_a_needed_part_of_ones_own_message_can_not_be_removed(key: str) -> None:
    chat = Chat()
    client = Client(chat)
    del client.messages[0][key]
    refuses(chat, "ann", client)


def test_another_persons_message_can_not_be_removed_or_replaced() -> None:
    chat = Chat()
    client = Client(chat)
    del client.messages[1]
    refuses(chat, "ann", client)
    client = Client(chat)
    client.messages[1] = Map(message("m-bob", "ann"))
    refuses(chat, "ann", client)
    client = Client(chat)
    client.messages.clear()
    refuses(chat, "ann", client)


def test_identities_follow_the_servers_word() -> None:
    chat = Chat(people=IDENTITIES.get)
    client = Client(chat)
    client.users["bob"] = {"username": "bob", "display_name": "Robert", "name": "Bob"}
    refuses(chat, "ann", client)
    client = Client(chat)
    del client.users["bob"]
    refuses(chat, "bob", client)
    for entry in (
        {"username": "ann", "display_name": "Bob", "name": "Ann"},
        {"username": "bob", "display_name": "Ann", "name": "Ann"},
        {"username": "ann", "display_name": "Ann", "name": "Ann", "bot": True},
        {"username": "ann", "display_name": "Ann", "name": "Ann", "avatar_url": "x"},
        {"username": "ann", "display_name": "Ann", "name": "Ann", "color": "red;}"},
        {"username": "ann", "display_name": "Ann", "name": "Ann", "admin": True},
    ):
        client = Client(chat)
        client.users["ann"] = entry
        refuses(chat, "ann", client)
    client = Client(chat)
    client.users["ann"] = {
        "username": "ann",
        "display_name": "Ann",
        "name": "Ann",
        "color": "var(--jp-collaborator-color1)",
        "mention_name": "Ann",
        "bot": False,
    }
    chat.send("ann", client.update())


def test_a_mention_may_enter_a_person_the_server_knows_and_nobody_else() -> None:
    chat = Chat(people=IDENTITIES.get)
    client = Client(chat)
    client.users["ann"] = {"username": "ann", "display_name": "Ann", "name": "Ann"}
    chat.send("bob", client.update())
    client = Client(chat)
    client.users["eve"] = {"username": "eve", "display_name": "Eve", "name": "Eve"}
    refuses(chat, "bob", client)


def test_attachments_are_added_never_changed() -> None:
    chat = Chat()
    client = Client(chat)
    client.attachments["a2"] = {"type": "file", "value": "chats/attachments/x.png"}
    client.attachments["a1"] = {"type": "file", "value": "plot.png"}
    chat.send("ann", client.update())
    for key, entry in (
        ("a1", {"type": "file", "value": "other.png"}),
        ("a3", {"type": "file", "value": "../secret"}),
        ("a3", {"type": "file", "value": "x", "extra": 1}),
        ("a3", {"type": "program", "value": "x"}),
        ("a3", "x"),
    ):
        client = Client(chat)
        client.attachments[key] = entry
        refuses(chat, "ann", client)


def test_reactions_are_each_persons_own() -> None:
    chat = Chat()
    own = reaction_key("m-bob", "ann", "👍")
    assert parse_reaction_key(own) == ("m-bob", "ann", "👍")
    client = Client(chat)
    client.metadata[own] = True
    chat.send("ann", client.update())
    client = Client(chat)
    del client.metadata[own]
    refuses(chat, "bob", client)
    for key, value in (
        (reaction_key("m-bob", "bob", "👍"), True),
        (reaction_key("nowhere", "ann", "👍"), True),
        (reaction_key("m-bob", "ann", "x" * 17), True),
        (reaction_key("m-bob", "ann", "x"), {"big": 1}),
        ("other", 1),
        ("id", "chat-2"),
    ):
        client = Client(chat)
        client.metadata[key] = value
        refuses(chat, "ann", client)
    client = Client(chat)
    del client.metadata[own]
    chat.send("ann", client.update())


def test_the_state_is_the_servers_but_for_what_the_provider_writes() -> None:
    chat = Chat()
    client = Client(chat)
    client.state["document_id"] = "x"
    chat.send("ann", client.update())
    client = Client(chat)
    client.state["path"] = "elsewhere.chat"
    refuses(chat, "ann", client)


def test_unknown_parts_and_mistaken_shapes_are_refused() -> None:
    chat = Chat()
    client = Client(chat)
    client.doc.get("secrets", type=Map)["a"] = 1
    refuses(chat, "ann", client)
    rogue: Doc[Any] = Doc()
    rogue.get("messages", type=Map)["hidden"] = 1
    with pytest.raises(RefusedError):
        chat.send("ann", rogue.get_update())
    rogue = Doc()
    rogue.get("users", type=Array).append(1)
    with pytest.raises(RefusedError):
        chat.send("ann", rogue.get_update())


def test_an_update_that_waits_for_another_persons_edit_is_refused() -> None:
    chat = Chat()
    bob = Client(chat)
    bob.messages.append(Map(message("later", "bob")))
    early = bob.update()
    ann = Client(chat)
    ann.doc.apply_update(early)
    ann.base = ann.doc.get_state()
    ann.messages[2]["body"] = "smuggled"
    with pytest.raises(RefusedError, match="don't exist"):
        chat.send("ann", ann.update())
    chat.send("bob", early)
    assert chat.messages.to_py()[2]["body"] == "hello"  # type: ignore[index]


def test_a_refused_update_leaves_no_trace_in_what_is_judged_later() -> None:
    chat = Chat()
    client = Client(chat)
    del client.messages[1]
    refuses(chat, "ann", client)
    bob = Client(chat)
    bob.messages[1]["body"] = "still mine"
    chat.send("bob", bob.update())


def test_the_judge_follows_edits_made_on_the_server() -> None:
    chat = Chat()
    client = Client(chat)
    client.messages.append(Map(message("first", "ann")))
    chat.send("ann", client.update())
    chat.server_edits()
    client = Client(chat)
    client.messages[3]["body"] = "I am the bot"
    refuses(chat, "ann", client)


def test_a_message_of_the_server_can_be_reacted_to_and_its_id_is_taken() -> None:
    chat = Chat()
    chat.judge.admit(b"\x00\x00", "ann")
    chat.server_edits()
    client = Client(chat)
    client.metadata[reaction_key("m-bot", "ann", "👍")] = True
    chat.send("ann", client.update())
    client = Client(chat)
    client.messages.append(Map(message("m-bot", "ann")))
    refuses(chat, "ann", client)


def test_what_the_server_writes_after_a_refusal_is_not_missed() -> None:
    chat = Chat()
    client = Client(chat)
    del client.messages[1]
    refuses(chat, "ann", client)
    chat.server_edits()
    client = Client(chat)
    client.messages[2]["body"] = "I am the bot"
    refuses(chat, "ann", client)
    client = Client(chat)
    client.messages.insert(0, Map(message("first", "ann")))
    chat.send("ann", client.update())
    client = Client(chat)
    client.messages[2]["body"] = "bob edits"
    chat.send("bob", client.update())


def test_messages_beyond_the_rate_are_refused_until_time_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    chat = Chat()
    for number in range(MAX_MESSAGES):
        client = Client(chat)
        client.messages.append(Map(message(f"n{number}", "ann")))
        chat.send("ann", client.update())
    client = Client(chat)
    client.messages.append(Map(message("over", "ann")))
    with pytest.raises(TooManyError):
        chat.send("ann", client.update())
    now[0] += 11.0
    chat.send("ann", client.update())


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
def test_noise_is_turned_away(data: bytes) -> None:
    chat = Chat()
    try:
        chat.judge.admit(data, "ann")
    except CodeSyncXError:
        return
    chat.doc.apply_update(data)
    assert len(chat.messages) == 2


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 400), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_update_never_changes_what_is_not_ones_own(at: int, byte: int, cut: bool) -> None:  # noqa: FBT001
    chat = Chat()
    client = Client(chat)
    client.messages.append(Map(message("new", "ann")))
    update = bytearray(client.update())
    at %= len(update)
    if cut:
        update = update[:at]
    else:
        update[at] = byte
    try:
        chat.send("ann", bytes(update))
    except CodeSyncXError:
        return
    texts = chat.messages.to_py() or []
    assert [m for m in texts if m["id"] == "m-bob"] == [message("m-bob", "bob")]
    assert all(m["sender"] in {"ann", "bob"} for m in texts)
    assert len([m for m in texts if m["sender"] == "bob"]) == 1


EDIT = st.tuples(
    st.sampled_from(["add", "edit", "remove", "forge", "steal", "react"]),
    st.sampled_from(["ann", "bob"]),
    st.integers(0, 30),
    st.text(max_size=8),
)


@settings(max_examples=60, deadline=None)
@given(edits=st.lists(EDIT, max_size=25))
def test_whatever_is_admitted_was_the_writers_own(edits: list[tuple[str, str, int, str]]) -> None:
    chat = Chat()
    authors = {"m-ann": "ann", "m-bob": "bob"}
    for number, (kind, who, at, text) in enumerate(edits):
        client = Client(chat)
        before = {m["id"]: m for m in chat.messages.to_py() or []}
        index = at % len(before) if before else 0
        honest = True
        if kind == "add" or not before:
            client.messages.insert(index, Map(message(f"n{number}", who, body=text)))
            authors[f"n{number}"] = who
        elif kind == "forge":
            other = "bob" if who == "ann" else "ann"
            client.messages.insert(index, Map(message(f"n{number}", other)))
            honest = False
        else:
            target = chat.messages[index]
            honest = authors[target["id"]] == who
            if kind == "edit":
                client.messages[index]["body"] = text
                honest = honest or target["body"] == text
            elif kind == "steal":
                client.messages[index]["sender"] = who
                honest = target["sender"] == who
            elif kind == "remove":
                del client.messages[index]
            else:
                client.metadata[reaction_key(target["id"], who, "🎉")] = True
                honest = True
        if honest:
            chat.send(who, client.update())
        else:
            refuses(chat, who, client)
        if number % 5 == 4:
            at_server = chat.doc.get_state()
            chat.messages.append(Map(message(f"s{number}", "bot")))
            chat.judge.follow(chat.doc.get_update(at_server))
            authors[f"s{number}"] = "bot"
    for entry in chat.messages.to_py() or []:
        assert authors[entry["id"]] == entry["sender"]
    again = ChatJudge(chat.doc)
    again._refresh()
    chat.judge._refresh()
    assert (again._order, again._ids) == (chat.judge._order, chat.judge._ids)


def test_the_decoder_agrees_with_pycrdt_about_what_an_update_holds() -> None:
    chat = Chat()
    client = Client(chat)
    client.messages.append(
        Map(message("é👍", "ann", metadata={"n": [1, -2, 1.5, None, {"a": b"x"}]}))
    )
    update = read_update(client.update())
    state = read_state(chat.doc.get_state())
    assert not missing(update, state)
    assert missing(update, {})
    after = read_state(client.doc.get_state())
    for client_id, run in update.structs.items():
        assert run[-1].clock + run[-1].length == after[client_id]
    with pytest.raises(InvalidRequestError):
        read_update(client.update()[:-3])
