"""Entries as plain JSON objects and back, to the last bit; secrets stay behind. Not here: files (`store/ledger`).

Numbers have as many digits as give back the same number; looks, which nobody reads, are base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from pipeline.config import Calendar, Camera, Detector, ModeSettings
from pipeline.errors import LedgerError
from pipeline.perceive.appearance import packed, unpacked
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Now, Origin
from pipeline.types import Detections, Mode, Moment
from pipeline.workers.entries import Access, Began, Changed, Entry, Interrupted, Picture

Line: TypeAlias = dict[str, Any]


def line_of(entry: Entry) -> Line:
    """As it is written down."""
    match entry:
        case Picture():
            return {"picture": _moment(entry.now), **_seen(entry)}
        case Interrupted():
            return {"interrupted": entry.reason, "decided": entry.decided}
        case Changed():
            return {"changed": _settings(entry.camera, None, entry.origin), "decided": entry.decided}
        case Access():
            return {"access": entry.grants, "known": entry.known}
        case Began():
            return {"began": _settings(entry.camera, entry.detector, entry.origin)}


def entry_of(line: Line) -> Entry | None:
    """What was written down; None for what is no entry. Raises LedgerError."""
    try:
        if "picture" in line:
            return _picture(line)
        if "interrupted" in line:
            return Interrupted(line["interrupted"], line["decided"])
        if "changed" in line:
            camera, _, origin = _restored(line["changed"])
            return Changed(camera, origin, line["decided"])
        if "access" in line:
            return Access(tuple((str(door), at) for door, at in line["access"]), line["known"])
        if "began" in line:
            return Began(*_restored(line["began"]))
    except (KeyError, TypeError, ValueError, IndexError, ZoneInfoNotFoundError) as error:
        raise LedgerError(f"a line of the ledger cannot be read ({type(error).__name__}).") from error
    return None


def _seen(entry: Picture) -> Line:
    people = entry.people
    told: Line = {"size": entry.now.size, "aspect": entry.aspect, "seq": entry.seq}
    if entry.audited:
        told["audited"] = True
    if entry.looked is not None:
        told["looked"] = _rows(entry.looked)
    if people is None:
        return told
    told["people"] = {"boxes": _rows(people.boxes), "scores": _numbers(people.scores)}
    if people.cut is not None:
        told["people"]["cut"] = people.cut.tolist()
    if people.looks is not None:
        told["people"]["looks"] = b64encode(packed(people.looks)).decode()
    return told


def _picture(line: Line) -> Picture:
    at = line["picture"]
    moment = Moment(at["media"], at["wall"], at["error"], at["from"])
    now = Now(moment, at["received"], at["decided"], (line["size"][0], line["size"][1]))
    people, looked = line.get("people"), line.get("looked")
    return Picture(
        now,
        line["aspect"],
        None if people is None else _people(people),
        None if looked is None else _boxes(looked),
        line["seq"],
        line.get("audited", False),
    )


def _people(told: Line) -> Detections:
    boxes, cut, looks = _boxes(told["boxes"]), told.get("cut"), told.get("looks")
    return Detections(
        boxes,
        np.array(told["scores"], np.float32),
        None if cut is None else np.array(cut, np.bool_),
        None if looks is None else unpacked(b64decode(looks)),
    )


def _moment(now: Now) -> Line:
    at = now.at
    return {
        "media": at.media,
        "wall": at.wall,
        "error": at.uncertainty,
        "from": at.wall_from,
        "received": now.received,
        "decided": now.decided,
    }


def _rows(boxes: NDArray[np.float32]) -> list[list[float]]:
    return [_numbers(row) for row in boxes]


def _numbers(row: NDArray[np.float32]) -> list[float]:
    """The shortest that are the same as float32."""
    return [float(str(value)) for value in row]


def _boxes(rows: list[list[float]]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


def _settings(camera: Camera, detector: Detector | None, origin: Origin) -> Line:
    calendars = origin.calendars
    told = {
        "camera": camera.model_dump(mode="json"),
        "detector": None if detector is None else detector.model_dump(mode="json", exclude={"model"}),
        "site": {"id": origin.site, "timezone": calendars.timezone},
        "calendars": {name: one.model_dump(mode="json") for name, one in calendars.told.items()},
        "modes": {name: one.model_dump(mode="json") for name, one in calendars.settings.items()},
        "mode": asdict(calendars.mode),
    }
    return told | {"model": dict(origin.model), "config_hash": origin.config_hash, "run": origin.run}


def _restored(told: Line) -> tuple[Camera, Detector, Origin]:
    calendars = Calendars(
        {name: Calendar.model_validate(one) for name, one in told["calendars"].items()},
        ZoneInfo(told["site"]["timezone"]),
        {name: ModeSettings.model_validate(one) for name, one in told["modes"].items()},
        _mode(told["mode"]),
    )
    origin = Origin(told["site"]["id"], told["model"], told["config_hash"], told["run"], calendars)
    return Camera.model_validate(told["camera"]), Detector.model_validate(told["detector"] or {}), origin


def _mode(told: Line) -> Mode:
    return Mode(**{**told, "before": _mode(told["before"]) if told["before"] else None})
