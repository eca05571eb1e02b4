"""Zones with holes, round zones, lines with corners, and which people count at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Ground, Zone
from pipeline.rules.area import Area
from pipeline.rules.ground import plane_of
from pipeline.types import Point
from tests.fakes import ASPECT, HEIGHT, IN, Street, Walker, lives, now, rules, stays, visits, watch, way

SQUARE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.9], [0.2, 0.9]]
HOLE = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.8], [0.4, 0.8]]
ROUND = {"circle": {"centre": [0.5, 0.5], "radius": 0.3}}
BENT = [[0.3, 0.2], [0.5, 0.5], [0.3, 0.8]]


def test_who_steps_into_a_hole_has_left_the_zone():
    walk = way((0, 0.1, 0.6), (20, 0.9, 0.6))  # in at 2.5 s, hole from 7.5 to 12.5, out at 17.5
    found = visits(watch(rules(zone={"polygon": SQUARE, "holes": [HOLE]}), {1: walk}, 24, 10))
    assert found == [
        (pytest.approx(2.5, abs=0.6), pytest.approx(7.5, abs=0.6)),
        (pytest.approx(12.5, abs=0.6), pytest.approx(17.5, abs=0.6)),
    ]


def test_who_is_in_the_hole_only_raises_nothing():
    assert watch(rules(zone={"polygon": SQUARE, "holes": [HOLE]}), {1: way((0, *IN))}, 8) == []


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.5, 2.5))
def test_a_circle_is_round_in_the_true_shape_of_the_picture(x: float, y: float, aspect: float):
    area = Area(Zone.model_validate(ROUND), aspect)
    far = math.hypot((x - 0.5) * aspect, y - 0.5)
    if abs(far - 0.3) > 0.002:
        assert area.holds((x, y)) is (far < 0.3)
    assert area.distance((x, y)) == pytest.approx(abs(far - 0.3), abs=0.002)


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_hole_is_out_and_its_border_is_a_border(x: float, y: float):
    area = Area(Zone.model_validate({"polygon": SQUARE, "holes": [HOLE]}), 1.0)
    in_square, in_hole = 0.2 < x < 0.8 and 0.2 < y < 0.9, 0.4 < x < 0.6 and 0.4 < y < 0.8
    if area.distance((x, y)) > 1e-9:
        assert area.holds((x, y)) is (in_square and not in_hole)
    alone = [Area(Zone.model_validate({"polygon": ring}), 1.0).distance((x, y)) for ring in (SQUARE, HOLE)]
    assert area.distance((x, y)) == min(alone)


@pytest.mark.parametrize("fps", [2, 5, 25])
def test_who_goes_over_a_line_with_a_corner_crosses_it_once(fps: float):
    for y in (0.3, 0.5, 0.7):
        told = watch(rules("cross", line=BENT), {1: way((0, 0.1, y), (10, 0.9, y))}, 12, fps)
        assert len(lives(told)) == 1, y
        assert (told[0].direction, told[0].why["way"]) == ("left_to_right", "b_to_a")
    beside = {1: way((0, 0.1, 0.1), (10, 0.9, 0.1))}
    assert watch(rules("cross", line=BENT), beside, 12, fps) == []


def test_who_goes_into_the_corner_and_back_has_not_crossed():
    walk = way((0, 0.1, 0.5), (5, 0.45, 0.5), (10, 0.1, 0.5))
    assert watch(rules("cross", line=BENT), {1: walk}, 12) == []


def test_who_goes_over_both_parts_has_come_back():
    """From above the upper arm straight down to below the lower one: over the line, and over it again."""
    told = watch(rules("cross", line=BENT), {1: way((0, 0.36, 0.1), (12, 0.36, 0.95))}, 14)
    assert [life[0].why["way"] for life in lives(told)] == ["a_to_b", "b_to_a"]


@pytest.mark.parametrize(("direction", "told"), [("a_to_b", 0), ("b_to_a", 1), ("any", 1)])
def test_b_is_to_the_right_of_a_line_as_it_is_drawn(direction: str, told: int):
    """The line of the tests goes down the picture: its right-hand side is the picture's left one."""
    right = {1: way((0, 0.2, 0.6), (8, 0.8, 0.6))}
    assert len(lives(watch(rules("cross", direction=direction), right, 10))) == told
    left = {1: way((0, 0.8, 0.6), (8, 0.2, 0.6))}
    assert len(lives(watch(rules("cross", direction=direction), left, 10))) == (1 if direction == "any" else 1 - told)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)), min_size=2, max_size=5))
