"""What becomes of incidents between the lane and the journal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.clock import SimulatedClock
from pipeline.config import Camera, Zone
from pipeline.errors import JournalError
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from pipeline.types import Frame, IncidentState
from pipeline.workers.teller import Teller, close_unwatched
from tests.sinks.facts import WALL, event, incident
from tests.small_disk import fill, small_disk


def camera() -> Camera:
    zones = {"gate": Zone(polygon=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)))}
    return Camera.model_validate({"name": "front-gate", "url": "rtsp://127.0.0.1/x", "zones": zones})


def frame() -> Frame:
    return Frame("front-gate", 0, 12.3, np.full((90, 160), 120, np.uint8), at=WALL)


def teller(folder: Path) -> tuple[Teller, Outbox]:
    outbox = Outbox(folder / "alerts.db")
    return Teller("north-campus", outbox, Snapshots(folder / "snapshots"), SimulatedClock(WALL)), outbox


def test_pictures_are_on_disk_before_the_alert_and_stay_with_it_to_its_end(tmp_path):
    told, outbox = teller(tmp_path)
    told.tell([incident(1, evidence=())], camera(), frame())
    told.tell([incident(1, evidence=(), revision=2, state=IncidentState.CLOSED)], camera(), None)
    opened, closed = (message["data"] for _, message in outbox.read())
    assert len(opened["evidence"]) == 2
    assert closed["evidence"] == opened["evidence"]
    assert all((tmp_path / one["uri"]).is_file() for one in opened["evidence"])


def test_what_a_dead_worker_had_open_is_closed_once(tmp_path):
    told, outbox = teller(tmp_path)
    outbox.put(event(1))
    told.close_orphans("front-gate")
    told.close_orphans("front-gate")
    states = [(message["data"]["state"], message["data"]["revision"]) for _, message in outbox.read()]
    assert states == [("opened", 1), ("closed", 2)]
    assert outbox.open_incidents("front-gate") == []


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
        told, outbox = teller(disk)
        ballast = fill(disk)
        refused = [incident(number, evidence=()) for number in range(50)]
        told.tell(refused, camera(), None)
        assert told.waiting > 0
        with pytest.raises(JournalError):
            outbox.put(event(1000))
        ballast.unlink()
        assert told.finish() == 0
        assert [message["data"]["incident"] for _, message in outbox.read()] == [one.id for one in refused]
        outbox.close()
