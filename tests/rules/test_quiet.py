"""Whom nobody asks about because nothing can have happened: what is told is what would be told if all were asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.config import Camera
from pipeline.rules import area
from pipeline.rules.geometry_kernels import holds, place
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.rules.quiet import Quiet
from pipeline.types import Incident, Moment
from tests import golden, slow
from tests.fakes import SIZE, Street, Walker, Way, camera, way

points = st.tuples(st.floats(0, 1), st.floats(0, 1))
RINGS = [
    [[0.4, 0.4], [0.6, 0.4], [0.6, 0.8], [0.4, 0.8]],
    [[0.1, 0.1], [0.9, 0.5], [0.1, 0.9], [0.4, 0.5]],
]


@settings(max_examples=300, deadline=None)
@given(points, points, st.floats(0.5, 2.5), st.sampled_from([[0], [1], [1, 0]]))
def test_the_kernel_says_what_the_definitions_say(before: Any, now: Any, aspect: float, which: list[int]) -> None:
    rings = [tuple(map(tuple, RINGS[n])) for n in which]
    corners = np.array([corner for ring in rings for corner in ring])
    starts = np.cumsum([0, *map(len, rings)], dtype=np.int64)
    meets = np.empty(len(corners))
    inside, far, met = place(*before, *now, aspect, corners, starts, meets)
    assert inside is holds(*now, corners, starts) is (sum(slow.inside(now, ring) for ring in rings) % 2 == 1)
    assert far == pytest.approx(min(slow.from_polygon(now, ring, aspect) for ring in rings), abs=1e-12)
    assert meets[:met].tolist() == sorted(at for ring in rings for at in slow.meetings((before, now), ring))


class Asked(Quiet):
    """Everybody is asked, always."""

    def note(self, watch: Any, news_at: float) -> None:
        self._codes[:] = 0


def crowd(seed: int, count: int, until: float) -> dict[int, Walker]:
    """People who walk to and fro, stand, stand on borders, are hidden for a while, come and go."""
    chance, people = random.Random(seed), {}
    for number in range(1, count + 1):
        at, points = 0.0, []
        while at < until:
            points.append(
                (at, chance.choice([0.2, 0.39, 0.4, 0.41, 0.5, 0.6, 0.7]), chance.choice([0.3, 0.6, 0.79, 0.9]))
            )
            at += chance.choice([0.3, 1.0, 3.0, 8.0])
            if chance.random() < 0.5:
                points.append((at, *points[-1][1:]))
                at += chance.choice([0.5, 2.0])
        since, gone = chance.uniform(0, until / 3), chance.uniform(until / 2, until * 1.2)
        people[number] = Walker(hidden(way(*points), chance), since, gone, chance.choice([0.15, 0.3]), 0.2)
    return people


def hidden(one: Way, chance: random.Random) -> Way:
    since = chance.uniform(2, 20)
    lasts = chance.choice([0.0, 0.6, 3.0, 7.0])
    return lambda at: None if since <= at < since + lasts else one(at)


RULES: dict[str, dict[str, Any]] = {
    **{name: {"trigger": name} for name in ("enter", "appear", "exit", "disappear", "inside")},
    "border": {"trigger": "enter", "by": "border"},
    "long": {"trigger": "dwell", "seconds": 4, "update_s": 3},
    "stopped": {"trigger": "stopped", "seconds": 1.5},
    "slow": {"trigger": "inside", "confirm_s": 1.5, "release_s": 0.5, "confirm_samples": 3, "confirm_of": 5},
    "middle": {"trigger": "enter", "anchor": "centre", "update_s": 2},
    "cooled": {"trigger": "enter", "cooldown_s": 6},
    "over": {"trigger": "enter", "anchor": "overlap"},
    "sure": {"trigger": "enter", "score": 0.5},
    "busy": {"trigger": "occupancy", "people": {"max": 1}},
    "deserted": {"trigger": "absence", "seconds": 2},
    "grows": {"trigger": "crowd_growth", "grows_by": 2, "seconds": 5},
    "runs": {"trigger": "speed", "faster_than": "0.5 heights/s"},
    "crosses": {"trigger": "cross"},
    "tails": {"trigger": "tailgate", "seconds": 5},
}


def told(watched: Rules, one: Camera, people: dict[int, Walker], times: list[float], wall: float) -> Iterator[Incident]:
    street = Street(people)
    for n, at in enumerate(times):
        now = Now(Moment(at, wall + at, 0.1, "arrival"), wall + at, wall + at, SIZE)
        if n == len(times) // 2:
            yield from watched.reconfigure(one, Origin("s"), now)
        if n == 2 * len(times) // 3:
            yield from watched.interrupt(now, "camera_lost")
        yield from watched.update(street.tracks(at), now)


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([2.0, 5.0, 12.0]), st.booleans())
def test_what_is_told_is_what_would_be_told_if_all_were_asked(
    seed: int, count: int, fps: float, in_a_hole: bool
) -> None:
    zone = {"polygon": RINGS[0], "holes": [[[0.45, 0.5], [0.55, 0.5], [0.55, 0.7], [0.45, 0.7]]] if in_a_hole else []}
    one = camera(zone=zone, **RULES)
    people = crowd(seed, count, 30.0)
    times = [n / fps for n in range(round(34 * fps))]
    quick, every = Rules(one, Origin("s")), Rules(one, Origin("s"))
    every._quiet = Asked(one)
    found = list(told(quick, one, people, times, 1.8e9 + seed))
    assert found == list(told(every, one, people, times, 1.8e9 + seed))


def test_somebody_far_away_is_not_asked_about_and_somebody_inside_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    first = area.Area.place
    monkeypatch.setattr(area.Area, "place", lambda self, last, now: asked.append(now.at) or first(self, last, now))
    one = camera(**{name: {"trigger": name} for name in ("enter", "inside", "exit")})
    for walk, most in ((way((0, 0.05, 0.2), (60, 0.15, 0.9)), 3), (way((0, 0.5, 0.6), (60, 0.55, 0.65)), 24)):
        asked.clear()
        watched, street = Rules(one, Origin("s")), Street({1: Walker(walk)})
        for n in range(300):
            watched.update(street.tracks(n / 5), Now(Moment(n / 5), size=SIZE))
        assert 3 <= len(asked) <= most


def test_more_people_than_there_was_room_for_and_others_in_their_places() -> None:
    one = camera(enter={"trigger": "enter"})
    people = {n: Walker(way((0, 0.5, 0.6)), since=n // 20 * 30.0, until=n // 20 * 30.0 + 5) for n in range(1, 80)}
    watched, street = Rules(one, Origin("s")), Street(people)
    found = [one for n in range(800) for one in watched.update(street.tracks(n / 5), Now(Moment(n / 5), size=SIZE))]
    assert sorted({one.track for one in found}) == sorted(people)
    assert watched.open_incidents == 0


@pytest.mark.parametrize("name", golden.CLIPS)
def test_of_the_clips_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.rules.incidents.Quiet", Asked)
    assert golden.judged(name) == golden.incidents(name)


def test_the_account_of_somebody_who_was_not_asked_about_is_of_now() -> None:
    watched, street = Rules(camera(enter={"trigger": "inside"}), Origin("s")), Street({1: Walker(way((0, 0.5, 0.6)))})
    for n in range(50):
        watched.update(street.tracks(n / 5), Now(Moment(n / 5), size=SIZE))
    watch = watched._watches["enter", 1]
    watched.accounts(Now(Moment(9.8), size=SIZE))
    assert watch.trigger.visit.samples == 50  # type: ignore[attr-defined]
    assert watch.trigger.there_at == pytest.approx(9.8)
