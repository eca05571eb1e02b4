"""What does a frame ledger take? Megabytes a camera-hour, and microseconds of CPU a picture.

    python -m benchmarks.ledger [--smoke]

Written each second, as a worker does: a camera that rests, one that is awake while nothing moves, and what our detector
found in the three clips (`tests/golden`).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.rules.incidents import Now
from pipeline.store.ledger import Line, Part
from pipeline.types import Moment
from pipeline.workers.entries import Picture
from pipeline.workers.ledger_lines import line_of
from tests import golden

_STILL_S = 600.0


def main() -> None:
    """Write them, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the same, which is short")
    parser.parse_args()
    told = {"rests, a key frame each 2 s": still(0.5), "awake, nothing moves, 5 a second": still(5.0)}
    for name in golden.CLIPS:
        told[f"the clip of the {name}"] = [entry for entry in golden.ledger(name) if isinstance(entry, Picture)]
    print("| camera | MB an hour | µs a picture | pictures looked at |")
    print("|---|---:|---:|---:|")
    for name, pictures in told.items():
        size, spent = written(pictures)
        hours = (pictures[-1].now.at.media - pictures[0].now.at.media) / 3600
        looked = sum(one.people is not None for one in pictures) / len(pictures)
        print(f"| {name} | {size / hours / 1e6:.2f} | {1e6 * spent / len(pictures):.0f} | {looked:.0%} |")


def still(rate: float) -> list[Picture]:
    """Pictures in which nobody looked, whose times tremble as those of a network."""
    chance, found = np.random.default_rng(1), []
    for n in range(round(_STILL_S * rate)):
        at, late = 1.8e9 + n / rate, chance.normal(0, 0.003, 3)
        moment = Moment(at, at + float(late[0]), 0.01, "arrival")
        now = Now(moment, at + 0.02 + float(late[1]), at + 0.05 + float(late[2]), (1920, 1080))
        found.append(Picture(now, 16 / 9, None, None, round(n * 25 / rate)))
    return found


def written(pictures: Sequence[Picture]) -> tuple[int, float]:
    """Bytes on disk, and seconds of CPU."""
    with tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        part, waiting, began = Part(Path(folder) / "part"), list[Line](), time.process_time()
        second = int(pictures[0].now.at.media)
        for one in pictures:
            if int(one.now.at.media) != second:
                part.write(waiting)
                second, waiting = int(one.now.at.media), []
            waiting.append(line_of(one))
        part.write(waiting)
        part.close()
        return (Path(folder) / "part").stat().st_size, time.process_time() - began


if __name__ == "__main__":
    main()
