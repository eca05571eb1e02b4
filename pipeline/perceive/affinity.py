"""How well boxes and people go together: overlap, doubles, and what it costs to take one for the other.

Costs are 0–1, and 1 is never. Boxes in display units. Not here: who is paired in the end (`assign`), and what follows
(`track`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.appearance import STARTS, Looks, unlikeness
from pipeline.perceive.roll import Rows
from pipeline.perceive.track_kernels import apart, count_looks, crowding
from pipeline.types import Boxes, Detections

Floats = NDArray[np.float64]

NEVER = 1.0
# A detection that overlaps so much with someone already seen is that someone; so is a slice of them, as tall as they.
_SAME = 0.6
_SLICE = 0.75
_AS_TALL = 0.7
# Somebody's legs: in their box, with their feet, and less than so tall. A child so small is not seen before an adult.
_LEGS, _IN_IT, _SAME_FEET = 0.5, 0.9, 0.03
# The same person looks up to so different within some seconds, two people seldom less (docs/design/following.md).
_ALIKE, _UNLIKE = 0.10, 0.50
_SAME_LOOKS = 0.30
# Somebody so unlike is somebody else, unless the boxes are almost the same.
_STRANGER, _ON_THE_SPOT = 0.45, 0.5
# Nobody is looked for farther from where they should be than so many of their heights: who comes is not who has gone.
_FARTHEST_OFF = 0.3
# Heights: who is out of sight may have gone a step, and so far in a second; nobody is waited for farther away.
_STEP, _FAST, _FARTHEST = 0.5, 2.5, 4.0
# Without anything to tell them apart by, who comes back must be about where they were, and soon.
_BLIND_REACH, _BLIND_S = 0.6, 2.0
_TALLER = 1.5
# Who stands before so much of somebody's lower edge hides their feet.
_HIDES = 0.4


def paired_cost(
    expected: Boxes, last: Boxes, cov: Floats, looks: Looks, rows: Rows, people: Detections, which: Rows, *, sure: bool
) -> Floats:
    """What it costs (n, m) to take the detections `which` (m,) of `people` for the tracks `rows` (n,), that are:

    `expected` (t, 4) now, seen `last` (t, 4), unsure of their place by `cov` (t, 4, 3), and look like `looks` (t, k).

    Overlap says who may be who, of boxes that are grown by what the filter is unsure of (C-BIoU: Yang et al. 2023): at
    five pictures a second a runner's boxes do not overlap, and at two not even those of who sets off or stops and the
    place where they were expected; grown ones do. Looks say who of them it is: when two people meet, their boxes
    overlap with both. What is not `sure` must be nearer, and as tall: a head that looks over somebody else is no news
    of where its feet are.
    """
    cost = np.empty((len(rows), len(which)))
    reach, limit, taller = (1.0, 0.9, np.inf) if sure else (0.3, 0.7, _TALLER)
    apart(expected, last, cov, people.boxes, rows, which, reach, _FARTHEST_OFF, taller, cost)
    others = np.zeros((len(people), looks.shape[1]), np.float32) if people.looks is None else people.looks
    count_looks(cost, looks, others, rows, which, STARTS, limit, _ALIKE, _UNLIKE, _STRANGER, _ON_THE_SPOT)
    return cost


def return_cost(gone: Boxes, away_s: Floats, boxes: Boxes, looks: Looks, others: Looks | None) -> Floats:
    """What it costs (n, m) to take `boxes` (m, 4) for people last seen in `gone` (n, 4), `away_s` (n,) seconds ago.

    Nobody is faster than a person runs, or twice as tall as before; and they look as they did, where that is known.
    """
    way, reach, possible = _reached(gone, away_s, boxes)
    unlike = np.full(way.shape, np.nan) if others is None else unlikeness(looks, others)
    blind = np.isnan(unlike)
    possible &= np.where(blind, (way <= _BLIND_REACH) & (away_s <= _BLIND_S)[:, None], unlike <= _SAME_LOOKS)
    cost = (way / reach + np.where(blind, 0.9, unlike / _SAME_LOOKS)) / 2
    return np.where(possible, np.minimum(cost, 0.999), NEVER)


def within_reach(gone: Boxes, away_s: Floats, boxes: Boxes) -> NDArray[np.bool_]:
    """Which of `boxes` (m, 4) may, by place, time and height alone, be one of those last seen in `gone` (n, 4)."""
    return np.asarray(_reached(gone, away_s, boxes)[2].any(axis=0))


def _reached(gone: Boxes, away_s: Floats, boxes: Boxes) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The ways (n, m) in heights, how far one can have gone (n, 1), and whether that and the heights are possible."""
    tall, taller = _heights(gone, boxes)
    way = np.hypot(*_feet_apart(gone, boxes)) / ((tall + taller) / 2)
    reach = np.minimum(_STEP + _FAST * away_s, _FARTHEST)[:, None]
    return way, reach, (way <= reach) & as_tall(gone, boxes)


