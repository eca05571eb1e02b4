"""One person in several zones: one after the other, or long in all of them together. Times in media seconds."""

from __future__ import annotations

import math

from pipeline.config import Camera, Rule
from pipeline.rules.facts import Fact, Happening, Sighting
from pipeline.rules.stays import Spell, Stay, covered


class _Several:
    """The stays of one person in each zone of a rule."""

    def __init__(self, rule: Rule, camera: Camera) -> None:
        self.rule = rule
        self.stays = {name: Stay(rule, name, camera.zones[name]) for name in dict.fromkeys(rule.places)}

    @property
    def idle(self) -> bool:
        """Nothing left to wait for."""
        return all(stay.idle for stay in self.stays.values())

    @property
    def there_at(self) -> float:
        """When the person was last seen in one of the zones."""
        return max(stay.there_at for stay in self.stays.values())

    def seen(self, sighting: Sighting) -> list[Fact]:
        """Where the person is, for each zone."""
        for stay in self.stays.values():
            stay.seen(sighting)
        return self.judged(sighting.at)

    def unseen(self, now: float) -> list[Fact]:
        """The track coasts."""
        for stay in self.stays.values():
            stay.unseen(now)
        return self.judged(self.there_at)

    def gone(self, now: float) -> list[Fact]:
        """The track is no more."""
        for stay in self.stays.values():
            stay.gone(now)
        return self.judged(self.there_at)

    def finish(self) -> list[Fact]:
        """The watching ends."""
        for stay in self.stays.values():
            stay.finish()
        return self.judged(self.there_at)

    def judged(self, now: float) -> list[Fact]:
        """What the stays come to; where nobody is seen now, by when they were seen last."""
        raise NotImplementedError

    def _spells(self) -> list[Spell]:
        return sorted((one for stay in self.stays.values() for one in stay.spells), key=lambda one: one.entered)


class Sequence(_Several):
    """Someone comes into the zones in this order, each within `seconds` of leaving the one before."""

    _told = -math.inf

    def judged(self, now: float) -> list[Fact]:
        steps = self._steps()
        if steps is None:
            self._forget(now)
            return []
        last = steps[-1]
        for stay in self.stays.values():  # what led to this leads to nothing else, unless they are still there
            goes_on = stay.spells[-1:] if stay.sure else []
            stay.spells = [one for one in stay.spells if one in goes_on or one.entered > last.entered]
        self._told = last.entered
        why = {"zones": list(self.rule.zones), "entered_s": [round(one.entered, 3) for one in steps]}
        return [Fact(Happening.MOMENT, last.entered, steps[0].entered, why=why, zone=last.zone)]

    def _steps(self) -> list[Spell] | None:
        """The stays that make up the sequence, if there is one that has not been told."""
        zones, found = self.rule.zones, dict[int, list[Spell]]()
        for spell in self._spells():
            for place in range(len(zones) - 1, -1, -1):
                if zones[place] == spell.zone:
                    self._add(found, place, spell)
            if len(zones) - 1 in found:
                return found[len(zones) - 1]
        return None

    def _add(self, found: dict[int, list[Spell]], place: int, spell: Spell) -> None:
        if spell.entered <= self._told and place > 0:
            return
        if place == 0:
            found[0] = [spell]
            return
        before = found.get(place - 1)
        if before is None or before[-1].entered >= spell.entered:
            return
        left = before[-1].left
        if left is None or spell.entered - left <= (self.rule.seconds or 0.0):
            found[place] = [*before, spell]

    def _forget(self, now: float) -> None:
        """Stays that ended too long ago to lead anywhere: whoever comes in may yet be told late."""
        kept = (self.rule.seconds or 0.0) * len(self.rule.zones) + self.rule.confirm_s + self.rule.release_s
        for stay in self.stays.values():
            stay.spells = [one for one in stay.spells if one.left is None or now - one.left <= kept]


class Loiter(_Several):
    """Someone has been in the zones for `seconds` in all, of the last `window_s`. Closes when they are in none."""

    _open = False

    def judged(self, now: float) -> list[Fact]:
        if self._open:
            return self._ended()
        since = now - self.rule.window_s if self.rule.window_s else -math.inf
        for stay in self.stays.values():
            stay.spells = [one for one in stay.spells if one.left is None or one.left > since]
        need = self.rule.seconds or 0.0
        total = covered(self._spans(now), since)
        if total < need or not any(stay.sure for stay in self.stays.values()):
            return []
        self._open = True
        return [self._opened(now - (total - need), total)]

    def total(self, now: float) -> float:
        """Seconds that count until now."""
        return covered(self._spans(now), now - self.rule.window_s if self.rule.window_s else -math.inf)

    def _opened(self, at: float, total: float) -> Fact:
        spells = self._spells()
        here = next(name for name, stay in self.stays.items() if stay.sure)
        why = {"seconds": self.rule.seconds, "in_all_s": round(total, 3), "stays": len(spells)}
        return Fact(Happening.OPENED, at, spells[0].entered, why=why, zone=here)

    def _ended(self) -> list[Fact]:
        if any(stay.visits.within for stay in self.stays.values()):
            return []
        self._open = False
        left = max(one.left or one.entered for one in self._spells())
        entered = self._spells()[0].entered
        for stay in self.stays.values():  # the next time counts anew
            stay.spells.clear()
        return [Fact(Happening.CLOSED, left, entered, left, why={"closed_because": "left_zone"})]

    def _spans(self, now: float) -> list[tuple[float, float]]:
        return [(one.entered, stay.known_until(one, now)) for stay in self.stays.values() for one in stay.spells]
