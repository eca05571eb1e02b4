"""Recordings: a file, or a folder of them in the order of time, as one stream.

Media time starts at 0 with the first picture and goes on from file to file; where names or containers tell when the
recordings were made, the gaps between them are kept.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from pipeline.capture.container import open_video
from pipeline.capture.faults import source_error
from pipeline.capture.timeline import REPEAT_S, Placed
from pipeline.config import Camera
from pipeline.errors import SourceError, SourceFault

log = logging.getLogger(__name__)

_SUFFIX = re.compile(
    r"\.(mp4|mkv|avi|mov|m4v|m?ts|m2ts|webm|mpe?g|flv|wmv|dav|h?264|h?265|hevc|mjpe?g|3gp)", re.IGNORECASE
)
_NAME_ERROR_S = 1.0
"""Names tell whole seconds."""
_CONTAINER_ERROR_S = 5.0
"""Containers tell when the file was begun, which may be a while before or after the first picture."""
_USUAL_INTERVAL_S = 0.04
_DATE = re.compile(r"(?<!\d)(20\d\d)\D?(\d\d)\D?(\d\d)\D{0,2}(\d\d)\D?(\d\d)\D?(\d\d)(?:[.,](\d{1,6}))?(?!\d)(Z?)")
_UNIX = re.compile(r"(?<!\d)(1\d{9})(?:[._-]?(\d{3}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Recording:
    """A file and, where known, the wall time of its first picture, give or take `error` seconds."""

    path: Path
    start: float | None = None
    error: float | None = None


def start_from_name(path: Path, zone: tzinfo = UTC) -> float | None:
    """Unix seconds told by a name such as `2026-11-23_08-15-00`, `20261123T081500Z` or `1764576900`, in `zone`.

    Folders may tell the day (`2026-11-23/08-15-00.mp4`), but only where the file's own name does not.
    """
    folders = "/".join(path.parts[-4:-1]) + "/"
    for text, own in ((path.stem, 0), (folders + path.stem, len(folders))):
        for match in _DATE.finditer(text):
            start = _date(match, zone)
            if start is not None and match.end(6) > own:
                return start
    unix = _UNIX.search(path.stem)
    return int(unix[1]) + int(unix[2] or 0) / 1000 if unix else None


def _date(match: re.Match[str], zone: tzinfo) -> float | None:
    *parts, fraction, utc = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, parts)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC if utc else zone)
    except ValueError:
        return None
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


def _start_from_container(path: Path) -> float | None:
    try:
        with av.open(f"file:{path}") as container:
            told = container.metadata.get("creation_time", "")
        moment = datetime.fromisoformat(told)
    except (av.error.FFmpegError, ValueError):
        return None
    # Devices without a clock write 1904 or 1970.
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() if moment.year >= 2000 else None


def _recording(path: Path, zone: tzinfo) -> Recording:
    if (start := start_from_name(path, zone)) is not None:
        return Recording(path, start, _NAME_ERROR_S)
    if (start := _start_from_container(path)) is not None:
        return Recording(path, start, _CONTAINER_ERROR_S)
    return Recording(path)


def _natural(path: Path) -> list[tuple[int, str]]:
    """`clip2` before `clip10`."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", str(path)) if part]


def recordings_at(path: Path, zone: tzinfo = UTC) -> list[Recording]:
    """The file itself, or the videos of a folder and its folders in the order of time; those without come last."""
    if not path.is_dir():
        return [_recording(path, zone)]
    files = [p for p in path.rglob("*") if _SUFFIX.fullmatch(p.suffix) and p.is_file() and not p.name.startswith(".")]
    found = [_recording(file, zone) for file in files]
    return sorted(found, key=lambda r: (r.start is None, r.start or 0.0, _natural(r.path)))


