"""Parts of a recording put together: one person, one number, one incident, wherever the seam is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from pipeline.rules.incidents import Origin, Rules
from pipeline.types import Incident
from pipeline.workers.play import Seen
from pipeline.workers.seam import Seam
from tests.fakes import Street, Walker, Way, camera, lives, now, watch, way

RULES = {"yard": {"trigger": "enter"}, "over": {"trigger": "cross"}}
THROUGH = way((0, 0.1, 0.6), (100, 0.9, 0.6))
STANDS = way((0, 0.5, 0.6))
ASIDE = way((0, 0.3, 0.5))


def part(walkers: Mapping[int, Walker | Way], begin: float, end: float, late: float = 0.0) -> list[Seen]:
    """Who is where from `begin` to `end`, five pictures a second, `late` seconds off the others' pictures."""
    street = Street({n: one if isinstance(one, Walker) else Walker(one) for n, one in walkers.items()})
    return [Seen(now(at), street.tracks(at)) for at in np.arange(begin + late, end, 0.2).round(3).tolist()]


def told(*parts: list[Seen]) -> list[Incident]:
    seam = Seam(camera(**RULES), Origin("school"))
    found: list[Incident] = []
    for one in parts:
        found += [each.incident for each in seam.add(one)]
        seam.turn_over()
    return found + [each.incident for each in seam.end()]


def test_one_part_is_what_the_rules_say_of_it() -> None:
    people = {3: THROUGH, 7: Walker(STANDS, since=20.0, until=50.0)}
    rules = Rules(camera(**RULES), Origin("school"))
    expected = watch(rules, people, 99.8)
    assert told(part(people, 0.0, 100.0)) == [*expected, *rules.interrupt(now(99.8), "end_of_recording")]


@pytest.mark.parametrize("seam", [10.0, 46.0, 50.0, 62.0, 80.0])
@pytest.mark.parametrize("late", [0.0, 0.04])
def test_who_goes_over_a_seam_is_one_person_and_what_they_do_one_incident(seam: float, late: float) -> None:
    """Somebody walks through zone and line, somebody stands beside; the second lane numbers them otherwise."""
    whole = told(part({1: THROUGH, 2: ASIDE}, 0.0, 100.0))
    parts = told(
        part({1: THROUGH, 2: ASIDE}, 0.0, seam), part({5: ASIDE, 9: THROUGH}, max(0.0, seam - 40), 100.0, late)
    )
    assert [(one.rule, one.state, one.track) for one in parts] == [(one.rule, one.state, one.track) for one in whole]
    assert [one.at.media for one in parts] == pytest.approx([one.at.media for one in whole], abs=0.3)
    assert len({one.id for one in parts}) == len({one.id for one in whole})


def test_who_comes_after_a_seam_has_a_number_that_nobody_else_has() -> None:
    first = part({1: Walker(STANDS, until=20.0), 4: ASIDE}, 0.0, 40.0)
    second = part({1: Walker(STANDS, since=50.0, until=60.0), 2: ASIDE}, 10.0, 70.0)
    third = part({1: Walker(STANDS, since=80.0)}, 65.0, 100.0)
    tracks = [life[0].track for life in lives(told(first, second, third)) if life[0].rule == "yard"]
    assert tracks == [1, 5, 6]


def test_those_who_were_most_often_in_the_same_place_are_the_same() -> None:
    """Two pass each other before the seam: for a moment each is where the other is."""
    left, right = way((0, 0.2, 0.6), (40, 0.8, 0.6)), way((0, 0.8, 0.6), (40, 0.2, 0.6))
    whole = told(part({1: left, 2: right}, 0.0, 40.0))
    parts = told(part({1: left, 2: right}, 0.0, 21.0), part({1: right, 2: left}, 0.0, 40.0))
    assert [(one.rule, one.track, one.state) for one in parts] == [(one.rule, one.track, one.state) for one in whole]


def test_who_was_lost_before_the_seam_and_found_after_it_is_still_the_same() -> None:
    """Out of sight from 38 s to 44 s, in the zone; the seam is at 40 s."""

    def hidden(at: float) -> tuple[float, float] | None:
        return None if 38.0 <= at < 44.0 else STANDS(at)

    (life,) = lives(told(part({1: hidden}, 0.0, 40.0), part({2: hidden}, 10.0, 60.0)))
    assert {one.track for one in life} == {1}
    assert life[-1].at.media == pytest.approx(59.8)


def test_a_moment_that_both_parts_have_seen_counts_once() -> None:
    brief = Walker(STANDS, since=30.0, until=34.0)
    (life,) = lives(told(part({1: brief}, 0.0, 45.0), part({1: brief}, 5.0, 60.0)))
    assert [one.state.value for one in life] == ["opened", "closed"]
