"""Who runs, is faster than they may be, or goes the wrong way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.types import IncidentState
from tests.fakes import ASPECT, Walker, Way, lives, rules, watch, way

RATES = [2, 5, 10, 25]
WIDE = [[0.2, 0.1], [0.8, 0.1], [0.8, 0.95], [0.2, 0.95]]
NARROW = [[0.48, 0.4], [0.52, 0.4], [0.52, 0.8], [0.48, 0.8]]
HEIGHT = 0.15
A_HEIGHT = HEIGHT / ASPECT
"""Of the walker, as a share of the picture's width."""
# A picture that looks straight down on 20 by 15 metres.
GROUND = {
    "points": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "metres": [[0, 0], [20, 0], [20, 15], [0, 15]],
}


def at_speed(heights: float, since: float = 0.0, until: float = 60.0, x: float = 0.05, y: float = 0.6) -> Way:
    """To the right, at so many of their heights a second, between two times."""
    step = heights * A_HEIGHT
    return lambda at: (x + step * (min(max(at, since), until) - since), y)


def one(walk: Way) -> dict[int, Walker]:
    """Somebody who goes that way."""
    return {1: Walker(walk, height=HEIGHT)}


@pytest.mark.parametrize("fps", RATES)
def test_who_runs_in_the_zone_is_told_and_who_walks_is_not(fps: float):
    assert len(lives(watch(rules("running", zone=WIDE), one(at_speed(2.0)), 3, fps))) == 1
    assert watch(rules("running", zone=WIDE), one(at_speed(1.0)), 6, fps) == []


@pytest.mark.parametrize("fps", RATES)
def test_who_begins_to_run_is_told_when_they_do_until_they_walk_again(fps: float):
    points = [
        (0.0, 0.25),
        (4, 0.25),
        (6, 0.25 + 2 * 0.5 * A_HEIGHT),
        (7.5, 0.25 + 1.0 * A_HEIGHT + 1.5 * 1.8 * A_HEIGHT),
    ]
    walk = way(*[(at, x, 0.6) for at, x in points])  # half a height a second, then 1.8, then they stand
    (life,) = lives(watch(rules("running", zone=WIDE, release_s=1), one(walk), 14, fps))
    assert [one.state for one in life] == [IncidentState.OPENED, IncidentState.CLOSED]
    assert life[0].at.media == pytest.approx(6.9, abs=0.7)
    assert life[1].at.media == pytest.approx(7.7, abs=0.7)
    assert life[1].why["closed_because"] == "slowed_down"


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_who_runs_through_a_narrow_zone_is_told(fps: float):
    told = watch(rules("running", zone=NARROW), one(at_speed(2.5)), 5, fps)
    assert len(lives(told)) == 1
    assert told[0].why["heights_a_second"] == pytest.approx(2.5, abs=0.1)
    assert watch(rules("running", zone=NARROW), one(at_speed(0.9)), 12, fps) == []


def test_who_runs_elsewhere_and_walks_in_is_not_told():
    walk = way((0, 0.0, 0.6), (0.4, 0.15, 0.6), (9, 0.4, 0.6))
    assert watch(rules("running", zone=WIDE), one(walk), 9, 10) == []


@pytest.mark.parametrize("fps", RATES)
def test_a_box_that_trembles_does_not_run(fps: float):
    """Three per cent of a height is the median error of a box's lower edge; its legs are hidden for a moment, too."""

    def trembles(at: float) -> tuple[float, float]:
        n = round(at * fps)
        return 0.5 + 0.03 * A_HEIGHT * (n % 3 - 1), 0.6 + 0.03 * HEIGHT * (n % 2)

    assert watch(rules("running", zone=WIDE), one(trembles), 20, fps) == []
    assert watch(rules("wrong_direction", angle=0, zone=WIDE), one(trembles), 20, fps) == []


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(("speed", "told"), [(1.6, False), (2.4, True)])
def test_metres_are_those_on_the_ground(speed: float, told: bool, fps: float):
    walk = way((0, 0.1, 0.5), (10, 0.1 + 10 * speed / 20, 0.5))
    watched = rules("speed", faster_than="2 m/s", zone=WIDE, ground=GROUND)
    found = lives(watch(watched, one(walk), 8, fps))
    assert len(found) == told
    if told:
        assert found[0][0].why["metres_a_second"] == pytest.approx(speed, abs=0.05)