class Recordings:
    """The recordings of one camera, one container after the other."""

    def __init__(self, camera: Camera, zone: tzinfo = UTC) -> None:
        self._camera = camera
        self._all = recordings_at(camera.url.path, zone)
        self._ahead = self._all[::-1]
        self._tape: _Tape | None = None
        self._base: float | None = None  # wall time of media 0, once a recording tells it
        self._end = 0.0  # media time at which the next recording may begin
        self._failure: SourceError | None = None
        self._fruitful = False  # this pass had a picture

    def next(self) -> InputContainer | None:
        """The next recording that opens, None after the last; those that do not are left out, with a warning.

        Raises SourceError if none has a picture.
        """
        self._finish()
        while (recording := self._following()) is not None:
            try:
                container = open_video(self._camera, f"file:{recording.path}", str(recording.path))
            except SourceError as error:
                self._leave_out(error)
            else:
                self._tape = _Tape(recording, self._begin(recording))
                return container
        return None

    def broke(self, error: av.error.FFmpegError) -> None:
        """The rest of this recording cannot be read."""
        tape = self._tape
        if tape is not None and tape.pictures:
            where = f"{tape.recording.path} after {tape.position:.1f} s"
            log.warning("camera %s: %s: %s. Its rest is left out.", self._camera.name, where, error.strerror)

    def place(self, pts: float | None) -> tuple[Placed | None, float | None]:
        """Where a picture belongs; None if it repeats one. When it was read is of no interest."""
        return (self._tape.place(pts) if self._tape else None), None

    def packet_seen(self, packet: object, waited_s: float) -> None:
        """Packets of recordings carry nothing of interest."""

    def _following(self) -> Recording | None:
        if not self._ahead:
            if not self._fruitful:
                raise self._failure or self._error(
                    SourceFault.NOT_FOUND, "there are no videos in it", "Check the path."
                )
            if self._camera.loop:
                self._ahead, self._base, self._fruitful = self._all[::-1], None, False
        return self._ahead.pop() if self._ahead else None

    def _begin(self, recording: Recording) -> float:
        """Media time of its first picture: never before the last one's end, later where there is a known gap."""
        if recording.start is None:
            return self._end
        if self._base is None:
            self._base = recording.start - self._end
        return max(self._end, recording.start - self._base)

    def _finish(self) -> None:
        tape, self._tape = self._tape, None
        if tape is None:
            return
        if tape.pictures:
            self._fruitful = True
            self._end = tape.begin + tape.position + tape.interval
        else:
            path = str(tape.recording.path)
            self._leave_out(self._error(SourceFault.NOT_VIDEO, "there is no readable picture in it", "", path))

    def _leave_out(self, error: SourceError) -> None:
        self._failure = error
        if len(self._all) > 1:
            log.warning("%s The other recordings go on.", error)

    def _error(self, fault: SourceFault, what: str, hint: str, shown: str = "") -> SourceError:
        return source_error(self._camera, fault, "reading", what, hint, shown)


class _Tape:
    """One recording being played: PTS to media time, which begins at `begin` with the first picture."""

    def __init__(self, recording: Recording, begin: float) -> None:
        self.recording = recording
        self.begin = begin
        self.pictures = 0
        self.position = 0.0  # seconds from the first picture to the newest
        self.interval = _USUAL_INTERVAL_S
        self._zero: float | None = None  # PTS of the first picture

    def place(self, pts: float | None) -> Placed | None:
        """None for a repeat. A recording may skip time; where it jumps back, it goes on as if it had not."""
        position = self._position(pts)
        if self.pictures:
            if self.position - REPEAT_S < position <= self.position:
                return None
            if position <= self.position:
                self._zero, position = None, self.position + self.interval
            self.interval = position - self.position
        if self._zero is None and pts is not None:
            self._zero = pts - position
        self.position = position
        self.pictures += 1
        start = self.recording.start
        return Placed(self.begin + position, None if start is None else start + position, self.recording.error)

    def _position(self, pts: float | None) -> float:
        if pts is not None and self._zero is not None:
            return pts - self._zero
        return self.position + self.interval if self.pictures else 0.0
