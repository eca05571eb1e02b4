"""Rules about several people: too many, too few, nobody, more and more, one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules.incidents import Origin
from pipeline.types import Incident, IncidentState
from tests.fakes import IN, Walker, Way, camera, lives, now, rules, stays, watch, way

RATES = [2, 5, 10, 25]
OPENED, CLOSED = IncidentState.OPENED, IncidentState.CLOSED
SPOTS = [(0.42, 0.6), (0.46, 0.6), (0.5, 0.6), (0.54, 0.6), (0.58, 0.6)]


def people(*spells: Sequence[tuple[float, float]]) -> dict[int, Way]:
    """Each in the zone, at a place of their own, in these spells."""
    return {n: stays(*own, where=SPOTS[n % 5]) for n, own in enumerate(spells, 1)}


def spans(told: list[Incident]) -> list[tuple[float, float | None]]:
    """When each incident opened, and when it closed."""
    return [(life[0].at.media, life[-1].at.media if life[-1].state is CLOSED else None) for life in lives(told)]


@pytest.mark.parametrize("fps", RATES)
def test_too_many_last_from_the_one_who_is_too_much_until_somebody_has_left(fps: float):
    crowd = people([(0, 30)], [(2, 30)], [(5, 9)])
    ((opened, closed),) = spans(watch(rules("occupancy", people={"max": 2}), crowd, 20, fps))
    assert opened == pytest.approx(5, abs=1.01 / fps)
    assert closed == pytest.approx(9, abs=1.01 / fps)


def test_as_many_as_may_be_there_are_not_too_many():
    assert watch(rules("occupancy", people={"max": 3}), people([(0, 9)], [(0, 9)], [(0, 9)]), 15) == []


@pytest.mark.parametrize("fps", RATES)
def test_for_some_seconds_is_told_after_them_and_not_if_somebody_left_before(fps: float):
    watched = rules("occupancy", people={"max": 1}, seconds=3)
    assert spans(watch(watched, people([(0, 30)], [(5, 7.5)]), 20, fps)) == []
    watched, told = rules("occupancy", people={"max": 1}, seconds=3), []
    crowd = people([(0, 30)], [(5, 30)])
    for picture in range(round(12 * fps)):
        told += [(one, picture / fps) for one in watch(watched, _at(crowd, picture / fps), 0, start=picture / fps)]
    ((opened, told_at),) = told
    assert opened.at.media == pytest.approx(8, abs=1.01 / fps)
    assert 0 <= told_at - opened.at.media <= 1.01 / fps


def _at(crowd: dict[int, Way], at: float) -> dict[int, Way]:
    return {n: lambda _, one=one: one(at) for n, one in crowd.items()}


def test_a_number_that_hovers_at_the_limit_is_one_incident():
    """Peer bug 12: 21 identical alerts in 15 seconds."""
    hovers = [(5 + n, 5.5 + n) for n in range(20)]
    crowd = people([(0, 60)], [(0, 60)], hovers)
    (life,) = lives(watch(rules("occupancy", people={"max": 2}, confirm_s=0.2, update_s=600), crowd, 40, 10))
    assert [one.state for one in life] == [OPENED, CLOSED]


def test_it_is_of_the_place_and_not_of_a_person():
    (one,) = watch(rules("occupancy", people={"max": 1}), people([(0, 30)], [(2, 30)]), 5)
    assert one.track == 0
    assert one.box == pytest.approx((SPOTS[1][0] - 0.0375, 0.3, SPOTS[2][0] + 0.0375, 0.6), abs=1e-3)
    assert (one.zone, one.why["people"], one.why["max"], one.entered) == ("yard", 2, 1, None)


@pytest.mark.parametrize("fps", RATES)
def test_too_few_last_from_the_departure_until_there_are_enough(fps: float):
    crowd = people([(0, 40)], [(0, 10), (20, 40)])
    ((opened, closed),) = spans(watch(rules("occupancy", people={"min": 2}, seconds=4), crowd, 35, fps))
    assert opened == pytest.approx(14, abs=1.01 / fps)
    assert closed == pytest.approx(20, abs=1.01 / fps)


def test_both_limits_are_two_incidents():
    crowd = people([(0, 10)], [(0, 40)], [(5, 8)])
    told = watch(rules("occupancy", people={"min": 2, "max": 2}), crowd, 30)
    assert [life[0].why.get("max", life[0].why.get("min")) for life in lives(told)] == [2, 2]
    assert [round(start) for start, _ in spans(told)] == [5, 10]


@pytest.mark.parametrize("fps", RATES)
def test_absence_counts_from_the_last_who_left_or_from_the_first_picture(fps: float):
    told = watch(rules("absence", seconds=5), people([(12, 20)]), 40, fps)
    (first, second) = spans(told)
    assert first == (5, pytest.approx(12, abs=1.01 / fps))
    assert second == (pytest.approx(25, abs=1.01 / fps), None)


def test_who_is_hidden_or_passes_the_border_for_a_moment_is_not_absent():
    hidden = Walker(lambda at: None if 6 <= at < 9 else IN)
    assert watch(rules("absence", seconds=2), {1: hidden}, 20) == []
    steps_out = stays((0, 6), (7, 20))
    assert watch(rules("absence", seconds=0.5), {1: steps_out}, 20) == []


def test_nobody_is_missed_while_nobody_watched():
    watched = rules("absence", seconds=5)
    told = watch(watched, people([(0, 3)]), 6)
    assert told == []
    assert watched.interrupt(now(6.2), "camera_lost") == []
    assert [round(start) for start, _ in spans(watch(watched, people([]), 8, start=100))] == [105]


@pytest.mark.parametrize("fps", RATES)
def test_a_surge_is_told_once_when_the_last_of_them_comes(fps: float):
    crowd = people([(0, 60)], [(10, 60)], [(11, 60)], [(12, 60)])
    (one,) = spans(watch(rules("crowd_growth", grows_by=3, seconds=5), crowd, 30, fps))
    assert one[0] == pytest.approx(12, abs=1.01 / fps)


def test_people_who_come_slowly_or_were_there_at_the_beginning_are_no_surge():
    slowly = people(*[[(6.0 * n, 60)] for n in range(1, 6)])
    assert watch(rules("crowd_growth", grows_by=2, seconds=5), slowly, 40) == []
    there = people(*[[(0, 60)] for _ in range(5)])
    assert watch(rules("crowd_growth", grows_by=2, seconds=5), there, 20) == []


def test_who_takes_the_place_of_another_is_no_growth():
    crowd = people([(0, 10)], [(10.5, 60)], [(0, 11)], [(11.5, 60)])
    assert watch(rules("crowd_growth", grows_by=3, seconds=5), crowd, 20) == []


def test_a_second_surge_is_told_too():
    crowd = people([(5, 15)], [(6, 15)], [(30, 60)], [(31, 60)])
    assert [round(start) for start, _ in spans(watch(rules("crowd_growth", grows_by=2, seconds=4), crowd, 40))] == [
        6,
        31,
    ]


def walks(after: float, y: float = 0.6, back: bool = False) -> Way:
    """Over the line in the middle at `after` seconds."""
    ends = (0.9, 0.1) if back else (0.1, 0.9)
    return way((after - 4, ends[0], y), (after + 4, ends[1], y))


@pytest.mark.parametrize("fps", RATES)
def test_who_follows_through_the_door_within_the_time_is_told(fps: float):
    crowd = {1: walks(5), 2: walks(6.5, 0.5)}
    (life,) = lives(watch(rules("tailgate", seconds=2), crowd, 12, fps))
    assert life[0].track == 2
    assert life[0].at.media == pytest.approx(6.5, abs=0.01)
    assert life[0].why["behind_track"] == 1
    assert life[0].why["after_s"] == pytest.approx(1.5, abs=0.01)


def test_who_comes_later_or_the_other_way_does_not_tailgate():
    for other in (walks(7.5), walks(6, back=True)):
        assert watch(rules("tailgate", seconds=2), {1: walks(5), 2: other}, 14) == []


def test_of_three_in_a_row_the_second_and_the_third_are_told():
    """Peer bug 10: a change in their number would be one event."""
    crowd = {1: walks(5), 2: walks(6, 0.5), 3: walks(7, 0.7)}
    told = watch(rules("tailgate", seconds=2), crowd, 14)
    assert sorted((life[0].track, life[0].why["behind_track"]) for life in lives(told)) == [(2, 1), (3, 2)]


def test_tailgating_counts_one_direction_if_it_is_given():
    crowd = {1: walks(5), 2: walks(6, 0.5)}
    assert len(lives(watch(rules("tailgate", seconds=2, direction="left_to_right"), crowd, 12))) == 1
    assert watch(rules("tailgate", seconds=2, direction="right_to_left"), crowd, 12) == []
    assert len(lives(watch(rules("tailgate", seconds=2, direction="b_to_a"), crowd, 12))) == 1


def test_what_is_open_is_closed_when_the_watching_ends_or_the_rule_changes():
    crowd = people([(0, 30)], [(2, 30)])
    watched = rules("occupancy", people={"max": 1})
    (opened,) = watch(watched, crowd, 5)
    assert watched.open_incidents == 1
    (closed,) = watched.interrupt(now(5.2), "camera_lost")
    assert (closed.id, closed.state, closed.why["closed_because"]) == (opened.id, CLOSED, "camera_lost")
    assert watched.open_incidents == 0

    watched = rules("occupancy", people={"max": 1})
    watch(watched, crowd, 5)
    same, other = (camera(rule={"trigger": "occupancy", "people": {"max": most}}) for most in (1, 5))
    assert watched.reconfigure(same, Origin("school"), now(5.2)) == []
    assert watched.open_incidents == 1
    (closed,) = watched.reconfigure(other, Origin("school"), now(5.4))
    assert closed.why["closed_because"] == "rule_changed"
    assert watch(watched, crowd, 2, start=6) == []


def test_small_people_do_not_count():
    crowd = {1: stays((0, 30)), 2: Walker(stays((2, 30)), height=0.1)}
    keys = {"people": {"max": 1}, "person_height": {"min": 0.2}}
    assert watch(rules("occupancy", **keys), crowd, 8) == []


spells = st.lists(st.integers(0, 30), min_size=0, max_size=6, unique=True).map(
    lambda cuts: [(float(a), float(b)) for a, b in list(pairwise(sorted(cuts)))[::2] if b - a >= 3]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(spells, min_size=1, max_size=5), st.integers(0, 3), st.sampled_from([2.0, 5.0, 12.0]), st.booleans())
def test_the_number_is_that_of_those_who_are_there(
    who: list[list[tuple[float, float]]], limit: int, fps: float, few: bool
):
    """Against a count second by second; breaks shorter than `release_s` are bridged, for each and for all."""
    who = [_bridged(own) for own in who]
    keys = {"people": {"min": limit + 1} if few else {"max": limit}}
    told = watch(rules("occupancy", release_s=1.5, confirm_s=0.4, **keys), people(*who), 40, fps)
    counts = [sum(start <= second < end for own in who for start, end in own) for second in range(40)]
    beyond = [second for second, count in enumerate(counts) if (count <= limit if few else count > limit)]
    if few:
        return_to_limits = _spans_of(beyond, bridged=False)
        wanted = [(a, b) for a, b in return_to_limits if b - a > 1.5 or a == 0 or b == 40]
    else:
        wanted = _spans_of(beyond, bridged=True)
    found = spans(told)
    assert len(found) == len(wanted)
    for (opened, closed), (start, end) in zip(found, wanted, strict=True):
        assert opened == pytest.approx(start, abs=1.01 / fps)
        assert closed is None if end == 40 else closed == pytest.approx(end, abs=1.01 / fps)


def _bridged(own: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in own:
        if found and start - found[-1][1] < 1.5:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _spans_of(seconds: list[int], bridged: bool) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for second in seconds:
        if found and second - found[-1][1] < (1.5 if bridged else 0.5):
            found[-1] = (found[-1][0], second + 1.0)
        else:
            found.append((float(second), second + 1.0))
    return found


def test_a_surge_that_goes_on_is_told_for_each_as_many_more():
    crowd = people([(10, 60)], [(11, 60)], [(12, 60)], [(13, 60)], [(14, 60)])
    told = spans(watch(rules("crowd_growth", grows_by=2, seconds=8), crowd, 40))
    assert [round(start) for start, _ in told] == [11, 13]


def test_a_stray_box_while_somebody_is_perhaps_leaving_moves_no_time():
    """The last who left is let go while another is perhaps about to come in: it was doubtful, and counts from then."""
    crowd = {1: stays((0, 10), where=SPOTS[1]), 2: stays((11.8, 12.2), where=SPOTS[3])}
    ((opened, _),) = spans(watch(rules("absence", seconds=5), crowd, 20, 5))
    assert opened == pytest.approx(15, abs=0.3)
