"""Every rule of a camera on everybody who is followed: what it sees of them, for as long as it may concern it.

Two people in one zone are two incidents. Not here: what becomes of facts (`cases`), delivery (`sinks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.config import Camera, Rule
from pipeline.rules.access import converted
from pipeline.rules.account import Account, Gate, account
from pipeline.rules.cases import Cases, Person, Watch
from pipeline.rules.cases import Now as Now
from pipeline.rules.cases import Origin as Origin
from pipeline.rules.facts import Fact, Happening, Sighting
from pipeline.rules.gatherings import Gatherings
from pipeline.rules.kinds import trigger_for
from pipeline.rules.quiet import COASTS, GONE, NEW, SEEN, Quiet
from pipeline.rules.walltime import WallTime
from pipeline.types import Incident, Tracks

# Seconds: a track that is no longer shown may come back, as the same person, for a while.
_WAITED_FOR_S = 10.0
_BORDER = 0.01
# Media times are good to a millisecond.
_EPSILON_S = 1e-3
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
        self._gatherings = Gatherings(camera, self._cases)
        self._quiet = Quiet(camera)
        self._grants: list[tuple[str, float]] = []
        self._known: float | None = None
        self._open: set[tuple[str, int]] = set()
        """Of which watches an incident is open."""

    @property
    def open_incidents(self) -> int:
        """How many are open."""
        return len(self._open) + self._gatherings.open_incidents

    def armed(self, wall: float | None, ours: float | None) -> dict[str, Rule]:
        """Those of its rules that raise alerts then, by the site's time and by this machine's."""
        calendars = self._cases.origin.calendars
        return {name: rule for name, rule in self._camera.judged.items() if calendars.armed(rule, wall, ours).armed}

    def accounts(self, now: Now) -> dict[str, list[tuple[int, Account]]]:
        """Of each rule, for everybody who is known to it, why it says nothing of them, or that it does."""
        self._catch_up()
        calendars, found = self._cases.origin.calendars, dict[str, list[tuple[int, Account]]]()
        for name, rule in self._camera.judged.items():
            verdict = calendars.armed(rule, now.at.wall, now.ours(now.at.media))
            rows = found[name] = []
            for (of, track), watch in self._watches.items():
                if of != name:
                    continue
                told = self._account(watch, now)
                if told.gate is Gate.TOLD and rule.state == "shadow":
                    told = Account(Gate.NOT_LIVE, "would be told, but the rule is in shadow")
                if told.gate is Gate.NOT_ARMED or (told.gate is Gate.NOT_YET and not verdict.armed):
                    told = Account(Gate.NOT_ARMED, f"{told.words}; the rule is not armed: {verdict.why}")
                rows.append((track, told))
        return found

    def _account(self, watch: Watch, now: Now) -> Account:
        person = self._people[watch.track]
        if not _counts(watch, person):
            return Account(Gate.FILTERED, f"does not count: {_filtered(watch.rule, person)}")
        return account(watch, person.sighting.anchored(watch.rule.anchor), now.size[1])

    def access(self, grants: Sequence[tuple[str, float]], known: float) -> None:
        """Of doors' readers: `grants` as (door, Unix second), all up to second `known`; judged next."""
        self._grants += grants
        self._known = known if self._known is None else max(self._known, known)

    def settle(self, now: Now) -> list[Incident]:
        """What follows from what was told of doors since the last update."""
        self._granted(now)
        return self._gatherings.judge(self._watches, self._people, now)

    def _granted(self, now: Now) -> None:
        """By this machine's clock, or in a replay by the recording's."""
        base = now.at.wall if now.received is None else now.received
        if self._known is None or base is None:
            return
        self._gatherings.granted(converted(self._grants, self._known, now.at.media - base))
        self._grants.clear()
        self._known = None

    def update(self, tracks: Tracks, now: Now) -> list[Incident]:
        """What the rules say of the tracks as they are at `now`; oldest rule first, then oldest track.

        At last those about several people.
        """
        self._wall.note(now.at)
        present = {int(i) for i in tracks.ids}
        seen = self._look(tracks)
        told: list[Incident] = []
        for watch in self._busy(present, seen, now.at.media):
            facts = self._facts(watch, present, seen, now.at.media)
            if not self._gatherings.heard(watch, facts):
                told += self._tell(watch, facts, now)
            self._quiet.note(watch, self._cases.news_at(watch, now))
        told += self.settle(now)
        self._forget(present, now.at.media)
        return told

    def interrupt(self, now: Now, reason: str) -> list[Incident]:
        """Close what is open, because nobody watches any longer; tracks and visits are forgotten."""
        told: list[Incident] = []
        self._catch_up()
        for watch in self._watches.values():
            facts = watch.trigger.finish()
            if not self._gatherings.heard(watch, facts):
                told += self._tell(watch, facts, now) + self._cut(watch, now, reason)
        told += self._gatherings.interrupt(self._watches, self._people, now, reason)
        self._watches.clear()
        self._people.clear()
        self._open.clear()
        self._quiet = Quiet(self._camera)
        return told

    def reconfigure(self, camera: Camera, origin: Origin, now: Now) -> list[Incident]:
        """Take new rules; those that did not change keep their visits and open incidents."""
        self._catch_up()
        old, self._camera = self._camera, camera
        self._quiet = Quiet(camera)
        self._cases.camera, self._cases.origin = camera, origin
        told: list[Incident] = []
        for key, watch in list(self._watches.items()):
            if not _same_rule(watch.name, old, camera):
                told += self._cut(watch, now, "rule_changed")
                del self._watches[key]
                self._open.discard(key)
        changed = [name for name in old.rules if not _same_rule(name, old, camera)]
        return told + self._gatherings.reconfigure(camera, changed, self._people, now)

    def _look(self, tracks: Tracks) -> set[int]:
        """Note every track that was seen this time; the others coast."""
        boxes = (tracks.boxes / np.array((tracks.aspect, 1.0) * 2)).tolist()
        rows = np.flatnonzero(tracks.seen_at >= tracks.at).tolist()
        ids, born_at, scores = tracks.ids.tolist(), tracks.born_at.tolist(), tracks.scores.tolist()
        for i in rows:
            sighting = _sighting(boxes[i], born_at[i], tracks.at, tracks.aspect)
            if (person := self._people.get(ids[i])) is None:
                person = self._people[ids[i]] = Person(sighting, _first(tracks, i), (0.0, 0.0, 0.0, 0.0), 0.0)
            else:
                person.first, person.before, person.sighting = None, person.sighting, sighting
            x1, y1, x2, y2 = boxes[i]
            person.box, person.score = (x1, y1, x2, y2), scores[i]
            person.walked()
        return {ids[i] for i in rows}

    def _busy(self, present: set[int], seen: set[int], now: float) -> Iterator[Watch]:
        """Every rule on every track that has been seen, made when first needed, where anything may have happened."""
        how = {track: _how(track, one, present, seen) for track, one in self._people.items()}
        for name, rule, track in self._quiet.busy(self._people, how, now):
            key = (name, track)
            if key not in self._watches and track in present:
                self._watches[key] = Watch(name, rule, track, trigger_for(rule, self._camera))
            if key in self._watches:
                watch, person = self._watches[key], self._people[track]
                before = person.before if track in seen else person.sighting
                self._quiet.catch_up(watch, before or person.sighting)
                yield watch

    def _catch_up(self) -> None:
        """All that has been passed over is known to the triggers."""
        for watch in self._watches.values():
            self._quiet.catch_up(watch, self._people[watch.track].sighting)

    def _facts(self, watch: Watch, present: set[int], seen: set[int], now: float) -> list[Fact]:
        if watch.track in seen and not _counts(watch, self._people[watch.track]):
            return watch.trigger.unseen(now)
        if watch.track in seen:
            seen_at = (one.anchored(watch.rule.anchor) for one in self._people[watch.track].sightings())
            return [fact for one in seen_at for fact in watch.trigger.seen(one)]
        return watch.trigger.unseen(now) if watch.track in present else watch.trigger.gone(now)

    def _forget(self, present: set[int], now: float) -> None:
        """Drop what can have nothing more to say: of people who have been gone for longer than they are waited for."""
        gone = {t for t, one in self._people.items() if t not in present and now - one.sighting.at > _WAITED_FOR_S}
        gone -= self._gatherings.awaited
        if not gone:
            return
        for key, watch in list(self._watches.items()):
            if watch.track in gone and watch.trigger.idle and watch.case is None:
                del self._watches[key]
        waiting = {watch.track for watch in self._watches.values()}
        for track in gone - waiting:
            del self._people[track]
            self._quiet.forget(track)

    def _tell(self, watch: Watch, facts: list[Fact], now: Now) -> list[Incident]:
        told = self._cases.tell(watch, self._people[watch.track], facts, now)
        (self._open.discard if watch.case is None else self._open.add)((watch.name, watch.track))
        return told

    def _cut(self, watch: Watch, now: Now, reason: str) -> list[Incident]:
        if watch.case is None:
            return []
        seen = self._people[watch.track].sighting.at
        why = {"closed_because": reason, "last_seen_s": round(seen, 3)}
        fact = Fact(Happening.CLOSED, now.at.media, watch.case.entered, why=why)
        return self._tell(watch, [fact], now)


