"""Pictures of incidents: the frame as it was, and the same with what the rule saw drawn on it.

    SNAPSHOTS/2026-11-23/front-gate/INCIDENT.REVISION.jpg            as it was, in its true shape
    SNAPSHOTS/2026-11-23/front-gate/INCIDENT.REVISION.overlay.jpg    with box, path, zone or line, and a caption

A file is on disk, whole, before its name exists. Not here: who refers to it (`sinks/message.py`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.clock import rfc3339
from pipeline.errors import JournalError
from pipeline.types import Evidence, Frame, Incident, Pixels, Point

QUALITY = 90
UNDATED = "undated"

Colour: TypeAlias = tuple[int, int, int]

# Blue, green, red.
_BOX, _PATH, _GEOMETRY, _INK, _PAPER = (60, 60, 255), (0, 220, 255), (255, 190, 60), (255, 255, 255), (32, 32, 32)


class Snapshots:
    """Pictures below `folder`; their uris are relative to its parent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        cv2.setNumThreads(1)

    def save(self, frame: Frame, incident: Incident, geometry: Sequence[Point]) -> tuple[Evidence, ...]:
        """Both pictures of `frame`; `geometry` is the zone's polygon or the line's two ends, normalised.

        What has been saved for this revision is kept as it is. Raises JournalError when the disk does not take it:
        send the alert without evidence then.
        """
        stem = self._stem(incident)
        picture = np.ascontiguousarray(frame.rgb(size=frame.true_size)[:, :, ::-1])
        plain = self._keep(stem.with_name(f"{stem.name}.jpg"), "snapshot", picture)
        drawn = _overlaid(picture, incident, geometry)
        return plain, self._keep(stem.with_name(f"{stem.name}.overlay.jpg"), "overlay", drawn)

    def prune(self, before: float) -> int:
        """Delete the days that ended before `before` (Unix seconds), and how many went. Undated ones by file time."""
        last = datetime.fromtimestamp(before, UTC).date() - timedelta(days=1)
        days = [day for day in self._folder.glob("????-??-??") if (_day(day.name) or date.max) <= last]
        for day in days:
            shutil.rmtree(day, ignore_errors=True)
        for path in self._folder.glob(f"{UNDATED}/*/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
        return len(days)

    def _stem(self, incident: Incident) -> Path:
        at = incident.at.wall
        day = UNDATED if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()
        return (
            self._folder / day / quote(incident.camera, safe="") / f"{quote(incident.id, safe='')}.{incident.revision}"
        )

    def _keep(self, path: Path, kind: str, picture: Pixels) -> Evidence:
        try:
            content = path.read_bytes() if path.exists() else _write(path, _jpeg(picture))
        except OSError as error:
            raise JournalError(
                f"The snapshot {path} cannot be saved: {error.strerror}. "
                "Make room on that disk, or name another folder in alerts.snapshots."
            ) from error
        uri = quote(path.relative_to(self._folder.parent).as_posix())
        return Evidence(kind, uri, hashlib.sha256(content).hexdigest())


def _write(path: Path, content: bytes) -> bytes:
    """On disk when this returns, name and all; never half of it under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return content


def _jpeg(picture: Pixels) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _overlaid(picture: Pixels, incident: Incident, geometry: Sequence[Point]) -> Pixels:
    drawn = picture.copy()
    x1, y1, x2, y2 = incident.box
    _stroke(drawn, geometry, _GEOMETRY, closed=len(geometry) > 2)
    _stroke(drawn, [(x, y) for _, x, y in incident.path], _PATH)
    _stroke(drawn, [(x1, y1), (x2, y1), (x2, y2), (x1, y2)], _BOX, closed=True)
    _stroke(drawn, [incident.anchor, incident.anchor], _PATH, times=4)
    _caption(drawn, _words(incident))
    return drawn


def _stroke(drawn: Pixels, points: Sequence[Point], colour: Colour, closed: bool = False, times: int = 1) -> None:
    """A coloured line on a dark one: it can be seen on any picture."""
    thick = times * max(1, round(drawn.shape[0] / 300))
    corners = _pixels(drawn, points)
    cv2.polylines(drawn, [corners], closed, _PAPER, thick + 2, cv2.LINE_AA)
    cv2.polylines(drawn, [corners], closed, colour, thick, cv2.LINE_AA)


def _words(incident: Incident) -> str:
    when = rfc3339(incident.at.wall) or f"{incident.at.media:.2f} s"
    return f"{incident.camera}  {incident.rule}  {when}"


def _caption(drawn: Pixels, words: str) -> None:
    """A dark strip along the top. OpenCV's own font has the letters of most languages."""
    height = max(12, round(drawn.shape[0] / 24))
    drawn[: round(1.6 * height)] = drawn[: round(1.6 * height)] // 4 + np.array(_PAPER, np.uint8)
    where = (height // 2, round(1.2 * height))
    cv2.putText(drawn, words, where, _INK, cv2.FontFace("sans"), height, 500)


def _pixels(picture: Pixels, points: Sequence[Point]) -> NDArray[np.int32]:
    """Normalised points as whole pixels (n, 2) int32, near the picture: OpenCV does not like very large ones."""
    h, w = picture.shape[:2]
    scaled = np.array(points, np.float64).reshape(-1, 2) * (w, h)
    return np.rint(np.clip(scaled, -h - w, 2 * (h + w))).astype(np.int32)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
