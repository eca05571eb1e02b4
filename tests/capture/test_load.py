"""Too much to do is told from a hiccup, and costs rate until it is over."""

from __future__ import annotations

from itertools import pairwise

from pipeline.capture.load import Load


def run(load: Load, seconds: float, behind: bool, since: float = 0.0, fps: float = 5.0) -> float:
    """So it goes for some seconds; the time after that."""
    for n in range(round(seconds * fps)):
        load.note(since + n / fps, behind, not behind)
    return since + seconds


def test_a_hiccup_is_no_overload():
    load = Load()
    now = run(load, 1.5, behind=True)
    now = run(load, 1.0, behind=False, since=now)
    run(load, 1.5, behind=True, since=now)
    assert load.stretch == 1
    assert not load.over(now + 1.5)


def test_an_overload_is_told_within_five_seconds_and_costs_rate_until_pictures_no_longer_wait():
    load = Load()
    now = run(load, 4.0, behind=True)
    assert load.over(now)
    assert load.stretch > 1
    heavier = load.stretch
    now = run(load, 20.0, behind=True, since=now)
    assert heavier < load.stretch <= 16


def test_when_it_is_over_the_rate_comes_back_step_by_step_and_that_is_told():
    load = Load()
    now = run(load, 10.0, behind=True)
    steps = [load.stretch]
    for _ in range(12):
        now = run(load, 1.0, behind=False, since=now)
        steps.append(load.stretch)
    assert steps == sorted(steps, reverse=True)
    assert max(a / b for a, b in pairwise(steps)) < 1.6
    assert steps[-1] == 1
    assert not load.over(now + 3)


def test_the_more_often_more_was_too_much_the_longer_nobody_tries_it():
    load, lasted = Load(), []
    now = run(load, 3.0, behind=True)
    for _ in range(4):
        began = now
        while load.stretch > 1:
            now = run(load, 0.2, behind=False, since=now)
        lasted.append(now - began)
        while load.stretch == 1:
            now = run(load, 0.2, behind=True, since=now)
    assert lasted == sorted(lasted)
    assert lasted[-1] > 3 * lasted[0]


def test_what_comes_and_goes_is_one_overload():
    load, over = Load(), []
    now = run(load, 4.0, behind=True)
    for _ in range(5):
        now = run(load, 2.0, behind=False, since=now)
        over.append(load.over(now))
        now = run(load, 3.0, behind=True, since=now)
    assert all(over)


def test_a_reader_that_does_not_keep_up_is_told_and_what_it_gives_is_analysed():
    load = Load()
    for n in range(25):
        load.note(n / 5, behind=False, idle=True, late=True)
        assert load.over(n / 5) is (n >= 5)
    assert load.stretch == 1
    for n in range(25, 50):
        load.note(n / 5, behind=False, idle=True, late=False)
    assert not load.over(49 / 5)


def test_a_reader_that_is_late_for_a_moment_is_no_overload():
    load = Load()
    for n in range(50):
        load.note(n / 5, behind=False, idle=True, late=n % 5 != 0)
        assert not load.over(n / 5)
