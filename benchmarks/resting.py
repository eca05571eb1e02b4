"""Is anybody missed by a camera that rests? Each scene after an empty stretch, played in full and with rest.

    python -m benchmarks.resting [--only TEXT] [--smoke] [--write]

People come at four moments of a group of pictures. Recordings: H.264 with a key frame each second, each two and each
four (there the rules allow 4 s), HEVC, and strict constant bit rate. `in full` and `resting` are recall and precision
of incidents against the truth; `lost` are those that full decoding told rightly and resting did not, with those that it
told beyond; `decoded` is the share of pictures that was decoded, `rested` of those that passed while the camera rested.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from benchmarks.corpus.judge import Score
from benchmarks.corpus.resting import Played, later, run
from benchmarks.corpus.scenarios import Scenario, scenarios
from benchmarks.needs import errors_told, models_env
from pipeline.catalogue import resolve
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.scene.render import Codec

EMPTY_S = 12.0
PHASES = (0.0, 0.6, 1.1, 1.7)
FPS = 5.0


@dataclass(frozen=True, slots=True)
class Stored:
    """How a recording is coded, and how much later rules may be told."""

    codec: Codec
    key_s: float
    crf: int = 25
    within_s: float = 2.0
    options: dict[str, str] = field(default_factory=dict)


STORED = {
    "1 s": Stored("h264", 1.0),
    "2 s": Stored("h264", 2.0),
    "2 s, HEVC": Stored("hevc", 2.0, 28),
    "2 s, strict CBR": Stored(
        "h264", 2.0, -1, options={"nal-hrd": "cbr", **dict.fromkeys(("b", "minrate", "maxrate", "bufsize"), "1500k")}
    ),
    "4 s": Stored("h264", 4.0, within_s=4.0),
}
RESULTS = Path(__file__).with_name("results")
# The short form, and what it must reach: nothing lost.
SMOKE = ("one person", "running")


@dataclass
class Row:
    """All runs of one scene in one coding."""

    full: Score = field(default_factory=Score)
    rest: Score = field(default_factory=Score)
    lost: Counter[str] = field(default_factory=Counter)
    pictures: int = 0
    decoded: int = 0
    rested: int = 0
    why: Counter[str] = field(default_factory=Counter)

    def add(self, full: Score, rest: Score, resting: Played) -> None:
        self.full.add(full)
        self.rest.add(rest)
        self.lost += rest.misses - full.misses
        self.lost += Counter({f"+{what}": n for what, n in (rest.extras - full.extras).items()})
        self.pictures, self.decoded = self.pictures + resting.pictures, self.decoded + resting.decoded
        self.rested += resting.rested
        self.why.update(resting.why)


def main() -> None:
    """Play, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="the rows that have this in their name")
    parser.add_argument("--smoke", action="store_true", help="two scenes, two codings, one moment")
    parser.add_argument("--write", action="store_true", help="keep the table under benchmarks/results/")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="rows at a time")
    args = parser.parse_args()
    names = [row.name for row in scenarios() if args.only in row.name and (not args.smoke or row.name in SMOKE)]
    asked = [(name, stored) for name in names for stored in (["1 s", "2 s"] if args.smoke else STORED)]
    with errors_told(), ProcessPoolExecutor(args.jobs) as pool:
        played = {pool.submit(partial(_played, *one, smoke=args.smoke)): one for one in asked}
        found: dict[tuple[str, str], Row] = {}
        for one in as_completed(played):
            found[played[one]] = one.result()
            print(_line(*played[one], found[played[one]]), file=sys.stderr, flush=True)
    table = _table({one: found[one] for one in asked})
    print(table)
    if args.write:
        (RESULTS / "resting.md").write_text(table + "\n")
    if args.smoke and (lost := sum((row.lost for row in found.values()), Counter())):
        raise SystemExit(f"benchmarks: lost by resting: {dict(lost)}")


def _played(name: str, stored: str, smoke: bool) -> Row:
    cv2.setNumThreads(1)
    how, row = STORED[stored], Row()
    model = resolve("builtin", models_env())
    detector = PersonDetector(open_session(model), model.entry)
    scene = next(one for one in scenarios() if one.name == name)
    with tempfile.TemporaryDirectory() as folder:
        for phase in PHASES[1:2] if smoke else PHASES:
            shifted = later(scene, EMPTY_S + phase)
            clip = _recorded(Path(folder), shifted, how)
            watched = _watched(shifted, how.within_s)
            full, _ = run(clip, watched, shifted.expected, detector, FPS, rests=False)
            row.add(full, *run(clip, watched, shifted.expected, detector, FPS))
    return row


def _recorded(folder: Path, scene: Scenario, how: Stored) -> Path:
    return scene.record(folder / "scene.mp4", how.codec, how.crf, how.key_s, **how.options)


def _watched(scene: Scenario, within_s: float) -> dict[str, Any]:
    watched = scene.watched
    return {**watched, "rules": {name: {**rule, "within_s": within_s} for name, rule in watched["rules"].items()}}


def _table(found: dict[tuple[str, str], Row]) -> str:
    lines = [
        f"Cameras that rest, built-in detector: {platform.machine()}, Python {platform.python_version()}.",
        "",
        "| scene | key frames | incidents | in full | resting | lost | decoded | rested |",
        "|---|---|---:|---:|---:|---|---:|---:|",
        *(_line(*one, row) for one, row in found.items()),
    ]
    for stored in dict.fromkeys(stored for _, stored in found):
        total = Row()
        for (_, how), row in found.items():
            if how == stored:
                total.full.add(row.full)
                total.rest.add(row.rest)
                total.lost += row.lost
                total.pictures, total.decoded = total.pictures + row.pictures, total.decoded + row.decoded
                total.rested += row.rested
        lines.append(_line("**all**", stored, total, brief=True))
    why = sum((row.why for row in found.values()), Counter())
    lines += ["", "Why a camera did not rest, and in how many runs:", ""]
    return "\n".join([*lines, *(f"- {what} ({n})" for what, n in why.most_common())])


def _line(name: str, stored: str, row: Row, brief: bool = False) -> str:
    full, rest = (f"{one.recall:.3f} / {one.precision:.3f}" for one in (row.full, row.rest))
    lost = str(row.lost.total()) if brief else ", ".join(f"{what} ({n})" for what, n in sorted(row.lost.items()))
    shares = f"{row.decoded / row.pictures:.2f} | {row.rested / row.pictures:.2f}"
    return f"| {name} | {stored} | {row.full.expected} | {full} | {rest} | {lost} | {shares} |"


if __name__ == "__main__":
    main()
