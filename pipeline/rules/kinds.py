"""The table of triggers: which class is which word."""

from __future__ import annotations

from pipeline.config import Camera, Rule
from pipeline.rules import access, crowd, moving, several, triggers
from pipeline.rules.cross import Cross
from pipeline.rules.facts import Trigger
from pipeline.rules.in_zone import InZone
from pipeline.rules.stays import Stay

_IN_ZONE: dict[str, type[InZone]] = {
    "enter": triggers.Enter,
    "appear": triggers.Appear,
    "inside": triggers.Inside,
    "dwell": triggers.Dwell,
    "stopped": triggers.Stopped,
    "exit": triggers.Exit,
    "disappear": triggers.Disappear,
}
_MOVING: dict[str, type[moving.Moving]] = {
    "running": moving.Speed,
    "speed": moving.Speed,
    "wrong_direction": moving.WrongDirection,
}
_SEVERAL: dict[str, type[several.Sequence | several.Loiter]] = {
    "sequence": several.Sequence,
    "loiter": several.Loiter,
}


def trigger_for(rule: Rule, camera: Camera) -> Trigger:
    """A new trigger of the rule's kind for one person; of rules about several it only says what that person does."""
    word = rule.trigger
    if rule.line is not None:
        return Cross(rule, camera.lines[rule.line or ""])
    if word == "dwell" and rule.window_s:
        return several.Loiter(rule, camera)
    if word in _SEVERAL:
        return _SEVERAL[word](rule, camera)
    if word in _MOVING:
        return _MOVING[word](rule, camera)
    zone = camera.zones[rule.zone or ""]
    return _IN_ZONE[word](rule, zone) if word in _IN_ZONE else Stay(rule, rule.zone or "", zone)


def crowds_for(rule: Rule) -> list[crowd.Crowd]:
    """What judges all people of the rule together; empty for rules about one person."""
    return [kind(rule) for kind in _crowds(rule)]


def _crowds(rule: Rule) -> list[type[crowd.Crowd]]:
    people = rule.people
    if rule.trigger == "occupancy" and people is not None:
        too_many = [crowd.TooMany] if people.max is not None else []
        return [*too_many, *([crowd.TooFew] if people.min is not None else [])]
    if rule.trigger == "tailgate" and rule.door is not None:
        return [access.OnOneGrant]
    found = {
        "unbadged": access.Unbadged,
        "unused_grant": access.Unused,
        "absence": crowd.TooFew,
        "crowd_growth": crowd.Growth,
        "tailgate": crowd.Tailgate,
    }.get(rule.trigger)
    return [found] if found else []
