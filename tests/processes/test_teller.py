"""What becomes of incidents between the lane and the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipeline.clock import SimulatedClock
from pipeline.config import Camera, Zone
from pipeline.errors import JournalError
from pipeline.frame import Frame
from pipeline.processes.pictures import Pictures
from pipeline.processes.teller import Teller, close_unwatched
from pipeline.sinks.loads import Loads
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from pipeline.types import Incident, IncidentState
from tests.sinks.facts import WALL, event, incident
from tests.small_disk import fill, small_disk


def camera() -> Camera:
    zones = {"gate": Zone(polygon=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)))}
    return Camera.model_validate({"name": "front-gate", "url": "rtsp://127.0.0.1/x", "zones": zones})


def frame() -> Frame:
    return Frame("front-gate", 0, 12.3, np.full((90, 160), 120, np.uint8), at=WALL)


class Told:
    """A teller, its journal, its clock, and the disk that its pictures go to."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(WALL)
        self.outbox = Outbox(folder / "alerts.db")
        self.disk = threading.Event()
        self.disk.set()
        self.mistakes: list[Exception] = []
        self.pictures = Pictures(Snapshots(folder / "snapshots", self._noted), self.clock)
        self.teller = Teller("north-campus", self.outbox, self.pictures, self.clock)

    def _noted(self, _: Mapping[str, int]) -> None:
        assert self.disk.wait(20)
        if self.mistakes:
            raise self.mistakes.pop()

    def tell(self, *incidents: Incident, frame: Frame | None = None) -> None:
        self.teller.tell([replace(one, evidence=()) for one in incidents], camera(), frame)

    def settle(self) -> None:
        """All pictures that were asked for are there, and told of."""
        self.pictures.finish(20)
        self.teller.flush()

    @property
    def said(self) -> list[tuple[str, int, str, int | str]]:
        """Incident, revision, state, and how many pictures there are, or that they are pending."""
        return [
            (data["incident"][-1], data["revision"], data["state"], shown if isinstance(shown, str) else len(shown))
            for data, shown in ((event["data"], event["data"]["evidence"]) for _, event in self.outbox.read(n=10_000))
        ]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    told = Told(tmp_path)
    yield told
    told.disk.set()


OPENED, UPDATED, CLOSED = IncidentState.OPENED, IncidentState.UPDATED, IncidentState.CLOSED


def test_an_alert_is_told_at_once_and_again_when_its_pictures_are_on_disk(told: Told, tmp_path: Path):
    told.tell(incident(1), frame=frame())
    assert told.said[0] == ("1", 1, "opened", "pending")
    told.settle()
    told.tell(incident(1, revision=2, state=CLOSED))
    assert told.said[1:] == [("1", 2, "updated", 2), ("1", 3, "closed", 2)]
    _, updated, closed = (event["data"] for _, event in told.outbox.read())
    assert closed["evidence"] == updated["evidence"]
    assert all((tmp_path / one["uri"]).is_file() for one in closed["evidence"])


def test_a_disk_that_hangs_holds_up_no_alert_and_what_comes_next_keeps_its_place(told: Told):
    told.disk.clear()
    told.tell(incident(1), frame=frame())
    told.tell(incident(1, revision=2, state=UPDATED))
    told.tell(incident(2), frame=frame())
    told.tell(incident(1, revision=3, state=CLOSED))
    assert told.said == [("1", 1, "opened", "pending"), ("2", 1, "opened", "pending")]
    told.disk.set()
    told.settle()
    assert sorted(told.said[2:]) == [
        ("1", 2, "updated", 2),
        ("1", 3, "updated", 2),
        ("1", 4, "closed", 2),
        ("2", 2, "updated", 2),
    ]
    assert [revision for number, revision, *_ in told.said if number == "1"] == [1, 2, 3, 4]


def test_who_has_more_to_tell_waits_five_seconds_for_the_pictures_and_goes_on_without(told: Told):
    told.disk.clear()
    told.tell(incident(1), incident(2), frame=frame())
    told.clock.advance(60)
    told.tell(incident(1, revision=2, state=CLOSED))
    told.clock.advance(4.9)
    told.teller.flush()
    assert len(told.said) == 2
    told.clock.advance(0.2)
    told.teller.flush()
    assert told.said[2:] == [("1", 2, "updated", 0), ("1", 3, "closed", 0)]
    told.disk.set()
    told.settle()
    assert told.said[4:] == [("2", 2, "updated", 2)]


def test_so_many_wait_for_the_disk_and_no_more(told: Told, caplog: pytest.LogCaptureFixture):
    told.disk.clear()
    for number in range(100):
        told.tell(incident(number), frame=frame())
    given_up = [one for one in told.said if one[2] == "updated"]
    assert 30 < len(given_up) < 40
    assert {shown for *_, shown in given_up} == {0}
    assert "Pictures of alerts are left out" in caplog.text
    told.disk.set()
    told.settle()
    assert len(told.said) == 200


