"""Enter, inside, dwell and exit: one visit is one incident, however the sightings fall."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.types import IncidentState, Point
from tests.fakes import ASPECT, AWAY, HEIGHT, IN, Walker, Way, lives, rules, stays, visits, watch, way

RATES = [2, 5, 10, 25]
TO_THE_EDGE = [[0.3, 0.4], [0.7, 0.4], [0.7, 1.0], [0.3, 1.0]]

# Who is just outside has not left yet: to be clear of the border takes this walker so long.
CLEAR_S = 0.05 * HEIGHT / ASPECT / 0.05 + 0.01
# Into the zone at 2 s, out of it at 6 s.
THROUGH = way((0, 0.3, 0.6), (4, 0.5, 0.6), (8, 0.7, 0.6))


@pytest.mark.parametrize("start", [0.0, 1.8e9], ids=["from zero", "as wall time"])
@pytest.mark.parametrize("fps", RATES)
def test_a_visit_has_the_same_times_at_any_rate(fps: float, start: float):
    ((entered, left),) = visits(watch(rules(), {1: THROUGH}, 12, fps, start))
    assert start + 2 - 0.6 * CLEAR_S <= entered <= start + 2.01
    assert start + 6 <= left <= start + 6 + CLEAR_S


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(("confirm_s", "release_s"), [(0.4, 2.0), (1.0, 0.5), (0.0, 0.0)])
def test_it_is_told_after_confirm_s_and_closed_after_release_s_at_any_rate(
    fps: float, confirm_s: float, release_s: float
):
    watched, told = rules(confirm_s=confirm_s, release_s=release_s), []
    walk = stays((2, 6))
    for picture in range(round(10 * fps) + 1):
        at = picture / fps
        told += [(one.state, at) for one in _step(watched, walk, at)]
    assert [state for state, _ in told] == [IncidentState.OPENED, IncidentState.CLOSED]
    for (_, at), wanted in zip(told, (2 + confirm_s, 6 + release_s), strict=True):
        assert wanted - 1e-6 <= at <= wanted + 1 / fps + 1e-6


def _step(watched, walk, at):
    return watch(watched, {1: lambda _: walk(at)}, 0, start=at)


@pytest.mark.parametrize("trigger", ["enter", "inside"])
def test_who_is_found_in_the_zone_raises_and_the_alert_says_so(trigger: str):
    (life,) = lives(watch(rules(trigger), {1: way((0, *IN))}, 3))
    assert life[0].why["appeared_inside"] is True
    assert life[0].entered.media == 0


def test_who_walks_in_did_not_appear_inside():
    (life,) = lives(watch(rules(), {1: THROUGH}, 12))
    assert life[0].why["appeared_inside"] is False


def test_who_was_seen_outside_before_the_track_was_sure_did_not_appear_inside():
    (life,) = lives(watch(rules(), {1: Walker(THROUGH, since=1.4, sure_s=0.6)}, 12, fps=2))
    assert life[0].why["appeared_inside"] is False


def test_who_stops_short_of_the_border_by_less_than_the_error_of_a_box_is_in():
    """A detector puts the feet of one who stands on the border a few per cent of their height beside it."""
    aside = HEIGHT / ASPECT
    assert len(visits(watch(rules(), {1: way((0, *AWAY), (2, 0.4 - 0.025 * aside, 0.6))}, 8))) == 1
    assert visits(watch(rules(), {1: way((0, *AWAY), (2, 0.4 - 0.035 * aside, 0.6))}, 8)) == []


def test_who_stays_outside_raises_nothing():
    for trigger in ("enter", "inside", "exit"):
        assert watch(rules(trigger), {1: way((0, 0.2, 0.6), (5, 0.3, 0.6))}, 6) == []


@pytest.mark.parametrize("fps", RATES)
def test_feet_that_rest_on_the_border_are_one_visit(fps: float):
    """One percent of the picture in, one out, in and out again."""

    def on_the_border(at: float) -> Point:
        wobble = 0.01 if round(at * fps) % 2 else -0.01
        return (0.4 + wobble, 0.6) if 2 <= at < 20 else AWAY

    def walked_in_first(at: float) -> Point:
        return IN if 1 <= at < 2 else on_the_border(at)

    ((entered, left),) = visits(watch(rules(), {1: walked_in_first}, 24, fps))
    assert entered == pytest.approx(1, abs=1 / fps)
    assert left == pytest.approx(20, abs=1 / fps)


def test_who_walks_off_left_when_they_crossed_the_border_though_a_box_trembles():
    """Boxes are true to 3 % of a height: one that falls back that near to the border is no return to the zone."""
    for tremble in (0.028, -0.005, -0.025):
        beyond = {10: -0.05, 11: 0.01, 12: 0.035, 13: 0.039, 14: tremble, 15: 0.166, 16: 0.21}  # heights, by picture

        def walks_off(at: float, beyond: dict[int, float] = beyond) -> Point:
            picture = round(at * 10)
            return (0.6 + beyond.get(picture, 0.3) * HEIGHT / ASPECT, 0.6) if picture >= 10 else IN

        ((_, left),) = visits(watch(rules(), {1: walks_off}, 6, 10))
        assert 1.0 <= left <= 1.1, tremble


def test_who_waits_a_hands_breadth_beside_the_zone_has_not_left_it():
    """For a minute: nearer than says that somebody has left, farther than boxes tremble."""
    beside = 0.6 + 0.04 * HEIGHT / ASPECT
    walk = way((0, 0.5, 0.6), (1, beside, 0.6), (61, beside, 0.6), (62, 0.5, 0.6), (63, 0.9, 0.6))
    (life,) = lives(watch(rules(), {1: walk}, 70))
    assert life[-1].state is IncidentState.CLOSED
    assert life[-1].at.media > 61


def test_feet_that_only_flicker_at_the_border_are_one_visit_at_most():
    for phase in (0, 1):
        told = watch(rules(), {1: lambda at, p=phase: (0.4 + (0.01 if (round(at * 5) + p) % 2 else -0.01), 0.6)}, 20)
        assert len(lives(told)) <= 1


def test_feet_at_the_lower_edge_of_the_picture_are_in_a_zone_that_ends_there():
    """A detector that cannot see the feet puts them a little above or a little below the edge."""
    told = watch(rules(zone=TO_THE_EDGE), {1: lambda at: (0.5, 1.01 if round(at * 5) % 3 else 0.99)}, 6)
    assert len(lives(told)) == 1
    assert told[0].entered.media == 0


def test_one_missed_picture_ends_nothing():
    def blinks(at: float) -> Point | None:
        return None if round(at * 5) == 20 else THROUGH(at)

    assert len(visits(watch(rules(), {1: blinks}, 12))) == 1


def test_a_second_of_hiding_ends_nothing():
    def hides(at: float) -> Point | None:
        return None if 3 < at < 4.5 else THROUGH(at)

    ((entered, left),) = visits(watch(rules(), {1: hides}, 12))
    assert (entered, left) == (pytest.approx(2, abs=0.01), pytest.approx(6, abs=CLEAR_S))


def runner(speed: float, offset: float, y: float = 0.6) -> Way:
    """From left to right at `speed` picture widths a second; at `offset` at 1 s."""
    return lambda at: (offset + speed * (at - 1), y)


@settings(max_examples=300, deadline=None)
@given(speed=st.floats(0.05, 1.5), offset=st.floats(0.05, 0.35), fps=st.sampled_from([2, 5, 10, 25]))
@example(speed=0.6, offset=0.35, fps=5)
@example(speed=1.0, offset=0.3, fps=5)
@example(speed=0.9, offset=0.05, fps=5)
def test_who_goes_straight_through_a_zone_is_one_visit_at_any_speed(speed: float, offset: float, fps: float):
    """However few pictures fall on it: the way between two of them counts."""
    walk = runner(speed, offset)
    seconds = 1 + (1 - offset) / speed + 1
    told = watch(rules(), {1: Walker(walk, since=min(0, 1 - offset / speed))}, seconds + 4, fps)
    ((entered, left),) = visits(told)
    # On the border is in already; out is who is clear of it.
    clear = 0.05 * HEIGHT / ASPECT / speed
    assert -0.6 * clear - 0.002 <= entered - (1 + (0.4 - offset) / speed) <= 0.002
    assert -0.002 <= left - (1 + (0.6 - offset) / speed) <= clear + 0.002


def test_who_jumps_over_the_zone_and_back_was_a_stray_box():
    told = watch(rules(), {1: lambda at: (0.8, 0.6) if at == 2 else (0.3, 0.6)}, 6)
    assert told == []


def test_who_jumps_into_the_zone_and_back_was_a_stray_box():
    for trigger in ("enter", "inside", "exit"):
        assert watch(rules(trigger), {1: lambda at: IN if at == 2 else (0.3, 0.6)}, 6) == []


@pytest.mark.parametrize("speed", [0.02, 0.05, 0.1, 0.2, 0.4])
def test_one_stray_box_in_the_zone_of_someone_who_walks_past_it_raises_nothing(speed: float):
    def past(at: float) -> Point:
        return (0.5 + speed * (at - 3), 0.6 if round(at * 5) == 15 else 0.3)

    for trigger in ("enter", "inside", "exit"):
        assert watch(rules(trigger), {1: past}, 6) == []


def test_a_passage_is_no_stay():
    assert watch(rules("inside"), {1: runner(0.9, 0.05)}, 6) == []
    assert watch(rules("dwell", seconds=1), {1: runner(0.9, 0.05)}, 6) == []


def test_a_runner_who_is_lost_right_after_the_zone_was_in_it():
    walk = runner(1.0, 0.3)
    assert len(visits(watch(rules(), {1: Walker(walk, until=1.45)}, 6))) == 1


def test_a_passage_leaves_once():
    (life,) = lives(watch(rules("exit"), {1: runner(1.0, 0.3)}, 6))
    assert life[0].why == {"passed_through": True}
    assert life[0].left.media == pytest.approx(1.3, abs=0.01)


def test_two_people_in_one_zone_are_two_incidents():
    told = watch(rules(), {1: THROUGH, 2: way((0, 0.3, 0.7), (5, 0.5, 0.7), (10, 0.7, 0.7))}, 16)
    assert sorted(life[0].track for life in lives(told)) == [1, 2]
    assert all(left for _, left in visits(told))


def test_two_visits_of_one_person_are_two_incidents():
    told = watch(rules(), {1: stays((1, 3), (8, 12))}, 16)
    (first, second) = visits(told)
    assert first == (pytest.approx(1, abs=0.2), pytest.approx(3, abs=0.2))
    assert second == (pytest.approx(8, abs=0.2), pytest.approx(12, abs=0.2))


def test_who_comes_back_before_release_s_never_left():
    told = watch(rules(release_s=3), {1: stays((1, 3), (5, 8))}, 14)
    ((entered, left),) = visits(told)
    assert (entered, left) == (pytest.approx(1, abs=0.2), pytest.approx(8, abs=0.2))


def test_at_a_very_low_rate_too_an_absence_longer_than_release_s_ends_the_visit():
    """No picture falls between the leaving's being over and the return."""
    told = watch(rules(confirm_s=0), {1: stays((4, 8), (12, 24))}, 36, fps=0.25)
    assert visits(told) == [(4, 8), (12, 24)]


