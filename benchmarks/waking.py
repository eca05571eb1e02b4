"""From key frames alone to the alert: how long until a camera that rests tells of who comes in?

    python -m benchmarks.waking [--seconds 600] [--write]

Eight cameras of 1080p25 with a key frame each 2 s show an empty hall. Each 44 s, one camera 4 s after the other,
somebody comes in at the picture's edge, where a zone begins, for nine seconds: two or three cameras are busy at a time.
Between two key frames it is at four different moments. The sizes of packets do not count (`smallest` is too small for
that). Told are the wait for the packet that wakes the camera, which is from the first picture in the zone to the next
key frame, and what comes after it: the packets since the key frame before are decoded and analysed, somebody is
followed, and a reader of the Redis stream has the alert. Who shows at the edge before they are in the zone wakes it a
key frame earlier: then the alert is there before that packet. `zonewatch run`, as it is.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import redis
import yaml

from benchmarks.alerting import STREAM, opened
from benchmarks.corpus.tiled import tiled
from benchmarks.needs import errors_told
from benchmarks.pairs import Row, asked, ratio, tell
from benchmarks.workers import status, until
from pipeline.simulate.scene import Play, hall, render, visits
from pipeline.simulate.scene.place import Floor
from pipeline.simulate.scene.play import Figure, route
from pipeline.simulate.server import RtspServer
from pipeline.types import CameraState
from tests.redis_server import RedisServer

SIZE, FPS, KEY_S = (1920, 1080), 25, 2.0
CAMERAS, PHASES = 8, (0.0, 0.5, 1.0, 1.5)
_VISIT_S, _LENGTH_S, _APART_S = 14.0, 44.0, 4.0
PLACE = replace(hall.PLACE, zones={"entrance": Floor(-2.6, -1.0, 4.2, 5.4)}, lines={})
_SETTLE_S, _LATEST_S, _PROMISED_S = 40.0, 8.0, 0.6


class Woken(NamedTuple):
    """One who came in. Seconds: until the key frame that tells, and from it until the alert was read."""

    wait: float
    after: float


def main() -> None:
    """Watch, read, compare with what was sent when."""
    given = asked(__doc__, seconds=600.0)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder, RedisServer() as store:
        rows = _rows(*_watched(Path(folder), store, given.seconds))
    tell("waking", rows, given)


def _rows(found: Sequence[Woken], came: int) -> list[Row]:
    side = {"came in": came, "told": len(found)}
    waits, after = (np.array(values) for values in zip(*found, strict=True))
    told = {name: side | _spread(values) for name, values in (("wait", waits), ("after", after))}
    late = [float(np.percentile(after, 99))] if len(found) == came else [float("inf")]
    return [
        Row(
            "alert after the packet that wakes, p99",
            f"{_PROMISED_S:g} s",
            ratio([_PROMISED_S], late),
            1,
            side=told["after"],
        ),
        Row(
            "wait for the packet that wakes, at most",
            f"{KEY_S:g} s",
            ratio([KEY_S], [waits.max()]),
            1,
            side=told["wait"],
        ),
    ]


def _spread(seconds: np.ndarray[Any, Any]) -> dict[str, float]:
    return {f"s, p{share}": float(np.percentile(seconds, share)) for share in (0, 50, 99, 100)}


def _play(phase: float) -> Play:
    way = route(0.3 + phase, (-4.2, 4.75), (3.6, (-0.15, 4.75)), (2.0, (-0.15, 4.75)), (3.6, (-4.2, 4.9)))
    return Play(_VISIT_S, (Figure(hall.PLAY.figures[0].look, way),))


def _clips(folder: Path) -> list[Path]:
    """Of each camera: nobody, the visit, nobody."""
    how: dict[str, Any] = {"key_s": KEY_S, "tune": "zerolatency"}
    empty = render(folder / "empty.mp4", PLACE, Play(KEY_S), SIZE, FPS, **how)
    visited = [render(folder / f"{n}.mp4", PLACE, _play(one), SIZE, FPS, **how) for n, one in enumerate(PHASES)]
    clips = []
    for n in range(CAMERAS):
        before, after = round(n * _APART_S / KEY_S), round((_LENGTH_S - _VISIT_S - n * _APART_S) / KEY_S)
        clips.append(tiled(folder / f"c{n}.mp4", [empty] * before + [visited[n % len(PHASES)]] + [empty] * after))
    return clips


def _watched(folder: Path, store: RedisServer, seconds: float) -> tuple[list[Woken], int]:
    """Who was told of, and how many came in while their camera rested."""
    clips = _clips(folder)
    server = RtspServer()
    mounts = {f"hall-{n}": server.mount(f"hall-{n}", clip) for n, clip in enumerate(clips)}
    file = folder / "streams.yaml"
    client = redis.Redis.from_url(store.url, protocol=2)
    with server:
        rules = {"in": {"trigger": "enter", "zone": "entrance"}}
        watched = {**PLACE.shapes(SIZE[0] / SIZE[1]), "rules": rules, "smallest": 0.02}
        cameras = {name: {"url": server.url(name), **watched} for name in mounts}
        alerts = {"redis": {"url": store.url, "stream": STREAM}}
        file.write_text(yaml.safe_dump({"site": {"id": "bench"}, "alerts": alerts, "cameras": cameras}))
        run = subprocess.Popen([sys.executable, "-m", "pipeline", "run", str(file), "--log-level", "WARNING"])
        states = _States(folder / "var")
        try:
            until(lambda: len(states.seeing()) == CAMERAS)
            time.sleep(_SETTLE_S)
            states.start()
            began = time.time()
            read = _read(client, seconds)
        finally:
            states.ending.set()
            run.send_signal(signal.SIGTERM)
            run.wait(60)
        sent = {name: list(mount.log) for name, mount in mounts.items()}
    found, came = [], 0
    for number, (name, log) in enumerate(sent.items()):
        entered = number * _APART_S + visits(PLACE, _play(PHASES[number % len(PHASES)]))[0].entered
        for first, key in _entries(log, entered):
            if not began < first < began + seconds - _LATEST_S or not states.rested(name, first):
                continue
            came += 1
            if told := [at for at in read.get(name, []) if first <= at < first + _LATEST_S]:
                found.append(Woken(key - first, told[0] - key))
    return found, came


def _entries(log: Sequence[Any], entered: float) -> list[tuple[float, float]]:
    """When the first picture in the zone was sent, and the first key frame from it on, of each round; Unix seconds."""
    found = []
    for n, one in enumerate(log):
        if one.at >= entered and n and log[n - 1].at < entered:
            key = next((later.wall for later in log[n:] if later.key), None)
            found += [(one.wall, key)] if key is not None else []
    return found


def _read(client: redis.Redis, seconds: float) -> dict[str, list[float]]:
    """By camera: when an opened alert could be read, Unix seconds."""
    told: dict[str, list[float]] = {}
    for read, data in opened(client, seconds):
        told.setdefault(data["camera"], []).append(read)
    return told


class _States(threading.Thread):
    """What status says of the cameras, twice a second."""

    def __init__(self, var: Path) -> None:
        super().__init__(daemon=True)
        self.ending = threading.Event()
        self._var = var
        self._seen: list[tuple[float, dict[str, str]]] = []

    def run(self) -> None:
        """Until `ending`."""
        while not self.ending.wait(0.5):
            told = {name: one["state"] for name, one in status(self._var)["cameras"].items()}
            self._seen.append((time.time(), told))

    def seeing(self) -> list[str]:
        """The cameras that are watched now."""
        return [name for name, one in status(self._var)["cameras"].items() if CameraState(one["state"]).sees]

    def rested(self, camera: str, at: float) -> bool:
        """Whether its key frames alone were decoded, by the last word before `at` (Unix s)."""
        before = [told for seen, told in self._seen if seen <= at - 0.5]
        return bool(before) and before[-1].get(camera) == CameraState.RESTING.value


if __name__ == "__main__":
    main()
