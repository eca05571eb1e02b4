"""What a mode arms, disarms and says of alerts, on people who are there when it is set."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import ModeSettings, Rule
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Incident, IncidentState, Mode, Moment, Severity
from tests.fakes import IN, SIZE, Street, Walker, camera, lives, stays, way

OPENED, UPDATED, CLOSED = IncidentState.OPENED, IncidentState.UPDATED, IncidentState.CLOSED
T = 1.8e9
LOCKDOWN = Mode("lockdown", T + 5, None, "ann", "a stranger")


def calendars(mode: Mode = LOCKDOWN, **modes: Any) -> Calendars:
    return Calendars(modes={name: ModeSettings.model_validate(one) for name, one in modes.items()}, mode=mode)  # type: ignore[misc]


def rule(**keys: Any) -> Rule:
    return Rule.model_validate({"trigger": "enter", "zone": "yard", **keys})


def told(
    modes: dict[float, Calendars], until: float = 12, camera_is_wrong_by: float = 0.0, walk: Any = None, **keys: Any
) -> list[Incident]:
    """Who stands in the zone all the time, while other modes are set, by a camera whose clock may be wrong."""
    one = camera(rule={"trigger": "enter", "zone": "yard", **keys})
    watched, found = Rules(one, Origin("s")), list[Incident]()
    street = Street({1: Walker(walk or way((0, *IN)))})
    for picture in range(round(until * 5)):
        at = picture / 5
        now = Now(Moment(at, T + at + camera_is_wrong_by, 0.1, "camera"), T + at, T + at + 0.05, SIZE)
        for since, other in modes.items():
            if since == at:
                found += watched.reconfigure(one, Origin("s", calendars=other), now)
        found += watched.update(street.tracks(at), now)
    return found


@pytest.mark.parametrize("wrong_by", [0.0, -7200.0, 86400.0])
def test_who_is_there_when_a_mode_arms_the_rule_is_told_at_that_moment_by_our_clock(wrong_by: float):
    (life,) = lives(told({5.2: calendars()}, camera_is_wrong_by=wrong_by, schedule="never"))
    assert life[0].at.media == pytest.approx(5.0)
    assert life[0].entered.media == 0
    assert (life[0].severity, life[0].mode, life[0].audience) == (Severity.CRITICAL, "lockdown", None)
    assert life[0].why["armed"] == "lockdown by ann: a stranger"


def test_without_a_mode_nothing_is_told_of_a_rule_that_is_never_armed():
    assert told({}, schedule="never") == []
    assert told({5.2: calendars(Mode("event", T + 5, None, "ann", "play"))}, schedule="never") == []


def test_a_mode_that_is_over_disarms_again_and_so_does_its_time():
    normal = Mode("normal", T + 8, None, "ann", "over", LOCKDOWN)
    for modes in (
        {5.2: calendars(), 8.0: calendars(normal)},
        {5.2: calendars(Mode("lockdown", T + 5, T + 8, "ann", "x"))},
    ):
        (life,) = lives(told(modes, schedule="never"))
        assert life[0].state is OPENED
        assert life[-1].state is CLOSED
        assert life[-1].at.media == pytest.approx(8.0, abs=0.21)
        assert life[-1].why["closed_because"] == "not_armed"


def test_an_open_alert_is_told_anew_when_the_mode_changes_with_what_that_makes_of_it():
    drill = Mode("drill", T + 2, None, "ann", "practice")
    real = Mode("lockdown", T + 6, None, "ann", "real", drill)
    modes = {2.2: calendars(drill, drill={"audience": ["team"]}), 6.2: calendars(real)}
    (life,) = lives(told(modes, severity="low"))
    assert [(one.state, one.mode, one.audience, one.severity.value) for one in life] == [
        (OPENED, "normal", None, "low"),
        (UPDATED, "drill", ("team",), "low"),
        (UPDATED, "lockdown", None, "critical"),
    ]


def test_what_happened_before_a_mode_was_set_is_judged_by_the_one_before_it():
    """Somebody came in during the lockdown, and it ends before that is sure."""
    normal = Mode("normal", T + 6.1, None, "ann", "over", LOCKDOWN)
    (life,) = lives(told({5.2: calendars(), 6.2: calendars(normal)}, walk=stays((6, 20)), schedule="never"))
    assert life[0].at.media == pytest.approx(5.87, abs=0.2)
    assert (life[0].mode, life[-1].state) == ("lockdown", CLOSED)


@pytest.mark.parametrize(
    ("settings", "tags", "armed"),
    [
        ({"arm": ["door"]}, ["door"], True),
        ({"arm": ["door"]}, ["hall", "door"], True),
        ({"arm": ["door"]}, ["hall"], False),
        ({"arm": ["all"]}, [], True),
        ({"arm": ["all"], "disarm": ["hall"]}, ["hall"], False),
        ({"severity": "high"}, ["door"], False),
    ],
)
def test_tags_say_which_rules_a_mode_arms(settings: dict[str, Any], tags: list[str], armed: bool):
    made = calendars(lockdown=settings)
    assert made.armed(rule(schedule="never", tags=tags), T + 6, T + 6).armed is armed
    assert not made.armed(rule(schedule="never", tags=tags), T + 4, T + 4).armed
    assert not made.armed(rule(schedule="never", tags=tags), T + 6).armed  # a replay: nobody knows the mode


def test_a_mode_disarms_what_would_always_be_armed():
    made = calendars(Mode("maintenance", T, None, "ann", "painters"), maintenance={"disarm": ["all"]})
    verdict = made.armed(rule(), T + 1, T + 1)
    assert (verdict.armed, verdict.why) == (False, "maintenance by ann: painters")


def test_the_severity_is_of_what_the_mode_arms_or_of_all():
    door, hall = rule(tags=["door"], severity="low"), rule(tags=["hall"], severity="low")
    armed = calendars(lockdown={"arm": ["door"], "severity": "critical"})
    assert [armed.severity(one, T + 6, T + 6).value for one in (door, hall)] == ["critical", "low"]
    every = calendars(lockdown={"severity": "high"})
    assert [every.severity(one, T + 6, T + 6).value for one in (door, hall)] == ["high", "high"]


def test_a_drill_pages_nobody_unless_it_is_said_whom():
    drill = Mode("drill", T, None, "ann", "practice")
    assert calendars(drill).audience(T + 1) == ()
    assert calendars(drill, drill={"audience": ["team"]}).audience(T + 1) == ("team",)
    assert calendars(drill).audience(T - 1) is None


def test_a_mode_goes_along_to_other_processes():
    made = calendars(lockdown={"arm": ["door"]})
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again.armed(rule(schedule="never", tags=["door"]), T + 6, T + 6).armed
    assert made.in_mode(Mode()) != made


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 9)), min_size=1, max_size=6), st.integers(-5, 60))
def test_at_any_time_the_last_mode_holds_that_was_set_and_is_not_over(steps: list[tuple[int, int]], asked: int):
    mode, at, spans = Mode(), 0.0, []
    for pause, lasts in steps:
        at += pause
        mode = Mode("drill", at, at + lasts, "a", "b", mode)
        spans.append((at, at + lasts))
    last = [span for span in spans if span[0] <= asked][-1:]
    assert (mode.at(asked).name == "drill") is any(start <= asked < end for start, end in last)
