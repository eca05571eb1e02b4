"""One row of the supervisor's table: started, heard, missed, and started again after a pause that grows."""

from __future__ import annotations

from multiprocessing.connection import Connection

import pytest

from pipeline.clock import SimulatedClock
from pipeline.processes.line import ALIVE
from pipeline.processes.process import Process
from tests.processes.children import Child

HEARTBEAT_S = 5.0


class Row:
    """A process, its clock, and all the children it has started."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(1000.0)
        self.children: list[Child] = []
        self.process = Process("worker 1", self._make, HEARTBEAT_S, self.clock)

    def _make(self, end: Connection) -> Child:
        self.children.append(Child(lambda *_: None, (end,)))
        return self.children[-1]

    @property
    def child(self) -> Child:
        return self.children[-1]

    def after(self, seconds: float) -> int:
        """Watch once, so much later; how many children there have been."""
        self.clock.advance(seconds)
        self.process.watch()  # type: ignore[unused-ignore]
        return len(self.children)


@pytest.fixture
def row() -> Row:
    row = Row()
    row.after(0)
    return row


def test_it_is_started_once_and_heard(row: Row):
    row.child.says("report")
    assert row.after(1) == 1
    assert (row.process.pid, row.process.last) == (row.child.pid, "report")
    row.child.says(ALIVE)
    assert row.after(4.5) == 1
    assert row.process.last == "report"


def test_the_dead_are_started_again_after_pauses_that_double_up_to_half_a_minute(row: Row):
    pauses = []
    for died in range(1, 10):
        row.child.says("report")
        row.after(0.1)
        row.child.ends(1)
        row.after(0)
        waited = 0.0
        while row.after(0.1) == died:
            waited += 0.1
        pauses.append(waited + 0.1)
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30], abs=0.11)
    assert row.process.restarts == 9


def test_one_that_was_well_for_a_minute_is_started_again_at_once(row: Row):
    for _ in range(3):
        row.child.ends(1)
        row.after(0)
        row.after(10)
    for _ in range(61):
        row.child.says("report")
        row.after(1)
    row.child.ends(1)
    row.after(0)
    assert row.after(0.1) == 5
    row.child.ends(1)
    row.after(0)
    assert row.after(0.4) == 5
    assert row.after(0.2) == 6


def test_silence_for_longer_than_its_heartbeat_is_death(row: Row):
    row.child.says("report")
    row.after(0.1)
    assert row.after(HEARTBEAT_S - 0.2) == 1
    assert not row.child.killed
    row.after(0.4)
    assert row.child.killed
    assert row.process.pid is None
    assert row.after(1) == 2


def test_the_first_sign_of_life_may_take_half_a_minute(row: Row):
    row.after(29)
    assert not row.child.killed
    row.after(2)
    assert row.child.killed


def test_what_is_told_to_one_that_is_gone_does_no_harm(row: Row):
    row.child.ends(1)
    row.process.send("stop")
    row.after(0)
    row.process.send("stop")
    assert row.process.join(row.clock.monotonic())


def test_one_that_cannot_be_started_is_tried_again(row: Row, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: Child) -> None:
        raise OSError(12, "no memory")

    row.child.ends(1)
    row.after(0)
    monkeypatch.setattr(Child, "start", refuse)
    row.after(0.6)
    assert row.process.pid is None
    monkeypatch.undo()
    before = len(row.children)
    assert row.after(0.5) == before
    assert row.after(0.6) == before + 1
    assert row.process.pid == row.child.pid
