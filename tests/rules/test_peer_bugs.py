"""Mistakes that other systems made with zones, lines and tracks, each with a test of its own.

Their numbers are those of our survey of peers; what is not theirs to make (14: a stalled stream) is the capture's.
"""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.perceive.track import Tracker
from pipeline.perceive.track_settings import TrackerSettings
from pipeline.rules.incidents import Rules
from pipeline.types import Detections, Incident, IncidentState, Point
from tests.fakes import ASPECT, Walker, Way, lives, now, rules, seen, visits, watch, way

IN, AWAY = (0.5, 0.6), (0.2, 0.6)


def looked_for(people: list[Detections | None], watched: Rules, fps: float = 5) -> list[Incident]:
    """Detections through a tracker and rules, as in a lane."""
    tracker, told = Tracker(TrackerSettings()), []
    for number, found in enumerate(people):
        told += watched.update(tracker.update(found, number / fps, ASPECT), now(number / fps))
    return told


def pattern(inside: str) -> Way:
    """`i` in, `o` out, a fifth of a second each, and out ever after."""
    return lambda at: IN if inside[min(round(at * 5), len(inside) - 1)] == "i" else AWAY


def test_1_time_in_the_zone_does_not_add_up_over_absences():
    assert watch(rules("inside"), {1: pattern("oioioioioioioioo")}, 6) == []
    assert watch(rules("enter"), {1: pattern("oioioioioioioioo")}, 6) == []


def test_2_who_was_long_outside_is_not_in_at_the_first_sighting():
    told = watch(rules("inside"), {1: pattern("iiiiiiiiii" + "o" * 50 + "ioooo")}, 16)
    assert len(lives(told)) == 1


def test_3_short_visits_do_not_add_up_to_a_long_one():
    four = "iiii" + "o" * 15
    assert watch(rules("dwell", seconds=2), {1: pattern(four * 3)}, 14) == []


@pytest.mark.parametrize("missed", [AWAY, None], ids=["found elsewhere", "not found"])
def test_4_one_missed_picture_is_not_a_leaving(missed: Point | None):
    told = watch(rules(), {1: lambda at: missed if round(at * 5) == 10 else IN}, 5)
    assert [one.state for one in told] == [IncidentState.OPENED]
    assert watch(rules("exit"), {1: lambda at: missed if round(at * 5) == 10 else IN}, 5) == []


def test_5_who_stood_in_the_zone_before_the_watching_began_raises_an_alert():
    (opened,) = looked_for([seen(IN)] * 10, rules())
    assert opened.why["appeared_inside"]


def test_6_the_anchor_is_that_of_the_whole_box_not_of_its_part_in_the_zone():
    """The box overlaps the zone, its feet are outside: beside it, below it, below the picture."""
    beside = Walker(way((0, 0.63, 0.75)), height=0.5)
    below = Walker(way((0, 0.5, 0.9)), height=0.6)
    below_the_picture = Walker(way((0, 0.5, 1.2)), height=0.9)
    assert watch(rules(), {1: beside, 2: below, 3: below_the_picture}, 5) == []
    to_the_edge = [[0.3, 0.4], [0.7, 0.4], [0.7, 1.0], [0.3, 1.0]]
    assert watch(rules(zone=to_the_edge), {1: below_the_picture}, 5) == []


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_7_a_flicker_over_the_line_is_no_crossing_least_of_all_the_other_way(fps: float):
    def flickers(at: float) -> Point:
        return (0.45, 0.6) if round(at * fps) in (8, 20, 21, 30) else (0.6, 0.6) if at < 40 / fps else (0.4, 0.6)

    told = watch(rules("cross", confirm_s=2.5 / fps), {1: flickers}, 60 / fps, fps)
    assert [life[0].direction for life in lives(told)] == ["right_to_left"]
    assert lives(told)[0][0].at.media >= 39 / fps


