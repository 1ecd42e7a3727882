from __future__ import annotations

from codesyncx_server.events.bus import Event
from codesyncx_server.project.stream import EventStream, Subscription


def drain(subscription: Subscription) -> list[tuple[str, int]]:
    messages = []
    while (message := subscription.take()) is not None:
        messages.append((message["type"], message["seq"]))
    return messages


def wake() -> None:
    pass


def created(path: str = "a.py") -> Event:
    return Event("file.created", {"path": path})


def test_events_are_numbered_and_a_newcomer_hears_only_what_follows() -> None:
    stream = EventStream()
    stream.receive(created())
    subscription = stream.subscribe("ada", wake)
    stream.receive(created("b.py"))

    assert drain(subscription) == [("hello", 1), ("file.created", 2)]


def test_other_topics_stay_inside_until_a_feature_lets_them_through() -> None:
    stream = EventStream()
    subscription = stream.subscribe("ada", wake)
    stream.receive(Event("document.saved"))
    stream.receive(Event("filesystem.full"))
    stream.add_prefix("chat")
    stream.receive(Event("chat.posted"))

    assert drain(subscription) == [("hello", 0), ("chat.posted", 1)]


def test_who_comes_back_gets_what_was_missed() -> None:
    stream = EventStream()
    for _ in range(5):
        stream.receive(created())

    back = stream.subscribe("ada", wake, since=3, stream_id=stream.stream_id)

    assert drain(back) == [("hello", 5), ("file.created", 4), ("file.created", 5)]


def test_who_was_away_too_long_starts_over() -> None:
    stream = EventStream(remembered=3)
    for _ in range(5):
        stream.receive(created())

    assert drain(stream.subscribe("ada", wake, since=1)) == [("reset", 5)]
    assert drain(stream.subscribe("ada", wake, since=2))[0] == ("hello", 5)


def test_numbers_of_another_server_start_over() -> None:
    stream = EventStream()
    stream.receive(created())

    assert drain(stream.subscribe("ada", wake, since=1, stream_id="other")) == [("reset", 1)]
    assert drain(stream.subscribe("ada", wake, since=9)) == [("reset", 1)]


def test_a_slow_client_is_given_up_without_disturbing_others() -> None:
    stream = EventStream(queued_per_client=3)
    slow = stream.subscribe("ada", wake)
    quick = stream.subscribe("bob", wake)
    for _ in range(4):
        stream.receive(created())
        drain(quick)

    assert slow.is_lost
    assert slow.take() is None
    assert not quick.is_lost


def test_what_is_for_some_reaches_only_them_and_never_names_them() -> None:
    stream = EventStream()
    ada, bob = stream.subscribe("ada", wake), stream.subscribe("bob", wake)
    stream.receive(Event("presence.summoned", {"path": "a.py", "recipients": ["bob"]}))

    assert drain(ada) == [("hello", 0)]
    bob.take()
    message = bob.take()
    assert message == {"type": "presence.summoned", "path": "a.py", "seq": 1}
    assert drain(stream.subscribe("ada", wake, since=0)) == [("hello", 1)]


def test_who_left_hears_nothing_more() -> None:
    stream = EventStream()
    subscription = stream.subscribe("ada", wake)
    assert stream.count("ada") == 1
    stream.unsubscribe(subscription)
    stream.receive(created())

    assert drain(subscription) == [("hello", 0)]
    assert stream.count("ada") == 0


def test_very_many_changes_at_once_are_told_as_one() -> None:
    stream = EventStream()
    subscription = stream.subscribe("ada", wake)
    for number in range(300):
        facts = {"path": f"{number}", "time": 1.0, "batch_size": 300}
        stream.receive(Event("file.changed", facts))
    stream.receive(Event("file.changed", {"path": "a", "time": 2.0, "batch_size": 1}))

    assert drain(subscription) == [("hello", 0), ("file.batch", 1), ("file.changed", 2)]
