"""Cameras whose clocks run wrong, and networks that deliver in pieces: media time runs as our clock does."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from pipeline.capture.timeline import Placed, Timeline

WALL = 1_800_000_000.0
Frames = list[tuple[float, float]]
"""What the camera's clock says of each frame, and when it arrives on ours."""
MINUTES = 3


def steady(seconds: float, rate: float = 1.0, jitter: float = 0.02, seed: int = 1) -> Frames:
    """Ten frames a second by our clock; the camera's runs at `rate`."""
    make = random.Random(seed)
    return [(n / 10 * rate, 100 + n / 10 + abs(make.gauss(0, jitter))) for n in range(round(seconds * 10))]


def placed(frames: Frames, ours: bool = False) -> list[tuple[float, Placed]]:
    """With when each arrived."""
    timeline, told = Timeline(), []
    for pts, arrived in frames:
        one = timeline.place(pts, WALL + arrived, arrived, ours)
        if one is not None:
            told.append((arrived, one))
    return told


def took(told: list[tuple[float, Placed]], begin: float, end: float) -> float:
    """Media seconds from the first frame after `begin` to the last before `end`, less what passed on our clock."""
    there = [(at, one) for at, one in told if begin <= at - 100 <= end]
    (first_at, first), (last_at, last) = there[0], there[-1]
    return (last.media - first.media) - (last_at - first_at)


@pytest.mark.parametrize("rate", [0.84, 0.9, 0.97, 1.05, 1.2])
def test_a_dwell_takes_as_long_as_it_takes_though_the_camera_s_clock_runs_wrong(rate: float):
    told = placed(steady(60 * MINUTES, rate))
    for begin in range(15, 60 * MINUTES - 10, 10):
        assert took(told, begin, begin + 10) == pytest.approx(0, abs=0.15)
    assert max(one.lag for at, one in told if at > 115) < 0.6


@pytest.mark.parametrize("rate", [0.995, 0.999, 29.97 / 30, 1.001, 1.005])
def test_a_clock_that_is_a_little_wrong_makes_nothing_late(rate: float):
    told = placed(steady(60 * MINUTES, rate))
    assert max(one.lag for _, one in told) < 0.5
    assert abs((told[-1][1].at or 0) - WALL - told[-1][0]) < 0.3


@pytest.mark.parametrize("step", [4.9, 2.0, 0.8, -1.5, -4.9, -3600.0])
def test_a_step_of_the_camera_s_clock_is_no_time(step: float):
    frames = [(pts + (step if n >= 200 else 0.0), arrived) for n, (pts, arrived) in enumerate(steady(60))]
    told = placed(frames)
    assert took(told, 15, 25) == pytest.approx(0, abs=0.15)
    assert abs((told[-1][1].at or 0) - WALL - told[-1][0]) < 0.1


def late(seconds: float) -> Callable[[float], float]:
    """When what is taken at a time arrives over a network that holds everything back for so long, every 20 s."""
    return lambda taken: max(taken, taken // 20 * 20 + seconds)


@pytest.mark.parametrize("hold", [1.0, 3.0, 8.0])
def test_a_network_that_holds_frames_back_changes_no_time(hold: float):
    when, frames = late(hold), steady(60 * MINUTES)
    told = placed([(pts, 100 + when(arrived - 100)) for pts, arrived in frames])
    assert len(told) == len(frames)
    for begin in (25, 65, 105):
        there = [one for at, one in told if begin <= (one.at or 0) - WALL - 100 <= begin + 10]
        assert there[-1].media - there[0].media == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("segment_s", [2.0, 6.0, 10.0])
def test_segments_are_no_clock_that_runs_wrong(segment_s: float):
    """HLS: three segments at once, then each as soon as it is done."""
    make, frames = random.Random(1), []
    for n in range(60 * MINUTES * 10):
        segment = int(n / 10 / segment_s)
        published = max(0, segment - 2) * segment_s + random.Random(segment).uniform(0, 0.5)
        frames.append((n / 10, 100 + published + (n / 10 % segment_s) * 0.01 + make.uniform(0, 0.002)))
    told = placed(sorted(frames))
    assert len(told) == len(frames)
    steps = [b.media - a.media for (_, a), (_, b) in pairwise(told)]
    assert min(steps) > 0.09
    assert max(steps) < 0.11


def test_delays_that_are_ours_do_not_count_as_the_camera_s():
    """We take one second's pictures in 1.11: the camera's clock is right, and the lag grows as it is."""
    told = placed([(pts, 100 + (arrived - 100) / 0.9) for pts, arrived in steady(30)], ours=True)
    assert told[-1][1].lag == pytest.approx(30 / 0.9 - 30, abs=0.2)
    assert told[-1][1].media - told[0][1].media == pytest.approx(29.9, abs=0.1)
