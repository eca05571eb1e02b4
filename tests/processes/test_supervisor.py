"""The table of processes: cameras to workers, a changed file to the difference, and the order of ending."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.catalogue import resolve
from pipeline.catalogue.listing import own_folder
from pipeline.clock import SimulatedClock
from pipeline.config import Config, load
from pipeline.processes import delivery, worker
from pipeline.processes.status import status_path
from pipeline.processes.supervisor import Orders, Supervisor
from tests.processes.children import Child
from tests.test_config_calendars import HOLIDAYS

START: dict[str, Any] = {"site": {"id": "here"}, "workers": {"cameras_each": 2, "drain_s": 2}}


class School:
    """A supervisor of cameras a, b, c; its file, its clock and its children."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "streams.yaml"
        self.clock = SimulatedClock(1000.0)
        self.orders = Orders()
        self.children: list[Child] = []
        self.ended: list[str] = []
        self.settings = {**START, "cameras": {name: {"url": f"rtsp://h/{name}"} for name in "abc"}}
        self.write()
        self.supervisor = Supervisor(lambda: load(self.file), self.clock, child=self._make)
        self.supervisor.start()
        self.look()

    def write(self) -> None:
        self.file.write_text(yaml.safe_dump(self.settings))

    def _make(self, target: Callable[..., None], arguments: tuple[object, ...]) -> Child:
        self.children.append(Child(target, arguments))
        return self.children[-1]

    def look(self, seconds: float = 0.1) -> None:
        self.clock.advance(seconds)
        for child in self.children:
            if child.is_alive():
                child.says("alive")
        self.supervisor.look(self.orders)

    def change(self, **sections: Any) -> None:
        """Write the file anew, and look until it has been read."""
        self.settings |= sections
        self.write()
        os.utime(self.file, ns=(self.clock_ns(), self.clock_ns()))
        for _ in range(4):
            self.look(0.6)

    def clock_ns(self) -> int:
        return int(self.clock.monotonic() * 1e9)

    def alive(self, target: Callable[..., None] = worker.main) -> list[Child]:
        return [child for child in self.children if child.is_alive() and child.target is target]

    def crews(self) -> list[list[str]]:
        """The cameras that each living worker has been told to watch, last."""
        return [sorted(self.share(child).cameras) for child in self.alive()]

    def share(self, child: Child) -> Config:
        given = next(one for one in child.arguments if isinstance(one, Config))
        told = [message[1] for message in child.told() if isinstance(message, tuple)]
        self.shares = getattr(self, "shares", {})
        self.shares[child.pid] = told[-1] if told else self.shares.get(child.pid, given)
        return self.shares[child.pid]

    def status(self) -> dict[str, Any]:
        return json.loads(status_path(load(self.file).config).read_text())


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    school = School(tmp_path)
    yield school
    for child in school.children:
        child.ends(0)


def test_cameras_are_dealt_to_as_few_workers_as_may_be_and_there_is_one_delivery(school: School):
    assert school.crews() == [["a", "b"], ["c"]]
    assert len(school.alive(delivery.run)) == 1
    assert {school.share(child).hash for child in school.alive()} == {load(school.file).config.hash}


def test_a_dead_worker_comes_back_with_its_cameras_and_the_others_do_not_notice(school: School):
    first, second = school.alive()
    first.ends(-9)
    school.look()
    assert school.crews() == [["c"]]
    school.look(0.6)
    school.look(1)
    assert sorted(school.crews()) == [["a", "b"], ["c"]]
    assert second.is_alive()
    assert school.status()["workers"]["worker 1"]["restarts"] == 1


def test_a_new_camera_goes_where_there_is_room_and_nobody_is_disturbed(school: School):
    before = school.alive()
    school.change(cameras={**school.settings["cameras"], "d": {"url": "rtsp://h/d"}})
    assert school.alive() == before
    assert school.crews() == [["a", "b"], ["c", "d"]]
    school.change(cameras={**school.settings["cameras"], "e": {"url": "rtsp://h/e"}})
    assert school.crews() == [["a", "b"], ["c", "d"], ["e"]]


def test_a_worker_without_cameras_ends(school: School):
    school.change(cameras={name: school.settings["cameras"][name] for name in "ab"})
    assert school.crews() == [["a", "b"]]
    assert school.children[-1].exitcode == 0


def test_a_file_with_a_mistake_changes_nothing_and_is_told(school: School, caplog: pytest.LogCaptureFixture):
    before = school.alive()
    school.change(site={"id": "not a name!"})
    assert school.alive() == before
    assert "the one before stays in force" in caplog.text


