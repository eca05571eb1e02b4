"""Who counts, how surely, and how often it is told: overlap, k of n, heights by row, cooldown, groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Heights, ModeSettings, Rule, Zone
from pipeline.perceive.sieve import Sieve
from pipeline.rules.account import Gate
from pipeline.rules.area import Covered
from pipeline.rules.calendar import Calendars
from pipeline.rules.geometry import clipped, size
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Incident, IncidentState, Mode, Moment, Point
from tests.fakes import (
    ASPECT,
    AWAY,
    IN,
    Street,
    Walker,
    camera,
    lives,
    rules,
    seen,
    sighting,
    stays,
    visits,
    watch,
    way,
)

ZONE = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.8], [0.4, 0.8]]
L_SHAPE: list[Point] = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.4), (0.4, 0.4), (0.4, 0.9), (0.1, 0.9)]


def covered_by(points: list[Point], box: tuple[float, float, float, float], n: int = 200) -> float:
    """An oracle: the share of a fine grid's points of the box that lie in the polygon."""
    xs, ys = (
        np.linspace(low, high, n, endpoint=False) + (high - low) / n / 2
        for low, high in zip(box[:2], box[2:], strict=True)
    )
    x, y = np.meshgrid(xs, ys)
    odd = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        if ay != by:
            odd ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return float(odd.mean())


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 0.6), st.floats(0.05, 0.6))
def test_how_much_of_a_box_lies_in_a_zone_with_corners_that_go_in(x: float, y: float, w: float, h: float):
    box = (x, y, x + w, y + h)
    assert size(clipped(tuple(L_SHAPE), box)) / (w * h) == pytest.approx(covered_by(L_SHAPE, box), abs=0.02)


def test_of_a_box_over_a_hole_what_is_in_the_hole_does_not_count():
    hole = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]
    zone = Zone.model_validate({"polygon": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]], "holes": [hole]})
    one = sighting(0.0, (0.5, 0.6), height=0.2)
    wide = sighting(0.0, (0.5, 0.8), height=0.4)
    shares = [Covered(zone, ASPECT, 0.3).share(with_width(each, width)) for each, width in ((one, 0.2), (wide, 0.4))]
    assert shares == [pytest.approx(0.0), pytest.approx((0.4 * 0.4 - 0.2 * 0.2) / 0.16)]


def with_width(one: Any, width: float) -> Any:
    return replace(one, width=width)


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_who_covers_the_zone_with_enough_of_the_box_is_in_it_though_their_feet_are_not(fps: float):
    """They stand below it: feet at 0.9, the box from 0.6 up; half of it is in the zone, which ends at 0.8."""
    walk = {1: way((0, 0.2, 0.9), (4, 0.5, 0.9), (10, 0.5, 0.9), (14, 0.2, 0.9))}
    assert watch(rules(zone=ZONE), walk, 18, fps) == []
    told = watch(rules(zone=ZONE, anchor="overlap", overlap=0.5), walk, 18, fps)
    ((entered, left),) = visits(told)
    assert entered == pytest.approx(2.9, abs=0.5)
    assert left is not None
    assert left == pytest.approx(11.1, abs=0.7)


def test_who_is_near_the_limit_of_overlap_is_one_visit_and_not_many():
    wobble = way(*[(n * 0.4, 0.5, 0.9 + 0.015 * (-1) ** n) for n in range(100)])
    assert len(lives(watch(rules(zone=ZONE, anchor="overlap", overlap=0.62), {1: wobble}, 30, 5))) == 1


def flickering(pattern: str, fps: float = 5.0) -> dict[int, Any]:
    """In the zone at each picture where there is an x, else away."""
    return {1: lambda at: IN if pattern[min(int(at * fps + 1e-6), len(pattern) - 1)] == "x" else AWAY}


@pytest.mark.parametrize(
    ("pattern", "keys", "told"),
    [
        ("..x.x.x.x.x......................", {"confirm_samples": 3, "confirm_of": 5, "confirm_s": 0}, 1),
        ("..x.x.x.x.x......................", {"confirm_samples": 3, "confirm_s": 0}, 0),
        ("..x.x.x.x.x......................", {"confirm_samples": 4, "confirm_of": 5, "confirm_s": 0}, 0),
        ("..xx.x...........................", {"confirm_samples": 3, "confirm_of": 4, "confirm_s": 0}, 1),
        ("..x...x...x...x...x..............", {"confirm_samples": 2, "confirm_of": 3, "confirm_s": 0}, 0),
        ("..xx.xxx.........................", {"confirm_samples": 2, "confirm_of": 4, "confirm_s": 1}, 1),
        ("..xx.x...........................", {"confirm_samples": 2, "confirm_of": 4, "confirm_s": 1}, 0),
    ],
)
def test_so_many_of_so_many_sightings_are_an_entry(pattern: str, keys: dict[str, Any], told: int):
    found = lives(watch(rules("inside", zone=ZONE, **keys), flickering(pattern), len(pattern) / 5, 5))
    assert len(found) == told
    for life in found:
        assert life[0].entered is not None
        assert life[0].entered.media == pytest.approx(0.4, abs=0.2)


