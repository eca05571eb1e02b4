"""Is this track in this zone? Four states, one table, times in media seconds.

    OUTSIDE ──IN──▶ ENTERING ──HELD──▶ INSIDE ──OUT──▶ LEAVING ──HELD──▶ OUTSIDE
       ◀────OUT────────┘                  ◀─────IN────────┘

Not here: where the zone lies (`geometry`), and what a presence means (`triggers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class State(Enum):
    """Where the track stands with the zone."""

    OUTSIDE = auto()
    ENTERING = auto()
    INSIDE = auto()
    LEAVING = auto()


class Signal(Enum):
    """What was seen: the anchor in the zone, out of it, or either for long enough."""

    IN = auto()
    OUT = auto()
    HELD = auto()


class Phase(Enum):
    """The transitions that somebody wants to hear of."""

    STARTED = auto()
    ABANDONED = auto()
    ENDED = auto()


# Every transition there is. A signal not listed leaves the state as it was.
TRANSITIONS: dict[State, dict[Signal, State]] = {
    State.OUTSIDE: {Signal.IN: State.ENTERING},
    State.ENTERING: {Signal.OUT: State.OUTSIDE, Signal.HELD: State.INSIDE},
    State.INSIDE: {Signal.OUT: State.LEAVING},
    State.LEAVING: {Signal.IN: State.INSIDE, Signal.HELD: State.OUTSIDE},
}
PHASES = {
    (State.ENTERING, State.INSIDE): Phase.STARTED,
    (State.ENTERING, State.OUTSIDE): Phase.ABANDONED,
    (State.LEAVING, State.OUTSIDE): Phase.ENDED,
}


# Media times are good to a millisecond: sums of floats the size of Unix time. 0.2 + 0.2 must be 0.4 enough.
_EPSILON_S = 1e-3


@dataclass(slots=True)
class Presence:
    """One track and one zone. `confirm_s` makes an entry sure, `release_s` a leaving.

    An entry is held from its first sighting inside, not from the border's crossing, which is interpolated: one stray
    box must not count for the time before it.
    """

    confirm_s: float
    release_s: float
    state: State = State.OUTSIDE
    entered_at: float = 0.0
    left_at: float = 0.0
    _since: float = 0.0

    @property
    def within(self) -> bool:
        """Surely inside, or on the way out but not yet let go."""
        return self.state in (State.INSIDE, State.LEAVING)

    def seen(self, is_in: bool, since: float, now: float) -> list[Phase]:
        """The anchor was seen at `now`; if that is a change, the border was crossed at `since`."""
        return self._step(Signal.IN if is_in else Signal.OUT, since, now) + self._held(now, is_in)

    def gone(self, last_seen: float, now: float) -> list[Phase]:
        """The track is no more: it counts as out since it was last seen."""
        return self._step(Signal.OUT, last_seen, last_seen) + self._held(now, is_in=False)

    def unseen(self, now: float) -> list[Phase]:
        """Nothing seen this time: only a leaving that has begun may end."""
        return self._held(now, is_in=False)

    def finish(self) -> list[Phase]:
        """The watching ends: a leaving that has begun counts as done."""
        return self._step(Signal.HELD, self._since, self._since) if self.state is State.LEAVING else []

    def _held(self, now: float, is_in: bool) -> list[Phase]:
        waiting, need = (State.ENTERING, self.confirm_s) if is_in else (State.LEAVING, self.release_s)
        if self.state is waiting and now - self._since >= need - _EPSILON_S:
            return self._step(Signal.HELD, now, now)
        return []

    def _step(self, signal: Signal, since: float, now: float) -> list[Phase]:
        before, self.state = self.state, TRANSITIONS[self.state].get(signal, self.state)
        if self.state is before:
            return []
        self._since = now
        if self.state is State.ENTERING:
            self.entered_at = since
        elif signal is Signal.OUT:
            self.left_at = since
        phase = PHASES.get((before, self.state))
        return [phase] if phase else []
