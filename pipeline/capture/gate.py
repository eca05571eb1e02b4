"""Does something move? Asked of the sizes of a camera's packets alone: nothing is decoded for it.

An encoder spends few bits on what stays as it is. For each place in the group of pictures a quiet packet's weight is
learnt; what the packets of the last second weigh beyond that, against how much it usually varies, is the sign. That
works only where the encoder does not spend its bits on noise, and the gate says of itself whether it does. Why so:
docs/design/speed.md. Pure. Not here: what follows from it (`sparing`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque

import numpy as np

# Seconds that are averaged, how many times the usual variation is a sign (and the most there was), how long it lasts.
_WINDOW_S, _TIMES, _BEYOND, _HOLD_S = 1.0, 5.0, 1.5, 2.0
# What is weighed counts as quiet when so much later nothing is known to have moved: who has just come may not be known.
_LATER_S = 3.0
# It judges itself anew so often, seconds.
_JUDGED_S = 4.0
# Before so long, and so many groups, nothing is said; so much is remembered.
_WARM_S, _LEAST_GROUPS, _HISTORY_S = 20.0, 4, 120.0
_LEAST_WEIGHTS, _MOST_WEIGHTS, _LEAST_MEANS, _SIZES = 4, 240, 20, 256
# Bits a macroblock (16 by 16 pixels) of a quiet picture: above, noise is coded.
_QUIET_BITS = 1.0
# Bytes that a walking person adds to a picture, for each byte of a key picture and each picture height they are tall.
_SURPLUS = 0.015
# A quarter of a bit a macroblock: tiny packets are not compared by their ratio.
_OFFSET = 1 / 32
# A byte more or less in tiny packets is nothing.
_LEAST_SPREAD = 0.02
# Places in the group that are told apart begin at these pictures.
_PLACES = (1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257)
# Waking a camera in vain so often in so many seconds makes it not worth listening to for as long.
_VAIN, _VAIN_S = 3, 600.0
_HINT = "set the camera to a variable bit rate with a quality limit (QP 28 or more), and its noise reduction on"


class PacketGate:
    """`stirs` with each packet of one connection, in order; `trusted` says whether it can tell, `why` why it cannot.

    `smallest` is the least height of a person who must be noticed, share of the picture's; `macroblocks` how many the
    picture has. Times are media seconds.
    """

    def __init__(self, macroblocks: int, smallest: float) -> None:
        self.trusted = False
        self.why = self._verdict = "how much a quiet picture weighs is not known yet"
        self._macroblocks, self._smallest = macroblocks, smallest
        self._offset = macroblocks * _OFFSET
        self._place = 0
        self._began: float | None = None
        self._until = self._deaf_until = self._judged_at = float("-inf")
        self._window: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self._weights: list[deque[float]] = [deque(maxlen=_MOST_WEIGHTS) for _ in range(len(_PLACES) + 1)]
        self._usual: list[float | None] = [None] * len(self._weights)
        self._unsure: deque[tuple[float, float]] = deque()
        self._means: deque[tuple[float, float]] = deque()
        self._sizes: deque[int] = deque(maxlen=_SIZES)
        self._keys: deque[int] = deque(maxlen=32)
        self._centre, self._limit = 0.0, math.inf
        self._vain: deque[float] = deque(maxlen=_VAIN)

    def stirs(self, size: int, key: bool, at: float, quiet: bool) -> bool:
        """Whether there is more in the last packets than in quiet ones. `quiet`: it is known that nothing moves."""
        self._began = at if self._began is None else self._began
        if key:
            self._place = 0
            self._keys.append(size)
            if at - self._judged_at >= _JUDGED_S:
                self._judged_at = at
                self._judge_itself(at)
            return at < self._until
        self._place += 1
        place, weight = bisect_right(_PLACES, self._place), math.log2(size + self._offset)
        usual = self._usual[place]
        if usual is not None:
            self._weigh(weight - usual, at, quiet)
        if quiet:
            self._weights[place].append(weight)
            self._sizes.append(size)
        return at < self._until

    def in_vain(self, at: float) -> None:
        """It woke a camera, and there was nothing."""
        self._vain.append(at)
        if len(self._vain) == _VAIN and at - self._vain[0] < _VAIN_S:
            self._deaf_until = at + _VAIN_S

    def _weigh(self, surplus: float, at: float, quiet: bool) -> None:
        window = self._window
        window.append((at, surplus))
        self._sum += surplus
        if at - window[0][0] < _WINDOW_S:
            return
        while at - window[0][0] >= _WINDOW_S:
            self._sum -= window.popleft()[1]
        mean = self._sum / len(window) if window else 0.0
        if mean - self._centre > self._limit:
            self._until = at + _HOLD_S
        self._learn(mean, at, quiet)

    def _learn(self, mean: float, at: float, quiet: bool) -> None:
        if not quiet:
            self._unsure.clear()
        elif self._place % 2:
            self._unsure.append((at, mean))
            while at - self._unsure[0][0] > _LATER_S:
                self._means.append(self._unsure.popleft())

    def _judge_itself(self, at: float) -> None:
        """With a key packet: what quiet packets weigh, how much that varies, and who would stand out of it."""
        for place, weights in enumerate(self._weights):
            if len(weights) >= _LEAST_WEIGHTS:
                self._usual[place] = float(np.median(weights))
        while self._means and at - self._means[0][0] > _HISTORY_S:
            self._means.popleft()
        self._verdict = self._against(at)
        self.why = self._verdict if at >= self._deaf_until else "it took something else for motion, several times"
        self.trusted = not self.why

    def _against(self, at: float) -> str:
        if len(self._keys) == self._keys.maxlen and not self._sizes and self._place == 0 and not any(self._weights):
            return "its pictures are all key frames"
        warm = self._began is not None and at - self._began >= _WARM_S and len(self._keys) > _LEAST_GROUPS
        if not warm or len(self._means) < _LEAST_MEANS:
            return self._verdict
        means = np.array([mean for _, mean in self._means])
        self._centre = float(np.median(means))
        spread = max(_LEAST_SPREAD, 1.4826 * float(np.median(np.abs(means - self._centre))))
        self._limit = max(_TIMES * spread, _BEYOND * float(means.max() - self._centre))
        quiet = float(np.median(self._sizes))
        bits = 8 * quiet / self._macroblocks
        if bits > _QUIET_BITS:
            return f"quiet pictures have {bits:.1f} bits a macroblock, which is noise: {_HINT}"
        tall = (2**self._limit - 1) * (quiet + self._offset) / (_SURPLUS * float(np.median(self._keys)))
        if tall > self._smallest:
            return f"somebody less tall than {tall:.0%} of the picture would not show in them: {_HINT}"
        return ""
