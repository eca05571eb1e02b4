"""Files as other programs write them: are the same incidents told of each as of the MP4 of the same pictures?

    python -m benchmarks.containers [--only REGEX] [--smoke]

A drawn hall is encoded once by each of the codecs, and put, by Debian's ffmpeg and GStreamer (`apt-get install ffmpeg
gstreamer1.0-tools gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly`), into each of their containers that takes it.
What PyAV then reads, with the pictures that were put in, is replayed; what it does not is named. `--smoke` does with
PyAV what it can write, and needs neither.
Ends with 1 where incidents differ, by rule or by more than 0.4 s, or fewer than 14 containers were read.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from benchmarks.needs import errors_told
from pipeline.config import Config
from pipeline.workers.replay import replay
from tests.e2e import school

TOLERANCE_S = 0.4
SAME = 3.0
"""Grey levels by which a picture may be off, on average."""
FEWEST = 14
# A stream without a container has no times but those of 25 pictures a second; in the others that is as good as any.
RATE = ["-r", "25", "-vsync", "cfr"]
# What each encoder is asked for, and the parser that GStreamer puts before its muxer, with what makes decoding times
# where pictures do not come in their order.
CODECS: dict[str, tuple[list[str], str]] = {
    "h264": (["libx264", "-crf", "20", "-bf", "0"], "h264parse ! h264timestamper"),
    "h264-bframes": (["libx264", "-crf", "20", "-bf", "3"], "h264parse ! h264timestamper"),
    "hevc": (["libx265", "-crf", "22", "-x265-params", "log-level=none"], "h265parse ! h265timestamper"),
    "mjpeg": (["mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"], "jpegparse"),
    "mpeg4": (["mpeg4", "-q:v", "3"], "mpeg4videoparse"),
    "mpeg2": (["mpeg2video", "-q:v", "3"], "mpegvideoparse"),
    "mpeg1": (["mpeg1video", "-q:v", "3"], "mpegvideoparse"),
    "vp8": (["libvpx", "-b:v", "2M", "-deadline", "realtime"], "identity"),
    "vp9": (["libvpx-vp9", "-b:v", "2M", "-deadline", "realtime", "-cpu-used", "8"], "vp9parse"),
    "av1": (["libsvtav1", "-preset", "12"], "av1parse"),
    "flv1": (["flv1", "-q:v", "3"], "identity"),
    "h263": (["h263p", "-q:v", "3"], "h263parse"),
    "wmv2": (["wmv2", "-q:v", "3"], "identity"),
    "msmpeg4": (["msmpeg4v3", "-q:v", "3"], "identity"),
    "theora": (["libtheora", "-q:v", "9"], "identity"),
    "prores": (["prores_ks", "-profile:v", "0"], "identity"),
    "ffv1": (["ffv1"], "identity"),
    "huffyuv": (["ffvhuff"], "identity"),
    "raw": (["rawvideo"], "identity"),
}
GST_MUXERS = [
    "mp4mux", "qtmux", "3gppmux", "mj2mux", "ismlmux", "matroskamux", "webmmux", "avimux", "mpegtsmux", "mpegpsmux",
    "flvmux", "asfmux", "oggmux", "mxfmux",
]  # fmt: skip
PYAV = [
    "mp4",
    "mov",
    "matroska",
    "webm",
    "avi",
    "mpegts",
    "flv",
    "asf",
    "ogg",
    "3gp",
    "nut",
    "mxf",
    "h264",
    "mpeg",
    "ismv",
]
# Pictures, playlists, sums, and what goes elsewhere than into one file.
_NO_CONTAINER = re.compile(
    r"image2.*|.*hash|.*md5|crc|framecrc|streamhash|null|segment|stream_segment.*|hls|dash|smoothstreaming|tee|fifo.*|rtp.*|"
    r"rtsp|sap|mpjpeg|webm_chunk|webm_dash.*|ffmetadata|gif|apng|webp|ico|uncodedframecrc|sdl.*|xv|opengl|fbdev|v4l2|"
    r"caca|alsa|oss|pulse|chromaprint|adts|latm|a64|singlejpeg|mkvtimestamp_v2|hds|u?s?rt|webvtt|ass|svcd|amv|filmstrip_x"
)


@dataclass(frozen=True)
class Told:
    """An incident as it counts here."""

    rule: str
    state: str
    at: float


@dataclass(frozen=True)
class File:
    """Who wrote it, in which container, of which codec."""

    path: Path
    writer: str
    container: str
    codec: str


def main() -> None:
    """Write, read, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="the files in whose names this regular expression is found")
    parser.add_argument("--smoke", action="store_true", help="a few, written by PyAV")
    args = parser.parse_args()
    with errors_told(), tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        seen = school.record(here / "drawn.mp4", school.PASSING, crf=16)
        config = _config(seen)
        expected = _told(config, seen)
        files = _by_pyav(here, seen) if args.smoke else _by_others(here, seen)
        judged = []
        for file in files:
            if re.search(args.only, file.path.name):
                what = _judged(config, file, expected)
                judged.append((file, what))
                print(f"{len(judged)}: {file.path.name} {what or 'right'}", flush=True)
    sys.exit(_say(judged, expected, all_of_them=not (args.only or args.smoke)))


