"""Why a rule says nothing of a person now: the gate at which they stand.

Gates are in the order in which a person passes them; the farther one has come, the nearer they are to an alert. Not
here: whether anybody was seen at all (`workers/witness`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from pipeline.rules.cases import Watch
from pipeline.rules.cross import Cross
from pipeline.rules.facts import Sighting, Trigger
from pipeline.rules.in_zone import InZone
from pipeline.rules.moving import Moving
from pipeline.rules.several import Loiter, Sequence
from pipeline.rules.stays import Stay
from pipeline.rules.triggers import Appear, Dwell, Enter, Exit, Stopped
from pipeline.rules.visits import State


class Gate(IntEnum):
    """Where it ended; `TOLD` is behind all of them."""

    NO_PICTURE = 0
    NOT_ANALYSED = 1
    NOT_LOOKED = 2
    NOBODY_FOUND = 3
    NOT_COUNTED = 4
    NOT_FOLLOWED = 5
    FILTERED = 6
    OUTSIDE = 7
    NOT_SURE = 8
    NOT_YET = 9
    NOT_ARMED = 10
    NOT_LIVE = 11
    TOLD = 12


@dataclass(frozen=True, slots=True)
class Account:
    """The gate, and in words what stands there."""

    gate: Gate
    words: str


def account(watch: Watch, sighting: Sighting, height_px: int) -> Account:
    """Of one person and one rule, by what was seen of them last; distances are in pixels of a picture so high."""
    trigger = watch.trigger
    if watch.case is not None:
        return Account(Gate.TOLD, "its alert is open")
    if watch.untold is not None:
        return Account(Gate.NOT_ARMED, "its alert would be open, if the rule were armed")
    if watch.folded is not None:
        return Account(Gate.NOT_YET, f"was told of a moment ago: cooldown_s is {watch.rule.cooldown_s:g}")
    if isinstance(trigger, Cross):
        return _of_line(trigger, sighting, height_px)
    if isinstance(trigger, InZone):
        return _of_zone(trigger, watch, sighting, height_px)
    return _of_several(trigger, watch, sighting)


def _of_line(trigger: Cross, now: Sighting, height_px: int) -> Account:
    since, far = trigger.waits_since, round(trigger.distance(now) * height_px)
    if since is None:
        return Account(Gate.OUTSIDE, f"is {far} px from the line, and has not gone over it")
    need = trigger.rule.confirm_s
    return Account(Gate.NOT_SURE, f"has been over the line for {now.at - since:.1f} of {need:g} s, {far} px from it")


def _of_zone(trigger: InZone, watch: Watch, now: Sighting, height_px: int) -> Account:
    state, zone = trigger.visits.state, watch.rule.zone
    if state is State.OUTSIDE:
        far, what = trigger.outside_by(now, height_px), watch.rule.anchor
        subject = "" if what == "overlap" else f"{what} of the box "
        return Account(Gate.OUTSIDE, f"{subject}{far} {'in' if what == 'overlap' else 'of'} zone {zone}")
    if state is State.ENTERING:
        been = now.at - trigger.visits.since
        words = f"has been in zone {zone} for {been:.1f} of {watch.rule.confirm_s:g} s"
        return Account(Gate.NOT_SURE, f"{words}, seen in it {trigger.visit.samples} times")
    return Account(Gate.NOT_YET, f"is in zone {zone}, and {_waits_for(trigger, watch, now)}")


def _waits_for(trigger: InZone, watch: Watch, now: Sighting) -> str:
    """What a visit that is sure is still without."""
    rule, been = watch.rule, now.at - trigger.visit.entered_at
    if isinstance(trigger, Moving):
        return f"does not {'go that way' if rule.trigger == 'wrong_direction' else 'go so fast'}: {trigger.pace()}"
    if isinstance(trigger, Dwell):
        return f"has been there for {been:.1f} of {rule.seconds:g} s"
    if isinstance(trigger, Stopped):
        return f"has stood in one place for {trigger.stood(now.at):.1f} of {rule.seconds:g} s"
    if isinstance(trigger, Appear):
        return "has come in, and was not found there"
    if isinstance(trigger, Exit):
        return "has not left it"
    if isinstance(trigger, Stay):
        return f"counts as one person: {rule.trigger} is about all of them"
    if isinstance(trigger, Enter) and rule.by == "border":
        return "was found there, and has not come in over its border"
    return "was told already"


def _of_several(trigger: Trigger, watch: Watch, now: Sighting) -> Account:
    if isinstance(trigger, Sequence):
        been = [name for name, stay in trigger.stays.items() if stay.spells]
        words = f"has been in {', '.join(been) or 'none'} of {', '.join(watch.rule.zones)}, in this order and in time"
        return Account(Gate.NOT_YET if been else Gate.OUTSIDE, words)
    if isinstance(trigger, Loiter):
        total = trigger.total(now.at)
        words = f"has been in {', '.join(watch.rule.places)} for {total:.1f} of {watch.rule.seconds:g} s in all"
        return Account(Gate.NOT_YET if total else Gate.OUTSIDE, words)
    return Account(Gate.NOT_YET, "waits")