def test_few_large_frames_are_enough_to_wait_for(told: Told):
    told.disk.clear()
    for number in range(8):
        large = Frame("front-gate", 0, 12.3, np.zeros((4000, 5000), np.uint8), at=WALL)
        told.tell(incident(number), frame=large)
    assert len([one for one in told.said if one[2] == "updated"]) in (2, 3)


def test_a_picture_that_cannot_be_made_is_an_alert_without(
    told: Told, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "snapshots").write_text("in the way")
    told.tell(incident(1), frame=frame())
    told.settle()
    assert told.said == [("1", 1, "opened", "pending"), ("1", 2, "updated", 0)]
    assert "cannot be saved" in caplog.text


def test_a_mistake_in_making_pictures_does_not_end_them(told: Told, caplog: pytest.LogCaptureFixture):
    told.mistakes = [ZeroDivisionError("ours")]
    told.tell(incident(1), frame=frame())
    told.tell(incident(2), frame=frame())
    told.settle()
    assert [shown for *_, shown in told.said[2:]] == [0, 2]
    assert "a picture could not be made" in caplog.text


def test_at_the_end_pictures_have_a_moment_and_nothing_stays_pending(told: Told):
    told.tell(incident(1), frame=frame())
    told.tell(incident(1, revision=2, state=CLOSED))
    told.disk.clear()
    told.tell(incident(2), frame=frame())
    told.tell(incident(2, revision=2, state=CLOSED))
    assert told.teller.finish() == 0
    assert [one for one in told.said if one[0] == "2"][1:] == [("2", 2, "updated", 0), ("2", 3, "closed", 0)]
    assert len(told.said) == 6


def test_the_same_recording_told_again_has_the_same_revisions(told: Told):
    """Whether the pictures were there sooner or later, or the disk was away."""
    for settle in (True, False):
        told.tell(incident(1), frame=frame())
        if settle:
            told.settle()
        told.tell(incident(1, revision=2, state=CLOSED))
        told.settle()
    assert [revision for _, revision, *_ in told.said] == [1, 2, 3]


def test_what_is_told_without_a_picture_keeps_the_revisions_of_the_rules(told: Told):
    told.tell(incident(1))
    told.tell(incident(1, revision=2, state=CLOSED))
    assert told.said == [("1", 1, "opened", 0), ("1", 2, "closed", 0)]


def test_what_was_pending_when_the_worker_died_is_closed_without(told: Told):
    told.outbox.put(event(1, evidence=None))
    told.teller.close_orphans("front-gate")
    assert told.said == [("1", 1, "opened", "pending"), ("1", 2, "closed", 0)]


def test_what_a_dead_worker_had_open_is_closed_once(told: Told):
    told.outbox.put(event(1))
    told.teller.close_orphans("front-gate")
    told.teller.close_orphans("front-gate")
    assert [one[1:3] for one in told.said] == [(1, "opened"), (2, "closed")]
    assert told.outbox.open_incidents("front-gate") == []


def test_what_is_open_on_a_camera_that_is_watched_no_more_is_closed_at_the_start(tmp_path):
    outbox = Outbox(tmp_path / "alerts.db")
    outbox.put(event(1, camera="gone"))
    outbox.put(event(2, camera="here"))
    close_unwatched(outbox, ["here"], SimulatedClock(WALL))
    assert [message["data"]["camera"] for message in outbox.open_incidents()] == ["here"]
    last = outbox.read()[-1][1]["data"]
    assert (last["camera"], last["state"], last["why"]["closed_because"]) == ("gone", "closed", "camera_removed")


def test_a_full_disk_keeps_alerts_waiting_in_order_until_there_is_room(tmp_path):
    with small_disk(tmp_path, "4m") as disk:
        told = Told(disk)
        ballast = fill(disk)
        refused = [incident(number) for number in range(50)]
        told.tell(*refused)
        assert told.teller.waiting > 0
        with pytest.raises(JournalError):
            told.outbox.put(event(1000))
        ballast.unlink()
        assert told.teller.finish() == 0
        assert [message["data"]["incident"] for _, message in told.outbox.read()] == [one.id for one in refused]
        told.outbox.close()


def test_a_rule_in_shadow_is_counted_when_the_journal_takes_it_and_nobody_is_told(tmp_path: Path):
    clock = SimulatedClock(WALL)
    outbox = Outbox(tmp_path / "alerts.db", clock)
    loads = Loads(tmp_path / "alerts.db", UTC, clock)
    pictures = Pictures(Snapshots(tmp_path / "snapshots"), clock)
    teller = Teller("north-campus", outbox, pictures, clock, loads)
    opened = replace(incident(), unsaid="shadow")
    teller.tell([opened, replace(opened, revision=2, state=IncidentState.CLOSED)], camera(), frame())
    teller.tell([replace(opened, id="other")], camera(), None)
    assert outbox.read() == []
    assert [*loads.by_day(2).values()] == [{datetime.fromtimestamp(WALL, UTC).date().isoformat(): 2}]
    assert teller.finish() == 0
