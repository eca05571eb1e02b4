"""What do zones and lines cost? Ours, with all state, beside who only says in or out.

    python -m benchmarks.zones [--rounds 7] [--smoke] [--write]

Twenty zones of twelve corners, and twenty lines, over 1, 20 and 100 people who walk and stand, a minute at five
pictures a second. Ours is `Rules.update`: who is where, since when, confirmed, left, told as incidents with ids and
paths. Peers: supervision's `PolygonZone` and `LineZone` (in or out, and counts), and shapely's prepared polygons (in or
out), zone by zone, and as one call for all.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pairs import ROUNDS, Row, alternate, asked, fresh, row, tell
from benchmarks.peers import apart
from benchmarks.walkers import ASPECT, RATE, walk
from pipeline.config import Camera
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Moment, Tracks

ZONES, CORNERS = 20, 12
PEOPLE = (1, 20, 100)
# Of zones, of lines.
PEERS = {
    "zone": {"supervision PolygonZone": 100.0, "shapely, zone by zone": 20.0, "shapely, one call": 20.0},
    "line": {"supervision LineZone": 100.0},
}
_PICTURES = 300


def main() -> None:
    """Measure and print, or with `--one` be the measured process."""
    given = asked(__doc__, ("WHAT", "COUNT", "PICTURES"), smoke="one short round with 20", rounds=ROUNDS)
    if given.one:
        what, count, pictures = given.one[0], int(given.one[1]), int(given.one[2])
        print(json.dumps({"ms": _measured(what, count, pictures)}))
        return
    counts, rounds, pictures = ((20,), 1, 100) if given.smoke else (PEOPLE, given.rounds, _PICTURES)
    with tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        rows = [one for what in PEERS for n in counts for one in _rows(what, n, rounds, pictures, Path(folder))]
    tell("zones", rows, given)


def _rows(what: str, count: int, rounds: int, pictures: int, folder: Path) -> list[Row]:
    path = folder / f"{count}.npz"
    np.savez(path, boxes=walk(count, pictures, noisy=False).boxes, zones=_zones(), aspect=ASPECT)

    def once(method: str) -> dict[str, float]:
        if method == "ours":
            return fresh("benchmarks.zones", what, str(count), str(pictures))
        return apart("others_zones.py", method, str(path))

    found = alternate(["ours", *PEERS[what]], rounds, once)
    each = count * ZONES
    ours = float(np.median([one["ms"] for one in found["ours"]])) * 1e6 / each
    claim = f"{ZONES} {what}s, {count} {'boxes' if count > 1 else 'box'}"
    return [
        row(claim, peer, goal, found[peer], found["ours"], {"ns a box and " + what + ", ours": ours})
        for peer, goal in PEERS[what].items()
    ]


def _zones() -> np.ndarray[Any, Any]:
    """Corners (zones, corners, 2), normalised."""
    chance = np.random.default_rng(7)
    turns = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    centres, sizes = chance.uniform(0.2, 0.85, (ZONES, 2)), chance.uniform(0.05, 0.12, ZONES)
    around = np.stack([np.cos(turns) / ASPECT, np.sin(turns)], axis=1)
    return np.clip(centres[:, None] + sizes[:, None, None] * around, 0, 1)


def _measured(what: str, count: int, pictures: int) -> float:
    """Milliseconds of a picture; the first second, in which everybody is new, is left out, as of the peers."""
    shapes = _zones().tolist()
    zones = {f"z{n}": {"polygon": shape} for n, shape in enumerate(shapes)}
    lines = {f"l{n}": {"points": [shape[0], shape[CORNERS // 2]]} for n, shape in enumerate(shapes)}
    rules: dict[str, Any] = {
        f"r{n}": {"trigger": "enter", "zone": f"z{n}"} if what == "zone" else {"trigger": "cross", "line": f"l{n}"}
        for n in range(ZONES)
    }
    camera = {"name": "c", "url": "rtsp://127.0.0.1/c", "zones": zones, "lines": lines, "rules": rules}
    watched, boxes = Rules(Camera.model_validate(camera), Origin("bench")), walk(count, pictures, noisy=False).boxes
    ids, scores, born = np.arange(1, count + 1), np.full(count, 0.8, np.float32), np.zeros(count)
    spent = 0.0
    for n in range(pictures):
        at = n / RATE
        tracks = Tracks(at, ASPECT, ids, boxes[n], scores, np.full(count, at), born, boxes[0])
        now = Now(Moment(at), size=(1920, 1080))
        began = time.perf_counter()
        watched.update(tracks, now)
        spent += (time.perf_counter() - began) * (at >= 1)
    return 1000 * spent / (pictures - RATE)


if __name__ == "__main__":
    main()
