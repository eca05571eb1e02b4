"""What looking at every picture adds, and that it changes nothing else."""

from __future__ import annotations

from pipeline.rules.incidents import Origin, Rules
from pipeline.types import Incident
from pipeline.workers.exhaustive import added
from pipeline.workers.seam import Told
from tests.fakes import Walker, camera, watch, way

STANDS, ASIDE = way((0, 0.5, 0.6)), way((0, 0.45, 0.7))


def told(walkers: dict[int, Walker], fps: float = 5, **more: dict[str, str]) -> list[Told]:
    watching = Rules(camera(yard={"trigger": "enter"}, **more), Origin("school"))
    return [Told(one.at.media, one) for one in watch(watching, walkers, 100.0, fps)]


def incidents(found: list[Told]) -> list[Incident]:
    return [one.incident for one in found]


def test_where_both_tell_the_same_it_is_told_as_the_quick_way_has_it() -> None:
    quick = told({1: Walker(STANDS, since=20.0, until=40.0), 2: Walker(STANDS, since=60.0, until=80.0)}, fps=2)
    every = told({4: Walker(STANDS, since=19.5, until=41.0), 9: Walker(STANDS, since=60.3, until=80.0)})
    assert added(quick, every) == quick


def test_what_only_every_picture_tells_is_added_in_the_order_of_time_with_a_number_of_its_own() -> None:
    quick = told({1: Walker(STANDS, since=20.0, until=30.0), 2: Walker(STANDS, since=60.0, until=80.0)})
    every = told({n: Walker(STANDS, since=at, until=at + 10.0) for n, at in ((1, 20.0), (2, 40.0), (3, 60.0))})
    both = added(quick, every)
    assert [one.at for one in both] == sorted(one.at for one in both)
    assert [one.incident.track for one in both] == [1, 1, 4, 4, 2, 2]
    assert len({one.id for one in incidents(both)}) == 3


def test_two_at_once_are_not_one() -> None:
    quick = told({1: Walker(STANDS, since=20.0, until=40.0)})
    every = told({1: Walker(STANDS, since=20.0, until=40.0), 2: Walker(ASIDE, since=25.0, until=35.0)})
    assert [one.incident.track for one in added(quick, every)] == [1, 3, 3, 1]


def test_another_rule_at_the_same_time_is_something_else() -> None:
    quick = told({1: Walker(STANDS, since=20.0, until=40.0)})
    every = told({1: Walker(STANDS, since=20.0, until=40.0)}, inner={"trigger": "inside"})
    inner = [one for one in every if one.incident.rule == "inner"]
    assert {one.rule for one in incidents(added(quick, inner))} == {"yard", "inner"}


def test_nothing_quick_is_ever_left_out() -> None:
    quick = told({1: Walker(STANDS, since=20.0, until=40.0)})
    assert added(quick, []) == quick
    assert incidents(added([], quick)) == incidents(quick)
