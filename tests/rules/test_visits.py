"""The table of states, complete, and its times."""

from __future__ import annotations

import pytest

from pipeline.rules.facts import OUT_OF_SIGHT_S
from pipeline.rules.visits import PHASES, TRANSITIONS, Phase, Signal, State, Visit, Visits

O, E, I, L, X = State  # noqa: E741
IN, EDGE, OUT, GONE, HELD = Signal

# Every state and every signal: what comes of them.
WHOLE_TABLE = {
    (O, IN): E,
    (O, EDGE): O,
    (O, OUT): O,
    (O, GONE): O,
    (O, HELD): O,
    (E, IN): E,
    (E, EDGE): E,
    (E, OUT): O,
    (E, GONE): O,
    (E, HELD): I,
    (I, IN): I,
    (I, EDGE): I,
    (I, OUT): L,
    (I, GONE): X,
    (I, HELD): I,
    (L, IN): I,
    (L, EDGE): I,
    (L, OUT): L,
    (L, GONE): L,
    (L, HELD): O,
    (X, IN): I,
    (X, EDGE): I,
    (X, OUT): L,
    (X, GONE): X,
    (X, HELD): O,
}


def visit(at: float) -> Visit:
    return Visit(at, (0.5, 0.5), appeared=False)


def saw(visits: Visits, is_in: bool, since: float, now: float) -> list[Phase]:
    return visits.saw_in(visit(since), now) if is_in else visits.saw_out(since, now)


def test_the_table_has_every_state():
    assert set(TRANSITIONS) == set(State)
    assert set(WHOLE_TABLE) == {(state, signal) for state in State for signal in Signal}


@pytest.mark.parametrize(("state", "signal"), WHOLE_TABLE, ids=lambda one: one.name)
def test_a_signal_leads_where_the_table_says(state: State, signal: Signal):
    assert TRANSITIONS[state].get(signal, state) is WHOLE_TABLE[state, signal]


@pytest.mark.parametrize(("state", "signal"), WHOLE_TABLE, ids=lambda one: one.name)
def test_visits_follow_the_table(state: State, signal: Signal):
    """The first sighting of a signal is never long enough for HELD: later it is."""
    visits = Visits(confirm_s=0.2, release_s=0.2, state=state, visit=visit(9.0))
    visits.since = 10.0
    if signal is HELD:
        visits._step(HELD, 10.0)
    else:
        {
            IN: lambda: saw(visits, True, 10.0, 10.0),
            EDGE: lambda: visits.saw_edge(10.0),
            OUT: lambda: saw(visits, False, 10.0, 10.0),
            GONE: lambda: visits.gone(10.0, 10.0, left_picture=False),
        }[signal]()
    assert visits.state is WHOLE_TABLE[state, signal]


def test_every_phase_is_a_transition_of_the_table():
    moves = {(state, after) for state, row in TRANSITIONS.items() for after in row.values()}
    assert set(PHASES) <= moves
    assert set(PHASES.values()) == set(Phase)


@pytest.mark.parametrize("base", [0.0, 1.8e9], ids=["from zero", "as wall time"])
@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_an_entry_is_sure_after_confirm_s_and_a_leaving_after_release_s_at_any_rate(fps: float, base: float):
    visits, told = Visits(confirm_s=1.0, release_s=2.0), {}
    at = base
    for picture in range(round(10 * fps)):
        at = at + 1 / fps if picture else base
        is_in = picture < 5 * fps
        since = base if is_in else base + 5
        told |= {phase: round(at - base, 3) for phase in saw(visits, is_in, since, at)}
    assert told == {Phase.STARTED: 1.0, Phase.ENDED: 7.0}
    assert visits.visit.entered_at == base
    assert visits.visit.left_at == base + 5


