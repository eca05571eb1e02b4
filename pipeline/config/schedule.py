"""When, in words: `mon-fri 07:30-16:00`, `outside hours except cleaning`, `2026-12-21 to 2027-01-01 winter break`.

Times are what the clock on the wall of the site shows; a window holds while it shows them, however long that is on a
day that is put back or forward. Pure. Not here: which day it is (`rules/calendar`), the keys (`calendars`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from pipeline.config.problems import NAME, refuse

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
"""Minutes."""
_CLOCK = r"(\d{1,2}):(\d{2})"
_SPAN = rf"{_CLOCK}\s*[-–]\s*{_CLOCK}"
_WINDOW = re.compile(rf"(?:(?P<days>[a-z][a-z, –-]*?)\s+)?{_SPAN}")
_BETWEEN = re.compile(r"between\s+(?P<period>\S+)")
_DATES = re.compile(r"(?P<first>\d{4}-\d{2}-\d{2})(?:\s+to\s+(?P<last>\d{4}-\d{2}-\d{2}))?(?:\s+(?P<name>.+))?")
_PERIOD = re.compile(rf"(?:{NAME[1:-1]}\.)?{NAME[1:-1]}")
_CLOSED, _DAILY = "closed", "daily"
Mode: TypeAlias = Literal["always", "never", "during", "outside"]


class Days(StrEnum):
    """Which days a window is of: school days (of some weekdays), all days, or those without school."""

    SCHOOL = "school"
    DAILY = "daily"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """From minute `start` of a day up to, without, minute `end`; that is of the next day if it is not after `start`.

    `weekdays` (0 is Monday) count where `days` is SCHOOL.
    """

    days: Days
    weekdays: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Between:
    """The time from one window of a period to its next on the same day."""

    period: str


@dataclass(frozen=True, slots=True)
class Dates:
    """From `first` to `last`, both included; `name` is what people call them."""

    first: date
    last: date
    name: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """`during` or `outside` any of `when`, and not in any of `but`: names of periods, and windows."""

    mode: Mode
    when: tuple[str | Window, ...] = ()
    but: tuple[str | Window, ...] = ()

    @property
    def periods(self) -> list[str]:
        """The names in it."""
        return [one for one in (*self.when, *self.but) if isinstance(one, str)]


def window(text: str) -> Window | Between:
    """`mon-fri 07:30-16:00`, `daily 22:00-06:00`, `closed 08:00-12:00`, `07:30-16:00` (school days), `between lessons`.

    Raises PydanticCustomError.
    """
    words = " ".join(text.split()).lower()
    if between := _BETWEEN.fullmatch(words):
        return Between(between["period"])
    found = _WINDOW.fullmatch(words)
    if found is None:
        raise refuse("is no time of the week", "Write it as mon-fri 07:30-16:00, daily 22:00-06:00 or between lessons.")
    days, *clock = found.groups()
    start, end = _minute(*clock[:2]), _minute(*clock[2:])
    if start in (end, DAY):
        raise refuse("is no time of the day: it ends where it begins", "A whole day is 00:00-24:00.")
    if days in (_DAILY, _CLOSED):
        return Window(Days(days), frozenset(range(7)), start, end)
    return Window(Days.SCHOOL, frozenset(range(7)) if days is None else _weekdays(days), start, end)


def schedule(text: str) -> Schedule:
    """`always`, `never`, or `[during|outside] A, B or C [except D]`: periods, or times as `18:00-20:00`.

    A time may have a name before it, for who reads it. Raises PydanticCustomError.
    """
    words = " ".join(text.split()).lower()
    if words in ("always", "never"):
        return Schedule("always" if words == "always" else "never")
    mode: Mode = "outside" if words.startswith("outside ") else "during"
    first, _, second = words.removeprefix("outside ").removeprefix("during ").partition(" except ")
    return Schedule(mode, _atoms(first), _atoms(second) if second else ())


def dates(text: str) -> Dates:
    """`2026-11-26`, `2026-12-21 to 2027-01-01`, with or without a name behind. Raises PydanticCustomError."""
    found = _DATES.fullmatch(text.strip())
    hint = "Write it as 2026-11-26, or 2026-12-21 to 2027-01-01 winter break."
    if found is None:
        raise refuse("is no date", hint)
    try:
        first = date.fromisoformat(found["first"])
        last = date.fromisoformat(found["last"]) if found["last"] else first
    except ValueError:
        raise refuse("is no date of the calendar", hint) from None
    if last < first:
        raise refuse("ends before it begins", hint)
    return Dates(first, last, found["name"] or "")


def moment(text: str) -> datetime:
    """`2026-11-20 18:00` of the site's clock. Raises PydanticCustomError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise refuse("is no date and time", "Write it as 2026-11-20 18:00.") from None
    if found.tzinfo is not None:
        raise refuse("has a time zone", "Write what the site's own clock shows, as 2026-11-20 18:00.")
    return found


def clock(text: str) -> int:
    """`12:00`, as the minute of the day. Raises PydanticCustomError."""
    found = re.fullmatch(_CLOCK, text.strip())
    if found is None:
        raise refuse("is no time of the day", "Write it as 12:00.")
    return _minute(*found.groups())


def unclear(when: Schedule, calendars: Mapping[str, Collection[str]]) -> tuple[str, list[str]] | None:
    """The first name in it that is of no calendar, or of several, and what it may be; None if all are clear.

    `calendars` has the names of the periods of each.
    """
    for one in when.periods:
        calendar, _, name = one.rpartition(".")
        holders = [known for known, periods in calendars.items() if name in periods and calendar in ("", known)]
        if len(holders) != 1:
            said = "is of several calendars" if holders else "is of no calendar"
            every = sorted({period for periods in calendars.values() for period in periods})
            return f"has the period `{one}`, which {said}", [f"{known}.{name}" for known in holders] or every
    return None


def _atoms(text: str) -> tuple[str | Window, ...]:
    return tuple(_atom(part.strip()) for part in re.split(r",| or | and ", text))


def _atom(words: str) -> str | Window:
    if _PERIOD.fullmatch(words):
        return words
    name, _, rest = words.partition(" ")
    timed = re.fullmatch(_SPAN, words) or (_PERIOD.fullmatch(name) and re.fullmatch(_SPAN, rest.strip()))
    if not timed:
        hint = "Write it as during lessons, or outside hours except cleaning 18:00-20:00."
        raise refuse(f"has `{words}`, which is no period and no time" if words else "lacks a period", hint)
    start, end = _minute(*timed.groups()[:2]), _minute(*timed.groups()[2:])
    if start in (end, DAY):
        raise refuse("has a time that ends where it begins", "A whole day is 00:00-24:00.")
    return Window(Days.DAILY, frozenset(range(7)), start, end)


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in re.split(r"[,\s]+", text):
        ends = re.split(r"[-–]", part)
        if len(ends) > 2 or any(end[:3] not in WEEKDAYS or not _is_weekday(end) for end in ends):
            raise refuse(f"has `{part}`, which is no weekday", "Write mon, tue, wed, thu, fri, sat, sun or mon-fri.")
        first, last = WEEKDAYS.index(ends[0][:3]), WEEKDAYS.index(ends[-1][:3])
        found.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(found)


def _is_weekday(word: str) -> bool:
    whole = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return any(name.startswith(word) for name in whole)


def _minute(hour: str, minute: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > DAY:
        raise refuse(f"has {hour}:{minute}, which no clock shows", "Hours are 00:00 to 24:00.")
    return found
