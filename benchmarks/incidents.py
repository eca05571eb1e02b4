"""Are incidents told, all of them and nothing else? Scenes with known truth, each as several recordings and rates.

    python -m benchmarks.incidents [--model NAME] [--only TEXT] [--smoke] [--write]

Each scenario is stored in H.264 and HEVC at two bit rates, and judged at 10, 5 and 2 pictures a second. Recall and
precision are of incidents; "late" is the 95th percentile of when they are told beyond what the rule waits for and one
picture; "switched" the share of people who ended with somebody else's number. `--write` keeps the table under
`results/`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import cv2

from benchmarks.corpus.composites import Composite, composites
from benchmarks.corpus.judge import Score, play
from benchmarks.corpus.scenarios import Scenario, scenarios
from benchmarks.needs import SHARED, errors_told, models_env
from pipeline.catalogue import resolve
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.scene.render import Codec

Row = Scenario | Composite
RATES = (10.0, 5.0, 2.0)
STORED: tuple[tuple[Codec, int], ...] = (("h264", 23), ("h264", 32), ("hevc", 24), ("hevc", 33))
RESULTS = Path(__file__).with_name("results")
# The short form: these rows, one recording, five pictures a second; and what recall and precision may not fall below.
SMOKE = {
    "one person": (1.0, 1.0),
    "meet and turn back": (1.0, 1.0),
    "hidden by a pillar": (1.0, 1.0),
    "four far apart": (1.0, 1.0),
    "squeezed 960x1080": (1.0, 1.0),
}


def main() -> None:
    """Play, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="builtin", help="a name of models/models.yaml")
    parser.add_argument("--only", default="", help="the rows that have this in their name")
    parser.add_argument("--smoke", action="store_true", help="a few rows, once each, with floors")
    parser.add_argument("--write", action="store_true", help="keep the table under benchmarks/results/")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="rows at a time")
    args = parser.parse_args()
    rows = [row for row in _rows() if args.only in row.name and (not args.smoke or row.name in SMOKE)]
    with errors_told(), ProcessPoolExecutor(args.jobs) as pool:
        resolve(args.model, models_env())
        scored = partial(_scored, model=args.model, smoke=args.smoke)
        # The longest come last in the list, and are begun first.
        played = {pool.submit(scored, row.name): row for row in reversed(rows)}
        found = {played[one].name: _noted(played[one], one.result()) for one in as_completed(played)}
    scores = [found[row.name] for row in rows]
    table = _table(rows, scores, args.model)
    print(table)
    if args.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"incidents-{args.model}.md").write_text(table + "\n")
    if args.smoke:
        _check(rows, scores)


def _rows() -> list[Row]:
    return [*scenarios(), *composites(SHARED / "footage")]


def _noted(row: Row, score: Score) -> Score:
    print(_line(row.name, score), ", ".join(_wrong(score)), file=sys.stderr, flush=True)
    return score


def _scored(name: str, model: str, smoke: bool) -> Score:
    """All runs of one row."""
    row = next(row for row in _rows() if row.name == name)
    cv2.setNumThreads(1)
    found = resolve(model, models_env())
    detector, total = PersonDetector(open_session(found), found.entry), Score()
    with tempfile.TemporaryDirectory() as folder:
        for codec, crf in STORED[:1] if smoke else STORED:
            clip = row.record(Path(folder) / f"{codec}-{crf}.mp4", codec, crf)
            for fps in (5.0,) if smoke else RATES:
                total.add(play(clip, row.watched, row.expected, detector, fps, row.places))
    return total


def _table(rows: list[Row], scores: list[Score], model: str) -> str:
    total = Score()
    for score in scores:
        total.add(score)
    lines = [
        f"Incidents with `{model}`: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| scenario | incidents | told | recall | precision | late p95, s | switched |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_line(row.name, score) for row, score in zip(rows, scores, strict=True)),
        _line("**all**", total),
        "",
        "What was missed (-) and told without being so (+), and in how many runs:",
        "",
    ]
    for row, score in zip(rows, scores, strict=True):
        lines += [f"- {row.name}: {', '.join(wrong)}"] if (wrong := _wrong(score)) else []
    return "\n".join(lines)


def _wrong(score: Score) -> list[str]:
    misses = [f"-{what} ({n})" for what, n in sorted(score.misses.items())]
    return misses + [f"+{what} ({n})" for what, n in sorted(score.extras.items())]


def _line(name: str, score: Score) -> str:
    switched = f"{score.switched / score.people:.0%}" if score.people else ""
    shares = f"{score.recall:.3f} | {score.precision:.3f} | {score.late_p95:.2f}"
    return f"| {name} | {score.expected} | {score.told} | {shares} | {switched} |"


def _check(rows: list[Row], scores: list[Score]) -> None:
    """End with 1 where a row of the short form is worse than its floor."""
    for row, score in zip(rows, scores, strict=True):
        recall, precision = SMOKE[row.name]
        if score.recall < recall or score.precision < precision:
            raise SystemExit(f"benchmarks: {row.name}: recall {score.recall:.3f}, precision {score.precision:.3f}")


if __name__ == "__main__":
    main()
