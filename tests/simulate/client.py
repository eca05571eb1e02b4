"""A real RTSP client for tests: PyAV, which is FFmpeg."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import av

from tests.media import frame_number

STEP = 0.025
"""Seconds between the pictures of the clips in conftest.py."""


@dataclass(frozen=True)
class Seen:
    """One decoded picture: the number drawn into it, its time (s), its size, when it came (s, monotonic)."""

    number: int
    pts: float | None
    size: tuple[int, int]
    came: float


@contextmanager
def opened(url: str, transport: str = "tcp", timeout: float = 5.0) -> Iterator[av.container.InputContainer]:
    options = {"rtsp_transport": transport, "probesize": "32", "analyzeduration": "0", "reorder_queue_size": "0"}
    if transport == "udp":
        options["reorder_queue_size"] = "50"
    with av.open(url, options=options, timeout=(timeout, timeout)) as container:
        yield container


def pictures(url: str, transport: str = "tcp", timeout: float = 5.0) -> Iterator[Seen]:
    """Decoded pictures until the connection ends. `timeout` seconds without data raise av.FFmpegError."""
    with opened(url, transport, timeout) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            yield Seen(frame_number(luma), frame.time, (frame.width, frame.height), time.monotonic())


def watch(url: str, count: int, transport: str = "tcp", timeout: float = 5.0) -> list[Seen]:
    """The first `count` pictures, or fewer if the connection ends."""
    seen = []
    for picture in pictures(url, transport, timeout):
        seen.append(picture)
        if len(seen) == count:
            break
    return seen


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def steps(seen: list[Seen]) -> list[float]:
    """Times between pictures, in seconds; the first picture of a session has no time."""
    times = [picture.pts for picture in seen if picture.pts is not None]
    return [round(b - a, 4) for a, b in itertools.pairwise(times)]
