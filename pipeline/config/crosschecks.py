"""What concerns two keys at once. The data are unchecked: anything may stand anywhere, and nothing here raises.

Not here: single values (`fields.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.config.geometry import point
from pipeline.config.problems import did_you_mean, mistake
from pipeline.config.schedule import schedule, unclear
from pipeline.config.url import Kind, Url

_TRIGGERS = ("enter", "appear", "exit", "disappear", "inside", "dwell", "stopped", "cross")
# So many pictures a second are needed to see somebody who walks do it: two of them in a zone, and one on either side of
# a line by a track that has not been lost in between (docs/design/pipeline.md).
_LEAST_FPS = {
    **dict.fromkeys(("enter", "appear", "exit", "disappear", "inside"), 0.5),
    "dwell": 0.2,
    "stopped": 0.5,
    "cross": 1.0,
}
_LASTING = ("dwell", "stopped")
_NO = ("false", "no", "off", "n", "f", "0")


def redis(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """A camera's url is no server's."""
    if _kind(data.get("url")) not in ("redis", None):
        yield mistake(("url",), "is not the url of a Redis server", "Write it as redis://host:6379/0.")


def rule(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Each trigger has keys that it needs, and keys that would do nothing."""
    trigger = data.get("trigger")
    if trigger not in _TRIGGERS:
        return
    needed, idle = ("line", "zone") if trigger == "cross" else ("zone", "line")
    if needed not in data:
        yield mistake((needed,), "is required", f"`trigger: {trigger}` needs the name of a {needed}.")
    if trigger in _LASTING and "seconds" not in data:
        yield mistake(("seconds",), "is required", f"`trigger: {trigger}` needs how long a stay raises the alert.")
    useful = {**dict.fromkeys(_LASTING, "seconds"), "cross": "direction", "enter": "by"}.get(trigger)
    for key in (key for key in (idle, "seconds", "direction", "by") if key != useful):
        if key in data and data[key] != "any":
            yield mistake((key,), f"does nothing with `trigger: {trigger}`", "Take it out, or change the trigger.")


