"""Detections to steady ids, per camera, by two-stage association (ByteTrack, Zhang et al. 2022). Ages in media seconds.

Sure detections are paired first, doubtful ones then keep a track alive but never begin one. A track is confirmed by a
second sure sighting. Looked for in vain for `lost_s` it is no longer shown, but remembered: who comes back soon, near
and looking the same, is the same person with the same id. Not here: what a track means (`rules`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.affinity import (
    NEVER,
    covered,
    crowded,
    doubles,
    paired_cost,
    return_cost,
    within_reach,
)
from pipeline.perceive.appearance import without_legs
from pipeline.perceive.assign import assign
from pipeline.perceive.kalman import Kalman
from pipeline.perceive.looks import LEAST_SHARE
from pipeline.perceive.roll import Roll, Rows
from pipeline.perceive.track_settings import TrackerSettings
from pipeline.types import Boxes, Detections, Followed, Tracks

_Pairs = NDArray[np.int64]
_Crowd = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Whom nobody covers, and whose feet are hidden: (n,) each."""

# So much of a box must have been looked at, and near enough, to say that nobody was there.
_LOOKED_AT = 0.7
_NEAR_ENOUGH = LEAST_SHARE / 1.5
# Nobody begins with a box that is so much broader than tall; who is followed may fall.
_BROAD = 1.0
# Seconds for which one who may be somebody lost is not told as somebody new.
_DOUBTED_S = 0.5
# A box so covered by another one does not show what its person looks like.
_COVERED = 0.15
# Who was last seen so near to an edge of the picture has left it, and is not waited for.
_AT_EDGE = 0.01


