"""The filter follows what walks, and believes what it is shown."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from pipeline.perceive.kalman import Kalman, corners, measures
from tests import slow
from tests.fakes import ASPECT, boxes

ALL = np.array([0])


def followed(fps: float, speed: float, seconds: float = 3, noise: float = 0.0) -> Kalman:
    """Someone who walks right at `speed` picture widths a second, until `seconds`."""
    make, kalman = np.random.default_rng(1), Kalman()
    kalman.add(boxes((0.1, 0.7)))
    for picture in range(1, round(seconds * fps) + 1):
        kalman.predict(1 / fps)
        wobble = make.normal(0, noise, 2)
        kalman.correct(ALL, boxes((0.1 + speed * picture / fps + wobble[0], 0.7 + wobble[1])))
    return kalman


def feet(kalman: Kalman) -> np.ndarray:
    box = kalman.boxes()[0]
    return np.array([(box[0] + box[2]) / 2 / ASPECT, box[3]])


def test_corners_and_measures_are_each_others_inverse():
    some = np.array([[0.1, 0.2, 0.5, 1.2], [-0.3, -0.1, 0.05, 0.4]], np.float32)
    np.testing.assert_allclose(corners(measures(some)), some, atol=1e-6)


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_who_walks_on_unseen_is_believed_to_walk_on(fps: float):
    kalman = followed(fps, speed=0.1)
    kalman.predict(0.6)
    np.testing.assert_allclose(feet(kalman), [0.1 + 0.1 * 3.6, 0.7], atol=0.01)


def test_two_half_steps_are_one_step():
    one, two = followed(5, 0.1), followed(5, 0.1)
    one.predict(0.4)
    two.predict(0.2)
    two.predict(0.2)
    np.testing.assert_allclose(one.place, two.place)
    np.testing.assert_allclose(one.cov, two.cov)


def test_no_time_changes_nothing():
    kalman = followed(5, 0.1)
    before = kalman.place.copy()
    kalman.predict(0)
    kalman.predict(-1)
    np.testing.assert_array_equal(kalman.place, before)


def test_a_standing_person_is_steadier_than_their_boxes():
    ends = [feet(followed(5, 0.0, seconds=4 + n / 5, noise=0.005)) for n in range(20)]
    assert np.std(ends, axis=0).max() < 0.005


def test_the_longer_unseen_the_more_a_sighting_counts():
    moved = []
    for seconds in (0.2, 1.0, 3.0):
        kalman = followed(5, 0.0)
        kalman.predict(seconds)
        kalman.correct(ALL, boxes((0.2, 0.7)))
        moved.append(feet(kalman)[0])
    assert 0.1 < moved[0] < moved[1] < moved[2] < 0.2


def test_who_is_looked_for_in_vain_slows_down():
    kalman = followed(5, speed=0.2)
    start = feet(kalman)[0]
    for _ in range(30):
        kalman.predict(0.2)
        kalman.halt(np.array([True]))
    assert start < feet(kalman)[0] < start + 0.09


def test_the_uncertainty_stays_a_covariance():
    kalman = followed(5, 0.1, noise=0.02)
    for seconds in (0.01, 3.0, 100.0):
        kalman.predict(seconds)
        kalman.correct(ALL, boxes((0.5, 0.5)))
        place, both, rate = (kalman.cov[..., i] for i in range(3))
        assert (place > 0).all()
        assert (rate > 0).all()
        assert (both**2 <= place * rate * (1 + 1e-9)).all()


def test_rows_are_kept_and_dropped_together():
    kalman = Kalman()
    kalman.add(boxes((0.1, 0.5), (0.5, 0.5), (0.9, 0.5)))
    kalman.keep(np.array([True, False, True]))
    kalman.correct(np.array([1]), boxes((0.9, 0.5)))
    np.testing.assert_allclose(kalman.boxes(), boxes((0.1, 0.5), (0.9, 0.5)))


def test_each_axis_is_the_filter_of_the_textbook():
    """A step and a sighting of an axis, against the matrices (Kalman 1960)."""
    kalman, tall = followed(5, 0.1, noise=0.02), 0.0
    for axis, (restless, measured) in enumerate([(1.0, 0.04), (0.7, 0.04), (0.3, 0.05), (0.3, 0.05)]):
        filters = copy.deepcopy(kalman)
        tall = filters.place[0, 3]
        here, both, rate = filters.cov[0, axis]
        state, cov = np.array([filters.place[0, axis], filters._rate[0, axis]]), np.array([[here, both], [both, rate]])
        box = boxes((0.5, 0.65))
        seen = measures(box)[0]
        state, cov = slow.predicted(state, cov, 0.3, restless * tall)
        state, cov = slow.corrected(state, cov, seen[axis], measured * seen[3])
        filters.predict(0.3)
        filters.correct(ALL, box)
        np.testing.assert_allclose([filters.place[0, axis], filters._rate[0, axis]], state, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(filters.cov[0, axis], [cov[0, 0], cov[0, 1], cov[1, 1]], rtol=1e-6, atol=1e-12)


def test_without_tracks_everything_is_allowed():
    kalman = Kalman()
    kalman.predict(1)
    kalman.correct(np.zeros(0, np.intp), boxes())
    kalman.halt(np.zeros(0, np.bool_))
    kalman.keep(np.zeros(0, np.bool_))
    assert kalman.boxes().shape == (0, 4)
