"""Crossings of a door's line and grants of its reader: who came without one, two on one, and who never came."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.rules.access import _LATE_S, _PATIENCE_S
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Incident, IncidentState, Moment
from tests.fakes import SIZE, Street, Walker, Way, camera, way

OPENED = IncidentState.OPENED
DOOR = {"door": "north", "seconds": 6, "direction": "left_to_right"}
ALL: dict[str, dict[str, Any]] = {
    "without": {"trigger": "unbadged", **DOOR},
    "behind": {"trigger": "tailgate", **DOOR},
    "unused": {"trigger": "unused_grant", **DOOR},
}


def crosses(at: float, back: bool = False) -> Way:
    """Over the line, which is at 0.5, then."""
    a, b = (0.6, 0.4) if back else (0.4, 0.6)
    return way((at - 1, a, 0.5), (at + 1, b, 0.5))


def told(
    people: dict[int, Way],
    grants: list[tuple[str, float]],
    until: float = 40.0,
    known: Any = lambda at: at,
    late: float = 0.3,
    ahead: float = 1.8e9,
    **rules: dict[str, Any],
) -> list[tuple[str, int, float, Any]]:
    """Rule, track, when, and what it says of grants; each is known `late` after it was given, and all up to `known`."""
    watched = Rules(camera(**(rules or ALL)), Origin("s"))
    street, rest = Street({n: Walker(one) for n, one in people.items()}), sorted(grants, key=lambda one: one[1])
    found: list[Incident] = []
    for n in range(round(until * 5)):
        at = n / 5
        if (up_to := known(at)) is not None:
            new = [one for one in rest if one[1] + late <= at]
            rest = rest[len(new) :]
            watched.access([(door, ahead + given) for door, given in new], ahead + up_to - late)
        found += watched.update(street.tracks(at), Now(Moment(at), ahead + at, ahead + at, SIZE))
    return [
        (one.rule, one.track, round(one.at.media, 1), one.why.get("grants")) for one in found if one.state is OPENED
    ]


def at(found: list[tuple[str, int, float, Any]]) -> list[tuple[str, int, float]]:
    return [(rule, track, round(when)) for rule, track, when, _ in found]


def test_who_has_a_grant_goes_through_and_nobody_is_told():
    assert told({1: crosses(10)}, [("north", 7.0)]) == []


def test_who_has_none_is_told_of_when_they_crossed():
    assert at(told({1: crosses(10)}, [])) == [("without", 1, 10)]


@pytest.mark.parametrize("given", [3.5, 11.5])
def test_a_grant_long_before_or_after_is_none_of_theirs_and_nobody_has_used_it(given: float):
    assert sorted(at(told({1: crosses(10)}, [("north", given)]))) == [("unused", 0, round(given)), ("without", 1, 10)]


def test_a_grant_that_comes_late_counts_and_a_clock_may_be_a_little_ahead():
    assert told({1: crosses(10)}, [("north", 8.0)], late=_LATE_S - 0.3) == []
    assert told({1: crosses(10)}, [("north", 10.8)]) == []


def test_another_doors_grant_is_nobodys_here():
    assert at(told({1: crosses(10)}, [("south", 8.0)])) == [("without", 1, 10)]


def test_the_other_way_nobody_needs_one():
    assert told({1: crosses(10, back=True)}, []) == []


def test_of_two_on_one_grant_the_second_is_told_as_such():
    assert at(told({1: crosses(10), 2: crosses(12)}, [("north", 8.0)])) == [("behind", 2, 12)]


def test_two_with_a_grant_each_are_no_matter_who_badged_first():
    assert told({1: crosses(10), 2: crosses(11)}, [("north", 8.0), ("north", 8.4)]) == []


def test_a_grant_that_nobody_used_is_told_of_the_place():
    (one,) = told({1: crosses(10)}, [("north", 8.0), ("north", 20.0)])
    assert one == ("unused", 0, 20.0, None)


def test_while_grants_are_not_known_it_is_waited_for_and_then_told_of_all():
    away = lambda at: at if at < 5 or at > 30 else 5.0  # noqa: E731
    assert told({1: crosses(10)}, [("north", 9.0)], known=away, late=0.0) == []
    assert at(told({1: crosses(10)}, [], known=away, late=0.0)) == [("without", 1, 10)]


def test_after_a_minute_it_is_told_that_nobody_knows():
    (one,) = told({1: crosses(10)}, [], until=85, known=lambda at: min(at, 5.0))
    assert one == ("without", 1, pytest.approx(10, abs=0.3), "not known")
    assert told({1: crosses(10)}, [], until=10 + _PATIENCE_S - 2, known=lambda at: min(at, 5.0)) == []


def test_where_nothing_ever_tells_of_grants_nobody_is_judged():
    assert told({1: crosses(10)}, [], until=90, known=lambda at: None) == []


def test_who_waits_for_a_grant_is_not_forgotten_when_they_have_left():
    """Their track ended a moment after the crossing."""
    watched = Rules(camera(**ALL), Origin("s"))
    street = Street({1: Walker(crosses(10), until=12)})
    found: list[Incident] = []
    for n in range(400):
        now = n / 5
        if now > 40:
            watched.access([], now)
        elif n == 0:
            watched.access([], 0.0)
        found += watched.update(street.tracks(now), Now(Moment(now, now), size=SIZE))
    assert [(one.rule, one.track) for one in found if one.state is OPENED] == [("without", 1)]


def test_a_camera_that_was_away_says_nothing_of_grants_that_it_could_not_see_used():
    watched, street = Rules(camera(unused=ALL["unused"]), Origin("s")), Street({})
    found: list[Incident] = []
    for n in range(300):
        at = n / 5
        watched.access([("north", 10.0)] if n == 50 else [], at)
        now = Now(Moment(at, at), size=SIZE)
        if n == 60:
            found += watched.interrupt(now, "camera_lost")
        found += watched.update(street.tracks(at), now)
    assert found == []


def test_after_an_interruption_a_grant_from_before_it_still_counts():
    watched, street = Rules(camera(without=ALL["without"]), Origin("s")), Street({1: Walker(crosses(12))})
    found: list[Incident] = []
    for n in range(200):
        at = n / 5
        watched.access([("north", 9.0)] if n == 46 else [], at)
        now = Now(Moment(at, at), size=SIZE)
        if n == 52:
            found += watched.interrupt(now, "camera_lost")
        found += watched.update(street.tracks(at), now)
    assert found == []


times = st.lists(st.integers(2, 30), max_size=5, unique=True)


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(times, times)
def test_each_grant_lets_one_through_by_a_count_of_its_own(crossings: list[int], grants: list[int]):
    """An oracle: crossings in order of time, each takes the earliest grant of the last six seconds that is left."""
    people = {n: crosses(when + 0.5) for n, when in enumerate(crossings, 1)}
    found = told(people, [("north", float(one)) for one in grants], until=50)
    left, without, behind = sorted(grants), [], []
    for when in sorted(crossings):
        fit = [one for one in sorted(grants) if when + 0.5 - 6 <= one <= when + 1.5]
        own = [one for one in fit if one in left]
        if own:
            left.remove(own[0])
        else:
            (behind if fit else without).append(when)
    expected = [("without", when) for when in without] + [("behind", when) for when in behind]
    expected += [("unused", when) for when in left]
    assert sorted((rule, math.floor(when + 0.2)) for rule, _, when, _ in found) == sorted(expected)
