"""How many alerts each rule gives a day: of rules in shadow as they are counted, of the others as they were told.

Not here: judging (`rules/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from pipeline.clock import Clock
from pipeline.sinks.journal_file import BUSY_S, JournalFile
from pipeline.types import Unsaid


class Loads:
    """Of the journal at `path`; days are those of `zone`. One thread at a time. Every method raises JournalError."""

    def __init__(self, path: Path, zone: tzinfo, clock: Clock, readonly: bool = False, busy_s: float = BUSY_S) -> None:
        self._zone, self._clock = zone, clock
        self._file = JournalFile(path, readonly, busy_s)

    def add(self, alerts: Mapping[tuple[str, str, Unsaid], int]) -> None:
        """So many more today that were not told, by camera, rule and why."""
        today = self._day(self._clock.wall())
        values = [value for (camera, rule, why), count in alerts.items() for value in (camera, rule, why, today, count)]
        places = ", ".join(["(?, ?, ?, ?, ?)"] * len(alerts))
        self._file.follow()
        self._file.run(
            f"INSERT INTO unsaid VALUES {places} ON CONFLICT DO UPDATE SET alerts = alerts + excluded.alerts",  # noqa: S608
            *values,
        )

    def by_day(self, days: int) -> dict[tuple[str, str], dict[str, int]]:
        """Of the last `days` days, today included: alerts by day, of each camera and rule that gave any.

        Those of a rule in shadow count, those that were folded do not.
        """
        first = self._first(days)
        found = self._unsaid(first, "shadow")
        query = (
            "SELECT camera, json_extract(data, '$.subject'), at FROM event"
            " WHERE at >= ? AND revision = 1 AND camera <> '' ORDER BY at"
        )
        for camera, rule, at in self._file.rows(query, first.timestamp()):
            of_day = found.setdefault((camera, rule), {})
            day = self._day(at)
            of_day[day] = of_day.get(day, 0) + 1
        return found

    def folded(self, days: int) -> dict[tuple[str, str], int]:
        """Of the same days, how many were folded by `cooldown_s`."""
        return {key: sum(by_day.values()) for key, by_day in self._unsaid(self._first(days), "folded").items()}

    def _unsaid(self, first: datetime, why: Unsaid) -> dict[tuple[str, str], dict[str, int]]:
        found: dict[tuple[str, str], dict[str, int]] = {}
        query = "SELECT camera, rule, day, alerts FROM unsaid WHERE day >= ? AND why = ? ORDER BY day"
        for camera, rule, day, alerts in self._file.rows(query, first.date().isoformat(), why):
            found.setdefault((camera, rule), {})[day] = alerts
        return found

    def _first(self, days: int) -> datetime:
        """When the first of so many days began."""
        now = datetime.fromtimestamp(self._clock.wall(), self._zone)
        return (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def _day(self, wall: float) -> str:
        return datetime.fromtimestamp(wall, self._zone).date().isoformat()