def _config(video: Path) -> Config:
    camera = {"name": "hall", "url": str(video), "analyse_fps": school.FPS, **school.watched(school.PASSING)}
    return Config.model_validate({"site": {"id": "files"}, "alerts": {}, "cameras": {"hall": camera}})


def _told(config: Config, video: Path) -> list[Told]:
    steps = replay(config, config.cameras["hall"], [video])
    return [
        Told(one.rule, one.state, one.at.media)
        for step in steps
        for one in step.incidents
        if one.state in ("opened", "closed") and one.why.get("closed_because") is None
    ]


def _judged(config: Config, file: File, expected: list[Told]) -> str:
    """What is wrong; empty if nothing is."""
    try:
        told = _told(config, file.path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if [(one.rule, one.state) for one in told] != [(one.rule, one.state) for one in expected]:
        return f"tells {[f'{one.rule} {one.state} {one.at:.1f}' for one in told]}"
    off = max((abs(one.at - right.at) for one, right in zip(told, expected, strict=True)), default=0.0)
    return f"off by {off:.2f} s" if off > TOLERANCE_S else ""


def _by_pyav(folder: Path, seen: Path) -> Iterator[File]:
    with av.open(str(seen)) as source:
        packets = [packet for packet in source.demux(video=0) if packet.dts is not None]
        for muxer in PYAV:
            path = folder / f"pyav-{muxer}-h264"
            try:
                with av.open(str(path), "w", format=muxer) as target:
                    stream = target.add_stream_from_template(source.streams.video[0])
                    for packet in packets:
                        packet.stream = stream
                        target.mux(packet)
            except (av.error.FFmpegError, ValueError):
                continue
            yield from _readable(File(path, "pyav", muxer, "h264"), seen)


def _by_others(folder: Path, seen: Path) -> Iterator[File]:
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-muxers"], capture_output=True, text=True, check=True).stdout
    muxers = [line.split()[1] for line in listed.splitlines() if re.match(r" +E \w", line)]
    for codec, (encoder, parser) in CODECS.items():
        coded = folder / f"coded-{codec}.mkv"
        if _ran(["ffmpeg", "-i", seen, "-an", "-g", "10", *RATE, "-c:v", *encoder, coded]):
            for muxer in (one for one in muxers if not _NO_CONTAINER.fullmatch(one)):
                path = folder / f"ffmpeg-{muxer}-{codec}"
                if _ran(["ffmpeg", "-i", coded, "-c", "copy", "-f", muxer, path]):
                    yield from _readable(File(path, "ffmpeg", muxer, codec), coded)
                path.unlink(missing_ok=True)
            for muxer in GST_MUXERS:
                path = folder / f"gst-{muxer}-{codec}"
                parts = ["matroskademux", parser, muxer, f"filesink location={path}"]
                pipe = " ! ".join([f"filesrc location={coded}", *parts])
                if _ran(["gst-launch-1.0", "-q", *pipe.split()]):
                    yield from _readable(File(path, "gst", muxer, codec), coded)
                path.unlink(missing_ok=True)
        coded.unlink(missing_ok=True)


def _ran(command: list[object]) -> bool:
    """Whether it could: most codecs do not go into most containers."""
    quiet = ["-hide_banner", "-v", "error", "-y"] if command[0] == "ffmpeg" else []
    line = [str(command[0]), *quiet, *map(str, command[1:])]
    try:
        return not subprocess.run(line, capture_output=True, timeout=40, stdin=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        return False


def _readable(file: File, coded: Path) -> Iterator[File]:
    """The file, if the pictures that were put into it can be taken out of it again; else it is said."""
    try:
        off = [np.abs(one - other).mean() for one, other in zip(_pictures(coded), _pictures(file.path), strict=True)]
        if max(off) < SAME:
            yield file
            return
        print(f"{file.path.name}: holds other pictures, by its writer", flush=True)
    except (av.error.FFmpegError, IndexError, ValueError):
        print(f"{file.path.name}: cannot be read as what it is", flush=True)


def _pictures(video: Path) -> Iterator[NDArray[np.float32]]:
    """The grey of every fifth picture, small."""
    with av.open(str(video)) as container:
        for number, picture in enumerate(container.decode(video=0)):
            if number % 5 == 0:
                yield picture.reformat(160, 90, "gray").to_ndarray().astype(np.float32)


def _say(judged: list[tuple[File, str]], expected: list[Told], all_of_them: bool) -> int:
    by_container: dict[str, list[str]] = defaultdict(list)
    for file, _ in judged:
        by_container[f"{file.writer} {file.container}"].append(file.codec)
    print(f"expected: {', '.join(f'{one.rule} {one.state} {one.at:.1f} s' for one in expected)}\n")
    for name, codecs in by_container.items():
        print(f"{name}: {', '.join(codecs)}")
    wrong = [(file, what) for file, what in judged if what]
    for file, what in wrong:
        print(f"WRONG {file.writer} {file.container} {file.codec}: {what}")
    containers = {file.container for file, _ in judged}
    print(f"\n{len(judged)} files in {len(containers)} containers, {len(wrong)} told otherwise than the MP4")
    return int(bool(wrong) or (all_of_them and len(containers) < FEWEST))


if __name__ == "__main__":
    main()
