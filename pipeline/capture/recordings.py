"""Recordings: a file, or a folder of them in the order of time, as one stream.

Media time starts at 0 with the first picture and goes on from file to file; where names or containers tell when the
recordings were made, the gaps between them are kept.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

import av.error
from av.container import InputContainer

from pipeline.capture.ailing import is_cut, is_short, promised_s
from pipeline.capture.container import open_video
from pipeline.capture.dating import NAME_ERROR_S, Recording, start_of_container, start_of_name
from pipeline.capture.faults import source_error
from pipeline.capture.folder import told, videos_in
from pipeline.capture.gop import Came
from pipeline.capture.tape import AHEAD, Doubts, Stamp, Tape
from pipeline.capture.timeline import Placed
from pipeline.config import Camera
from pipeline.errors import SourceError, SourceFault
from pipeline.types import WallFrom
from pipeline.videos import open_container, playing

log = logging.getLogger(__name__)

_USUAL_INTERVAL_S = 0.04
_OVERLAP_S = 3.0
"""Names tell whole seconds, and recorders begin a file with what they had kept of the time just before."""
_WITHOUT_TIMES = {"avi"}
"""Containers that say when to decode a picture, not when to show it; libav makes that up."""


def without_times(container: InputContainer) -> bool:
    """Whether the container has no times for showing."""
    return container.format.name in _WITHOUT_TIMES


def _recording(path: Path, zone: tzinfo) -> Recording:
    if (named := start_of_name(path, zone)) is not None:
        return named
    try:
        with open_container(f"file:{path}") as container:
            return start_of_container(container, path) or Recording(path)
    except (av.error.FFmpegError, ValueError):
        return Recording(path)


def _natural(path: Path) -> list[tuple[int, str]]:
    """`clip2` before `clip10`."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", str(path)) if part]


def recordings_at(path: Path, zone: tzinfo = UTC) -> list[Recording]:
    """The file itself, or the videos of a folder and its folders in the order of time; those without come last."""
    return _in_order(videos_in(path)[0] if path.is_dir() else [path], zone)


def _in_order(files: list[Path], zone: tzinfo) -> list[Recording]:
    found = _once([_recording(file, zone) for file in files])
    return sorted(found, key=lambda r: (r.start is None, r.start or 0.0, _natural(r.path)))


def _once(found: list[Recording]) -> list[Recording]:
    """A file that has several names is one recording, unless the names say that they are of different times."""
    kept: dict[tuple[str, float | None], Recording] = {}
    for one in found:
        kept.setdefault((os.path.realpath(one.path), one.start if one.told_by == "name" else None), one)
    return list(kept.values())


