"""Steady ids for people who walk, run, meet, hide and leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.perceive.appearance import SIZE
from pipeline.perceive.track import Tracker
from pipeline.perceive.track_settings import TrackerSettings
from pipeline.types import Detections, Point, Tracks
from tests.fakes import ASPECT, HEIGHT, Way, box, boxes, seen, way

SETTINGS = TrackerSettings()


def tracker() -> Tracker:
    return Tracker(SETTINGS)


def follow(
    ways: list[Way], until: float, fps: float = 5, look: Callable[[float, Detections], Detections | None] | None = None
) -> list[Tracks]:
    """The tracks at each time; `look` may change what the detector saw at that time."""
    follower, told = tracker(), []
    for picture in range(round(until * fps) + 1):
        at = picture / fps
        people: Detections | None = seen(*(feet for one in ways if (feet := one(at)) is not None))
        people = look(at, people) if look and people is not None else people
        told.append(follower.update(people, at, ASPECT))
    return told


def ids(told: list[Tracks]) -> list[list[int]]:
    return [tracks.ids.tolist() for tracks in told]


def nearest(tracks: Tracks, x: float) -> int:
    """The id of the track whose feet are nearest to `x`."""
    return int(tracks.ids[np.abs(tracks.feet()[:, 0] - x).argmin()])


def test_someone_is_shown_from_the_second_sighting_on():
    told = follow([way((0, 0.5, 0.5))], 1)
    assert ids(told) == [[], [1], [1], [1], [1], [1]]
    assert told[1].born_at.tolist() == [0]


def test_who_is_seen_once_is_never_shown():
    told = follow([way((0, 0.5, 0.5))], 2, look=lambda at, people: people if at == 0 else Detections.empty())
    assert not any(len(tracks) for tracks in told)


def test_at_a_high_rate_the_second_sighting_alone_does_not_confirm():
    told = follow([way((0, 0.5, 0.5))], 0.4, fps=25)
    first = next(tracks.at for tracks in told if len(tracks))
    assert SETTINGS.confirm_s <= first <= SETTINGS.confirm_s + 0.05


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_someone_who_walks_keeps_their_id(fps: float):
    told = follow([way((0, 0.05, 0.7), (8, 0.95, 0.7))], 8, fps)
    assert {i for row in ids(told) for i in row} == {1}


@pytest.mark.parametrize("fps", [2, 5, 10])
@pytest.mark.parametrize("halt", [2.0, 2.1, 2.2, 2.3, 2.4])
def test_who_stops_at_once_and_sets_off_again_keeps_their_id(fps: float, halt: float):
    """Briskly, 1.1 heights a second: at two pictures a second two places with nothing in common."""
    far = 1.1 * HEIGHT / ASPECT * halt
    walk = way((0, 0.1, 0.7), (halt, 0.1 + far, 0.7), (halt + 3, 0.1 + far, 0.7), (2 * halt + 3, 0.1 + 2 * far, 0.7))
    assert {i for row in ids(follow([walk], 2 * halt + 3, fps)) for i in row} == {1}


def test_who_follows_close_behind_does_not_take_over_who_went_on():
    """From 1.5 s on somebody is where the first one was a picture ago."""
    speed = HEIGHT / ASPECT
    first = way((0, 0.1, 0.7), (3, 0.1 + 3 * speed, 0.7))
    told = follow([first, lambda at: first(at - 0.5) if at >= 1.5 else None], 3, fps=2)
    assert {i for row in ids(told) for i in row} == {1, 2}
    assert nearest(told[-1], 0.1 + 3 * speed) == 1


def test_who_comes_while_another_is_gone_is_somebody_else():
    """0.9 of a height beside the place where somebody stood a second and a half ago."""
    aside = 0.9 * HEIGHT / ASPECT
    told = follow(
        [
            lambda at: (0.3, 0.7) if at < 2 else None,
            lambda at: (0.3 + aside, 0.7) if at >= 3.4 else None,
        ],
        5,
    )
    assert ids(told)[-1] == [2]


def test_a_doubtful_box_beside_somebody_is_not_them():
    """0.3 of a height aside: a sure one there would be them."""
    aside = 0.3 * HEIGHT / ASPECT

    def look(score: float) -> list[Tracks]:
        def beside(at: float, people: Detections) -> Detections:
            if at < 2:
                return people
            return Detections(boxes((0.3 + aside, 0.7)), np.float32([score]))

        return follow([way((0, 0.3, 0.7))], 2.2, look=beside)

    assert look(0.3)[-1].seen_at.tolist() == [1.8]
    assert look(0.9)[-1].seen_at.tolist() == [2.2]


def test_a_track_tells_where_it_began():
    told = follow([way((0, 0.2, 0.7), (4, 0.6, 0.7))], 1, fps=2)
    np.testing.assert_allclose(told[1].born[0], box((0.2, 0.7)), rtol=1e-5)


@pytest.mark.parametrize("way_back", [False, True])
def test_a_runner_at_five_pictures_a_second_keeps_their_id_though_boxes_do_not_overlap(way_back: bool):
    """5 m/s, three heights a second, a box a third as wide as tall: 0.6 heights a picture."""
    speed = 3 * HEIGHT / ASPECT
    first, second = boxes((0.1, 0.7), (0.1 + speed / 5, 0.7))
    assert first[2] < second[0]
    there = way((0, 0.02, 0.7), (1.4, 0.02 + 1.4 * speed, 0.7))
    told = follow([(lambda at: there(1.4 - at)) if way_back else there], 1.4)
    assert ids(told) == [[]] + [[1]] * 7


def test_two_people_who_cross_keep_their_ids():
    ways = [way((0, 0.1, 0.7), (6, 0.9, 0.7)), way((0, 0.9, 0.72), (6, 0.1, 0.72))]
    told = follow(ways, 6)
    assert {i for row in ids(told) for i in row} == {1, 2}
    left, right = nearest(told[2], 0.15), nearest(told[2], 0.85)
    assert (nearest(told[-1], 0.9), nearest(told[-1], 0.1)) == (left, right)


def test_two_people_who_cross_keep_their_ids_though_one_hides_the_other():
    ways = [way((0, 0.1, 0.7), (6, 0.9, 0.7)), way((0, 0.9, 0.72), (6, 0.1, 0.72))]

    def front_only(at: float, people: Detections) -> Detections:
        hidden = abs(ways[0](at)[0] - ways[1](at)[0]) < 0.06
        return Detections(people.boxes[1:], people.scores[1:]) if hidden else people

    told = follow(ways, 6, look=front_only)
    assert {i for row in ids(told) for i in row} == {1, 2}
    left, right = nearest(told[2], 0.15), nearest(told[2], 0.85)
    assert (nearest(told[-1], 0.9), nearest(told[-1], 0.1)) == (left, right)


def test_who_is_hidden_for_a_second_keeps_their_id():
    told = follow([way((0, 0.1, 0.7), (8, 0.9, 0.7))], 8, look=lambda at, p: Detections.empty() if 3 <= at < 4 else p)
    assert ids(told)[1:] == [[1]] * 40


def test_a_track_coasts_for_ever_while_nobody_looks():
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        follower.update(seen((0.5, 0.7)), at, ASPECT)
    for at in np.arange(0.6, 1000, 0.2):
        tracks = follower.update(None, float(at), ASPECT)
    assert tracks.ids.tolist() == [1]
    assert tracks.seen_at.tolist() == [0.4]
    assert np.isfinite(tracks.boxes).all()
    assert np.isfinite(follower.expected().boxes).all()


def test_time_in_which_nobody_looked_does_not_count_against_a_track():
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        follower.update(seen((0.5, 0.7)), at, ASPECT)
    for at in np.arange(0.6, 60, 0.2):
        follower.update(None, float(at), ASPECT)
    assert follower.update(Detections.empty(), 60.2, ASPECT).ids.tolist() == [1]


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_a_track_ends_when_looked_for_in_vain_for_long_enough(fps: float):
    told = follow([way((0, 0.5, 0.5))], 6, fps, look=lambda at, people: people if at <= 2 else Detections.empty())
    last = max(tracks.at for tracks in told if len(tracks))
    assert 2 + SETTINGS.lost_s - 1 / fps - 1e-6 <= last <= 2 + SETTINGS.lost_s + 1e-6


def test_a_coasting_track_says_when_it_was_seen_last():
    told = follow([way((0, 0.5, 0.5))], 2, look=lambda at, people: people if at <= 1 else Detections.empty())
    assert {tracks.seen_at[0] for tracks in told if tracks.at > 1} == {1.0}


def test_a_second_box_on_someone_who_is_seen_begins_nothing():
    def doubled(at: float, people: Detections) -> Detections:
        shifted = people.boxes + np.float32([6, 4, 6, 4]) / 480
        return Detections(np.vstack([people.boxes, shifted]), np.float32([0.9, 0.6]))

    told = follow([way((0, 0.3, 0.7), (4, 0.5, 0.7))], 4, look=doubled)
    assert {i for row in ids(told) for i in row} == {1}


@pytest.mark.parametrize("late", [True, False], ids=["later", "from the first picture on"])
def test_a_slice_of_someone_who_is_seen_begins_nothing(late: bool):
    def sliced(at: float, people: Detections) -> Detections:
        x1, y1, x2, y2 = people.boxes[0]
        part = np.float32([[x1, y1 + 0.01, x1 + 0.5 * (x2 - x1), y2 - 0.01]])
        both = Detections(np.vstack([people.boxes, part]), np.float32([0.9, 0.6]))
        return people if late and at < 1 else both

    told = follow([way((0, 0.3, 0.7), (4, 0.5, 0.7))], 4, look=sliced)
    assert {i for row in ids(told) for i in row} == {1}


def test_of_a_person_and_their_slice_seen_first_together_the_surer_one_begins():
    whole = np.float32(box((0.5, 0.7)))
    part = whole + np.float32([10, 5, 0, -5]) / 480
    people = Detections(np.stack([part, whole]), np.float32([0.6, 0.9]))
    follower = tracker()
    follower.update(people, 0, ASPECT)
    np.testing.assert_allclose(follower.expected().boxes, [whole], atol=1e-4)


def test_a_child_in_front_of_an_adult_is_someone():
    adult, child = np.float32(box((0.5, 0.7), 0.4)), np.float32(box((0.5, 0.7), 0.2))
    follower = tracker()
    for at in (0, 0.2, 0.4):
        tracks = follower.update(Detections(np.stack([adult, child]), np.float32([0.9, 0.9])), at, ASPECT)
    assert tracks.ids.tolist() == [1, 2]


def test_doubtful_detections_begin_nothing():
    told = follow([way((0, 0.5, 0.5))], 4, look=lambda at, p: Detections(p.boxes, np.full(len(p), 0.3, np.float32)))
    assert not any(len(tracks) for tracks in told)


def test_doubtful_detections_keep_who_was_sure():
    def faint(at: float, people: Detections) -> Detections:
        return Detections(people.boxes, np.full(len(people), 0.9 if at < 1 else 0.3, np.float32))

    told = follow([way((0, 0.3, 0.5), (10, 0.6, 0.5))], 10, look=faint)
    assert ids(told)[1:] == [[1]] * 50
    assert told[-1].seen_at.tolist() == [10]


def test_doubtful_detections_do_not_confirm():
    def faint(at: float, people: Detections) -> Detections:
        return Detections(people.boxes, np.full(len(people), 0.9 if at == 0 else 0.3, np.float32))

    assert not any(len(tracks) for tracks in follow([way((0, 0.5, 0.5))], 4, look=faint))


def test_what_is_less_than_doubtful_is_nothing():
    def fading(at: float, people: Detections) -> Detections:
        return Detections(people.boxes, np.full(len(people), 0.9 if at < 1 else 0.1, np.float32))

    assert ids(follow([way((0, 0.5, 0.5))], 6, look=fading))[-1] == []


def test_ids_are_never_used_again():
    told = []
    follower = tracker()
    for visitor in range(20):
        for picture in range(20):
            people = seen((0.5, 0.7)) if picture < 5 else Detections.empty()
            told.append(follower.update(people, visitor * 4 + picture / 5, ASPECT))
    shown = [row[0] for row in ids(told) if row]
    assert sorted(set(shown)) == list(range(1, 21))
    assert shown == sorted(shown)


def test_a_tracker_that_begins_anew_counts_on():
    follower = tracker()
    for at in (0.0, 0.2):
        follower.update(seen((0.2, 0.7), (0.8, 0.7)), at, ASPECT)
    later = follower.anew()
    assert len(later.expected().boxes) == 0
    for at in (10.0, 10.2):
        tracks = later.update(seen((0.2, 0.7)), at, ASPECT)
    assert tracks.ids.tolist() == [3]


def test_a_crowd_of_forty_keeps_forty_ids():
    make = np.random.default_rng(4)
    starts = [(0.05 + 0.1 * column, 0.2 + 0.2 * row) for column in range(10) for row in range(4)]
    speeds = make.uniform(-0.01, 0.01, (40, 2))
    small, follower = 0.12, tracker()
    for picture in range(50):
        at = picture / 5
        places = np.array(starts) + speeds * at + make.normal(0, 0.001, (40, 2))
        here = seen(*map(tuple, make.permutation(places)), height=small)
        found = make.uniform(size=40) > 0.1
        tracks = follower.update(Detections(here.boxes[found], here.scores[found]), at, ASPECT)
    assert len(tracks) == 40
    assert tracks.ids.max() <= 44


def test_state_is_pruned_when_people_have_gone():
    follower, make = tracker(), np.random.default_rng(5)
    for picture in range(2000):
        people = seen(*map(tuple, make.uniform(0.1, 0.9, (3, 2))))
        follower.update(people, picture / 5, ASPECT)
    assert len(follower.expected().boxes) < 60
    for picture in range(2000, 2020):
        tracks = follower.update(Detections.empty(), picture / 5, ASPECT)
    assert len(follower.expected().boxes) == len(tracks) == 0


def test_a_stray_box_far_away_is_not_the_person_who_was_there():
    told = follow([way((0, 0.2, 0.7))], 3, look=lambda at, p: seen((0.8, 0.7)) if at == 2 else p)
    assert {i for row in ids(told) for i in row} == {1}
    assert all(abs(tracks.feet()[0, 0] - 0.2) < 0.02 for tracks in told if len(tracks))


def test_who_is_seen_is_where_the_detector_saw_them_even_beyond_the_picture():
    follower = tracker()
    for at, feet in ((0.0, (0.02, 0.9)), (0.2, (0.01, 0.98)), (0.4, (-0.01, 1.05))):
        tracks = follower.update(seen(feet), at, ASPECT)
    np.testing.assert_allclose(tracks.boxes, boxes((-0.01, 1.05)), atol=1e-3)
    np.testing.assert_allclose(tracks.feet(), [[-0.01, 1.05]], atol=1e-5)


RED, BLUE = np.eye(SIZE, dtype=np.float32)[:2]
"""Looks of two people: as different as can be."""


def dressed(*people: tuple[Point, np.ndarray]) -> Detections:
    """Detections of people who stand there and look so."""
    found = seen(*(feet for feet, _ in people))
    looks = np.stack([look for _, look in people]) if people else np.zeros((0, SIZE), np.float32)
    return dataclasses.replace(found, looks=looks.astype(np.float32))


def who(tracks: Tracks) -> dict[int, Point]:
    return {int(i): (round(x, 2), round(y, 2)) for i, (x, y) in zip(tracks.ids, tracks.feet(), strict=True)}


def hidden(at: float) -> bool:
    """For 2.4 s in every 8."""
    return at % 8 >= 5.6


@pytest.mark.parametrize("fps", [2, 5, 10])
def test_who_is_hidden_again_and_again_stays_who_they_are(fps: float):
    follower, ids_seen = tracker(), set()
    for picture in range(round(60 * fps)):
        at = picture / fps
        people = dressed() if hidden(at) else dressed(((0.5, 0.7), RED))
        ids_seen |= set(follower.update(people, at, ASPECT).ids.tolist())
    assert ids_seen == {1}


def test_who_comes_back_elsewhere_but_not_farther_than_one_can_go_is_the_same():
    follower = tracker()
    for at in np.arange(0, 2, 0.2):
        follower.update(dressed(((0.3, 0.7), RED)), float(at), ASPECT)
    for at in np.arange(2, 5, 0.2):
        follower.update(dressed(), float(at), ASPECT)
    near = follower.update(dressed(((0.5, 0.7), RED)), 5.0, ASPECT)
    assert near.ids.tolist() == [1]


@pytest.mark.parametrize(
    ("feet", "look", "away_s"),
    [((0.3, 0.7), BLUE, 3.0), ((0.95, 0.3), RED, 0.2), ((0.3, 0.7), RED, 12.0)],
    ids=["looks different", "is too far away for the time", "comes too late"],
)
def test_who_comes_is_somebody_else_who(feet: Point, look: np.ndarray, away_s: float):
    follower = tracker()
    for at in np.arange(0, 2, 0.2):
        follower.update(dressed(((0.3, 0.7), RED)), float(at), ASPECT)
    for at in np.arange(2, 2 + away_s, 0.2):
        follower.update(dressed(), float(at), ASPECT)
    for later in (0.2, 0.4, 0.6, 0.8):
        tracks = follower.update(dressed((feet, look)), 2 + away_s + later, ASPECT)
    assert 2 in tracks.ids.tolist()
    assert who(tracks)[2] == pytest.approx(feet, abs=0.02)


def test_rules_that_wait_longer_have_people_remembered_for_longer():
    follower = tracker()
    follower.remember(30.0)
    for at in np.arange(0, 2, 0.2):
        follower.update(dressed(((0.3, 0.7), RED)), float(at), ASPECT)
    for at in np.arange(2, 22, 0.2):
        follower.update(dressed(), float(at), ASPECT)
    assert follower.update(dressed(((0.3, 0.7), RED)), 22.0, ASPECT).ids.tolist() == [1]


def test_who_left_by_the_pictures_edge_is_not_waited_for():
    follower = tracker()
    for at in np.arange(0, 2, 0.2):
        follower.update(dressed(((0.02, 0.7), RED)), float(at), ASPECT)
    for at in np.arange(2, 5, 0.2):
        follower.update(dressed(), float(at), ASPECT)
    for at in (5.0, 5.2):
        tracks = follower.update(dressed(((0.06, 0.7), RED)), at, ASPECT)
    assert tracks.ids.tolist() == [2]


def meet(at: float, turn_back: bool) -> tuple[Point, Point, bool]:
    """Two people come towards each other, touch at 3 s and turn back or go on; whether the one covers the other."""
    way = abs(3 - at) if turn_back else 3 - at
    one, other = 0.5 - 0.1 * way, 0.5 + 0.1 * way
    return (one, 0.7), (other, 0.7), abs(one - other) < 0.04


@pytest.mark.parametrize("turn_back", [True, False], ids=["turn back", "go on"])
@pytest.mark.parametrize("fps", [2, 5, 10])
@pytest.mark.parametrize("noise", range(8))
def test_people_who_meet_keep_their_numbers(turn_back: bool, fps: float, noise: int):
    follower, make = tracker(), np.random.default_rng(noise)
    for picture in range(round(6 * fps) + 1):
        at = picture / fps
        (x1, y), (x2, _), one_only = meet(at, turn_back)
        wobble = make.normal(0, 0.003, 2)
        people = [((x1 + wobble[0], y), RED)] if one_only else [((x1 + wobble[0], y), RED), ((x2 + wobble[1], y), BLUE)]
        tracks = follower.update(dressed(*people), at, ASPECT)
        if at == 2:
            before = who(tracks)
    after = who(tracks)
    assert sorted(before) == sorted(after) == [1, 2]
    same_side = (before[1][0] < before[2][0]) == (after[1][0] < after[2][0])
    assert same_side == turn_back


def test_what_was_not_looked_at_coasts():
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        follower.update(seen((0.2, 0.7), (0.8, 0.7)), at, ASPECT)
    left = np.array([[0.0, 0.2, 0.6, 0.8]], np.float32)
    for at in np.arange(0.6, 10, 0.2):
        tracks = follower.update(Detections.empty(), float(at), ASPECT, left)
    assert tracks.ids.tolist() == [2]


def test_a_look_from_too_far_away_says_nothing_of_small_people():
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        follower.update(seen((0.5, 0.7), height=0.06), at, ASPECT)
    whole = np.array([[0.0, 0.0, ASPECT, 1.0]], np.float32)
    for at in np.arange(0.6, 10, 0.2):
        tracks = follower.update(Detections.empty(), float(at), ASPECT, whole)
    assert tracks.ids.tolist() == [1]


def test_a_part_of_somebody_at_the_edge_of_a_look_begins_nobody_and_ends_nobody():
    part = dataclasses.replace(seen((0.5, 0.7)), cut=np.array([True]))
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        assert len(follower.update(part, at, ASPECT)) == 0
    for at in (0.6, 0.8):
        follower.update(seen((0.5, 0.7)), at, ASPECT)
    looked = np.array([[0.0, 0.0, ASPECT, 1.0]], np.float32)
    for at in np.arange(1.0, 6, 0.2):
        tracks = follower.update(part, float(at), ASPECT, looked)
    assert tracks.ids.tolist() == [1]
    assert tracks.seen_at.tolist() == [0.8]


def test_a_box_that_is_broader_than_tall_begins_nobody():
    wide = np.array([[0.2, 0.4, 0.9, 0.8]], np.float32)
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        assert len(follower.update(Detections(wide, np.float32([0.9])), at, ASPECT)) == 0


def test_a_head_that_looks_over_somebody_else_does_not_move_the_feet():
    """Paired with it, a track would be too small to be known again by the whole person who comes out."""
    follower = tracker()
    for at in (0.0, 0.2, 0.4):
        follower.update(dressed(((0.5, 0.7), RED)), at, ASPECT)
    x1, y1, x2, _ = box((0.5, 0.7))
    head = Detections(np.float32([[x1, y1, x2, y1 + 0.1]]), np.float32([0.35]), looks=BLUE[None])
    hidden = follower.update(head, 0.6, ASPECT)
    assert hidden.seen_at.tolist() == [0.4]
    for at in (1.0, 1.2):
        tracks = follower.update(dressed(((0.54, 0.7), RED)), at, ASPECT)
    assert who(tracks) == {1: (0.54, 0.7)}


def test_the_feet_of_who_walks_behind_others_stay_on_the_floor():
    """Somebody stands in front; of who walks behind them the upper body is seen, then the whole again."""
    follower, front = tracker(), box((0.5, 0.8), 0.3)
    for picture in range(21):
        x1, y1, x2, y2 = box((0.4 + 0.01 * picture, 0.7), 0.28)
        hidden = x2 - 0.03 > front[0] and x1 + 0.03 < front[2]
        behind = (x1, y1, x2, y1 + 0.12 if hidden else y2)
        people = Detections(np.float32([front, behind]), np.float32([0.9, 0.8]), looks=np.stack([RED, BLUE]))
        tracks = follower.update(people, picture / 5, ASPECT)
        if picture > 1:
            assert tracks.ids.tolist() == [1, 2]
            assert tracks.feet()[1, 1] == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("hidden_s", [0.0, 2.0])
def test_who_comes_in_from_below_is_nobody_of_those_who_stand_there(hidden_s: float):
    """They hide who stands: their head and shoulders, at the picture's lower edge, are seen first."""
    follower = tracker()
    stands = np.array([[0.50, 0.50, 0.70, 0.95]], np.float32)
    for at in np.arange(0, 2, 0.2):
        follower.update(Detections(stands, np.array([0.9], np.float32)), float(at), ASPECT)
    for at in np.arange(2, 2 + hidden_s, 0.2):
        follower.update(Detections.empty(), float(at), ASPECT)
    for n, top in enumerate([0.75, 0.68, 0.60, 0.55]):
        comes = np.array([[0.48, top, 0.72, 1.0]], np.float32)
        tracks = follower.update(Detections(comes, np.array([0.9], np.float32)), 2 + hidden_s + 0.2 * n, ASPECT)
    assert 2 in tracks.ids.tolist()
    np.testing.assert_array_equal(tracks.boxes[tracks.ids.tolist().index(2)], comes[0])


def test_who_walks_out_of_the_picture_below_is_the_same_to_the_end():
    follower, ids_seen = tracker(), set()
    for n in range(20):
        feet = 0.7 + 0.05 * n
        walks = np.array([[0.5, feet - 0.6, 0.74, min(feet, 1.0)]], np.float32)
        ids_seen |= set(follower.update(Detections(walks, np.array([0.9], np.float32)), n / 5, ASPECT).ids.tolist())
    assert ids_seen == {1}
