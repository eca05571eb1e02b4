"""Ledgers are written beside the analysis: each second, a part an hour, and what the disk refuses is a hole."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline.clock import SimulatedClock
from pipeline.config import Config
from pipeline.processes import ledgers as module
from pipeline.processes.ledgers import Ledgers
from pipeline.processes.retention import Retention
from pipeline.store.ledger import Line, Part, parts, prune
from pipeline.workers.entries import Interrupted
from tests.e2e.system import wait_for
from tests.fakes import camera
from tests.workers.test_ledger import began, picture, seen

WALL = 1_800_000_123.5


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(WALL)


@pytest.fixture
def ledgers(tmp_path: Path, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledgers]:
    monkeypatch.setattr(module, "_EVERY_S", 0.02)
    one = Ledgers(tmp_path, clock)
    yield one
    one.finish()


def lines(folder: Path, name: str = "front") -> list[list[Line]]:
    """Of each part."""
    return [list(part.lines()) for part in parts(folder, name)] if (folder / quote(name, safe="")).exists() else []


def count(folder: Path, name: str = "front") -> int:
    return sum(len(part) for part in lines(folder, name))


def until(what: str, ask: Callable[[], bool]) -> None:
    wait_for(what, ask, 10)


def test_what_is_kept_can_be_read_while_the_worker_goes_on(ledgers: Ledgers, tmp_path: Path) -> None:
    one = ledgers.of("front")
    one.keep(began(camera()))
    one.keep(picture(1.0, seen((0.5, 0.6))))
    until("three lines", lambda: count(tmp_path) == 3)
    head, first, second = lines(tmp_path)[0]
    assert (head["ledger"], head["camera"], head["part"]) == (1, "front", 0)
    assert "began" in first
    assert second["people"]["scores"] == [0.9]
    assert ledgers.of("front") is one


def test_each_hour_has_a_part_which_begins_with_the_settings_of_then(
    ledgers: Ledgers, tmp_path: Path, clock: SimulatedClock
) -> None:
    one = ledgers.of("front")
    one.keep(began(camera()))
    until("the first part", lambda: count(tmp_path) == 2)
    clock.advance(3600)
    one.keep(picture(3600.0, None))
    until("the second part", lambda: count(tmp_path) == 4)
    (_, settings), (head, after) = lines(tmp_path)
    assert head["began"] == settings["began"]
    assert after["picture"]["media"] == pytest.approx(3600.1)
    assert [part.path.name.split("-")[0] for part in parts(tmp_path, "front")] == ["20270115T080203.500Z"] * 2


def test_a_camera_whose_name_is_no_name_of_a_file_has_a_folder_below(ledgers: Ledgers, tmp_path: Path) -> None:
    ledgers.of("../hall").keep(Interrupted("shutdown", None))
    until("it", lambda: count(tmp_path, "../hall") == 2)
    assert [path.name for path in tmp_path.iterdir()] == ["..%2Fhall"]


def test_what_the_disk_refuses_is_noted_as_a_hole(
    ledgers: Ledgers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, refuse = Part.write, threading.Event()

    def refusing(self: Part, told: list[Line]) -> None:
        if refuse.is_set():
            raise OSError(28, "No space left on device")
        write(self, told)

    monkeypatch.setattr(Part, "write", refusing)
    one = ledgers.of("front")
    one.keep(began(camera()))
    until("the first lines", lambda: count(tmp_path) == 2)
    refuse.set()
    with caplog.at_level(logging.WARNING):
        one.keep(picture(1.0, None))
        one.keep(picture(2.0, None))
        until("a complaint", lambda: "cannot be written: No space left" in caplog.text)
    until("what waited is given up", lambda: one._lost == 2)
    refuse.clear()
    one.keep(picture(3.0, None))
    until("what comes after", lambda: "picture" in lines(tmp_path)[-1][-1])
    head, hole, after = lines(tmp_path)[-1]
    assert "began" in head
    assert hole == {"lost": 2}
    assert after["picture"]["media"] == pytest.approx(3.1)


def test_a_disk_that_hangs_costs_pictures_but_no_settings(tmp_path: Path, clock: SimulatedClock) -> None:
    one = module._Ledger(tmp_path, "front", "run")
    for n in range(module._MOST + 5):
        one.keep(picture(float(n), None))
    one.keep(began(camera()))
    one.write(clock.wall(), last=True)
    (_, hole, *rest), *_ = lines(tmp_path)
    assert hole == {"lost": 5}
    assert len(rest) == module._MOST + 1
    assert "began" in rest[-1]


def test_a_ledger_leaves_room_on_its_disk(
    ledgers: Ledgers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "crowded", lambda folder: True)
    ledgers.of("front").keep(Interrupted("x", None))
    until("a complaint", lambda: "nearly full" in caplog.text)
    assert count(tmp_path) == 0


def aged(folder: Path, name: str, at: float, size: int) -> Path:

    path = folder / "front" / f"{name}.000.jsonl.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (at, at))
    return path


def test_old_parts_go_and_then_the_oldest_while_there_is_too_much(tmp_path: Path) -> None:
    old, oldest, newer, newest = (
        aged(tmp_path, name, at, 1000) for name, at in zip("abcd", (1, 10, 20, 30), strict=True)
    )
    assert prune(tmp_path, 5.0, 2500) == (1, 1)
    assert [path.exists() for path in (old, oldest, newer, newest)] == [False, False, True, True]
    assert prune(tmp_path, 5.0, 2500) == (0, 0)
    assert prune(tmp_path, 5.0, 500) == (0, 1)
    assert newest.exists(), "it may still be written"
    assert prune(tmp_path, 100.0, 2500) == (1, 0)
    assert not (tmp_path / "front").exists()


def test_retention_tidies_ledgers_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = {"site": {"id": "s"}, "alerts": {}, "ledger": {"folder": "ledger", "keep_days": 1, "gb": 0.001}}
    config = Config.model_validate(told, context={"folder": tmp_path})
    (tmp_path / "ledger").mkdir()
    clock = SimulatedClock(10 * 86400.0)
    gone = aged(tmp_path / "ledger", "a", 8 * 86400, 10)
    large, kept = (aged(tmp_path / "ledger", name, 9.5 * 86400 + n, 700_000) for n, name in enumerate("bc"))
    retention = Retention(config.alerts, clock, config.ledger)
    retention.tidy(30 * 86400)
    retention.wait(10)
    assert [path.exists() for path in (gone, large, kept)] == [False, False, True]
    assert "more than ledger.gb (0.001) allows" in caplog.text
