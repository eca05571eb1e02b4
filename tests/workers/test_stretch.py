"""Which parts a recording is played in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.capture.reels import Reel
from pipeline.workers.stretch import WARM_S, stretches


def reel(begin: float, seconds: float, key_s: float = 2.0, heavy: tuple[float, float] = (0.0, 0.0)) -> Reel:
    """Key frames each `key_s`; what lies between `heavy` weighs ten times as much."""
    keys = begin + np.arange(0, seconds, key_s)
    weights = np.where((keys >= heavy[0]) & (keys < heavy[1]), 1000.0, 100.0)
    return Reel(Path("x.mp4"), 0.0, begin, begin + seconds, keys, weights, round(seconds * 25), 1 / 90_000)


@pytest.mark.parametrize(("seconds", "parts"), [(30, 1), (170, 1), (240, 2), (900, 8), (7200, 8), (36_000, 40)])
def test_parts_of_two_to_fifteen_minutes_follow_each_other(seconds: float, parts: int) -> None:
    found = stretches([reel(0.0, seconds)])
    assert len(found) == parts
    assert [one.number for one in found] == list(range(parts))
    assert found[0].begin == found[0].read_from == 0.0
    assert [one.end for one in found[:-1]] == [one.begin for one in found[1:]]
    assert found[-1].end == float("inf")
    for one in found[1:]:
        assert WARM_S <= one.begin - one.read_from <= WARM_S + 2.0
        assert one.read_from % 2.0 == 0.0


def test_a_part_may_begin_in_the_recording_before_or_after_a_gap() -> None:
    reels = [reel(60.0 * n, 60.0) for n in range(10)] + [reel(1000.0, 200.0)]
    for one in stretches(reels)[1:]:
        assert reels[one.first].begin <= one.read_from <= reels[one.first].last
        assert one.read_from in reels[one.first].keys
    in_gap = next(one for one in stretches(reels) if 640.0 < one.begin - WARM_S < 1000.0)
    assert (in_gap.first, in_gap.read_from) == (10, 1000.0)


def test_where_key_frames_are_too_far_apart_there_are_fewer_parts() -> None:
    assert len(stretches([reel(0.0, 1200.0, key_s=1200.0)])) == 1
    found = stretches([reel(0.0, 1200.0, key_s=250.0)])
    assert 1 < len(found) < 8
    assert all(one.begin - one.read_from <= 3 * WARM_S for one in found)


def test_the_liveliest_part_is_the_one_whose_pictures_weigh_most() -> None:
    found = stretches([reel(0.0, 1200.0, heavy=(700.0, 720.0))])
    assert max(found, key=lambda one: one.lively).number == 4
    assert [one.number for one in found if one.lively] == [4]
