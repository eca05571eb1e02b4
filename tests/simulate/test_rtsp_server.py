from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.errors import ServerError
from pipeline.simulate.server import RtspServer
from tests.media import frame_number
from tests.simulate.client import STEP, opened, pictures, steps, until, watch

TRANSPORTS = ["tcp", "udp"]
PASSWORD = "p@ss/w:rd?"


@pytest.fixture
def server() -> Iterator[RtspServer]:
    """Mount, then start; stopped afterwards."""
    server = RtspServer(user="cam", password=PASSWORD)
    yield server
    server.stop()


def url(server: RtspServer, path: str = "cam") -> str:
    return server.url(path, login=True)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("clip", ["plain", "reordered", "hevc"])
def test_pictures_arrive_whole_in_order_and_in_time(
    transport: str, clip: str, server: RtspServer, request: pytest.FixtureRequest
):
    server.mount("cam", request.getfixturevalue(clip), restart_on_play=True)
    server.start()
    seen = watch(url(server), 30, transport)
    assert [picture.number for picture in seen] == [i % 20 for i in range(30)]
    assert steps(seen) == [STEP] * 28
    assert 0.6 < seen[-1].came - seen[0].came < 1.4


def test_the_pictures_are_those_of_the_file(server: RtspServer, reordered: Path):
    server.mount("cam", reordered, restart_on_play=True)
    server.start()
    with opened(url(server)) as live, av.open(str(reordered)) as file:
        pairs = zip(live.decode(video=0), file.decode(video=0), strict=False)
        for ours, theirs in itertools.islice(pairs, 20):
            assert np.array_equal(ours.to_ndarray(format="yuv420p"), theirs.to_ndarray(format="yuv420p"))


def test_opencv_reads_it_too(server: RtspServer, plain: Path):
    server.mount("cam", plain, restart_on_play=True)
    server.start()
    capture = cv2.VideoCapture(url(server), cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 5000])
    try:
        numbers = [frame_number(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2GRAY)) for _ in range(25)]
    finally:
        capture.release()
    assert numbers == [i % 20 for i in range(25)]


def test_without_the_right_password_nobody_gets_in(server: RtspServer, plain: Path):
    mount = server.mount("cam", plain)
    server.start()
    for who in ("", "cam:wrong@", "other:p%40ss@"):
        with pytest.raises(av.error.HTTPUnauthorizedError):
            watch(server.url("cam").replace("//", f"//{who}"), 1)
    assert set(mount.answers) == {200, 401}
    assert mount.requests["SETUP"] == 0


def test_basic_login_works_too(plain: Path):
    server = RtspServer(user="cam", password=PASSWORD, basic=True)
    server.mount("cam", plain)
    with server:
        assert len(watch(url(server), 2)) == 2
        with pytest.raises(av.error.HTTPUnauthorizedError):
            watch(server.url("cam").replace("//", "//cam:wrong@"), 1)


def test_an_unknown_path_is_404(server: RtspServer, plain: Path):
    server.mount("cam", plain)
    server.start()
    with pytest.raises(av.error.HTTPNotFoundError):
        watch(url(server, "other"), 1)


def test_a_transport_that_is_not_allowed_is_refused(plain: Path):
    server = RtspServer(transports=("tcp",))
    server.mount("cam", plain)
    with server:
        assert len(watch(server.url("cam"), 2, "tcp")) == 2
        with pytest.raises(av.FFmpegError):
            watch(server.url("cam"), 2, "udp", timeout=1)


def test_names_with_spaces_and_letters_of_any_kind(plain: Path):
    server = RtspServer()
    server.mount("north hall/тор", plain)
    with server:
        assert "%20" in server.url("north hall/тор")
        assert len(watch(server.url("north hall/тор"), 2)) == 2


