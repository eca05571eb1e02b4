"""The pairing of least cost, against all pairings there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.perceive.assign import assign
from tests.slow import least_total


def paired(cost: np.ndarray, limit: float) -> list[tuple[int, int]]:
    return [(row, column) for row, column in assign(cost, limit).tolist()]


def total(cost: np.ndarray, limit: float) -> float:
    """What the answer costs, with the limit for each of the shorter side who got no partner."""
    pairs = paired(cost, limit)
    return sum(cost[r, c] for r, c in pairs) + limit * (min(cost.shape) - len(pairs))


costs = st.integers(1, 5).flatmap(
    lambda rows: st.integers(1, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


@settings(max_examples=300, deadline=None)
@given(cost=costs, limit=st.sampled_from([0.3, 0.7, 0.9, 2.0]))
def test_no_pairing_costs_less(cost: list[list[float]], limit: float):
    array = np.array(cost)
    assert total(array, limit) == pytest.approx(least_total(array, limit))


@settings(max_examples=100, deadline=None)
@given(cost=costs)
def test_nobody_is_paired_twice_and_nothing_at_the_limit(cost: list[list[float]]):
    array = np.array(cost)
    pairs = paired(array, 0.5)
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
    assert all(array[r, c] < 0.5 for r, c in pairs)


def test_the_nearest_is_left_to_the_one_who_has_no_other():
    assert paired(np.array([[0.1, 0.2], [0.15, 0.9]]), 0.95) == [(0, 1), (1, 0)]


def test_a_pair_that_costs_too_much_takes_nobodys_place():
    assert paired(np.array([[0.4, 5.0], [5.0, 5.0]]), 0.9) == [(0, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_and_nothing_make_no_pairs(shape: tuple[int, int]):
    assert paired(np.zeros(shape), 0.9) == []


@pytest.mark.parametrize("shape", [(80, 60), (60, 80), (70, 70)])
def test_a_crowd_is_paired_as_it_was_shuffled(shape: tuple[int, int]):
    make = np.random.default_rng(1)
    cost = make.uniform(0.4, 1.0, shape)
    few = min(shape)
    rows, columns = make.permutation(shape[0])[:few], make.permutation(shape[1])[:few]
    cost[rows, columns] = make.uniform(0, 0.01, few)
    assert paired(cost, 0.9) == sorted(zip(rows.tolist(), columns.tolist(), strict=True))
