"""The real clips, what is watched in them, and what happens there: read from ../shared/footage/ground_truth.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.sinks.message import Event

FILES = {
    "hall": "one-by-one-person-detection.mp4",
    "warehouse": "worker-zone-detection.mp4",
    "car-park": "person-bicycle-car-detection.mp4",
}
TOLERANCE_S = 0.7


class Visit(NamedTuple):
    """One incident: seconds of the clip, or None for a crossing's end; the way it went."""

    rule: str
    entered: float
    left: float | None
    direction: str | None = None


def load(footage: Path) -> dict[str, dict[str, Any]]:
    """By camera."""
    told = yaml.safe_load((footage / "ground_truth.yaml").read_text())
    return {camera: told[file] for camera, file in FILES.items()}


def watched(footage: Path, camera: str) -> dict[str, Any]:
    """Zones, lines and rules of this camera; a rule is called as its zone or line."""
    told = load(footage)[camera]
    zones, lines, crossings = told.get("zones", {}), told.get("lines", {}), told.get("crossings_s", {})
    rules: dict[str, Any] = {name: {"zone": name, "trigger": "enter"} for name in zones}
    for name in lines:
        rules[name] = {"line": name, "trigger": "cross", "direction": crossings[name][0]["direction"]}
    return {
        "zones": {name: {"polygon": corners} for name, corners in zones.items()},
        "lines": {name: {"points": ends} for name, ends in lines.items()},
        "rules": rules,
    }


def visits(footage: Path, camera: str) -> list[Visit]:
    """What happens in the clip, in order of time."""
    told = load(footage)[camera]
    inside = [Visit(zone, *span) for zone, spans in told.get("in_zone_s", {}).items() for span in spans]
    over = [
        Visit(line, one["at"], None, one["direction"])
        for line, crossings in told.get("crossings_s", {}).items()
        for one in crossings
    ]
    return sorted(inside + over, key=lambda visit: visit.entered)


def assert_same(expected: list[Visit], events: list[Event], began: float = 0.0, tolerance: float = TOLERANCE_S) -> None:
    """`events` are all messages of one camera, `began` the media time of the clip's beginning; exactly `expected`."""
    opened = [event["data"] for event in events if event["data"]["state"] == "opened"]
    closed = {event["data"]["incident"]: event["data"] for event in events if event["data"]["state"] == "closed"}
    opened.sort(key=_at)
    told = [f"{data['rule']} at {_at(data) - began:.1f} s" for data in opened]
    assert [data["rule"] for data in opened] == [visit.rule for visit in expected], told
    for visit, data in zip(expected, opened, strict=True):
        assert abs(_at(data) - began - visit.entered) <= tolerance, (visit, told)
        if visit.direction:
            assert data["direction"] == visit.direction
        if visit.left is not None:
            left = closed[data["incident"]]["left"]["media_s"] - began
            assert abs(left - visit.left) <= tolerance, (visit, left)


def _at(data: dict[str, Any]) -> float:
    """When the person came in, or went over the line."""
    moment: float = (data["entered"] or data["times"])["media_s"]
    return moment