def test_an_entry_is_held_from_the_first_sighting_not_from_the_border():
    visits = Visits(confirm_s=0.4, release_s=2)
    assert saw(visits, True, since=0.1, now=0.5) == []
    assert saw(visits, True, since=0.1, now=0.7) == []
    assert saw(visits, True, since=0.1, now=0.9) == [Phase.STARTED]
    assert visits.visit.entered_at == 0.1


def test_an_entry_needs_more_sightings_in_the_zone_than_beside_its_border():
    visits = Visits(confirm_s=0.4, release_s=2)
    saw(visits, True, 0.0, 0.0)
    for now in (0.2, 0.4, 0.6):
        assert visits.saw_edge(now) == []
    for now in (0.8, 1.0):
        assert saw(visits, True, now, now) == []
    assert saw(visits, True, 1.2, 1.2) == [Phase.STARTED]


def test_a_visit_that_comes_back_in_time_is_the_same_visit():
    visits = Visits(confirm_s=0, release_s=2)
    assert saw(visits, True, 1, 1) == [Phase.STARTED]
    assert saw(visits, False, 2, 2) == []
    assert saw(visits, True, 3.5, 3.5) == []
    assert visits.visit.entered_at == 1
    assert visits.state is State.INSIDE


def test_nothing_to_confirm_or_release_is_at_once():
    visits = Visits(confirm_s=0, release_s=0)
    assert saw(visits, True, 1, 1) == [Phase.STARTED]
    assert saw(visits, False, 2, 2) == [Phase.ENDED]


def test_time_alone_ends_an_absence_and_nothing_else():
    visits = Visits(confirm_s=1, release_s=1)
    saw(visits, True, 0, 0)
    assert visits.elapsed(10) == []
    assert visits.state is State.ENTERING
    saw(visits, True, 0, 10)
    assert visits.elapsed(100) == []
    assert visits.state is State.INSIDE
    saw(visits, False, 100, 100)
    assert visits.elapsed(101) == [Phase.ENDED]


@pytest.mark.parametrize(("left_picture", "because"), [(True, "left_picture"), (False, "lost_from_sight")])
def test_who_is_no_longer_seen_is_out_since_they_were_last_seen(left_picture: bool, because: str):
    visits = Visits(confirm_s=0, release_s=2)
    saw(visits, True, 0, 0)
    ends = 3 + (2 if left_picture else OUT_OF_SIGHT_S)
    assert visits.gone(3, ends - 0.1, left_picture) == []
    assert visits.gone(3, ends, left_picture) == [Phase.ENDED]
    assert (visits.visit.left_at, visits.visit.ended_because) == (3, because)


def test_who_was_out_of_sight_for_a_moment_goes_on_with_the_same_visit():
    visits = Visits(confirm_s=0, release_s=1)
    saw(visits, True, 0, 0)
    assert visits.gone(3, 3 + OUT_OF_SIGHT_S - 1, left_picture=False) == []
    assert saw(visits, True, 7, 7) == []
    assert (visits.state, visits.visit.entered_at) == (State.INSIDE, 0)


def test_who_is_seen_outside_after_being_out_of_sight_left_when_last_seen():
    visits = Visits(confirm_s=0, release_s=1)
    saw(visits, True, 0, 0)
    visits.gone(3, 4, left_picture=False)
    assert saw(visits, False, 5, 5) == []
    assert saw(visits, False, 5, 6) == [Phase.ENDED]
    assert (visits.visit.left_at, visits.visit.ended_because) == (3, "left_zone")


def test_when_the_watching_ends_only_an_absence_is_done():
    staying, leaving, lost = (Visits(0, 2) for _ in range(3))
    for visits in (staying, leaving, lost):
        saw(visits, True, 0, 0)
    saw(leaving, False, 1, 1)
    lost.gone(1, 1, left_picture=False)
    assert staying.finish() == []
    assert leaving.finish() == lost.finish() == [Phase.ENDED]
    assert leaving.visit.left_at == lost.visit.left_at == 1
