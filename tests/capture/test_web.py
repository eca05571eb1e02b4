"""What a camera over HTTP cannot make this machine do: fetch from elsewhere, show a password, decode what is huge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from pipeline.capture.container import jpeg_size
from pipeline.capture.decode import Stream
from pipeline.errors import SourceError, SourceFault
from pipeline.simulate.auth import Login
from tests.capture.conftest import opened
from tests.media import frame_number, make_clip

PASSWORD = "s3cret:/@"
PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{}\n#EXT-X-ENDLIST\n"


@dataclass
class Site:
    """A web server under two names, 127.0.0.1 and localhost; `asked` is who asked for what, with which login."""

    port: int
    answers: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    door: Login | None = None
    mime: str = "application/octet-stream"
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1", login: str = "") -> str:
        return f"http://{login}{host}:{self.port}{path}"

    def hosts_asked(self) -> set[str]:
        return {host for host, *_ in self.asked}


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            login = self.headers.get("Authorization")
            site.asked.append((self.headers["Host"].split(":")[0], self.path, login))
            if site.door and not site.door.accepts("GET", (login or "").encode("latin-1").decode()):
                self.send_response(401)
                self.send_header("WWW-Authenticate", site.door.challenge())
                self.end_headers()
            elif self.path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[self.path])
                self.end_headers()
            elif self.path not in site.answers:
                self.send_error(404)
            else:
                self.send_response(200)
                self.send_header("Content-Type", site.mime)
                self.send_header("Content-Length", str(len(site.answers[self.path])))
                self.end_headers()
                self.wfile.write(site.answers[self.path])

        def log_message(self, *what: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def piece(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of video as a segment."""
    folder = tmp_path_factory.mktemp("piece")
    clip = make_clip(folder / "clip.mp4", seconds=2, gop=10)
    with av.open(str(clip)) as source, av.open(str(folder / "0.ts"), "w", format="mpegts") as out:
        stream = source.streams.video[0]
        target = out.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = target
                out.mux(packet)
    return (folder / "0.ts").read_bytes()


def numbers(stream: Stream, count: int = 5) -> list[int]:
    with stream:
        return [frame_number(frame.luma) for frame in islice(stream, count)]


def refusal(url: str, **keys: Any) -> SourceError:
    """Why there is no picture; no secret is in it."""
    with pytest.raises(SourceError) as told:
        numbers(opened(url, connect_s=3, **keys))
    assert "s3cret" not in str(told.value)
    return told.value


@pytest.mark.parametrize("mime", ["video/mp4", "application/vnd.apple.mpegurl"])
def test_an_answer_that_is_a_playlist_is_followed_nowhere(site: Site, mime: str):
    site.mime = mime
    site.answers = {"/video": PLAYLIST.format(site.url("/internal", "localhost")).encode()}
    told = refusal(site.url("/video"))
    assert told.fault is SourceFault.NOT_VIDEO
    assert "set `kind: hls`" in str(told)
    assert {path for _, path, _ in site.asked} == {"/video"}


def test_a_playlist_is_followed_where_the_url_or_the_owner_says_that_it_is_one(site: Site, piece: bytes):
    site.answers = {"/live.m3u8": PLAYLIST.format("0.ts").encode(), "/0.ts": piece}
    assert numbers(opened(site.url("/live.m3u8"))) == [0, 1, 2, 3, 4]
    site.answers["/live"] = site.answers.pop("/live.m3u8")
    assert numbers(opened(site.url("/live"), kind="hls")) == [0, 1, 2, 3, 4]


def test_a_playlist_leads_to_no_other_host(site: Site, piece: bytes):
    site.answers = {"/live.m3u8": PLAYLIST.format(site.url("/0.ts", "localhost")).encode(), "/0.ts": piece}
    told = refusal(site.url("/live.m3u8"))
    assert told.fault is SourceFault.CONFIG
    assert "leads to another host, http://localhost. If that is right, allow it: `hosts: [localhost]`" in str(told)
    assert site.hosts_asked() == {"127.0.0.1"}


@pytest.mark.parametrize("local", ["file:///etc/hostname", "/etc/hostname", "tcp://127.0.0.1:{}", "udp://127.0.0.1:9"])
def test_a_playlist_leads_to_nothing_but_the_web(site: Site, piece: bytes, local: str):
    site.answers = {"/live.m3u8": PLAYLIST.format(local.format(site.port)).encode(), "/0.ts": piece}
    refusal(site.url("/live.m3u8"))
    assert {path for _, path, _ in site.asked} <= {"/live.m3u8", local}


def test_nor_by_way_of_a_redirect(site: Site, piece: bytes):
    site.answers = {"/live.m3u8": PLAYLIST.format("moved.ts").encode(), "/0.ts": piece}
    site.redirects = {"/moved.ts": site.url("/0.ts", "localhost")}
    assert "leads to another host, http://localhost" in str(refusal(site.url("/live.m3u8")))
    assert site.hosts_asked() == {"127.0.0.1"}


