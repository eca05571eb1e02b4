"""The keys of `calendars`: when there is school, and what its days are made of.

Not here: how times and dates are written (`schedule.py`), and what follows from them (`rules/calendar`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import InitErrorDetails

from pipeline.config import schedule
from pipeline.config.fields import Name, Named, from_folder
from pipeline.config.ical import holidays
from pipeline.config.problems import Strict, did_you_mean, mistake, refuse

T = TypeVar("T")


def _checked(read: Any) -> AfterValidator:
    """The text stays what it is; that it can be read is checked."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _holidays(value: Any, info: ValidationInfo) -> Any:
    """What is in a file counts, not its name: so a calendar that changes is another configuration."""
    return holidays(from_folder(Path(value), info)) if isinstance(value, str | Path) else value


def _iso(value: str) -> str:
    found = schedule.dates(value)
    if found.name or found.last != found.first:
        raise refuse("is no single date", "Write it as 2026-12-18.")
    return value


Dates: TypeAlias = Annotated[str, _checked(schedule.dates)]
Window: TypeAlias = Annotated[str, _checked(schedule.window)]
LocalMoment: TypeAlias = Annotated[str, _checked(schedule.moment)]
When: TypeAlias = Annotated[str, _checked(schedule.schedule)]
Clock: TypeAlias = Annotated[str, _checked(schedule.clock)]
ListOf: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_one_or_more)]
HolidayFile: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_holidays)]
Date: TypeAlias = Annotated[str, AfterValidator(_iso)]


class Day(Strict):
    """A school day that is not as its weekday is."""

    ends: Clock | None = Field(None, description="School ends then: what is of its weekday is over; as 12:00.")
    runs_as: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = Field(
        None, description="It has the times of this weekday: mon to sun."
    )
    reason: str = Field("", max_length=200, description="Why, for who asks.")


class Override(Strict):
    """A period that is on, or off, for once."""

    period: Name = Field(description="Name of the period.")
    state: Literal["on", "off"] = Field(description="on or off, whatever the calendar says.")
    since: LocalMoment = Field(description="From then on, as 2026-11-20 18:00, by the site's clock.")
    until: LocalMoment = Field(description="Up to then; as 2026-11-20 22:00.")
    owner: str = Field(min_length=1, max_length=200, description="Who has decided it.")
    reason: str = Field(min_length=1, max_length=200, description="Why.")

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        try:
            ends_first = schedule.moment(str(data["until"])) <= schedule.moment(str(data["since"]))
        except Exception:  # told of the field itself
            return
        if ends_first:
            yield mistake(("until",), "is not after since", "Nothing would change.")


class Calendar(Strict):
    """Which days are school days, and the periods of a day."""

    terms: ListOf[Dates] = Field((), description="Dates between which there is school; none: all the year.")
    holidays: ListOf[Dates] = Field((), description="Days, or dates from which to which, without school.")
    holidays_from: ListOf[HolidayFile] = Field(
        (), description="iCalendar files (.ics) whose events of whole days are days without school."
    )
    periods: Named[ListOf[Window]] = Field(default_factory=dict, description="Times of the week, by name.")
    days: dict[Date, Day] = Field(default_factory=dict, description="Single days that are not as their weekday is.")
    overrides: tuple[Override, ...] = Field((), description="Periods that are on or off for once; the last one counts.")

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        periods = data.get("periods")
        known = list(periods) if isinstance(periods, Mapping) else []
        for name, texts in periods.items() if isinstance(periods, Mapping) else ():
            for place, text in enumerate(_texts(texts)):
                yield from _between(("periods", name, place), name, text, known)
        for place, one in enumerate(data.get("overrides") or ()):
            name = one.get("period") if isinstance(one, Mapping) else getattr(one, "period", None)
            if isinstance(name, str) and name not in known:
                hint = did_you_mean(name, known, "The periods of this calendar")
                yield mistake(("overrides", place, "period"), f"this calendar has no period `{name}`", hint)


def _texts(value: Any) -> list[str]:
    return [text for text in ([value] if isinstance(value, str) else value or ()) if isinstance(text, str)]


def _between(loc: tuple[str | int, ...], name: str, text: str, known: list[str]) -> Iterator[InitErrorDetails]:
    try:
        found = schedule.window(text)
    except Exception:  # told of the field itself
        return
    if isinstance(found, schedule.Between) and (found.period not in known or found.period == name):
        hint = did_you_mean(found.period, [one for one in known if one != name], "The other periods of this calendar")
        yield mistake(loc, f"this calendar has no other period `{found.period}`", hint)
