"""Incidents and messages to test with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pipeline.config import Config
from pipeline.sinks.message import Event, cloud_event
from pipeline.types import Evidence, Incident, IncidentState, Moment, Severity

WALL = 1_700_000_000.0


def incident(number: int = 0, **changes: Any) -> Incident:
    """A person who came into the gate zone, told for the first time."""
    usual: dict[str, Any] = {
        "id": f"{number:016x}",
        "revision": 1,
        "state": IncidentState.OPENED,
        "camera": "front-gate",
        "rule": "someone-at-gate",
        "trigger": "enter",
        "zone": "gate",
        "line": None,
        "direction": None,
        "severity": Severity.HIGH,
        "track": 7,
        "at": Moment(12.3456, WALL, 0.04),
        "entered": Moment(11.9, WALL - 0.4, 0.04),
        "left": None,
        "dwell_s": 0.44444,
        "box": (0.1, 0.2, 0.3, 1.05),
        "anchor": (0.2, 1.05),
        "path": ((11.9, 0.19, 1.0), (12.3456, 0.2, 1.05)),
        "score": 0.876543,
        "why": {"held_s": 0.44444, "confirm_s": 0.4},
        "frame_size": (640, 360),
        "received": WALL + 0.01,
        "decided": WALL + 0.05,
        "model": {"name": "person-320", "sha256": "0" * 64},
        "config_hash": "sha256:" + "1" * 64,
        "evidence": (Evidence("snapshot", "snapshots/2023-11-14/front-gate/x.jpg", "2" * 64),),
    }
    return Incident(**{**usual, **changes})


def event(number: int = 0, **changes: Any) -> Event:
    """The message of `incident(number, …)`."""
    return cloud_event(incident(number, **changes), "north-campus", WALL + 0.06)


def config(folder: Any, redis: str | None = None, **alerts: Any) -> Config:
    """A configuration that keeps its files below `folder`."""
    asked = {"journal": folder / "alerts.db", "snapshots": folder / "snapshots", **alerts}
    if redis:
        asked["redis"] = {"url": redis, "stream": "zw:alerts", **(alerts.get("redis") or {})}
    return Config.model_validate({"site": {"id": "north-campus"}, "alerts": asked, "workers": {"drain_s": 2}})


def until(true: Callable[[], Any], deadline_s: float = 20.0) -> Any:
    """Wait until `true()` is, and return what it gave."""
    deadline = time.monotonic() + deadline_s
    while not (answer := true()):
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.005)
    return answer
