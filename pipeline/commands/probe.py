"""Open each camera once and look at its first pictures: `zonewatch check --probe` and `--draw`.

Not here: keeping a camera open (`capture/camera.py`).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import tzinfo

from pipeline.capture.aspect import Aspect
from pipeline.capture.decode import Stream, open_stream
from pipeline.capture.faults import mistake
from pipeline.capture.rest import LONGEST_S, Rest
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Camera
from pipeline.errors import SourceError
from pipeline.types import Pixels
from pipeline.workers.lane_settings import told_within

log = logging.getLogger(__name__)

PICTURES = 12
"""Enough to tell how fast they come."""
_KEYS_S = 2 * LONGEST_S + 1
"""Of a live camera three key frames come within so long, if they are not too far apart."""


@dataclass(slots=True)
class Probe:
    """What was seen: `size` in pixels, `fps` by the timestamps, `picture` the first one, RGB (h, w, 3).

    `aspect` is its true shape, which `picture` has, and where that is known from; `recorded`: it has an end. Of a live
    camera `key_s` is how far apart its key frames are, and `wakeful` why it cannot rest between them, if it cannot.
    """

    camera: str
    size: tuple[int, int] | None = None
    codec: str | None = None
    fps: float | None = None
    picture: Pixels | None = None
    aspect: Aspect | None = None
    recorded: bool = False
    key_s: float | None = None
    wakeful: str | None = None
    error: str | None = None

    def __str__(self) -> str:
        if self.error or not self.size:
            return f"{self.error}"
        fps = f"{self.fps:.3g} fps" if self.fps else "fps not known"
        shape = f", shown as {self.aspect.ratio:.3g}:1 ({self.aspect.why})" if self.aspect else ""
        what = "; a recording" if self.recorded else ""
        rest = f"; it cannot rest: {self.wakeful}" if self.wakeful else ""
        return f"camera {self.camera}: {self.size[0]}x{self.size[1]} {self.codec} {fps}{shape}{what}{rest}"


def probe(cameras: list[Camera], zone: tzinfo) -> list[Probe]:
    """All at once, in the order given; none takes longer than its own `connect_s` + `stall_s`.

    A connection that is stuck is left behind: its thread ends with the program.
    """
    started = [_Look(camera, zone) for camera in cameras]
    for look in started:
        look.start()
    clock = SystemClock()
    began = clock.monotonic()
    return [look.result(began + look.patience_s - clock.monotonic()) for look in started]


class _Look(threading.Thread):
    """One camera's thread. What it finds is handed over whole, so that a late one changes nothing."""

    def __init__(self, camera: Camera, zone: tzinfo) -> None:
        super().__init__(name=f"probe {camera.name}", daemon=True)
        self.patience_s = camera.connect_s + camera.silence_s
        self._camera = camera
        self._zone = zone
        self._first: Probe | None = None
        self._done: Probe | None = None

    def run(self) -> None:
        try:
            with open_stream(self._camera, SystemClock(), Timeline(), self._zone) as stream:
                self._done = self._watch(stream)
        except SourceError as error:
            self._done = self._first or Probe(self._camera.name, error=str(error))
        except Exception as error:
            log.exception("camera %s: a mistake of ours", self._camera.name)
            self._done = self._first or Probe(self._camera.name, error=str(mistake(self._camera, error)))

    def result(self, timeout_s: float) -> Probe:
        """Wait for it. A first picture is enough, should the rest come too slowly."""
        self.join(max(0.0, timeout_s))
        said = (
            f"camera {self._camera.name}: no picture within {self.patience_s:g} s. Check it, or give it more connect_s."
        )
        return self._done or self._first or Probe(self._camera.name, error=said)

    def _watch(self, stream: Stream) -> Probe:
        times: list[float] = []
        # Something always stirs, so that all pictures come.
        rest = Rest(lambda *_: True, told_within(self._camera.judged.values()))
        for frame in stream.frames(rest):
            if frame is None:
                continue
            times.append(frame.pts)
            if self._first is None:
                picture = frame.rgb(size=frame.true_size)
                self._first = Probe(
                    self._camera.name, frame.size, stream.codec, None, picture, stream.aspect, stream.recorded
                )
            if len(times) < PICTURES:
                continue
            self._first = replace(self._first, fps=_rate(times))  # all that is told, if it breaks off now
            if stream.recorded or rest.group_s is not None or frame.pts - times[0] > _KEYS_S:
                break
        if self._first is None:
            said = f"camera {self._camera.name}: it ended without a picture. Check that it is a video."
            return Probe(self._camera.name, error=said)
        wakeful = None if stream.recorded else _wakeful(rest, times[-1] - times[0])
        return replace(self._first, fps=_rate(times), key_s=rest.group_s, wakeful=wakeful)


def _rate(times: list[float]) -> float | None:
    seconds = times[-1] - times[0]
    return (len(times) - 1) / seconds if seconds > 0 else None


def _wakeful(rest: Rest, seconds: float) -> str | None:
    """What its key frames, or their lack within so many seconds, speak against; that its rules cannot wait is known."""
    if not rest.limit_s or seconds <= 0:
        return None
    if rest.group_s is None:
        hint = "set its key frame interval to 2 s (smart codecs off), or take its smaller stream"
        return f"fewer than three key frames came within {seconds:.0f} s: {hint}"
    return rest.against(0.0)
