"""When a rule is armed, by examples, and what is told then. A whole year of it: tests/test_school_year.py."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Rule
from pipeline.config.calendars import Calendar
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Incident, IncidentState, Moment, Severity
from tests.fakes import SIZE, Street, Walker, Way, camera, lives, way

SCHOOL = {
    "terms": ["2026-08-24 to 2026-12-18", "2027-01-05 to 2027-06-11"],
    "holidays": ["2026-11-26 to 2026-11-27 Thanksgiving", "2027-01-18"],
    "periods": {
        "hours": "mon-fri 07:30-16:00",
        "lessons": ["mon-thu 08:00-08:50", "mon-thu 08:55-09:45", "fri 08:00-08:40", "fri 08:45-09:25"],
        "passing": "between lessons",
        "cleaning": "mon-fri 18:00-20:00",
        "night": "daily 22:00-06:00",
        "camp": "closed 09:00-12:00",
        "late": "sat 23:00-01:30",
    },
    "days": {
        "2026-12-18": {"ends": "12:00", "reason": "early dismissal"},
        "2027-03-12": {"runs_as": "mon", "ends": "08:57"},
    },
    "overrides": [
        {"period": "hours", "state": "on", "since": "2026-11-20 18:00", "until": "2026-11-20 22:00"},
        {"period": "hours", "state": "off", "since": "2026-11-20 21:00", "until": "2026-11-21 08:00"},
        {"period": "night", "state": "off", "since": "2027-03-14 00:30", "until": "2027-03-14 04:00"},
    ],
}
ZONE = ZoneInfo("America/New_York")


def school(**more: Any) -> Calendars:
    told = {**SCHOOL, **more}
    told["overrides"] = [{"owner": "M. Smith", "reason": "evening", **one} for one in told["overrides"]]
    return Calendars({"oak": Calendar.model_validate(told)}, ZONE)


def rule(schedule: str, **more: Any) -> Rule:
    return Rule.model_validate({"trigger": "enter", "zone": "yard", "schedule": schedule, **more})


def wall(local: str, fold: int = 0) -> float:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE, fold=fold).timestamp()


def test_a_rule_that_is_never_armed_is_not_armed_at_an_unknown_time_either():
    assert not school().armed(rule("never"), None).armed
    assert school().armed(rule("outside hours"), None).armed


@pytest.mark.parametrize(
    ("schedule", "at", "armed", "why"),
    [
        ("always", "2026-11-20 14:05", True, "always"),
        ("never", "2026-11-20 14:05", False, "never"),
        ("hours", "2026-11-20 07:30", True, "hours"),
        ("during hours", "2026-11-20 16:00", False, "not hours"),
        ("outside hours", "2026-11-20 16:00", True, "not hours"),
        ("outside hours", "2026-11-26 10:00", True, "not hours (Thanksgiving)"),
        ("outside hours", "2027-01-18 10:00", True, "not hours (a holiday)"),
        ("outside hours", "2026-12-20 10:00", True, "not hours (no term)"),
        ("outside hours", "2026-12-18 13:00", True, "not hours (ends 12:00, early dismissal)"),
        ("outside hours", "2026-11-20 19:00", False, "hours is on by M. Smith: evening"),
        ("outside hours", "2026-11-20 21:30", True, "hours is off by M. Smith: evening"),
        ("outside hours except cleaning", "2026-11-19 18:30", False, "but cleaning"),
        ("outside hours except cleaning 18:00–20:00", "2026-11-21 18:30", False, "but 18:00-20:00"),
        ("outside hours or cleaning", "2026-11-19 18:30", False, "cleaning"),
        ("lessons, passing", "2026-11-19 08:52", True, "passing"),
        ("oak.lessons", "2026-11-19 08:52", False, "not lessons"),
        ("lessons", "2027-03-12 08:56", True, "lessons (runs as mon, ends 08:57)"),
        ("lessons", "2027-03-12 08:57", False, "not lessons (runs as mon, ends 08:57)"),
        ("night", "2026-12-25 05:59", True, "night (no term)"),
        ("night", "2026-12-25 06:00", False, "not night (no term)"),
        ("22:00-06:00", "2026-12-25 05:59", True, "22:00-06:00"),
        ("camp", "2026-11-26 09:00", True, "camp (Thanksgiving)"),
        ("camp", "2026-11-25 09:00", False, "not camp"),
        ("late", "2026-11-22 01:29", True, "late"),  # the Sunday after
        ("late", "2026-11-21 01:29", False, "not late"),
    ],
)
def test_a_rule_is_armed_as_its_schedule_says(schedule: str, at: str, armed: bool, why: str):
    verdict = school().armed(rule(schedule), wall(at))
    assert (verdict.armed, verdict.why) == (armed, why)


@pytest.mark.parametrize(
    ("schedule", "night", "hours"),
    [("22:00-06:00", "2026-11-01", 9), ("22:00-06:00", "2027-03-14", 7), ("night", "2026-11-01", 9)],
)
def test_a_night_that_is_an_hour_longer_or_shorter_is_watched_from_end_to_end(schedule: str, night: str, hours: int):
    calendars = school(overrides=[])
    midnight = wall(f"{night} 00:00")
    armed = [calendars.armed(rule(schedule), midnight + 60 * n).armed for n in range(-4 * 60, 12 * 60)]
    assert sum(armed) == hours * 60
    assert sum(a is not b for a, b in pairwise(armed)) == 2


def test_the_hour_that_comes_twice_counts_twice():
    calendars = school()
    for fold in (0, 1):
        assert calendars.armed(rule("01:30-01:45"), wall("2026-11-01 01:30", fold)).armed
        assert not calendars.armed(rule("01:30-01:45"), wall("2026-11-01 01:45", fold)).armed


def test_the_severity_is_that_of_the_first_schedule_that_holds():
    graver = rule("always", severity="low", severity_during={"lessons": "high", "outside hours": "critical"})
    calendars = school()
    told = [calendars.severity(graver, at) for at in (wall("2026-11-19 08:10"), wall("2026-11-19 17:00"))]
    assert told == [Severity.HIGH, Severity.CRITICAL]
    assert calendars.severity(graver, wall("2026-11-19 10:00")) is Severity.LOW
    assert calendars.severity(graver, None) is Severity.LOW


def test_where_nobody_knows_when_it_is_a_rule_is_armed():
    verdict = school().armed(rule("outside hours"), None)
    assert (verdict.armed, verdict.why) == (True, "the time is not known")


def test_calendars_travel_to_other_processes():
    calendars = school()
    calendars.armed(rule("hours"), 0.0)
    again = pickle.loads(pickle.dumps(calendars))
    assert again == calendars
    assert again != school(holidays=[])
    assert again.armed(rule("hours"), wall("2026-11-19 10:00")).armed


TODAY = {"since": "2026-11-19 12:00", "until": "2026-11-19 23:00"}
# What is told: media time 0 is `START` of the wall.
START = wall("2026-11-19 15:59")
IN = way((0, 0.5, 0.6))


def told_of(
    walkers: dict[int, Walker], until: float, fps: float = 5.0, start: float = START, **keys: Any
) -> tuple[Rules, list[Incident]]:
    origin = Origin("school", calendars=school())
    rules = Rules(camera(rule={"trigger": "enter", "schedule": "outside hours", **keys}), origin)
    street, told = Street(walkers), []
    for n in range(round(until * fps)):
        at = n / fps
        told += rules.update(street.tracks(at), Now(Moment(at, start + at, 0.1, "arrival"), size=SIZE))
    return rules, told


@pytest.mark.parametrize("fps", [2, 5, 7.3, 30])
@pytest.mark.parametrize("ahead", [0.0, 0.3, 12.34])
def test_who_is_there_when_the_rule_is_armed_is_told_at_that_minute(fps: float, ahead: float):
    _, told = told_of({1: Walker(IN)}, 75, fps, START + ahead)
    ((opened, *updated),) = lives(told)
    assert opened.at.media == pytest.approx(60 - ahead, abs=0.001)
    assert opened.entered.media == 0
    assert opened.why["armed"] == "not hours"
    assert all(one.state is IncidentState.UPDATED for one in updated)


def test_who_leaves_before_it_is_armed_is_not_told_of():
    _, told = told_of({1: Walker(way((0, 0.5, 0.6), (40, 0.5, 0.6), (42, 0.1, 0.6)))}, 75)
    assert told == []


@pytest.mark.parametrize(
    "gone", [way((0, 0.5, 0.6), (59.5, 0.5, 0.6), (59.7, 0.1, 0.6)), lambda at: (0.5, 0.6) if at < 59 else None]
)
def test_who_is_away_and_not_yet_let_go_when_it_is_armed_is_not_told_of(gone: Way):
    """Out of the zone just before, or out of sight in it: they may have gone."""
    _, told = told_of({1: Walker(gone)}, 75)
    assert told == []


def test_what_is_open_when_the_rule_is_no_longer_armed_ends_and_begins_anew_when_it_is():
    keys = {"schedule": "outside 15:59-16:00"}
    rules, told = told_of({1: Walker(IN)}, 200, start=START - 60, update_s=3600, **keys)
    first, second = lives(told)
    assert [one.state for one in first] == [IncidentState.OPENED, IncidentState.CLOSED]
    assert (first[1].at.media, first[1].left, first[1].why["closed_because"]) == (60, None, "not_armed")
    assert (second[0].at.media, second[0].entered.media) == (120, 0)
    assert rules.open_incidents == 1


def test_an_incident_keeps_the_severity_that_it_was_opened_with():
    keys = {"schedule": "always", "severity_during": {"hours": "high"}, "update_s": 10}
    _, told = told_of({1: Walker(way((0, 0.5, 0.6), (70, 0.5, 0.6), (72, 0.1, 0.6)))}, 90, **keys)
    assert {one.severity for one in told} == {Severity.HIGH}
    assert told[-1].state is IncidentState.CLOSED
    assert told[-1].at.media > 60


def test_a_calendar_that_changes_counts_at_once():
    rules, told = told_of({1: Walker(IN)}, 10)
    assert told == []
    evening = school(overrides=[*SCHOOL["overrides"], {"period": "hours", "state": "off", **TODAY}])
    camera_now = camera(rule={"trigger": "enter", "schedule": "outside hours"})
    rules.reconfigure(camera_now, Origin("school", calendars=evening), Now(Moment(10.0, START + 10, 0.1, "arrival")))
    street = Street({1: Walker(IN)})
    told = rules.update(street.tracks(10.2), Now(Moment(10.2, START + 10.2, 0.1, "arrival"), size=SIZE))
    assert [one.state for one in told] == [IncidentState.OPENED]
    assert told[0].why["armed"] == "hours is off by M. Smith: evening"


def test_a_crossing_counts_when_it_happens():
    goes = way((0, 0.3, 0.6), (57, 0.3, 0.6), (59, 0.7, 0.6), (63, 0.7, 0.6), (65, 0.3, 0.6))
    _, told = told_of({1: Walker(goes)}, 75, trigger="cross")
    assert [round(one.at.media) for one in told if one.state is IncidentState.OPENED] == [64]


@settings(max_examples=20, deadline=None)
@given(
    here=st.lists(st.floats(0, 300), min_size=2, max_size=8, unique=True).map(sorted),
    fps=st.sampled_from([2.0, 5.0, 12.0]),
    start=st.integers(-240, 240),
)
def test_whatever_happens_lives_are_whole_and_lie_in_armed_minutes(here: list[float], fps: float, start: int):
    points = [(0.0, 0.1, 0.6)]
    for n, at in enumerate(here):
        points += [(at, 0.1 if n % 2 == 0 else 0.5, 0.6), (at + 0.01, 0.5 if n % 2 == 0 else 0.1, 0.6)]
    began = START + start
    _, told = told_of({1: Walker(way(*points))}, 320, fps, began, update_s=3600)
    rule_of = rule("outside hours")
    for life in lives(told):
        assert school().armed(rule_of, began + life[0].at.media + 0.001).armed
    assert all(one.at.wall is None or one.at.wall >= wall("2026-11-19 16:00") - 0.001 for one in told)


def test_utc_is_the_zone_where_none_is_said():
    assert Calendars().armed(rule("10:00-11:00"), datetime(2026, 5, 1, 10, 30, tzinfo=UTC).timestamp()).armed
