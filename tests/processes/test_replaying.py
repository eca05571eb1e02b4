"""A replay on several cores: what ends it ends all of it, with a sentence."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import Config
from pipeline.errors import ZonewatchError
from pipeline.processes.replaying import side_by_side, usable_cores
from pipeline.workers.replay import Step, replay
from tests.media import make_clip


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of four minutes, in which something moves all the time: two parts."""
    return make_clip(tmp_path_factory.mktemp("replaying") / "shapes.mp4", seconds=245)


def playing(path: Path, detector: str = "builtin") -> Iterator[Step]:
    told = {"site": {"id": "test"}, "cameras": {"c": {"url": str(path)}}, "detector": {"model": detector}}
    config = Config.model_validate(told, context={"folder": Path()})
    return replay(config, config.cameras["c"], [path], players=side_by_side(2))


def test_a_process_that_is_gone_is_an_error_and_takes_the_others_with_it(recording: Path) -> None:
    steps = playing(recording)
    next(steps)
    first, second = multiprocessing.active_children()
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(ZonewatchError, match=r"read on from \d+ s of the recording is gone \(exit -9\).*--jobs 1"):
        list(steps)
    second.join(5.0)
    assert multiprocessing.active_children() == []


def test_who_stops_half_way_leaves_no_process_behind(recording: Path) -> None:
    steps = playing(recording)
    next(steps)
    assert len(multiprocessing.active_children()) == 2
    assert isinstance(steps, Iterator)
    steps.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_what_a_process_cannot_do_is_told_as_if_it_were_one_process(recording: Path) -> None:
    with pytest.raises(ZonewatchError, match="nosuch"):
        list(playing(recording, detector="nosuch"))
    assert multiprocessing.active_children() == []


def test_as_many_cores_as_this_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores() == len(before)
