"""What holds for every trigger there is: the picture rate, dropped pictures, the time and the side change no answer."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from pipeline.config.triggers import KINDS
from pipeline.rules.incidents import Origin, Rules
from pipeline.types import Incident, Point
from tests.fakes import ASPECT, Walker, Way, camera, lives, watch_at, way

HEIGHT = 0.1
A = {"polygon": [[0.2, 0.4], [0.4, 0.4], [0.4, 0.8], [0.2, 0.8]]}
B = {"polygon": [[0.6, 0.4], [0.8, 0.4], [0.8, 0.8], [0.6, 0.8]]}
WIDE = {"polygon": [[0.15, 0.1], [0.85, 0.1], [0.85, 0.9], [0.15, 0.9]]}
LINE = [[0.5, 0.02], [0.5, 0.98]]
SPOTS: list[Point] = [(0.3, 0.6), (0.7, 0.6), (0.1, 0.2), (0.9, 0.3), (0.3, 0.95)]
TRIGGERS: dict[str, dict[str, Any]] = {
    "enter": {"zone": "a"},
    "appear": {"zone": "a"},
    "exit": {"zone": "a"},
    "disappear": {"zone": "a"},
    "inside": {"zone": "a"},
    "dwell": {"zone": "a", "seconds": 6},
    "stopped": {"zone": "a", "seconds": 3},
    "running": {"zone": "wide"},
    "speed": {"zone": "wide", "faster_than": "1.5 heights/s"},
    "wrong_direction": {"zone": "wide", "angle": 0, "tolerance": 60},
    "sequence": {"zones": ["a", "b"], "seconds": 6},
    "loiter": {"zones": ["a", "b"], "seconds": 9},
    "cross": {"line": "door"},
    "tailgate": {"line": "door", "seconds": 4},
    "unbadged": {"line": "door", "door": "north", "seconds": 5},
    "unused_grant": {"line": "door", "door": "north", "seconds": 5},
    "occupancy": {"zone": "a", "people": {"max": 1}, "seconds": 2},
    "absence": {"zone": "a", "seconds": 4},
    "crowd_growth": {"zone": "a", "grows_by": 2, "seconds": 6.13},
}
# Of a movement a second must be seen to know it.
MOVING = ("running", "speed", "wrong_direction")
TOGETHER = ("tailgate", "unbadged", "unused_grant", "occupancy", "absence", "crowd_growth")
# Of triggers about badges.
GRANTS = [("north", 3.7), ("south", 8.0), ("north", 21.3)]
WALKS, RUNS = 0.8, 2.63
"""Heights a second."""

walks = st.lists(
    st.lists(st.tuples(st.sampled_from(SPOTS), st.sampled_from([4.0, 5.5, 9.0])), min_size=2, max_size=4),
    min_size=1,
    max_size=3,
)


def test_the_table_has_every_trigger():
    assert set(TRIGGERS) == set(KINDS)


def walker(steps: list[tuple[Point, float]], late: float, pace: float) -> tuple[Way, float]:
    """From spot to spot at that pace, staying at each; and when they are done."""
    points, at = [], late
    before: Point | None = None
    for spot, stay in steps:
        if before is not None:
            far = ((spot[0] - before[0]) * ASPECT) ** 2 + (spot[1] - before[1]) ** 2
            at += far**0.5 / (pace * HEIGHT)
        points += [(at, *spot), (at + stay, *spot)]
        at, before = at + stay, spot
    return way(*points), at


def scene(trigger: str, steps: list[list[tuple[Point, float]]]) -> tuple[dict[int, Walker], float]:
    """Its people, and how long it lasts."""
    people, until = {}, 0.0
    for n, own in enumerate(steps, 1):
        walk, end = walker(own, 1.7 * n, RUNS if trigger in MOVING and n % 2 else WALKS)
        people[n], until = Walker(walk, height=HEIGHT), max(until, end)
    return people, until + 8


def rules(trigger: str, mirrored: bool = False, **keys: Any) -> Rules:
    def side(points: list[Any]) -> list[Any]:
        return [[1 - x, y] for x, y in points] if mirrored else points

    zones = {name: {"polygon": side(zone["polygon"])} for name, zone in (("a", A), ("b", B), ("wide", WIDE))}
    own = {"update_s": 86400, **TRIGGERS[trigger], **keys}
    if mirrored and "angle" in own:
        own["angle"] = (180 - own["angle"]) % 360
    one = camera(zones=zones, line=side(LINE), rule={"trigger": trigger, **own})
    return Rules(one, Origin("school"))


def answers(told: list[Incident]) -> list[tuple[int, float, float]]:
    """Of each incident: whose it is, and when it opened and was told last."""
    found = [(life[0].track, life[0].at.media, life[-1].at.media) for life in lives(told)]
    return sorted(found, key=lambda one: (one[0], one[1]))


def watched(trigger: str, rules: Rules, people: dict[int, Walker], times: list[float], start: float = 0.0):
    """What is told, and of triggers about badges with some grants."""
    grants = GRANTS if trigger in ("unbadged", "unused_grant") else None
    return answers(watch_at(rules, people, times, start, grants))


def steady(fps: float, until: float) -> list[float]:
    return [n / fps for n in range(round(until * fps))]


def dropped(fps: float, until: float, seed: int, longest: float) -> list[float]:
    """Three in ten pictures are missing, but never for longer than that."""
    chance, kept = random.Random(seed), [0.0]
    for at in steady(fps, until)[1:]:
        if chance.random() > 0.3 or at + 1 / fps - kept[-1] > longest:
            kept.append(at)
    return kept


# Each example takes seconds; making a failing one smaller would take minutes.
LIMITS = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("trigger", TRIGGERS)
@LIMITS
@given(walks, st.sampled_from([2.0, 3.0, 5.0, 12.0, 30.0]), st.integers(0, 99))
def test_the_rate_and_dropped_pictures_change_no_answer(
    trigger: str, steps: list[list[tuple[Point, float]]], fps: float, seed: int
):
    """Where the answer hangs on a second more or less of what the rule asks for, nothing is asked."""
    people, until = scene(trigger, steps)
    longest = 0.7 if trigger in MOVING else 1.9
    fps = max(fps, 3.0) if trigger in MOVING else fps
    kept = dropped(fps, until, seed, longest)
    gap = max(b - a for a, b in pairwise(kept))
    reference = watched(trigger, rules(trigger), people, steady(25, until))
    for keys in _perturbed(trigger, gap):
        other = watched(trigger, rules(trigger, **keys), people, steady(10, until))
        assume([one[0] for one in other] == [one[0] for one in reference])
        assume(all(abs(a[1] - b[1]) <= gap + 0.6 for a, b in zip(other, reference, strict=True)))
    found = watched(trigger, rules(trigger), people, kept)
    assert [one[0] for one in found] == [one[0] for one in reference]
    tolerance = 0.4 + gap + (1.0 if trigger in MOVING else 0.0)
    for one, other in zip(found, reference, strict=True):
        assert one[1] == pytest.approx(other[1], abs=tolerance)


def _perturbed(trigger: str, by: float) -> list[dict[str, Any]]:
    own = TRIGGERS[trigger]
    # Of a movement the fastest step is left out, which may be as long as the longest one.
    sure = 2 * by if trigger in MOVING else by
    found: list[dict[str, Any]] = [{"confirm_s": 0.4 + sure}, {"release_s": 2 + by}, {"release_s": max(0.1, 2 - by)}]
    if "seconds" in own:
        found += [{"seconds": own["seconds"] + by}, {"seconds": max(0.2, own["seconds"] - by)}]
    return found


@pytest.mark.parametrize("trigger", TRIGGERS)
@LIMITS
@given(walks, st.sampled_from([1.0, 3600.0, 1.8e9]))
def test_a_shift_of_all_times_shifts_all_answers(trigger: str, steps: list[list[tuple[Point, float]]], shift: float):
    people, until = scene(trigger, steps)
    times = steady(5, until)
    before, after = (watched(trigger, rules(trigger), people, times, start) for start in (0.0, shift))
    assert [one[0] for one in after] == [one[0] for one in before]
    for one, other in zip(after, before, strict=True):
        assert one[1:] == pytest.approx([at + shift for at in other[1:]], abs=2e-3)


@pytest.mark.parametrize("trigger", TRIGGERS)
@LIMITS
@given(walks)
@example([[((0.7, 0.6), 4.0), ((0.3, 0.6), 9.0)], [((0.1, 0.2), 5.5), ((0.3, 0.6), 5.5)]])
def test_mirrored_pictures_give_mirrored_answers(trigger: str, steps: list[list[tuple[Point, float]]]):
    people, until = scene(trigger, steps)
    mirrored = {
        n: Walker(lambda at, one=one: (1 - one.way(at)[0], one.way(at)[1]), height=HEIGHT) for n, one in people.items()
    }
    times = steady(5, until)
    straight = watched(trigger, rules(trigger), people, times)
    assert watched(trigger, rules(trigger, mirrored=True), mirrored, times) == [
        (track, pytest.approx(opened, abs=1e-3), pytest.approx(last, abs=1e-3)) for track, opened, last in straight
    ]


@pytest.mark.parametrize("trigger", [one for one in TRIGGERS if one not in TOGETHER])
@LIMITS
@given(walks)
def test_of_each_person_is_told_what_would_be_told_of_them_alone(trigger: str, steps: list[list[tuple[Point, float]]]):
    people, until = scene(trigger, steps)
    times = steady(5, until)
    alone = [one for n, walk in people.items() for one in watched(trigger, rules(trigger), {n: walk}, times)]
    assert watched(trigger, rules(trigger), people, times) == sorted(alone, key=lambda one: (one[0], one[1]))
