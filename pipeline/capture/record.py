"""The first seconds of a camera as a file: its packets as they come, nothing decoded. For measuring what it costs."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

import av
import av.error
from av.container import InputContainer, OutputContainer

from pipeline.capture.faults import source_error
from pipeline.capture.live import Live
from pipeline.capture.timeline import Timeline
from pipeline.clock import Clock
from pipeline.config import Camera
from pipeline.errors import SourceFault
from pipeline.videos import playing


def record(camera: Camera, path: Path, seconds: float, clock: Clock, zone: tzinfo) -> None:
    """From its first key frame on, `seconds` of it as Matroska. Raises SourceError."""
    source = Live(camera, clock, Timeline(), zone)
    container = source.next()
    if container is None:
        raise source_error(camera, SourceFault.NO_VIDEO, "recording", "there is nothing to record", "")
    try:
        with container, av.open(str(path), "w", format="matroska") as into:
            _copied(container, into, clock.monotonic() + seconds, clock)
    except av.error.FFmpegError as error:
        source.broke(error)


def _copied(container: InputContainer, into: OutputContainer, until: float, clock: Clock) -> None:
    video = playing(container)
    if video is None:
        return
    stream, begun = into.add_stream_from_template(video), False
    for packet in container.demux(video):
        if packet.pts is None or packet.dts is None:
            continue
        begun = begun or packet.is_keyframe
        if begun:
            packet.stream = stream
            into.mux(packet)
        if clock.monotonic() > until:
            break