def test_8_people_who_are_not_confirmed_trigger_nothing_and_share_nothing():
    """Ten flickers, each at another place of the zone and on both sides of the line."""
    make = np.random.default_rng(8)
    flickers = [seen((make.choice([0.42, 0.58]), make.uniform(0.45, 0.75)), height=0.1) for _ in range(10)]
    people = [found for one in flickers for found in (one, *[Detections.empty()] * 5)]
    for watched in (rules("enter", confirm_s=0), rules("inside", confirm_s=0), rules("cross", confirm_s=0)):
        assert looked_for(people, watched) == []


def test_9_time_outside_is_not_time_inside():
    def comes_back(at: float) -> Point:
        return IN if at < 3 or at >= 8 else AWAY

    assert watch(rules("dwell", seconds=5, release_s=1), {1: comes_back}, 12) == []
    (life,) = lives(watch(rules("dwell", seconds=5, release_s=1), {1: comes_back}, 14))
    assert life[0].entered.media == pytest.approx(8, abs=0.2)


def test_10_two_people_across_the_line_one_close_behind_the_other_are_two_crossings():
    walkers = {n: way((n * 0.2, 0.3, 0.6), (n * 0.2 + 2, 0.7, 0.6)) for n in (1, 2, 3)}
    walkers[4] = way((0.2, 0.7, 0.65), (2.2, 0.3, 0.65))  # at the same time as 1, the other way
    told = lives(watch(rules("cross"), walkers, 6))
    assert {life[0].track: life[0].direction for life in told} == {
        1: "left_to_right",
        2: "left_to_right",
        3: "left_to_right",
        4: "right_to_left",
    }


def test_11_a_single_false_box_is_not_linked_to_a_real_person_far_away():
    people = [seen((0.15, 0.6)) for _ in range(30)]
    people[15] = seen(IN)
    people[25] = seen((0.15, 0.6), IN)
    for watched in (rules("enter", confirm_s=0), rules("enter"), rules("cross", line=[[0.3, 0.2], [0.3, 0.9]])):
        assert looked_for(people, watched) == []


def test_12_hovering_at_the_border_is_one_alert_not_twenty():
    make = np.random.default_rng(12)
    wobble = make.normal(0, 0.008, 200)
    told = watch(rules(), {1: lambda at: (0.4 + wobble[round(at * 5)], 0.6)}, 30)
    assert len(lives(told)) == 1


def test_13_an_alert_that_was_told_is_told_again_at_the_next_visit():
    told = watch(rules(), {1: lambda at: IN if at % 6 < 2 else AWAY}, 60)
    assert len(visits(told)) == 10
    again = watch(rules(), {n: Walker(way((0, *IN)), 5 * n, 5 * n + 2) for n in range(1, 6)}, 40)
    assert len(lives(again)) == 5


def test_14_nobody_looked_is_not_nobody_there():
    """What stalls gives no pictures; a picture that nobody looked at leaves people where they are."""
    people: list[Detections | None] = [*[seen(IN)] * 5, *[None] * 100, *[seen(IN)] * 5]
    told = looked_for(people, rules(update_s=100))
    assert [one.state for one in told] == [IncidentState.OPENED]


# The same mistakes, of the triggers that came later.

AREAS = {
    "gate": {"polygon": [[0.1, 0.4], [0.3, 0.4], [0.3, 0.8], [0.1, 0.8]]},
    "yard": {"polygon": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.8], [0.4, 0.8]]},
}
WIDE = [[0.02, 0.1], [0.98, 0.1], [0.98, 0.95], [0.02, 0.95]]
IN_GATE = (0.2, 0.6)


def twice(second: Way) -> dict[int, Way]:
    """Somebody who stands in the zone, and another."""
    return {1: way((0, 0.45, 0.6)), 2: second}


@pytest.mark.parametrize("flicker", ["oioioioioioioioo", "o" * 50 + "ioooo"])
def test_1_and_2_single_sightings_make_no_crowd_no_way_and_end_no_absence(flicker: str):
    once = pattern(flicker)
    assert watch(rules("occupancy", people={"max": 1}), twice(once), 16) == []
    assert watch(rules("crowd_growth", grows_by=2, seconds=5), {1: once, 2: once}, 16) == []
    assert len(lives(watch(rules("absence", seconds=4), {1: once}, 20))) == 1
    gate_first: Way = lambda at: IN_GATE if at < 2 else once(at - 2)  # noqa: E731
    told = watch(rules("sequence", areas=AREAS, zones=["gate", "yard"], seconds=60), {1: gate_first}, 18)
    assert told == []


