"""Is every wanted picture of every kind of source handed on to be analysed, whatever is wrong with it?

    python -m benchmarks.sources [--seconds 20] [--only TEXT] [--smoke]

Each source sends numbered pictures, ten a second, of which five are wanted. `share` is, of the wanted ones since the
first that came, those that were handed on, in order, each once. A source has a share of 0.99 and more, or is, 5 s
after it was opened, in a state other than `watching` that names the cause: never watching and blind. `--smoke`: each
source once as it should be, and each condition once. Ends with 1 where one fails.
"""

from __future__ import annotations

import argparse
import io
import itertools
import logging
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np

from benchmarks.needs import errors_told
from pipeline.capture.camera import Camera as Capture
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.mailbox import Mailbox
from pipeline.clock import SystemClock
from pipeline.config import Camera
from pipeline.simulate.server import RtspServer
from pipeline.types import CameraState
from tests.media import frame_number, make_clip

FPS, WANTED = 10, 5
LEAST_SHARE, TOLD_WITHIN_S = 0.99, 5.0
SIZES = ((320, 240), (240, 176))
STRAY_EVERY, STRAY_S = 37, 1000.0
SLOW = 0.99
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}
_AT_ONCE = 8
_CONNECTING_S = 6.0

SOURCES = {
    "file": ("h264", "hevc", "mjpeg"),
    "folder": ("h264", "hevc", "mjpeg"),
    "RTSP": ("h264", "hevc", "mjpeg"),
    "HTTP MJPEG": ("mjpeg",),
    "HTTP snapshot": ("mjpeg",),
    "HLS 2 s": ("h264", "hevc"),
    "HLS 6 s": ("h264", "hevc"),
    "MPEG-TS over HTTP": ("h264", "hevc"),
    "MPEG-TS over UDP": ("h264", "hevc"),
    "FLV over HTTP": ("h264", "hevc"),
}
CONDITIONS = ("as it should be", "late SPS", "stray stamps", "no stamps", "slow clock", "size changes", "turned")


@dataclass(frozen=True)
class Coded:
    """One picture as it is sent: its bytes, its number, what it is stamped with (s), whether it is a key frame."""

    data: bytes
    number: int
    shown: float
    key: bool


@dataclass
class Film:
    """The pictures of one case, in order, and the video they were taken from."""

    codec: str
    condition: str
    template: Path
    pictures: list[Coded] = field(default_factory=list)

    @property
    def pace_s(self) -> float:
        """Seconds from one to the next as they are sent."""
        return (1 / SLOW if self.condition == "slow clock" else 1.0) / FPS


def exists(source: str, condition: str) -> bool:
    """Whether there is such a thing."""
    files = source in ("file", "folder")
    if source == "HTTP snapshot":
        return condition == "as it should be"
    if source == "HTTP MJPEG":  # it has neither stamps nor headers of its own
        return condition in ("as it should be", "size changes", "turned")
    if condition == "no stamps":
        return source in ("file", "MPEG-TS over HTTP")  # bare streams, in a file and over HTTP
    if condition == "slow clock":
        return not files
    return not (condition == "size changes" and source == "FLV over HTTP")  # FLV says its size once


def filmed(folder: Path, codec: str, condition: str, seconds: float) -> Film:
    """The pictures of a case, encoded."""
    sizes = SIZES if condition == "size changes" else SIZES[:1]
    pictures: list[Coded] = []
    suffix = "avi" if codec == "mjpeg" else "ts"
    each = seconds / len(sizes)
    for part, size in enumerate(sizes):
        clip = make_clip(folder / f"{part}.{suffix}", codec=_ENCODERS[codec], size=size, seconds=each, gop=FPS)
        with av.open(str(clip)) as source:
            packets = [packet for packet in source.demux(video=0) if packet.size]
        for packet in packets:
            number = len(pictures)
            pictures.append(Coded(bytes(packet), number, number / FPS, packet.is_keyframe))
    film = Film(codec, condition, folder / f"0.{suffix}", pictures)
    return _worsened(film)


def _worsened(film: Film) -> Film:
    match film.condition:
        case "late SPS":
            film.pictures = film.pictures[1:]
        case "stray stamps":
            film.pictures = [
                Coded(
                    one.data, one.number, one.shown + STRAY_S * (one.number % STRAY_EVERY == STRAY_EVERY - 1), one.key
                )
                for one in film.pictures
            ]
        case "turned":
            film.pictures = [replace(one, data=_upside_down(one.data)) for one in film.pictures]
    return film


