"""Eight cameras live, two of them busy: what does the whole system cost, awake and resting?

    python -m benchmarks.live [--seconds 600] [--write]

`zonewatch run` on RTSP cameras of 1080p at 25 pictures a second: six look at an empty yard, three of them coded so that
the noise shows in their packets, and in two somebody comes and goes all the time. Once no camera may rest (`within_s` 0
for all rules), and once all may. Counted are the CPU of the system's processes, in shares of one core, after the first
half minute; alerts of the busy cameras against visits to their zones meanwhile, how long after the picture came they
were decided, and how all cameras are doing at the end.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.idle import CODED, SECONDS, clip
from benchmarks.needs import errors_told
from benchmarks.pairs import RESULTS, machine
from benchmarks.workers import load, memory_mb, status, until
from pipeline.simulate.scene import hall, render, visits
from pipeline.simulate.scene import yard as empty
from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import Event
from pipeline.sinks.outbox import Outbox
from pipeline.types import CameraState

QUIET = {"quiet-1": "qp", "quiet-2": "qp", "quiet-3": "qp", "noisy-1": "crf", "noisy-2": "crf", "noisy-3": "crf"}
BUSY = ("busy-1", "busy-2")
SIZE, FPS = (1920, 1080), 25
_SETTLE_S = 30.0


def main() -> None:
    """Awake, then resting; both printed side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--write", action="store_true", help="keep the table under benchmarks/results/")
    given = parser.parse_args()
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        clips = clips_of(Path(folder))
        found = {
            name: _watched(Path(folder) / name, clips, within_s, given.seconds)
            for name, within_s in (("awake", 0.0), ("resting", 2.0))
        }
    told = _table(found, given.seconds)
    print(told)
    if given.write:
        (RESULTS / "live.md").write_text(told + "\n")


def clips_of(folder: Path) -> dict[str, Path]:
    """What each camera shows, over and over."""
    made = {coded: clip(folder / f"{coded}.mp4", CODED[coded], SECONDS) for coded in set(QUIET.values())}
    busy = render(folder / "busy.mp4", hall.PLACE, hall.PLAY, SIZE, FPS, key_s=2.0, tune="zerolatency")
    return {**{name: made[coded] for name, coded in QUIET.items()}, **dict.fromkeys(BUSY, busy)}


def configured(server: RtspServer, within_s: float) -> dict[str, Any]:
    """All of them as in `streams.yaml`."""
    told = {}
    for name in (*QUIET, *BUSY):
        shapes = (hall if name in BUSY else empty).PLACE.shapes(SIZE[0] / SIZE[1])
        rules = {zone: {"trigger": "enter", "zone": zone, "within_s": within_s} for zone in shapes["zones"]}
        told[name] = {"url": server.url(name), **shapes, "rules": rules}
    return told


@contextmanager
def served(clips: dict[str, Path]) -> Iterator[RtspServer]:
    """By this process, whose CPU is not counted."""
    server = RtspServer()
    for name, path in clips.items():
        server.mount(name, path)
    with server:
        yield server


def _watched(folder: Path, clips: dict[str, Path], within_s: float, seconds: float) -> dict[str, Any]:
    folder.mkdir()
    file = folder / "streams.yaml"
    with served(clips) as server:
        config = {"site": {"id": "bench"}, "cameras": configured(server, within_s)}
        file.write_text(yaml.safe_dump(config))
        run = subprocess.Popen([sys.executable, "-m", "pipeline", "run", str(file), "--log-level", "WARNING"])
        try:
            until(
                lambda: sum(CameraState(one["state"]).sees for one in status(folder / "var")["cameras"].values()) == 8
            )
            time.sleep(_SETTLE_S)
            first = len(opened_in(folder))
            used, memory = load(run.pid, seconds), memory_mb(run.pid)
            opened, cameras = opened_in(folder)[first:], status(folder / "var")["cameras"]
        finally:
            run.send_signal(signal.SIGTERM)
            run.wait(60)
    waits = decided_after(opened)
    return {"cpu": used, "memory": memory, "cameras": cameras, "opened": len(opened), "waits": waits}


def opened_in(folder: Path) -> list[Event]:
    """All alerts that were opened, from the journal."""
    outbox = Outbox(folder / "var/alerts.db", readonly=True)
    events = [event["data"] for _, event in outbox.read(n=100_000)]
    outbox.close()
    return [event for event in events if event["state"] == "opened"]


def decided_after(opened: Sequence[Event]) -> list[float]:
    """Seconds from when the picture came until it was decided."""
    return [_seconds(one["times"]["decided"]) - _seconds(one["times"]["received"]) for one in opened]


def _seconds(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


def _table(found: dict[str, dict[str, Any]], seconds: float) -> str:
    visited = len(visits(hall.PLACE, hall.PLAY, hall.PLAY.seconds)) * seconds / hall.PLAY.seconds * len(BUSY)
    lines = [
        f"Eight cameras of 1080p25, {seconds:.0f} s each way: {machine()['processor']}, {machine()['cores']} cores.",
        "",
        f"| | CPU, % of a core | memory, MB | alerts ({visited:.0f} visits) | decided after, p50 / p99, s | cameras |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, one in found.items():
        states = [camera["state"] for camera in one["cameras"].values()]
        told = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        waits = " / ".join(f"{wait:.2f}" for wait in np.percentile(one["waits"], (50, 99)))
        lines.append(f"| {name} | {one['cpu']:.0f} | {one['memory']:.0f} | {one['opened']} | {waits} | {told} |")
    lines += ["", "How the cameras that may rest are doing:", ""]
    for name, camera in found["resting"]["cameras"].items():
        why = camera["wakeful"] or ("its packets tell" if camera["packets"] == "" else camera["packets"])
        lines.append(f"- {name}: {camera['state']}: {why}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