def test_the_owner_may_allow_other_hosts_but_none_of_them_is_told_the_password(site: Site, piece: bytes):
    site.answers = {"/live.m3u8": PLAYLIST.format(site.url("/0.ts", "localhost")).encode(), "/0.ts": piece}
    url = site.url("/live.m3u8", login="cam:s3cret%3A%2F%40@")
    assert numbers(opened(url, hosts=["LocalHost."])) == [0, 1, 2, 3, 4]
    assert {login for host, _, login in site.asked if host == "localhost"} == {None}


@pytest.mark.parametrize("basic", [True, False])
def test_the_parts_of_a_playlist_are_asked_for_with_the_cameras_login(site: Site, piece: bytes, basic: bool):
    site.answers = {"/live.m3u8": PLAYLIST.format("0.ts").encode(), "/0.ts": piece}
    site.door = Login("cäm", "s3cret:/@ß", basic=basic)
    assert numbers(opened(site.url("/live.m3u8", login="c%C3%A4m:s3cret%3A%2F%40%C3%9F@"))) == [0, 1, 2, 3, 4]
    assert refusal(site.url("/live.m3u8", login="cam:s3cret@")).fault is SourceFault.AUTH


def test_a_playlist_that_is_not_there_or_not_reached_is_told_as_for_other_cameras(site: Site):
    assert refusal(site.url("/live.m3u8")).fault is SourceFault.NOT_FOUND
    assert refusal("http://127.0.0.1:1/live.m3u8").fault is SourceFault.REFUSED


def test_a_redirect_is_followed_on_the_same_host_with_the_login(site: Site, piece: bytes):
    site.answers, site.door = {"/0.ts": piece}, Login("cam", PASSWORD, basic=True)
    site.redirects = {"/video": "/there", "/there": site.url("/0.ts")}
    assert numbers(opened(site.url("/video", login="cam:s3cret%3A%2F%40@"))) == [0, 1, 2, 3, 4]


def test_a_redirect_to_another_host_is_followed_only_if_it_is_allowed(site: Site, piece: bytes):
    site.answers, site.redirects = {"/0.ts": piece}, {"/video": site.url("/0.ts", "localhost")}
    told = refusal(site.url("/video", login="cam:s3cret@"))
    assert told.fault is SourceFault.CONFIG
    assert "leads to another host, http://localhost. If that is right, allow it: `hosts: [localhost]`" in str(told)
    assert site.hosts_asked() == {"127.0.0.1"}
    assert numbers(opened(site.url("/video", login="cam:s3cret@"), hosts=["localhost"])) == [0, 1, 2, 3, 4]
    assert {login for host, _, login in site.asked if host == "localhost"} == {None}


def test_redirects_in_a_circle_end(site: Site):
    site.redirects = {"/video": "/round", "/round": "/video"}
    assert refusal(site.url("/video")).fault is SourceFault.UNREACHABLE
    assert len(site.asked) < 12


def test_a_recording_that_is_a_playlist_fetches_nothing(site: Site, piece: bytes, tmp_path: Path):
    site.answers = {"/0.ts": piece}
    file = tmp_path / "clip.mp4"
    file.write_text(PLAYLIST.format(site.url("/0.ts")))
    refusal(str(file))
    assert site.asked == []


def jpeg(width: int, height: int) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def multipart(picture: bytes) -> bytes:
    head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return (head.encode() + picture + b"\r\n") * 3


def h264(width: int, height: int, folder: Path) -> bytes:
    with av.open(str(folder / "clip.ts"), "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.options = width, height, {"preset": "ultrafast"}
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.full((height, width, 3), 90, np.uint8))
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return (folder / "clip.ts").read_bytes()


LARGE: dict[str, Callable[[int, int, Path], bytes]] = {
    "multipart JPEG": lambda w, h, _: multipart(jpeg(w, h)),
    "H.264": h264,
}


@pytest.mark.parametrize("made", LARGE.values(), ids=LARGE.keys())
def test_pictures_beyond_max_pixels_are_refused_at_once_and_by_name(site: Site, made: Any, tmp_path: Path):
    site.answers = {"/video": made(640, 480, tmp_path)}
    assert len(list(islice(opened(site.url("/video"), max_pixels=640 * 480), 2))) == 2
    told = refusal(site.url("/video"), max_pixels=640 * 480 - 1)
    assert told.fault is SourceFault.CONFIG
    assert "its pictures have 640x480 pixels, more than max_pixels (307,199) allows" in str(told)


def test_a_large_recording_is_refused_too(tmp_path: Path):
    h264(640, 480, tmp_path)
    assert "more than max_pixels (10,000) allows" in str(refusal(str(tmp_path / "clip.ts"), max_pixels=10_000))


def test_the_size_of_a_jpeg_is_read_from_its_head():
    assert jpeg_size(jpeg(123, 45)) == (123, 45)
    assert jpeg_size(jpeg(123, 45)[:20]) is None
    assert jpeg_size(b"no picture at all") is None
