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

PASSWORD = "p@ss/w#rd äß"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of small clips: plain, hevc, small (half the size), all 10 pictures a second, a key frame every 5."""
    folder = tmp_path_factory.mktemp("capture")
    make_clip(folder / "plain.mp4", seconds=3, gop=5)
    make_clip(folder / "small.mp4", seconds=2, gop=5, size=(160, 120))
    make_clip(folder / "hevc.mp4", codec="libx265", seconds=2, gop=5)
    make_clip(folder / "mjpeg.avi", codec="mjpeg", seconds=1)
    return folder


@pytest.fixture
def server(clips: Path) -> Iterator[RtspServer]:
    """Cameras /plain, /other, /hevc, /sizes (clip 1 is smaller) and /sound behind a password."""
    one = RtspServer(user="cam", password=PASSWORD)
    one.mount("plain", clips / "plain.mp4")
    one.mount("other", clips / "plain.mp4")
    one.mount("hevc", clips / "hevc.mp4")
    one.mount("sizes", clips / "plain.mp4", clips / "small.mp4")
    one.mount("sound")
    with one:
        yield one


def camera(url: Path | str, name: str = "gate", **keys: object) -> Camera:
    return Camera.model_validate({"name": name, "url": str(url), "analyse_fps": 60, **keys})


def opened(url: Path | str, **keys: object) -> Stream:
    return open_stream(camera(url, **keys), SystemClock(), Timeline())


def wait_for(what: Callable[[], object], within: float = 10.0) -> None:
    """Until `what()` is true; fails after `within` seconds."""
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
