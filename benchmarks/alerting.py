"""From a picture's arrival to the alert that can be read in Redis: eight cameras of 1080p25, two of them busy.

    python -m benchmarks.alerting [--seconds 120] [--rounds 3] [--write]

Ours is the whole of `zonewatch run` with a Redis server; counted are all alerts that are opened, from when the last
packet of the picture that decided them had come to when a reader of the stream has them. No camera may rest: what that
adds is `waking`'s affair. The peer has a thread for each camera that reads with cv2.VideoCapture and keeps the newest
picture; `YOLO.track` has one after the other, and writes to Redis what it found: counted is each picture of a busy
camera.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import redis
import yaml

from benchmarks.live import BUSY, QUIET, clips_of, configured, served
from benchmarks.needs import errors_told
from benchmarks.pairs import Row, asked, ratio, tell
from benchmarks.peers import environment
from benchmarks.workers import status, until
from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import Event
from pipeline.types import CameraState
from tests.redis_server import RedisServer

STREAM, OURS, PEER, GOAL = "alerts", "zonewatch", "cv2 + ultralytics + redis-py", 10.0
_SETTLE_S, _PROMISED_S = 30.0, 0.25


def main() -> None:
    """Ours awake, ours resting, the peer, round by round."""
    given = asked(__doc__, seconds=120.0, rounds=3)
    found: dict[str, list[list[float]]] = {OURS: [], PEER: []}
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder, RedisServer() as store:
        clips = clips_of(Path(folder))
        for number in range(given.rounds):
            for who in (OURS, PEER) if number % 2 == 0 else (PEER, OURS):
                with served(clips) as server:
                    watched = partial(_ours, Path(folder) / f"{number}") if who == OURS else _peer
                    found[who].append(watched(server, store, given.seconds))
    rows = _rows(found)
    tell("alerting", rows, given)


def _rows(found: dict[str, list[list[float]]]) -> list[Row]:
    side: dict[str, float] = {}
    for who, rounds in found.items():
        waits = [wait for waits in rounds for wait in waits]
        if waits:
            side |= {f"s, {who}, p{share}": float(np.percentile(waits, share)) for share in (50, 99)}
        side[f"counted, {who}"] = len(waits)
    claim = "time to alert, p99"
    ours = [float(np.percentile(waits, 99)) for waits in found[OURS]]
    promised = Row(claim, f"{_PROMISED_S:g} s", ratio([_PROMISED_S] * len(ours), ours), 1.0, side=side)
    if not all(found[PEER]):
        return [Row(claim, PEER, None, GOAL, skipped="it cannot be installed here", side=side), promised]
    theirs = [float(np.percentile(waits, 99)) for waits in found[PEER]]
    return [Row(claim, PEER, ratio(theirs, ours), GOAL, side=side), promised]


def _ours(folder: Path, server: RtspServer, store: RedisServer, seconds: float) -> list[float]:
    folder.mkdir()
    file = folder / "streams.yaml"
    client = redis.Redis.from_url(store.url, protocol=2)
    client.flushall()
    alerts = {"redis": {"url": store.url, "stream": STREAM}}
    file.write_text(yaml.safe_dump({"site": {"id": "bench"}, "alerts": alerts, "cameras": configured(server, 0.0)}))
    run = subprocess.Popen([sys.executable, "-m", "pipeline", "run", str(file), "--log-level", "WARNING"])
    try:
        until(lambda: sum(CameraState(one["state"]).sees for one in status(folder / "var")["cameras"].values()) == 8)
        time.sleep(_SETTLE_S)
        heard = opened(client, seconds)
        return [read - datetime.fromisoformat(data["times"]["received"]).timestamp() for read, data in heard]
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)


def opened(client: redis.Redis, seconds: float) -> Iterator[tuple[float, Event]]:
    """For so long: each alert that is opened, and when it could be read, Unix seconds."""
    last, end = "$", time.time() + seconds
    while (left := end - time.time()) > 0:
        found: Any = client.xread({STREAM: last}, count=100, block=max(1, int(min(left, 1.0) * 1000)))
        now = time.time()
        for number, fields in found[0][1] if found else []:
            last = number
            data = json.loads(fields[b"data"])["data"]
            if data["state"] == "opened":
                yield now, data


def _peer(server: RtspServer, store: RedisServer, seconds: float) -> list[float]:
    if environment.ready():
        return []
    script = Path(__file__).with_name("peers") / "ultralytics_alerts.py"
    urls = [server.url(name) for name in (*BUSY, *QUIET)]
    command = [str(environment.PYTHON), str(script), store.url, str(seconds), str(len(BUSY)), *urls]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment.variables())
    return list(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