@pytest.mark.parametrize("border", [True, False])
def test_who_is_lost_in_the_zone_left_it_when_last_seen(border: bool):
    feet = (0.5, 0.995) if border else IN
    told = watch(rules(zone=TO_THE_EDGE), {1: Walker(lambda at: feet if at < 3 else None, until=5)}, 8)
    ((_, left),) = visits(told)
    assert left == pytest.approx(2.8)
    assert told[-1].why["closed_because"] == ("left_picture" if border else "lost_from_sight")


@pytest.mark.parametrize("fps", RATES)
def test_a_dwell_is_told_when_the_seconds_are_full(fps: float):
    watched, told = rules("dwell", seconds=3), []
    for picture in range(round(12 * fps) + 1):
        at = picture / fps
        told += [(one, at) for one in _step(watched, stays((1, 8)), at)]
    (opened, told_at), (closed, _) = told
    assert opened.at.media == pytest.approx(4, abs=1 / fps)
    assert told_at == pytest.approx(opened.at.media, abs=1 / fps)
    assert opened.entered.media == pytest.approx(1, abs=1 / fps)
    assert closed.dwell_s == pytest.approx(7, abs=1 / fps)


def test_a_dwell_bridges_absences_shorter_than_release_s():
    (life,) = lives(watch(rules("dwell", seconds=5), {1: stays((1, 3), (4, 8))}, 12))
    assert life[0].at.media == pytest.approx(6, abs=0.2)