@given(st.text("x.", min_size=20, max_size=40), st.integers(1, 4), st.integers(0, 3))
def test_an_entry_by_k_of_n_is_one_that_a_count_of_the_last_n_finds(pattern: str, k: int, more: int):
    """An oracle: the first time at which k of the n sightings since an entry began are in it."""
    n = k + more
    told = lives(
        watch(
            rules("inside", zone=ZONE, confirm_s=0, confirm_samples=k, confirm_of=n, release_s=0.1),
            flickering(pattern + "." * 30),
            len(pattern) / 5 + 5,
            5,
        )
    )
    assert bool(told) is entered(pattern, k, n)


def entered(pattern: str, k: int, n: int) -> bool:
    recent: list[bool] = []
    for one in pattern:
        if not recent and one == ".":
            continue
        recent = [*recent, one == "x"][-n:]
        if sum(recent) >= k:
            return True
        if n - len(recent) + sum(recent) < k:
            recent = []
    return False


ROWS = {"by_row": [[0.2, 0.1], [0.8, 0.4]], "tolerance": 0.4}


@pytest.mark.parametrize(
    ("row", "height", "counts"),
    [
        (0.2, 0.1, True),
        (0.2, 0.14, True),
        (0.2, 0.15, False),
        (0.2, 0.05, False),
        (0.5, 0.25, True),
        (0.5, 0.4, False),
        (0.9, 0.45, True),
        (0.9, 0.2, False),
        (0.0, 0.0, True),
        (0.0, 0.1, False),
    ],
)
def test_people_are_as_tall_as_where_they_stand_says(row: float, height: float, counts: bool):
    assert Heights.model_validate(ROWS).unlike(height, row) is not counts


def test_who_is_too_tall_for_where_they_stand_does_not_count():
    heights = Heights.model_validate(ROWS)
    sieve = Sieve([], 0.01, None, heights.unlike)
    rows = [(0.5, 0.5), (0.7, 0.8)]
    counting = [[len(sieve.counting(seen(at, height=height), ASPECT)) for at in rows] for height in (0.1, 0.25, 0.4)]
    assert counting == [[0, 0], [1, 1], [0, 1]]
    assert len(sieve.counting(seen((0.5, 1.0), height=0.05), ASPECT)) == 1  # cut off by the picture's edge


def test_a_rule_leaves_out_whom_its_rows_do():
    walk = {1: Walker(way((0, *IN)), height=0.3), 2: Walker(way((0, *IN)), height=0.1)}
    found = watch(rules(zone=ZONE, person_height={"by_row": [[0.2, 0.1], [0.8, 0.4]], "tolerance": 0.2}), walk, 5)
    assert {one.track for one in found} == {1}


SPELLS = [(1.0, 4.0), (8.0, 11.0), (15.0, 18.0), (40.0, 43.0)]


def test_within_the_cooldown_it_is_counted_and_not_told():
    told = watch(rules(zone=ZONE, cooldown_s=20), {1: stays(*SPELLS)}, 50)
    said = [one for one in told if one.unsaid is None]
    folded = [one for one in told if one.unsaid == "folded"]
    assert [one.entered.media for one in said if one.state is IncidentState.OPENED and one.entered] == [
        pytest.approx(1.0, abs=0.3),
        pytest.approx(40.0, abs=0.3),
    ]
    assert len(lives(said)) == 2
    assert len(folded) == 2
    assert said[2].why["folded"] == 2
    assert "folded" not in said[0].why


def test_who_comes_back_in_the_cooldown_and_stays_is_told_when_it_is_over():
    told = [
        one for one in watch(rules(zone=ZONE, cooldown_s=10), {1: stays((1, 4), (8, 40))}, 50) if one.unsaid is None
    ]
    first, second = lives(told)
    assert first[-1].state is IncidentState.CLOSED
    assert second[0].at.media == pytest.approx(14.0, abs=0.3)
    assert second[0].entered is not None
    assert second[0].entered.media == pytest.approx(8.0, abs=0.3)
    assert second[-1].state is IncidentState.CLOSED


