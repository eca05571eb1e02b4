"""What every test of the whole system needs: a Redis, clips of a size that a busy machine plays in real time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.e2e import truth
from tests.redis_server import RedisServer

LOOP_S = 7.6
"""Length of the `warehouse` clip."""
_TICKS = 90000


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A real one, of this module's own."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def warehouse(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse at half its size, while somebody is there: every `LOOP_S` a walkway visit and a bay crossing."""
    source, into = footage / truth.FILES["warehouse"], tmp_path_factory.mktemp("clips") / "warehouse.mp4"
    return encoded(source, into, size=(960, 540), span=(2.4, 10.0))


def encoded(
    source: Path,
    into: Path,
    size: tuple[int, int] | None = None,
    codec: str = "libx264",
    span: tuple[float, float] = (0.0, 1e9),
) -> Path:
    """These seconds of `source` encoded anew, with a key frame each second."""
    with av.open(str(source)) as original, av.open(str(into), "w") as copy:
        video = original.streams.video[0]
        stream = copy.add_stream(codec, rate=video.average_rate)
        stream.width, stream.height = size or (video.width, video.height)
        stream.pix_fmt, stream.gop_size = "yuv420p", round(video.average_rate or 10)
        stream.time_base = Fraction(1, _TICKS)
        stream.options = {"preset": "ultrafast", "crf": "20", "bf": "0", "x265-params": "log-level=none:pools=1"}
        for picture in original.decode(video):
            if picture.time is not None and span[0] <= picture.time < span[1]:
                again = picture.reformat(stream.width, stream.height, "yuv420p")
                again.pts, again.time_base = round((picture.time - span[0]) * _TICKS), Fraction(1, _TICKS)
                again.pict_type = av.video.frame.PictureType.NONE
                copy.mux(stream.encode(again))
        copy.mux(stream.encode(None))
    return into
