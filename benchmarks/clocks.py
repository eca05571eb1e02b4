"""Cameras whose clocks lie, live over RTSP: is every wanted picture analysed, and every stay as long as it was?

    python -m benchmarks.clocks [--seconds 600]

Six cameras of a drawn hall, in which somebody stands on the mat every 8 s: one whose clock is right, one 0.5 % slow,
one 0.5 % fast, one that is set by 3 s every minute, one whose network stalls for 2 s every half minute, and one that
our decoder reads at 0.9 of real time, but for the first and the last tenth. `share` is, of the wanted pictures (five a
second of what the decoder gave), those that were analysed. One rule asks for stays a little shorter than these, one for
longer ones: `missed` are stays that did not raise the first, `too long` alerts of the second.
Ends with 1 where a share is below 0.99, a stay is judged wrongly, or overload is not told within 5 s, and its end.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from pipeline.capture.camera import Camera as Capture
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.decode import Stream, open_stream
from pipeline.capture.mailbox import Mailbox
from pipeline.capture.timeline import Timeline
from pipeline.clock import Clock, SystemClock
from pipeline.config import Camera, Config, Detector
from pipeline.processes.line import Line
from pipeline.processes.pictures import Pictures
from pipeline.processes.reports import WorkerReport
from pipeline.processes.teller import Teller
from pipeline.processes.worker import Worker
from pipeline.rules.incidents import Origin
from pipeline.simulate.mount import Mount
from pipeline.simulate.scene import hall, render, visits
from pipeline.simulate.server import RtspServer
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from pipeline.types import CameraState
from pipeline.workers.detector import described, load_detector

SIZE, FPS, WANTED = (640, 360), 10, 5.0
LEAST_SHARE, TOLD_WITHIN_S = 0.99, 5.0
_WARM_UP_S = 10.0
_MARGIN_S = 0.8
_SLOWNESS = 0.9
Way = Callable[[Mount, float, float], None]


def right(mount: Mount, at: float, whole: float) -> None:
    """Nothing is wrong."""


def slow(mount: Mount, at: float, whole: float) -> None:  # noqa: ARG001
    """It stamps 0.5 % less than time goes by."""
    mount.faults.rate = 0.995


def fast(mount: Mount, at: float, whole: float) -> None:  # noqa: ARG001
    """And 0.5 % more."""
    mount.faults.rate = 1.005


def stepping(mount: Mount, at: float, whole: float) -> None:  # noqa: ARG001
    """It is set forward by 3 s in one minute, and back in the next."""
    mount.faults.jump = 3.0 * (int(at / 60) % 2)


def stalling(mount: Mount, at: float, whole: float) -> None:  # noqa: ARG001
    """What it sends comes 2 s late, every half minute."""
    mount.faults.hold = at % 30 > 28


CAMERAS: dict[str, Way] = {
    "right": right, "slow": slow, "fast": fast, "stepping": stepping, "stalling": stalling, "decoder": right,
}  # fmt: skip


@dataclass
class Seen:
    """What was told of one camera, report by report: seconds since the start, and the report."""

    reports: list[tuple[float, Any]] = field(default_factory=list)

    def at(self, seconds: float) -> Any:
        """The report then."""
        return next(report for when, report in self.reports if when >= seconds)

    def first(self, state: CameraState, after: float) -> float:
        """When it was in this state, or out of it, first."""
        return next((when for when, report in self.reports if when >= after and report.state is state), float("inf"))


class Slowed:
    """Opens streams whose decoder takes longer than pictures take to come, while `on`."""

    def __init__(self) -> None:
        self.on = False

    def open(self, camera: Camera, clock: Clock, timeline: Timeline) -> Stream:
        """As `open_stream`."""
        stream = open_stream(camera, clock, timeline)
        seen = stream._source.packet_seen

        def slowly(packet: Any, waited_s: float) -> None:
            """The packet has come, and is decoded after this."""
            seen(packet, waited_s)
            if self.on and packet.size:
                time.sleep(1 / (_SLOWNESS * FPS))

        stream._source.packet_seen = slowly  # type: ignore[method-assign]
        return stream


def main() -> None:
    """Watch, and judge what was told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    seconds = parser.parse_args().seconds
    ((_, entered, left),) = [(one.zone, one.entered, one.left) for one in visits(hall.PLACE, hall.PASSING)]
    stay = (left or 0.0) - entered
    server = RtspServer()
    with tempfile.TemporaryDirectory() as folder:
        clip = render(Path(folder) / "hall.mp4", hall.PLACE, hall.PASSING, SIZE, FPS)
        mounts = {name: server.mount(name, clip) for name in CAMERAS}
        with server:
            config = _config({name: server.url(name) for name in CAMERAS}, stay)
            seen = _watched(config, Path(folder), mounts, Slowed(), seconds)
        told = [event["data"] for _, event in Outbox(Path(folder) / "alerts.db").read(n=1_000_000)]
    raise SystemExit(_judged(seen, told, seconds))