def test_3_and_9_stays_add_up_only_where_that_is_asked_and_only_within_the_window():
    four = "iiii" + "o" * 15
    three_stays = {1: pattern(four * 3)}
    assert watch(rules("dwell", seconds=2, window_s=4), three_stays, 14) == []
    assert watch(rules("stopped", seconds=2), three_stays, 14) == []
    (life,) = lives(watch(rules("dwell", seconds=1.5, window_s=60), three_stays, 14))
    assert life[0].why["in_all_s"] < 2.5  # what was outside is not in it


@pytest.mark.parametrize("missed", [AWAY, None], ids=["found elsewhere", "not found"])
def test_4_one_missed_picture_ends_no_crowd_no_run_and_makes_nobody_absent(missed: Point | None):
    def blinks(at: float) -> Point | None:
        return missed if round(at * 5) == 20 else (0.5, 0.6)

    people = {1: way((0, 0.45, 0.6)), 2: blinks}
    told = watch(rules("occupancy", people={"max": 1}), people, 9)
    assert [one.state for one in told] == [IncidentState.OPENED]
    assert watch(rules("absence", seconds=0.5), {1: blinks}, 9) == []
    assert watch(rules("exit"), {1: blinks}, 9) == []


def test_5_who_stands_there_when_the_watching_begins_counts():
    assert len(lives(watch(rules("occupancy", people={"max": 1}), twice(way((0, 0.55, 0.6))), 3))) == 1
    assert watch(rules("absence", seconds=1), {1: way((0, *IN))}, 8) == []
    both = {"areas": AREAS, "zones": ["gate", "yard"]}
    assert len(lives(watch(rules("loiter", seconds=3, **both), {1: way((0, *IN))}, 5))) == 1


def test_6_only_the_feet_count_for_a_crowd():
    beside = {n: Walker(way((0, 0.63, 0.75)), height=0.5) for n in (1, 2, 3)}
    assert watch(rules("occupancy", people={"max": 0}), beside, 5) == []
    assert len(lives(watch(rules("absence", seconds=2), beside, 5))) == 1


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_7_a_flicker_over_the_line_is_no_tailgating(fps: float):
    def flickers(at: float) -> Point:
        return (0.45, 0.6) if round(at * fps) in (20, 21) else (0.6, 0.6)

    crosses = way((0, 0.7, 0.5), (20 / fps, 0.5, 0.5), (40 / fps, 0.3, 0.5))
    keys = {"seconds": 30, "confirm_s": 2.5 / fps}
    assert watch(rules("tailgate", **keys), {1: crosses, 2: flickers}, 60 / fps, fps) == []


@pytest.mark.parametrize("fps", [2, 3, 5, 10, 25])
def test_11_a_box_that_jumps_or_a_track_that_becomes_another_person_does_not_run(fps: float):
    def jumps(at: float) -> Point:
        return (0.8, 0.6) if round(at * fps) in (6, 15, 16) else (0.2, 0.6)

    swapped: Way = lambda at: (0.2, 0.6) if at < 3 else (0.8, 0.6)  # noqa: E731
    for walk in (jumps, swapped):
        assert watch(rules("running", zone=WIDE), {1: walk}, 8, fps) == []
        assert watch(rules("wrong_direction", zone=WIDE, angle=0), {1: walk}, 8, fps) == []


def test_13_every_rule_speaks_again():
    """Each of them twice: what was told once does not stay told."""
    people = {1: pattern(("i" * 20 + "o" * 20) * 2 + "o"), 2: pattern(("o" * 5 + "i" * 15 + "o" * 20) * 2 + "o")}
    for trigger, keys in (
        ("occupancy", {"people": {"max": 1}}),
        ("absence", {"seconds": 1.5}),
        ("crowd_growth", {"grows_by": 2, "seconds": 3}),
    ):
        told = lives(watch(rules(trigger, **keys), people, 18))
        assert len(told) == (1 if trigger == "crowd_growth" else 2), trigger