def test_a_camera_that_a_mistake_has_come_into_is_watched_on_as_it_was(school: School):
    school.change(cameras={**school.settings["cameras"], "a": {"url": "rtsp://h/a", "analyse_fps": "many"}})
    assert school.crews() == [["a", "b"], ["c"]]
    assert school.status()["cameras"]["a"]["error_kind"] == "config"


@pytest.mark.parametrize(
    "section", [{"detector": {"min_score": 0.6}}, {"alerts": {"keep_days": 3}}, {"site": {"id": "there"}}]
)
def test_what_every_process_has_read_once_replaces_them_all(school: School, section: dict[str, Any]):
    before = [*school.alive(), *school.alive(delivery.run)]
    school.change(**section)
    assert [child.exitcode for child in before] == [0, 0, 0]
    assert school.crews() == [["a", "b"], ["c"]]
    assert len(school.alive(delivery.run)) == 1
    assert {school.share(child).hash for child in school.alive()} == {load(school.file).config.hash}


def test_a_changed_camera_is_told_to_its_worker_which_goes_on(school: School):
    before = school.alive()
    school.change(cameras={**school.settings["cameras"], "c": {"url": "rtsp://h/other"}})
    assert school.alive() == before
    assert [str(school.share(child).cameras["c"].url) for child in before if "c" in school.share(child).cameras] == [
        "rtsp://h/other"
    ]


def test_a_file_that_is_still_being_written_is_waited_for(school: School):
    read: list[int] = []
    supervisor, before = school.supervisor, school.supervisor.reload
    supervisor.reload = lambda: (read.append(1), before())[1]  # type: ignore[method-assign]
    for number in range(4):
        school.settings["site"] = {"id": f"here-{number}"}
        school.write()
        os.utime(school.file, ns=(number, number))
        school.look(0.6)
        assert read == []
    school.look(0.6)
    assert read == [1]


def test_workers_end_before_delivery_and_who_does_not_is_killed(school: School, monkeypatch: pytest.MonkeyPatch):
    order: list[Any] = []
    ends = Child.ends
    monkeypatch.setattr(Child, "ends", lambda child, code: (order.append(child), ends(child, code))[1])
    stubborn = school.alive()[0]
    stubborn.obedient = False
    (sender,) = school.alive(delivery.run)
    school.supervisor.stop()
    assert order[-1] is sender
    assert (stubborn.killed, stubborn.exitcode, sender.exitcode) == (True, -9, 0)
    assert school.status()["state"] == "stopped"


@pytest.fixture
def own_model(school: School, tmp_path: Path) -> Path:
    """The school sees with a model of its own."""
    path = tmp_path / "own.onnx"
    path.write_bytes(resolve("builtin").path.read_bytes())
    school.change(detector={"model": str(path)})
    return path


def replaced(school: School, path: Path, content: bytes) -> bool:
    """Whether other content of this file, put there as installers do, has replaced the workers."""
    before, new = school.alive(), path.with_name("new")
    new.write_bytes(content)
    new.replace(path)
    for _ in range(4):
        school.look(0.6)
    return not set(before) & set(school.alive())


def test_a_model_that_is_put_in_the_place_of_another_is_taken(school: School, own_model: Path):
    assert not replaced(school, own_model, own_model.read_bytes())
    description = yaml.safe_load((own_folder() / "models.yaml").read_text())["models"]["person-320"]
    keys = {key: value for key, value in description.items() if key not in ("file", "sha256", "url", "licence")}
    assert replaced(school, own_model.with_name("own.onnx.yaml"), yaml.safe_dump({**keys, "cost_ms": 9.0}).encode())
    assert school.crews() == [["a", "b"], ["c"]]


def test_a_damaged_model_changes_nothing_and_is_told(school: School, own_model: Path, caplog: pytest.LogCaptureFixture):
    assert not replaced(school, own_model, b"half a model")
    assert "the one before stays in force" in caplog.text
    assert "own.onnx" in caplog.text


def test_a_calendar_file_that_changes_is_told_to_workers_that_go_on(school: School, tmp_path: Path):
    file, first = tmp_path / "days.ics", HOLIDAYS.replace("COUNT=4", "COUNT=2")
    file.write_text(first)
    school.change(calendars={"oak": {"holidays_from": "days.ics"}})
    told = [school.share(child).calendars["oak"].holidays_from for child in school.alive()]
    assert [len(days) for (days,) in told] == [3, 3]
    assert not replaced(school, file, HOLIDAYS.encode())
    told = [school.share(child).calendars["oak"].holidays_from for child in school.alive()]
    assert [len(days) for (days,) in told] == [4, 4]


def test_an_order_to_read_again_is_obeyed_at_once_and_once(school: School):
    school.settings["cameras"] = {"a": {"url": "rtsp://h/a"}}
    school.write()
    school.orders.reload = True
    school.look()
    assert school.crews() == [["a"]]
    assert not school.orders.reload
