"""When somebody came into a zone and left it, for triggers about more than one stay. Times in media seconds.

Not here: which stays are news (`several`, `crowd`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.config import Rule, Zone
from pipeline.rules.facts import Fact
from pipeline.rules.in_zone import InZone
from pipeline.rules.passages import Passage
from pipeline.rules.visits import State

# Of one person in one zone.
_REMEMBERED = 256


@dataclass(slots=True, eq=False)
class Spell:
    """One stay in `zone`; `left` is None while it goes on."""

    zone: str
    entered: float
    left: float | None = None


class Stay(InZone):
    """One person, one zone: `spells`, the latest last. It has no facts of its own."""

    def __init__(self, rule: Rule, name: str, zone: Zone) -> None:
        super().__init__(rule, zone)
        self.name = name
        self.spells: list[Spell] = []
        self._spell = Spell(name, 0.0)

    @property
    def sure(self) -> bool:
        """Inside, and not perhaps about to have left."""
        return self.visits.state is State.INSIDE

    @property
    def perhaps(self) -> bool:
        """Inside, or away and not yet let go, or about to be inside."""
        return self.visits.state is not State.OUTSIDE

    def started(self) -> list[Fact]:
        self._spell = Spell(self.name, self.visit.entered_at)
        self._add(self._spell)
        return []

    def ended(self) -> list[Fact]:
        self._spell.left = self.visit.left_at
        return []

    def passed(self, passage: Passage) -> list[Fact]:
        self._add(Spell(self.name, passage.entered, passage.left))
        return []

    def _add(self, spell: Spell) -> None:
        self.spells.append(spell)
        del self.spells[:-_REMEMBERED]

    def known_until(self, spell: Spell, now: float) -> float:
        """Up to when that stay has surely lasted."""
        if spell.left is not None:
            return spell.left
        return now if self.sure else max(self.there_at, spell.entered)


def covered(spans: Iterable[tuple[float, float]], since: float) -> float:
    """Seconds after `since` that lie in at least one of these spans."""
    total, reached = 0.0, since
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
