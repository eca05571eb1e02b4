"""What a second of a camera costs, as a picture; run by the peers' Python, which has Matplotlib.

    .build/peers/bin/python benchmarks/peers/plot.py

Reads the rows of `benchmarks/results`, writes `costs.svg` there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).resolve().parents[1] / "results"
OURS, THEIRS = "#1b7f5c", "#9aa3a8"


def main() -> None:
    """Draw it."""
    idle, busy = (_rows(name) for name in ("idle", "busy"))
    bars = [
        ("Zonewatch, packets tell", idle["idle camera, trusted packets", "all"]["ms, packets"], OURS, "empty"),
        ("Zonewatch, key frames", idle["idle camera, key frames", "all"]["ms, key frames"], OURS, "empty"),
        ("Zonewatch, all decoded", idle["idle camera, key frames", "all"]["ms, all"], OURS, "empty"),
        ("cv2 + MOG2", idle["idle camera, key frames", "cv2 + MOG2"]["ms, cv2 + MOG2"], THEIRS, "empty"),
        ("Zonewatch", busy["busy camera", "ultralytics, every picture"]["ms, ours"], OURS, "somebody there"),
    ]
    for (_, peer), side in busy.items():
        bars.append((peer, side["ms"], THEIRS, "somebody there"))
    plt.rcParams |= {"svg.hashsalt": "zonewatch", "font.family": "sans-serif", "svg.fonttype": "none"}
    figure, axes = plt.subplots(figsize=(9, 3.4), layout="constrained")
    for row, (_, ms, colour, _when) in enumerate(bars):
        axes.barh(row, ms, color=colour)
        axes.annotate(
            f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}", (ms, row), xytext=(4, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(bars)), [f"{name} ({when})" for name, _, _, when in bars])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(0.5, 8000)
    figure.supxlabel("milliseconds of one core for a second of 1080p at 25 pictures a second; logarithmic", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(RESULTS / "costs.svg", metadata={"Date": None})


def _rows(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
    return {(row["claim"], row["peer"]): row["side"] for row in rows if row["ratio"]}


if __name__ == "__main__":
    main()
