"""A live source: how each kind is opened, and when its frames happened.

Not here: when to try again (`camera.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

import av
import av.error
from av.container import InputContainer

from pipeline.capture.container import open_video
from pipeline.capture.distant import Distant, is_recording
from pipeline.capture.faults import reading_failed, source_error
from pipeline.capture.gop import Came
from pipeline.capture.reach import Reach
from pipeline.capture.redirects import Redirects
from pipeline.capture.tape import AHEAD, Doubts, Stamp
from pipeline.capture.timeline import Placed, Timeline
from pipeline.capture.web import Web
from pipeline.clock import Clock
from pipeline.config import Camera
from pipeline.errors import SourceError, SourceFault
from pipeline.types import WallFrom

_READ_SHARE = 0.4
"""libav's read timeout fires at twice its value: 0.8 of the deadline, so that it comes before the watchdog outside."""
_MICROSECONDS = 1e6
_STILL = ("_pipe", "image2")
"""How libav calls the formats of single pictures."""
_SPAN_S, _SPANS, _BUSY = 0.5, 3, 0.05
"""Of so many spans of so many seconds, a reader that has time spends more than this share waiting for packets."""
_ENOUGH = {"probesize": "500000", "analyzeduration": "1000000"}
# Waits for nothing but the stream's description: the first key frame is not spent on guessing. Never `nobuffer`, which
# throws the probed packets away, key frame included.
_QUICK = {"probesize": "32", "analyzeduration": "0"}
_VIDEO_ONLY = {"allowed_media_types": "video"}
# What an answer over HTTP may be. No playlists: they make this machine fetch what they name.
_FORMATS = (
    "mpjpeg,mjpeg,mpegts,mpeg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,flv,avi,asf,ogg,nut,h264,hevc,m4v,ivf,obu,av1,"
    "jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,gif_pipe,gif,image2pipe"
)
# Where a playlist may lead is decided by us, so that FFmpeg need not look at the names of its parts.
_ANY_NAME = {"extension_picky": "0", "allowed_segment_extensions": "ALL", "allowed_extensions": "ALL"}
_HTTP_OVER = "http,https,httpproxy,tcp,tls"
# In packets of 188 bytes: 8 MB hold a second or two of the largest streams.
_UDP_FIFO = "45000"
# Without `rtsp`, so that FFmpeg follows no redirect; it then fails with one of these.
_RTSP_OVER = "rtp,srtp,udp,tcp,tls,http,https,httpproxy"
_AS_REDIRECTED = (SourceFault.CONFIG, SourceFault.NOT_VIDEO)
_RTSP = {"fpsprobesize": "1", "max_delay": "500000", "buffer_size": "4194304"}


