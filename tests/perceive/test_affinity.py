"""What it costs to take one for another, and the kernels of tracking against their slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.perceive.affinity import NEVER, doubles, paired_cost
from pipeline.perceive.appearance import SIZE
from pipeline.perceive.kalman import Kalman
from pipeline.perceive.track_kernels import apart, cheapest_columns, crowding, learn, sighted
from pipeline.types import Detections
from tests import slow

Floats = NDArray[np.float64]
RED, BLUE = np.eye(SIZE, dtype=np.float32)[:2, None]


def some_boxes(count: int, seed: int) -> NDArray[np.float32]:
    make = np.random.default_rng(seed)
    low = make.uniform(0, 1, (count, 2))
    return np.hstack([low, low + make.uniform(0.1, 0.6, (count, 2))]).astype(np.float32)


def cost(other: tuple[float, float, float, float], look: NDArray[np.float32], *, sure: bool = True) -> float:
    """Of taking somebody in this box for one in red, seen just now in a box of 0.4 by 1."""
    filters, last = Kalman(), np.array([[0.0, 0.0, 0.4, 1.0]], np.float32)
    filters.add(last)
    people = Detections(np.array([other], np.float32), np.ones(1, np.float32), looks=look)
    all_ = np.array([0])
    return float(paired_cost(filters.boxes(), last, filters.cov, RED, all_, people, all_, sure=sure)[0, 0])


@pytest.mark.parametrize(
    ("box", "double"),
    [
        ((0.0, 0.0, 0.4, 1.0), True),
        ((0.08, 0.0, 0.48, 1.0), True),  # they share 2/3 of both
        ((0.12, 0.0, 0.52, 1.0), False),  # half
        ((0.0, 0.0, 0.4, 0.66), True),  # two thirds again, and too short for a slice
        ((0.1, 0.05, 0.3, 1.0), True),  # a slice, as tall as they
        ((0.28, 0.0, 0.43, 1.0), True),  # four fifths of it on them
        ((0.32, 0.0, 0.48, 1.0), False),  # half of it
        ((0.1, 0.0, 0.3, 0.6), False),  # a child before them
        ((0.1, 0.4, 0.3, 1.0), False),  # one who stands where they do
        ((0.05, 0.55, 0.35, 1.01), True),  # their legs
        ((0.05, 0.55, 0.35, 1.05), False),  # a small one nearer to the camera
        ((-0.1, 0.55, 0.2, 1.0), False),  # and one beside them
    ],
)
def test_second_boxes_on_somebody_are_much_the_same_or_a_slice_or_legs(
    box: tuple[float, float, float, float], double: bool
):
    known = np.array([[2.0, 0.0, 2.4, 1.0], [0.0, 0.0, 0.4, 1.0]], np.float32)
    assert doubles(np.array([box], np.float32), known).tolist() == [double]
    assert doubles(np.array([box], np.float32), known[:1]).tolist() == [False]


def test_a_stranger_is_taken_for_nobody_else_unless_they_are_on_the_spot():
    beside, on_the_spot, far = (0.25, 0.0, 0.65, 1.0), (0.02, 0.0, 0.42, 1.0), (1.0, 0.0, 1.4, 1.0)
    assert cost(beside, BLUE) == NEVER
    assert cost(on_the_spot, BLUE) < NEVER
    assert cost(beside, RED) < NEVER
    assert cost(far, RED) == NEVER


def test_who_looks_the_same_costs_less():
    assert cost((0.02, 0.0, 0.42, 1.0), RED) < cost((0.02, 0.0, 0.42, 1.0), BLUE)


def test_what_is_doubtful_must_be_nearer_and_as_tall():
    unknown = np.zeros((1, SIZE), np.float32)
    assert cost((0.3, 0.0, 0.7, 1.0), unknown) < NEVER
    assert cost((0.3, 0.0, 0.7, 1.0), unknown, sure=False) == NEVER
    assert cost((0.0, 0.0, 0.4, 0.6), unknown) < NEVER
    assert cost((0.0, 0.0, 0.4, 0.6), unknown, sure=False) == NEVER


@pytest.mark.parametrize("reach", [0.0, 0.5])
def test_the_kernel_of_what_is_apart_does_what_its_slow_twin_does(reach: float):
    expected, last, found = (some_boxes(12, seed) for seed in (1, 2, 3))
    cov = np.random.default_rng(4).uniform(0, 0.02, (12, 4, 3))
    rows, which, out = np.array([3, 5, 11]), np.array([0, 2, 7, 9]), np.zeros((3, 4))
    apart(expected, last, cov, found, rows, which, reach, 0.3, 1.5, out)
    for n, m in np.ndindex(out.shape):
        i, j = rows[n], which[m]
        unsure = np.minimum(np.sqrt(cov[i, :2, 0]), 0.3 * (expected[i, 3] - expected[i, 1]))
        grow = 0.1 * (last[i, 2:] - last[i, :2]) + reach * unsure
        tall = sorted((last[i, 3] - last[i, 1], found[j, 3] - found[j, 1]))
        overlap = slow.overlap(expected[i], found[j], tuple(grow)) if tall[1] <= 1.5 * tall[0] else 0.0
        assert out[n, m] == pytest.approx(1 - overlap, abs=1e-5)


def test_the_kernel_of_crowding_does_what_its_slow_twin_does():
    for count in (0, 1, 2, 15):
        boxes, covered, hidden = some_boxes(count, count), np.zeros(count), np.zeros(count, np.bool_)
        crowding(boxes, 0.4, covered, hidden)
        wanted = slow.crowding(boxes, 0.4)
        np.testing.assert_allclose(covered, wanted[0], atol=1e-5)
        assert hidden.tolist() == wanted[1]


def test_the_kernel_of_the_pairing_does_what_its_slow_twin_does():
    make = np.random.default_rng(3)
    for n, m in ((1, 1), (3, 3), (2, 5), (5, 6)):
        costs = make.uniform(0, 1, (n, m))
        columns = cheapest_columns(costs)
        assert sorted(set(columns.tolist())) == sorted(columns.tolist())
        assert costs[np.arange(n), columns].sum() == pytest.approx(slow.least_total(costs, 10.0))


def test_where_somebody_stands_follows_them_within_its_seconds():
    stand, last, seen_at = np.zeros((2, 2), np.float32), np.zeros((2, 4), np.float32), np.array([0.0, 0.0])
    box = np.array([[0.9, 0.0, 1.1, 1.0]], np.float32)
    sighted(np.array([1]), box, 0.6, 0.6, stand, last, seen_at)
    np.testing.assert_allclose(stand, [[0, 0], [1 - 1 / np.e, 1 - 1 / np.e]], rtol=1e-5)
    np.testing.assert_array_equal(last, np.vstack([np.zeros(4), box[0]]))
    assert seen_at.tolist() == [0.0, 0.6]


@pytest.mark.parametrize(
    ("known", "confirmed", "clear", "share"),
    [(True, True, True, 0.2), (True, True, False, 0.0), (True, False, False, 1.0), (False, True, False, 1.0)],
)
def test_looks_are_learnt_slowly_where_they_are_clear_and_at_once_before_they_are_sure(
    known: bool, confirmed: bool, clear: bool, share: float
):
    looks = np.sqrt(np.array([[0.5, 0.5], [0.5, 0.5]], np.float32)) * np.float32(known)
    told = np.sqrt(np.array([[1.0, 0.0]], np.float32))
    learn(np.array([1]), np.array([0]), told, np.array([clear]), np.array([True, confirmed]), 0.2, looks)
    before = 0.5 if known else 0.0
    np.testing.assert_allclose(looks[1] ** 2, [before + share * (1 - before), before * (1 - share)], atol=1e-6)
    np.testing.assert_allclose(looks[0] ** 2, before, atol=1e-6)


def test_who_shows_nothing_teaches_nothing():
    looks = np.sqrt(np.array([[0.5, 0.5]], np.float32))
    one = np.array([0])
    learn(one, one, np.zeros((1, 2), np.float32), np.array([True]), np.array([True]), 0.2, looks)
    np.testing.assert_allclose(looks**2, 0.5, atol=1e-6)
