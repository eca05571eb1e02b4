"""The visits of one person to one zone: one table says what every sighting means. Times in media seconds.

                                 ┌──────────── IN, EDGE ────────────┐
                                 ▼                                  │
    OUTSIDE ──IN──▶ ENTERING ──HELD──▶ INSIDE ──OUT──▶ LEAVING ──HELD──▶ OUTSIDE
       ▲               │                 │  ▲             ▲
       └── OUT, GONE ──┘               GONE └─ IN, EDGE ┐ │ OUT
                                         └───▶ LOST ────┴─┘ ──HELD──▶ OUTSIDE

IN is in the zone, EDGE beside its border (by less than says that somebody has left), OUT clear of it, GONE out of
sight: the person's track ended without their having left the picture. HELD is a state that has lasted for long enough:
`confirm_s` for an entry, of which `confirm_samples` sightings were IN (of the last `confirm_of`, where that is given;
then OUT is not yet the end of it), and more than EDGE; `release_s` for a leaving;
for who is LOST at least `OUT_OF_SIGHT_S`, because who is hidden for a moment has not left, and comes back as the same
track.

Not here: where the zone lies (`in_zone`), and what a visit means (`triggers`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from pipeline.rules.facts import OUT_OF_SIGHT_S
from pipeline.types import Point

# Media times are good to a millisecond: sums of floats the size of Unix time. 0.2 + 0.2 must be 0.4 enough.
_EPSILON_S = 1e-3


class State(Enum):
    """Where the person stands with the zone."""

    OUTSIDE = auto()
    ENTERING = auto()
    INSIDE = auto()
    LEAVING = auto()
    LOST = auto()


class Signal(Enum):
    """What was seen, or that a state has lasted."""

    IN = auto()
    EDGE = auto()
    OUT = auto()
    GONE = auto()
    HELD = auto()


class Phase(Enum):
    """The transitions that somebody wants to hear of."""

    STARTED = auto()
    ABANDONED = auto()
    ENDED = auto()


# Every transition there is. A signal not listed leaves the state as it was.
TRANSITIONS: dict[State, dict[Signal, State]] = {
    State.OUTSIDE: {Signal.IN: State.ENTERING},
    State.ENTERING: {Signal.OUT: State.OUTSIDE, Signal.GONE: State.OUTSIDE, Signal.HELD: State.INSIDE},
    State.INSIDE: {Signal.OUT: State.LEAVING, Signal.GONE: State.LOST},
    State.LEAVING: {Signal.IN: State.INSIDE, Signal.EDGE: State.INSIDE, Signal.HELD: State.OUTSIDE},
    State.LOST: {
        Signal.IN: State.INSIDE,
        Signal.EDGE: State.INSIDE,
        Signal.OUT: State.LEAVING,
        Signal.HELD: State.OUTSIDE,
    },
}
PHASES = {
    (State.ENTERING, State.INSIDE): Phase.STARTED,
    (State.ENTERING, State.OUTSIDE): Phase.ABANDONED,
    (State.LEAVING, State.OUTSIDE): Phase.ENDED,
    (State.LOST, State.OUTSIDE): Phase.ENDED,
}


@dataclass(slots=True)
class Visit:
    """One visit: since when and from where; how it was seen; and, once that is known, until when and why it ended.

    `samples` were in the zone, `doubts` beside its border while entering. `appeared`: the person was first seen there,
    and `by_edge` at the picture's edge, where they may have come from.
    """

    entered_at: float
    entry: Point
    appeared: bool
    by_edge: bool = False
    samples: int = 0
    doubts: int = 0
    left_at: float = 0.0
    ended_because: str = "left_zone"

    @property
    def found(self) -> bool:
        """Whether the person was there already, as far as can be seen."""
        return self.appeared and not self.by_edge


@dataclass(slots=True)
class Visits:
    """Of one person to one zone. `visit` is the newest one, if there was any; `state` says whether it goes on.

    An entry is held from its first sighting inside, not from the border's crossing, which is interpolated: one stray
    box must not count for the time before it.
    """

    confirm_s: float
    release_s: float
    confirm_samples: int = 1
    confirm_of: int | None = None
    state: State = State.OUTSIDE
    visit: Visit = field(default_factory=lambda: Visit(0.0, (0.0, 0.0), appeared=False))
    since: float = 0.0
    _recent: deque[bool] = field(default_factory=deque)
    """While entering by so many of so many: whether they were in, of the latest sightings."""

    @property
    def within(self) -> bool:
        """Surely inside, or away and not yet let go."""
        return self.state in (State.INSIDE, State.LEAVING, State.LOST)

    def saw_in(self, visit: Visit, now: float) -> list[Phase]:
        """The person is in the zone; `visit` is the one that begins, unless one goes on."""
        if self.state is State.OUTSIDE:
            self.visit = visit
            self._recent.clear()
        self.visit.samples += 1
        self._note(inside=True)
        seen = self.visit.samples if self.confirm_of is None else sum(self._recent)
        sure = seen >= self.confirm_samples and self.visit.samples > self.visit.doubts
        return self._step(Signal.IN, now) + (self._held(now) if sure else [])

    def saw_edge(self, now: float) -> list[Phase]:
        """Beside the border: still in for who was in; for who is entering neither, and it counts against them."""
        self.visit.doubts += self.state is State.ENTERING
        return self._step(Signal.EDGE, now)

    def saw_out(self, left_at: float, now: float) -> list[Phase]:
        """Clear of the zone, since `left_at`. Who may yet have been in often enough, of so many times, enters still."""
        if self.state is State.ENTERING and self.confirm_of is not None:
            self._note(inside=False)
            if self.confirm_of - len(self._recent) + sum(self._recent) >= self.confirm_samples:
                return []
        self._leave(left_at, "left_zone")
        return self._step(Signal.OUT, now) + self._held(now)

    def gone(self, last_seen: float, now: float, left_picture: bool) -> list[Phase]:
        """No longer seen since `last_seen`: out of the picture, or out of sight somewhere."""
        if self.state is State.INSIDE:
            self._leave(last_seen, "left_picture" if left_picture else "lost_from_sight")
        return self._step(Signal.OUT if left_picture else Signal.GONE, last_seen) + self._held(now)

    def elapsed(self, now: float) -> list[Phase]:
        """Nothing seen this time: only an absence that has begun may have lasted for long enough."""
        return self._held(now) if self.state is not State.ENTERING else []

    def finish(self) -> list[Phase]:
        """The watching ends: an absence that has begun counts as done."""
        away = self.state in (State.LEAVING, State.LOST)
        return self._step(Signal.HELD, self.since) if away else []

    def _note(self, inside: bool) -> None:
        if self.confirm_of is not None and self.state in (State.OUTSIDE, State.ENTERING):
            self._recent.append(inside)
            while len(self._recent) > self.confirm_of:
                self._recent.popleft()

    def _leave(self, at: float, because: str) -> None:
        """Who is away already left when they went out of the zone, or out of sight; seen outside tells more."""
        if self.state is State.INSIDE:
            self.visit.left_at, self.visit.ended_because = at, because
        elif self.state is State.LOST and because == "left_zone":
            self.visit.ended_because = because

    def _held(self, now: float) -> list[Phase]:
        need = {
            State.ENTERING: self.confirm_s,
            State.LEAVING: self.release_s,
            State.LOST: max(self.release_s, OUT_OF_SIGHT_S),
        }.get(self.state)
        if need is not None and now - self.since >= need - _EPSILON_S:
            return self._step(Signal.HELD, now)
        return []

    def _step(self, signal: Signal, since: float) -> list[Phase]:
        before, self.state = self.state, TRANSITIONS[self.state].get(signal, self.state)
        if self.state is before:
            return []
        self.since = since
        phase = PHASES.get((before, self.state))
        return [phase] if phase else []
