"""A drawn timeline of every trigger, from what the rules say of people who walk: docs/reference/timelines/*.svg.

    python -m tests.timelines

writes them; a test compares what is there with what would be written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.rules.incidents import Origin, Rules
from pipeline.types import IncidentState, Point
from tests.conftest import ROOT
from tests.fakes import ASPECT, Street, Walker, Way, camera, now, way

FOLDER = ROOT / "docs/reference/timelines"
FPS = 5
HEIGHT, SMALL = 0.1, 0.05
ZONES = {
    "yard": {"polygon": [[0.2, 0.4], [0.45, 0.4], [0.45, 0.8], [0.2, 0.8]]},
    "gate": {"polygon": [[0.6, 0.4], [0.8, 0.4], [0.8, 0.8], [0.6, 0.8]]},
}
LINE = [[0.5, 0.02], [0.5, 0.98]]
OUT, YARD, GATE = (0.1, 0.6), (0.3, 0.6), (0.7, 0.6)
WIDE, ROW, LEFT, TOP = 900, 26, 110, 8
BLUE, RED, GREY, DARK = "#9ecae1", "#d94801", "#bbbbbb", "#333333"


class Example(NamedTuple):
    """What a rule with these keys says of these people."""

    keys: dict[str, Any]
    people: dict[int, Walker]
    seconds: float
    grants: tuple[float, ...] = ()


def at_times(*steps: tuple[float, Point]) -> Way:
    """In one place after the other; a second's walk takes them there."""
    points: list[tuple[float, float, float]] = []
    for at, place in steps:
        if points:
            points.append((at, *points[-1][1:]))
        points.append((at + (1.0 if len(points) else 0.0), *place))
    return way(*points)


def walks(way_: Way, until: float = float("inf"), height: float = HEIGHT) -> Walker:
    return Walker(way_, until=until, height=height)


def moves(*legs: tuple[float, float]) -> Way:
    """Through the yard at so many of their heights a second, for so many seconds each."""
    points, x, at = [(0.0, 0.22, 0.6)], 0.22, 0.0
    for speed, seconds in legs:
        x, at = x + speed * seconds * SMALL / ASPECT, at + seconds
        points.append((at, x, 0.6))
    return way(*points)


def _in(*spells: tuple[float, float]) -> Walker:
    steps: list[tuple[float, Point]] = [(0.0, OUT)] if spells[0][0] > 0 else []
    for start, end in spells:
        steps += [(start, YARD), (end, OUT)]
    return walks(at_times(*steps))


VISIT = {1: _in((3, 9), (10, 15))}
CROSSES = way((0, 0.3, 0.6), (8, 0.7, 0.6))
EXAMPLES: dict[str, Example] = {
    "enter": Example({"zone": "yard"}, VISIT, 20),
    "appear": Example({"zone": "yard"}, {1: _in((0, 6)), 2: _in((3, 9))}, 14),
    "inside": Example({"zone": "yard", "confirm_s": 1}, {1: _in((3, 9))}, 14),
    "exit": Example({"zone": "yard"}, VISIT, 20),
    "disappear": Example({"zone": "yard"}, {1: walks(at_times((0, OUT), (3, YARD)), until=8)}, 16),
    "dwell": Example({"zone": "yard", "seconds": 5}, VISIT, 20),
    "stopped": Example({"zone": "yard", "seconds": 4}, {1: walks(moves((0.8, 3), (0, 6), (0.8, 3)), height=SMALL)}, 12),
    "running": Example({"zone": "yard"}, {1: walks(moves((0.4, 3), (2.2, 2.5), (0.2, 5.5)), height=SMALL)}, 11),
    "speed": Example(
        {"zone": "yard", "faster_than": "1 heights/s"}, {1: walks(moves((0.6, 4), (1.4, 4), (0, 3)), height=SMALL)}, 11
    ),
    "wrong_direction": Example(
        {"zone": "yard", "angle": 0}, {1: walks(moves((0, 2), (0.8, 4), (-0.8, 5)), height=SMALL)}, 11
    ),
    "sequence": Example(
        {"zones": ["yard", "gate"], "seconds": 4}, {1: walks(at_times((0, OUT), (2, YARD), (6, GATE), (11, OUT)))}, 15
    ),
    "loiter": Example(
        {"zones": ["yard", "gate"], "seconds": 7}, {1: walks(at_times((0, OUT), (2, YARD), (6, GATE), (12, OUT)))}, 18
    ),
    "cross": Example({"line": "door"}, {1: walks(CROSSES)}, 10),
    "tailgate": Example({"line": "door", "seconds": 3}, {1: walks(CROSSES), 2: walks(lambda at: CROSSES(at - 2))}, 12),
    "unbadged": Example(
        {"line": "door", "door": "north", "seconds": 5},
        {1: walks(CROSSES), 2: walks(lambda at: CROSSES(at - 6))},
        18,
        (2,),
    ),
    "unused_grant": Example({"line": "door", "door": "north", "seconds": 5}, {1: walks(CROSSES)}, 24, (2, 9)),
    "occupancy": Example({"zone": "yard", "people": {"max": 1}}, {1: _in((1, 14)), 2: _in((4, 10))}, 18),
    "absence": Example({"zone": "yard", "seconds": 4}, {1: _in((0, 3), (12, 16))}, 20),
    "crowd_growth": Example(
        {"zone": "yard", "grows_by": 2, "seconds": 4}, {1: _in((1, 14)), 2: _in((5, 14)), 3: _in((7, 14))}, 16
    ),
}


