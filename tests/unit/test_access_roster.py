from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.access.model import ROLES
from codesyncx_server.access.roster import Roster, read_roster
from codesyncx_server.errors import InvalidRequestError

names = st.text(min_size=1, max_size=20)


@given(
    st.builds(
        Roster,
        st.integers(0, 10**9),
        st.dictionaries(names, st.sampled_from(sorted(set(ROLES) - {"none"}))),
        st.dictionaries(names, st.frozensets(names)),
        st.dictionaries(names, names),
    )
)
def test_a_roster_is_read_as_it_was_told(roster: Roster) -> None:
    assert read_roster(roster.to_json()) == roster


@pytest.mark.parametrize(
    "wrong",
    [
        {"revision": -1},
        {"revision": True},
        {"revision": "1"},
        {"roles": {"ada": "emperor"}},
        {"roles": {"ada": "none"}},
        {"roles": {"": "viewer"}},
        {"roles": {"a" * 256: "viewer"}},
        {"roles": ["ada"]},
        {"teams": {"red": "ada"}},
        {"teams": {"red": [1]}},
        {"names": {"ada": None}},
    ],
)
def test_anything_else_is_refused_whole(wrong: dict[str, Any]) -> None:
    told = {**Roster(1, {"ada": "viewer"}).to_json(), **wrong}
    with pytest.raises(InvalidRequestError):
        read_roster(told)
    for nothing in (None, [], "roster", {}):
        with pytest.raises(InvalidRequestError):
            read_roster(nothing)
