"""Of which rule and whom nothing can have happened: far out of the zone still, or well inside of it still.

There are as many pairs of rules and people as both multiplied, and of nearly all of them there is nothing to say. One
pass over arrays finds those; their triggers are not asked, and catch up when something happens. Not here: what does
(`in_zone`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.config import Anchor, Camera, Rule
from pipeline.rules.area import CLEAR_OF_ZONE, Area
from pipeline.rules.cases import Person, Watch
from pipeline.rules.cross import Cross
from pipeline.rules.facts import Sighting
from pipeline.rules.geometry_kernels import stir
from pipeline.rules.in_zone import InZone

GONE, COASTS, NEW, SEEN = range(4)
_ZONE = ("enter", "appear", "exit", "disappear", "inside", "dwell", "stopped", "occupancy", "absence", "crowd_growth")
_LINE = ("cross", "tailgate", "unbadged", "unused_grant")
"""Triggers that have nothing to do with who is far from their zone or line."""


def may_rest(rule: Rule) -> bool:
    """Whether it asks only where somebody is, and of everybody."""
    asks = rule.trigger in (*_ZONE, *_LINE) and not rule.window_s and rule.anchor != "overlap"
    filters = rule.score or rule.stay_score or rule.track_age_s or rule.displacement or rule.person_height
    return asks and not filters


class Quiet:
    """The table of one camera's rules and people: `busy` says of which pairs something may have happened."""

    def __init__(self, camera: Camera) -> None:
        self._rules = list(camera.judged.items())
        self._rests = [may_rest(rule) for _, rule in self._rules]
        self._row = {name: row for row, (name, _) in enumerate(self._rules)}
        self._camera = camera
        self._kinds: list[Anchor] = list(dict.fromkeys(rule.anchor for _, rule in self._rules)) or ["bottom"]
        self._anchors = np.array([self._kinds.index(rule.anchor) for _, rule in self._rules], np.int64)
        self._columns: dict[int, int] = {}
        self._free: list[int] = []
        self._codes = np.zeros((len(self._rules), 0), np.uint8)
        self._skipped = np.zeros((len(self._rules), 0), np.int64)
        self._due = np.zeros((len(self._rules), 0))
        self._grow(8)
        self._aspect = 0.0

    def _grow(self, size: int) -> None:
        """Room for so many people."""
        more = ((0, 0), (0, size - self._codes.shape[1]))
        self._free += range(size - 1, self._codes.shape[1] - 1, -1)
        self._codes, self._skipped = np.pad(self._codes, more), np.pad(self._skipped, more)
        self._due = np.pad(self._due, more, constant_values=np.inf)

    def _shaped(self, aspect: float) -> None:
        """Where the zones are, in a picture of that shape."""
        self._aspect = aspect
        shapes: list[NDArray[np.float64]] = []
        ends, zones = [0], [0]
        self._bounds = np.zeros((len(self._rules), 4))
        for row, (_, rule) in enumerate(self._rules):
            rings = self._rings_of(rule, aspect) if self._rests[row] else []
            if rings:
                corners = np.concatenate(rings)
                self._bounds[row] = *corners.min(axis=0), *corners.max(axis=0)
            for ring in rings if rule.line is None else ():
                shapes.append(ring)
                ends.append(ends[-1] + len(ring))
            zones.append(len(ends) - 1)
        self._corners = np.concatenate(shapes) if shapes else np.zeros((0, 2))
        self._rings, self._zones = np.array(ends, np.int64), np.array(zones, np.int64)

    def _rings_of(self, rule: Rule, aspect: float) -> list[NDArray[np.float64]]:
        """The zone's borders, or the line."""
        if rule.line is not None:
            return [np.array(self._camera.lines[rule.line].points, np.float64)]
        return [np.array(ring, np.float64) for ring in Area(self._camera.zones[rule.zone or ""], aspect).rings]

    def busy(self, people: Mapping[int, Person], how: Mapping[int, int], at: float) -> Iterator[tuple[str, Rule, int]]:
        """Rule by rule, the tracks of whom it may have something to say; `how` they are: GONE, COASTS, NEW or SEEN."""
        tracks = sorted(people)
        if not tracks or not self._rules:
            return
        for track in tracks:
            if track not in self._columns:
                self._take(track)
        aspect = people[tracks[-1]].sighting.aspect
        if aspect != self._aspect:
            self._shaped(aspect)
            self._codes[:] = 0
        columns = np.array([self._columns[track] for track in tracks], np.int64)
        seen = np.array([how[track] for track in tracks], np.uint8)
        now = [people[track].sighting for track in tracks]
        before = [people[track].before or people[track].sighting for track in tracks]
        heights = np.array([one.height for one in now])
        busy = np.empty((len(self._rules), len(tracks)), np.uint8)
        stir(
            self._codes,
            self._due,
            self._skipped,
            columns,
            seen,
            self._places(before),
            self._places(now),
            heights,
            at,
            aspect,
            self._anchors,
            self._bounds,
            self._corners,
            self._rings,
            self._zones,
            CLEAR_OF_ZONE + 1e-9,
            busy,
        )
        for row, column in np.argwhere(busy).tolist():
            yield *self._rules[row], tracks[column]

    def _places(self, sightings: Sequence[Sighting]) -> NDArray[np.float64]:
        return np.array([[one.anchored(kind).anchor for one in sightings] for kind in self._kinds], np.float64)

    def _take(self, track: int) -> None:
        if not self._free:
            self._grow(2 * self._codes.shape[1])
        self._columns[track] = column = self._free.pop()
        self._codes[:, column] = self._skipped[:, column] = 0

    def forget(self, track: int) -> None:
        """Nobody waits for them any longer."""
        if track in self._columns:
            self._free.append(self._columns.pop(track))

    def catch_up(self, watch: Watch, last: Sighting) -> None:
        """Before its trigger is asked: it has been as it was, up to that sighting."""
        row, column = self._row[watch.name], self._columns.get(watch.track)
        if column is None or not (times := int(self._skipped[row, column])):
            return
        if isinstance(watch.trigger, InZone | Cross):
            watch.trigger.catch_up(last.anchored(watch.rule.anchor), times)
        self._skipped[row, column] = 0

    def note(self, watch: Watch, news_at: float) -> None:
        """After it was asked: whether it may rest now, up to `news_at` (media seconds) at most."""
        row, column = self._row[watch.name], self._columns[watch.track]
        trigger, waits = watch.trigger, watch.untold is not None or watch.folded is not None
        if waits or not self._rests[row] or not isinstance(trigger, InZone | Cross):
            self._codes[row, column] = 0
            return
        code, due = trigger.rests()
        self._codes[row, column] = 0 if code == 1 and watch.case is not None else code
        self._due[row, column] = min(due, news_at)