class Bar(NamedTuple):
    """From when to when, and what is written on it; a bar of no length is a moment."""

    start: float
    end: float
    text: str
    colour: str


def drawn(trigger: str) -> str:
    """The picture, as SVG."""
    example = EXAMPLES[trigger]
    rows = [(f"person {n}", _seen(one, example)) for n, one in example.people.items()]
    if example.grants:
        rows.append(("grants", [Bar(at, at, "", BLUE) for at in example.grants]))
    rows.append(("alert", _told(trigger, example)))
    high = TOP * 2 + ROW * (len(rows) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDE}" height="{high}" fill="white"/>',
    ]
    y = TOP + ROW * len(rows)
    for second in range(0, int(example.seconds) + 1, 2):
        x = _x(second, example.seconds)
        parts.append(f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle" fill="{DARK}">{second} s</text>')
    for number, (name, bars) in enumerate(rows):
        y = TOP + ROW * number
        parts.append(f'<text x="4" y="{y + 17}" fill="{DARK}">{name}</text>')
        parts += [_bar(bar, y, example.seconds) for bar in bars]
    return "\n".join([*parts, "</svg>", ""])


def _x(at: float, seconds: float) -> float:
    return round(LEFT + (WIDE - LEFT - 30) * at / seconds, 1)


def _bar(bar: Bar, y: float, seconds: float) -> str:
    start, end = _x(bar.start, seconds), _x(min(bar.end, seconds), seconds)
    fits = bar.colour == RED or end - start > 7 * len(bar.text)
    text = f'<text x="{start + 4}" y="{y + 17}" fill="{DARK}">{bar.text}</text>' if fits else ""
    if end - start < 2:
        mark = f'<path d="M {start} {y + 3} l 5 10 l -5 10 l -5 -10 z" fill="{bar.colour}"/>'
        return mark + text.replace(f'x="{start + 4}"', f'x="{start + 9}"')
    return f'<rect x="{start}" y="{y + 3}" width="{round(end - start, 1)}" height="20" fill="{bar.colour}"/>{text}'


def _seen(one: Walker, example: Example) -> list[Bar]:
    """Where somebody is, or how they move."""
    what: Callable[[float], str] = lambda at: _where(one, at, example)  # noqa: E731
    bars: list[Bar] = []
    for n in range(round(example.seconds * 10)):
        text = what(n / 10)
        if bars and bars[-1].text == text:
            bars[-1] = bars[-1]._replace(end=(n + 1) / 10)
        else:
            bars.append(Bar(n / 10, (n + 1) / 10, text, GREY if text in ("", "out") else BLUE))
    return [bar for bar in bars if bar.text]


def _where(one: Walker, at: float, example: Example) -> str:
    place = one.way(at) if one.since <= at < one.until else None
    if place is None:
        return ""
    if "line" in example.keys:
        return "left of the line" if place[0] <= LINE[0][0] else "right of it"
    zone = next((name for name in ZONES if _holds(name, place)), "out")
    if {"faster_than", "angle"} & set(example.keys) or example is EXAMPLES["running"]:
        before, after = one.way(at - 0.01) or place, one.way(at + 0.01) or place
        speed = (after[0] - before[0]) * ASPECT / 0.02 / SMALL
        return f"{speed:+.1f} heights/s"
    return f"in the {zone}" if zone != "out" else zone


def _holds(name: str, place: Point) -> bool:
    (x1, y1), _, (x2, y2), _ = ZONES[name]["polygon"]
    return x1 < place[0] < x2 and y1 < place[1] < y2


def _told(trigger: str, example: Example) -> list[Bar]:
    """Alerts from when they are of, and when they were told."""
    one = camera(zones=ZONES, line=LINE, rule={"trigger": trigger, "update_s": 9999, **example.keys})
    rules, street = Rules(one, Origin("school")), Street(example.people)
    rules.access([("north", at) for at in example.grants], float("inf"))
    bars: dict[str, Bar] = {}
    for picture in range(round(example.seconds * FPS) + 1):
        at = picture / FPS
        for incident in rules.update(street.tracks(at), now(at, at)):
            if incident.state is IncidentState.OPENED:
                bars[incident.id] = Bar(incident.at.media, example.seconds, f"told at {at:.1f} s", RED)
            elif incident.state is IncidentState.CLOSED:
                opened = bars[incident.id]
                bars[incident.id] = opened._replace(end=max(incident.at.media, opened.start))
    return list(bars.values())


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for trigger in EXAMPLES:
        path(trigger).write_text(drawn(trigger), encoding="utf-8")


def path(trigger: str) -> Path:
    """Where the timeline of a trigger is."""
    return FOLDER / f"{trigger}.svg"


if __name__ == "__main__":
    main()