# Display orientation (H.264, D.2.27): half a turn, until the next coded sequence.
_HALF_A_TURN = bytes.fromhex("00000001 06 2f 03 100009 80")


def _upside_down(data: bytes) -> bytes:
    """A key frame says so, as a camera does; the others go by it."""
    at = data.find(b"\0\0\1\x65")
    return data if at < 0 else data[:at].removesuffix(b"\0") + _HALF_A_TURN + b"\0" + data[at:]


class _Sink(io.RawIOBase):
    """Takes what a muxer writes, and gives it away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What has been written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def muxed(film: Film, muxer: str, options: dict[str, str] | None = None) -> list[tuple[int, bytes]]:
    """Each picture's number, and the bytes that a muxer writes when it is given it."""
    sink, pieces = _Sink(), []
    with av.open(str(film.template)) as source:
        with av.open(sink, "w", format=muxer, options={"flush_packets": "1", **(options or {})}) as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            stream.time_base = source.streams.video[0].time_base
            for one in film.pictures:
                packet = av.Packet(one.data)
                packet.stream, packet.time_base = stream, stream.time_base
                packet.dts = round(one.number / FPS / stream.time_base)
                packet.pts = round(one.shown / stream.time_base)
                packet.is_keyframe = one.key
                target.mux(packet)
                pieces.append((one.number, sink.taken()))
        pieces.append((film.pictures[-1].number, sink.taken()))
    return pieces


def written(film: Film, path: Path) -> Path:
    """The film as a file: Matroska, or bare where it is to have no stamps."""
    if film.condition == "no stamps":
        path.write_bytes(b"".join(one.data for one in film.pictures))
    else:
        path.write_bytes(b"".join(data for _, data in muxed(film, "matroska")))
    return path


class Sender:
    """Gives out a film's bytes in its pace, from the first request on; `last` is the number of what was sent last."""

    def __init__(self, film: Film, pieces: list[tuple[int, bytes]]) -> None:
        self._film = film
        self._pieces = pieces
        self.last = -1

    def __iter__(self) -> Iterator[bytes]:
        began, first = time.monotonic(), self._pieces[0][0]
        for number, data in self._pieces:
            time.sleep(max(0.0, began + (number - first) * self._film.pace_s - time.monotonic()))
            self.last = number
            yield data


