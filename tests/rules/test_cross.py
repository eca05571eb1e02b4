"""A line is crossed once by who goes across it, and not by who stands, wobbles or walks around its end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.types import IncidentState, Point
from tests.fakes import HEIGHT, Street, Walker, Way, lives, now, rules, watch, way

RATES = [2, 5, 10, 25]
TO_THE_RIGHT = way((0, 0.3, 0.6), (4, 0.7, 0.6))
TO_THE_LEFT = way((0, 0.7, 0.6), (4, 0.3, 0.6))


def crossings(walk: Way | Walker, until: float = 8, fps: float = 5, **rule) -> list[tuple[float, str | None]]:
    """Time and direction of each."""
    told = watch(rules("cross", **rule), {1: walk}, until, fps)
    return [(life[0].at.media, life[0].direction) for life in lives(told)]


@pytest.mark.parametrize("fps", RATES)
def test_a_crossing_has_the_same_time_and_direction_at_any_rate(fps: float):
    assert crossings(TO_THE_RIGHT, fps=fps) == [(pytest.approx(2, abs=0.002), "left_to_right")]
    assert crossings(TO_THE_LEFT, fps=fps) == [(pytest.approx(2, abs=0.002), "right_to_left")]


@pytest.mark.parametrize("fps", RATES)
def test_a_crossing_is_told_when_it_has_been_held_for_confirm_s(fps: float):
    watched = rules("cross", confirm_s=1.0)
    at = next(
        n / fps
        for n in range(round(8 * fps))
        if watch(watched, {1: lambda _, n=n: TO_THE_RIGHT(n / fps)}, 0, 1, n / fps)
    )
    assert 3 <= at <= 3 + 2 / fps


def test_a_crossing_is_over_when_it_is_told():
    (life,) = lives(watch(rules("cross"), {1: TO_THE_RIGHT}, 8))
    assert [one.state for one in life] == [IncidentState.OPENED, IncidentState.CLOSED]
    assert life[0].line == "door"
    assert life[0].zone is None
    assert life[0].dwell_s is None


@pytest.mark.parametrize("walk", [TO_THE_RIGHT, TO_THE_LEFT], ids=["right", "left"])
@pytest.mark.parametrize("wanted", ["left_to_right", "right_to_left"])
def test_only_the_wanted_direction_counts(walk: Way, wanted: str):
    came = "left_to_right" if walk is TO_THE_RIGHT else "right_to_left"
    assert len(crossings(walk, direction=wanted)) == (wanted == came)


def test_who_went_over_before_the_track_was_sure_has_gone_over():
    walker = Walker(TO_THE_RIGHT, since=1.4, sure_s=0.6)
    assert crossings(walker, fps=2) == [(pytest.approx(2, abs=0.002), "left_to_right")]


def level(direction: str, walk: Way) -> list[str | None]:
    watched = rules("cross", line=[[0.2, 0.5], [0.8, 0.5]], direction=direction)
    return [life[0].direction for life in lives(watch(watched, {1: walk}, 8))]


def test_a_level_line_is_crossed_down_and_up():
    down, up = way((0, 0.5, 0.4), (4, 0.5, 0.6)), way((0, 0.5, 0.6), (4, 0.5, 0.4))
    assert level("any", down) == level("top_to_bottom", down) == ["top_to_bottom"]
    assert level("any", up) == level("bottom_to_top", up) == ["bottom_to_top"]
    assert level("top_to_bottom", up) == level("bottom_to_top", down) == []


def test_a_runner_across_in_one_step_is_seen():
    assert crossings(lambda at: (0.1, 0.6) if at < 2 else (0.9, 0.6)) == [(pytest.approx(1.9), "left_to_right")]


def test_who_steps_exactly_on_the_line_and_on_crosses_once():
    def walk(at: float) -> Point:
        return (0.3 if at < 2 else 0.5 if at < 2.1 else 0.7, 0.6)

    assert crossings(walk) == [(pytest.approx(2, abs=0.2), "left_to_right")]
    assert crossings(lambda at: (1 - walk(at)[0], 0.6)) == [(pytest.approx(2.1, abs=0.2), "right_to_left")]


def test_who_stands_exactly_on_the_line_for_a_while_and_goes_on_crosses_once():
    walk = way((0, 0.3, 0.6), (2, 0.5, 0.6), (4, 0.5, 0.6), (6, 0.7, 0.6))
    assert len(crossings(walk, 10)) == 1


@pytest.mark.parametrize("mirrored", [False, True])
def test_who_touches_the_line_and_turns_back_does_not_cross(mirrored: bool):
    touch = way((0, 0.3, 0.6), (2, 0.5, 0.6), (4, 0.3, 0.6))
    assert crossings((lambda at: (1 - touch(at)[0], 0.6)) if mirrored else touch, 10) == []


@pytest.mark.parametrize("fps", RATES)
def test_feet_that_rest_on_the_line_cross_it_never(fps: float):
    def rests(at: float) -> Point:
        return (0.5 + (0.01 if round(at * fps) % 2 else -0.01), 0.6)

    walk = way((0, 0.3, 0.6), (2, 0.5, 0.6))
    assert crossings(lambda at: walk(at) if at < 2 else rests(at) if at < 20 else (0.3, 0.6), 24, fps) == []


@pytest.mark.parametrize("fps", RATES)
def test_feet_that_rest_on_the_line_and_then_go_across_cross_it_once(fps: float):
    def walk(at: float) -> Point:
        return (
            (0.3, 0.6) if at < 2 else (0.5 + (0.01 if round(at * fps) % 2 else -0.01), 0.6) if at < 10 else (0.7, 0.6)
        )

    ((at, direction),) = crossings(walk, 14, fps)
    assert direction == "left_to_right"
    assert 1.5 <= at <= 10


def test_a_stray_box_across_the_line_and_back_is_no_crossing():
    for fps in RATES:
        assert crossings(lambda at, f=fps: (0.8 if round(at * f) == 2 * f else 0.3, 0.6), fps=fps) == []


def test_who_walks_around_the_end_of_the_line_does_not_cross_it():
    around = way((0, 0.3, 0.6), (2, 0.45, 0.97), (3, 0.55, 0.97), (5, 0.7, 0.6))
    assert crossings(around) == []


def test_who_is_not_shown_for_some_seconds_and_comes_back_as_the_same_has_crossed_meanwhile():
    """The tracker stops showing who is looked for in vain, and knows them again when they come out."""
    watched, told = rules("cross"), []
    before, after = Street({1: Walker(TO_THE_RIGHT, until=1.5)}), Street({1: Walker(TO_THE_RIGHT, since=3.5)})
    for picture in range(30):
        at = picture / 5
        told += watched.update((before if at < 2.5 else after).tracks(at), now(at))
    ((crossed, _),) = lives(told)
    assert crossed.direction == "left_to_right"


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("end", [0.3, 0.9])
def test_who_passes_the_end_of_the_line_nearer_than_a_box_is_sure_of_crosses_it(end: float, fps: float):
    line = [[0.5, 0.3], [0.5, 0.9]]
    beyond = 1 if end == 0.9 else -1
    grazes, passes = (end + beyond * share * HEIGHT for share in (0.04, 0.08))
    assert len(crossings(way((0, 0.3, grazes), (4, 0.7, grazes)), fps=fps, line=line)) == 1
    assert crossings(way((0, 0.3, passes), (4, 0.7, passes)), fps=fps, line=line) == []


def test_who_wobbles_across_the_end_of_the_line_and_back_around_it_does_not_cross():
    def walk(at: float) -> Point:
        if at < 2 or at > 2.3:
            return (0.47, 0.92)
        return (0.503, 0.88)

    assert crossings(lambda at: (0.3, 0.92) if at > 4 else walk(at)) == []


def test_there_and_back_are_two_crossings():
    there_and_back = way((0, 0.3, 0.6), (4, 0.7, 0.6), (8, 0.3, 0.6))
    found = crossings(there_and_back, 12)
    assert found == [(pytest.approx(2, abs=0.01), "left_to_right"), (pytest.approx(6, abs=0.01), "right_to_left")]


def test_who_is_lost_right_after_crossing_has_crossed():
    fast = way((0, 0.3, 0.6), (2, 0.48, 0.6), (2.2, 0.6, 0.6))
    (found,) = crossings(Walker(fast, until=2.3))
    assert found == (pytest.approx(2, abs=0.2), "left_to_right")


def test_who_is_lost_on_the_line_has_not_crossed():
    assert crossings(Walker(way((0, 0.3, 0.6), (2, 0.505, 0.6)), until=2.3)) == []


def test_the_way_over_a_long_absence_is_not_known():
    def walk(at: float) -> Point | None:
        return (0.3, 0.6) if at < 2 else (0.7, 0.6) if at > 8 else None

    assert crossings(walk) == []


def test_who_goes_over_the_line_while_hidden_for_a_moment_has_crossed_it():
    def walk(at: float) -> Point | None:
        return (0.4, 0.6) if at < 2 else (0.6, 0.6) if at > 5 else None

    ((_, direction),) = crossings(walk)
    assert direction == "left_to_right"


@settings(max_examples=200, deadline=None)
@given(speed=st.floats(0.05, 2.0), offset=st.floats(0.0, 0.5), fps=st.sampled_from(RATES), y=st.floats(0.25, 0.85))
def test_who_goes_straight_across_crosses_once_at_any_speed(speed: float, offset: float, fps: float, y: float):
    found = crossings(lambda at: (offset - speed + speed * at, y), 1 + 1 / speed + 2, fps)
    assert found == [(pytest.approx(1 + (0.5 - offset) / speed, abs=0.002), "left_to_right")]


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(st.floats(-1, 1), min_size=10, max_size=60), fps=st.sampled_from(RATES))
def test_whoever_wanders_has_crossed_as_often_as_their_side_changed(steps: list[float], fps: float):
    """Crossings alternate, begin with the first side left, and end on the side where the wanderer rests."""
    places = [0.2, 0.2, *(0.5 + step * 0.3 for step in steps)]
    places += [0.2 if places[-1] <= 0.5 else 0.8] * (3 + round(fps))
    found = crossings(lambda at: (places[min(round(at * fps), len(places) - 1)], 0.6), len(places) / fps, fps)
    directions = [direction for _, direction in found]
    assert directions == ["left_to_right" if n % 2 == 0 else "right_to_left" for n in range(len(found))]
    assert len(found) % 2 == (places[-1] > 0.5)


def test_two_people_across_one_after_the_other_are_two_crossings():
    told = watch(rules("cross"), {1: TO_THE_RIGHT, 2: way((0.4, 0.3, 0.65), (4.4, 0.7, 0.65))}, 8)
    assert sorted(life[0].track for life in lives(told)) == [1, 2]


def test_heights_are_of_the_person_so_that_far_people_need_less_to_be_clear():
    clear = 0.05 * HEIGHT * 0.75
    stop = 0.5 + clear / 2
    near = way((0, 0.45, 0.6), (2, stop, 0.6))
    assert crossings(near) == []
    assert len(crossings(Walker(near, height=HEIGHT / 3))) == 1


def test_who_comes_from_before_a_sharp_corner_was_on_its_outer_side():
    """Both parts of the line are as near to them there, at the corner, and each of them says another side."""
    tip = [[0.3, 0.3], [0.7, 0.5], [0.3, 0.7]]
    walk = way((0, 0.62, 0.3), (2, 0.94, 0.45), (4, 0.38, 0.52), (8, 0.71, 0.33))
    told = [life[0] for life in lives(watch(rules("cross", line=tip, confirm_s=0.2), {1: walk}, 9, 5))]
    assert [one.why["way"] for one in told] == ["a_to_b", "b_to_a"]
    assert [one.at.media for one in told] == [pytest.approx(3.0, abs=0.2), pytest.approx(6.1, abs=0.3)]