def _config(urls: dict[str, str], stay: float) -> Config:
    shapes = hall.PLACE.shapes()
    rules = {
        name: {"zone": "mat", "trigger": "dwell", "seconds": round(stay + more, 2), "update_s": 3600}
        for name, more in (("shorter", -_MARGIN_S), ("longer", _MARGIN_S))
    }
    camera = {"analyse_fps": WANTED, **shapes, "rules": rules}
    return Config.model_validate(
        {"site": {"id": "clocks"}, "cameras": {name: {"url": url, **camera} for name, url in urls.items()}}
    )


def _watched(config: Config, folder: Path, mounts: dict[str, Mount], slowed: Slowed, seconds: float) -> dict[str, Seen]:
    """One worker in this process, for so long; what it reported."""
    clock, stop, wake = SystemClock(), threading.Event(), threading.Event()
    detector, model = load_detector(Detector())
    pictures = Pictures(Snapshots(folder / "snapshots"), clock, wake.set)
    teller = Teller("clocks", Outbox(folder / "alerts.db"), pictures, clock)

    def capturing(camera: Camera, mailbox: Mailbox, clock: Clock, zone: tzinfo) -> CameraThread:
        opened = slowed.open if camera.name == "decoder" else partial(open_stream, zone=zone or UTC)
        return CameraThread(Capture(camera, mailbox, clock, opened))

    worker = Worker(detector, Origin("clocks", described(model)), teller, clock, wake, capturing)
    ours, theirs = Pipe()
    thread = threading.Thread(target=worker.run, args=(Line(theirs, stop, 1e9, clock), stop))
    worker.apply(config)
    thread.start()
    seen = {name: Seen() for name in CAMERAS}
    began = clock.monotonic()
    while (at := clock.monotonic() - began - _WARM_UP_S) < seconds:
        for name, way in CAMERAS.items():
            if at > 0:
                way(mounts[name], at, seconds)
        slowed.on = 0.1 * seconds < at < 0.9 * seconds
        if ours.poll(0.1) and isinstance(report := ours.recv(), WorkerReport):
            for one in report.cameras:
                seen[one.camera].reports.append((clock.monotonic() - began - _WARM_UP_S, one))
    stop.set()
    thread.join()
    return seen


def _judged(seen: dict[str, Seen], told: list[dict[str, Any]], seconds: float) -> int:
    """Print the table; 1 where something is wrong."""
    bad = 0
    opened = [one for one in told if one["state"] == "opened"]
    stays = max(sum(_is(one, name, "shorter") for one in opened) for name in CAMERAS)
    print("| camera | given/s | analysed | wanted | share | dropped | stays | missed | too long |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, one in seen.items():
        first, last = one.at(0.0), one.reports[-1][1]
        span = one.reports[-1][0]
        given, analysed = last.decoded - first.decoded, last.analysed - first.analysed
        wanted = given * WANTED / FPS
        share = min(1.0, analysed / wanted)
        right, wrong = (sum(_is(alert, name, rule) for alert in opened) for rule in ("shorter", "longer"))
        missed = max(0, stays - right - 1)  # one may be going on at either end
        print(
            f"| {name} | {given / span:.2f} | {analysed} | {wanted:.0f} | {share:.3f} | {last.dropped - first.dropped} "
            f"| {right} | {missed} | {wrong} |"
        )
        bad |= share < LEAST_SHARE or missed > 0 or wrong > 0
    over = seen["decoder"].first(CameraState.OVERLOADED, 0.1 * seconds) - 0.1 * seconds
    well = seen["decoder"].first(CameraState.WATCHING, 0.9 * seconds) - 0.9 * seconds
    print(f"\nThe slow decoder is told as overload after {over:.1f} s, and as well {well:.1f} s after its end.")
    return int(bad or over > TOLD_WITHIN_S or well == float("inf"))


def _is(alert: dict[str, Any], camera: str, rule: str) -> bool:
    return bool(alert["camera"] == camera and alert["rule"] == rule)


if __name__ == "__main__":
    main()
