"""How many times faster: methods in fresh processes, in turn and in turn backwards, and what their ratios say.

A machine is busy with other things at times; so methods alternate within a round, every second round backwards, and
what counts is the median of the rounds' ratios, with an interval by bootstrap (Efron 1979). A goal is reached where the
lower end of that is. Results are kept as rows of JSON under `results/`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).with_name("results")
ROUNDS = 7
_SAMPLES = 2000
_VERSIONS = ("av", "numba", "numpy", "onnxruntime", "opencv-python-headless", "opencv-python")


@dataclass(frozen=True, slots=True)
class Ratio:
    """Median of the rounds' ratios, and the 95 % interval of that median."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 0 if self.median >= 100 else 1 if self.median >= 10 else 2
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One claim against one peer. `side` are the conditions that belong to it; `skipped` is why it was not measured."""

    claim: str
    peer: str
    ratio: Ratio | None
    goal: float
    skipped: str = ""
    side: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the lower end of the interval reaches the goal."""
        return self.ratio is not None and self.ratio.low >= self.goal


def alternate(
    methods: Sequence[str], rounds: int, once: Callable[[str], dict[str, float]]
) -> dict[str, list[dict[str, float]]]:
    """What `once` measures of each method, round by round; every second round goes backwards."""
    found: dict[str, list[dict[str, float]]] = {method: [] for method in methods}
    for number in range(rounds):
        for method in methods if number % 2 == 0 else reversed(methods):
            found[method].append(once(method))
    return found


def fresh(module: str, *arguments: str) -> dict[str, float]:
    """What a process of its own says in its last line, as JSON."""
    command = [sys.executable, "-m", module, "--one", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)  # it has said why
    return dict(json.loads(done.stdout.splitlines()[-1]))


def ratio(peer: Sequence[float], ours: Sequence[float]) -> Ratio:
    """By how much the peer's figure (of what is to be small) is larger than ours."""
    each = np.array(peer) / np.array(ours)
    chance = np.random.default_rng(1)
    medians = np.median(chance.choice(each, (_SAMPLES, len(each))), axis=1)
    low, high = np.percentile(medians, (2.5, 97.5))
    return Ratio(float(np.median(each)), float(low), float(high))


def row(
    claim: str,
    peer: str,
    goal: float,
    theirs: Sequence[Mapping[str, float]],
    ours: Sequence[Mapping[str, float]],
    side: Mapping[str, Any],
) -> Row:
    """Of the `ms` that each took, round by round; skipped where the peer has given none."""
    if not all(theirs):
        return Row(claim, peer, None, goal, skipped="it cannot be installed or run here", side=side)
    (his, mine) = ([one["ms"] for one in runs] for runs in (theirs, ours))
    told = {"ms, ours": float(np.median(mine)), "ms": float(np.median(his)), **side}
    return Row(claim, peer, ratio(his, mine), goal, side=told)


def asked(doc: str | None, one: Sequence[str] = (), smoke: str = "", **options: float) -> argparse.Namespace:
    """The command line of a benchmark: `options` with their defaults, and `--one`, which makes it a measured process.

    `one` names what that is given, and `smoke` says what is left of the benchmark by `--smoke`.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in options.items():
        how: dict[str, Any] = {"action": "store_true"} if default is False else {"type": type(default)}
        parser.add_argument(f"--{name}", default=default, **how)
    if smoke:
        parser.add_argument("--smoke", action="store_true", help=smoke)
    parser.add_argument("--write", action="store_true", help="keep the rows under benchmarks/results/")
    if one:
        parser.add_argument("--one", nargs=len(one), metavar=tuple(one), help=argparse.SUPPRESS)
    return parser.parse_args()


def tell(name: str, rows: Sequence[Row], given: argparse.Namespace) -> None:
    """Print the rows, and keep them as `name` if that was asked for; a smoke that is not kept is compared with them."""
    print(table(rows))
    if given.write:
        keep(name, rows)
    elif getattr(given, "smoke", False):
        check(name, rows)


def table(rows: Sequence[Row]) -> str:
    """For people."""
    lines = ["| claim | against | times | goal | |", "|---|---|---:|---:|---|"]
    for row in rows:
        told = f"skipped: {row.skipped}" if row.skipped else "reached" if row.passed else "missed"
        side = "; ".join(f"{name} {_short(value)}" for name, value in row.side.items())
        lines.append(
            f"| {row.claim} | {row.peer} | {row.ratio or ''} | {row.goal:g} | {told}{'; ' * bool(side)}{side} |"
        )
    return "\n".join(lines)


def keep(name: str, rows: Sequence[Row]) -> None:
    """As JSON under `results/`."""
    RESULTS.mkdir(exist_ok=True)
    told = {"machine": machine(), "rows": [{**asdict(row), "passed": row.passed} for row in rows]}
    (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n")


def check(name: str, rows: Sequence[Row]) -> None:
    """End with 1 where a ratio has fallen below a quarter of what is kept for it.

    One round on another machine is no better than that: what takes a peer 0.1 ms depends on its memory, by half.
    """
    kept = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
    was = {(one["claim"], one["peer"]): one["ratio"]["median"] for one in kept if one["ratio"]}
    for row in rows:
        before = was.get((row.claim, row.peer))
        if before is not None and row.ratio is not None and row.ratio.median < before / 4:
            raise SystemExit(
                f"benchmarks: {row.claim} against {row.peer}: {row.ratio.median:.2g} times, was {before:.2g}"
            )


def machine() -> dict[str, Any]:
    """Where it was measured."""
    found = {name: _version(name) for name in _VERSIONS}
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: told for name, told in found.items() if told},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return ""


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
