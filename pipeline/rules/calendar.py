"""When a rule is armed, and how grave it is then: periods of the school's calendars, looked up by the site's own clock.

An instant is in a window if the clock on the wall shows a time that is in it: on the night that has 25 hours the hour
that comes twice counts twice, on the one that has 23 nothing is lost but the hour that is not there. Pure.
Not here: how it is written (`config/schedule`), what becomes of incidents (`incidents`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.config import Config, Rule
from pipeline.config.calendars import Calendar, Day
from pipeline.config.modes import DEFAULTS, ModeName, ModeSettings
from pipeline.config.schedule import (
    DAY,
    WEEKDAYS,
    Between,
    Dates,
    Days,
    Window,
    clock,
    dates,
    moment,
    schedule,
    window,
)
from pipeline.types import Mode, Severity

_NORMAL = Mode()
# So many days, and judgements of a minute, are remembered.
_DAYS, _REMEMBERED = 8, 4096

_read = lru_cache(256)(schedule)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a rule is armed, and `why`, in words."""

    armed: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Override:
    period: str
    on: bool
    since: datetime
    until: datetime
    words: str


@dataclass(frozen=True, slots=True)
class _Today:
    """From which to which minute each period lasts, and what is special about the day."""

    spans: Mapping[str, list[tuple[int, int]]]
    told: str


class Periods:
    """The periods of one calendar."""

    def __init__(self, told: Calendar) -> None:
        self._terms = [dates(text) for text in told.terms]
        off = [*told.holidays, *(text for texts in told.holidays_from for text in texts)]
        self._holidays = [dates(text) for text in off]
        self._windows = {name: [window(text) for text in texts] for name, texts in told.periods.items()}
        self._days: Mapping[date, Day] = {date.fromisoformat(day): one for day, one in told.days.items()}
        self._overrides = [
            _Override(
                one.period,
                one.state == "on",
                moment(one.since),
                moment(one.until),
                f"{one.state} by {one.owner}: {one.reason}",
            )
            for one in reversed(told.overrides)
        ]
        self._day = lru_cache(_DAYS)(self._day_of)

    def __contains__(self, name: str) -> bool:
        return name in self._windows

    def holds(self, name: str, local: datetime) -> Verdict:
        """Whether it is in the period, when the site's clock shows `local` (naive)."""
        for one in self._overrides:  # the last one that was written counts
            if one.period == name and one.since <= local < one.until:
                return Verdict(one.on, f"{name} is {one.words}")
        minute, today = local.hour * 60 + local.minute, self._day(local.date())
        here = any(start <= minute < end for start, end in today.spans[name])
        return Verdict(here, f"{'' if here else 'not '}{name}{today.told}")

    def _day_of(self, day: date) -> _Today:
        """Also what began the day before and goes on after midnight."""
        yesterday = day - timedelta(days=1)
        spans = {
            name: [*self._spans(name, day), *((0, end - DAY) for _, end in self._spans(name, yesterday) if end > DAY)]
            for name in self._windows
        }
        return _Today(spans, self._told(day))

    def _spans(self, name: str, day: date) -> Iterable[tuple[int, int]]:
        """From which to which minute of `day` the period lasts; beyond 1440 it is the next day's."""
        for one in self._windows.get(name, ()):
            if isinstance(one, Between):
                windows = [each for each in self._windows.get(one.period, ()) if isinstance(each, Window)]
                yield from _gaps(sorted(span for each in windows for span in self._span(each, day)))
            else:
                yield from self._span(one, day)

    def _span(self, one: Window, day: date) -> list[tuple[int, int]]:
        end = one.end if one.end > one.start else one.end + DAY
        if one.days is Days.DAILY:
            return [(one.start, end)]
        if one.days is Days.CLOSED:
            return [] if self.school(day) else [(one.start, end)]
        other = self._days.get(day)
        weekday = WEEKDAYS.index(other.runs_as) if other and other.runs_as else day.weekday()
        if weekday not in one.weekdays or not self.school(day):
            return []
        over = clock(other.ends) if other and other.ends else 2 * DAY
        return [(one.start, min(end, over))] if one.start < over else []

    def school(self, day: date) -> bool:
        """Whether it is a school day."""
        in_term = not self._terms or _among(day, self._terms) is not None
        return in_term and _among(day, self._holidays) is None

    def _told(self, day: date) -> str:
        """What is special about the day."""
        if (holiday := _among(day, self._holidays)) is not None:
            return f" ({holiday.name or 'a holiday'})"
        if self._terms and _among(day, self._terms) is None:
            return " (no term)"
        other = self._days.get(day)
        if other is None:
            return ""
        words = [f"runs as {other.runs_as}" if other.runs_as else "", f"ends {other.ends}" if other.ends else ""]
        return f" ({', '.join(filter(None, [*words, other.reason]))})"