def test_a_dwell_begins_anew_after_a_longer_absence():
    assert watch(rules("dwell", seconds=5), {1: stays((1, 5), (8, 12))}, 16) == []
    (life,) = lives(watch(rules("dwell", seconds=5), {1: stays((1, 5), (8, 14))}, 20))
    assert life[0].entered.media == pytest.approx(8, abs=0.2)


def test_a_dwell_is_told_once_a_stay():
    told = watch(rules("dwell", seconds=2), {1: stays((1, 10), (15, 20))}, 25)
    assert len(lives(told)) == 2


def test_an_exit_by_the_border_is_told_with_its_time():
    (life,) = lives(watch(rules("exit"), {1: THROUGH}, 12))
    opened, closed = life
    assert (opened.state, closed.state) == (IncidentState.OPENED, IncidentState.CLOSED)
    assert 6 <= opened.at.media <= 6 + CLEAR_S
    assert opened.why["left_by"] == "left_zone"


def test_an_exit_with_the_pictures_edge_is_an_exit():
    told = watch(
        rules("exit", zone=TO_THE_EDGE), {1: Walker(lambda at: (0.5, 0.7 + 0.105 * at) if at < 3 else None, until=5)}, 8
    )
    assert told[0].why["left_by"] == "left_picture"


def test_who_is_lost_from_sight_inside_has_not_left():
    assert watch(rules("exit"), {1: Walker(lambda at: IN if at < 3 else None, until=5)}, 10) == []


