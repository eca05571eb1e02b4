"""The keys of a rule: what raises an alert, of whom, and when.

Not here: which keys go with which trigger (`triggers`), and what triggers do (`rules/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field
from pydantic_core import InitErrorDetails

from pipeline.config import triggers as triggers
from pipeline.config.calendars import When
from pipeline.config.fields import Name, Number, Whole
from pipeline.config.problems import Strict, mistake
from pipeline.config.speed import Speed
from pipeline.config.triggers import Trigger
from pipeline.types import Severity

Anchor: TypeAlias = Literal[
    "bottom", "centre", "top", "left", "right", "bottom_left", "bottom_right", "top_left", "top_right", "overlap"
]
Direction: TypeAlias = Literal[
    "any", "left_to_right", "right_to_left", "top_to_bottom", "bottom_to_top", "a_to_b", "b_to_a"
]


RowHeight: TypeAlias = tuple[Annotated[Number, Field(ge=0, le=1)], Annotated[Number, Field(gt=0, le=2)]]


def _between(what: str, nobody: str, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """`min` and `max` leave something between them."""
    low, high = triggers.number(data.get("min")), triggers.number(data.get("max"))
    if low is not None and high is not None and (low > high or (low == high and what == "height")):
        yield mistake(("min",), f"is not below max: {low:g} and {high:g}", nobody)
    if not data:
        yield mistake((), "says nothing", "Give it min, max or both, or take it out.")


def _rows(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """From the top of the picture to its bottom, and two of them at least: one says nothing of the others."""
    rows = data.get("by_row")
    if not isinstance(rows, list | tuple) or not rows:
        if data.get("tolerance") is not None:
            yield mistake(("tolerance",), "does nothing without by_row", "Take it out, or give by_row.")
        return
    told = [triggers.number(row[0]) if isinstance(row, list | tuple) and row else None for row in rows]
    if len(rows) < 2:
        yield mistake(("by_row",), "is one row", "Give two at least: [[0.3, 0.1], [0.95, 0.5]].")
    known = [row for row in told if row is not None]
    if any(b <= a for a, b in pairwise(known)):
        yield mistake(("by_row",), "is not in order", "Write the rows from the top of the picture to its bottom.")


class Heights(Strict):
    """How tall people are in the picture."""

    min: Number | None = Field(None, ge=0, le=2, description="Who is smaller does not count; share of its height.")
    max: Number | None = Field(None, ge=0.01, le=2, description="Who is taller does not count; share of its height.")
    by_row: tuple[RowHeight, ...] = Field(
        (), max_length=16, description="How tall people are whose feet are in that row, as [[0.3, 0.1], [0.95, 0.5]]."
    )
    tolerance: Number = Field(
        0.5, ge=0.05, le=0.95, description="Who differs from by_row by more than this share of it does not count."
    )

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        yield from _between("height", "Nobody would count.", data)
        yield from _rows(data)

    def expected(self, row: float) -> float | None:
        """How tall people are whose feet are there (0-1 from the top), between and beyond what was told; None: not
        told. On level ground that is linear in the row."""
        if len(self.by_row) < 2:
            return None
        pairs = list(pairwise(self.by_row))
        (r1, h1), (r2, h2) = next((pair for pair in pairs if row <= pair[1][0]), pairs[-1])
        return max(h1 + (row - r1) * (h2 - h1) / (r2 - r1), 0.0)

    def unlike(self, height: float, row: float) -> bool:
        """Whether nobody who stands there is so tall."""
        expected = self.expected(row)
        return expected is not None and abs(height - expected) > self.tolerance * expected


class Limits(Strict):
    """How many people may be in a zone."""

    min: Whole | None = Field(None, ge=1, le=10000, description="Fewer are too few.")
    max: Whole | None = Field(None, ge=0, le=10000, description="More are too many.")

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        return _between("people", "There would always be too few or too many.", data)


class Rule(Strict):
    """What raises an alert."""

    trigger: Trigger = Field(description="What it is about: see docs/reference/rules.md.")
    state: Literal["live", "shadow", "off"] = Field(
        "live", description="shadow: it is judged and counted, and nobody is told; off: it is not judged."
    )
    zone: str | None = Field(None, description="Name of the zone; for triggers about one.")
    zones: tuple[str, ...] = Field((), max_length=16, description="Names of zones; for sequence, in order, and loiter.")
    line: str | None = Field(None, description="Name of the line; for cross and tailgate.")
    door: str | None = Field(
        None, min_length=1, max_length=200, description="Name by which the door's reader tells of grants; for unbadged."
    )
    confirm_s: Number = Field(0.4, ge=0, le=60, description="Somebody is inside after being there so long; seconds.")
    confirm_samples: Whole = Field(1, ge=1, le=100, description="And after being seen there so often.")
    confirm_of: Whole | None = Field(
        None,
        ge=1,
        le=100,
        description="Of so many sightings `confirm_samples` are enough; none: all from the first on.",
    )
    release_s: Number = Field(2.0, ge=0, le=600, description="Somebody has left after being away so long; seconds.")
    seconds: Number | None = Field(
        None, ge=0.1, le=86400, description="Time that the trigger is about: a stay, or within which; seconds."
    )
    window_s: Number | None = Field(
        None, ge=1, le=86400, description="Stays within so many seconds add up; for dwell and loiter."
    )
    people: Limits | None = Field(None, description="How many may be in the zone; for occupancy.")
    grows_by: Whole | None = Field(
        None, ge=2, le=10000, description="So many more people than before; for crowd_growth."
    )
    faster_than: Speed | None = Field(None, description="As 2.5 m/s, or 1.5 heights/s; for speed.")
    angle: Number | None = Field(
        None, ge=0, lt=360, description="The way that is wrong: 0 is right, 90 up, 180 left; for wrong_direction."
    )
    tolerance: Number = Field(45.0, ge=1, le=179, description="Degrees to either side; for wrong_direction.")
    anchor: Anchor = Field(
        "bottom", description="Point of a person's box that the zone or line is about: bottom, where the feet are."
    )
    overlap: Number = Field(
        0.3, ge=0.01, le=1, description="Share of the box that must lie in the zone; for `anchor: overlap`."
    )
    by: Literal["any", "border"] = Field(
        "any", description="border: who comes in counts, who is found in the zone does not; for enter."
    )
    direction: Direction = Field("any", description="Way across the line that counts; for cross and tailgate.")
    person_height: Heights | None = Field(None, description="People of other heights do not count for this rule.")
    score: Number = Field(0.0, ge=0, le=0.99, description="Who is less sure to be a person does not begin to count.")
    stay_score: Number | None = Field(
        None, ge=0, le=0.99, description="Who is less sure than that no longer counts; none: as `score`."
    )
    track_age_s: Number = Field(0.0, ge=0, le=60, description="Who has been followed for less does not count; seconds.")
    displacement: Number = Field(
        0.0, ge=0, le=50, description="Who never got so far from where they were first seen does not count; heights."
    )
    tags: tuple[Name, ...] = Field((), max_length=16, description="Names by which modes know it, as [door, hall].")
    schedule: When = Field(
        "always", description="When it raises alerts: always, never, during A, outside A, ... except B."
    )
    severity: Severity = Field(Severity.MEDIUM, description="low, medium, high or critical.")
    severity_during: dict[When, Severity] = Field(
        default_factory=dict, description="Another severity by schedule; the first that holds counts."
    )
    within_s: Number = Field(
        2.0,
        ge=0,
        le=60,
        description="A camera may rest so long that this is told so much later; 0: it never rests; seconds.",
    )
    cooldown_s: Number = Field(
        0.0, ge=0, le=86400, description="Of the same person nothing is told anew for so long after an alert; seconds."
    )
    group_s: Number = Field(
        0.0, ge=0, le=86400, description="Alerts that open so soon after the one before are of one group; seconds."
    )
    update_s: Number = Field(
        30.0, ge=1, le=86400, description="An alert that lasts is told anew this often; seconds of video."
    )

    @property
    def places(self) -> tuple[str, ...]:
        """The names of all zones that it is about."""
        return self.zones or ((self.zone,) if self.zone else ())

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        return triggers.mistakes(data)
