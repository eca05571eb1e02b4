"""How many live cameras does this machine watch, in each of which somebody is 5 % of the time?

    python -m benchmarks.count [--cameras 68] [--minutes 10] [--write]

`zonewatch run` on so many RTSP cameras of 1080p at 25 pictures a second, a key frame each 2 s: each shows an empty
hall, and once, at another time than its neighbours, half a minute in which two come and go. They are served on the same
machine, which is counted as ours. Every visit and crossing has to be told, and an alert within a second of the packet
that brought its picture (p99); `states` has the start in it, when all are awake. The peer's count is by what
`YOLO.track` with `PolygonZone` costs: as many camera seconds as fit into the cores. That is all pictures, and, reading
all, five a second; measured so often that there is an interval.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.corpus.tiled import Coding, Hall, tiled
from benchmarks.live import decided_after, opened_in
from benchmarks.needs import errors_told
from benchmarks.pairs import Row, asked, ratio, tell
from benchmarks.peers import tracked
from benchmarks.workers import load, memory_mb, status
from pipeline.processes.replaying import usable_cores
from pipeline.simulate.media import read_clip
from pipeline.simulate.server import RtspServer

PEERS = (("ultralytics, every picture", 1, 50.0), ("ultralytics, five a second", 5, 15.0))
_PEER_PICTURES, _PEER_ROUNDS = 150, 5
_GRACE_S = 30.0
_LATE_S = 1.0


def main() -> None:
    """Watch them, and judge."""
    given = asked(__doc__, cameras=68, minutes=10.0)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        hall = Hall(Path(folder), Coding())
        side = _watched(Path(folder), hall, given.cameras, round(60 * given.minutes / hall.piece_s))
        rows = [_row(hall, given.cameras, peer, stride, goal, side) for peer, stride, goal in PEERS]
    tell("count", rows, given)


def _row(hall: Hall, cameras: int, peer: str, stride: int, goal: float, side: dict[str, Any]) -> Row:
    claim = "live cameras, 5% activity"
    runs = [tracked(hall.busy, stride, _PEER_PICTURES)() for _ in range(_PEER_ROUNDS)]
    if not all(runs):
        return Row(claim, peer, None, goal, skipped="it cannot be installed here", side=side)
    theirs = [usable_cores() * found["video_s"] / found["cpu_s"] for found in runs]
    good = side["told"] == side["expected"] and side["p99, s"] < _LATE_S
    times = ratio([cameras if good else 0] * len(theirs), theirs)
    return Row(claim, peer, times, goal, side={**side, f"cameras, {peer}": float(np.median(theirs))})


def _watched(folder: Path, hall: Hall, cameras: int, pieces: int) -> dict[str, Any]:
    clips = []
    for busy in range(1, pieces):  # not the first: cameras begin one after the other
        path = tiled(folder / f"{busy}.mp4", [hall.busy if n == busy else hall.empty for n in range(pieces)])
        clips.append(read_clip(path))
    server = RtspServer()
    names = [f"hall-{number}" for number in range(cameras)]
    mounts = [
        server.mount(name, clips[number % len(clips)], restart_on_play=True, loops=1)
        for number, name in enumerate(names)
    ]
    file = folder / "streams.yaml"
    with server:
        told = {name: {"url": server.url(name), **Hall.watched} for name in names}
        file.write_text(yaml.safe_dump({"site": {"id": "bench"}, "cameras": told}))
        run = subprocess.Popen([sys.executable, "-m", "pipeline", "run", str(file), "--log-level", "ERROR"])
        states = _States(folder / "var")
        states.start()
        try:
            middle = pieces * hall.piece_s / 2
            time.sleep(middle / 2)
            used, memory = load(run.pid, middle), memory_mb(run.pid)
            states.ending.set()
            for mount in mounts:
                mount.finished.wait(pieces * hall.piece_s + _GRACE_S)
            time.sleep(_GRACE_S / 3)
            opened = opened_in(folder)
        finally:
            states.ending.set()
            run.send_signal(signal.SIGTERM)
            run.wait(60)
    each = Counter(one.rule for one in hall.expected)
    waits = decided_after(opened)
    return {
        "cameras": cameras,
        "expected": cameras * sum(each.values()),
        "told": sum(
            (Counter(one["rule"] for one in opened) & Counter({k: v * cameras for k, v in each.items()})).values()
        ),
        "alerts": len(opened),
        "p50, s": float(np.percentile(waits, 50)),
        "p99, s": float(np.percentile(waits, 99)),
        "states": ", ".join(f"{state} {share:.0%}" for state, share in states.shares()),
        "CPU, % of a core": used,
        "memory, MB": memory,
    }


class _States(threading.Thread):
    """What status says of the cameras, each ten seconds."""

    def __init__(self, var: Path) -> None:
        super().__init__(daemon=True)
        self.ending, self.seen = threading.Event(), Counter[str]()
        self._var = var

    def run(self) -> None:
        while not self.ending.wait(10.0):
            self.seen.update(one["state"] for one in status(self._var)["cameras"].values())

    def shares(self) -> Sequence[tuple[str, float]]:
        return [(state, count / self.seen.total()) for state, count in self.seen.most_common()]


if __name__ == "__main__":
    main()
