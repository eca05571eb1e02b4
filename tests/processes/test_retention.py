"""Old pictures go, by when they were written, how many there are, how full their disk is; only a journal's own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.clock import SimulatedClock
from pipeline.config import Alerts
from pipeline.frame import Frame
from pipeline.processes.retention import Retention
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from tests.conftest import ROOT
from tests.sinks.facts import WALL, incident
from tests.small_disk import small_disk

DAY_S = 86400.0


class Kept:
    """The pictures of one journal."""

    def __init__(self, folder: Path, journal: str = "alerts.db", **alerts: Any) -> None:
        self.clock = SimulatedClock(WALL + 400 * DAY_S)
        self.folder = folder / "snapshots"
        told = {"journal": folder / journal, "snapshots": self.folder, **alerts}
        self.retention = Retention(Alerts.model_validate(told), self.clock)
        self._outbox = Outbox(folder / journal, self.clock)
        self._snapshots = Snapshots(self.folder, self._outbox.note_pictures)

    def save(self, number: int, noise: int = 0) -> Path:
        luma = np.random.default_rng(number).integers(0, max(1, noise), (360, 640), np.uint8)
        plain, _ = self._snapshots.save(Frame("front-gate", 1, 1.0, luma), incident(number), ())
        return self.folder.parent / plain.uri

    def tidy(self, keep_s: float = 30 * DAY_S) -> None:
        self.retention.tidy(keep_s)
        self.retention.wait(20)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    return Kept(tmp_path)


def test_pictures_of_an_old_recording_stay_as_long_as_others(kept: Kept):
    """They lie in the folder of a day long past, but were written today."""
    old = kept.save(1)
    assert old.parent.parent.name == "2023-11-14"
    kept.tidy()
    assert old.exists()
    kept.clock.advance(20 * DAY_S)
    new = kept.save(2)
    kept.clock.advance(11 * DAY_S)
    kept.tidy()
    assert not old.exists()
    assert new.exists()


def test_the_oldest_go_when_all_take_too_much(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    kept = Kept(tmp_path, snapshots_gb=0.02)
    pictures = []
    for number in range(80):
        pictures.append(kept.save(number, noise=255))
        kept.clock.advance(1)
    kept.tidy()
    left = [one.exists() for one in pictures]
    assert left == sorted(left)
    assert 0 < sum(left) < 80
    assert "take more than alerts.snapshots_gb (0.02) allows: the oldest were deleted" in caplog.text


def test_the_oldest_go_when_the_disk_is_nearly_full(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with small_disk(tmp_path, "80m") as disk:
        kept = Kept(disk)
        pictures = []
        for number in range(80):
            pictures.append(kept.save(number, noise=255))
            kept.clock.advance(1)
        kept.tidy()
        assert all(one.exists() for one in pictures)
        free = Snapshots(kept.folder)
        (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - (3 << 20)))
        assert free.crowded()
        kept.tidy()
        left = [one.exists() for one in pictures]
        assert left == sorted(left)
        assert 0 < sum(left) < 80
        assert not free.crowded()
        assert "is nearly full: the oldest pictures of alerts were deleted" in caplog.text


def test_two_journals_that_share_a_folder_delete_their_own_only(tmp_path: Path):
    one, other = Kept(tmp_path), Kept(tmp_path, "other.db")
    mine, theirs = one.save(1), other.save(2)
    one.clock.advance(40 * DAY_S)
    one.tidy()
    assert not mine.exists()
    assert theirs.exists()


def test_pictures_that_version_1_told_of_are_known(tmp_path: Path):
    picture = tmp_path / "snapshots/2023-11-14/front-gate/x.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    with closing(sqlite3.connect(tmp_path / "alerts.db")) as db:
        db.executescript((ROOT / "tests/sinks/journals/1.sql").read_text())
    Kept(tmp_path).tidy()
    assert not picture.exists()
