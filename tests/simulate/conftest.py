"""Clips for the camera tests, each made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media import make_clip


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder they lie in."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def plain(clips: Path) -> Path:
    """H.264, 20 pictures in half a second, a key frame every 10 pictures."""
    return make_clip(clips / "plain.mp4", fps=40, seconds=0.5)


@pytest.fixture(scope="session")
def reordered(clips: Path) -> Path:
    """H.264 with B-frames."""
    return make_clip(clips / "reordered.mp4", fps=40, seconds=0.5, bframes=3)


@pytest.fixture(scope="session")
def hevc(clips: Path) -> Path:
    """H.265, large enough for key frames of several packets."""
    return make_clip(clips / "hevc.mp4", codec="libx265", fps=40, seconds=0.5, size=(640, 480))


@pytest.fixture(scope="session")
def motion_jpeg(clips: Path) -> Path:
    """A codec that the simulator does not send."""
    return make_clip(clips / "mjpeg.avi", codec="mjpeg", fps=40, seconds=0.5)
