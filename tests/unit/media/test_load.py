from __future__ import annotations

from codesyncx_media.load import Load


def test_the_load_is_told_with_means_and_totals() -> None:
    load = Load(calls=1, people=3, publishers=2, subscribers=3)
    load.layers.update([2, 0, 0])
    load.lost_up += [0.1, 0.3]
    told = load.told("python", packets_received=7)
    assert told["people"] == 3
    assert told["layers"] == {"0": 2, "2": 1}
    assert told["loss"]["up"] == 0.2
    assert told["loss"]["down"] == 0
    assert told["totals"] == {"packets_received": 7}
