"""One connection to a real RTSP server, whole and with faults."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline.capture.decode import Stream
from pipeline.errors import SourceError, SourceFault
from pipeline.frame import Frame
from pipeline.simulate.server import RtspServer
from tests.capture.conftest import PASSWORD, STEP, opened, wait_for
from tests.media import frame_number

QUICK = {"connect_s": 2, "stall_s": 2}


def frames(stream: Stream, count: int) -> list[Frame]:
    return list(islice(stream, count))


def refused(url: str, **keys: object) -> SourceError:
    """The error that opening and reading `url` ends with; it never shows the password, however written."""
    with pytest.raises(SourceError) as raised, opened(url, **{**QUICK, **keys}) as stream:
        frames(stream, 1000)
    text = f"{raised.value!r} {raised.value}"
    assert PASSWORD not in text
    assert quote(PASSWORD, safe="") not in text
    assert "s3cret" not in text
    assert "camera gate" in text
    return raised.value


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["plain", "hevc"])
def test_pictures_come_over_tcp_and_udp_after_logging_in(server: RtspServer, path: str, transport: str):
    with opened(server.url(path, login=True), transport=transport) as stream:
        got = frames(stream, 12)
    numbers = [frame_number(frame.luma) for frame in got]
    assert all((later - one) % 75 == 1 for one, later in pairwise(numbers))
    assert [later.pts - one.pts for one, later in pairwise(got)] == pytest.approx([STEP] * 11, abs=0.01)
    assert (stream.size, stream.codec) == ((320, 240), "hevc" if path == "hevc" else "h264")


def test_wall_time_is_when_the_camera_sent_the_picture(server: RtspServer):
    with opened(server.url("plain", login=True)) as stream:
        last = frames(stream, 15)[-1]
    number = frame_number(last.luma)
    sent = [one.wall for one in server.mounts["/plain"].log if round(one.at / STEP) == number]
    # libav hands a picture over when the next begins, one interval later.
    assert min(abs((last.at or 0) - wall - STEP) for wall in sent) < 0.1
    assert last.received == pytest.approx(time.time(), abs=2)


def test_a_wrong_password_says_which_camera_to_look_at(server: RtspServer):
    error = refused(server.url("plain").replace("://", "://cam:s3cret@"))
    assert error.fault is SourceFault.AUTH
    assert "Check user and password of camera gate" in str(error)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (401, SourceFault.AUTH),
        (403, SourceFault.AUTH),
        (404, SourceFault.NOT_FOUND),
        (453, SourceFault.BUSY),
        (503, SourceFault.BUSY),
    ],
)
def test_what_the_camera_answers_decides_the_fault(server: RtspServer, status: int, fault: SourceFault):
    server.mounts["/plain"].faults.refuse = status
    assert refused(server.url("plain", login=True)).fault is fault


def test_a_path_that_is_not_there_is_not_found(server: RtspServer):
    assert refused(server.url("nowhere", login=True)).fault is SourceFault.NOT_FOUND


def test_sound_without_pictures_is_no_video(server: RtspServer):
    assert refused(server.url("sound", login=True)).fault is SourceFault.NO_VIDEO


def test_a_port_where_nothing_listens_is_refused():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert refused(f"rtsp://cam:s3cret@127.0.0.1:{port}/cam").fault is SourceFault.REFUSED


def test_a_camera_that_hangs_while_opening_is_unreachable(server: RtspServer):
    server.mounts["/plain"].faults.hang = True
    began = time.monotonic()
    assert refused(server.url("plain", login=True)).fault is SourceFault.UNREACHABLE
    assert time.monotonic() - began < 2 * 2 + 3


@pytest.fixture
def babbling() -> Iterator[int]:
    """The port of a server that answers everything with nonsense."""

    def serve() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            with one:
                one.recv(1000)
                one.sendall(os.urandom(2000))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_of_nonsense_is_not_video_or_lost(babbling: int, scheme: str):
    fault = refused(f"{scheme}://cam:s3cret@127.0.0.1:{babbling}/cam?token=s3cret").fault
    assert fault in (SourceFault.NOT_VIDEO, SourceFault.LOST, SourceFault.UNREACHABLE)


def test_a_server_that_goes_away_is_a_lost_connection(server: RtspServer):
    with opened(server.url("plain", login=True)) as stream:
        frames(stream, 3)
        server.kick("/plain")
        with pytest.raises(SourceError) as raised:
            frames(stream, 1000)
    assert raised.value.fault in (SourceFault.LOST, SourceFault.STALLED)


def test_a_frozen_camera_is_noticed_within_the_deadline(server: RtspServer):
    with opened(server.url("plain", login=True), **QUICK) as stream:
        frames(stream, 3)
        server.mounts["/plain"].faults.freeze = True
        began = time.monotonic()
        with pytest.raises(SourceError) as raised:
            frames(stream, 1000)
    assert raised.value.fault is SourceFault.STALLED
    assert time.monotonic() - began < 2.5


def test_a_picture_may_change_its_size(server: RtspServer):
    with opened(server.url("sizes", login=True)) as stream:
        assert frames(stream, 3)[0].size == (320, 240)
        server.mounts["/sizes"].faults.clip = 1
        assert any(frame.size == (160, 120) for frame in frames(stream, 40))


@pytest.mark.parametrize("jump", [3600.0, -1800.0])
def test_a_jump_of_the_camera_s_clock_does_not_move_its_frames(server: RtspServer, jump: float):
    with opened(server.url("plain", login=True)) as stream:
        before = frames(stream, 8)
        server.mounts["/plain"].faults.jump = jump
        after = frames(stream, 25)
    steps = [later.pts - one.pts for one, later in pairwise([*before, *after])]
    assert min(steps) > 0
    assert sum(steps) == pytest.approx(32 * STEP, abs=0.3)
    assert after[-1].at == pytest.approx(after[-1].received, abs=0.5)


def test_the_wrap_of_rtp_time_is_not_seen(clips):
    server = RtspServer()
    server.mount("wrap", clips / "live.mp4", first_timestamp=2**32 - 90_000)
    with server, opened(server.url("wrap")) as stream:
        got = frames(stream, 25)
    assert [later.pts - one.pts for one, later in pairwise(got)] == pytest.approx([STEP] * 24, abs=0.03)


def test_doubled_packets_make_no_extra_frames(server: RtspServer):
    server.mounts["/plain"].faults.dup = 0.5
    with opened(server.url("plain", login=True), transport="udp") as stream:
        got = frames(stream, 25)
    assert all(later.pts - one.pts > STEP / 2 for one, later in pairwise(got))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("fault", ["drop", "corrupt"])
def test_lost_and_damaged_packets_are_survived(server: RtspServer, transport: str, fault: str):
    setattr(server.mounts["/plain"].faults, fault, 0.02 if fault == "drop" else 0.3)
    with opened(server.url("plain", login=True), transport=transport) as stream:
        got = frames(stream, 20)
    assert len(got) == 20
    assert all(later.pts > one.pts for one, later in pairwise(got))


def test_garbage_in_place_of_pictures_ends_the_connection_in_time(server: RtspServer):
    """After the first pictures nothing decodes any more: packets alone are no progress."""
    with opened(server.url("plain", login=True), **QUICK) as stream:
        frames(stream, 3)
        server.mounts["/plain"].faults.garbage = 500
        began = time.monotonic()
        with pytest.raises(SourceError):
            frames(stream, 1000)
    assert time.monotonic() - began < 4


def test_a_camera_s_own_clock_is_told_and_ignored(server: RtspServer):
    server.mounts["/plain"].faults.sr_skew = 120
    with opened(server.url("plain", login=True)) as stream:
        for frame in islice(stream, 200):
            last = frame
            if stream.skew_s is not None:
                break
    assert stream.skew_s == pytest.approx(120, abs=1)
    assert last.at == pytest.approx(last.received, abs=1)


def test_thirty_connections_leave_no_socket_open(server: RtspServer):
    def sockets() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    mount = server.mounts["/plain"]
    mount.faults.mid = True  # answer at once, not at the next key frame
    frames_url = server.url("plain", login=True)
    opened(frames_url).close()
    wait_for(lambda: mount.watching == 0)
    before = sockets()
    for _ in range(30):
        opened(frames_url).close()
    wait_for(lambda: mount.watching == 0 and sockets() <= before)