def test_who_was_seen_to_leave_and_is_then_lost_has_left():
    walk = Walker(lambda at: THROUGH(at) if at < 7 else None, until=8)
    told = watch(rules("exit", release_s=5), {1: walk}, 20)
    assert told[0].why["left_by"] == "left_zone"
    entered = watch(rules("enter", release_s=5), {1: walk}, 20)
    assert entered[-1].why["closed_because"] == "left_zone"


def test_who_waits_at_the_border_after_leaving_has_left():
    told = watch(rules("exit"), {1: way((0, *IN), (2, *IN), (3, 0.65, 0.6))}, 8)
    assert len(lives(told)) == 1


AT_THE_EDGE = [[0.0, 0.4], [0.3, 0.4], [0.3, 0.8], [0.0, 0.8]]
ARRIVALS = {
    "found there": (None, way((0, *IN), (4, *IN), (6, 0.9, 0.6)), "appear"),
    "over the border": (None, THROUGH, "border"),
    "from the picture's edge": (AT_THE_EDGE, way((0, 0.02, 0.6), (3, 0.2, 0.6), (6, 0.6, 0.6)), "border"),
    "found, gone and back": (None, way((0, *IN), (3, *IN), (4, *AWAY), (8, *AWAY), (9, *IN)), "appear border"),
}


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("how", ARRIVALS)
def test_who_is_found_appears_and_who_comes_in_comes_by_the_border(how: str, fps: float):
    zone, walk, expected = ARRIVALS[how]
    more = {} if zone is None else {"zone": zone}
    told = {
        name: [life[0].entered.media for life in lives(watch(rules(trigger, **more, **keys), {1: walk}, 14, fps))]
        for name, trigger, keys in (
            ("appear", "appear", {}),
            ("border", "enter", {"by": "border"}),
            ("any", "enter", {}),
        )
    }
    assert [name for name in ("appear", "border") if told[name]] == expected.split()
    assert sorted(told["appear"] + told["border"]) == told["any"]


def test_who_appears_is_told_until_they_have_left():
    ((opened, closed),) = lives(watch(rules("appear"), {1: ARRIVALS["found there"][1]}, 14))
    assert opened.why["appeared_inside"] is True
    assert closed.why["closed_because"] == "left_zone"


