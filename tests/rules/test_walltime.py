"""Which wall time a media time was, when files follow each other and clocks are set."""

from __future__ import annotations

import pytest

from pipeline.rules.walltime import WallTime
from pipeline.types import Moment


def noted(*moments: Moment) -> WallTime:
    walltime = WallTime()
    for one in moments:
        walltime.note(one)
    return walltime


def test_before_the_first_picture_nobody_knows():
    assert WallTime().moment(3.0) == Moment(3.0)


def test_each_file_tells_of_its_own_pictures():
    walltime = noted(
        Moment(0.0, 1000.0, 1.0, "name"),
        Moment(10.0, 1010.0, 1.0, "name"),
        Moment(10.1, 400.0, None, "container"),
        Moment(20.1),
        Moment(30.1, 5000.0, 1.0, "argument"),
    )
    assert walltime.moment(4.0) == Moment(4.0, 1004.0, 1.0, "name")
    assert walltime.moment(10.05) == Moment(10.05, pytest.approx(1010.05), 1.0, "name")
    assert walltime.moment(12.1) == Moment(12.1, pytest.approx(402.0), None, "container")
    assert walltime.moment(25.0) == Moment(25.0)
    assert walltime.moment(31.1) == Moment(31.1, pytest.approx(5001.0), 1.0, "argument")


def test_a_clock_that_drifts_has_its_last_word():
    walltime = noted(*(Moment(n, 1000 + n * 1.001, 0.05) for n in range(100)))
    assert walltime.moment(98.0).wall == pytest.approx(1098.098, abs=0.01)


def test_what_was_before_the_first_picture_goes_by_it():
    assert noted(Moment(5.0, 1005.0, 0.05)).moment(3.0).wall == 1003.0


def test_a_clock_that_is_set_for_ever_fills_no_memory():
    walltime = noted(*(Moment(n, 1000.0 + 10 * n, 0.05) for n in range(1000)))
    assert len(walltime._spans) <= 64
    assert walltime.moment(998.5).wall == pytest.approx(1000 + 9980.5)
