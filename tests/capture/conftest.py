"""Clips, cameras and simulated cameras for the tests of capture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.capture.decode import Stream, open_stream
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Camera
from pipeline.simulate.server import RtspServer
from tests.media import make_clip

STEP = 1 / 25
"""Seconds between the pictures of the simulated cameras."""
PASSWORD = "p@ss/w#rd äß"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of small clips: of 10 pictures a second, and of 25 for the simulated cameras."""
    folder = tmp_path_factory.mktemp("capture")
    make_clip(folder / "plain.mp4", seconds=3, gop=5)
    make_clip(folder / "small.mp4", seconds=2, gop=5, size=(160, 120))
    make_clip(folder / "hevc.mp4", codec="libx265", seconds=2, gop=5)
    for name, keys in {"live": {}, "live_hevc": {"codec": "libx265"}, "live_small": {"size": (160, 120)}}.items():
        make_clip(folder / f"{name}.mp4", fps=25, seconds=3, gop=10, **keys)
    make_clip(folder / "mjpeg.avi", codec="mjpeg", seconds=1)
    return folder


@pytest.fixture
def server(clips: Path) -> Iterator[RtspServer]:
    """Cameras /plain, /other, /hevc, /sizes (clip 1 is smaller) and /sound behind a password."""
    one = RtspServer(user="cam", password=PASSWORD)
    one.mount("plain", clips / "live.mp4")
    one.mount("other", clips / "live.mp4")
    one.mount("hevc", clips / "live_hevc.mp4")
    one.mount("sizes", clips / "live.mp4", clips / "live_small.mp4")
    one.mount("sound")
    with one:
        yield one


def camera(url: Path | str, name: str = "gate", **keys: object) -> Camera:
    return Camera.model_validate({"name": name, "url": str(url), "analyse_fps": 60, **keys})


def opened(url: Path | str, start: float | None = None, **keys: object) -> Stream:
    return open_stream(camera(url, **keys), SystemClock(), Timeline(), start=start)


def wait_for(what: Callable[[], object], within: float = 10.0) -> None:
    """Until `what()` is true; fails after `within` seconds."""
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
