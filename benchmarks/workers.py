"""How many cameras should a worker hold? `python -m benchmarks.workers` prints memory, CPU and healing time.

Quiet cameras (a noisy empty picture, 320 × 180, 5 pictures a second) from our simulator over RTSP/TCP, so that the cost
of processes shows and not that of people. Memory is the proportional set size of all processes, CPU that of all of
them in shares of one core, healing the time from `kill -9` of one worker until each of its cameras is watched again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import yaml

from pipeline.types import CameraState

_SETTLE_S = 8.0
_MEASURE_S = 15.0
_DEADLINE_S = 120.0


def main() -> None:
    """Measure each number of cameras with each number a worker, in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--each", type=int, nargs="+", default=[1, 4, 8, 16, 64])
    given = parser.parse_args()
    print("| cameras | a worker | workers | start s | memory MB | CPU % of a core | healing s |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        clip = _clip(Path(folder) / "quiet.mp4")
        for cameras in given.cameras:
            for each in [each for each in given.each if each <= cameras]:
                print(_row(Path(folder), clip, cameras, each), flush=True)


def _clip(path: Path) -> Path:
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"g": "5", "bf": "0", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(50):
            picture = np.clip(110 + noise.normal(0, 3, (180, 320, 3)), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


def _row(folder: Path, clip: Path, cameras: int, each: int) -> str:
    names = [f"c{number}" for number in range(cameras)]
    mounts = [f"{name}={clip}" for name in names]
    simulator = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "simulate", *mounts, "--port", "8699"], stdout=subprocess.PIPE, text=True
    )
    assert simulator.stdout is not None
    for _ in names:
        simulator.stdout.readline()
    var = folder / f"var-{cameras}-{each}"
    config = {
        "site": {"id": "bench"},
        "alerts": {"journal": f"{var}/alerts.db", "snapshots": f"{var}/snapshots"},
        "workers": {"cameras_each": each},
        "cameras": {name: {"url": f"rtsp://127.0.0.1:8699/{name}", "analyse_fps": 2} for name in names},
    }
    file = folder / f"streams-{cameras}-{each}.yaml"
    file.write_text(yaml.safe_dump(config))
    began = time.monotonic()
    run = subprocess.Popen([sys.executable, "-m", "pipeline", "run", str(file), "--log-level", "CRITICAL"])
    try:
        until(lambda: _watching(var) == cameras)
        started = time.monotonic() - began
        time.sleep(_SETTLE_S)
        cpu, memory = load(run.pid), memory_mb(run.pid)
        workers = len(status(var)["workers"])
        healing = statistics.median(_healing(var, cameras) for _ in range(3))
        return f"| {cameras} | {each} | {workers} | {started:.1f} | {memory:.0f} | {cpu:.0f} | {healing:.1f} |"
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)
        simulator.terminate()
        simulator.wait(10)


def _healing(var: Path, cameras: int) -> float:
    """Seconds from the death of a worker until all cameras are watched; its own reports tell, by their connections."""
    victim = next(iter(status(var)["workers"].values()))
    os.kill(victim["pid"], signal.SIGKILL)
    began = time.monotonic()
    until(lambda: _replaced(var, victim["pid"]) and _watching(var) == cameras)
    return time.monotonic() - began


def _replaced(var: Path, pid: int) -> bool:
    return all(worker["pid"] not in (None, pid) for worker in status(var)["workers"].values())


def status(var: Path) -> dict[str, Any]:
    """The running system's account of itself."""
    try:
        return dict(json.loads((var / "alerts.db.status.json").read_text()))
    except (OSError, ValueError):
        return {"cameras": {}, "workers": {}}


def _watching(var: Path) -> int:
    return sum(CameraState(camera["state"]).sees for camera in status(var)["cameras"].values())


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + _DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("gave up waiting for the cameras")
        time.sleep(0.05)


def _family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [descendant for child in children for descendant in _family(int(child))]


def memory_mb(pid: int) -> float:
    """Of a process and its descendants, what they share divided among them."""
    total = 0
    for one in _family(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) if line.startswith("Pss:") else 0
    return total / 1024


def load(pid: int, seconds: float = _MEASURE_S) -> float:
    """CPU of a process and its descendants for so long, in per cent of a core."""
    before = _ticks(pid)
    time.sleep(seconds)
    return 100 * (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / seconds


def _ticks(pid: int) -> int:
    stats = [Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split() for one in _family(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats)


if __name__ == "__main__":
    main()
