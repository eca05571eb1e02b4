"""Several regions of one frame: a person counts once, and whole."""

from __future__ import annotations

import numpy as np

from pipeline.perceive.person import merge
from pipeline.types import Boxes, Detections

H = 300
ASPECT = 400 / H
LEFT, RIGHT = np.array([(0, 0, 220, 300), (180, 0, 400, 300)], np.float32) / H


def people(*rows: tuple[float, ...]) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(table[:, :4] / H, table[:, 4])


def merged(found: list[Detections], looked: list[Boxes]) -> Detections:
    """Boxes in pixels of a picture of 400x300, as they were given."""
    together = merge(found, np.stack(looked), ASPECT)
    return Detections(together.boxes * H, together.scores)


def test_a_person_seen_in_two_regions_counts_once_with_the_better_score():
    found = merged([people((188, 50, 210, 120, 0.6)), people((189, 51, 211, 121, 0.8))], [LEFT, RIGHT])
    np.testing.assert_allclose(found.boxes, [[189, 51, 211, 121]], atol=1e-3)
    np.testing.assert_allclose(found.scores, [0.8])


def test_the_part_of_a_person_cut_by_a_region_goes_where_the_whole_was_seen_however_sure_the_part():
    part, whole = (190, 50, 219, 120, 0.9), (190, 48, 260, 125, 0.5)
    for order in ([people(part), people(whole)], [LEFT, RIGHT]), ([people(whole), people(part)], [RIGHT, LEFT]):
        found = merged(*order)
        np.testing.assert_allclose(found.boxes, [whole[:4]], atol=1e-3)


def test_legs_whose_upper_end_the_detector_guesses_a_few_pixels_below_the_edge_of_their_region_are_a_part():
    """A tile of the sweep shows the legs of somebody near the camera: they were followed as another person."""
    below = np.array([100, 150, 250, 300], np.float32) / H
    legs, whole = (155, 153, 190, 280, 0.9), (145, 20, 205, 285, 0.8)
    np.testing.assert_allclose(merged([people(legs), people(whole)], [below, LEFT]).boxes, [whole[:4]], atol=1e-3)
    assert merge([people(legs)], below[None], ASPECT).cut.all()


def test_a_part_whose_whole_nobody_saw_stays():
    found = merged([people((190, 50, 220, 120, 0.9)), people()], [LEFT, RIGHT])
    assert len(found) == 1


def test_a_child_before_a_grown_up_is_not_a_part_of_them():
    child, grown_up = (195, 90, 210, 120, 0.7), (190, 40, 214, 122, 0.9)
    found = merged([people(child), people(grown_up)], [LEFT, RIGHT])
    assert len(found) == 2


def test_people_of_one_region_are_never_taken_for_each_other():
    close = people((20, 50, 60, 150, 0.9), (28, 50, 68, 150, 0.8))
    assert len(merged([close], [LEFT])) == 2
    assert len(merged([close, people()], [LEFT, RIGHT])) == 2


def test_a_box_at_the_edge_of_the_picture_was_not_cut_by_its_region():
    at_edge, behind = (0, 50, 30, 120, 0.6), (-2, 30, 60, 150, 0.9)
    found = merged([people(at_edge), people(behind)], [LEFT, np.array([0, 0, ASPECT, 1], np.float32)])
    assert len(found) == 2


def test_regions_without_anybody_are_nobody_there():
    assert len(merged([people(), people()], [LEFT, RIGHT])) == 0
