"""Each fault, as a real client sees it."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.simulate.mount import Mount
from pipeline.simulate.server import RtspServer
from tests.media import make_clip
from tests.simulate.client import STEP, opened, pictures, steps, until, watch

TRANSPORTS = ["tcp", "udp"]


@pytest.fixture
def server() -> Iterator[RtspServer]:
    server = RtspServer()
    yield server
    server.stop()


@pytest.fixture
def mount(server: RtspServer, plain: Path) -> Mount:
    """A camera that runs already."""
    mount = server.mount("cam", plain)
    server.start()
    return mount


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_frozen_it_sends_nothing_and_keeps_the_connection(transport: str, server: RtspServer, mount: Mount):
    reader = pictures(server.url("cam"), transport, timeout=0.3)
    next(reader)
    mount.faults.freeze = True
    with pytest.raises(av.FFmpegError):
        list(reader)
    mount.faults.freeze = False
    assert len(watch(server.url("cam"), 3, transport)) == 3


def test_hanging_it_takes_connections_and_says_nothing(server: RtspServer, mount: Mount):
    mount.faults.hang = True
    started = time.monotonic()
    with pytest.raises(av.FFmpegError):
        watch(server.url("cam"), 1, timeout=0.3)
    assert time.monotonic() - started >= 0.3
    assert mount.requests["OPTIONS"] == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, av.error.HTTPUnauthorizedError),
        (403, av.error.HTTPForbiddenError),
        (404, av.error.HTTPNotFoundError),
        (453, av.error.HTTPOtherClientError),
        (503, av.error.HTTPServerError),
    ],
)
def test_refusing_it_answers_with_the_status(status: int, error: type[Exception], server: RtspServer, mount: Mount):
    mount.faults.refuse = status
    with pytest.raises(error):
        watch(server.url("cam"), 1)
    mount.faults.refuse = 0
    assert len(watch(server.url("cam"), 1)) == 1


def test_lost_packets_lose_pictures(server: RtspServer, hevc: Path):
    server.mount("cam", hevc).faults.drop = 0.2
    server.start()
    assert any(step > 1.2 * STEP for step in steps(watch(server.url("cam"), 25, "udp")))


def test_corrupt_packets_spoil_pictures(server: RtspServer, mount: Mount, plain: Path):
    mount.faults.corrupt = 0.3
    with av.open(str(plain)) as file:
        sound = [frame.to_ndarray() for frame in file.decode(video=0)]
    spoilt = 0
    with opened(server.url("cam")) as container:
        for packet in itertools.islice(container.demux(video=0), 40):
            try:
                pictures = [frame.to_ndarray() for frame in packet.decode()]
            except av.error.InvalidDataError:
                spoilt += 1
            else:
                spoilt += sum(not any(np.array_equal(picture, other) for other in sound) for picture in pictures)
    assert spoilt > 0


def test_doubled_packets_are_pictures_of_the_same_time(server: RtspServer, mount: Mount):
    mount.faults.dup = 1.0
    assert set(steps(watch(server.url("cam"), 20))) == {0.0, STEP}


def test_packets_out_of_order_are_sorted_over_udp(server: RtspServer, hevc: Path):
    server.mount("cam", hevc).faults.swap = 0.3
    server.start()
    seen = watch(server.url("cam"), 30, "udp")
    assert set(steps(seen)) == {STEP}


def test_times_jump(server: RtspServer, mount: Mount):
    reader = pictures(server.url("cam"))
    seen = [next(reader) for _ in range(5)]
    mount.faults.jump = 60.0
    seen += [next(reader) for _ in range(15)]
    assert [step for step in steps(seen) if step != STEP] == [60 + STEP]


def test_times_drift(server: RtspServer, mount: Mount):
    mount.faults.rate = 1.2
    assert set(steps(watch(server.url("cam"), 20))) == {0.03}


def test_what_is_held_back_comes_at_once_and_whole(server: RtspServer, mount: Mount):
    reader = pictures(server.url("cam"))
    seen = [next(reader) for _ in range(3)]
    mount.faults.hold = True
    threading.Timer(0.5, lambda: setattr(mount.faults, "hold", False)).start()
    seen += [next(reader) for _ in range(30)]
    assert set(steps(seen)) == {STEP}
    gaps = [b.came - a.came for a, b in itertools.pairwise(seen)]
    assert max(gaps) > 0.3
    late = gaps.index(max(gaps))
    assert seen[late + 8].came - seen[late + 1].came < 0.1


def test_packets_trickle(server: RtspServer, mount: Mount):
    mount.faults.trickle = 0.1
    seen = watch(server.url("cam"), 4)
    assert seen[-1].came - seen[0].came > 0.25


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_garbage_is_survived(transport: str, server: RtspServer, mount: Mount):
    reader = pictures(server.url("cam"), transport, timeout=0.4)
    next(reader)
    mount.faults.garbage = 3000
    sent = len(mount.log)
    until(lambda: mount.watching == 0 or len(mount.log) == sent)
    mount.faults.garbage = 0
    with contextlib.suppress(av.FFmpegError):
        list(itertools.islice(reader, 30))
    assert len(watch(server.url("cam"), 3, transport)) == 3


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_size_changes_at_a_key_frame_and_no_picture_is_lost(transport: str, server: RtspServer, clips: Path):
    sizes = (320, 240), (160, 120)
    files = [make_clip(clips / f"{w}.mp4", size=(w, h), fps=40, seconds=0.5) for w, h in sizes]
    mount = server.mount("cam", *files, restart_on_play=True)
    server.start()
    reader = pictures(server.url("cam"), transport)
    seen = [next(reader) for _ in range(3)]
    mount.faults.clip = 1
    seen += [next(reader) for _ in range(27)]
    assert [picture.number for picture in seen] == [i % 20 for i in range(30)]
    assert [picture.size for picture in seen] == [sizes[0]] * 10 + [sizes[1]] * 20
    assert steps(seen) == [STEP] * 28


def test_a_client_may_join_in_the_middle_of_a_group_of_pictures(server: RtspServer, clips: Path):
    mount = server.mount("cam", make_clip(clips / "long.mp4", fps=40, seconds=5, gop=200), restart_on_play=True)
    mount.faults.mid = True
    server.start()
    with opened(server.url("cam")) as first, opened(server.url("cam")) as second:
        next(first.decode(video=0))
        packet = next(packet for packet in second.demux(video=0) if packet.size)
    assert not packet.is_keyframe


def test_a_mount_without_a_video_has_no_video(server: RtspServer):
    server.mount("radio")
    server.start()
    with opened(server.url("radio")) as container:
        assert not container.streams.video
        assert [stream.codec_context.name for stream in container.streams.audio] == ["pcm_mulaw"]
        assert next(container.demux()).size == 160


@pytest.mark.parametrize("abort", [True, False])
def test_kicked_a_client_sees_the_end_and_may_come_again(abort: bool, server: RtspServer, mount: Mount):
    reader = pictures(server.url("cam"))
    next(reader)
    server.kick("cam", abort=abort)
    assert len(list(reader)) < 20
    assert len(watch(server.url("cam"), 1)) == 1
    assert mount.requests["PLAY"] == 2


def test_one_cameras_fault_leaves_the_others_alone(server: RtspServer, plain: Path):
    bad, _ = server.mount("bad", plain), server.mount("good", plain)
    server.start()
    reader = pictures(server.url("good"))
    next(reader)
    bad.faults.hang = True
    with pytest.raises(av.FFmpegError):
        watch(server.url("bad"), 1, timeout=0.3)
    server.kick("bad")
    assert set(steps([next(reader) for _ in range(20)])) == {STEP}