@contextmanager
def over_http(answer: Callable[[str], tuple[dict[str, str], Iterator[bytes]]]) -> Iterator[str]:
    """A server on this machine: `answer` a path with headers and what is sent, piece by piece."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            headers, pieces = answer(self.path)
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                if "Content-Length" not in headers:
                    time.sleep(30)  # a camera does not hang up
            except OSError:
                pass  # nobody listens any longer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def sent(source: str, film: Film, folder: Path) -> Iterator[tuple[str, Callable[[], int]]]:
    """The url of the film as this kind of source, and how to ask for the number of the picture sent last."""
    last = film.pictures[-1].number
    with ExitStack() as stack:
        if source == "file":
            suffix = {"h264": "264", "hevc": "hevc"}[film.codec] if film.condition == "no stamps" else "mkv"
            yield str(written(film, folder / f"film.{suffix}")), lambda: last
        elif source == "folder":
            half = next(i for i, one in enumerate(film.pictures) if one.key and i >= len(film.pictures) // 2)
            (folder / "films").mkdir()
            for name, part in (("1", film.pictures[:half]), ("2", film.pictures[half:])):
                written(Film(film.codec, film.condition, film.template, part), folder / "films" / f"{name}.mkv")
            yield str(folder / "films"), lambda: last
        elif source == "RTSP":
            yield stack.enter_context(_rtsp(film, folder))
        elif source == "MPEG-TS over UDP":
            yield stack.enter_context(_udp(film))
        elif source.startswith("HLS"):
            yield stack.enter_context(_playlist(film, int(source.split()[1])))
        else:
            yield stack.enter_context(_stream(source, film))


@contextmanager
def _rtsp(film: Film, folder: Path) -> Iterator[tuple[str, Callable[[], int]]]:
    """By our own server, which restarts the film for who comes; what is wrong is done to RTP, or to the file."""
    halves: list[Path] = []
    for number, part in enumerate(_same_size(film)):
        plain = Film(film.codec, "", part[0], part[1])
        halves.append(written(plain, folder / f"rtsp-{number}.mkv"))
    server = RtspServer()
    mount = server.mount("film", *halves, restart_on_play=True, loops=1)
    stop = threading.Event()
    if film.condition == "slow clock":
        mount.faults.rate = SLOW
    with server:
        trouble = threading.Thread(target=_trouble, args=(mount, film, stop), daemon=True)
        trouble.start()
        try:
            yield f"rtsp://127.0.0.1:{server.port}/film", lambda: round(mount.log[-1].at * FPS) if mount.log else -1
        finally:
            stop.set()
            trouble.join(5)


def _same_size(film: Film) -> list[tuple[Path, list[Coded]]]:
    if film.condition != "size changes":
        return [(film.template, [replace(one, shown=one.number / FPS) for one in film.pictures])]
    half = len(film.pictures) // 2
    second = [replace(one, number=one.number - half, shown=one.shown - half / FPS) for one in film.pictures[half:]]
    return [(film.template, film.pictures[:half]), (film.template.with_stem("1"), second)]


def _trouble(mount: object, film: Film, stop: threading.Event) -> None:
    """Stray stamps: one picture's RTP time is off, and the next one's is not."""
    while film.condition == "stray stamps" and not stop.wait(STRAY_EVERY / FPS):
        mount.faults.jump = STRAY_S  # type: ignore[attr-defined]
        stop.wait(1 / FPS)
        mount.faults.jump = 0.0  # type: ignore[attr-defined]


@contextmanager
def _udp(film: Film) -> Iterator[tuple[str, Callable[[], int]]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sender, stop = Sender(film, muxed(film, "mpegts")), threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for data in sender:
                for at in range(0, len(data), 7 * 188):
                    out.sendto(data[at : at + 7 * 188], ("127.0.0.1", port))
                    time.sleep(0.0005)
                if stop.is_set():
                    return

    threading.Thread(target=send, daemon=True).start()
    try:
        yield f"udp://127.0.0.1:{port}", lambda: sender.last
    finally:
        stop.set()


@contextmanager
def _playlist(film: Film, seconds: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """Three pieces are listed; a new one comes when it is whole."""
    pieces = [
        b"".join(data for _, data in part)
        for _, part in itertools.groupby(muxed(film, "mpegts"), lambda one: one[0] // (seconds * FPS))
    ]
    began = time.monotonic()
    each_s = seconds * FPS * film.pace_s

    def newest() -> int:
        return min(3 + int((time.monotonic() - began) / each_s), len(pieces))

    def last_sent() -> int:
        return min(newest() * seconds * FPS - 1, film.pictures[-1].number)

    def answer(path: str) -> tuple[dict[str, str], Iterator[bytes]]:
        if path.endswith(".m3u8"):
            last = newest()
            lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{seconds}"]
            lines += [f"#EXT-X-MEDIA-SEQUENCE:{last - 3}"]
            lines += [f"#EXTINF:{seconds}.0,\n{n}.ts" for n in range(last - 3, last)]
            body = "\n".join(lines).encode() + b"\n"
        else:
            body = pieces[int(path.strip("/").split(".")[0])]
        return {"Content-Length": str(len(body))}, iter([body])

    with over_http(answer) as url:
        yield f"{url}/live.m3u8", last_sent


@contextmanager
def _stream(source: str, film: Film) -> Iterator[tuple[str, Callable[[], int]]]:
    """One answer that goes on."""
    headers: dict[str, str] = {}
    if source == "HTTP snapshot":
        headers = {"Content-Type": "image/jpeg", "Content-Length": str(len(film.pictures[0].data))}
        pieces = [(0, film.pictures[0].data)]
    elif source == "HTTP MJPEG":
        headers = {"Content-Type": "multipart/x-mixed-replace; boundary=part"}
        pieces = [
            (one.number, b"--part\r\nContent-Type: image/jpeg\r\n\r\n" + one.data + b"\r\n") for one in film.pictures
        ]
    elif film.condition == "no stamps":
        pieces = [(one.number, one.data) for one in film.pictures]
    else:
        pieces = muxed(film, "flv" if source.startswith("FLV") else "mpegts")
    senders: list[Sender] = []

    def answer(_: str) -> tuple[dict[str, str], Iterator[bytes]]:
        senders.append(Sender(film, pieces))
        return headers, iter(senders[-1])

    with over_http(answer) as url:
        yield f"{url}/video", lambda: senders[-1].last if senders else -1


@dataclass
class Seen:
    """What came of a case: the numbers handed on, and the states with the errors that were told, when they began."""

    numbers: list[int]
    last_sent: int
    told: list[tuple[float, CameraState, str | None]]

    @property
    def share(self) -> float:
        """Of the wanted pictures since the first that came."""
        if not self.numbers:
            return 0.0
        # The last one may wait for the next, which tells where it ends.
        wanted = (self.last_sent - 2 - self.numbers[0]) * WANTED // FPS + 1
        in_order = sum(b > a for a, b in itertools.pairwise(self.numbers)) + 1
        return min(in_order / max(wanted, 1), 1.0)

    @property
    def verdict(self) -> str:
        """Empty if all is well; else what is wrong."""
        if self.share >= LEAST_SHARE:
            return ""
        named = [at for at, state, error in self.told if not state.sees and error]
        if not self.numbers and named and named[0] <= TOLD_WITHIN_S + _CONNECTING_S:
            return ""
        states = ", ".join(f"{at:.1f} s {state.value}" for at, state, _ in self.told)
        return f"{len(self.numbers)} handed on, states {states}"


def seen(url: str, turned: bool, last_sent: Callable[[], int], whole: int, late_s: float) -> Seen:
    """Watch it, and take what is handed on, until its last picture was sent `late_s` ago."""
    camera = Camera.model_validate({"name": "gate", "url": url, "analyse_fps": WANTED})
    mailbox, clock = Mailbox(), SystemClock()
    thread = CameraThread(Capture(camera, mailbox, clock))
    numbers: list[int] = []
    told: list[tuple[float, CameraState, str | None]] = []
    began = time.monotonic()
    thread.start()
    done_at = float("inf")
    while time.monotonic() < min(began + 2 * whole / FPS + late_s + 20, done_at):
        while (frame := mailbox.take()) is not None:
            luma = frame.luma[::-1, ::-1] if turned else frame.luma
            numbers.append(frame_number(np.ascontiguousarray(luma)))
        report = thread.report(clock.monotonic())
        if not told or told[-1][1] is not report.state:
            told.append((time.monotonic() - began, report.state, report.error))
        if report.state is CameraState.ENDED or (url.find("://") > 0 and last_sent() >= whole):
            done_at = min(done_at, time.monotonic() + late_s)
        time.sleep(0.02)
    thread.stop()
    thread.join(5)
    return Seen(numbers, last_sent(), told)


def judged(source: str, codec: str, condition: str, seconds: float) -> Seen:
    """One case."""
    piece_s = int(source.split()[1]) if source.startswith("HLS") else 0
    with tempfile.TemporaryDirectory() as name:
        folder, seconds = Path(name), max(seconds, 6.0 * piece_s)
        film = filmed(folder, codec, condition, seconds)
        with sent(source, film, folder) as (url, last_sent):
            found = seen(url, condition == "turned", last_sent, film.pictures[-1].number, 1.5 + 2 * piece_s)
    if condition == "size changes":  # the second clip counts from 0 again
        first = next((i for i, (a, b) in enumerate(itertools.pairwise(found.numbers), 1) if b < a), len(found.numbers))
        found.numbers[first:] = [number + round(seconds / 2 * FPS) for number in found.numbers[first:]]
    return found


def cases(smoke: bool) -> list[tuple[str, str, str]]:
    """Source, codec, condition."""
    every = [
        (source, codec, condition)
        for condition in CONDITIONS
        for source, codecs in SOURCES.items()
        for codec in codecs
        if exists(source, condition) and not (codec != "h264" and condition == "turned")
        if not (codec == "mjpeg" and condition == "no stamps")
    ]
    if not smoke:
        return every
    plain = [one for one in every if one[2] == CONDITIONS[0] and one[1] == SOURCES[one[0]][0]]
    wrong = [("MPEG-TS over HTTP", "h264", condition) for condition in CONDITIONS[1:]]
    return plain + wrong


def main() -> None:
    """Send, watch, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="how long each film is: 20, of a smoke 8")
    parser.add_argument("--only", default="", help="the cases that have this in their name")
    parser.add_argument("--smoke", action="store_true", help="each source once, each condition once")
    args = parser.parse_args()
    logging.disable()  # what is told is in the table
    chosen = [one for one in cases(args.smoke) if args.only in " ".join(one)]
    failed = 0
    with errors_told(), ThreadPoolExecutor(_AT_ONCE) as pool:
        results = pool.map(lambda one: judged(*one, args.seconds or (8.0 if args.smoke else 20.0)), chosen)
        for (source, codec, condition), found in zip(chosen, results, strict=True):
            failed += bool(found.verdict)
            error = next((error for _, state, error in found.told if error and not state.sees), None)
            words = found.verdict or (f"says: {error}" if found.share < LEAST_SHARE else "")
            print(f"{source:18} {codec:5} {condition:15} share {found.share:.3f} {words}", flush=True)
    print(f"{len(chosen)} cases, {failed} failed")
    sys.exit(int(failed > 0))


if __name__ == "__main__":
    main()