def test_a_client_that_comes_late_starts_at_a_key_frame(server: RtspServer, plain: Path):
    mount = server.mount("cam", plain)
    server.start()
    with opened(url(server)) as first:
        next(first.decode(video=0))
        until(lambda: len(mount.log) % 10 == 4)
        assert watch(url(server), 1)[0].number in (0, 10)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_plays_so_many_loops_and_says_goodbye(transport: str, server: RtspServer, reordered: Path):
    mount = server.mount("cam", reordered, restart_on_play=True, loops=2)
    server.start()
    started = time.monotonic()
    assert [picture.number for picture in pictures(url(server), transport)] == [*range(20), *range(20)]
    assert time.monotonic() - started < 3
    assert mount.finished.is_set()
    with pytest.raises(av.error.HTTPServerError):
        watch(url(server), 1)


def test_the_clock_begins_anew_only_when_nobody_watches(server: RtspServer, plain: Path):
    mount = server.mount("cam", plain, restart_on_play=True)
    server.start()
    with opened(url(server)) as first:
        next(first.decode(video=0))
        until(lambda: len(mount.log) > 5)
        assert watch(url(server), 1)[0].number == 10
    until(lambda: mount.watching == 0)
    assert watch(url(server), 1)[0].number == 0


def test_the_log_tells_when_each_picture_was_sent(server: RtspServer, reordered: Path):
    mount = server.mount("cam", reordered, restart_on_play=True)
    server.start()
    began = time.time()
    watch(url(server), 20)
    log = list(mount.log)[:20]
    assert sorted(sent.at for sent in log) == pytest.approx([i / 40 for i in range(20)])
    assert began < log[0].wall < log[-1].wall < time.time()
    assert log[-1].wall - log[0].wall == pytest.approx(19 * STEP, abs=0.2)


@pytest.mark.parametrize("skew", [0.0, 120.0])
def test_sender_reports_tell_the_cameras_clock(skew: float, server: RtspServer, plain: Path):
    mount = server.mount("cam", plain, restart_on_play=True)
    mount.faults.sr_skew = skew
    server.start()
    with opened(url(server)) as container:
        packets = itertools.islice(container.demux(video=0), 10)
        told = [packet.get_sidedata("prft") for packet in packets]
    wall = int.from_bytes(bytes(told[5])[:8], "little") / 1e6
    assert wall == pytest.approx(mount.log[5].wall + skew, abs=0.15)


def test_without_sender_reports_there_is_no_clock(server: RtspServer, plain: Path):
    server.mount("cam", plain, restart_on_play=True).faults.no_sr = True
    server.start()
    with opened(url(server)) as container:
        packets = list(itertools.islice(container.demux(video=0), 10))
    assert not any(packet.has_sidedata("prft") for packet in packets)


def test_stopped_and_started_again_it_serves_on_the_same_port(server: RtspServer, plain: Path):
    server.mount("cam", plain)
    server.start()
    address = url(server)
    reader = pictures(address)
    next(reader)
    server.stop()
    assert len(list(reader)) < 20
    with pytest.raises(av.error.ConnectionRefusedError):
        watch(address, 1)
    server.start()
    assert len(watch(address, 5)) == 5


def test_a_taken_port_is_said(server: RtspServer, plain: Path):
    server.start()
    with pytest.raises(ServerError, match=rf"port {server.port} of 127\.0\.0\.1: something else listens there"):
        RtspServer(port=server.port).start()


def test_a_foreign_address_is_said():
    with pytest.raises(ServerError, match=r"port 0 of 192\.0\.2\.1: this machine has no such address"):
        RtspServer("192.0.2.1").start()


def test_clips_of_one_camera_have_one_codec(server: RtspServer, plain: Path, hevc: Path):
    with pytest.raises(ServerError, match="must have the same codec"):
        server.mount("cam", plain, hevc)


def test_two_cameras_of_one_name_are_refused(server: RtspServer, plain: Path):
    server.mount("cam", plain)
    with pytest.raises(ServerError, match="two cameras /cam"):
        server.mount("/cam", plain)


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"nonsense\r\n\r\n", b"\xff\xfe\r\n\r\n"])
def test_what_is_not_rtsp_is_answered_and_closed(words: bytes, server: RtspServer, plain: Path):
    server.mount("cam", plain)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(words)
        assert connection.makefile("rb").read().startswith(b"RTSP/1.0 400 Bad Request\r\n")
    assert len(watch(url(server), 1)) == 1
