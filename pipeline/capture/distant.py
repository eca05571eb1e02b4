"""A recording on a web server: a camera's url that answers with a file, which ends.

It is played once, without loss, and ends as a file does; what its stamps mean is judged as a file's. Not here: files
and folders of this machine (`recordings`), cameras over HTTP (`live`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from urllib.parse import unquote, urlsplit

from av.container import InputContainer

from pipeline.capture.dating import Recording, start_of_container, start_of_name
from pipeline.capture.recordings import without_times
from pipeline.capture.tape import Doubts, Stamp, Tape
from pipeline.capture.timeline import Placed, Timeline
from pipeline.types import WallFrom

# Cameras that must send a length, and have none, send the largest they can write.
_NO_LENGTH = 2**31 - 1
_ENDLESS = {"mpjpeg", "mpjpeg_raw"}


def is_recording(container: InputContainer) -> bool:
    """Whether an answer over HTTP has a length, and so an end."""
    return container.format.name not in _ENDLESS and 0 < container.size < _NO_LENGTH


class Distant:
    """Places the pictures of one. Media time goes on from `timeline`, and is taken along there."""

    def __init__(
        self, container: InputContainer, url: str, wall: float, timeline: Timeline, zone: tzinfo = UTC
    ) -> None:
        path = Path(unquote(urlsplit(url).path))
        self._recording = start_of_name(path, zone) or start_of_container(container, path) or Recording(path)
        self._tape = Tape(in_order=without_times(container))
        self._timeline = timeline
        self._begin = timeline.reach(wall)

    @property
    def told_by(self) -> WallFrom | None:
        """Who tells the wall time."""
        return self._recording.told_by

    @property
    def doubts(self) -> Doubts:
        """So far."""
        return self._tape.doubts

    def place(self, stamp: Stamp, following: Sequence[Stamp]) -> Placed | None:
        """Where a picture belongs; None if it repeats one."""
        position, start = self._tape.place(stamp, following), self._recording.start
        if position is None:
            return None
        media = self._timeline.reach(self._begin + position)
        return Placed(media, None if start is None else start + position, self._recording.error)