def heights(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Nobody is taller than the tallest and smaller than the smallest."""
    low, high = _number(data.get("min")), _number(data.get("max"))
    if low is not None and high is not None and low >= high:
        yield mistake(("min",), f"is not below max: {low:g} and {high:g}", "Nobody would count.")
    if not data:
        yield mistake((), "says nothing", "Give it min, max or both, or take it out.")


def camera(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Rules name zones and lines of their own camera; `loop` is for files."""
    kind = _kind(data.get("url"))
    if kind == "redis":
        yield mistake(("url",), "is no camera", "A Redis server goes under alerts.redis.url.")
    if kind in ("rtsp", "http", "udp", "v4l2") and str(data.get("loop", "no")).lower() not in _NO:
        yield mistake(("loop",), "is for files and folders", "Take it out.")
    if kind not in ("http", None) and data.get("kind") not in (None, "auto"):
        yield mistake(("kind",), "is for http:// and https:// urls", "Take it out.")
    if kind not in ("http", "rtsp", None) and data.get("hosts") not in (None, [], ()):
        yield mistake(("hosts",), "is for http:// and rtsp:// urls", "Take it out.")
    smallest, tallest = _number(data.get("smallest", 0.06)), _number(_get(data.get("person_height"), "max"))
    if smallest is not None and tallest is not None and smallest >= tallest:
        message = f"is not above `smallest`, {smallest:g}: nobody would count"
        yield mistake(("person_height", "max"), message, "Change one of the two.")
    zones, lines = data.get("zones"), data.get("lines")
    for name in _names(data.get("rules")):
        one = _get(data["rules"], name)
        yield from _unknown(("rules", name), "zone", _get(one, "zone"), _names(zones))
        yield from _unknown(("rules", name), "line", _get(one, "line"), _names(lines))
        yield from _seldom(("rules", name), one, _number(data.get("analyse_fps", 5.0)))
        yield from _along(("rules", name, "direction"), _get(one, "direction"), _get(lines, _get(one, "line")))


def whole(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """A camera has one name, and its rules name periods that there are."""
    told = data.get("calendars")
    calendars = {name: _names(_get(_get(told, name), "periods")) for name in _names(told)}
    for key in _names(data.get("cameras")):
        name = _get(data["cameras"][key], "name")
        if name is not None and name != key:
            yield mistake(("cameras", key, "name"), f"is not `{key}`", "A camera is called by its key: take this out.")
        rules = _get(data["cameras"][key], "rules")
        for rule in _names(rules):
            yield from _scheduled(("cameras", key, "rules", rule), _get(rules, rule), calendars)


def _scheduled(loc: tuple[str, ...], rule: Any, calendars: dict[str, list[str]]) -> Iterator[InitErrorDetails]:
    during = _get(rule, "severity_during")
    told = [
        ((*loc, "schedule"), _get(rule, "schedule")),
        *(((*loc, "severity_during"), when) for when in _names(during)),
    ]
    for place, text in told:
        try:
            found = unclear(schedule(str(text or "always")), calendars)
        except PydanticCustomError:  # told of the field itself
            continue
        if found:
            yield mistake(place, found[0], did_you_mean(text, found[1], "Periods"))


def _unknown(loc: tuple[str, ...], what: str, name: Any, known: list[str]) -> Iterator[InitErrorDetails]:
    if isinstance(name, str) and name not in known:
        hint = did_you_mean(name, known, f"The {what}s of this camera")
        yield mistake((*loc, what), f"this camera has no {what} `{name}`", hint)


def _seldom(loc: tuple[str, ...], one: Any, fps: float | None) -> Iterator[InitErrorDetails]:
    """What happens between two pictures is not seen."""
    trigger, seconds = _get(one, "trigger"), _number(_get(one, "seconds"))
    if fps is not None and (message := seldom(str(trigger), fps)):
        yield mistake((*loc, "trigger"), message, "Raise analyse_fps.")
    elif trigger in _LASTING and fps and seconds is not None and 0 < seconds * fps < 1:
        message = f"is less than from one analysed picture to the next, at {fps:g} a second"
        yield mistake((*loc, "seconds"), message, f"Raise analyse_fps, or wait {1 / fps:g} s.")


def seldom(trigger: str, fps: float) -> str:
    """What is wrong with judging this trigger by so few pictures a second; empty if nothing is. 0 is all of them."""
    least = _LEAST_FPS.get(trigger, 0.0)
    if not 0 < fps < least:
        return ""
    return f"`{trigger}` needs {least:g} analysed pictures a second at least, not {fps:g}"


def _along(loc: tuple[str, ...], direction: Any, line: Any) -> Iterator[InitErrorDetails]:
    """Nobody crosses a level line from left to right."""
    try:
        a, b = (point(end) for end in _get(line, "points"))
    except (TypeError, ValueError):
        return
    level, upright = a[1] == b[1], a[0] == b[0]
    if level and not upright and direction in ("left_to_right", "right_to_left"):
        yield mistake(
            loc, "the line is exactly level: nobody crosses it sideways", "Write top_to_bottom or bottom_to_top."
        )
    if upright and not level and direction in ("top_to_bottom", "bottom_to_top"):
        yield mistake(
            loc, "the line is exactly upright: nobody crosses it up or down", "Write left_to_right or right_to_left."
        )


def _get(thing: Any, key: Any) -> Any:
    """From a map of the file, or from a model that was made in Python."""
    return thing.get(key) if isinstance(thing, Mapping) else getattr(thing, str(key), None)


def _number(thing: Any) -> float | None:
    try:
        return None if isinstance(thing, bool) else float(thing)
    except (TypeError, ValueError):
        return None


def _names(thing: Any) -> list[str]:
    return list(thing) if isinstance(thing, Mapping) else []


def _kind(url: Any) -> Kind | None:
    try:
        return (url if isinstance(url, Url) else Url(url)).kind
    except (TypeError, ValueError):
        return None