def test_the_same_way_in_the_picture_is_faster_where_the_ground_is_farther():
    """A street that is 10 m wide at the lower edge of the picture and half as wide in it at the upper one."""
    ground = {"points": [[0, 1], [1, 1], [0.75, 0.2], [0.25, 0.2]], "metres": [[0, 0], [10, 0], [10, 20], [0, 20]]}
    near, far = (way((0, 0.3, y), (4, 0.6, y)) for y in (0.9, 0.22))
    speeds = []
    for walk in (near, far):
        told = watch(rules("speed", faster_than="0.2 m/s", zone=WIDE, ground=ground), one(walk), 4, 10)
        speeds.append(told[0].why["metres_a_second"])
    assert speeds[0] == pytest.approx(10 * 0.3 / (0.5 + 0.5 * 0.875) / 4, abs=0.2)
    assert speeds[1] > 1.5 * speeds[0]


ANGLES = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1), 45: (1, -1)}


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("goes", ANGLES)
@pytest.mark.parametrize("wrong", ANGLES)
def test_the_way_of_the_angle_is_wrong_and_no_other(goes: int, wrong: int, fps: float):
    dx, dy = ANGLES[goes]
    length = math.hypot(dx, dy)
    walk = way((0, 0.5, 0.5), (4, 0.5 + 0.3 * dx / length / ASPECT, 0.5 + 0.3 * dy / length))
    told = lives(watch(rules("wrong_direction", angle=wrong, tolerance=30, zone=WIDE), one(walk), 4, fps))
    assert len(told) == (goes == wrong)


def test_who_turns_is_closed_then():
    walk = way((0, 0.3, 0.6), (5, 0.6, 0.6), (10, 0.3, 0.6))
    (life,) = lives(watch(rules("wrong_direction", angle=0, zone=WIDE, release_s=1), one(walk), 10, 10))
    assert life[-1].why["closed_because"] == "turned_or_stood"
    assert life[-1].at.media == pytest.approx(5.4, abs=0.4)


def test_who_stands_goes_no_way():
    assert watch(rules("wrong_direction", angle=0, zone=WIDE), one(way((0, 0.5, 0.5))), 20) == []


@settings(max_examples=60, deadline=None)
@given(st.floats(0.2, 3.0), st.floats(0.5, 2.5), st.sampled_from([2.0, 4.0, 12.0, 30.0]))
def test_steady_speeds_are_told_by_what_they_are(speed: float, least: float, fps: float):
    """At any rate, and of any speed that is clearly above or below."""
    if 0.9 < speed / least < 1.1:
        return
    watched = rules("speed", faster_than=f"{least:.3f} heights/s", zone=WIDE, confirm_s=0.3)
    until = min(0.7 / (speed * A_HEIGHT), 8.0)
    assert len(lives(watch(watched, one(at_speed(speed, x=0.15)), until, fps))) == (speed > least)


@pytest.mark.parametrize("fps", RATES)
def test_who_has_run_and_is_a_little_slower_runs_on(fps: float):
    step = A_HEIGHT
    walk = way((0, 0.2, 0.6), (2, 0.2 + 2 * 1.65 * step, 0.6), (4, 0.2 + (2 * 1.65 + 2 * 1.35) * step, 0.6))
    (life,) = lives(
        watch(rules("running", zone=[[0.1, 0.1], [1, 0.1], [1, 1], [0.1, 1]], release_s=0.5), one(walk), 8, fps)
    )
    assert life[-1].at.media == pytest.approx(4.3, abs=0.3 + 1 / fps)
