"""Every rule of a camera on everybody who is followed: what it sees of them, for as long as it may concern it.

Two people in one zone are two incidents. Not here: what becomes of facts (`cases`), delivery (`sinks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.config import Camera, Rule
from pipeline.rules.cases import Cases, Person, Watch
from pipeline.rules.cases import Now as Now
from pipeline.rules.cases import Origin as Origin
from pipeline.rules.facts import Fact, Happening, Sighting
from pipeline.rules.triggers import trigger_for
from pipeline.rules.walltime import WallTime
from pipeline.types import Incident, Tracks

# Seconds: a track that is no longer shown may come back, as the same person, for a while.
_WAITED_FOR_S = 10.0
_BORDER = 0.01
# Feet that the picture's lower edge cuts off are found a little above or below it: they are at the edge.
_BELOW_EDGE = 0.03
_AT_EDGE = 1 - 1e-6


class Rules:
    """All rules of one camera. `update` after each analysed picture; `interrupt` when the watching stops."""

    def __init__(self, camera: Camera, origin: Origin) -> None:
        self._camera = camera
        self._people: dict[int, Person] = {}
        self._watches: dict[tuple[str, int], Watch] = {}
        self._wall = WallTime()
        self._cases = Cases(camera, origin, self._wall)

    @property
    def open_incidents(self) -> int:
        """How many are open."""
        return sum(watch.case is not None for watch in self._watches.values())

    def armed(self, wall: float | None) -> list[Rule]:
        """Those of its rules that raise alerts then."""
        calendars = self._cases.origin.calendars
        return [rule for rule in self._camera.rules.values() if calendars.armed(rule, wall).armed]

    def update(self, tracks: Tracks, now: Now) -> list[Incident]:
        """What the rules say of the tracks as they are at `now`; oldest rule first, then oldest track."""
        self._wall.note(now.at)
        present = {int(i) for i in tracks.ids}
        seen = self._look(tracks)
        told: list[Incident] = []
        for watch in self._all_watches(present):
            told += self._tell(watch, self._facts(watch, present, seen, now.at.media), now)
        self._forget(present, now.at.media)
        return told

    def interrupt(self, now: Now, reason: str) -> list[Incident]:
        """Close what is open, because nobody watches any longer; tracks and visits are forgotten."""
        told: list[Incident] = []
        for watch in self._watches.values():
            told += self._tell(watch, watch.trigger.finish(), now) + self._cut(watch, now, reason)
        self._watches.clear()
        self._people.clear()
        return told

    def reconfigure(self, camera: Camera, origin: Origin, now: Now) -> list[Incident]:
        """Take new rules; those that did not change keep their visits and open incidents."""
        old, self._camera = self._camera, camera
        self._cases.camera, self._cases.origin = camera, origin
        told: list[Incident] = []
        for key, watch in list(self._watches.items()):
            if not _same_rule(watch.name, old, camera):
                told += self._cut(watch, now, "rule_changed")
                del self._watches[key]
        return told

    def _look(self, tracks: Tracks) -> set[int]:
        """Note every track that was seen this time; the others coast."""
        shape = (tracks.aspect, 1.0)
        seen = set()
        for i in np.flatnonzero(tracks.seen_at >= tracks.at):
            box = tracks.boxes[i] / (shape * 2)
            track, person = int(tracks.ids[i]), self._people.get(int(tracks.ids[i]))
            sighting = _sighting(box, float(tracks.born_at[i]), tracks.at, tracks.aspect)
            first = None if person else _first(tracks, int(i))
            path = person.path if person else []
            self._people[track] = person = Person(sighting, first, _rounded(box), float(tracks.scores[i]), path)
            person.walked()
            seen.add(track)
        return seen

    def _all_watches(self, present: set[int]) -> Iterator[Watch]:
        """Every rule on every track that has been seen, made when first needed."""
        for name, rule in self._camera.rules.items():
            for track in sorted(self._people):
                key = (name, track)
                if key not in self._watches and track in present:
                    self._watches[key] = Watch(name, rule, track, trigger_for(rule, self._camera))
                if key in self._watches:
                    yield self._watches[key]

    def _facts(self, watch: Watch, present: set[int], seen: set[int], now: float) -> list[Fact]:
        if watch.track in seen and not _counts(watch.rule, self._people[watch.track].sighting):
            return watch.trigger.unseen(now)
        if watch.track in seen:
            seen_at = (one.anchored(watch.rule.anchor) for one in self._people[watch.track].sightings())
            return [fact for one in seen_at for fact in watch.trigger.seen(one)]
        return watch.trigger.unseen(now) if watch.track in present else watch.trigger.gone(now)

    def _forget(self, present: set[int], now: float) -> None:
        """Drop what can have nothing more to say: of people who have been gone for longer than they are waited for."""
        gone = {t for t, one in self._people.items() if t not in present and now - one.sighting.at > _WAITED_FOR_S}
        for key, watch in list(self._watches.items()):
            if watch.track in gone and watch.trigger.idle and watch.case is None:
                del self._watches[key]
        waiting = {watch.track for watch in self._watches.values()}
        for track in gone - waiting:
            del self._people[track]

    def _tell(self, watch: Watch, facts: list[Fact], now: Now) -> list[Incident]:
        return self._cases.tell(watch, self._people[watch.track], facts, now)

    def _cut(self, watch: Watch, now: Now, reason: str) -> list[Incident]:
        if watch.case is None:
            return []
        seen = self._people[watch.track].sighting.at
        why = {"closed_because": reason, "last_seen_s": round(seen, 3)}
        fact = Fact(Happening.CLOSED, now.at.media, watch.case.entered, why=why)
        return self._tell(watch, [fact], now)


def _counts(rule: Rule, sighting: Sighting) -> bool:
    """Whether a person of this height concerns the rule; of whom the picture's edge cuts off a part it is not known."""
    heights = rule.person_height
    if heights is None:
        return True
    too_small = heights.min is not None and sighting.height < heights.min and not sighting.at_border
    return not too_small and (heights.max is None or sighting.height <= heights.max)


def _same_rule(name: str, old: Camera, new: Camera) -> bool:
    """Neither the rule nor its shape has changed."""
    was, now = old.rules.get(name), new.rules.get(name)
    if was is None or was != now:
        return False
    return old.zones.get(was.zone or "") == new.zones.get(was.zone or "") and (
        old.lines.get(was.line or "") == new.lines.get(was.line or "")
    )


def _first(tracks: Tracks, i: int) -> Sighting | None:
    """The sighting that a track began with, where that was earlier than this one."""
    born_at, shape = float(tracks.born_at[i]), (tracks.aspect, 1.0)
    return _sighting(tracks.born[i] / (shape * 2), born_at, born_at, tracks.aspect) if born_at < tracks.at else None


def _sighting(box: np.ndarray[Any, Any], born_at: float, at: float, aspect: float) -> Sighting:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    border = min(x1, y1, 1 - x2, 1 - y2) < _BORDER
    feet = y2 if y2 > 1 + _BELOW_EDGE else min(y2, _AT_EDGE)
    return Sighting(at, ((x1 + x2) / 2, feet), y2 - y1, aspect, born_at, border, x2 - x1)


def _rounded(box: np.ndarray[Any, Any]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (round(float(edge), 4) for edge in box)
    return x1, y1, x2, y2