def test_a_straight_line_with_a_point_in_its_middle_is_the_same_line(corners: list[Point]):
    walk = way(*[(4.0 * n, *corner) for n, corner in enumerate(corners)])
    until = 4.0 * len(corners) + 2
    straight, bent = (
        [(one.at.media, one.direction) for one in watch(rules("cross", line=line), {1: walk}, until)]
        for line in ([[0.5, 0.2], [0.5, 0.9]], [[0.5, 0.2], [0.5, 0.5], [0.5, 0.9]])
    )
    assert bent == straight


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.floats(0.02, 0.1)] * 8), st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_the_ground_is_where_its_four_places_say_and_straight_lines_stay_straight(
    off: tuple[float, ...], x: float, y: float
):
    points = [[off[0], off[1]], [1 - off[2], off[3]], [1 - off[4], 1 - off[5]], [off[6], 1 - off[7]]]
    metres = [[0, 0], [12, 0], [12, 9], [0, 9]]
    plane = plane_of(Ground.model_validate({"points": points, "metres": metres}))
    for point, metre in zip(points, metres, strict=True):
        assert plane.metres((point[0], point[1])) == pytest.approx(metre, abs=1e-6)
    a, b, c = (np.array(plane.metres((x + step, y + 0.5 * step)) or ()) for step in (0.0, 0.05, 0.1))
    (ux, uy), (vx, vy) = b - a, c - a
    assert abs(float(ux * vy - uy * vx)) < 1e-6


def test_above_the_horizon_there_is_no_ground():
    ground = {"points": [[0, 1], [1, 1], [0.6, 0.5], [0.4, 0.5]], "metres": [[0, 0], [10, 0], [10, 40], [0, 40]]}
    plane = plane_of(Ground.model_validate(ground))
    assert plane.metres((0.5, 0.9)) is not None
    assert plane.metres((0.5, 0.2)) is None


def test_who_is_hardly_a_person_does_not_begin_to_count_and_who_has_begun_goes_on():
    class Doubtful(Street):
        def tracks(self, at: float):
            tracks = super().tracks(at)
            tracks.scores[:] = 0.8 if 3 <= at < 4 else 0.4
            return tracks

    def told(**keys):
        watched, street, found = rules(**keys), Doubtful({1: Walker(way((0, *IN)))}), []
        for picture in range(60):
            found += watched.update(street.tracks(picture / 5), now(picture / 5))
        return visits(found)

    assert told(score=0.3) == [(0, None)]
    assert told(score=0.6, stay_score=0.3) == [(3, None)]
    assert told(score=0.9) == []


def test_who_is_followed_for_a_short_time_does_not_count():
    short = Walker(stays((1, 3)), until=3)
    assert watch(rules(track_age_s=5, confirm_s=0), {1: short}, 12) == []
    assert len(visits(watch(rules(track_age_s=5), {1: Walker(stays((0, 20)))}, 12))) == 1


def test_what_never_moves_from_its_place_is_left_out_and_counts_once_it_has():
    sways = {1: lambda at: (0.5 + 0.1 * HEIGHT / ASPECT * (round(at * 5) % 2), 0.6)}
    assert watch(rules(displacement=0.5), sways, 20) == []
    goes = way((0, 0.45, 0.6), (10, 0.45, 0.6), (14, 0.58, 0.6))
    ((entered, _),) = visits(watch(rules(displacement=0.5), {1: goes}, 20))
    assert 10 < entered < 14


def test_samples_are_needed_as_well_as_seconds():
    """At two pictures a second 0.4 s are two pictures, and may be made five."""
    for samples, told_at in ((1, 2.5), (5, 4.0)):
        watched, found = rules(confirm_samples=samples), []
        walk = stays((2, 20))
        for picture in range(20):
            at = picture / 2
            found += [at for _ in watch(watched, {1: lambda _, at=at, walk=walk: walk(at)}, 0, start=at)]
        assert found[0] == told_at


@pytest.mark.parametrize("y", [0.42, 0.5, 0.58])
def test_beside_the_point_of_a_sharp_corner_nobody_crosses(y: float):
    """Nearest to both of its parts at once: that counts which is seen less from its end."""
    sharp = [[0.2, 0.45], [0.5, 0.5], [0.2, 0.55]]
    past = {1: way((0, 0.52, 0.1), (10, 0.56, y), (20, 0.52, 0.9))}
    assert watch(rules("cross", line=sharp), past, 22, 10) == []
    through = {1: way((0, 0.35, 0.1), (10, 0.35, 0.5), (16, 0.35, 0.5))}
    assert len(lives(watch(rules("cross", line=sharp), through, 20, 10))) == 1
