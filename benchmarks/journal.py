"""Does a long journal cost more than a short one? Backlog, put, start, pruning, and how long it holds up a put.

    python -m benchmarks.journal [--rows 10000000] [--smoke]

Two journals of short rows, one of 10,000 and one of `--rows`, are asked in turn, round after round. Medians, and the
ratio of the long one to the short one. `--smoke`: 1,000 and 100,000 rows.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.clock import SystemClock
from pipeline.sinks.outbox import PRUNED_AT_ONCE, Outbox

SHORT, LONG = 10_000, 10_000_000
ROUNDS = 200
STARTS = 20
DAY_S = 86400.0
# The share of rows that are older than a day, how many of them go in each measured step, and how many steps.
OLD, STEP, PRUNINGS = 0.2, PRUNED_AT_ONCE, 16
TIMES_AT_MOST, WAIT_AT_MOST_S = 2.0, 0.05
_numbers = count(1 << 48)


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=LONG)
    parser.add_argument("--smoke", action="store_true", help="1,000 and 100,000 rows; ends with 1 if it grows")
    args = parser.parse_args()
    sizes = (1_000, 100_000) if args.smoke else (SHORT, args.rows)
    with tempfile.TemporaryDirectory() as folder:
        paths = [_filled(Path(folder) / f"{rows}.db", rows) for rows in sizes]
        os.sync()  # what was filled in is on disk before anything is timed
        costs = _measured(paths)
        waits = [_longest_wait(path) for path in paths]
    print(f"{'':>10}  {sizes[0]:>12,} rows  {sizes[1]:>12,} rows  times")
    ratios = {}
    for name, (short, long) in costs.items():
        ratios[name] = long / short
        print(f"{name:>10}  {1000 * short:>14.3f} ms  {1000 * long:>14.3f} ms  {ratios[name]:>5.2f}")
    print(f"longest put while pruning: {1000 * waits[0]:.0f} ms and {1000 * waits[1]:.0f} ms")
    # Beside a disk that others use, only what has grown with the rows is a fault of ours: it would be 100 times.
    if args.smoke and max(ratios.values()) > 10 * TIMES_AT_MOST:
        raise SystemExit("benchmarks: the journal costs more the longer it is")


def _measured(paths: list[Path]) -> dict[str, list[float]]:
    """Median seconds of each thing to do, for each journal; in turn, so that both have the same machine."""
    boxes = [Outbox(path) for path in paths]
    jobs: dict[str, tuple[int, Callable[[Outbox], Any]]] = {
        "backlog": (ROUNDS, lambda box: box.backlog("redis")),
        "put": (ROUNDS, lambda box: box.put(_event(next(_numbers), "closed"))),
        "start": (STARTS, lambda box: _start(box.path)),
        "pruning": (PRUNINGS, lambda box: box.prune(DAY_S / 2, most=STEP)),
    }
    costs: dict[str, list[float]] = {}
    for name, (rounds, do) in jobs.items():
        taken: list[list[float]] = [[] for _ in boxes]
        for _ in range(rounds):
            for box, times in zip(boxes, taken, strict=True):
                began = time.perf_counter()
                do(box)
                times.append(time.perf_counter() - began)
        costs[name] = [median(times) for times in taken]
    for box in boxes:
        box.close()
    return costs


def _start(path: Path) -> None:
    """What a start does with the journal."""
    with closing(Outbox(path)) as box:
        box.open_incidents()
        box.backlog("redis")


def _longest_wait(path: Path) -> float:
    """The longest put of another writer while all that is old goes."""
    with closing(Outbox(path)) as box, _pruning(path) as at_work:
        waits = []
        while not waits or at_work.is_alive():
            began = time.perf_counter()
            box.put(_event(next(_numbers), "closed"))
            waits.append(time.perf_counter() - began)
            time.sleep(0.002)
    return max(waits)


@contextmanager
def _pruning(path: Path) -> Iterator[threading.Thread]:
    def prune() -> None:
        with closing(Outbox(path)) as box:
            box.prune(DAY_S / 2, most=20_000)

    thread = threading.Thread(target=prune)
    thread.start()
    yield thread
    thread.join()


def _event(number: int, state: str) -> dict[str, Any]:
    incident = f"{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}"
    data = {"incident": incident, "revision": 1, "state": state, "camera": f"cam-{number % 8}", "severity": "low"}
    return {"id": f"{incident}:1", "data": data}


def _filled(path: Path, rows: int) -> Path:
    """`rows` closed incidents, a fifth of them older than a day, nothing delivered but the old ones."""
    Outbox(path).close()
    now, old = SystemClock().wall(), max(int(OLD * rows), STEP * PRUNINGS)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, 1, 'closed', ?, 0, ?)", _rows(rows, now, old))
        db.execute("INSERT INTO mark SELECT 'redis', seq, id FROM event WHERE seq = ?", (old,))
        db.commit()
    return path


def _rows(rows: int, now: float, old: int) -> Iterator[tuple[Any, ...]]:
    for seq in range(1, rows + 1):
        event = _event(seq, "closed")
        at = now - DAY_S if seq <= old else now
        yield seq, event["id"], at, event["data"]["incident"], event["data"]["camera"], f"{'x' * 100}"


if __name__ == "__main__":
    main()
