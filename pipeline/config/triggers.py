"""Which keys a trigger needs, which ones it understands, and how often it must see people.

The data are unchecked: anything may stand anywhere, and nothing here raises. Not here: what triggers do (`rules/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic_core import InitErrorDetails

from pipeline.config.problems import mistake

Trigger: TypeAlias = Literal[
    "enter",
    "appear",
    "exit",
    "disappear",
    "inside",
    "dwell",
    "stopped",
    "running",
    "speed",
    "wrong_direction",
    "sequence",
    "loiter",
    "cross",
    "tailgate",
    "unbadged",
    "unused_grant",
    "occupancy",
    "absence",
    "crowd_growth",
]


class Kind(NamedTuple):
    """`needs` are keys without which it says nothing, `knows` others that it understands.

    `least_fps`: so many pictures a second are needed to see somebody who walks do it: two of them in a zone, one on
    either side of a line by a track that has not been lost in between, three of a way (docs/design/pipeline.md).
    """

    needs: tuple[str, ...]
    knows: tuple[str, ...] = ()
    least_fps: float = 0.5


KINDS: dict[str, Kind] = {
    "enter": Kind(("zone",), ("by",)),
    "appear": Kind(("zone",)),
    "exit": Kind(("zone",)),
    "disappear": Kind(("zone",)),
    "inside": Kind(("zone",)),
    "dwell": Kind(("zone", "seconds"), ("window_s",), 0.2),
    "stopped": Kind(("zone", "seconds")),
    "running": Kind(("zone",), (), 2.0),
    "speed": Kind(("zone", "faster_than"), (), 2.0),
    "wrong_direction": Kind(("zone", "angle"), ("tolerance",), 2.0),
    "sequence": Kind(("zones", "seconds")),
    "loiter": Kind(("zones", "seconds"), ("window_s",), 0.2),
    "cross": Kind(("line",), ("direction",), 1.0),
    "tailgate": Kind(("line", "seconds"), ("direction", "door"), 1.0),
    "unbadged": Kind(("line", "door", "seconds"), ("direction",), 1.0),
    "unused_grant": Kind(("line", "door", "seconds"), ("direction",), 1.0),
    "occupancy": Kind(("zone", "people"), ("seconds",)),
    "absence": Kind(("zone", "seconds")),
    "crowd_growth": Kind(("zone", "seconds", "grows_by")),
}
_OWN = tuple(dict.fromkeys(key for kind in KINDS.values() for key in (*kind.needs, *kind.knows)))
_DEFAULTS = {"by": "any", "direction": "any", "tolerance": 45, "zones": []}
_OVERLAP = 0.3
_NEEDED = {
    "zone": "the name of a zone",
    "zones": "the names of zones, as [gate, yard]",
    "line": "the name of a line",
    "seconds": "a time in seconds",
    "door": "the name by which a door's reader tells of grants",
    "people": "how many there may be, as {max: 30}",
    "grows_by": "a number of people",
    "faster_than": "a speed, as 1.5 heights/s",
    "angle": "the way that is wrong: 0 is right, 90 up, 180 left",
}
# What somebody stays for must be longer than from one picture to the next.
_STAYS = ("dwell", "stopped", "loiter", "absence", "occupancy")


def mistakes(rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Each trigger has keys that it needs, and keys that would do nothing."""
    trigger = rule.get("trigger")
    kind = KINDS.get(trigger) if isinstance(trigger, str) else None
    if kind is None:
        return
    for key in kind.needs:
        if not _given(rule, key):
            yield mistake((key,), "is required", f"`trigger: {trigger}` needs {_NEEDED[key]}.")
    for key in _OWN:
        if _given(rule, key) and key not in (*kind.needs, *kind.knows):
            yield mistake((key,), f"does nothing with `trigger: {trigger}`", "Take it out, or change the trigger.")
    yield from _several(rule)
    yield from _adding_up(rule)
    yield from _scores(rule)
    yield from _samples(rule)
    yield from _overlap(rule)


def _several(rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    zones = rule.get("zones")
    if not isinstance(zones, list | tuple) or not zones:
        return
    if rule.get("trigger") == "sequence" and len(zones) < 2:
        yield mistake(("zones",), "is one zone", "A sequence goes from one zone to another.")
    for place, (one, other) in enumerate(pairwise(zones), 1):
        if one == other:
            yield mistake(("zones", place), f"is the zone before it: `{other}`", "Name each zone once.")


def _adding_up(rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    seconds, window = number(rule.get("seconds")), number(rule.get("window_s"))
    if seconds is not None and window is not None and window < seconds:
        yield mistake(("window_s",), f"is below seconds: {window:g} and {seconds:g}", "No stay would be long enough.")


def _scores(rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    enter, stay = number(rule.get("score", 0)), number(rule.get("stay_score"))
    if enter is not None and stay is not None and stay > enter:
        yield mistake(("stay_score",), f"is above score: {stay:g} and {enter:g}", "Who has begun to count would stop.")


def _samples(rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    need, of = number(rule.get("confirm_samples", 1)), number(rule.get("confirm_of"))
    if need is not None and of is not None and of < need:
        yield mistake(("confirm_of",), f"is below confirm_samples: {of:g} and {need:g}", "Nobody would ever be inside.")


def _overlap(rule: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    wanted = rule.get("anchor") == "overlap"
    if wanted and _given(rule, "line"):
        yield mistake(("anchor",), "a box does not overlap a line", "Name a point of the box, as bottom.")
    if not wanted and "overlap" in rule and number(rule["overlap"]) != _OVERLAP:
        yield mistake(("overlap",), "does nothing without `anchor: overlap`", "Take it out, or add that.")


def seldom(trigger: str, fps: float) -> str:
    """What is wrong with judging this trigger by so few pictures a second; empty if nothing is. 0 is all of them."""
    kind = KINDS.get(trigger)
    if kind is None or not 0 < fps < kind.least_fps:
        return ""
    return f"`{trigger}` needs {kind.least_fps:g} analysed pictures a second at least, not {fps:g}"


def too_short(trigger: str, seconds: float | None, fps: float | None) -> str:
    """What is wrong with a stay of so many seconds; empty if nothing is."""
    if trigger not in _STAYS or not fps or seconds is None or not 0 < seconds * fps < 1:
        return ""
    return f"is less than from one analysed picture to the next, at {fps:g} a second"


def number(thing: Any) -> float | None:
    """As pydantic would read it; None if it would not."""
    try:
        return None if isinstance(thing, bool) else float(thing)
    except (TypeError, ValueError):
        return None


def _given(rule: Mapping[str, Any], key: str) -> bool:
    return key in rule and rule[key] not in (_DEFAULTS.get(key), (), [])
