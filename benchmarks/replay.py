"""How much video does one core replay? `python -m benchmarks.replay` prints the table.

Ours is the whole of `zonewatch replay`: decode, motion, people, tracks, rules. The peers are what people write first,
with the same ONNX model, the same thresholds and one thread: they decode and detect, and do not even track.
Without footage the drawn school is replayed: it runs anywhere, and says less, as hardly anything else moves in it.
Each measurement is a process of its own; methods alternate within a round, so that a noisy machine is noisy for all.
Counted is CPU time (user and system) from the first picture to the last, without imports and loading of the model.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import yaml

from benchmarks.needs import SHARED, errors_told, missing
from benchmarks.peers import PEERS, Peer
from pipeline.config import Camera, Config
from pipeline.simulate.scene import car_park, hall, render
from pipeline.workers.replay import replay

TRUTH = "ground_truth.yaml"
METHODS = ("zonewatch", *PEERS)


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="one round of the shortest clip: does it still run?")
    parser.add_argument("--footage", type=Path, help=f"folder of clips and {TRUTH}; none: ../shared/footage, or drawn")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "CLIP"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        footage = _footage(given.footage, Path(folder))
        if given.one:
            print(json.dumps(_measured(given.one[0], footage / given.one[1], footage)))
            return
        clips = sorted(_truth(footage), key=lambda name: (footage / name).stat().st_size)
        rounds, clips = (1, clips[:1]) if given.smoke else (given.rounds, clips)
        _print({clip: _alternate(clip, rounds, footage) for clip in clips}, rounds)


def _footage(named: Path | None, folder: Path) -> Path:
    """The folder named, else the one beside the clone, else one that is drawn into `folder`."""
    if named and not (named / TRUTH).is_file():
        missing(f"the file {named / TRUTH} that says what is watched in which clip")
    beside = SHARED / "footage"
    return named or (beside if (beside / TRUTH).is_file() else _drawn(folder))


def _drawn(folder: Path) -> Path:
    told = {}
    for name, place, play in (("hall", hall.PLACE, hall.PLAY), ("car-park", car_park.PLACE, car_park.PLAY)):
        clip = render(folder / f"{name}.mp4", place, play)
        shapes = place.shapes()
        told[clip.name] = {
            "zones": {zone: shape["polygon"] for zone, shape in shapes["zones"].items()},
            "lines": {line: shape["points"] for line, shape in shapes["lines"].items()},
        }
    (folder / TRUTH).write_text(yaml.safe_dump(told))
    return folder


def _truth(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / TRUTH).read_text()))


def _alternate(clip: str, rounds: int, footage: Path) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    for _ in range(rounds):
        for method in METHODS:
            command = [sys.executable, "-m", "benchmarks.replay", "--one", method, clip, "--footage", str(footage)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                raise SystemExit(done.returncode)  # it has said why
            found[method].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def _measured(method: str, clip: Path, footage: Path) -> dict[str, float]:
    """Seconds of video, and seconds of CPU from the first picture on."""
    cv2.setNumThreads(1)
    steps = _ours(clip, _truth(footage)[clip.name]) if method == "zonewatch" else _peer(PEERS[method], clip)
    next(steps)  # the first picture: everything is loaded
    began = _cpu_s()
    played = list(steps)
    used = _cpu_s() - began
    return {"video_s": played[-1][0], "cpu_s": used, "incidents": sum(told for _, told in played)}


def _ours(clip: Path, truth: dict[str, Any]) -> Iterator[tuple[float, int]]:
    zones = {name.replace("_", "-"): {"polygon": polygon} for name, polygon in truth.get("zones", {}).items()}
    lines = {name: {"points": points} for name, points in truth.get("lines", {}).items()}
    rules = {f"in-{zone}": {"zone": zone, "trigger": "enter"} for zone in zones}
    rules |= {f"over-{line}": {"line": line, "trigger": "cross"} for line in lines}
    camera = {"url": str(clip), "zones": zones, "lines": lines, "rules": rules}
    config = Config.model_validate({"site": {"id": "bench"}, "cameras": {"clip": camera}}, context={"folder": Path()})
    chosen: Camera = config.cameras["clip"]
    for step in replay(config, chosen, [clip]):
        yield step.media_s, sum(incident.revision == 1 for incident in step.incidents)


def _peer(peer: Callable[[Path], Peer], clip: Path) -> Iterator[tuple[float, int]]:
    for seconds in peer(clip):
        yield seconds, 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _print(results: dict[str, dict[str, list[dict[str, float]]]], rounds: int) -> None:
    print(f"Seconds of video replayed by one second of one core; median of {rounds} (least to most).")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| clip | method | video s / core s | ours is faster by | incidents |")
    print("|---|---|---:|---:|---:|")
    for clip, methods in results.items():
        ours = [run["video_s"] / run["cpu_s"] for run in methods["zonewatch"]]
        for method, runs in methods.items():
            speeds = [run["video_s"] / run["cpu_s"] for run in runs]
            ratios = [a / b for a, b in zip(ours, speeds, strict=True)]
            told = f"{runs[0]['incidents']:.0f}" if method == "zonewatch" else "does not judge"
            ratio = "" if method == "zonewatch" else _spread(ratios, "×")
            print(f"| {clip} | {method} | {_spread(speeds)} | {ratio} | {told} |")


def _spread(values: list[float], unit: str = "") -> str:
    return f"{statistics.median(values):.1f}{unit} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    main()