class Recordings:
    """The recordings of one camera, one container after the other. `ahead` pictures to come help to place one."""

    ahead = AHEAD
    recorded = True
    spares = False

    def __init__(
        self, camera: Camera, zone: tzinfo = UTC, start: float | None = None, warn: Callable[..., None] = log.warning
    ) -> None:
        self._camera = camera
        self._log = warn
        self._start = start
        self._all = _in_order(self._files(camera.url.path), zone)
        self._ahead = self._all[::-1]
        self._playing: _Playing | None = None
        self._before = Doubts()
        self._base: float | None = None  # wall time of media 0, once a recording tells it
        self._end = 0.0  # media time at which the next recording may begin
        self._failure: SourceError | None = None
        self._fruitful = False  # this pass had a picture

    @property
    def told_by(self) -> WallFrom | None:
        """Who tells the wall time of what is being played."""
        return self._playing.recording.told_by if self._playing else None

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
                tape = Tape(in_order=without_times(container))
                recording = self._dated(recording)
                video = playing(container)
                promised = None if video is None else promised_s(container, video)
                self._playing = _Playing(recording, self._begin(recording), tape, promised)
                return container
        return None

    def broke(self, error: av.error.FFmpegError) -> None:
        """The rest of this recording cannot be read."""
        one = self._playing
        if one is not None and one.tape.pictures:
            where = f"{one.recording.path} after {one.tape.position:.1f} s"
            self._log("camera %s: %s: %s. Its rest is left out.", self._camera.name, where, error.strerror)

    def wind(self, zero: float, last: float, interval: float, pictures: int) -> tuple[Recording, float]:
        """This one has been read without showing its pictures, from the first stamp to the last; where it begins."""
        one = self._playing
        if one is None:
            raise ValueError("no recording plays")
        one.tape.wind(zero, last, interval, pictures)
        return one.recording, one.begin

    def came(self, _packet: object) -> Came:
        """When a packet was read, which is of no interest."""
        return Came(0.0, 0.0)

    def place(self, stamp: Stamp, following: Sequence[Stamp], _came: Came) -> tuple[Placed | None, float | None]:
        """Where a picture belongs; None if it repeats one. When it was read is of no interest."""
        return (self._playing.place(stamp, following) if self._playing else None), None

    @property
    def doubts(self) -> Doubts:
        """Of all recordings so far."""
        now = self._playing.tape.doubts if self._playing else Doubts()
        return Doubts(*(getattr(self._before, name) + getattr(now, name) for name in ("repeated", "stray", "undated")))

    def packet_seen(self, packet: object, waited_s: float) -> None:
        """Packets of recordings carry nothing of interest."""

    def _files(self, path: Path) -> list[Path]:
        """What is to be played; a folder that somebody thinks is whole may not be, and that is said."""
        videos, others = videos_in(path) if path.is_dir() else ([path], [])
        if others:
            self._log("camera %s: %s: left out: %s", self._camera.name, path, told(others, path))
        return videos

    def _following(self) -> Recording | None:
        if not self._ahead:
            if not self._fruitful:
                raise self._failure or self._error(
                    SourceFault.NOT_FOUND, "there are no videos in it", "Check the path."
                )
            if self._camera.loop:
                self._ahead, self._base, self._fruitful = self._all[::-1], None, False
        return self._ahead.pop() if self._ahead else None

    def _dated(self, recording: Recording) -> Recording:
        """Who says when the first one began says it of those after it too, unless their names know better."""
        if self._start is None or (recording.told_by == "name" and self._base is not None):
            return recording
        return Recording(recording.path, self._start + self._end, NAME_ERROR_S, "argument")

    def _begin(self, recording: Recording) -> float:
        """Media time of its first picture: never before the last one's end, later where there is a known gap."""
        if recording.start is None:
            return self._end
        if self._base is None:
            self._base = recording.start - self._end
        begin = recording.start - self._base
        if (over := self._end - begin) > _OVERLAP_S:
            what = f"begins {over:.0f} s before the recording before it ends; it is played after that, in its own time"
            self._log("camera %s: %s: %s.", self._camera.name, recording.path, what)
        return max(self._end, begin)

    def _finish(self) -> None:
        self._before = self.doubts
        one, self._playing = self._playing, None
        if one is None:
            return
        if one.tape.pictures:
            self._fruitful = True
            self._end = one.begin + one.read_s
            self._warn(one)
        else:
            path = str(one.recording.path)
            self._leave_out(self._error(SourceFault.NOT_VIDEO, "there is no readable picture in it", "", path))

    def _warn(self, one: _Playing) -> None:
        doubts, where = one.tape.doubts, f"camera {self._camera.name}: {one.recording.path}"
        if is_short(one.read_s, one.promised_s) or is_cut(one.recording.path):
            of = f" of {one.promised_s:.1f}" if is_short(one.read_s, one.promised_s) else ""
            self._log("%s: it is cut off, or damaged in its end: %.1f%s s could be read.", where, one.read_s, of)
        if doubts.undated:
            rate = 1 / one.tape.interval if one.tape.interval else 0.0
            self._log("%s: %d pictures have no times; taken for %.4g a second.", where, doubts.undated, rate)
        if doubts.stray:
            self._log("%s: %d pictures have times that cannot be right, and follow the others.", where, doubts.stray)

    def _leave_out(self, error: SourceError) -> None:
        self._failure = error
        if len(self._all) > 1:
            self._log("%s The other recordings go on.", error)

    def _error(self, fault: SourceFault, what: str, hint: str, shown: str = "") -> SourceError:
        return source_error(self._camera, fault, "reading", what, hint, shown)


@dataclass(frozen=True, slots=True)
class _Playing:
    """One recording, and the media time at which it begins."""

    recording: Recording
    begin: float
    tape: Tape
    promised_s: float | None = None

    @property
    def read_s(self) -> float:
        """How long it was, up to the end of the last picture."""
        return self.tape.position + (self.tape.interval or _USUAL_INTERVAL_S)

    def place(self, stamp: Stamp, following: Sequence[Stamp]) -> Placed | None:
        position, start = self.tape.place(stamp, following), self.recording.start
        if position is None:
            return None
        return Placed(self.begin + position, None if start is None else start + position, self.recording.error)
