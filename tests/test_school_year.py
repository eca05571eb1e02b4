"""A school year of calendars, minute by minute, against an oracle that writes all its minutes down."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tests.rules.test_calendar import SCHOOL, ZONE, rule, school, wall

pytestmark = pytest.mark.slow


def oracle() -> dict[str, set[datetime]]:
    """The minutes that the clock shows in each period of SCHOOL, written out day by day."""
    minutes: dict[str, set[datetime]] = {name: set() for name in SCHOOL["periods"]}

    def add(name: str, day: date, start: str, end: str, over: str | None = None) -> None:
        at = datetime.fromisoformat(f"{day} {start}")
        last = datetime.fromisoformat(f"{day} {end}")
        last += timedelta(days=1) if last <= at else timedelta()
        if over is not None:
            last = min(last, datetime.fromisoformat(f"{day} {over}"))
        while at < last:
            minutes[name].add(at)
            at += timedelta(minutes=1)

    for n in range(400):
        day = date(2026, 8, 1) + timedelta(days=n)
        term = date(2026, 8, 24) <= day <= date(2026, 12, 18) or date(2027, 1, 5) <= day <= date(2027, 6, 11)
        off = day in (date(2026, 11, 26), date(2026, 11, 27), date(2027, 1, 18))
        add("night", day, "22:00", "06:00")
        if not term or off:
            add("camp", day, "09:00", "12:00")
            continue
        over = {date(2026, 12, 18): "12:00", date(2027, 3, 12): "08:57"}.get(day)
        weekday = 0 if day == date(2027, 3, 12) else day.weekday()
        if weekday == 5:
            add("late", day, "23:00", "01:30", over)
        if weekday > 4:
            continue
        add("hours", day, "07:30", "16:00", over)
        if over is None:
            add("cleaning", day, "18:00", "20:00")
        first, second = (
            (("08:00", "08:40"), ("08:45", "09:25")) if weekday == 4 else (("08:00", "08:50"), ("08:55", "09:45"))
        )
        add("lessons", day, *first, over)
        add("lessons", day, *second, over)
        add("passing", day, first[1], second[0], over)
    for at in [t for t in minutes["night"] if datetime(2027, 3, 14, 0, 30) <= t < datetime(2027, 3, 14, 4)]:
        minutes["night"].remove(at)
    evening = datetime(2026, 11, 20, 18)
    minutes["hours"] |= {evening + timedelta(minutes=n) for n in range(180)}
    minutes["hours"] -= {evening + timedelta(minutes=n) for n in range(180, 840)}
    return minutes


def test_a_school_year_minute_by_minute():
    calendars, expected = school(), oracle()
    rules = {name: rule(name) for name in expected} | {"away": rule("outside hours except cleaning, 05:00-05:30")}
    first = int(wall("2026-08-20 00:00"))
    seen = 0
    for minute in range(first, first + 366 * 86400, 60):
        local = datetime.fromtimestamp(minute, ZONE).replace(tzinfo=None)
        for name, minutes in expected.items():
            assert calendars.armed(rules[name], minute).armed is (local in minutes), (name, local)
        early = local.hour == 5 and local.minute < 30
        away = local not in expected["hours"] and local not in expected["cleaning"] and not early
        assert calendars.armed(rules["away"], minute).armed is away, local
        seen += 1
    assert seen == 366 * 1440
