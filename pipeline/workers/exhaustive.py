"""What looking at every picture adds to what was told without: incidents of a rule at a time at which there is none.

Who is told by both is told as the quick way has it, so that where nothing was missed not a byte is different. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.types import IncidentState
from pipeline.workers.seam import Told

_APART_S = 2.0
"""The same incident begins and ends a little earlier or later where other pictures are looked at."""


@dataclass(slots=True, eq=False)
class _Episode:
    """All that was told of one incident."""

    told: list[Told]

    @property
    def rule(self) -> str:
        return self.told[0].incident.rule

    @property
    def opened(self) -> float:
        return self.told[0].incident.at.media

    @property
    def closed(self) -> float:
        last = self.told[-1]
        return last.at if last.incident.state is IncidentState.CLOSED else float("inf")

    def may_be(self, other: _Episode) -> bool:
        """Whether both may tell of the same."""
        in_time = self.opened <= other.closed + _APART_S and other.opened <= self.closed + _APART_S
        return self.rule == other.rule and in_time


def added(quick: Sequence[Told], all_pictures: Sequence[Told]) -> list[Told]:
    """`quick`, and what only `all_pictures` tells, in the order of time; its tracks are numbered on."""
    known = _episodes(quick)
    highest = max((one.incident.track for one in quick), default=0)
    more: list[Told] = []
    for episode in _episodes(all_pictures):
        same = min(filter(episode.may_be, known), key=lambda one: abs(one.opened - episode.opened), default=None)
        if same is not None:
            known.remove(same)
        else:
            more += [
                Told(one.at, replace(one.incident, track=_onward(one.incident.track, highest))) for one in episode.told
            ]
    return sorted([*quick, *more], key=lambda one: one.at)


def _onward(track: int, highest: int) -> int:
    """Its number here; 0 is nobody in particular, there and here."""
    return track + highest if track else 0


def _episodes(told: Sequence[Told]) -> list[_Episode]:
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        found[one.incident.id].append(one)
    return [_Episode(every) for every in found.values()]
