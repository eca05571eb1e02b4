"""Which few looks of the detector hold what is to be seen. A look is a square part of the picture, in display units.

Pure geometry. Not here: what is to be seen, and how much it matters (`attention`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Area: TypeAlias = tuple[float, float, float, float]
"""`x1, y1, x2, y2` in display units."""

LEAST_SHARE = 0.14
"""Of a look's side. Below so tall nobody is surely found, by any of the detectors (docs/design/attention.md)."""
GOOD_SHARE = 0.25
"""So tall people are found with about as much certainty as taller ones."""


@dataclass(frozen=True, slots=True)
class Want:
    """Something to be seen: its `area`, the `height` of the smallest person who may be in it, and the `need` of it."""

    area: Area
    height: float
    need: float = 1.0


class Look:
    """One look, grown by what is put into it."""

    def __init__(self, area: Area, height: float, wide: float, least_side: float) -> None:
        self._held = area
        self._wide, self._least_side = wide, least_side
        self.height = height
        self.area = square(area, wide, least_side)

    def holds(self, want: Want, share: float) -> bool:
        """It lies in this look, in which a person of that height has at least this share, as far as a look can."""
        return within(_clipped(want.area, self._wide), self.area) and self._shows(want.height, share)

    def with_(self, want: Want) -> Look:
        """A look that holds both."""
        height = min(self.height, want.height)
        return Look(bounds(self._held, want.area), height, self._wide, self._least_side)

    def shows(self, share: float) -> bool:
        """Whether the smallest person wanted in it has at least this share of it, as far as a look can."""
        return self._shows(self.height, share)

    def _shows(self, height: float, share: float) -> bool:
        return side(self.area) <= max(height / share, self._least_side) + 1e-6


def pack(wants: Iterable[Want], looks: list[Look], most: int, wide: float, least_side: float) -> list[Area]:
    """At most so many looks, `looks` among them, in a picture of width `wide`; wants that matter most come first.

    What lies close together shares a look while everybody in it stays well to be seen. When there are no looks left,
    more is put into them, as far as people can still be found; what has no place then has to wait.
    """
    for want in sorted(wants, key=lambda one: -one.need):
        if any(look.holds(want, GOOD_SHARE) for look in looks):
            continue
        if (joined := _joined(looks, want, GOOD_SHARE)) is not None:
            looks = joined
        elif len(looks) < most:
            looks = [*looks, Look(want.area, want.height, wide, least_side)]
        elif not any(look.holds(want, LEAST_SHARE) for look in looks):
            looks = _joined(looks, want, LEAST_SHARE) or looks
    return [look.area for look in looks]


def _joined(looks: list[Look], want: Want, share: float) -> list[Look] | None:
    """The looks with this want in the one that grows least by it, if any may."""
    grown = [(side((both := look.with_(want)).area) - side(look.area), i, both) for i, look in enumerate(looks)]
    fit = [one for one in grown if one[2].shows(share)]
    if not fit:
        return None
    _, i, both = min(fit, key=lambda one: one[:2])
    return [*looks[:i], both, *looks[i + 1 :]]


def square(area: Area, wide: float, least_side: float) -> Area:
    """The least square around `area`, moved and cut to lie in the picture."""
    x1, y1, x2, y2 = area
    long = max(x2 - x1, y2 - y1, least_side)
    across, down = min(long, wide), min(long, 1.0)
    left = min(max((x1 + x2 - across) / 2, 0.0), wide - across)
    top = min(max((y1 + y2 - down) / 2, 0.0), 1.0 - down)
    return left, top, left + across, top + down


def around(box: Area, margin: float) -> Area:
    """The box with this share of its longer side around it, also beyond the picture."""
    x1, y1, x2, y2 = box
    extra = margin * max(x2 - x1, y2 - y1)
    return x1 - extra, y1 - extra, x2 + extra, y2 + extra


def _clipped(area: Area, wide: float) -> Area:
    """The part of it that lies in the picture, or its nearest edge."""
    x1, x2 = (min(max(x, 0.0), wide) for x in (area[0], area[2]))
    y1, y2 = (min(max(y, 0.0), 1.0) for y in (area[1], area[3]))
    return x1, y1, x2, y2


def bounds(a: Area, b: Area) -> Area:
    """What holds both."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def side(area: Area) -> float:
    """The longer one: it fills the detector's input."""
    return max(area[2] - area[0], area[3] - area[1])


def within(inner: Area, outer: Area) -> bool:
    """Whether `outer` holds `inner`."""
    slack = 1e-6
    return (
        outer[0] <= inner[0] + slack
        and outer[1] <= inner[1] + slack
        and outer[2] >= inner[2] - slack
        and outer[3] >= inner[3] - slack
    )


def meet(a: Area, b: Area) -> bool:
    """Whether they have an area in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def fine_enough(area: Area, height: float) -> bool:
    """Whether somebody so tall is found in a look at `area`."""
    return side(area) <= height / LEAST_SHARE + 1e-6
