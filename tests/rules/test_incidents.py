"""Facts become incidents: ids, revisions, updates, and what ends them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Anchor, Camera
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import IncidentState, Moment, Point, Tracks
from tests.fakes import ASPECT, ZONE, Street, Walker, camera, lives, now, rules, visits, watch, way

IN, AWAY = (0.5, 0.6), (0.2, 0.6)
STAYS = way((0, *IN))
OPENED, UPDATED, CLOSED = IncidentState.OPENED, IncidentState.UPDATED, IncidentState.CLOSED


def all_triggers() -> Rules:
    kinds = {"enter": {}, "inside": {}, "exit": {}, "cross": {}, "dwell": {"seconds": 2}}
    return Rules(camera(**{name: {"trigger": name, **more} for name, more in kinds.items()}), Origin("school"))


def visitor(at: float) -> Point:
    return IN if at % 8 < 4 else AWAY


def test_the_same_is_told_when_the_same_is_seen_again():
    one, two = (watch(all_triggers(), {7: visitor, 3: way((0, 0.2, 0.6), (9, 0.9, 0.6))}, 20) for _ in range(2))
    assert one == two
    assert {life[0].rule for life in lives(one)} == {"enter", "inside", "exit", "cross", "dwell"}


def test_ids_differ_by_site_camera_rule_track_and_time():
    told = watch(all_triggers(), {1: visitor, 2: visitor}, 20)
    opened = [one for one in told if one.state is OPENED]
    assert len({one.id for one in opened}) == len(opened)
    elsewhere = Rules(camera(enter={"trigger": "enter"}), Origin("college"))
    assert not {one.id for one in watch(elsewhere, {1: visitor}, 20)} & {one.id for one in told}


def test_an_incident_says_where_who_and_when():
    (life,) = lives(watch(rules(severity="critical"), {4: way((0, 0.3, 0.6), (4, 0.5, 0.6), (8, 0.7, 0.6))}, 12))
    opened, closed = life
    assert (opened.camera, opened.rule, opened.zone, opened.trigger) == ("front", "rule", "yard", "enter")
    assert (opened.track, opened.severity, opened.frame_size) == (4, "critical", (640, 480))
    assert opened.at == opened.entered == Moment(2.0)
    assert opened.left is None
    assert opened.dwell_s == pytest.approx(0.4)
    assert closed.left == closed.at
    assert closed.dwell_s == pytest.approx(closed.left.media - 2)
    assert opened.anchor == (pytest.approx(0.42), 0.6)
    assert opened.path[0] == (0, 0.3, 0.6)
    assert opened.score == 0.9


def test_a_long_path_keeps_its_beginning_and_its_end():
    told = watch(rules(update_s=30), {1: STAYS}, 120)
    path = told[-1].path
    assert 30 < len(path) <= 64
    assert path[0][0] == 0
    assert path[-1][0] == 120 or path[-1][0] == told[-1].at.media
    assert list(path) == sorted(path)


@pytest.mark.parametrize("fps", [2, 5, 25])
def test_a_lasting_incident_is_told_anew_every_update_s(fps: float):
    told = watch(rules(update_s=5, confirm_s=0), {1: STAYS}, 21, fps)
    assert [(one.state, one.at.media) for one in told] == [
        (OPENED, 0),
        (UPDATED, 5),
        (UPDATED, 10),
        (UPDATED, 15),
        (UPDATED, 20),
    ]
    assert [one.dwell_s for one in told] == [0, 5, 10, 15, 20]
    assert [one.revision for one in told] == [1, 2, 3, 4, 5]


def test_when_the_watching_ends_every_incident_is_closed_and_says_why():
    watched = all_triggers()
    told = watch(watched, {1: STAYS, 2: STAYS}, 4)
    assert watched.open_incidents == 6
    told += watched.interrupt(now(4.2), "camera_lost")
    assert watched.open_incidents == 0
    assert all(life[-1].state is CLOSED for life in lives(told))
    assert {one.why["closed_because"] for one in told if one.state is CLOSED} == {"camera_lost"}
    assert {one.left for one in told} == {None}
    assert watched.interrupt(now(4.4), "again") == []


def test_who_was_leaving_when_the_watching_ends_has_left():
    watched = rules()
    told = watch(watched, {1: lambda at: IN if at < 3 else AWAY}, 4)
    told += watched.interrupt(now(4.2), "end")
    ((_, left),) = visits(told)
    assert left == pytest.approx(3, abs=0.2)
    assert told[-1].why["closed_because"] == "left_zone"


def test_after_an_interruption_the_same_person_is_a_new_incident():
    watched = rules()
    told = watch(watched, {1: STAYS}, 3) + watched.interrupt(now(3.1), "camera_lost")
    told += watch(watched, {1: STAYS}, 3, start=10)
    assert len(lives(told)) == 2


def two_rules(seconds: float = 2, zone: Sequence[Sequence[float]] = ZONE) -> Camera:
    return camera(zone, enter={"trigger": "enter"}, dwell={"trigger": "dwell", "seconds": seconds})


def test_new_rules_leave_the_incidents_of_unchanged_rules_open():
    watched = Rules(two_rules(), Origin("school"))
    told = watch(watched, {1: STAYS}, 4)
    changed = watched.reconfigure(two_rules(seconds=5), Origin("school", config_hash="new"), now(4.1))
    assert [(one.rule, one.state, one.why["closed_because"]) for one in changed] == [("dwell", CLOSED, "rule_changed")]
    assert watched.open_incidents == 1
    later = watch(watched, {1: lambda at: IN if at < 7 else AWAY}, 12, start=4.2)
    told += changed + later
    by_rule = {life[0].rule: life for life in lives(told) if life[-1].state is CLOSED}
    assert set(by_rule) == {"enter", "dwell"}
    assert by_rule["enter"][0].at.media == 0
    assert by_rule["enter"][-1].config_hash == "new"


def test_a_changed_zone_changes_all_its_rules():
    watched = Rules(two_rules(), Origin("school"))
    watch(watched, {1: STAYS}, 4)
    smaller = [[0.45, 0.45], [0.6, 0.45], [0.6, 0.8]]
    changed = watched.reconfigure(two_rules(zone=smaller), Origin("school"), now(4.1))
    assert sorted(one.rule for one in changed) == ["dwell", "enter"]
    assert watched.open_incidents == 0


def test_a_rule_that_was_taken_out_closes_and_a_new_one_begins():
    watched = rules()
    told = watch(watched, {1: STAYS}, 4)
    told += watched.reconfigure(camera(other={"trigger": "inside"}), Origin("school"), now(4.1))
    told += watch(watched, {1: STAYS}, 2, start=4.2)
    states = {life[0].rule: life[-1].state for life in lives(told)}
    assert states == {"rule": CLOSED, "other": OPENED}


def test_state_of_people_who_are_gone_is_forgotten():
    watched, make = all_triggers(), np.random.default_rng(6)
    largest = 0
    for first in range(0, 10_000, 20):
        start = float(first)
        ways = {
            first + n: Walker(
                way((start, *make.uniform(0, 1, 2)), (start + 3, *make.uniform(0, 1, 2))), start, start + 3
            )
            for n in range(20)
        }
        street = Street(ways)
        for at in np.arange(start, start + 6, 1.0):
            watched.update(street.tracks(float(at)), now(float(at)))
        largest = max(largest, len(watched._watches), len(watched._people))
    assert largest <= 20 * 5 * 2
    watched.update(Street({}).tracks(10_020.0), now(10_020.0))
    assert not watched._watches
    assert not watched._people


def test_tracks_that_were_never_seen_here_are_no_one():
    """A lane that takes new rules has tracks that coast: they are judged when they are seen."""
    watched = rules()
    street = Street({1: Walker(lambda at: IN if at == 0 else None)})
    street.tracks(0)
    assert watched.update(street.tracks(1), now(1)) == []


def test_wall_time_follows_media_time():
    watched, street, told = rules(), Street({1: Walker(way((0, 0.3, 0.6), (4, 0.5, 0.6)))}), []
    for n in range(20):
        told += watched.update(street.tracks(n / 5), Now(Moment(n / 5, 1e9 + n / 5, 0.05), 1e9 + n / 5 + 0.1, 7.0))
    (opened,) = told
    assert opened.at == Moment(2.0, pytest.approx(1e9 + 2), 0.05)
    assert opened.received == pytest.approx(1e9 + 2.5)
    assert opened.decided == 7.0


def test_what_happened_in_one_file_is_told_in_its_time_though_it_is_decided_in_the_next_one():
    watched, street, told = rules(), Street({1: Walker(way((0, 0.3, 0.6), (4, 0.5, 0.6)))}), []
    # The first file ends while somebody is entering; the second one says that it began an hour before the first.
    for n in range(20):
        media = n / 5
        wall = 1e9 + media if media < 2.1 else 1e9 - 3600 + media
        told += watched.update(street.tracks(media), Now(Moment(media, wall, 1.0, "name"), None, None))
    (opened,) = told
    assert opened.at == opened.entered == Moment(2.0, pytest.approx(1e9 + 2), 1.0, "name")


spells = st.lists(
    st.tuples(st.floats(0.2, 6), st.sampled_from(["in", "out", "far", "hidden"])), min_size=1, max_size=12
)


@settings(max_examples=150, deadline=None)
@given(people=st.lists(spells, min_size=1, max_size=3), fps=st.sampled_from([2, 5, 10]))
def test_whatever_people_do_revisions_have_no_gaps_and_every_opening_has_one_close(people, fps):
    watched = all_triggers()
    walkers = {n + 1: _wanders(one) for n, one in enumerate(people)}
    until = max(walker.until for walker in walkers.values()) + 3
    told = watch(watched, walkers, until, fps) + watched.interrupt(now(until), "end")
    for life in lives(told):
        assert life[-1].state is CLOSED
        entered, left = life[-1].entered, life[-1].left
        assert entered is None or left is None or entered.media <= left.media
        assert all(one.dwell_s is None or one.dwell_s >= 0 for one in life)
    by_rule = [
        [(life[0].track, life[0].at.media) for life in lives(told) if life[0].rule == name] for name in ("enter",)
    ]
    assert all(len(set(ones)) == len(ones) for ones in by_rule)


def _wanders(spells: list[tuple[float, str]]) -> Walker:
    places: dict[str, Point | None] = {"in": IN, "out": AWAY, "far": (0.9, 0.3), "hidden": None}
    ends = np.cumsum([length for length, _ in spells])
    where = [places[place] for _, place in spells]
    return Walker(lambda at: where[min(int(np.searchsorted(ends, at, "right")), len(where) - 1)], until=float(ends[-1]))


@pytest.mark.parametrize(
    ("anchor", "x", "y"),
    [
        ("bottom", 0.5, 0.8),
        ("centre", 0.5, 0.65),
        ("top", 0.5, 0.5),
        ("left", 0.4, 0.65),
        ("right", 0.6, 0.65),
        ("bottom_left", 0.4, 0.8),
        ("bottom_right", 0.6, 0.8),
        ("top_left", 0.4, 0.5),
        ("top_right", 0.6, 0.5),
    ],
)
def test_the_point_of_the_box_that_a_rule_names_is_what_counts(anchor: str, x: float, y: float):
    """A box from 0.4 to 0.6 across and 0.5 to 0.8 down; around each of its nine points a small zone."""
    zone = [[x - 0.03, y - 0.03], [x + 0.03, y - 0.03], [x + 0.03, y + 0.03], [x - 0.03, y + 0.03]]
    boxes = np.array([[0.4 * ASPECT, 0.5, 0.6 * ASPECT, 0.8]], np.float32)
    told = {}
    for name in get_args(Anchor):
        watched = rules(zone=zone, anchor=name)
        for n in range(10):
            at, one = n / 5, np.ones(1)
            tracks = Tracks(at, ASPECT, np.array([1]), boxes, one * 0.9, one * at, one * 0, boxes)
            for incident in watched.update(tracks, now(at)):
                told[name] = incident.anchor
    assert told == {anchor: (pytest.approx(x), pytest.approx(y))}