class Tracker:
    """`update` after each analysed picture of one camera; ids count from 1 and are never given to somebody else."""

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._filters = Kalman()
        self._roll = Roll()
        self._at: float | None = None
        self._next_id = 1

    def remember(self, seconds: float) -> None:
        """Who is out of sight is waited for so long from now on."""
        self._settings = replace(self._settings, remember_s=seconds)

    def anew(self) -> Tracker:
        """A tracker that follows nobody yet, and counts on where this one stopped."""
        tracker = Tracker(self._settings)
        tracker._next_id = self._next_id
        return tracker

    def expected(self) -> Followed:
        """Where everybody followed, sure or not, is believed to be, and who of them needs no look at once."""
        rows = self._followed()
        settled = self._roll.confirmed & (self._roll.missed_s <= 0) & self._roll.standing()
        return Followed(self._filters.boxes()[rows], settled[rows])

    def update(self, people: Detections | None, at: float, aspect: float, looked: Boxes | None = None) -> Tracks:
        """`people` is None when nobody looked: tracks coast. Empty: looked for in vain, and in time they end.

        `looked` (n, 4) are the parts of the picture that were looked at; None means all of it.
        """
        elapsed = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        self._filters.predict(elapsed)
        if people is not None:
            self._look(people, at, elapsed, aspect, self._looked_for(people, aspect, looked))
        self._forget(at, aspect)
        return self._tracks(at, aspect)

    def _followed(self) -> NDArray[np.bool_]:
        """Who is shown and looked for; the others are remembered only."""
        roll, settings = self._roll, self._settings
        return roll.missed_s <= np.where(roll.confirmed, settings.lost_s, settings.tentative_s)

    def _look(
        self, people: Detections, at: float, elapsed: float, aspect: float, looked_for: NDArray[np.bool_]
    ) -> None:
        """Pair what was seen with who is followed, then with who has been lost; the rest of the sure ones are new."""
        settings = self._settings
        whole = np.ones(len(people), np.bool_) if people.cut is None else ~people.cut
        covered_by_others, feet_hidden = crowded(people.boxes)
        crowd = (covered_by_others < _COVERED, feet_hidden)
        sure = np.flatnonzero((people.scores >= settings.sure) & whole)
        doubtful = np.flatnonzero((people.scores >= settings.doubtful) & (people.scores < settings.sure) & whole)
        missing = np.flatnonzero(self._followed())
        missing, unclaimed = self._pair(people, missing, sure, at, crowd, sure=True)
        self._pair(people, missing, doubtful, at, crowd, sure=False)
        unclaimed = self._newcomers(people, unclaimed, at, crowd) if len(unclaimed) else unclaimed
        self._missed(looked_for & (self._roll.seen_at < at), elapsed, aspect)
        self._recall(at)
        self._begin(people, unclaimed, at)

    def _pair(
        self, people: Detections, rows: Rows, which: Rows, at: float, crowd: _Crowd, sure: bool
    ) -> tuple[Rows, Rows]:
        """Pair tracks `rows` with detections `which`, and who of both is left."""
        if not len(rows) or not len(which):
            return rows, which
        filters, roll = self._filters, self._roll
        cost = paired_cost(filters.boxes(), roll.boxes, filters.cov, roll.looks, rows, people, which, sure=sure)
        self._rule_out_rising(cost, rows, people.boxes[which])
        return self._take(assign(cost, NEVER), people, rows, which, at, crowd, sure)

    def _rule_out_rising(self, cost: NDArray[np.float64], rows: Rows, boxes: Boxes) -> None:
        """A head and shoulders at the lower edge are nobody of those who just were in the picture, feet and all.

        Somebody comes in from below, before who is there: of `boxes` (m, 4), for which it costs `cost` (n, m).
        """
        partly = without_legs(boxes)
        if partly.any():
            cost[np.ix_(self._roll.with_feet()[rows], partly)] = NEVER

    def _newcomers(self, people: Detections, which: Rows, at: float, crowd: _Crowd) -> Rows:
        """Of the detections `which`, those that are somebody new."""
        which = _singles(people, which, self._roll.boxes[self._roll.seen_at >= at])
        which = self._return(people, which, at, crowd)
        return which[~_broad(people.boxes[which])]

    def _return(self, people: Detections, which: Rows, at: float, crowd: _Crowd) -> Rows:
        """Of the detections `which`, those that are nobody who was lost, and nobody seen once who runs."""
        roll = self._roll
        rows = np.flatnonzero(roll.seen_at < at)
        if not len(rows) or not len(which):
            return which
        looks = None if people.looks is None else people.looks[which]
        away = at - roll.seen_at[rows]
        cost = return_cost(roll.boxes[rows], away, people.boxes[which], roll.looks[rows], looks)
        self._rule_out_rising(cost, rows, people.boxes[which])
        pairs = assign(cost, NEVER)
        back = pairs[:, 0]
        self._filters.restart(rows[back], roll.boxes[rows[back]], away[back])
        return self._take(pairs, people, rows, which, at, crowd, sure=True)[1]

    def _recall(self, at: float) -> None:
        """Confirm who has surely been seen for long enough; but one who may be somebody lost becomes them, or waits.

        Who comes out from behind something shows a part of themselves first, and looks like what hides them.
        """
        roll, settings = self._roll, self._settings
        young = np.flatnonzero(~roll.confirmed & (roll.seen_at >= at))
        if not len(young):
            return
        lost = np.flatnonzero(roll.confirmed & (roll.seen_at < at))
        age = at - roll.born_at[young]
        away = at - roll.seen_at[lost]
        doubted = within_reach(roll.boxes[lost], away, roll.boxes[young]) & (age < _DOUBTED_S)
        sure = (roll.sure_at[young] >= at) & (age >= settings.confirm_s) & ~doubted
        cost = return_cost(roll.boxes[lost], away, roll.boxes[young], roll.looks[lost], roll.looks[young])
        self._rule_out_rising(cost, lost, roll.born[young])
        pairs = assign(cost, NEVER)
        roll.confirmed[young[sure]] = True
        if len(pairs):
            back, who = pairs.T
            self._filters.replace(lost[back], young[who])
            roll.replace(lost[back], young[who])
            kept = np.ones(len(roll), np.bool_)
            kept[young[who]] = False
            self._filters.keep(kept)
            roll.keep(kept)

    def _take(
        self,
        pairs: _Pairs,
        people: Detections,
        rows: Rows,
        which: Rows,
        at: float,
        crowd: _Crowd,
        sure: bool,
    ) -> tuple[Rows, Rows]:
        """Note these pairs (places in `rows` and `which`) as seen; who of both is left."""
        if not len(pairs):
            return rows, which
        row, column = pairs.T
        track, found = rows[row], which[column]
        clear, feet_hidden = crowd
        boxes = self._roll.completed(track, people.boxes[found], feet_hidden[found])
        self._filters.correct(track, boxes)
        self._roll.seen(track, boxes, people, found, at, clear, sure)
        return _others(rows, row), _others(which, column)

    def _looked_for(self, people: Detections, aspect: float, looked: Boxes | None) -> NDArray[np.bool_]:
        """Who would have been found: their place was looked at near enough, and no part of somebody was seen there."""
        if looked is None:
            return np.ones(len(self._roll), np.bool_)
        expected = self._filters.boxes()
        inside = np.clip(expected, 0, np.array([aspect, 1.0] * 2, np.float32))
        height = expected[:, 3] - expected[:, 1]
        side = np.maximum(looked[:, 2] - looked[:, 0], looked[:, 3] - looked[:, 1])
        fine = side[None] <= height[:, None] / _NEAR_ENOUGH
        shares = np.stack([covered(inside, one[None]) for one in looked], axis=1)
        out = (inside[:, 2:] - inside[:, :2]).min(axis=1) <= 0
        found = ((shares >= _LOOKED_AT) & fine).any(axis=1) | out
        if people.cut is not None and people.cut.any():
            found &= covered(inside, people.boxes[people.cut]) < _COVERED
        return np.asarray(found, np.bool_)

    def _missed(self, rows: NDArray[np.bool_], elapsed: float, aspect: float) -> None:
        """Only time in which somebody looked there counts against a track. Who walks out of the picture walks on."""
        if not rows.any():
            return
        self._roll.missed_s[rows] += elapsed
        boxes = self._filters.boxes()
        leaving = (boxes[:, 0] < 0) | (boxes[:, 2] > aspect)
        self._filters.halt(rows & ~leaving)

    def _forget(self, at: float, aspect: float) -> None:
        """Who is neither followed nor remembered: the unsure, who left by the picture's edge, who is long away."""
        roll, settings = self._roll, self._settings
        away = at - roll.seen_at
        edge = (
            (roll.boxes[:, 0] < _AT_EDGE) | (roll.boxes[:, 2] > aspect - _AT_EDGE) | (roll.boxes[:, 3] > 1 - _AT_EDGE)
        )
        remembered = roll.confirmed & ~edge & (away <= settings.remember_s)
        kept = (self._followed() | remembered) & ~self._gone(at, aspect)
        if not kept.all():
            self._filters.keep(kept)
            roll.keep(kept)

    def _gone(self, at: float, aspect: float) -> NDArray[np.bool_]:
        """Who went out of the picture: not seen, and on their way the whole box is beyond its edge."""
        missed = (self._roll.missed_s > 0) & (self._roll.seen_at < at)
        if not missed.any():
            return missed
        boxes = self._filters.boxes()
        beyond = (boxes[:, 2] < 0) | (boxes[:, 0] > aspect) | (boxes[:, 1] > 1)
        return np.asarray(beyond & missed, np.bool_)

    def _begin(self, people: Detections, which: Rows, at: float) -> None:
        """A sure detection that nobody claims is someone new."""
        if not len(which):
            return
        self._filters.add(people.boxes[which])
        self._roll.add(self._next_id, people, which, at)
        self._next_id += len(which)

    def _tracks(self, at: float, aspect: float) -> Tracks:
        """Who was seen is where the detector saw them; a filtered box lags when someone walks in from the edge."""
        roll = self._roll
        shown = roll.confirmed & self._followed()
        seen = (roll.seen_at >= at)[:, None]
        boxes = np.where(seen, roll.boxes, self._filters.boxes())[shown]
        return Tracks(
            at,
            aspect,
            roll.ids[shown],
            boxes,
            roll.scores[shown],
            roll.seen_at[shown],
            roll.born_at[shown],
            roll.born[shown],
        )


def _others(rows: Rows, taken: Rows) -> Rows:
    """Without those at the places `taken`."""
    left = np.ones(len(rows), np.bool_)
    left[taken] = False
    return rows[left]


def _broad(boxes: Boxes) -> NDArray[np.bool_]:
    """Whose boxes (n, 4) are broader than anybody who stands, walks, sits or rides, and not cut by the lower edge."""
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.asarray((w > _BROAD * h) & (boxes[:, 3] < 1 - _AT_EDGE), np.bool_)


def _singles(people: Detections, which: Rows, known: Boxes) -> Rows:
    """Those of `which` (n,) that are no second boxes on somebody of `known` (m, 4) or on a surer one of themselves."""
    kept: list[int] = []
    for one in which[np.argsort(-people.scores[which], kind="stable")]:
        if not doubles(people.boxes[one : one + 1], np.vstack([known, people.boxes[kept]])).any():
            kept.append(int(one))
    return np.array(sorted(kept), np.intp)
