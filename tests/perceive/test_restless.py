"""Places where things move that are nobody: learnt from looks in vain, far from every rule, and forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.perceive.looks import Area
from pipeline.perceive.restless import Restless, calm

WIDE = 16 / 9
TREE: Area = (0.4, 0.1, 0.5, 0.25)


def looked_at(restless: Restless, area: Area, seconds: float, near: bool = False, start: float = 0.0) -> float:
    """Five pictures a second in which it moves, and is looked at in vain as often as it is due."""
    at = start
    for n in range(round(seconds * 5)):
        at = start + n / 5
        due = restless.due([(area, True)], at, lambda _: near)
        restless.looked(due, at, WIDE)
    return at


def is_calm(restless: Restless, area: Area, at: float) -> bool:
    return calm([area], WIDE, restless.places.mask(at))


def test_a_place_where_something_moved_in_vain_again_and_again_is_restless():
    restless = Restless()
    assert not is_calm(restless, TREE, looked_at(restless, TREE, 5.0))
    at = looked_at(restless, TREE, 20.0, start=5.0)
    assert is_calm(restless, TREE, at)
    beside = (TREE[0] + 0.4, TREE[1], TREE[2] + 0.4, TREE[3])
    larger = (TREE[0] - 0.2, TREE[1], TREE[2] + 0.3, TREE[3] + 0.4)
    assert not is_calm(restless, beside, at)
    assert not is_calm(restless, larger, at)
    assert not calm([TREE, beside], WIDE, restless.places.mask(at))
    assert calm([], WIDE, restless.places.mask(at))


def test_it_is_forgotten_after_a_minute_without_a_look_in_vain():
    restless = Restless()
    at = looked_at(restless, TREE, 20.0)
    assert is_calm(restless, TREE, at + 55)
    assert not is_calm(restless, TREE, at + 65)
    # A look in vain now and then begins anew.
    looked_at(restless, TREE, 1.0, start=at + 65)
    assert not is_calm(restless, TREE, at + 66)


def test_near_a_rule_no_place_is_restless():
    restless = Restless()
    assert not is_calm(restless, TREE, looked_at(restless, TREE, 60.0, near=True))


def test_somebody_who_goes_by_unseen_by_the_detector_makes_no_place_restless():
    restless = Restless()
    at = 0.0
    for n in range(100):
        at = n / 5
        x = 0.1 + 0.05 * n / 5
        person = (x, 0.3, x + 0.06, 0.5)
        restless.looked(restless.due([(person, True)], at, lambda _: False), at, WIDE)
        assert not is_calm(restless, person, at)
    assert not restless.places.mask(at).any()


@pytest.mark.parametrize("area", [(-0.1, -0.1, 0.05, 0.05), (1.7, 0.95, 1.9, 1.1), (0.5, 0.5, 0.5, 0.5)])
def test_what_reaches_beyond_the_picture_has_a_place_in_it(area: Area):
    nowhere, everywhere = np.zeros((18, 32), np.bool_), np.ones((18, 32), np.bool_)
    assert calm([area], WIDE, everywhere)
    assert not calm([area], WIDE, nowhere)
