"""What another configuration would have told of the same recording: incidents gained, lost and moved.

Not here: playing (`workers/replay`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pipeline.clock import rfc3339
from pipeline.errors import ZonewatchError
from pipeline.frame import Frame
from pipeline.store.snapshots import overlay
from pipeline.types import Incident, IncidentState, Point
from pipeline.workers.play import Show, all_frames

What: TypeAlias = Literal["gained", "lost", "moved"]
# Two incidents of one rule that opened so near to each other are the same, told at another time.
_APART_S = 5.0
# Nobody sees a difference below.
_SAME_S = 0.25


@dataclass(frozen=True, slots=True)
class Change:
    """`before` by the one configuration, `after` by the other; one of them is None where it was not told."""

    what: What
    before: Incident | None
    after: Incident | None

    @property
    def incident(self) -> Incident:
        """What there is to show."""
        one = self.after or self.before
        if one is None:
            raise ValueError("a change of nothing")
        return one

    def told(self) -> dict[str, Any]:
        """For programs."""
        one = self.incident
        return {
            "change": self.what,
            "rule": one.rule,
            "trigger": one.trigger,
            "media_s": one.at.media,
            "wall": rfc3339(one.at.wall),
            "moved_s": round(self.after.at.media - self.before.at.media, 3) if self.after and self.before else None,
            "severity": one.severity.value,
            "severity_before": self.before.severity.value if self.before else None,
        }


def changes(before: Sequence[Incident], after: Sequence[Incident]) -> list[Change]:
    """What differs, by the openings of incidents; the nearest in time of one rule are the same."""
    old, new = (
        [one for one in told if one.state is IncidentState.OPENED and one.unsaid != "folded"]
        for told in (before, after)
    )
    near = sorted(
        (abs(a.at.media - b.at.media), i, j)
        for i, a in enumerate(old)
        for j, b in enumerate(new)
        if a.rule == b.rule and abs(a.at.media - b.at.media) <= _APART_S
    )
    of_old: dict[int, int] = {}
    for _, i, j in near:
        if i not in of_old and j not in of_old.values():
            of_old[i] = j
    pairs = [(old[i], new[j]) for i, j in of_old.items()]
    found = [Change("moved", a, b) for a, b in pairs if _differ(a, b)]
    found += [Change("lost", one, None) for i, one in enumerate(old) if i not in of_old]
    found += [Change("gained", None, one) for j, one in enumerate(new) if j not in of_old.values()]
    return sorted(found, key=lambda one: (one.incident.at.media, one.incident.rule, one.what))


def _differ(a: Incident, b: Incident) -> bool:
    return abs(a.at.media - b.at.media) > _SAME_S or a.severity is not b.severity


def summary(found: Sequence[Change]) -> str:
    """One line."""
    counts = {what: sum(one.what == what for one in found) for what in ("gained", "lost", "moved")}
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def save_pictures(
    found: Sequence[Change], show: Show, shape: Callable[[Incident, float], Sequence[Point]], folder: Path
) -> list[Path]:
    """The first picture at or after each, with box, path and zone, in `folder`. Raises SourceError, ZonewatchError."""
    waiting = sorted(found, key=lambda one: one.incident.at.media)
    saved: list[Path] = []
    with closing(all_frames(show)) as frames:
        for frame in frames:
            while waiting and frame.pts >= waiting[0].incident.at.media:
                saved.append(_saved(waiting.pop(0), frame, shape, folder))
            if not waiting:
                break
    return saved


def _saved(change: Change, frame: Frame, shape: Callable[[Incident, float], Sequence[Point]], folder: Path) -> Path:
    one = change.incident
    path = folder / f"{one.at.media:09.2f}-{change.what}-{one.rule}-{one.id[:8]}.jpg"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(overlay(frame, one, shape(one, frame.aspect)))
    except OSError as error:
        raise ZonewatchError(f"{path} cannot be written: {os.strerror(error.errno or 0)}. Check the folder.") from None
    return path
