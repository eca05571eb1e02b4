"""The table of states, complete, and its times."""

from __future__ import annotations

import pytest

from pipeline.rules.presence import PHASES, TRANSITIONS, Phase, Presence, Signal, State

O, E, I, L = State.OUTSIDE, State.ENTERING, State.INSIDE, State.LEAVING  # noqa: E741
IN, OUT, HELD = Signal.IN, Signal.OUT, Signal.HELD

# Every state and every signal: what comes of them.
WHOLE_TABLE = {
    (O, IN): E,
    (O, OUT): O,
    (O, HELD): O,
    (E, IN): E,
    (E, OUT): O,
    (E, HELD): I,
    (I, IN): I,
    (I, OUT): L,
    (I, HELD): I,
    (L, IN): I,
    (L, OUT): L,
    (L, HELD): O,
}


def test_the_table_has_every_state():
    assert set(TRANSITIONS) == set(State)
    assert set(WHOLE_TABLE) == {(state, signal) for state in State for signal in Signal}


@pytest.mark.parametrize(("state", "signal"), WHOLE_TABLE, ids=lambda one: one.name)
def test_a_signal_leads_where_the_table_says(state: State, signal: Signal):
    assert TRANSITIONS[state].get(signal, state) is WHOLE_TABLE[state, signal]


@pytest.mark.parametrize(("state", "signal"), WHOLE_TABLE, ids=lambda one: one.name)
def test_a_presence_follows_the_table(state: State, signal: Signal):
    """The first sighting of a signal is never long enough for HELD: a quarter of a second later it is."""
    presence = Presence(confirm_s=0.2, release_s=0.2, state=state)
    if signal is HELD:
        presence._since = 9.0
        presence._step(HELD, 10.0, 10.0)
    else:
        presence._since = 10.0
        presence.seen(signal is IN, 10.0, 10.0)
    assert presence.state is WHOLE_TABLE[state, signal]


def test_every_phase_is_a_transition_of_the_table():
    moves = {(state, after) for state, row in TRANSITIONS.items() for after in row.values()}
    assert set(PHASES) <= moves
    assert set(PHASES.values()) == set(Phase)


@pytest.mark.parametrize("base", [0.0, 1.8e9], ids=["from zero", "as wall time"])
@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_an_entry_is_sure_after_confirm_s_and_a_leaving_after_release_s_at_any_rate(fps: float, base: float):
    presence, told = Presence(confirm_s=1.0, release_s=2.0), {}
    at = base
    for picture in range(round(10 * fps)):
        at = at + 1 / fps if picture else base
        is_in = picture < 5 * fps
        since = base if is_in else base + 5
        told |= {phase: round(at - base, 3) for phase in presence.seen(is_in, since, at)}
    assert told == {Phase.STARTED: 1.0, Phase.ENDED: 7.0}
    assert presence.entered_at == base
    assert presence.left_at == base + 5


def test_an_entry_is_held_from_the_first_sighting_not_from_the_border():
    presence = Presence(confirm_s=0.4, release_s=2)
    assert presence.seen(True, since=0.1, now=0.5) == []
    assert presence.seen(True, since=0.1, now=0.7) == []
    assert presence.seen(True, since=0.1, now=0.9) == [Phase.STARTED]
    assert presence.entered_at == 0.1


def test_a_visit_that_comes_back_in_time_is_the_same_visit():
    presence = Presence(confirm_s=0, release_s=2)
    assert presence.seen(True, 1, 1) == [Phase.STARTED]
    assert presence.seen(False, 2, 2) == []
    assert presence.seen(True, 3.5, 3.5) == []
    assert presence.entered_at == 1
    assert presence.state is State.INSIDE


def test_nothing_to_confirm_or_release_is_at_once():
    presence = Presence(confirm_s=0, release_s=0)
    assert presence.seen(True, 1, 1) == [Phase.STARTED]
    assert presence.seen(False, 2, 2) == [Phase.ENDED]


def test_coasting_ends_a_leaving_and_nothing_else():
    presence = Presence(confirm_s=1, release_s=1)
    presence.seen(True, 0, 0)
    assert presence.unseen(10) == []
    assert presence.state is State.ENTERING
    presence.seen(True, 0, 10)
    assert presence.unseen(100) == []
    assert presence.state is State.INSIDE
    presence.seen(False, 100, 100)
    assert presence.unseen(101) == [Phase.ENDED]


def test_a_track_that_is_no_more_is_out_since_it_was_last_seen():
    presence = Presence(confirm_s=0, release_s=2)
    presence.seen(True, 0, 0)
    assert presence.gone(last_seen=3, now=4) == []
    assert presence.gone(last_seen=3, now=5) == [Phase.ENDED]
    assert presence.left_at == 3


def test_when_the_watching_ends_only_a_leaving_is_done():
    staying, leaving = Presence(0, 2), Presence(0, 2)
    for presence in (staying, leaving):
        presence.seen(True, 0, 0)
    leaving.seen(False, 1, 1)
    assert staying.finish() == []
    assert leaving.finish() == [Phase.ENDED]
    assert leaving.left_at == 1