class Live:
    """One connection to a camera; it does not come back by itself, and what it shows is not held back.

    A url may answer with a recording: that is played as one, and ends. `zone` is that of a time in its name.
    """

    def __init__(self, camera: Camera, clock: Clock, timeline: Timeline, zone: tzinfo = UTC) -> None:
        self._camera = camera
        self._clock = clock
        self._timeline = timeline
        self._zone = zone
        self._distant: Distant | None = None
        self._opened = False
        self._no_clock = False
        self.skew_s: float | None = None
        self.busy = False
        self._reach: Reach | None = None
        self._since = clock.monotonic()
        self._waited = 0.0
        self._spans: deque[tuple[float, float]] = deque(maxlen=_SPANS)

    @property
    def recorded(self) -> bool:
        """Whether it is a recording after all."""
        return self._distant is not None

    @property
    def spares(self) -> bool:
        """Whether what need not be looked at need not be decoded: a recording is read once."""
        return self._distant is None

    @property
    def ahead(self) -> int:
        """So many pictures to come help to place one."""
        return AHEAD if self._distant else 0

    @property
    def told_by(self) -> WallFrom | None:
        """Who tells the wall time."""
        return self._distant.told_by if self._distant else "arrival"

    @property
    def doubts(self) -> Doubts | None:
        """Of a recording."""
        return self._distant.doubts if self._distant else None

    def next(self) -> InputContainer | None:
        """The connection, once; after that, the end of a live stream is its loss."""
        if self._opened and self._distant:
            return None
        if self._opened:
            raise source_error(
                self._camera, SourceFault.LOST, "reading", "the camera ended the stream", "Trying again."
            )
        self._opened = True
        container = self._open()
        # Multipart JPEG carries no times; libav would make up 25 frames a second.
        self._no_clock = container.format.name == "mpjpeg"
        self._timeline.begin()
        if self._camera.url.kind == "http" and not self._camera.playlist and is_recording(container):
            url = self._camera.url.reveal()
            self._distant = Distant(container, url, self._clock.wall(), self._timeline, self._zone)
        return container

    def broke(self, error: av.error.FFmpegError) -> None:
        """Reading failed: that is the end of it."""
        if self._distant is not None:
            hint = "Trying again from its beginning; if that lasts, download it and give its path."
            what = f"the recording breaks off: {error.strerror}"
            raise source_error(self._camera, SourceFault.LOST, "reading", what, hint) from None
        raise self._elsewhere("reading") or reading_failed(self._camera, error) from None

    def came(self, _packet: object) -> Came:
        """When a packet came: now."""
        return Came(self._clock.wall(), self._clock.monotonic())

    def place(self, stamp: Stamp, following: Sequence[Stamp], came: Came) -> tuple[Placed | None, float | None]:
        """Where a frame belongs, and when it came (wall)."""
        if self._distant is not None:
            return self._distant.place(stamp, following), None
        stamped = None if self._no_clock else stamp.shown
        return self._timeline.place(stamped, came.wall, came.monotonic, ours=self.busy), came.wall

    @property
    def patient(self) -> bool:
        """Whether what is not read now can be read later: not so pictures without times, which would pass for new."""
        return self._camera.url.kind == "http" and not self._no_clock

    def packet_seen(self, packet: av.Packet[av.VideoStream], waited_s: float) -> None:
        """After `waited_s` seconds. Note how far the camera's clock, from RTCP, is off ours; it decides nothing."""
        self._time(waited_s)
        if packet.has_sidedata("prft"):
            taken = int.from_bytes(bytes(packet.get_sidedata("prft"))[:8], "little", signed=True) / _MICROSECONDS
            self.skew_s = taken - self._clock.wall()

    def _no_still(self, container: InputContainer) -> InputContainer:
        """A url that answers with one picture would be a camera that ends its stream after each, for ever."""
        if container.format.name.endswith(_STILL):
            container.close()
            what = "it answers with a single picture, and not with a video"
            hint = "Take the camera's url for video: RTSP, or multipart JPEG over HTTP."
            raise source_error(self._camera, SourceFault.NOT_VIDEO, "opening", what, hint)
        return container

    def _time(self, waited_s: float) -> None:
        """`busy` is a reader that never has to wait: it takes longer for the pictures than they take to come."""
        self._waited += waited_s
        now = self._clock.monotonic()
        if now - self._since < _SPAN_S:
            return
        self._spans.append((now - self._since, self._waited))
        self._since, self._waited = now, 0.0
        passed, waited = (sum(each) for each in zip(*self._spans, strict=True))
        self.busy = len(self._spans) == _SPANS and waited < _BUSY * passed

    def _open(self) -> InputContainer:
        camera, url = self._camera, self._camera.url.reveal()
        timeout = (camera.connect_s, _READ_SHARE * camera.silence_s)
        if camera.url.kind == "v4l2":
            return open_video(camera, str(camera.url.path), format="v4l2", timeout=timeout)
        if camera.url.kind == "http":
            return self._no_still(self._playlist(timeout) if camera.playlist else self._one_answer(url, timeout))
        if camera.url.kind == "udp":
            options = {"fifo_size": _UDP_FIFO, "overrun_nonfatal": "1", "format_whitelist": "mpegts", **_ENOUGH}
            return open_video(camera, url, options=options, protocols="udp", timeout=timeout)
        return self._rtsp(url, timeout)

    def _rtsp(self, url: str, timeout: tuple[float, float], redirected: bool = False) -> InputContainer:
        options = {"rtsp_transport": self._camera.transport, **_RTSP}
        how: dict[str, Any] = {"protocols": _RTSP_OVER, "timeout": timeout}
        try:
            return open_video(self._camera, url, options={**options, **_VIDEO_ONLY, **_QUICK}, **how)
        except SourceError as error:
            if error.fault in _AS_REDIRECTED:
                return self._rtsp(self._where_it_leads(error, redirected), timeout, redirected=True)
            # A camera of sound only refuses to play nothing in the same words as one that has too many viewers.
            if error.fault not in (SourceFault.NO_VIDEO, SourceFault.BUSY):
                raise
        return open_video(self._camera, url, options={**options, **_ENOUGH}, **how)

    def _where_it_leads(self, error: SourceError, redirected: bool) -> str:
        """Opening failed by `error`: was that a redirect, to where we may go?"""
        redirects = Redirects(self._camera)
        self._reach = redirects.reach
        landing = None if redirected else redirects.landing()
        if landing is not None:
            return landing
        if redirected or (redirects.seen and redirects.reach.refused is None):
            what = "it answers with a redirect, and that leads to no video"
            raise source_error(self._camera, SourceFault.CONFIG, "opening", what, "Write the url meant by it.")
        raise self._elsewhere("opening") or error from None

    def _playlist(self, timeout: tuple[float, float]) -> InputContainer:
        """Its parts are fetched by us, because FFmpeg would fetch them from anywhere."""
        web = Web(self._camera)
        self._reach = web.reach
        options = {"format_whitelist": f"hls,{_FORMATS}", "http_persistent": "0", **_ANY_NAME, **_ENOUGH}
        try:
            return open_video(
                self._camera,
                self._camera.url.reveal(),
                format="hls",
                options=options,
                io_open=web.open,
                timeout=timeout,
                protocols=f"{_HTTP_OVER},crypto,data",
            )
        except SourceError as error:
            raise self._elsewhere("opening") or error from None

    def _one_answer(self, url: str, timeout: tuple[float, float], redirected: bool = False) -> InputContainer:
        options = {"fpsprobesize": "1", "max_redirects": "0", "format_whitelist": _FORMATS, **_ENOUGH}
        try:
            return open_video(self._camera, url, options=options, protocols=_HTTP_OVER, timeout=timeout)
        except SourceError as error:
            web = Web(self._camera)
            self._reach = web.reach
            landing = None if redirected or error.fault is not SourceFault.UNREACHABLE else web.landing()
            if landing is None:
                raise self._elsewhere("opening") or error from None
        return self._one_answer(landing, timeout, redirected=True)

    def _elsewhere(self, doing: str) -> SourceError | None:
        """What is said where something led to another host."""
        if self._reach is None or self._reach.refused is None:
            return None
        host = self._reach.refused.partition("://")[2]
        what = f"it leads to another host, {self._reach.refused}"
        hint = f"If that is right, allow it: `hosts: [{host}]`; or write that url."
        if not host:
            what, hint = "it leads elsewhere, by what is no url of a host", "Set the camera right."
        return source_error(self._camera, SourceFault.CONFIG, doing, what, hint)
