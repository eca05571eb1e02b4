"""Points, sides and ways, against definitions that nobody doubts."""

from __future__ import annotations

from math import hypot

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.rules.geometry import along, beside, distance, heading
from tests.slow import from_polygon, inside, meeting, meetings, winds_around

SQUARE = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.8), (0.4, 0.8))
ARROW = ((0.1, 0.1), (0.9, 0.5), (0.1, 0.9), (0.4, 0.5))
UPRIGHT = ((0.5, 0.2), (0.5, 0.9))

points = st.tuples(st.floats(0, 1), st.floats(0, 1))


@pytest.mark.parametrize("polygon", [SQUARE, ARROW, SQUARE[::-1], ARROW[::-1]], ids=["square", "arrow", "-sq", "-ar"])
@settings(max_examples=200, deadline=None)
@given(point=points)
def test_who_is_inside_is_wound_around_by_the_border(polygon, point):
    assume(from_polygon(point, polygon) > 1e-9)
    assert inside(point, polygon) == winds_around(point, polygon)


@settings(max_examples=300, deadline=None)
@given(start=points, end=points)
def test_a_way_from_outside_to_inside_meets_the_border_an_odd_number_of_times(start, end):
    assume(all(from_polygon(one, ARROW) > 1e-6 for one in (start, end)))
    assume(start != end and all(abs(beside(corner, (start, end))) > 1e-6 for corner in ARROW))
    met = meetings((start, end), ARROW)
    assert met == sorted(met)
    assert len(met) % 2 == (inside(start, ARROW) != inside(end, ARROW))
    for fraction in met:
        assert from_polygon(along((start, end), fraction), ARROW) < 1e-9


def test_a_way_meets_a_side_where_it_does():
    assert meeting(((0.4, 0.5), (0.6, 0.5)), UPRIGHT) == pytest.approx(0.5)
    assert meeting(((0.4, 0.5), (0.8, 0.5)), UPRIGHT) == pytest.approx(0.25)


def test_a_way_that_ends_before_a_side_or_goes_past_its_end_does_not_meet_it():
    assert meeting(((0.3, 0.5), (0.4, 0.5)), UPRIGHT) is None
    assert meeting(((0.4, 0.95), (0.6, 0.95)), UPRIGHT) is None


def test_a_way_along_a_side_and_no_way_at_all_meet_nothing():
    assert meeting(((0.5, 0.1), (0.5, 0.9)), UPRIGHT) is None
    assert meeting(((0.3, 0.3), (0.3, 0.3)), UPRIGHT) is None


def test_distances_are_in_picture_heights():
    assert distance((0, 0), (0.5, 0), aspect=16 / 9) == pytest.approx(8 / 9)
    assert abs(beside((0.75, 0.5), UPRIGHT, aspect=2)) == pytest.approx(0.5)
    assert beside((0.5, 5), UPRIGHT) == 0
    assert from_polygon((0.7, 0.6), SQUARE, aspect=2) == pytest.approx(0.2)
    assert from_polygon((0.7, 0.9), SQUARE) == pytest.approx(hypot(0.1, 0.1))


@pytest.mark.parametrize("line", [UPRIGHT, UPRIGHT[::-1]], ids=["down", "up"])
def test_the_heading_is_the_same_whichever_way_a_line_was_drawn(line):
    right, down = heading(((0.4, 0.5), (0.6, 0.8)), line)
    assert right > 0
    assert down == 0


def test_a_slanted_line_is_crossed_both_sideways_and_down():
    right, down = heading(((0.5, 0.3), (0.5, 0.7)), ((0.3, 0.7), (0.7, 0.3)))
    assert right > 0
    assert down > 0
