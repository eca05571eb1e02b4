"""Multipart JPEG over HTTP, as web cameras send it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.errors import SourceError, SourceFault
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


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_url_that_answers_with_a_single_picture_is_refused(suffix: str):
    picture, asked = cv2.imencode(suffix, np.full((120, 160, 3), 90, np.uint8))[1].tobytes(), []

    class Snapshot(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            self.wfile.write(picture)

        def log_message(self, *what: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Snapshot) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(SourceError, match="a single picture, and not with a video") as told:
            opened(f"http://cam:s3cret@127.0.0.1:{server.server_port}/snapshot.cgi")
        server.shutdown()
    assert told.value.fault is SourceFault.NOT_VIDEO
    assert asked


def test_pictures_without_times_are_placed_by_the_clock(web_camera: str):
    with opened(web_camera) as stream:
        frames = list(islice(stream, 60))
    assert stream.codec == "mjpeg"
    numbers = [frame_number(frame.luma) for frame in frames]
    assert all((later - one) % 10 == 1 for one, later in pairwise(numbers))
    assert (frames[-1].pts - frames[-11].pts) / 10 == pytest.approx(STEP, rel=0.5)
    assert frames[-1].at == pytest.approx(frames[-1].received, abs=0.5)
    assert frames[0].full_range
