"""Stamps of recordings as recorders write them: stray, stepping back, wrapping, out of order, missing."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from pipeline.capture.tape import AHEAD, Stamp, Tape

STEP = 0.1
EVEN = [n * STEP for n in range(60)]


def play(shown: list[float | None], decoded: list[float] | None = None, in_order: bool = False) -> tuple[Tape, list]:
    tape = Tape(in_order)
    order = decoded or [None] * len(shown)
    stamps = [Stamp(one, two, STEP) for one, two in zip(shown, order, strict=True)]
    return tape, [tape.place(stamp, stamps[n + 1 : n + 1 + AHEAD]) for n, stamp in enumerate(stamps)]


def test_times_that_are_right_are_taken_as_they_are():
    tape, placed = play([1000 + t for t in EVEN])
    assert placed == pytest.approx(EVEN)
    assert tape.doubts == type(tape.doubts)()


@pytest.mark.parametrize("off", [37_600.0, -0.4, -20.0, 3.0, 95_443.7])
@pytest.mark.parametrize("where", [[20], [20, 40], [58]])
def test_a_single_stray_stamp_is_left_out_and_its_picture_is_not(off: float, where: list[int]):
    tape, placed = play([t + off * (n in where) for n, t in enumerate(EVEN)])
    assert placed == pytest.approx(EVEN, abs=0.02)
    assert tape.doubts.stray == len(where)


def test_a_gap_is_kept():
    _, placed = play([t + 30 * (n >= 20) for n, t in enumerate(EVEN)])
    assert placed[19:21] == pytest.approx([1.9, 32.0])
    assert placed[-1] == pytest.approx(35.9)


@pytest.mark.parametrize("step", [-1.5, -3600.0, 95_443.7 - 10, 2**33 / 90_000 - 2])
def test_a_step_back_and_what_mpeg_ts_shows_of_one_is_a_seam(step: float):
    _, placed = play([t + step * (n >= 20) for n, t in enumerate(EVEN)])
    assert placed == pytest.approx(EVEN)


def test_a_step_back_that_is_taken_again_is_no_gap():
    _, placed = play([t - 5 * (20 <= n < 40) for n, t in enumerate(EVEN)])
    assert placed == pytest.approx(EVEN, abs=0.15)


def test_repeated_pictures_are_left_out_and_counted():
    tape, placed = play([*EVEN[:20], EVEN[19], *EVEN[15:20], *EVEN[20:]])
    assert [one for one in placed if one is not None] == pytest.approx(EVEN)
    assert tape.doubts.repeated == 6


def test_times_that_are_out_of_order_give_way_to_those_of_the_decoder():
    shown = [1, 3, 4, 2, 6, 7, 5, 9, 10, 8, 12, 13, 11]
    order = [float(n + 2) * STEP for n in range(len(shown))]
    _, placed = play([n * STEP for n in shown], order, in_order=True)
    assert placed == pytest.approx([n * STEP for n in range(len(shown))])
    _, found = play([n * STEP for n in shown], order)
    assert None not in found
    assert [b - a for a, b in pairwise(found[3:])] == pytest.approx([STEP] * (len(shown) - 4))


def test_without_times_pictures_come_as_often_as_the_stream_says_and_are_counted():
    tape, placed = play([None] * 30)
    assert placed == pytest.approx(EVEN[:30])
    assert tape.doubts.undated == 30
    tape, placed = play([t if n % 3 else None for n, t in enumerate(EVEN)])
    assert placed == pytest.approx(EVEN, abs=0.11)
    assert sorted(placed) == placed


def test_positions_never_go_back_whatever_is_written():
    make = random.Random(1)
    for _ in range(50):
        written = [t + make.choice([0, 0, 0, 0, make.uniform(-50, 50), 9e4]) for t in EVEN]
        _, placed = play([one if make.random() > 0.1 else None for one in written])
        there = [one for one in placed if one is not None]
        assert all(b > a for a, b in pairwise(there))
