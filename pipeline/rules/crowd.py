"""Rules about all people of a place together: too many, too few, more and more, one behind the other.

What is not yet sure of one of them (a visit that has just begun, somebody who is perhaps leaving) decides nothing: it
is waited for, and then counts from when it happened. Times in media seconds. Not here: who is in a zone (`stays`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.config import Rule
from pipeline.rules.facts import Fact, Happening, Trigger
from pipeline.rules.stays import Stay

NOBODY = 0
"""The track of an incident that is of a place, not of one person."""
_EPSILON_S = 1e-3


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of everybody: their `members`, by track, and what has just been said of single ones."""

    now: float
    members: Mapping[int, Trigger]
    facts: Sequence[tuple[int, Fact]] = ()

    @property
    def stays(self) -> list[Stay]:
        """The members, of rules about a zone."""
        return [one for one in self.members.values() if isinstance(one, Stay)]


@dataclass(slots=True)
class Crowd:
    """`judged` says what is new, and of whom: of a track, or of NOBODY in particular."""

    rule: Rule
    there_at: float = -math.inf
    """When an incident that is open was last known to last."""

    def judged(self, seen: Seen) -> list[tuple[int, Fact]]:
        """What is new."""
        raise NotImplementedError


@dataclass(slots=True)
class _Limit(Crowd):
    """Lasts while the number of people is beyond a limit; told when it has been so for `seconds`."""

    began: float | None = None
    is_open: bool = False
    before: list[Stay] = field(default_factory=list)
    """Who was in the zone when the number was last sure."""

    def judged(self, seen: Seen) -> list[tuple[int, Fact]]:
        beyond = self.beyond(seen.stays)
        facts: list[Fact] = []
        if beyond and self.began is None:
            self.began = self.since(seen)
        if beyond is False and self.began is not None:
            facts = self._over(seen)
        if self.began is not None:
            facts += self._lasts(seen, bool(beyond))
        if beyond is not None:
            self.before = [one for one in seen.stays if one.visits.within]
        return [(NOBODY, fact) for fact in facts]

    def beyond(self, stays: Sequence[Stay]) -> bool | None:
        """Whether the number is beyond the limit; None while that is in doubt."""
        raise NotImplementedError

    def since(self, seen: Seen) -> float:
        """When it came to be so."""
        raise NotImplementedError

    def until(self, seen: Seen) -> float:
        """When it ceased to be so."""
        raise NotImplementedError

    def why(self, seen: Seen) -> dict[str, Any]:
        """In figures."""
        return {"people": sum(one.visits.within for one in seen.stays)}

    def _lasts(self, seen: Seen, beyond: bool) -> list[Fact]:
        need = self.rule.seconds or 0.0
        if beyond:
            self.there_at = seen.now
        if self.is_open or not beyond or self.began is None or seen.now - self.began < need - _EPSILON_S:
            return []
        self.is_open = True
        why = {**self.why(seen), "seconds": need, "since_s": round(self.began, 3)}
        return [Fact(Happening.OPENED, self.began + need, why=why)]

    def _over(self, seen: Seen) -> list[Fact]:
        was_open, self.is_open, began, self.began = self.is_open, False, self.began, None
        until = max(self.until(seen), began or 0.0)
        if was_open:
            return [Fact(Happening.CLOSED, until, why={**self.why(seen), "closed_because": "back_in_limits"})]
        return []


@dataclass(slots=True)
class TooMany(_Limit):
    """More than `people.max` are in the zone."""

    @property
    def most(self) -> int:
        """So many may be there."""
        return self.rule.people.max if self.rule.people and self.rule.people.max is not None else 0

    def beyond(self, stays: Sequence[Stay]) -> bool | None:
        if sum(one.sure for one in stays) > self.most:
            return True
        return None if sum(one.visits.within for one in stays) > self.most else False

    def since(self, seen: Seen) -> float:
        return sorted(one.visit.entered_at for one in seen.stays if one.sure)[self.most]

    def until(self, seen: Seen) -> float:
        return _fell_to(self.most, self.before, seen)

    def why(self, seen: Seen) -> dict[str, Any]:
        return {**_Limit.why(self, seen), "max": self.most}