def as_tall(a: Boxes, b: Boxes) -> NDArray[np.bool_]:
    """Which of `a` (n, 4) and `b` (m, 4) are about as tall, (n, m)."""
    tall, taller = _heights(a, b)
    return np.asarray(np.maximum(tall, taller) <= _TALLER * np.minimum(tall, taller))


def _heights(a: Boxes, b: Boxes) -> tuple[Boxes, Boxes]:
    return (a[:, 3] - a[:, 1])[:, None], (b[:, 3] - b[:, 1])[None]


def _feet_apart(gone: Boxes, boxes: Boxes) -> tuple[Floats, Floats]:
    a, b = gone.astype(np.float64), boxes.astype(np.float64)
    middle, others = a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]
    return (middle[:, None] - others[None]) / 2, a[:, None, 3] - b[None, :, 3]


def doubles(new: Boxes, known: Boxes) -> NDArray[np.bool_]:
    """Which of `new` (n, 4) are second boxes on somebody of `known` (m, 4): much the same, a slice as tall, or legs."""
    common = _common(new, known)
    areas, others = _areas(new)[:, None], _areas(known)[None]
    tall, taller = (new[:, 3] - new[:, 1])[:, None], (known[:, 3] - known[:, 1])[None]
    alike = np.minimum(tall, taller) > _AS_TALL * np.maximum(tall, taller)
    same = common > _SAME * (areas + others - common)
    slices = alike & (common > _SLICE * np.minimum(areas, others))
    on_their_feet = np.abs(new[:, 3][:, None] - known[:, 3][None]) < _SAME_FEET * taller
    legs = (tall < _LEGS * taller) & on_their_feet & (common > _IN_IT * areas)
    return np.asarray((same | slices | legs).any(axis=1))


def covered(boxes: Boxes, by: Boxes) -> Floats:
    """The largest share (n,) of each of `boxes` (n, 4) that one of `by` (m, 4) covers."""
    return np.asarray((_common(boxes, by) / np.maximum(_areas(boxes), 1e-12)[:, None]).max(axis=1, initial=0.0))


def crowded(boxes: Boxes) -> tuple[Floats, NDArray[np.bool_]]:
    """The largest share (n,) of each of `boxes` (n, 4) that another one covers; and whose feet (n,) are hidden.

    That is where one whose feet are nearer to the camera covers most of the lower edge.
    """
    covered_by_others, feet_hidden = np.zeros(len(boxes)), np.zeros(len(boxes), np.bool_)
    crowding(boxes, _HIDES, covered_by_others, feet_hidden)
    return covered_by_others, feet_hidden


def _common(a: Boxes, b: Boxes) -> Floats:
    """Areas (n, m) of the intersections."""
    side = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.asarray(np.prod(np.maximum(side, 0), axis=2), np.float64)


def _areas(boxes: Boxes) -> Floats:
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), np.float64)
