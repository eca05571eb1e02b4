"""The same files from our server and from GStreamer's: a client must not see a difference."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.simulate.server import RtspServer
from tests.gst import gst_server
from tests.media import frame_number
from tests.simulate.client import opened, watch

PASSWORD = "s3cret"


@pytest.fixture(scope="module")
def theirs(plain: Path, reordered: Path, hevc: Path, motion_jpeg: Path) -> Iterator[str]:
    """Where GStreamer serves."""
    cameras = {"plain": plain, "reordered": reordered, "hevc": hevc, "jpeg": motion_jpeg}
    with gst_server(cameras, "cam", PASSWORD) as port:
        yield f"rtsp://cam:{PASSWORD}@127.0.0.1:{port}"


@pytest.fixture(scope="module")
def ours(plain: Path, reordered: Path, hevc: Path) -> Iterator[str]:
    """Where we serve."""
    server = RtspServer(user="cam", password=PASSWORD)
    for name, path in {"plain": plain, "reordered": reordered, "hevc": hevc}.items():
        server.mount(name, path)
    with server:
        yield server.url("", login=True).rstrip("/")


def one_loop(url: str, transport: str) -> dict[int, NDArray[np.uint8]]:
    """The pictures by their number, as many as one loop has."""
    with opened(url, transport) as container:
        frames = [frame.to_ndarray(format="yuv420p") for frame in itertools.islice(container.decode(video=0), 20)]
    return {frame_number(frame[: frame.shape[0] * 2 // 3]): frame for frame in frames}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("name", ["plain", "reordered", "hevc"])
def test_both_servers_give_the_same_pictures(name: str, transport: str, ours: str, theirs: str):
    here, there = (one_loop(f"{where}/{name}", transport) for where in (ours, theirs))
    assert sorted(here) == sorted(there) == list(range(20))
    assert all(np.array_equal(here[number], there[number]) for number in here)


def test_gstreamer_refuses_a_wrong_password(theirs: str):
    with pytest.raises(av.error.HTTPUnauthorizedError):
        watch(theirs.replace(PASSWORD, "wrong") + "/plain", 1)


def test_gstreamer_serves_motion_jpeg(theirs: str):
    assert len(watch(f"{theirs}/jpeg", 25)) == 25
