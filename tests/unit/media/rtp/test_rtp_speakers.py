"""Who speaks, and whose sound is forwarded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.speakers import HOLD_S, Speakers

LOUD, LOUDER, QUIET = 25, 12, 90


class Talk:
    """People who send a packet every 20 ms."""

    def __init__(self, top: int = 2) -> None:
        self.speakers = Speakers(top)
        self.now = 100.0

    def go(self, seconds: float, levels: dict[str, int | None]) -> None:
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            for name, level in levels.items():
                self.speakers.receive(name, level, self.now)
            self.speakers.poll(self.now)


def test_who_speaks_is_the_active_speaker_and_stays_it_in_silence() -> None:
    talk = Talk()
    talk.go(0.5, {"ada": QUIET, "ben": LOUD})
    assert talk.speakers.active == "ben"
    talk.go(5, {"ada": QUIET, "ben": QUIET})
    assert talk.speakers.active == "ben"
    talk.go(0.5, {"ada": LOUD, "ben": QUIET})
    assert talk.speakers.active == "ada"


def test_a_cough_takes_nothing_from_a_speaker() -> None:
    talk = Talk()
    talk.go(1, {"ada": LOUD, "ben": QUIET})
    talk.go(0.1, {"ada": LOUD, "ben": LOUDER})
    talk.go(1, {"ada": LOUD, "ben": QUIET})
    assert talk.speakers.active == "ada"


def test_two_who_are_equally_loud_do_not_take_turns() -> None:
    talk = Talk()
    talk.go(1, {"ada": LOUD, "ben": QUIET})
    for step in range(20):
        talk.go(0.2, {"ada": LOUD, "ben": LOUD - step % 3})
        assert talk.speakers.active == "ada"


def test_somebody_much_louder_for_a_while_takes_the_floor() -> None:
    talk = Talk()
    talk.go(1, {"ada": 45, "ben": QUIET})
    talk.go(1.5, {"ada": 45, "ben": LOUDER})
    assert talk.speakers.active == "ben"


def test_a_new_speaker_is_heard_within_a_tenth_of_a_second() -> None:
    talk = Talk(top=2)
    talk.go(HOLD_S + 1, {"ada": QUIET, "ben": QUIET, "cleo": QUIET})
    assert talk.speakers.forwarded == {"ada", "ben"}
    talk.go(0.1, {"ada": QUIET, "ben": QUIET, "cleo": LOUD})
    assert talk.speakers.is_forwarded("cleo")
    assert len(talk.speakers.forwarded) == 2


def test_who_just_spoke_is_not_pushed_out_by_somebody_as_loud() -> None:
    talk = Talk(top=1)
    talk.go(1, {"ada": LOUD})
    talk.go(1, {"ada": LOUD, "ben": LOUD})
    assert talk.speakers.forwarded == {"ada"}
    talk.go(HOLD_S + 1, {"ada": QUIET, "ben": LOUD})
    assert talk.speakers.forwarded == {"ben"}


def test_somebody_who_sends_nothing_in_silence_makes_room() -> None:
    talk = Talk(top=1)
    talk.go(1, {"ada": LOUD})
    talk.go(HOLD_S + 1, {"ben": LOUD})
    assert talk.speakers.forwarded == {"ben"}
    assert talk.speakers.speaking(talk.now) == ["ben"]


def test_sound_without_levels_is_heard() -> None:
    talk = Talk(top=1)
    talk.go(HOLD_S + 1, {"ada": QUIET, "phone": None})
    assert talk.speakers.is_forwarded("phone")


def test_who_leaves_is_forgotten() -> None:
    talk = Talk(top=1)
    talk.go(1, {"ada": LOUD})
    talk.speakers.remove("ada")
    assert talk.speakers.active is None
    assert talk.speakers.forwarded == frozenset()
    talk.go(0.1, {"ben": QUIET})
    assert talk.speakers.is_forwarded("ben")


@given(
    st.integers(0, 3),
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.none() | st.integers(0, 127), st.floats(0, 3)),
        max_size=200,
    ),
)
def test_never_more_than_the_top_are_forwarded(
    top: int, packets: list[tuple[str, int | None, float]]
) -> None:
    speakers, now = Speakers(top), 0.0
    for name, level, passed in packets:
        now += passed
        entered = speakers.receive(name, level, now)
        assert not entered or speakers.is_forwarded(name)
        assert len(speakers.forwarded) <= top
        speakers.poll(now)
