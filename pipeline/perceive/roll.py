"""Who is followed or remembered by a tracker: a row a track, in the order in which they were begun."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive import track_kernels as kernels
from pipeline.perceive.appearance import SIZE, Looks
from pipeline.types import Boxes, Detections, Scores

# How much one sighting changes what is known of somebody's looks: they turn and walk into shade, and stay themselves.
_LEARN = 0.2

# Seconds over which it is told where somebody stands, and heights by which who stands is found beside that.
_STANDS_S, _SHIFT = 0.6, 0.08
# A box that is so much less tall than the one before has lost a part of its person.
_SHORT = 0.85
# Feet above that are in the picture.
_ABOVE_EDGE = 0.985

Rows = NDArray[np.intp]


class Roll:
    """`boxes` (n, 4) and `scores` (n,) are of the last sighting, at `seen_at` (n,); the last sure one was at `sure_at`.

    `born` (n, 4) is the first box, at `born_at`; `missed_s` (n,) are the seconds since the last in which somebody
    looked in vain; `stand` (n, 2) is where the feet were of late; `confirmed` (n,) says who is surely somebody, and
    `looks` (n, k) what they look like.
    """

    def __init__(self) -> None:
        self.ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self.boxes: Boxes = np.zeros((0, 4), np.float32)
        self.born: Boxes = np.zeros((0, 4), np.float32)
        self.stand: Boxes = np.zeros((0, 2), np.float32)
        self.scores: Scores = np.zeros(0, np.float32)
        self.seen_at = self.sure_at = self.born_at = self.missed_s = np.zeros(0)
        self.confirmed: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.looks: Looks = np.zeros((0, SIZE), np.float32)

    def __len__(self) -> int:
        return len(self.ids)

    def completed(self, rows: Rows, boxes: Boxes, hidden: NDArray[np.bool_]) -> Boxes:
        """`boxes` (m, 4) of the tracks `rows` (m,), down to where the feet must be of whose feet are `hidden` (m,).

        They are as tall as they were: a box that ends where somebody else begins is of the upper body only.
        """
        if not hidden.any():
            return boxes
        tall = self.boxes[rows, 3] - self.boxes[rows, 1]
        short = hidden & (boxes[:, 3] - boxes[:, 1] < _SHORT * tall)
        whole = boxes.copy()
        whole[short, 3] = boxes[short, 1] + tall[short]
        return whole

    def seen(
        self,
        rows: Rows,
        boxes: Boxes,
        people: Detections,
        which: Rows,
        at: float,
        clear: NDArray[np.bool_],
        sure: bool,
    ) -> None:
        """Detections `which` (m,), in `boxes` (m, 4), are the tracks `rows` (m,); the `clear` ones teach looks."""
        kernels.sighted(rows, boxes, at, _STANDS_S, self.stand, self.boxes, self.seen_at)
        self.scores[rows], self.missed_s[rows] = people.scores[which], 0
        if sure:
            self.sure_at[rows] = at
        if people.looks is not None:
            kernels.learn(rows, which, people.looks, clear, self.confirmed, _LEARN, self.looks)

    def replace(self, rows: Rows, by: Rows) -> None:
        """The tracks `rows` (m,) were last seen as those of `by` (m,) are; who they are and when they began stays."""
        for values in (self.boxes, self.scores, self.seen_at, self.sure_at, self.missed_s):
            values[rows] = values[by]

    def add(self, first_id: int, people: Detections, which: Rows, at: float) -> None:
        """Detections `which` (m,) begin tracks, at the end of the roll, numbered from `first_id`."""
        count = len(which)
        looks = np.zeros((count, SIZE), np.float32) if people.looks is None else people.looks[which]
        self.ids = np.append(self.ids, np.arange(first_id, first_id + count))
        self.boxes, self.born = (np.vstack([old, people.boxes[which]]) for old in (self.boxes, self.born))
        self.stand = np.vstack([self.stand, _feet(people.boxes[which])])
        self.scores = np.append(self.scores, people.scores[which])
        began = np.full(count, at)
        self.seen_at, self.sure_at, self.born_at = (
            np.append(old, began) for old in (self.seen_at, self.sure_at, self.born_at)
        )
        self.missed_s = np.append(self.missed_s, np.zeros(count))
        self.confirmed = np.append(self.confirmed, np.zeros(count, np.bool_))
        self.looks = np.vstack([self.looks, looks])

    def standing(self) -> NDArray[np.bool_]:
        """Whose feet (n,) are about where they have been for the last moment: also who walks away moves them."""
        off = np.hypot(*(_feet(self.boxes) - self.stand).T)
        return np.asarray(off < _SHIFT * (self.boxes[:, 3] - self.boxes[:, 1]), np.bool_)

    def with_feet(self) -> NDArray[np.bool_]:
        """Whose feet (n,) were above the picture's lower edge when they were seen last."""
        return np.asarray(self.boxes[:, 3] < _ABOVE_EDGE, np.bool_)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forget the tracks where `rows` (n,) is False."""
        for name, values in vars(self).items():
            setattr(self, name, values[rows])


def _feet(boxes: Boxes) -> Boxes:
    return np.asarray(np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1), np.float32)
