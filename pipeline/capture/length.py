"""How long a recording says it is; for progress bars, since what a file says of itself may be wrong."""

from __future__ import annotations

from pathlib import Path

import av
import av.error

from pipeline.capture.recordings import recordings_at
from pipeline.videos import open_container


def length_s(path: Path) -> float | None:
    """Seconds of a file or of all videos of a folder; None where one does not tell."""
    lengths = [_length(recording.path) for recording in recordings_at(path)]
    return sum(length for length in lengths if length) if all(lengths) else None


def _length(path: Path) -> float | None:
    try:
        with open_container(f"file:{path}") as container:
            return None if container.duration is None else container.duration / av.time_base
    except av.error.FFmpegError:
        return None
