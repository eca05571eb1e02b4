"""The drawn school as cameras to watch: its recordings, zones, lines and rules, and what happens there, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.simulate.scene import Place, Play, car_park, crossings, gate, hall, render, visits
from pipeline.simulate.scene.render import Codec
from tests.e2e.truth import Visit

Setting = tuple[Place, Play]

CAMERAS: dict[str, Setting] = {
    "hall": (hall.PLACE, hall.PLAY),
    "gate": (gate.PLACE, gate.PLAY),
    "car-park": (car_park.PLACE, car_park.PLAY),
}
PASSING: Setting = (hall.PLACE, hall.PASSING)
"""Somebody goes over the line `threshold` and halts on the `mat`, every `LOOP_S`."""
LOOP_S = hall.PASSING.seconds
SIZE = (960, 540)
FPS = 10
TOLERANCE_S = 0.4


def record(path: Path, setting: Setting, codec: Codec = "h264", **options: Any) -> Path:
    """The play as a file, at a size that a busy machine plays in real time."""
    return render(path, *setting, SIZE, FPS, codec=codec, **options)


def watched(setting: Setting) -> dict[str, Any]:
    """Zones, lines and rules of this place; a rule is called as its zone or line."""
    shapes = setting[0].shapes()
    rules: dict[str, Any] = {name: {"zone": name, "trigger": "enter"} for name in shapes["zones"]}
    rules |= {name: {"line": name, "trigger": "cross"} for name in shapes["lines"]}
    return {**shapes, "rules": rules}


def expected(setting: Setting, seconds: float | None = None) -> list[Visit]:
    """What happens in the recording, in order of time."""
    place, play = setting
    inside = [Visit(one.zone, one.entered, one.left) for one in visits(place, play, seconds)]
    over = [Visit(one.line, one.at, None, one.direction) for one in crossings(place, play, seconds)]
    return sorted(inside + over, key=lambda visit: visit.entered)
