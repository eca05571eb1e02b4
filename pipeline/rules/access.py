"""Who goes through a door without a badge: crossings of a line, and grants of the reader beside it. Times in media
seconds.

A grant lets one person through. Grants come late, and their source may be away; so it says up to when all of them are
known, and a crossing is judged when that is behind it. Not here: where grants come from (`processes/badges`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pipeline.rules.crowd import NOBODY, Crowd, Seen
from pipeline.rules.facts import Fact, Happening

# A grant is known so long after it was given, and a reader's clock may be so far ahead of a camera's.
_LATE_S, _AHEAD_S = 2.0, 1.0
# A source that is away is waited for: then it is told that nobody knows.
_PATIENCE_S = 60.0
# Who goes through is told of their crossing, at the latest, so long after it: they may be out of sight for a while.
_SETTLES_S = 6.0


class Granted(NamedTuple):
    """What is news of doors: grants as (door, media second), and up to when all are known."""

    grants: tuple[tuple[str, float], ...]
    known: float


@dataclass(slots=True)
class _Grant:
    at: float
    used: bool = False


@dataclass(slots=True)
class Access(Crowd):
    """Which crossing goes with which grant: the earliest that fits and that nobody has used."""

    grants: list[_Grant] = field(default_factory=list)
    crossed: list[tuple[int, Fact]] = field(default_factory=list)
    known: float | None = None
    """Up to then; None: nothing has ever told of grants, and nobody can be judged."""
    began: float | None = None
    """From then on it is known who goes through."""

    def granted(self, told: Granted) -> None:
        """What has come of its door."""
        self.grants += [_Grant(at) for door, at in told.grants if door == self.rule.door]
        self.grants.sort(key=lambda one: one.at)
        self.known = told.known if self.known is None else max(self.known, told.known)

    def judged(self, seen: Seen) -> list[tuple[int, Fact]]:
        self.began = seen.now if self.began is None else self.began
        if self.known is None:
            return []
        self.crossed = sorted([*self.crossed, *seen.facts], key=lambda one: one[1].at)
        found: list[tuple[int, Fact]] = []
        while self.crossed and self._may_judge(self.crossed[0][1].at, seen.now):
            found += self._judge(*self.crossed.pop(0))
        found += self.unused(seen.now)
        self.grants = [one for one in self.grants if one.at > seen.now - 2 * self.window - _PATIENCE_S - _SETTLES_S]
        return found

    @property
    def window(self) -> float:
        """So long after a grant somebody may go through."""
        return self.rule.seconds or 0.0

    def _may_judge(self, at: float, now: float) -> bool:
        return at + _LATE_S <= (self.known or -math.inf) or now - at > _PATIENCE_S

    def _judge(self, track: int, fact: Fact) -> list[tuple[int, Fact]]:
        fit = [one for one in self.grants if fact.at - self.window <= one.at <= fact.at + _AHEAD_S]
        own = next((one for one in fit if not one.used), None)
        if own is not None:
            own.used = True
            return []
        known = fact.at + _LATE_S <= (self.known or -math.inf)
        why = {**fact.why, "door": self.rule.door, "seconds": self.window, **({} if known else {"grants": "not known"})}
        return [(track, replace(fact, why=why))] if self.tells(fit, known) else []

    def tells(self, fit: list[_Grant], known: bool) -> bool:
        """Whether that is what the rule is about: others have used the grants that `fit`, or there was none."""
        raise NotImplementedError

    def unused(self, now: float) -> list[tuple[int, Fact]]:  # noqa: ARG002
        """Grants that nobody has used."""
        return []


@dataclass(slots=True)
class Unbadged(Access):
    """Someone goes through, and no grant was given in time."""

    def tells(self, fit: list[_Grant], known: bool) -> bool:  # noqa: ARG002
        return not fit


@dataclass(slots=True)
class OnOneGrant(Access):
    """Someone goes through on a grant that somebody else has used."""

    def tells(self, fit: list[_Grant], known: bool) -> bool:
        return bool(fit) and known


@dataclass(slots=True)
class Unused(Access):
    """A grant was given, and nobody went through in time."""

    told: set[float] = field(default_factory=set)

    def tells(self, fit: list[_Grant], known: bool) -> bool:  # noqa: ARG002
        return False

    def unused(self, now: float) -> list[tuple[int, Fact]]:
        over = [one.at for one in self.grants if not one.used and one.at not in self.told and self._over(one.at, now)]
        self.told = {at for at in self.told if at > now - 10 * (self.window + _PATIENCE_S)} | set(over)
        why = {"door": self.rule.door, "seconds": self.window}
        return [(NOBODY, Fact(Happening.MOMENT, at, why=why)) for at in over]

    def _over(self, at: float, now: float) -> bool:
        """Nobody can have gone through whose crossing is not told yet, and it was watched all the time."""
        until = at + self.window
        waits = any(fact.at <= until for _, fact in self.crossed)
        return self.began is not None and at >= self.began and now > until + _SETTLES_S and not waits


def converted(grants: Iterable[tuple[str, float]], known: float, ahead: float) -> Granted:
    """In media seconds, which are `ahead` of the seconds in which they are told."""
    return Granted(tuple((door, at + ahead) for door, at in grants), known + ahead)
