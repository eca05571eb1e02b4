"""Small builders: pictures, people who walk, what a tracker says of them, and cameras with rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config import Camera
from pipeline.frame import Frame
from pipeline.rules.facts import Sighting
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Boxes, Detections, Incident, IncidentState, Moment, Point, Tracks

SIZE = (640, 480)
ASPECT = SIZE[0] / SIZE[1]
HEIGHT = 0.3
"""Of a person, in picture heights."""

Way = Callable[[float], "Point | None"]


def frame(luma: NDArray[np.uint8], pts: float) -> Frame:
    return Frame("yard", round(pts * 1000), pts, luma)


def box(feet: Point, height: float = HEIGHT, aspect: float = ASPECT) -> tuple[float, float, float, float]:
    """A person of `height` (picture heights) who stands at `feet` (normalised); corners in display units, unclipped."""
    x, y = feet[0] * aspect, feet[1]
    return x - height / 6, y - height, x + height / 6, y


def boxes(*feet: Point, height: float = HEIGHT) -> Boxes:
    return np.array([box(one, height) for one in feet], np.float32).reshape(-1, 4)


def seen(*feet: Point, score: float = 0.9, height: float = HEIGHT) -> Detections:
    """Detections of people who stand at `feet`."""
    return Detections(boxes(*feet, height=height), np.full(len(feet), score, np.float32))


def way(*points: tuple[float, float, float]) -> Way:
    """Straight from point to point, each `(time, x, y)`; still before the first and after the last."""
    times, xs, ys = zip(*points, strict=True)
    return lambda at: (float(np.interp(at, times, xs)), float(np.interp(at, times, ys)))


def sighting(at: float, anchor: Point, height: float = HEIGHT, born_at: float = 0.0, border: bool = False) -> Sighting:
    return Sighting(at, anchor, height, ASPECT, born_at, border)


@dataclass(frozen=True)
class Walker:
    """A track: there from `since` up to, not including, `until`; not seen (it coasts) where its way gives None.

    It is told when it has been there for `sure_s`.
    """

    way: Way
    since: float = -np.inf
    until: float = np.inf
    height: float = HEIGHT
    sure_s: float = 0.0


class Street:
    """What a tracker says of walkers, time after time."""

    def __init__(self, walkers: Mapping[int, Walker], aspect: float = ASPECT) -> None:
        self._walkers = walkers
        self._aspect = aspect
        self._born: dict[int, tuple[float, Point]] = {}
        self._last: dict[int, tuple[float, Point]] = {}

    def tracks(self, at: float) -> Tracks:
        there = {i: walker for i, walker in self._walkers.items() if walker.since <= at < walker.until}
        for i, walker in there.items():
            if (feet := walker.way(at)) is not None:
                self._born.setdefault(i, (at, feet))
                self._last[i] = (at, feet)
        known = [i for i in there if i in self._last and at - self._born[i][0] >= there[i].sure_s]
        return Tracks(
            at,
            self._aspect,
            np.array(known, np.int64),
            np.array([box(self._last[i][1], there[i].height, self._aspect) for i in known], np.float32).reshape(-1, 4),
            np.full(len(known), 0.9, np.float32),
            np.array([self._last[i][0] for i in known], np.float64),
            np.array([self._born[i][0] for i in known], np.float64),
            np.array([box(self._born[i][1], there[i].height, self._aspect) for i in known], np.float32).reshape(-1, 4),
        )


def now(at: float, wall: float | None = None) -> Now:
    return Now(Moment(at, wall), size=SIZE)


def watch(
    rules: Rules, walkers: Mapping[int, Walker | Way], until: float, fps: float = 5, start: float = 0.0
) -> list[Incident]:
    """All that `rules` say of these people from `start` to `until`, `fps` pictures a second. Ways begin at 0."""
    return watch_at(rules, walkers, [picture / fps for picture in range(round(until * fps) + 1)], start)


def watch_at(
    rules: Rules,
    walkers: Mapping[int, Walker | Way],
    times: Iterable[float],
    start: float = 0.0,
    grants: Sequence[tuple[str, float]] | None = None,
) -> list[Incident]:
    """The same with pictures at these times, counted from `start`; `grants` are given as (door, time)."""
    if grants is not None:
        rules.access([(door, start + at) for door, at in grants], np.inf)
    people = {i: one if isinstance(one, Walker) else Walker(one) for i, one in walkers.items()}
    street = Street({i: _later(one, start) for i, one in people.items()})
    told: list[Incident] = []
    for at in times:
        told += rules.update(street.tracks(start + at), now(start + at, None if grants is None else start + at))
    return told


def _later(walker: Walker, start: float) -> Walker:
    if not start:
        return walker
    return replace(
        walker, way=lambda at: walker.way(at - start), since=walker.since + start, until=walker.until + start
    )


ZONE = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.8], [0.4, 0.8]]
LINE = [[0.5, 0.2], [0.5, 0.9]]
IN, AWAY = (0.5, 0.6), (0.2, 0.6)
"""In the zone, and out of it."""


def stays(*spells: tuple[float, float], away: Point = AWAY, where: Point = IN) -> Way:
    """In the zone in these spells, away between them."""
    return lambda at: where if any(start <= at < end for start, end in spells) else away


def camera(
    zone: Any = ZONE,
    line: Sequence[Sequence[float]] = LINE,
    zones: Mapping[str, Any] | None = None,
    ground: Any = None,
    **rules: Mapping[str, Any],
) -> Camera:
    """A camera with the zone `yard` in its middle and the upright line `door`, if no others are given."""
    return Camera.model_validate(
        {
            "name": "front",
            "url": "rtsp://127.0.0.1/front",
            "zones": zones or {"yard": zone if isinstance(zone, dict) else {"polygon": zone}},
            "ground": ground,
            "lines": {"door": {"points": line}},
            "rules": {name: {**_where(rule), **rule} for name, rule in rules.items()},
        }
    )


def _where(rule: Mapping[str, Any]) -> dict[str, str]:
    if "zones" in rule:
        return {}
    lines = ("cross", "tailgate", "unbadged", "unused_grant")
    return {"line": "door"} if rule["trigger"] in lines else {"zone": "yard"}


def rules(
    trigger: str = "enter",
    *,
    zone: Any = ZONE,
    line: Any = LINE,
    areas: Mapping[str, Any] | None = None,
    ground: Any = None,
    **keys: Any,
) -> Rules:
    """One rule, called `rule`, on the zone or the line of `camera`, or on `areas`."""
    return Rules(camera(zone, line, areas, ground, rule={"trigger": trigger, **keys}), Origin("school"))


def lives(told: Iterable[Incident]) -> list[list[Incident]]:
    """The revisions of each incident, in the order of opening. Checks what holds for every one of them."""
    by_id: dict[str, list[Incident]] = {}
    for one in told:
        by_id.setdefault(one.id, []).append(one)
    for revisions in by_id.values():
        states = [one.state for one in revisions]
        assert [one.revision for one in revisions] == list(range(1, len(revisions) + 1))
        assert states[0] is IncidentState.OPENED
        assert states.count(IncidentState.OPENED) == 1
        assert IncidentState.CLOSED not in states[:-1]
    return list(by_id.values())


def visits(told: Iterable[Incident]) -> list[tuple[float | None, float | None]]:
    """When each visit began and when it ended, media seconds; None for the end of one that is still open."""
    return [(life[0].entered.media, life[-1].left.media if life[-1].left else None) for life in lives(told)]
