"""Live HLS: segments come whole, one every few seconds, and every wanted picture of them is handed on, once."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest

from pipeline.capture.camera import Camera
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.mailbox import Mailbox
from pipeline.clock import SystemClock
from pipeline.frame import Frame
from pipeline.types import CameraState
from tests.capture.conftest import camera, wait_for
from tests.media import frame_number, make_clip

FPS = 10
AHEAD = 3


def segments(clip: Path, folder: Path, seconds: int) -> list[Path]:
    """The clip as MPEG-TS in pieces of so many seconds, their times going on."""
    pieces: list[Path] = []
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.pts is not None]
        for number, piece in itertools.groupby(packets, lambda one: int(one.pts * one.time_base + 1e-3) // seconds):
            pieces.append(folder / f"{number}.ts")
            with av.open(str(pieces[-1]), "w", format="mpegts", options={"mpegts_copyts": "1"}) as out:
                target = out.add_stream_from_template(stream)
                for packet in piece:
                    packet.stream = target
                    out.mux(packet)
    return pieces


@contextmanager
def served(pieces: list[Path], seconds: int) -> Iterator[str]:
    """A live playlist of the three newest pieces; one is added as time goes by."""
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.endswith(".m3u8"):
                newest = min(int((time.monotonic() - began) / seconds) + AHEAD, len(pieces))
                lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{seconds}"]
                lines += [f"#EXT-X-MEDIA-SEQUENCE:{newest - AHEAD}"]
                lines += [f"#EXTINF:{seconds}.0,\n{number}.ts" for number in range(newest - AHEAD, newest)]
                body = "\n".join(lines).encode() + b"\n"
            else:
                body = (pieces[0].parent / self.path.rpartition("/")[2]).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/live.m3u8"
    server.shutdown()
    server.server_close()


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("seconds", "whole"), [(2, 7), (6, 5)])
def test_every_wanted_picture_of_a_live_playlist_is_handed_on_once_in_order(tmp_path: Path, seconds: int, whole: int):
    clip = make_clip(tmp_path / "clip.mp4", seconds=seconds * whole, gop=FPS)
    with served(segments(clip, tmp_path, seconds), seconds) as url:
        mailbox = Mailbox()
        thread = CameraThread(Camera(camera(url, analyse_fps=5), mailbox, SystemClock()))
        frames: list[Frame] = []

        def looked() -> int:
            frames.extend([frame] if (frame := mailbox.take()) else [])
            return len(frames)

        thread.start()
        # The last piece but one is whole when the last one begins.
        wait_for(lambda: looked() >= (whole - 1) * seconds * 5, within=4 * seconds * whole)
        report = thread.report(time.monotonic())
        thread.stop()
        while not thread.join(0.1):
            looked()
    assert [frame_number(frame.luma) for frame in frames[: (whole - 1) * seconds * 5]] == list(
        range(0, (whole - 1) * seconds * FPS, 2)
    )
    assert (report.state, report.connections, report.dropped, report.error) == (CameraState.WATCHING, 1, 0, None)
    assert [b.pts - a.pts for a, b in itertools.pairwise(frames)] == pytest.approx([0.2] * (len(frames) - 1), abs=0.02)
