"""Pictures of incidents: the frame as it was, and the same with what the rule saw drawn on it.

    SNAPSHOTS/2026-11-23/front-gate/INCIDENT.REVISION.jpg            as it was, in its true shape
    SNAPSHOTS/2026-11-23/front-gate/INCIDENT.REVISION.overlay.jpg    with box, path, zone or line, and a caption

A file is on disk, whole, before its name exists. Incidents that open on the same frame share the plain picture: it is
encoded once, and lies on the disk once. Not here: who refers to a file, and the list of those that are a journal's own
(`sinks`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.clock import rfc3339
from pipeline.errors import JournalError
from pipeline.frame import Frame
from pipeline.types import Evidence, Incident, Pixels, Point

QUALITY = 90
UNDATED = "undated"
# A drawing explains; the plain picture has every pixel.
_DRAWN_HEIGHT = 1080
# Pictures leave so much of their disk free, which may be the journal's: a share, and bytes at most.
_FREE_SHARE, _FREE_BYTES = 0.05, 512 << 20

Colour: TypeAlias = tuple[int, int, int]

# Blue, green, red.
_BOX, _PATH, _GEOMETRY, _INK, _PAPER = (60, 60, 255), (0, 220, 255), (255, 190, 60), (255, 255, 255), (32, 32, 32)


class Snapshots:
    """Pictures below `folder`; their uris are relative to its parent.

    `noted` is told the uris and bytes of pictures that are about to be written, so that none is ever left over. It may
    raise JournalError: then there are none.
    """

    def __init__(self, folder: Path, noted: Callable[[Mapping[str, int]], None] = lambda _: None) -> None:
        self._folder = folder
        self._noted = noted
        self._last: _Encoded | None = None
        cv2.setNumThreads(1)

    def save(self, frame: Frame, incident: Incident, geometry: Sequence[Point]) -> tuple[Evidence, ...]:
        """Both pictures of `frame`; `geometry` are the corners of the zone, or of the line, normalised.

        What has been saved for this revision is kept as it is. Raises JournalError when the disk does not take it, or
        is nearly full.
        """
        stem = self._stem(incident)
        plain, drawn = stem.with_name(f"{stem.name}.jpg"), stem.with_name(f"{stem.name}.overlay.jpg")
        try:
            if not (plain.exists() and drawn.exists()):
                self._make(plain, drawn, frame, incident, geometry)
            return self._evidence("snapshot", plain), self._evidence("overlay", drawn)
        except OSError as error:
            raise JournalError(
                f"The snapshot {plain} cannot be saved: {error.strerror}. "
                "Make room on that disk, or name another folder in alerts.snapshots."
            ) from error

    def remove(self, uris: Iterable[str]) -> None:
        """Delete these pictures, and folders that are empty then. One that is not there is gone already."""
        for uri in uris:
            path = self._folder.parent / unquote(uri)
            if not path.is_relative_to(self._folder) or ".." in path.parts:
                continue
            with suppress(OSError):
                path.unlink(missing_ok=True)
                path.parent.rmdir()
                path.parent.parent.rmdir()

    def crowded(self) -> bool:
        """Whether less than what pictures must leave free is left on their disk."""
        try:
            disk = shutil.disk_usage(self._folder)
        except FileNotFoundError:
            return False
        return disk.free < min(_FREE_SHARE * disk.total, _FREE_BYTES)

    def _make(self, plain: Path, drawn: Path, frame: Frame, incident: Incident, geometry: Sequence[Point]) -> None:
        plain.parent.mkdir(parents=True, exist_ok=True)
        if self.crowded():
            raise JournalError(
                f"The snapshot {plain} is not saved: its disk is nearly full, and the rest is kept for the journal. "
                "Make room on it, or name a folder on another disk in alerts.snapshots."
            )
        encoded = self._encoded(frame)
        overlay = _jpeg(_overlaid(encoded.picture, incident, geometry))
        self._noted({self._uri(plain): 0 if encoded.path else len(encoded.jpeg), self._uri(drawn): len(overlay)})
        if encoded.path is None or not _linked(encoded.path, plain):
            _write(plain, encoded.jpeg)
        encoded.path = plain
        _write(drawn, overlay)

    def _encoded(self, frame: Frame) -> _Encoded:
        """Of the last frame, it is there already."""
        if self._last is None or self._last.frame is not frame:
            picture = np.ascontiguousarray(frame.rgb(size=frame.true_size)[:, :, ::-1])
            self._last = _Encoded(frame, picture, _jpeg(picture))
        return self._last

    def _evidence(self, kind: str, path: Path) -> Evidence:
        return Evidence(kind, self._uri(path), hashlib.sha256(path.read_bytes()).hexdigest())

    def _uri(self, path: Path) -> str:
        return quote(path.relative_to(self._folder.parent).as_posix())

    def _stem(self, incident: Incident) -> Path:
        at = incident.at.wall
        day = UNDATED if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()
        return (
            self._folder / day / quote(incident.camera, safe="") / f"{quote(incident.id, safe='')}.{incident.revision}"
        )


@dataclass(slots=True)
class _Encoded:
    """One frame as a picture (blue, green, red), as JPEG, and where that was last written."""

    frame: Frame
    picture: Pixels
    jpeg: bytes
    path: Path | None = None


def _linked(path: Path, name: Path) -> bool:
    """One file under two names, where the disk can do that."""
    try:
        os.link(path, name)
    except FileExistsError:
        return True
    except OSError:
        return False
    return True


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


def overlay(frame: Frame, incident: Incident, geometry: Sequence[Point]) -> bytes:
    """The picture with box, path and geometry, as JPEG."""
    picture = np.ascontiguousarray(frame.rgb(size=frame.true_size)[:, :, ::-1])
    return _jpeg(_overlaid(picture, incident, geometry))


def _jpeg(picture: Pixels) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _overlaid(picture: Pixels, incident: Incident, geometry: Sequence[Point]) -> Pixels:
    drawn = _smaller(picture)
    x1, y1, x2, y2 = incident.box
    _stroke(drawn, geometry, _GEOMETRY, closed=incident.zone is not None)
    _stroke(drawn, [(x, y) for _, x, y in incident.path], _PATH)
    _stroke(drawn, [(x1, y1), (x2, y1), (x2, y2), (x1, y2)], _BOX, closed=True)
    _stroke(drawn, [incident.anchor, incident.anchor], _PATH, times=4)
    _caption(drawn, _words(incident))
    return drawn


def _smaller(picture: Pixels) -> Pixels:
    """A copy, not taller than a drawing is."""
    h, w = picture.shape[:2]
    if h <= _DRAWN_HEIGHT:
        return picture.copy()
    return np.asarray(cv2.resize(picture, (round(w * _DRAWN_HEIGHT / h), _DRAWN_HEIGHT), interpolation=cv2.INTER_AREA))


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
