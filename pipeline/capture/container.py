"""Opening a PyAV container for one thread and one video stream. Its errors leave as ours."""

from __future__ import annotations

import time
from typing import Any

import av
import av.error
from av.container import InputContainer

from pipeline.capture.faults import opening_failed, source_error
from pipeline.config import Camera
from pipeline.errors import SourceFault


def open_video(camera: Camera, url: str, shown: str = "", **how: Any) -> InputContainer:
    """`url` with its password; `shown` is what messages call it. Raises SourceError."""
    began = time.monotonic()
    try:
        container: InputContainer = av.open(url, **how)
    except (av.error.FFmpegError, ValueError) as error:
        raise opening_failed(camera, error, time.monotonic() - began, shown) from None
    if not container.streams.video:
        container.close()
        hint = "Check the url: it may be the camera's sound only."
        raise source_error(camera, SourceFault.NO_VIDEO, "opening", "there is no video in it", hint, shown)
    # More threads would add frames of delay, and the cameras share the cores anyway.
    video = container.streams.video[0]
    video.thread_type = "SLICE"
    video.codec_context.thread_count = 1
    return container
