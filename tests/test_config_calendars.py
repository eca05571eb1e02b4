"""Mistakes in calendars and schedules: each is told at its line, with what to write instead."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from pipeline.config import Rule, load, problems
from pipeline.config import schedule as written
from pipeline.errors import ConfigError
from pipeline.rules.calendar import Calendars

FILE = """site: {id: oak}
calendars:
  oak:
    terms: TERMS
    periods:
      hours: HOURS
      passing: PASSING
    days: {DAY: {ends: ENDS}}
    overrides:
      - {period: PERIOD, state: STATE, since: 2026-11-20 18:00, until: UNTIL, owner: M, reason: r}
  elm: {periods: {hours: "10:00-11:00", night: daily 22:00-06:00}}
cameras:
  good: {url: a.mp4}
  hall:
    url: a.mp4
    zones: {z: {polygon: [[0, 0], [1, 0], [1, 1]]}}
    rules: {r: {trigger: enter, zone: z, schedule: SCHEDULE, severity_during: {DURING: high}}}
"""
GOOD = {
    "TERMS": "2026-08-24 to 2026-12-18",
    "HOURS": "[mon-fri 07:30-16:00, 'saturday, sun 10:00-24:00']",
    "PASSING": "between hours",
    "DAY": "2026-12-18",
    "ENDS": "12:00",
    "PERIOD": "hours",
    "STATE": "on",
    "UNTIL": "2026-11-20 22:00",
    "SCHEDULE": "Outside  oak.hours or passing except elm.hours",
    "DURING": "night",
}


def write(folder: Path, **more: str) -> Path:
    text = FILE
    for key, value in {**GOOD, **more}.items():
        text = text.replace(key, value)
    path = folder / "streams.yaml"
    path.write_text(text)
    return path


def test_what_is_right_is_taken(tmp_path: Path):
    assert problems(write(tmp_path)) == []
    assert list(load(write(tmp_path)).config.cameras) == ["good", "hall"]


@pytest.mark.parametrize(
    ("wrong", "line", "key", "says"),
    [
        ({"TERMS": "autumn"}, 4, "calendars.oak.terms[0]", "is no date. Write it as 2026-11-26"),
        ({"TERMS": "2026-02-30"}, 4, "calendars.oak.terms[0]", "is no date of the calendar"),
        ({"TERMS": "2026-12-18 to 2026-08-24"}, 4, "calendars.oak.terms[0]", "ends before it begins"),
        ({"HOURS": "mon-fry 07:30-16:00"}, 6, "calendars.oak.periods.hours[0]", "`mon-fry`, which is no weekday"),
        ({"HOURS": "mon-fri 07:30-16:60"}, 6, "calendars.oak.periods.hours[0]", "has 16:60, which no clock shows"),
        ({"HOURS": "mon-fri 07:30-07:30"}, 6, "calendars.oak.periods.hours[0]", "it ends where it begins"),
        ({"HOURS": "24:00-01:00"}, 6, "calendars.oak.periods.hours[0]", "it ends where it begins"),
        ({"HOURS": "at noon"}, 6, "calendars.oak.periods.hours[0]", "is no time of the week"),
        ({"PASSING": "between lessons"}, 7, "calendars.oak.periods.passing[0]", "has no other period `lessons`"),
        ({"PASSING": "between passing"}, 7, "calendars.oak.periods.passing[0]", "has no other period `passing`"),
        ({"DAY": "tomorrow"}, 8, "calendars.oak.days.tomorrow", "is no date"),
        ({"ENDS": "noon"}, 8, "calendars.oak.days.2026-12-18.ends", "is no time of the day"),
        ({"PERIOD": "huors"}, 10, "calendars.oak.overrides[0].period", "no period `huors`. Did you mean `hours`?"),
        ({"STATE": "maybe"}, 10, "calendars.oak.overrides[0].state", "must be one of 'on' or 'off'"),
        ({"UNTIL": "2026-11-20 17:00"}, 10, "calendars.oak.overrides[0].until", "is not after since"),
        ({"UNTIL": "2026-11-20T22:00+01:00"}, 10, "calendars.oak.overrides[0].until", "has a time zone"),
        ({"SCHEDULE": "outside huors"}, 17, "cameras.hall.rules.r.schedule", "`huors`, which is of no calendar"),
        ({"SCHEDULE": "hours"}, 17, "cameras.hall.rules.r.schedule", "is of several calendars. Did you mean"),
        ({"SCHEDULE": "hours except"}, 17, "cameras.hall.rules.r.schedule", "no period and no time"),
        ({"SCHEDULE": "elm.passing"}, 17, "cameras.hall.rules.r.schedule", "is of no calendar"),
        ({"DURING": "dusk"}, 17, "cameras.hall.rules.r.severity_during", "`dusk`, which is of no calendar"),
    ],
    ids=str,
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, wrong: dict[str, str], line: int, key: str, says: str):
    (problem,) = problems(write(tmp_path, **wrong))
    assert (problem.line, problem.key) == (line, key)
    assert says in f"{problem.message} {problem.hint}"
    if key.startswith("cameras"):
        assert list(load(write(tmp_path, **wrong)).config.cameras) == ["good"]  # the others run
    else:
        with pytest.raises(ConfigError):
            load(write(tmp_path, **wrong))


HOLIDAYS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Oak//EN
BEGIN:VEVENT
UID:1@oak
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20261221
DTEND;VALUE=DATE:20270102
SUMMARY:Winter
  break
END:VEVENT
BEGIN:VEVENT
UID:2@oak
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20240704
RRULE:FREQ=YEARLY;COUNT=4
EXDATE;VALUE=DATE:20260704
SUMMARY:Independence Day
END:VEVENT
BEGIN:VEVENT
UID:3@oak
DTSTAMP:20260101T000000Z
DTSTART:20261120T180000Z
DTEND:20261120T200000Z
SUMMARY:Rehearsal
END:VEVENT
END:VCALENDAR
"""


