"""What lies over a picture: night, rain, a camera's noise, a light that is switched, headlights."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.simulate.scene.place import Pixels


@dataclass(frozen=True, slots=True)
class Weather:
    """`light` is the share of daylight, from `switched_at` (seconds) on it is `then`; `noise` in grey levels.

    `grey` is a night camera without colour. `rain` is how many streaks fall through each picture, and `headlights` the
    seconds from when to when a car's lights sweep over the floor from left to right.
    """

    light: float = 1.0
    noise: float = 0.0
    grey: bool = False
    rain: int = 0
    switched_at: float | None = None
    then: float = 1.0
    headlights: tuple[float, float] | None = None

    def over(self, picture: Pixels, at: float, number: int, seed: int) -> Pixels:
        """The picture, BGR uint8 (h, w, 3), in this weather. `number` picks noise and rain."""
        if self == CLEAR:
            return picture
        make = np.random.default_rng((seed, number, 5))
        if self.rain:
            _rain(picture, self.rain, make)
        switched = self.switched_at is not None and at >= self.switched_at
        light = np.full(picture.shape[:2], self.then if switched else self.light, np.float32)
        if self.headlights and self.headlights[0] <= at < self.headlights[1]:
            start, end = self.headlights
            light += _beam(picture.shape[:2], (at - start) / (end - start))
        lit = picture * light[..., None]
        if self.grey:
            lit = np.repeat(lit @ np.array([[0.114], [0.587], [0.299]], np.float32), 3, axis=2)
        if self.noise:
            lit += make.normal(0, self.noise, (*picture.shape[:2], 1)).astype(np.float32)
        return np.asarray(np.clip(lit, 0, 255), np.uint8)


CLEAR = Weather()


def _rain(picture: Pixels, streaks: int, make: np.random.Generator) -> None:
    h, w = picture.shape[:2]
    for x, y, length in make.uniform((0, 0, 0.03 * h), (w, h, 0.09 * h), (streaks, 3)):
        end = (int(x - 0.15 * length), int(y + length))
        cv2.line(picture, (int(x), int(y)), end, (205, 205, 205), 1, cv2.LINE_AA)


def _beam(shape: tuple[int, int], done: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Light on the floor, more below; its middle goes from the left edge to the right."""
    h, w = shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    away = ((x / w - done) / 0.16) ** 2 + ((y / h - 0.62) / 0.2) ** 2
    return np.asarray(0.9 * np.exp(-away), np.float32)
