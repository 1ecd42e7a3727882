from __future__ import annotations

import pytest

from codesyncx_server.errors import TooManyError
from codesyncx_server.rate_limit import RateLimit


def test_a_rate_counts_each_person_alone_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    rate = RateLimit("things", 2, 10)
    rate.spend("ann", 2)
    with pytest.raises(TooManyError, match="2 things in 10 s"):
        rate.spend("ann")
    rate.spend("bob")
    now[0] += 10.1
    rate.spend("ann")
    with pytest.raises(TooManyError):
        rate.spend("ann", 2)
    rate.spend("ann")
