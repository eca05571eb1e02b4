"""What every reader of videos does alike: open them whatever their texts are written in, and find the one that plays.

Not here: what an error means (`capture/faults`), times (`capture/timeline`, `capture/tape`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

_NOT_PLAYED = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


# A file may be a playlist, and name others: on this machine, never on the network.
_LOCAL = "file,crypto,data"


def open_container(
    source: Any, protocols: str = _LOCAL, options: Mapping[str, str] | None = None, **how: Any
) -> InputContainer:
    """`av.open` for reading, over these protocols alone.

    Titles and other texts come in any encoding, and are never a reason not to open it.
    """
    options = {"protocol_whitelist": protocols, **(options or {})}
    return cast(InputContainer, av.open(source, "r", metadata_errors="replace", options=options, **how))


def playing(container: InputContainer) -> VideoStream | None:
    """The video stream that a player plays: none of the cover pictures and thumbnails, and one that can be decoded.

    Of several the one that the file names as its default, then the one with the largest pictures, then the first.
    """
    streams = [one for one in container.streams.video if not one.disposition & _NOT_PLAYED]
    # None is a codec that this build cannot decode, or that a short probe did not tell.
    known = [one for one in streams if getattr(one, "codec_context", None) is not None]
    return max(known, key=_prominence, default=None)


def _prominence(stream: VideoStream) -> tuple[bool, int, int]:
    default = bool(stream.disposition & Disposition.default)
    return default, (stream.width or 0) * (stream.height or 0), -stream.index
