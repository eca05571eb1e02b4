"""Three real clips with a rule of each kind: who was found in them, as a ledger, and what the rules said, to the byte.

    python -m tests.golden                       writes anew what the rules say: look at what changes
    python -m tests.golden ../shared/footage     writes anew what our detector finds, too

The ledger has what our detector found, so that the rules are proved on any processor and where the clips are not.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.config import Camera, Detector
from pipeline.rules.incidents import Origin
from pipeline.sinks.message import canonical, cloud_event
from pipeline.types import Incident
from pipeline.workers.entries import Began, Entry
from pipeline.workers.judge import Judge
from pipeline.workers.ledger_lines import entry_of, line_of

HERE = Path(__file__).parent
CLIPS = {
    "hall": "one-by-one-person-detection.mp4",
    "square": "person-bicycle-car-detection.mp4",
    "warehouse": "worker-zone-detection.mp4",
}
A, B = [[0.1, 0.2], [0.45, 0.2], [0.45, 0.98], [0.1, 0.98]], [[0.55, 0.2], [0.9, 0.2], [0.9, 0.98], [0.55, 0.98]]
WIDE = [[0.05, 0.05], [0.95, 0.05], [0.95, 0.98], [0.05, 0.98]]
RULES: dict[str, dict[str, Any]] = {
    "enter": {"zone": "a"},
    "by-border": {"trigger": "enter", "zone": "a", "by": "border"},
    "appear": {"zone": "wide"},
    "exit": {"zone": "a"},
    "disappear": {"zone": "wide"},
    "inside": {"zone": "b"},
    "dwell": {"zone": "wide", "seconds": 3},
    "adds-up": {"trigger": "dwell", "zone": "a", "seconds": 2, "window_s": 30},
    "stopped": {"zone": "wide", "seconds": 2},
    "running": {"zone": "wide"},
    "speed": {"zone": "wide", "faster_than": "0.6 heights/s"},
    "wrong_direction": {"zone": "wide", "angle": 0, "tolerance": 60},
    "sequence": {"zones": ["a", "b"], "seconds": 10},
    "loiter": {"zones": ["a", "b"], "seconds": 4},
    "cross": {"line": "middle"},
    "tailgate": {"line": "middle", "seconds": 60},
    "occupancy": {"zone": "wide", "people": {"max": 0}, "seconds": 0.4},
    "absence": {"zone": "wide", "seconds": 3},
    "crowd_growth": {"zone": "wide", "grows_by": 2, "seconds": 10},
}


def camera(name: str) -> Camera:
    """Half, half, nearly all, and a line in the middle."""
    return Camera.model_validate(
        {
            "name": name,
            "url": "x.mp4",
            "zones": {"a": {"polygon": A}, "b": {"polygon": B}, "wide": {"polygon": WIDE}},
            "lines": {"middle": {"points": [[0.5, 0.02], [0.5, 0.98]]}},
            "rules": {name: {"trigger": name, **keys} for name, keys in RULES.items()},
        }
    )


def ledger(name: str) -> list[Entry]:
    """What was found in the clip."""
    with gzip.open(HERE / f"{name}.ledger.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [entry for line in lines if (entry := entry_of(json.loads(line))) is not None]


def incidents(name: str) -> list[str]:
    """What the rules said of it, one message a line."""
    return (HERE / f"{name}.incidents.jsonl").read_text("utf-8").splitlines()


def judged(name: str) -> list[str]:
    """What they say of it now."""
    judge = Judge(Began(camera(name), Detector(), Origin("golden")))
    return [told for entry in ledger(name) if not isinstance(entry, Began) for told in in_text(judge.hear(entry))]


def in_text(told: list[Incident]) -> Iterator[str]:
    for one in told:
        yield canonical(cloud_event(one, "golden", None))


class Kept(list[Entry]):
    """A keeper that remembers."""

    def keep(self, entry: Entry) -> None:
        self.append(entry)


def played(footage: Path, name: str) -> tuple[Kept, list[str]]:
    """The clip, with our detector: what its judge was given, and said."""
    from pipeline.capture.sampler import Sampler
    from pipeline.config import Config
    from pipeline.workers.detector import load_detector
    from pipeline.workers.lane import Lane, turn
    from pipeline.workers.play import Show, all_frames

    one, kept, told, last = camera(name), Kept(), list[str](), 0.0
    config = Config.model_validate({"site": {"id": "golden"}, "alerts": {}}, context={"folder": HERE})
    detector, _ = load_detector(config.detector)
    lane, sampler = Lane(one, config.detector, Origin("golden"), detector.looks, kept), Sampler(one.analyse_fps)
    for frame in all_frames(Show(config, one, Origin("golden"), (footage / CLIPS[name],))):
        if sampler.wants(frame.pts):
            told += in_text(turn({lane: frame}, detector, None)[lane])
            last = frame.pts
    print(f"{name}: {last:.1f} s, {len(kept)} entries, {len(told)} messages")
    return kept, told + list(in_text(lane.interrupt("end_of_recording", None)))


def main() -> None:
    for name in CLIPS:
        if sys.argv[1:]:
            kept = played(Path(sys.argv[1]), name)[0]
            text = "".join(json.dumps(line_of(entry), separators=(",", ":")) + "\n" for entry in kept)
            (HERE / f"{name}.ledger.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        (HERE / f"{name}.incidents.jsonl").write_text("".join(f"{line}\n" for line in judged(name)), "utf-8")
