"""One person in several zones, or in one several times: in order, and long in all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.types import IncidentState
from tests.fakes import Walker, Way, lives, rules, stays, visits, watch, way

RATES = [2, 5, 10, 25]
LEFT = {"polygon": [[0.1, 0.4], [0.3, 0.4], [0.3, 0.8], [0.1, 0.8]]}
RIGHT = {"polygon": [[0.6, 0.4], [0.8, 0.4], [0.8, 0.8], [0.6, 0.8]]}
AREAS = {"gate": LEFT, "yard": RIGHT}
IN_GATE, IN_YARD, BETWEEN = (0.2, 0.6), (0.7, 0.6), (0.45, 0.6)


def goes(*steps: tuple[float, str]) -> Way:
    """From a time on in the gate, in the yard, or between them."""
    places = {"gate": IN_GATE, "yard": IN_YARD, "between": BETWEEN}
    return lambda at: next((places[name] for since, name in reversed(steps) if at >= since), BETWEEN)


def sequence(**keys):
    return rules("sequence", areas=AREAS, **{"zones": ["gate", "yard"], "seconds": 5, **keys})


@pytest.mark.parametrize("fps", RATES)
def test_who_goes_from_one_to_the_other_in_time_is_told_when_they_come(fps: float):
    walk = goes((3, "gate"), (20, "between"), (23, "yard"), (30, "between"))
    (life,) = lives(watch(sequence(), {1: walk}, 40, fps))
    assert life[0].at.media == pytest.approx(23, abs=1.01 / fps)
    assert life[0].entered.media == pytest.approx(3, abs=1.01 / fps)
    assert (life[0].zone, life[0].why["zones"], life[-1].state) == ("yard", ["gate", "yard"], IncidentState.CLOSED)


@pytest.mark.parametrize(
    "walk",
    [
        goes((3, "yard"), (20, "between"), (23, "gate"), (30, "between")),
        goes((3, "gate"), (10, "between"), (16, "yard"), (30, "between")),
        goes((3, "gate"), (10, "between")),
        goes((3, "yard"), (10, "between")),
    ],
    ids=["the other way", "too late", "the first only", "the second only"],
)
def test_any_other_way_is_no_sequence(walk: Way):
    assert watch(sequence(), {1: walk}, 40) == []


def test_two_people_do_not_make_a_sequence_between_them():
    one, two = goes((3, "gate"), (10, "between")), goes((11, "yard"), (20, "between"))
    assert watch(sequence(), {1: one, 2: two}, 30) == []


def test_twice_is_told_twice_and_once_only_once():
    twice = goes((3, "gate"), (6, "between"), (8, "yard"), (12, "between"), (20, "gate"), (24, "between"), (26, "yard"))
    assert [round(one[0].at.media) for one in lives(watch(sequence(), {1: twice}, 40))] == [8, 26]
    back_into_the_second = goes((3, "gate"), (6, "between"), (7, "yard"), (8, "between"), (10.5, "yard"))
    assert len(lives(watch(sequence(), {1: back_into_the_second}, 30))) == 1


def test_of_three_zones_all_must_be_in_order_and_each_in_time():
    areas = {**AREAS, "door": {"polygon": [[0.4, 0.4], [0.5, 0.4], [0.5, 0.8], [0.4, 0.8]]}}
    keys = {"areas": areas, "zones": ["gate", "door", "yard"], "seconds": 3}
    through = way((0, 0.05, 0.6), (20, 0.95, 0.6))
    assert len(lives(watch(rules("sequence", **keys), {1: through}, 25))) == 1
    assert watch(rules("sequence", **{**keys, "zones": ["gate", "yard", "door"]}), {1: through}, 25) == []
    assert watch(rules("sequence", **{**keys, "seconds": 2}), {1: through}, 25) == []


@pytest.mark.parametrize("fps", [3, 5, 25])
def test_who_runs_through_the_first_has_been_there(fps: float):
    runs = way((0, 0.02, 0.6), (3, 0.05, 0.6), (4, 0.45, 0.6), (6, 0.45, 0.6), (7, 0.7, 0.6), (20, 0.7, 0.6))
    assert len(lives(watch(sequence(), {1: runs}, 15, fps))) == 1


@pytest.mark.parametrize("fps", RATES)
def test_stays_within_the_window_add_up(fps: float):
    walk = stays((2, 6), (10, 14), (18, 22))
    (life,) = lives(watch(rules("dwell", seconds=10, window_s=60), {1: walk}, 30, fps))
    assert life[0].at.media == pytest.approx(20, abs=3.01 / fps)
    assert life[0].why["stays"] == 3
    assert life[-1].left.media == pytest.approx(22, abs=1.01 / fps)


def test_what_is_longer_ago_than_the_window_does_not_count():
    walk = stays((2, 6), (30, 34), (60, 64))
    assert watch(rules("dwell", seconds=10, window_s=40), {1: walk}, 80) == []
    assert watch(rules("dwell", seconds=10), {1: walk}, 80) == []


def test_after_it_was_told_the_count_begins_anew():
    walk = stays((2, 14), (20, 25), (30, 36))
    told = lives(watch(rules("dwell", seconds=10, window_s=120), {1: walk}, 60))
    assert [round(life[0].at.media) for life in told] == [12, 35]


@pytest.mark.parametrize("fps", RATES)
def test_who_is_long_in_several_zones_loiters(fps: float):
    walk = goes((2, "gate"), (8, "yard"), (16, "between"))
    keys = {"areas": AREAS, "zones": ["gate", "yard"]}
    (life,) = lives(watch(rules("loiter", seconds=10, **keys), {1: walk}, 30, fps))
    assert life[0].at.media == pytest.approx(12, abs=3.01 / fps)
    assert life[0].zone == "yard"
    assert life[-1].at.media == pytest.approx(16, abs=1.01 / fps)
    assert watch(rules("loiter", seconds=16, **keys), {1: walk}, 30, fps) == []


def test_zones_that_overlap_count_once():
    areas = {"a": LEFT, "b": {"polygon": [[0.05, 0.3], [0.35, 0.3], [0.35, 0.9], [0.05, 0.9]]}}
    walk = goes((2, "gate"), (8, "between"))
    keys = {"areas": areas, "zones": ["a", "b"]}
    assert watch(rules("loiter", seconds=8, **keys), {1: walk}, 30) == []
    assert len(lives(watch(rules("loiter", seconds=5, **keys), {1: walk}, 30))) == 1


def test_who_is_hidden_does_not_loiter_meanwhile():
    hidden = Walker(lambda at: (0.5, 0.6) if at < 4 else None)
    assert watch(rules("dwell", seconds=6, window_s=60), {1: hidden}, 20) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(2, 6), st.integers(3, 6)), min_size=1, max_size=6),
    st.integers(4, 20),
    st.sampled_from([8.0, 12.0, 25.0]),
)
def test_the_sum_is_that_of_the_stays(steps: list[tuple[int, int]], seconds: int, fps: float):
    """Against the stays as they were drawn, summed one by one; `seconds` is half a second off any of their sums."""
    spells, at = [], 1.0
    for length, pause in steps:
        spells.append((at, at + length))
        at += length + pause
    need, total, wanted = seconds + 0.5, 0.0, []
    for start, end in spells:
        total += end - start
        if total >= need:
            wanted.append((start, end))
            total = 0.0
    told = watch(rules("dwell", seconds=need, window_s=600), {1: stays(*spells)}, at + 8, fps)
    found = visits(told)
    assert len(found) == len(wanted)
    for (_, left), (_, end) in zip(found, wanted, strict=True):
        assert left == pytest.approx(end, abs=1.01 / fps)


def test_who_is_found_in_both_at_once_has_not_gone_from_one_to_the_other():
    areas = {"gate": LEFT, "yard": {"polygon": [[0.05, 0.3], [0.35, 0.3], [0.35, 0.9], [0.05, 0.9]]}}
    assert watch(rules("sequence", areas=areas, zones=["gate", "yard"], seconds=5), {1: way((0, *IN_GATE))}, 10) == []


def test_the_way_between_two_zones_is_in_neither():
    walk = goes((2, "gate"), (7, "between"), (8.6, "yard"), (9.4, "between"))
    keys = {"areas": AREAS, "zones": ["gate", "yard"]}
    assert watch(rules("loiter", seconds=6.6, **keys), {1: walk}, 20, 10) == []
    assert len(lives(watch(rules("loiter", seconds=5.3, **keys), {1: walk}, 20, 10))) == 1


def test_the_way_between_two_zones_does_not_count_while_it_is_in_doubt_whether_they_left_the_first():
    """`release_s` of the first is not over when they are in the second."""
    walk = goes((0, "gate"), (5, "between"), (7, "yard"))
    told = watch(rules("loiter", areas=AREAS, zones=["gate", "yard"], seconds=6, release_s=5), {1: walk}, 20, 5)
    assert told[0].at.media == pytest.approx(8.0, abs=0.41)
