"""Multipart JPEG over HTTP, as web cameras send it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from tests.capture.conftest import opened
from tests.media import frame_number

STEP = 0.05


@pytest.fixture
def web_camera(clips: Path) -> Iterator[str]:
    """The url of a camera that sends a picture every 50 ms."""
    with av.open(str(clips / "mjpeg.avi")) as container:
        pictures = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    stop = threading.Event()

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
            self.end_headers()
            number = 0
            try:
                while not stop.wait(STEP):
                    picture = pictures[number % len(pictures)]
                    head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")
                    number += 1
            except OSError:
                pass  # the client has gone

        def log_message(self, *what: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://cam:s3cret@127.0.0.1:{server.server_port}/video.mjpg?token=s3cret"
    stop.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_pictures_without_times_are_placed_by_the_clock(web_camera: str):
    with opened(web_camera) as stream:
        frames = list(islice(stream, 60))
    assert stream.codec == "mjpeg"
    numbers = [frame_number(frame.luma) for frame in frames]
    assert all((later - one) % 10 == 1 for one, later in pairwise(numbers))
    assert (frames[-1].pts - frames[-11].pts) / 10 == pytest.approx(STEP, rel=0.5)
    assert frames[-1].at == pytest.approx(frames[-1].received, abs=0.5)
    assert frames[0].full_range
