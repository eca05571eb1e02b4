"""Who counts as people: not in a mask, not too small, not too tall."""

from __future__ import annotations

import dataclasses

import numpy as np

from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.sieve import Sieve
from pipeline.types import Detections
from tests.fakes import ASPECT, frame, seen

LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]


def test_whose_feet_are_in_a_mask_does_not_count():
    people = Sieve([LEFT], 0.06, None).counting(seen((0.3, 0.7), (0.7, 0.7)), ASPECT)
    np.testing.assert_allclose(people.boxes, seen((0.7, 0.7)).boxes)


def test_feet_below_the_picture_are_at_its_edge():
    assert len(Sieve([LEFT], 0.06, None).counting(seen((0.3, 1.05)), ASPECT)) == 0


def test_the_too_small_and_the_too_tall_do_not_count():
    sieve = Sieve([], 0.1, 0.5)
    counting = [
        height
        for height in (0.05, 0.09, 0.11, 0.49, 0.51)
        if len(sieve.counting(seen((0.5, 0.8), height=height), ASPECT))
    ]
    assert counting == [0.11, 0.49]


def test_a_part_of_somebody_is_not_too_small():
    sieve = Sieve([], 0.2, None)
    assert len(sieve.counting(seen((0.5, 1.0), height=0.1), ASPECT)) == 1
    cut = dataclasses.replace(seen((0.5, 0.5), height=0.1), cut=np.array([True]))
    assert len(sieve.counting(cut, ASPECT)) == 1


def test_what_is_told_of_people_stays_theirs():
    looks = np.eye(3, dtype=np.float32)
    people = dataclasses.replace(
        seen((0.3, 0.7), (0.7, 0.7), (0.9, 0.7)), looks=looks, cut=np.array([False, True, False])
    )
    left = Sieve([LEFT], 0.06, None).counting(people, ASPECT)
    np.testing.assert_array_equal(left.looks, looks[1:])
    assert left.cut.tolist() == [True, False]
    assert len(Sieve([LEFT], 0.06, None).counting(Detections.empty(), ASPECT)) == 0


def test_what_moves_in_a_mask_does_not_count():
    luma = np.full((480, 640), 90, np.uint8)
    for mask, found in (([], 2), ([LEFT], 1)):
        detector = MotionDetector(mask)
        detector.update(frame(luma, 0.0))
        stirred = luma.copy()
        stirred[100:200, 100:200] = 200
        stirred[100:200, 500:600] = 200
        boxes = detector.update(frame(stirred, 0.2)).boxes
        assert len(boxes) == found
        assert boxes[:, 0].max() > 0.9


def test_what_stands_there_is_told_from_what_stirs():
    luma = np.full((480, 640), 90, np.uint8)
    detector = MotionDetector()
    detector.update(frame(luma, 0.0))
    for n in range(1, 4):
        stirred = luma.copy()
        stirred[100:200, 100:200] = 200
        stirred[300:400, 300 + 20 * n : 400 + 20 * n] = 200
        motion = detector.update(frame(stirred, n / 5))
    told = {bool(box[0] < 0.5): bool(stirs) for box, stirs in zip(motion.boxes, motion.stirring, strict=True)}
    assert told == {True: False, False: True}
