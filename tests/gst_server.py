#!/usr/bin/python3
"""An RTSP server that is not ours: GStreamer's gst-rtsp-server, looping files without re-encoding.

A script for the system's python3 (Debian: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base -good -bad):

    /usr/bin/python3 tests/gst_server.py --port 8554 --user cam --password-env CAM_PASSWORD /cam1=a.mp4 /cam2=b.mp4

H.264 and H.265 from MP4, MJPEG from AVI. Port 0 is any free one. Prints `READY PORT`, runs until SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

_DEMUXER = {".mp4": "qtdemux", ".avi": "avidemux", ".mkv": "matroskademux"}
_PULL_NS = Gst.SECOND // 10
# The payloader must not repeat parameter sets: with several slices FFmpeg would see two pictures. h264parse may.
_CODECS = {
    "h264": ("h264parse config-interval=-1", "video/x-h264,stream-format=byte-stream,alignment=au", "rtph264pay"),
    "h265": ("h265parse config-interval=-1", "video/x-h265,stream-format=byte-stream,alignment=au", "rtph265pay"),
    "jpeg": ("jpegparse", "image/jpeg", "rtpjpegpay"),
}


@dataclass
class Picture:
    """One coded picture; times in nanoseconds from the first."""

    data: bytes
    dts: int
    pts: int
    duration: int
    key: bool


@dataclass
class Recording:
    """A file in memory; `length` nanoseconds after its first picture comes the next loop's."""

    codec: str
    caps: str
    pictures: list[Picture]
    length: int


@dataclass
class Place:
    """Where a mount is in its recording."""

    index: int = 0
    offset: int = 0
    recording: Recording = field(repr=False, default=None)  # type: ignore[assignment]


def read(path: Path) -> Recording:
    """Raises SystemExit where there is nothing to play."""
    for codec, (parse, caps, _) in _CODECS.items():
        pictures, actual = _pull(path, parse, caps)
        if len(pictures) > 1:
            return Recording(codec, actual, *_from_zero(pictures))
    raise SystemExit(f"{path}: no H.264, H.265 or MJPEG in it")


def _pull(path: Path, parse: str, caps: str) -> tuple[list[Picture], str]:
    """All pictures of the file, if it is of this codec."""
    demuxer = _DEMUXER.get(path.suffix, "qtdemux")
    line = f'filesrc location="{path}" ! {demuxer} name=d d.video_0 ! {parse} ! {caps} ! appsink name=sink sync=false'
    pipeline = Gst.parse_launch(line)
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    pictures, actual = [], ""
    while not (sink.get_property("eos") or _failed(pipeline)):
        sample = sink.emit("try-pull-sample", _PULL_NS)
        if sample is not None:
            actual = sample.get_caps().to_string()
            pictures.append(_picture(sample.get_buffer()))
    pipeline.set_state(Gst.State.NULL)
    return pictures, actual


def _failed(pipeline: Gst.Pipeline) -> bool:
    return pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR) is not None


def _picture(buffer: Gst.Buffer) -> Picture:
    pts = buffer.pts if buffer.pts != Gst.CLOCK_TIME_NONE else buffer.dts
    dts = buffer.dts if buffer.dts != Gst.CLOCK_TIME_NONE else pts
    key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
    return Picture(buffer.extract_dup(0, buffer.get_size()), dts, pts, buffer.duration, key)


def _from_zero(pictures: list[Picture]) -> tuple[list[Picture], int]:
    first, interval = pictures[0].dts, pictures[1].dts - pictures[0].dts
    for picture in pictures:
        picture.dts -= first
        picture.pts -= first
        picture.duration = interval
    return pictures, pictures[-1].dts + interval


class Camera(GstRtspServer.RTSPMediaFactory):
    """Plays one recording for ever, one stream for all clients."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self.set_shared(True)

    def do_create_element(self, url: GstRtsp.RTSPUrl) -> Gst.Element:
        parse, _, payloader = _CODECS[self._recording.codec]
        return Gst.parse_launch(
            f"( appsrc name=source is-live=true format=time max-bytes=4000000 ! {parse} ! {payloader} name=pay0 pt=96 )"
        )

    def do_configure(self, media: GstRtspServer.RTSPMedia) -> None:
        source = media.get_element().get_by_name_recurse_up("source")
        source.set_property("caps", Gst.Caps.from_string(self._recording.caps))
        source.connect("need-data", _push, Place(recording=self._recording))


def _push(source: Gst.Element, _wanted: int, place: Place) -> None:
    """Hand over the next picture, with times that go on over the loops."""
    picture = place.recording.pictures[place.index]
    buffer = Gst.Buffer.new_wrapped(picture.data)
    buffer.dts, buffer.pts = picture.dts + place.offset, picture.pts + place.offset
    buffer.duration = picture.duration
    if not picture.key:
        buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
    place.index += 1
    if place.index == len(place.recording.pictures):
        place.index, place.offset = 0, place.offset + place.recording.length
    source.emit("push-buffer", buffer)


def _with_login(server: GstRtspServer.RTSPServer, user: str, password: str) -> None:
    """Digest."""
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("mounts", nargs="+", metavar="/PATH=FILE")
    parser.add_argument("--port", default="8554")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--user")
    parser.add_argument("--password-env", metavar="NAME", help="environment variable that holds the password")
    return parser.parse_args()


def main() -> None:
    """Serve until a signal comes."""
    arguments = _arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(arguments.host)
    server.set_service(arguments.port)
    if arguments.user:
        _with_login(server, arguments.user, os.environ[arguments.password_env])
    for mount in arguments.mounts:
        path, _, file = mount.partition("=")
        camera = Camera(read(Path(file)))
        if arguments.user:
            role = "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            camera.add_role_from_structure(Gst.Structure.new_from_string(role))
        server.get_mount_points().add_factory(path, camera)
    if not server.attach(None):
        sys.exit(f"cannot listen on port {arguments.port} of {arguments.host}")
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    print("READY", server.get_bound_port(), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
