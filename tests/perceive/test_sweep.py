"""Tiles: whoever a rule must see is whole in one of them, and near enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.perceive.looks import LEAST_SHARE, Area
from pipeline.perceive.sweep import Concern, tiles

WIDE = 16 / 9
share = st.floats(0, 1)


@given(smallest=st.floats(0.03, 0.15), low=share, high=share, left=share, right=share, x=share, y=share)
def test_the_smallest_who_counts_is_whole_in_one_of_the_tiles_wherever_they_stand(
    smallest: float, low: float, high: float, left: float, right: float, x: float, y: float
):
    (x1, x2), (y1, y2) = sorted((left, right)), sorted((low, high))
    laid = tiles([Concern((x1, y1, x2, y2), smallest)], WIDE)
    feet_x, feet_y = (x1 + x * (x2 - x1)) * WIDE, y1 + y * (y2 - y1)
    body = (feet_x - smallest / 6, feet_y - smallest, feet_x + smallest / 6, feet_y)
    shown = (max(body[0], 0.0), max(body[1], 0.0), min(body[2], WIDE), body[3])
    assert any(_holds(one, shown) for one in laid)
    assert all(max(one[2] - one[0], one[3] - one[1]) <= smallest / LEAST_SHARE + 1e-6 for one in laid)


@pytest.mark.parametrize("smallest", np.linspace(0.03, 0.1, 29))
def test_between_two_tiles_too_they_are_whole_in_one(smallest: float):
    laid = tiles([Concern((0.0, 0.3, 1.0, 1.0), smallest)], WIDE)
    half = smallest / 6
    for x in np.linspace(half, WIDE - half, 150):
        for y in np.linspace(0.3, 1.0, 40):
            assert any(_holds(one, (x - half, y - smallest, x + half, y)) for one in laid), (x, y)


def _holds(tile: Area, box: Area) -> bool:
    return all(tile[i] <= box[i] + 1e-6 and box[i + 2] <= tile[i + 2] + 1e-6 for i in (0, 1))
