"""Days without school from an iCalendar file (RFC 5545), as schools publish them: its events that last whole days.

Events of some hours are none of these: a rehearsal closes no school. What repeats is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.config.problems import refuse

_FROM, _TO = date(2020, 1, 1), date(2050, 1, 1)
_LARGEST = 5_000_000
"""Bytes: more is no calendar of holidays."""


def holidays(path: Path) -> tuple[str, ...]:
    """`2026-12-21 to 2027-01-01 Winter break`, a line for each, in the order of time. Raises PydanticCustomError."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}", "Check the path.") from None
    try:
        found = sorted(set(_whole_days(raw)))
    except Exception as error:  # whatever a parser makes of somebody's file
        raise refuse(f"is no iCalendar file ({type(error).__name__})", "Export it anew, as .ics.") from None
    if not found:
        raise refuse("has no event that lasts whole days", "Give it a calendar (.ics) of the days without school.")
    return tuple(found)


def _whole_days(raw: bytes) -> Iterator[str]:
    """From 2020 to 2050."""
    import icalendar  # dear, and only needed where a calendar is a file
    import recurring_ical_events

    calendar = icalendar.Calendar.from_ical(raw)
    for event in recurring_ical_events.of(calendar, skip_bad_series=True).between(_FROM, _TO):
        if not isinstance(event, icalendar.Event) or isinstance(event.start, datetime):
            continue
        first, last = event.start, max(event.start, event.end - timedelta(days=1))  # it ends on the day after
        name = " ".join(str(event.get("SUMMARY", "")).split())
        yield f"{first} to {last} {name}".strip()