def test_who_runs_through_comes_by_the_border():
    runs = way((0, 0.2, 0.6), (1, 0.2, 0.6), (1.4, 0.9, 0.6), (4, 0.9, 0.6))
    assert len(lives(watch(rules("enter", by="border"), {1: runs}, 5, fps=2))) == 1
    assert watch(rules("appear"), {1: runs}, 5, fps=2) == []


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(
    ("walk", "until", "told"),
    [
        (lambda at: IN if at < 3 else None, 5, True),  # lost from sight
        (THROUGH, 20, False),
        (lambda at: (0.5, 0.995) if at < 3 else None, 5, False),  # out at the picture's edge
        (lambda at: THROUGH(at) if at < 7 else None, 8, False),  # lost when they had left
    ],
)
def test_who_is_lost_from_sight_in_the_zone_has_disappeared(walk: Way, until: float, told: bool, fps: float):
    zone = {"zone": TO_THE_EDGE} if walk(0) == (0.5, 0.995) else {}
    found = watch(rules("disappear", **zone), {1: Walker(walk, until=until)}, 14, fps)
    assert [one.state for one in found] == [IncidentState.OPENED, IncidentState.CLOSED][: 2 * told]
    if told:
        assert found[0].at.media == pytest.approx(3, abs=1.01 / fps)
        assert found[0].entered.media == pytest.approx(0, abs=1 / fps)


def test_who_is_hidden_for_a_moment_has_not_disappeared():
    hidden = Walker(lambda at: IN if at < 3 or at > 7.5 else None)
    assert watch(rules("disappear"), {1: hidden}, 14) == []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.3, 0.9)), min_size=2, max_size=6),
    st.sampled_from([2.0, 5.0, 12.0]),
)
def test_who_enters_has_appeared_or_come_by_the_border_and_never_both(corners: list[Point], fps: float):
    walk = way(*[(3.0 * n, *corner) for n, corner in enumerate(corners)])
    until = 3.0 * len(corners) + 4
    every, found, by = (
        {life[0].at.media for life in lives(watch(rules(trigger, **keys), {1: walk}, until, fps))}
        for trigger, keys in (("enter", {}), ("appear", {}), ("enter", {"by": "border"}))
    )
    assert found | by == every
    assert not found & by


# Comes in at 2 s, stands from 3 to 9, goes on to another place of the zone, stands there from 10 to 12, and leaves.
STANDS = way(
    (0, *AWAY), (1.5, 0.3, 0.6), (3, 0.45, 0.6), (9, 0.45, 0.6), (10, 0.55, 0.6), (12, 0.55, 0.6), (14, 0.9, 0.6)
)


@pytest.mark.parametrize("fps", RATES)
def test_who_stands_in_one_place_is_told_after_the_seconds_until_they_go_on(fps: float):
    watched, told = rules("stopped", seconds=3), []
    for picture in range(round(16 * fps) + 1):
        told += [(one, picture / fps) for one in _step(watched, STANDS, picture / fps)]
    ((opened, told_at), (closed, _)) = told
    assert opened.at.media == pytest.approx(6, abs=0.6 + 1 / fps)  # their last step before they stand is in that
    assert told_at == pytest.approx(opened.at.media, abs=1.01 / fps)
    assert opened.entered.media == pytest.approx(2.5, abs=0.4 + 1 / fps)
    assert closed.at.media == pytest.approx(9.4, abs=0.4 + 1 / fps)
    assert (closed.left, closed.why["closed_because"]) == (None, "went_on")


def test_who_strolls_or_fidgets_for_long_is_told_only_if_they_fidget():
    strolls = way(*[(5.0 * n, 0.41 if n % 2 else 0.59, 0.6) for n in range(9)])
    assert watch(rules("stopped", seconds=8), {1: strolls}, 40) == []

    def fidgets(at: float) -> Point:
        return 0.5 + 0.2 * HEIGHT / ASPECT * (round(at * 5) % 2), 0.6

    (life,) = lives(watch(rules("stopped", seconds=8), {1: fidgets}, 12))
    assert life[0].why["seconds"] == 8


def test_who_stands_and_leaves_the_zone_is_closed_as_having_left():
    stands = way((0, *IN), (6, *IN), (6.2, 0.9, 0.6))
    told = watch(rules("stopped", seconds=3), {1: stands}, 12, fps=25)
    assert told[-1].why["closed_because"] in ("went_on", "left_zone")
    assert len(lives(told)) == 1


def test_standing_twice_is_told_twice():
    twice = way((0, 0.45, 0.6), (5, 0.45, 0.6), (6, 0.55, 0.6), (11, 0.55, 0.6))
    assert len(lives(watch(rules("stopped", seconds=3), {1: twice}, 11))) == 2
