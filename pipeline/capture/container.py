"""Opening a PyAV container for one thread and one video stream. Its errors leave as ours."""

from __future__ import annotations

import time
from typing import Any

import av.error
from av.container import InputContainer

from pipeline.capture.faults import opening_failed, source_error
from pipeline.config import Camera
from pipeline.errors import SourceFault
from pipeline.videos import open_container, playing


def open_video(camera: Camera, url: str, shown: str = "", **how: Any) -> InputContainer:
    """`url` with its password; `shown` is what messages call it. Raises SourceError."""
    began = time.monotonic()
    try:
        container = open_container(url, **how)
    except (av.error.FFmpegError, ValueError) as error:
        raise opening_failed(camera, error, time.monotonic() - began, shown) from None
    video = playing(container)
    if video is not None:
        # More threads would add frames of delay, and the cameras share the cores anyway.
        video.thread_type = "SLICE"
        video.codec_context.thread_count = 1
        return container
    container.close()
    hint = "Check the url, which may be that of the sound, and set the camera to H.264, H.265 or MJPEG."
    raise source_error(
        camera, SourceFault.NO_VIDEO, "opening", "there is no video in it that we can decode", hint, shown
    )
