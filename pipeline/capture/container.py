"""Opening a PyAV container for one thread and one video stream. Its errors leave as ours."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av.error
from av.container import InputContainer

from pipeline.capture.ailing import without_video
from pipeline.capture.faults import opening_failed, source_error
from pipeline.config import Camera
from pipeline.errors import SourceError, SourceFault
from pipeline.videos import open_container, playing


def open_video(
    camera: Camera, url: str, shown: str = "", options: Mapping[str, str] | None = None, **how: Any
) -> InputContainer:
    """`url` with its password; `shown` is what messages call it. Raises SourceError."""
    began, limit = time.monotonic(), {"max_pixels": str(camera.max_pixels)}
    try:
        container = open_container(url, options={**limit, **(options or {})}, **how)
    except (av.error.FFmpegError, ValueError) as error:
        raise opening_failed(camera, error, time.monotonic() - began, shown) from None
    video = playing(container)
    if video is not None:
        if too_large(camera, video.width, video.height):
            container.close()
            raise larger(camera, "opening", video.width, video.height, shown)
        video.codec_context.options = limit
        # More threads would add frames of delay, and the cameras share the cores anyway.
        video.thread_type = "SLICE"
        video.codec_context.thread_count = 1
        return container
    what, hint = without_video(container, Path(shown) if camera.url.kind in ("file", "folder") else None)
    container.close()
    raise source_error(camera, SourceFault.NO_VIDEO, "opening", what, hint, shown)


def too_large(camera: Camera, width: int, height: int) -> bool:
    """Whether pictures of that size are refused."""
    return width * height > camera.max_pixels


def larger(camera: Camera, doing: str, width: int, height: int, shown: str = "") -> SourceError:
    """What is said of them."""
    what = f"its pictures have {width}x{height} pixels, more than max_pixels ({camera.max_pixels:,}) allows"
    hint = "Choose a smaller stream of the camera, or raise max_pixels."
    return source_error(camera, SourceFault.CONFIG, doing, what, hint, shown)


def jpeg_size(picture: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG says it has, from its start-of-frame marker (ITU-T T.81, B.2.2); None if none."""
    at = 2
    while at + 9 < len(picture) and picture[at] == 0xFF:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(picture[at + n : at + n + 2]) for n in (5, 7))
            return width, height
        at += 2 + length
    return None