def test_another_person_is_told_at_once():
    walk = {1: stays((1, 4), (8, 11)), 2: stays((6, 12))}
    told = [one for one in watch(rules(zone=ZONE, cooldown_s=60), walk, 20) if one.unsaid is None]
    assert sorted(life[0].track for life in lives(told)) == [1, 2]


def test_crossings_to_and_fro_are_folded_too():
    walk = {1: way(*[(3 * n, 0.4 + 0.2 * (n % 2), 0.5) for n in range(10)])}
    every = watch(rules("cross", zone=ZONE), walk, 30)
    told = watch(rules("cross", zone=ZONE, cooldown_s=7), walk, 30)
    said = lives(one for one in told if one.unsaid is None)
    folded = [one for one in told if one.unsaid is not None and one.state is IncidentState.OPENED]
    assert len(said) + len(folded) == len(lives(every)) == 9
    assert [life[0].why.get("folded", 0) for life in said] == [0, 2, 2]


@pytest.mark.parametrize("armed_again_at", [None, 20.0])
def test_who_came_back_is_told_when_cooldown_and_schedule_both_allow_it(armed_again_at: float | None):
    """Unarmed from 6 s on, in the cooldown, which ends at 14 s."""
    armed = camera(rule={"trigger": "enter", "cooldown_s": 10, "tags": ["door"]})
    lockdown = Calendars(mode=Mode("lockdown", armed_again_at or 0.0))
    event = Calendars(modes={"event": ModeSettings(disarm=("door",))}, mode=Mode("event", 9.0))
    watched, street = Rules(armed, Origin("s")), Street({1: Walker(stays((1, 4), (8, 60)))})
    told: list[Incident] = []
    for n in range(200):
        now = Now(Moment(n / 5, n / 5), n / 5, n / 5)
        if n == 46:
            told += watched.reconfigure(armed, Origin("s", calendars=event), now)
        if armed_again_at is not None and n == round(armed_again_at * 5):
            told += watched.reconfigure(armed, Origin("s", calendars=lockdown), now)
        told += watched.update(street.tracks(n / 5), now)
    opened = [one.at.media for one in told if one.unsaid is None and one.state is IncidentState.OPENED]
    assert opened[1:] == ([] if armed_again_at is None else [pytest.approx(20.0, abs=0.3)])


def test_alerts_that_open_soon_after_each_other_are_of_one_group():
    walk = {n: stays((start, start + 2)) for n, start in ((1, 1), (2, 4), (3, 8), (4, 30))}
    told = lives(watch(rules(zone=ZONE, group_s=6), walk, 40))
    groups = [life[0].group for life in told]
    assert groups == [told[0][0].id] * 3 + [told[3][0].id]
    assert all(one.group == life[0].group for life in told for one in life)
    assert {life[0].group for life in lives(watch(rules(zone=ZONE), walk, 40))} == {None}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"confirm_samples": 4, "confirm_of": 3}, "is below confirm_samples: 3 and 4"),
        ({"overlap": 0.5}, "does nothing without `anchor: overlap`"),
        ({"person_height": {"by_row": [[0.3, 0.1]]}}, "is one row"),
        ({"person_height": {"by_row": [[0.9, 0.1], [0.3, 0.4]]}}, "is not in order"),
        ({"person_height": {"tolerance": 0.3}}, "does nothing without by_row"),
        ({"person_height": {"by_row": [[0.3, 0.1], [1.3, 0.4]]}}, "1"),
    ],
)
def test_what_says_nothing_or_cannot_be_is_told(keys: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        Rule.model_validate({"trigger": "enter", "zone": "yard", **keys})


def test_a_box_does_not_overlap_a_line():
    with pytest.raises(ValueError, match="a box does not overlap a line"):
        Rule.model_validate({"trigger": "cross", "line": "door", "anchor": "overlap"})


def test_in_the_cooldown_the_account_says_so():
    watched = Rules(camera(rule={"trigger": "enter", "cooldown_s": 30}), Origin("s"))
    street, moment = Street({1: Walker(stays((1, 4), (8, 60)))}), Now(Moment(0.0))
    for n in range(60):
        moment = Now(Moment(n / 5))
        watched.update(street.tracks(n / 5), moment)
    ((track, told),) = watched.accounts(moment)["rule"]
    assert (track, told.gate, told.words) == (1, Gate.NOT_YET, "was told of a moment ago: cooldown_s is 30")
