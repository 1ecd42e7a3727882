from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.frames import Frame
from codesyncx_media.recording.feed import (
    MAX_MESSAGE,
    EndTrack,
    FeedReader,
    Media,
    Message,
    Show,
    Stop,
    Tick,
    encode,
)

times = st.floats(-10, 1e6)
frames = st.builds(
    Frame,
    st.sampled_from(("opus", "vp8", "vp9", "h264", "av1")),
    st.integers(0, 2**63),
    st.booleans(),
    st.binary(max_size=200),
    st.sampled_from((0, 90, 180, 270)),
    st.integers(0, 127),
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Media, st.integers(0, 2**32 - 1), times, frames),
    st.builds(Show, times, st.none() | st.integers(0, 9), st.text(max_size=20), st.booleans()),
    st.builds(EndTrack, times, st.integers(0, 9)),
    st.builds(Tick, times),
    st.builds(Stop, times),
)


@given(st.lists(messages, max_size=8), st.integers(1, 50))
def test_messages_come_back_as_they_were_in_any_pieces(sent: list[Message], piece: int) -> None:
    data = b"".join(map(encode, sent))
    reader = FeedReader()
    got = [
        message
        for at in range(0, len(data), piece)
        for message in reader.feed(data[at : at + piece])
    ]
    assert got == sent


def test_a_message_that_would_fill_the_memory_is_refused() -> None:
    head = bytes([0]) + (MAX_MESSAGE + 1).to_bytes(4, "big")
    with pytest.raises(ValueError, match="bytes"):
        next(FeedReader().feed(head))
