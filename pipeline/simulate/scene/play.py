"""Who walks where and when, and what follows from it: visits to zones and crossings of lines, to the millisecond.

Floors are flat and cameras ideal, so straight ways and straight borders stay straight in the picture, and a foot is
in a zone of the picture exactly while it is in that of the floor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, ceil, hypot, pi, sin
from typing import Literal, TypeAlias

from pipeline.simulate.scene.figure import Look
from pipeline.simulate.scene.place import Brush, Floor, Place, Spot
from pipeline.simulate.scene.weather import CLEAR, Weather

Direction: TypeAlias = Literal["left_to_right", "right_to_left", "top_to_bottom", "bottom_to_top"]


@dataclass(frozen=True, slots=True)
class Stay:
    """From `start` to `end` (seconds of the play) the figure goes straight from one spot to the other, or stands."""

    start: float
    end: float
    here: Spot
    there: Spot

    @property
    def speed(self) -> float:
        return hypot(self.there[0] - self.here[0], self.there[1] - self.here[1]) / (self.end - self.start)

    def spot(self, at: float) -> Spot:
        done = (at - self.start) / (self.end - self.start)
        (x1, z1), (x2, z2) = self.here, self.there
        return x1 + done * (x2 - x1), z1 + done * (z2 - z1)

    def facing(self, at: float) -> float:
        """Radians from straight away from the camera, to the right; someone who stands looks about a little."""
        if self.speed == 0.0:
            return pi - 0.3 + 0.25 * sin(0.9 * (at - self.start))
        return atan2(self.there[0] - self.here[0], self.there[1] - self.here[1])


@dataclass(frozen=True, slots=True)
class Figure:
    """One person of the play: how they look and where they go."""

    look: Look
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class Car:
    """A car that drives straight across the view."""

    colour: tuple[int, int, int]
    drive: Stay


@dataclass(frozen=True, slots=True)
class Thing:
    """Something else that moves, at distance `z`: `paint` draws it at each second of the play."""

    z: float
    paint: Callable[[Brush, float], None]


@dataclass(frozen=True, slots=True)
class Play:
    """What happens within `seconds`, in which `weather`; then it begins again."""

    seconds: float
    figures: tuple[Figure, ...] = ()
    cars: tuple[Car, ...] = ()
    things: tuple[Thing, ...] = ()
    weather: Weather = CLEAR


@dataclass(frozen=True, slots=True)
class Visit:
    """While `entered` ≤ t < `left` (seconds of the recording) the feet of one figure are in the zone."""

    figure: int
    zone: str
    entered: float
    left: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """At `at` (seconds of the recording) one figure goes over the line."""

    figure: int
    line: str
    at: float
    direction: Direction


def route(start: float, first: Spot, *legs: tuple[float, Spot]) -> tuple[Stay, ...]:
    """From the spot `first` on: so many seconds to the next one, or, where it is the same, standing there."""
    stays: list[Stay] = []
    for (_, here), (seconds, there) in pairwise([(0.0, first), *legs]):
        stays.append(Stay(start, start + seconds, here, there))
        start += seconds
    return tuple(stays)


def visits(place: Place, play: Play, seconds: float | None = None) -> list[Visit]:
    """All visits in a recording of this length (default: one play), by time; its end may cut the last ones short."""
    length = play.seconds if seconds is None else seconds
    found = [
        Visit(number, name, entered + begun, min(left + begun, length))
        for begun in _beginnings(play, length)
        for number, figure in enumerate(play.figures)
        for name, area in place.zones.items()
        for entered, left in _inside(figure, area)
        if entered + begun < length
    ]
    return sorted(found, key=lambda visit: visit.entered)


def crossings(place: Place, play: Play, seconds: float | None = None) -> list[Crossing]:
    """All crossings in a recording of this length (default: one play), by time."""
    length = play.seconds if seconds is None else seconds
    found = [
        Crossing(number, name, at + begun, direction)
        for begun in _beginnings(play, length)
        for number, figure in enumerate(play.figures)
        for name, line in place.lines.items()
        for at, direction in _over(figure, line)
        if at + begun < length
    ]
    return sorted(found, key=lambda crossing: crossing.at)


def _beginnings(play: Play, seconds: float) -> list[float]:
    return [turn * play.seconds for turn in range(ceil(seconds / play.seconds))]


def _inside(figure: Figure, area: Floor) -> list[tuple[float, float]]:
    """When the figure's feet are in the rectangle, in seconds of the play: the stays' times inside, joined."""
    spans: list[tuple[float, float]] = []
    for start, end in (span for stay in figure.stays if (span := _spent(stay, area))):
        if spans and start - spans[-1][1] < 1e-6:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _spent(stay: Stay, area: Floor) -> tuple[float, float] | None:
    """The part of a stay that is spent inside the rectangle, or None."""
    first, last = 0.0, 1.0
    for axis, (low, high) in enumerate(((area.x1, area.x2), (area.z1, area.z2))):
        here, step = stay.here[axis], stay.there[axis] - stay.here[axis]
        if step == 0.0:
            if not low <= here <= high:
                return None
            continue
        near, far = sorted(((low - here) / step, (high - here) / step))
        first, last = max(first, near), min(last, far)
    length = stay.end - stay.start
    return (stay.start + first * length, stay.start + last * length) if first < last else None


def _over(figure: Figure, line: tuple[Spot, Spot]) -> Iterator[tuple[float, Direction]]:
    """When the figure goes over the line, in seconds of the play, and which way that looks to the camera."""
    (ax, az), (bx, bz) = line
    for stay in figure.stays:
        (hx, hz), (tx, tz) = stay.here, stay.there
        turn = (tx - hx) * (bz - az) - (tz - hz) * (bx - ax)
        if turn == 0.0:
            continue
        done = ((ax - hx) * (bz - az) - (az - hz) * (bx - ax)) / turn
        along = ((ax - hx) * (tz - hz) - (az - hz) * (tx - hx)) / turn
        if 0.0 <= done < 1.0 and 0.0 <= along <= 1.0:
            yield stay.start + done * (stay.end - stay.start), _way(line, stay)


def _way(line: tuple[Spot, Spot], stay: Stay) -> Direction:
    (ax, az), (bx, bz) = line
    if abs(bz - az) > abs(bx - ax):
        return "left_to_right" if stay.there[0] > stay.here[0] else "right_to_left"
    return "bottom_to_top" if stay.there[1] > stay.here[1] else "top_to_bottom"


def present(figures: Iterable[Figure], at: float) -> list[tuple[int, Figure, Stay]]:
    """Who is about at this second of the play, with their numbers and what they do."""
    found = ((number, figure, _stay(figure, at)) for number, figure in enumerate(figures))
    return [(number, figure, stay) for number, figure, stay in found if stay]


def _stay(figure: Figure, at: float) -> Stay | None:
    return next((stay for stay in figure.stays if stay.start <= at < stay.end), None)
