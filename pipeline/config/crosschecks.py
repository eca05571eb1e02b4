"""What concerns two keys at once. The data are unchecked: anything may stand anywhere, and nothing here raises.

Not here: single values (`fields`), and what concerns one rule alone (`triggers`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.config.geometry import point
from pipeline.config.problems import did_you_mean, mistake
from pipeline.config.schedule import schedule, unclear
from pipeline.config.speed import pace
from pipeline.config.triggers import number, seldom, too_short
from pipeline.config.url import Kind, Url

_NO = ("false", "no", "off", "n", "f", "0")


def redis(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """A camera's url is no server's."""
    if _kind(data.get("url")) not in ("redis", None):
        yield mistake(("url",), "is not the url of a Redis server", "Write it as redis://host:6379/0.")


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
    smallest, tallest = number(data.get("smallest", 0.06)), number(_get(data.get("person_height"), "max"))
    if smallest is not None and tallest is not None and smallest >= tallest:
        message = f"is not above `smallest`, {smallest:g}: nobody would count"
        yield mistake(("person_height", "max"), message, "Change one of the two.")
    zones, lines = data.get("zones"), data.get("lines")
    for name in _names(data.get("rules")):
        one = _get(data["rules"], name)
        yield from _unknown(("rules", name, "zone"), "zone", _get(one, "zone"), _names(zones))
        for place, zone in enumerate(_list(_get(one, "zones"))):
            yield from _unknown(("rules", name, "zones", place), "zone", zone, _names(zones))
        yield from _unknown(("rules", name, "line"), "line", _get(one, "line"), _names(lines))
        yield from _seldom(("rules", name), one, number(data.get("analyse_fps", 5.0)))
        yield from _on_ground(("rules", name), one, data.get("ground"))
        yield from _along(("rules", name, "direction"), _get(one, "direction"), _get(lines, _get(one, "line")))


def whole(data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """A camera has one name, and its rules name periods that there are."""
    every = data.get("calendars")
    calendars = {name: _names(_get(_get(every, name), "periods")) for name in _names(every)}
    told = _get(_get(data.get("alerts"), "redis"), "access_stream")
    for key in _names(data.get("cameras")):
        name = _get(data["cameras"][key], "name")
        if name is not None and name != key:
            yield mistake(("cameras", key, "name"), f"is not `{key}`", "A camera is called by its key: take this out.")
        rules = _get(data["cameras"][key], "rules")
        for rule in _names(rules):
            if _get(_get(rules, rule), "door") is not None and not told:
                hint = "Give alerts.redis.access_stream: without it everybody would be without a badge."
                yield mistake(("cameras", key, "rules", rule, "door"), "nothing tells of grants", hint)
            yield from _scheduled(("cameras", key, "rules", rule), _get(rules, rule), calendars)


def untagged(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Modes that arm what no rule is called, as place, message and hint.

    By all cameras of the file, also those that are left out for a mistake: a mode is not wrong for that.
    """
    rules = [
        _get(_get(camera, "rules"), rule)
        for camera in (_get(data.get("cameras"), name) for name in _names(data.get("cameras")))
        for rule in _names(_get(camera, "rules"))
    ]
    known = sorted({str(tag) for rule in rules for tag in _list(_get(rule, "tags"))} | {"all"})
    modes = data.get("modes")
    for mode in _names(modes):
        for key in ("arm", "disarm"):
            for place, tag in enumerate(_list(_get(_get(modes, mode), key))):
                if tag not in known:
                    hint = did_you_mean(tag, known, "Their tags")
                    yield ("modes", mode, key, place), f"no rule has the tag `{tag}`", hint


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


def _unknown(loc: tuple[str | int, ...], what: str, name: Any, known: list[str]) -> Iterator[InitErrorDetails]:
    if isinstance(name, str) and name not in known:
        hint = did_you_mean(name, known, f"The {what}s of this camera")
        yield mistake(loc, f"this camera has no {what} `{name}`", hint)


def _seldom(loc: tuple[str, ...], one: Any, fps: float | None) -> Iterator[InitErrorDetails]:
    """What happens between two pictures is not seen."""
    trigger, seconds = str(_get(one, "trigger")), number(_get(one, "seconds"))
    if fps is not None and (message := seldom(trigger, fps)):
        yield mistake((*loc, "trigger"), message, "Raise analyse_fps.")
    elif fps and (message := too_short(trigger, seconds, fps)):
        yield mistake((*loc, "seconds"), message, f"Raise analyse_fps, or wait {1 / fps:g} s.")


def _on_ground(loc: tuple[str, ...], one: Any, ground: Any) -> Iterator[InitErrorDetails]:
    """Metres are known where the camera says where the ground is."""
    try:
        metres = pace(str(_get(one, "faster_than") or "1 heights/s")).of == "m"
    except PydanticCustomError:  # told of the field itself
        return
    if metres and ground is None:
        hint = "Give this camera `ground`, or write it in heights/s: walking is 0.8, running 1.5 and more."
        yield mistake((*loc, "faster_than"), "is in metres, and this camera does not say where the ground is", hint)


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


def _list(thing: Any) -> list[Any]:
    return list(thing) if isinstance(thing, list | tuple) else []


def _names(thing: Any) -> list[str]:
    return list(thing) if isinstance(thing, Mapping) else []


def _kind(url: Any) -> Kind | None:
    try:
        return (url if isinstance(url, Url) else Url(url)).kind
    except (TypeError, ValueError):
        return None