class Calendars:
    """All calendars of a site, by its time zone. `armed` and `severity` at any Unix second, None: nobody knows when."""

    def __init__(
        self,
        calendars: Mapping[str, Calendar] | None = None,
        zone: tzinfo = UTC,
        modes: Mapping[ModeName, ModeSettings] | None = None,
        mode: Mode = _NORMAL,
    ) -> None:
        self.told = dict(calendars or {})
        self._zone, self.timezone = zone, str(zone)
        self.settings: dict[str, ModeSettings] = dict(DEFAULTS)
        self.settings.update({str(name): one for name, one in (modes or {}).items()})
        self.mode = mode
        self._periods = {name: Periods(one) for name, one in self.told.items()}
        self._judged = lru_cache(_REMEMBERED)(self._judge)
        self._local = lru_cache(1)(self._clock)

    @classmethod
    def of(cls, config: Config) -> Calendars:
        """Those of a configuration."""
        return cls(config.calendars, ZoneInfo(config.site.timezone), config.modes)

    def in_mode(self, mode: Mode) -> Calendars:
        """The same, while the site is in that mode."""
        made = copy(self)
        made.mode = mode
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendars) and self._all == other._all

    def __hash__(self) -> int:
        return hash((tuple(self.told), self._zone))

    def __reduce__(self) -> tuple[type[Calendars], tuple[Any, ...]]:
        """What was judged is judged again elsewhere."""
        return Calendars, self._all

    @property
    def _all(self) -> tuple[Any, ...]:
        return self.told, self._zone, self.settings, self.mode

    def armed(self, rule: Rule, wall: float | None, ours: float | None = None) -> Verdict:
        """Whether `rule` raises alerts, by the mode, else by its schedule. Where nobody knows when it is, it does.

        `wall` is the time of the picture, which a camera may tell; `ours` that of this machine, by which modes are set.
        """
        if ordered := self._ordered(rule, ours):
            return ordered
        if rule.schedule in ("always", "never"):
            return Verdict(rule.schedule == "always", rule.schedule)
        if wall is None:
            return Verdict(True, "the time is not known")
        return self._judged(rule.schedule, int(wall // 60))

    def severity(self, rule: Rule, wall: float | None, ours: float | None = None) -> Severity:
        """That of the mode, or of the first of its `severity_during` that holds, else its own."""
        settings = self._settings(ours)
        if settings and settings.severity and (not settings.arm or settings.arms(rule.tags)):
            return settings.severity
        if wall is not None:
            for when, severity in rule.severity_during.items():
                if self._judged(when, int(wall // 60)).armed:
                    return severity
        return rule.severity

    def audience(self, ours: float | None) -> tuple[str, ...] | None:
        """Who is to be paged then; None: everybody."""
        settings = self._settings(ours)
        return settings.audience if settings else None

    def mode_at(self, ours: float | None) -> Mode:
        """The one that holds; where nobody knows when it is, that is normal."""
        return _NORMAL if ours is None else self.mode.at(ours)

    def turned_ago(self, wall: float | None, ours: float | None) -> float:
        """So many seconds before then what is armed may have changed last: at a whole minute, or with the mode."""
        ago = [-one for one in self._ends(ours) if one <= 0]
        return min([*([] if wall is None else [wall % 60]), *ago], default=0.0)

    def turns_in(self, wall: float | None, ours: float | None) -> float:
        """For so many seconds from then what is armed stays as it is."""
        ahead = [one for one in self._ends(ours) if one > 0]
        return min([*([] if wall is None else [60 - wall % 60]), *ahead], default=math.inf)

    def _ends(self, ours: float | None) -> list[float]:
        """In how many seconds the mode begins and ends."""
        return [] if ours is None else [at - ours for at in (self.mode.since, self.mode.until) if at is not None]

    def _settings(self, ours: float | None) -> ModeSettings | None:
        return self.settings.get(self.mode_at(ours).name)

    def _ordered(self, rule: Rule, ours: float | None) -> Verdict | None:
        """What the mode says of the rule; None: nothing."""
        settings, mode = self._settings(ours), self.mode_at(ours)
        if settings is None:
            return None
        words = f"{mode.name} by {mode.by}: {mode.why}"
        if settings.disarms(rule.tags):
            return Verdict(False, words)
        return Verdict(True, words) if settings.arms(rule.tags) else None

    def _clock(self, minute: int) -> datetime:
        """What the site's clock shows."""
        return datetime.fromtimestamp(minute * 60, self._zone).replace(tzinfo=None)

    def _judge(self, text: str, minute: int) -> Verdict:
        when = _read(text)
        local = self._local(minute)
        if when.mode in ("always", "never"):
            return Verdict(when.mode == "always", when.mode)
        held = [self._holds(one, local) for one in when.when]
        inside = any(one.armed for one in held)
        words = "; ".join(one.why for one in held if one.armed or not inside)
        if inside is (when.mode == "outside"):
            return Verdict(False, words)
        excepted = [one for one in (self._holds(one, local) for one in when.but) if one.armed]
        return Verdict(not excepted, f"but {excepted[0].why}" if excepted else words)

    def _holds(self, one: str | Window, local: datetime) -> Verdict:
        if isinstance(one, Window):
            minute, wraps = local.hour * 60 + local.minute, one.end <= one.start
            here = minute >= one.start or minute < one.end if wraps else one.start <= minute < one.end
            return Verdict(here, f"{'' if here else 'not '}{_shown(one.start)}-{_shown(one.end)}")
        calendar, _, name = one.rpartition(".")
        for known, periods in self._periods.items():
            if name in periods and calendar in ("", known):
                return periods.holds(name, local)
        return Verdict(False, f"there is no period {one}")


def _among(day: date, spans: Iterable[Dates]) -> Dates | None:
    return next((one for one in spans if one.first <= day <= one.last), None)


def _gaps(spans: list[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """What lies between them; they are sorted, and may overlap."""
    until: int | None = None
    for start, end in spans:
        if until is not None and start > until:
            yield until, start
        until = end if until is None else max(until, end)


def _shown(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