def _how(track: int, person: Person, present: set[int], seen: set[int]) -> int:
    if track not in seen:
        return COASTS if track in present else GONE
    return SEEN if person.first is None and person.before is not None else NEW


def _counts(watch: Watch, person: Person) -> bool:
    """Whether this person concerns the rule, as they are seen now.

    The height of whom the picture's edge cuts off a part is not known.
    """
    rule, sighting = watch.rule, person.sighting
    score = rule.score if watch.trigger.idle or rule.stay_score is None else rule.stay_score
    if person.score < score or sighting.at - sighting.born_at < rule.track_age_s - _EPSILON_S:
        return False
    if person.farthest < rule.displacement:
        return False
    heights = rule.person_height
    if heights is None:
        return True
    if not sighting.at_border:
        if heights.min is not None and sighting.height < heights.min:
            return False
        if heights.unlike(sighting.height, sighting.anchor[1]):
            return False
    return heights.max is None or sighting.height <= heights.max


def _filtered(rule: Rule, person: Person) -> str:
    """Which of the rule's filters leaves them out, in figures."""
    sighting, heights = person.sighting, rule.person_height
    if heights is not None and heights.min is not None and sighting.height < heights.min and not sighting.at_border:
        return f"person_height.min: {sighting.height:.2f} of {heights.min:g}"
    if heights is not None and heights.max is not None and sighting.height > heights.max:
        return f"person_height.max: {sighting.height:.2f}, more than {heights.max:g}"
    if heights is not None and not sighting.at_border and heights.unlike(sighting.height, sighting.anchor[1]):
        expected = heights.expected(sighting.anchor[1]) or 0.0
        return f"person_height.by_row: {sighting.height:.2f}, where people are {expected:.2f} tall"
    if sighting.at - sighting.born_at < rule.track_age_s:
        return f"track_age_s: {sighting.at - sighting.born_at:.1f} of {rule.track_age_s:g}"
    if person.farthest < rule.displacement:
        return f"displacement: {person.farthest:.1f} of {rule.displacement:g} heights"
    return f"score: {person.score:.2f} of {rule.score:g}"


def _same_rule(name: str, old: Camera, new: Camera) -> bool:
    """Neither the rule nor its shape has changed."""
    was, now = old.rules.get(name), new.rules.get(name)
    if was is None or was != now:
        return False
    shapes = [old.zones.get(name) == new.zones.get(name) for name in was.places]
    return all(shapes) and old.lines.get(was.line or "") == new.lines.get(was.line or "") and old.ground == new.ground


def _first(tracks: Tracks, i: int) -> Sighting | None:
    """The sighting that a track began with, where that was earlier than this one."""
    born_at, shape = float(tracks.born_at[i]), (tracks.aspect, 1.0)
    if born_at >= tracks.at:
        return None
    return _sighting((tracks.born[i] / (shape * 2)).tolist(), born_at, born_at, tracks.aspect)


def _sighting(box: list[float], born_at: float, at: float, aspect: float) -> Sighting:
    x1, y1, x2, y2 = box
    border = min(x1, y1, 1 - x2, 1 - y2) < _BORDER
    feet = y2 if y2 > 1 + _BELOW_EDGE else min(y2, _AT_EDGE)
    return Sighting(at, ((x1 + x2) / 2, feet), y2 - y1, aspect, born_at, border, x2 - x1)
