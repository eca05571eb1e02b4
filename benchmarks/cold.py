"""How long does it take to find what happened in a long recording that nobody has looked at yet?

    python -m benchmarks.cold [--minutes 120] [--rounds 3] [--slices] [--smoke] [--write]

A drawn hall of 1080p at 25 pictures a second, in 5 % of which somebody is. Ours is `zonewatch replay` as it comes, on
all cores, from the start of the command's work to its last incident; and the same where no rule may be told later,
which looks at every picture. The peers are `YOLO.track` with Supervision's `PolygonZone`, on every picture and on one
in five, with the threads that they take by themselves; their time goes with the pictures, so they are timed on 30 s,
in which somebody is, and only ours plays all of it. Seconds of the clock. What is told is compared with what happens.
`--slices` plays half an hour each, once: other shares of activity, other codings, and with `smallest` as people are.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.corpus.judge import Score, compare
from benchmarks.corpus.scenarios import Expected
from benchmarks.corpus.tiled import FPS, Coding, Hall
from benchmarks.needs import errors_told
from benchmarks.pairs import Row, alternate, asked, fresh, ratio, tell
from benchmarks.peers import tracked
from pipeline.config import Config
from pipeline.processes.replaying import side_by_side, usable_cores
from pipeline.workers.replay import replay

SHARE = 0.05
CLAIMS = (("ultralytics, every picture", 60.0), ("ultralytics, one in five", 15.0), ("ours, every picture", 8.0))
CBR = {"nal-hrd": "cbr", **dict.fromkeys(("b", "minrate", "maxrate", "bufsize"), "6000k")}
SMALLEST = "`smallest: 0.15`, so that packets tell"
SLICES: dict[str, tuple[float, Coding]] = {
    **{f"{share:.0%} of the time somebody is there": (share, Coding()) for share in (0.0, 0.01, 0.05, 0.2, 1.0)},
    SMALLEST: (SHARE, Coding()),
    "HEVC": (SHARE, Coding(codec="hevc")),
    "noise is coded (CRF 21)": (SHARE, Coding(crf=21)),
    "strict constant rate": (SHARE, Coding(options=tuple(CBR.items()))),
    "a key frame each 4 s": (SHARE, Coding(key_s=4.0)),
    "a key frame each 10 s": (SHARE, Coding(key_s=10.0)),
}


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    smoke = "ten minutes, against every picture of ours"
    given = asked(__doc__, ("METHOD", "CLIP"), smoke=smoke, minutes=120.0, rounds=3, slices=False)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        if given.one:
            print(json.dumps(_measured(given.one[0], Path(given.one[1]))))
            return
        rows = _slices(Path(folder)) if given.slices else _rows(Path(folder), given)
    tell("cold-slices" if given.slices else "cold-short" if given.smoke else "cold", rows, given)


def _rows(folder: Path, given: argparse.Namespace) -> list[Row]:
    minutes, rounds, claims = (10.0, 1, CLAIMS[2:]) if given.smoke else (given.minutes, given.rounds, CLAIMS)
    clip, hall = folder / "long.mp4", Hall(folder, Coding())
    _write(clip, hall.recorded(clip, minutes, SHARE))
    peers = {name: tracked(hall.busy, stride) for name, stride in (("every picture", 1), ("one in five", 5))}
    methods = ["ours", *(name for name, _ in claims)]

    def once(method: str) -> dict[str, float]:
        if (name := method.removeprefix("ultralytics, ")) == method:
            return _fresh(method, clip)
        found = peers[name]()
        return {**found, "wall_s": found["wall_s"] / found["pictures"] * 60 * minutes * FPS} if found else {}

    found = alternate(methods, rounds, once)
    return [_row(f"cold replay, {SHARE:.0%} activity", peer, goal, found) for peer, goal in claims]


def _slices(folder: Path) -> list[Row]:
    rows, halls = [], dict[Coding, Hall]()
    for n, (name, (share, coding)) in enumerate(SLICES.items()):
        if coding not in halls:
            (folder / f"{n}").mkdir()
            halls = {coding: Hall(folder / f"{n}", coding)}
        clip = folder / "slice.mp4"
        _write(clip, halls[coding].recorded(clip, 30.0, share))
        once = partial(_fresh, clip=clip, smallest=name == SMALLEST)
        found = alternate(("ours", "ours, every picture"), 1, once)
        rows.append(_row(f"cold replay, {name}", "ours, every picture", 0.0, found))
    return rows


def _fresh(method: str, clip: Path, smallest: bool = False) -> dict[str, float]:
    return fresh("benchmarks.cold", method + " " + SMALLEST * smallest, str(clip))


def _row(claim: str, peer: str, goal: float, found: Mapping[str, list[dict[str, float]]]) -> Row:
    if not all(found[peer]):
        return Row(claim, peer, None, goal, skipped="it cannot be installed here")
    walls = {method: [one["wall_s"] for one in found[method]] for method in ("ours", peer)}
    ours, first = ratio(walls[peer], walls["ours"]), found["ours"][0]
    side = {
        "s, ours": sorted(walls["ours"])[len(walls["ours"]) // 2],
        "video, s": first["video_s"],
        "decoded": first["decoded"],
        "recall": first["recall"],
        "precision": first["precision"],
        "onset p95, s": first["onset"],
    }
    if peer.startswith("ours"):
        side |= {f"{name}, every picture": found[peer][0][name] for name in ("recall", "precision")}
    return Row(claim, peer, ours, goal, side=side)


def _write(clip: Path, expected: list[Expected]) -> None:
    clip.with_suffix(".json").write_text(json.dumps([asdict(one) for one in expected]))


def _measured(method: str, clip: Path) -> dict[str, float]:
    expected = [Expected(**one) for one in json.loads(clip.with_suffix(".json").read_text())]
    watched: dict[str, Any] = {**Hall.watched}
    if method.endswith(SMALLEST):
        watched["smallest"] = 0.15
    if "every picture" in method:
        watched["rules"] = {name: {**rule, "within_s": 0.0} for name, rule in watched["rules"].items()}
    camera = {"url": str(clip), **watched}
    config = Config.model_validate({"site": {"id": "bench"}, "cameras": {"c": camera}}, context={"folder": Path()})
    began, told = time.perf_counter(), []
    for step in replay(config, config.cameras["c"], [clip], players=side_by_side(usable_cores())):
        told += [(one, step.media_s) for one in step.incidents]
    wall_s = time.perf_counter() - began
    score: Score = compare(told, expected, config.cameras["c"].analyse_fps)
    return {
        "wall_s": wall_s,
        "video_s": step.media_s,
        "decoded": step.decoded / (step.media_s * FPS),
        "recall": score.recall,
        "precision": score.precision,
        "onset": score.onset_p95,
    }


if __name__ == "__main__":
    main()