@dataclass(slots=True)
class TooFew(_Limit):
    """Fewer than `people.min` are in the zone; of `absence` nobody."""

    @property
    def least(self) -> int:
        """So many must be there."""
        return self.rule.people.min if self.rule.people and self.rule.people.min is not None else 1

    def beyond(self, stays: Sequence[Stay]) -> bool | None:
        if sum(one.perhaps for one in stays) < self.least:
            return True
        return False if sum(one.sure for one in stays) >= self.least else None

    def since(self, seen: Seen) -> float:
        return _fell_to(self.least - 1, self.before, seen)

    def until(self, seen: Seen) -> float:
        return sorted(one.visit.entered_at for one in seen.stays if one.sure)[self.least - 1]

    def why(self, seen: Seen) -> dict[str, Any]:
        return {**_Limit.why(self, seen), "min": self.least}


@dataclass(slots=True)
class Growth(Crowd):
    """There are `grows_by` people more than there were at some time in the last `seconds`.

    Who made a surge that was told is there when the next one begins: it is told again for as many more.
    """

    since: float | None = None
    """From then on it is known who is there; or the last surge."""

    def judged(self, seen: Seen) -> list[tuple[int, Fact]]:
        since = self.since = seen.now if self.since is None else self.since
        window, need = self.rule.seconds or 0.0, self.rule.grows_by or 0
        spans = [
            (one.entered, one.left if one.left is not None else math.inf, stay.sure or one.left is not None)
            for stay in seen.stays
            for one in stay.spells
        ]
        came = sorted(start for start, _, _ in spans if start > since + _EPSILON_S and seen.now - start <= window)
        found = next((at for at in came if _grown(spans, at, max(at - window, since)) >= need), None)
        if found is None:
            return []
        self.since = found
        why = {"grows_by": need, "seconds": window, "people": _count(spans, found)}
        return [(NOBODY, Fact(Happening.MOMENT, found, why=why))]


@dataclass(slots=True)
class Tailgate(Crowd):
    """Someone crosses the line within `seconds` of somebody else who went the same way."""

    crossed: list[tuple[int, Fact]] = field(default_factory=list)
    told: set[tuple[int, float]] = field(default_factory=set)

    def judged(self, seen: Seen) -> list[tuple[int, Fact]]:
        within = self.rule.seconds or 0.0
        self.crossed = sorted([*self.crossed, *seen.facts], key=lambda one: one[1].at)
        found = []
        for place, (track, fact) in enumerate(self.crossed):
            ahead = [
                (who, fact.at - one.at)
                for who, one in self.crossed[:place]
                if who != track and one.direction == fact.direction and fact.at - one.at <= within
            ]
            if ahead and (track, fact.at) not in self.told:
                self.told.add((track, fact.at))
                why = {**fact.why, "behind_track": ahead[-1][0], "after_s": round(ahead[-1][1], 3), "seconds": within}
                found.append((track, replace(fact, why=why)))
        self._forget(seen.now - 2 * within - 60)
        return found

    def _forget(self, before: float) -> None:
        self.crossed = [one for one in self.crossed if one[1].at >= before]
        self.told = {one for one in self.told if one[1] >= before}


def _fell_to(count: int, before: Sequence[Stay], seen: Seen) -> float:
    """When so few were left: at that departure of those who have left since the last look; if none has, now."""
    lefts = sorted(one.visit.left_at for one in before if not one.visits.within)
    needed = len(before) - count
    if 0 < needed <= len(lefts):
        return lefts[needed - 1]
    return lefts[-1] if lefts else seen.now


def _count(spans: Sequence[tuple[float, float, bool]], at: float) -> int:
    return sum(start <= at < end for start, end, _ in spans)


def _grown(spans: Sequence[tuple[float, float, bool]], at: float, since: float) -> int:
    """By how much more there are at `at` than when there were fewest, from `since` on."""
    times = [since, *(end for _, end, _ in spans if since < end < at)]
    fewest = min(_count(spans, one) for one in times)
    return _count([span for span in spans if span[2]], at) - fewest
