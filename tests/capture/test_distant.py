"""Recordings on a web server, and streams that only look like them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from pipeline.errors import SourceError
from pipeline.types import CameraState
from tests.capture.conftest import opened, wait_for
from tests.capture.test_camera import Watched
from tests.media import frame_number, make_clip

EIGHT = datetime(2026, 11, 23, 8, 15, tzinfo=UTC).timestamp()


@contextmanager
def serving(path: Path, parts: bool = True, length: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """The url of a server for one file, and what it was asked for. Without `parts` it sends whole files only.

    `length` is told in place of the true one; 0: none, and the connection stays open as a camera's does.
    """
    data, asked, over = path.read_bytes(), [], threading.Event()

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            begin = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0]) if parts else 0
            self.send_response(206 if parts else 200)
            if parts:
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            if length != 0:
                self.send_header("Content-Length", str(length or len(data) - begin))
            self.end_headers()
            try:
                self.wfile.write(data[begin:])
                if length == 0:
                    over.wait(30)
            except OSError:
                pass  # the client has gone

        def log_message(self, *what: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{path.name}", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One film in several containers, as `film.*`."""
    folder = tmp_path_factory.mktemp("films")
    make_clip(folder / "film.mp4", seconds=3, gop=5)
    for name, muxer, options in (
        ("film.mkv", "matroska", {}),
        ("film.ts", "mpegts", {}),
        ("quick.mp4", "mp4", {"movflags": "faststart"}),
        ("live.mp4", "mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ):
        with (
            av.open(str(folder / "film.mp4")) as source,
            av.open(str(folder / name), "w", format=muxer, options=options) as target,
        ):
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    return folder


@pytest.mark.parametrize(
    ("name", "parts"),
    [("film.mp4", True), ("quick.mp4", False), ("film.mkv", True), ("film.mkv", False), ("film.ts", False)],
)
def test_a_file_on_a_web_server_plays_once_with_every_picture(folder: Path, name: str, parts: bool):
    with serving(folder / name, parts) as (url, _), opened(url) as stream:
        assert stream.recorded
        frames = list(stream)
    assert [frame_number(frame.luma) for frame in frames] == list(range(30))
    assert [later.pts - one.pts for one, later in pairwise(frames)] == pytest.approx([0.1] * 29, abs=1e-3)
    assert {(frame.at, frame.received) for frame in frames} == {(None, None)}


def test_its_name_tells_when_it_was_made(folder: Path, tmp_path: Path):
    named = tmp_path / "2026-11-23_08-15-00.mp4"
    named.write_bytes((folder / "film.mp4").read_bytes())
    with serving(named) as (url, _), opened(url) as stream:
        frames = list(stream)
    assert (frames[10].at, frames[10].at_error, frames[10].at_from) == (pytest.approx(EIGHT + 1), 1.0, "name")


def test_a_camera_that_is_one_has_ended_and_is_not_asked_again(folder: Path):
    with serving(folder / "film.ts", parts=False) as (url, asked):
        watched = Watched(url)
        watched.thread.start()
        wait_for(lambda: watched.look() is None and watched.state is CameraState.ENDED)
        watched.thread.stop()
        watched.thread.join(5)
    assert [frame_number(frame.luma) for frame in watched.frames] == list(range(30))
    assert watched.report.error is None
    assert len(asked) == 1


@pytest.mark.parametrize("length", [0, 2**31 - 1, 2**63 - 1])
def test_a_stream_without_an_end_is_live_whatever_it_is_called(folder: Path, length: int):
    with serving(folder / "live.mp4", parts=False, length=length) as (url, _), opened(url) as stream:
        assert not stream.recorded
        frames = list(islice(stream, 20))
    assert all(frame.received is not None and frame.at_from == "arrival" for frame in frames)


def test_a_server_that_sends_no_parts_of_a_file_with_its_index_at_the_end_is_told(folder: Path, tmp_path: Path):
    data = (folder / "film.mp4").read_bytes()
    index = data.index(b"moov") - 4
    room = 4_000_000  # more than a reader has read ahead, and could go back to
    large = tmp_path / "large.mp4"
    large.write_bytes(data[:index] + room.to_bytes(4) + b"free" + bytes(room - 8) + data[index:])
    with opened(large) as stream:
        assert len(list(stream)) == 30
    with (
        serving(large, parts=False) as (url, _),
        pytest.raises(SourceError, match="download it"),
        opened(url) as stream,
    ):
        list(stream)
