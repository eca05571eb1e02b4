"""Alerts that the journal does not take: all of them, in their order, in bounded memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pipeline.processes.waiting import Waiting
from tests.sinks.facts import incident
from tests.small_disk import fill, small_disk


def taken(waiting: Waiting, count: int | None = None) -> list[int]:
    numbers = []
    while waiting and count != len(numbers):
        numbers.append(int(waiting.first().id, 16))
        waiting.drop_first()
    return numbers


def test_what_goes_to_disk_comes_back_in_order():
    waiting = Waiting(in_memory=10)
    for number in range(100):
        waiting.append(incident(number))
    assert len(waiting) == 100
    assert len(waiting._newest) <= 10
    assert waiting.first() == incident(0)
    assert taken(waiting) == list(range(100))
    assert waiting.lost == len(waiting) == 0


def test_some_come_while_others_go():
    waiting = Waiting(in_memory=4)
    came = gone = 0
    for come, go in [(3, 1), (20, 5), (1, 17), (0, 1), (9, 2), (30, 37)]:
        for _ in range(come):
            waiting.append(incident(came))
            came += 1
        assert taken(waiting, go) == list(range(gone, gone + go))
        gone += go
        assert len(waiting) == came - gone


def test_one_may_be_dropped_unseen():
    waiting = Waiting(in_memory=4)
    for number in range(20):
        waiting.append(incident(number))
    for _ in range(3):
        waiting.drop_first()
    assert taken(waiting) == list(range(3, 20))


def test_where_no_disk_takes_them_they_stay_in_memory_up_to_a_limit_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with small_disk(tmp_path, "256k") as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        waiting = Waiting(in_memory=10, last_resort=50)
        for number in range(20):
            waiting.append(incident(number))
        ballast = fill(disk)
        for number in range(20, 80):
            waiting.append(incident(number))
        assert len(waiting) + waiting.lost == 80
        assert "alerts are lost: neither the journal nor TMPDIR takes them (" in caplog.text
        ballast.unlink()
        for number in range(80, 100):
            waiting.append(incident(number))
        lost = waiting.lost
        assert 0 < lost < 30
        numbers = taken(waiting)
    assert numbers == sorted(numbers)
    assert len(numbers) + lost == 100
    assert numbers[-70:] == list(range(30, 100))