def with_file(folder: Path, text: str | bytes | None) -> Path:
    if text is not None:
        (folder / "days.ics").write_bytes(text if isinstance(text, bytes) else text.encode())
    path = folder / "streams.yaml"
    calendar = "holidays_from: days.ics\n    periods: {hours: 'mon-fri 08:00-16:00'}"
    path.write_text(f"site: {{id: a}}\ncalendars:\n  oak:\n    {calendar}\ncameras: {{c: {{url: a.mp4}}}}\n")
    return path


def test_days_without_school_come_from_an_icalendar_file(tmp_path: Path):
    loaded = load(with_file(tmp_path, HOLIDAYS))
    assert loaded.config.calendars["oak"].holidays_from == (
        (
            "2024-07-04 to 2024-07-04 Independence Day",
            "2025-07-04 to 2025-07-04 Independence Day",
            "2026-12-21 to 2027-01-01 Winter break",
            "2027-07-04 to 2027-07-04 Independence Day",
        ),
    )
    assert loaded.calendars == (tmp_path / "days.ics",)
    calendars = Calendars.of(loaded.config)
    told = Rule.model_validate({"trigger": "enter", "zone": "z", "schedule": "hours"})
    days = {day: calendars.armed(told, datetime(2026, 12, day, 10, tzinfo=UTC).timestamp()) for day in (18, 21)}
    assert {day: (one.armed, one.why) for day, one in days.items()} == {
        18: (True, "hours"),
        21: (False, "not hours (Winter break)"),
    }
    changed = load(with_file(tmp_path, HOLIDAYS.replace("COUNT=4", "COUNT=3")))
    assert changed.config.hash != loaded.config.hash


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "is no iCalendar file (ValueError). Export it anew"),
        (b"\xff\xfe\x00", "is no iCalendar file"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "has no event that lasts whole days"),
        (HOLIDAYS[: HOLIDAYS.index("BEGIN:VEVENT")], "is no iCalendar file"),
    ],
)
def test_a_file_that_is_none_is_a_mistake_at_its_line(tmp_path: Path, text: str | bytes | None, says: str):
    (problem,) = problems(with_file(tmp_path, text))
    assert (problem.line, problem.key) == (4, "calendars.oak.holidays_from[0]")
    assert says in f"{problem.message} {problem.hint}"


@given(st.text(alphabet="monfridayexcept 0123456789:-–,.to", max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str):
    for read in (written.schedule, written.window, written.dates, written.moment, written.clock):
        with suppress(PydanticCustomError):
            assert read(text) == read(f" {text} ")
