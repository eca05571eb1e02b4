"""Where the detector is asked to look, how finely, and how often. Boxes in display units."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.frame import Frame
from pipeline.perceive.attention import Attention
from pipeline.perceive.looks import LEAST_SHARE
from pipeline.perceive.sweep import Concern
from pipeline.types import Followed, Motion
from tests.fakes import frame

W, H = 1280, 720
WIDE = W / H
SMALLEST = 0.06
EVERYWHERE = Concern((0.0, 0.0, 1.0, 1.0), SMALLEST)
MIDDLE = Concern((0.4, 0.4, 0.6, 0.8), SMALLEST)
NOBODY = Followed.nobody()
Area = tuple[float, float, float, float]


def picture(pts: float, size: tuple[int, int] = (W, H), aspect: float | None = None) -> Frame:
    return dataclasses.replace(frame(np.zeros((size[1], size[0]), np.uint8), pts), display_aspect=aspect)


def moved(*boxes: Area, changed: float = 0.01, stirring: bool = True) -> Motion:
    return Motion(np.array(boxes, np.float32).reshape(-1, 4), changed, np.full(len(boxes), stirring))


def followed(*boxes: Area, settled: bool = False) -> Followed:
    return Followed(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), settled))


def awake(*concerns: Concern, looks: int = 6, smallest: float = SMALLEST, sweep_s: float = 1e6) -> Attention:
    """It has had its first pictures, and looked at all of it once; it does not sweep again."""
    attention = Attention(sweep_s, smallest, looks, concerns)
    for at in (-4.0, -3.0, -2.0, -1.0):
        attention.regions(picture(at), moved(), NOBODY)
    return attention


def looked_at(attention: Attention, at: float, motion: Motion, people: Followed = NOBODY, **size) -> list[Area]:
    """The regions in display units."""
    shown = picture(at, **size)
    return [tuple(shown.box(region).tolist()) for region in attention.regions(shown, motion, people)]


def holds(area: Area, box: Area, slack: float = 0.003) -> bool:
    low = all(area[i] <= box[i] + slack for i in (0, 1))
    return low and all(area[i] >= box[i] - slack for i in (2, 3))


def side(area: Area) -> float:
    return max(area[2] - area[0], area[3] - area[1])


def person(x: float, y: float, height: float = 0.1) -> Area:
    return x - height / 5, y - height, x + height / 5, y


def test_the_first_picture_is_looked_at_whole():
    assert Attention(3, 1.0, 4).regions(picture(0), moved(), NOBODY) == [(0, 0, W, H)]


def test_a_picture_that_is_new_everywhere_is_looked_at_whole():
    first, *_ = awake(MIDDLE, sweep_s=3).regions(picture(0.2), moved((0, 0, WIDE, 1), changed=1), NOBODY)
    assert first == (0, 0, W, H)


@pytest.mark.parametrize("fps", [2, 5, 25])
def test_the_whole_picture_is_swept_every_few_seconds_though_nothing_moves(fps: float):
    attention = Attention(3.0, 1.0, 4)
    looks = [n / fps for n in range(round(10 * fps)) if attention.regions(picture(n / fps), moved(), NOBODY)]
    assert looks == [0, 3, 6, 9]


def test_nobody_looks_where_nothing_moves_and_nobody_is_followed():
    assert awake().regions(picture(0.2), moved(), NOBODY) == []


def test_motion_is_looked_at():
    (area,) = looked_at(awake(), 0.2, moved((0.83, 0.4, 0.9, 0.56)))
    assert holds(area, (0.8, 0.35, 0.93, 0.61))


def test_a_followed_person_is_looked_at_without_motion():
    (area,) = looked_at(awake(), 0.2, moved(), followed(person(0.2, 0.6)))
    assert holds(area, person(0.2, 0.6))


@pytest.mark.parametrize("count", [3, 4, 6])
def test_people_far_apart_each_have_a_look_that_is_near_enough(count: int):
    """One look at everything shows nobody of 90 lines in a picture of 1080."""
    small = [person(0.15 + 0.29 * n, 0.3 + 0.5 * (n % 2), 90 / 1080) for n in range(count)]
    areas = looked_at(awake(EVERYWHERE), 0.2, moved(*small))
    assert len(areas) <= count
    for one in small:
        assert any(holds(area, one) and LEAST_SHARE * side(area) <= 90 / 1080 for area in areas), (one, areas)


def test_people_close_by_share_a_look():
    near = [person(0.5, 0.6), person(0.6, 0.6), person(0.7, 0.62)]
    assert len(looked_at(awake(), 0.2, moved(), followed(*near))) == 1


def test_who_has_no_place_in_this_turn_has_one_in_the_next():
    small = [person(0.1 + 0.33 * n, 0.25 + 0.6 * (n % 2), 0.07) for n in range(6)]
    attention, seen = awake(EVERYWHERE, looks=3), set()
    for turn in range(1, 5):
        areas = looked_at(attention, turn / 5, moved(), followed(*small))
        assert len(areas) <= 4
        seen |= {n for n, one in enumerate(small) if any(holds(area, one) for area in areas)}
    assert seen == set(range(6))


def test_who_is_near_a_rule_comes_first():
    far, near = [person(0.1, 0.2 + 0.3 * n, 0.07) for n in range(3)], person(0.9, 0.6, 0.07)
    area, *_ = looked_at(awake(MIDDLE, looks=1), 0.2, moved(), followed(*far, near))
    assert holds(area, near)


def test_who_stands_still_is_searched_for_even_where_every_look_is_wanted():
    right = Concern((0.8, 0.4, 1.0, 0.8), SMALLEST)
    crowd = [person(0.1 + 0.4 * (n % 2), 0.2 + 0.3 * (n // 2), 0.07) for n in range(6)]
    attention = Attention(1.0, SMALLEST, 2, [right])
    looks = [looked_at(attention, n / 5, moved(), followed(*crowd)) for n in range(200)]
    for x in np.linspace(0.81 * WIDE, 0.95 * WIDE, 7):
        small = person(x, 0.62, SMALLEST)
        assert any(holds(area, small) and side(area) < 0.9 for areas in looks for area in areas), x
    assert max(len(areas) for areas in looks) <= 3


def test_who_is_surely_known_and_stands_is_not_looked_at_in_every_turn():
    attention, one = awake(), person(0.5, 0.6, 0.3)
    fidgets = moved((0.46, 0.35, 0.5, 0.5))
    looks = [bool(looked_at(attention, n / 10, fidgets, followed(one, settled=True))) for n in range(1, 21)]
    assert 4 <= sum(looks) <= 6


def test_who_sets_off_is_looked_at_at_once():
    attention, one = awake(), person(0.5, 0.6, 0.3)
    looked_at(attention, 0.1, moved(), followed(one, settled=True))
    assert not looked_at(attention, 0.2, moved(), followed(one, settled=True))
    assert looked_at(attention, 0.3, moved((0.5, 0.35, 0.62, 0.6)), followed(one, settled=True))


def test_motion_that_goes_on_around_who_stands_far_from_every_rule_wins_no_more_looks():
    attention, far = awake(MIDDLE), person(1.6, 0.2, 0.12)
    flickers = moved((1.5, 0.05, 1.7, 0.25))
    looks = [n / 10 for n in range(1, 42) if looked_at(attention, n / 10, flickers, followed(far, settled=True))]
    assert np.diff(looks) == pytest.approx(0.7, abs=0.11)


def test_motion_around_who_stands_near_a_rule_may_be_somebody_elses_and_is_looked_at_each_time():
    attention, near = awake(MIDDLE), person(0.9, 0.6, 0.3)
    flickers = moved((0.8, 0.3, 1.0, 0.7))
    assert all(looked_at(attention, n / 10, flickers, followed(near, settled=True)) for n in range(1, 21))


def test_who_stands_far_from_every_rule_is_looked_at_half_as_often():
    attention, far = awake(MIDDLE), person(1.6, 0.2, 0.12)
    looks = [n / 10 for n in range(1, 42) if looked_at(attention, n / 10, moved(), followed(far, settled=True))]
    assert np.diff(looks) == pytest.approx(0.7, abs=0.11)
    begins = moved((far[0] - 0.05, far[1], far[2], far[3]))
    assert looked_at(attention, looks[-1] + 0.1, begins, followed(far, settled=True))


def test_what_moves_and_is_nobody_is_looked_at_less_and_less_and_never_forgotten():
    attention, tree = awake(MIDDLE), (1.5, 0.1, 1.65, 0.3)
    looks = [n / 5 for n in range(1, 76) if looked_at(attention, n / 5, moved(tree))]
    pauses = np.diff(looks)
    assert (pauses[1:] >= pauses[:-1] - 0.01).all()
    assert 2.0 <= pauses[-1] <= 2.6


@pytest.mark.parametrize("where", [(0.8, 0.3, 0.95, 0.6), (1.5, 0.1, 1.55, 0.2)], ids=["near a rule", "far from it"])
def test_a_tree_may_sway_for_an_hour(where: tuple[float, float, float, float]):
    attention = awake(MIDDLE)
    looks = [n / 5 for n in range(1, 5 * 3600) if looked_at(attention, n / 5, moved(where))]
    assert looks[-1] > 3590
    assert max(np.diff(looks[1000:])) < 3.1


def test_what_stirs_near_a_rule_is_never_left_alone_for_long():
    attention, tree = awake(MIDDLE), (0.8, 0.3, 0.95, 0.6)
    looks = [n / 5 for n in range(1, 51) if looked_at(attention, n / 5, moved(tree))]
    assert looks[:3] == [0.2, 0.4, 0.6]
    assert max(np.diff(looks)) <= 0.61


def test_what_has_grown_is_looked_at_anew():
    attention = awake(MIDDLE)
    for n in range(1, 11):
        looked_at(attention, n / 5, moved((1.5, 0.1, 1.55, 0.2)))
    assert not looked_at(attention, 2.2, moved((1.5, 0.1, 1.55, 0.2)))
    assert looked_at(attention, 2.4, moved((1.45, 0.1, 1.6, 0.4)))


def test_of_whom_a_look_showed_a_part_the_whole_is_looked_at_next():
    attention = awake()
    attention.look_again(np.array([person(1.0, 0.7, 0.3)], np.float32))
    (area,) = looked_at(attention, 0.2, moved())
    assert holds(area, person(1.0, 0.7, 0.3))
    assert looked_at(attention, 0.4, moved()) == []


def test_the_sweep_has_tiles_that_are_near_enough_where_a_rule_looks_and_none_elsewhere():
    attention = Attention(3.0, SMALLEST, 4, [MIDDLE])
    areas = [area for n in range(5) for area in looked_at(attention, n / 5, moved())]
    tiles = [area for area in areas if side(area) < 0.9]
    for x in np.linspace(0.4 * WIDE, 0.6 * WIDE, 7):
        for y in np.linspace(0.4, 0.8, 7):
            assert any(holds(tile, person(x, y, SMALLEST)) for tile in tiles), (x, y)
    assert all(side(tile) <= SMALLEST / LEAST_SHARE + 0.01 for tile in tiles)
    assert not any(tile[0] > 1.4 or tile[2] < 0.35 for tile in tiles)


def test_tiles_are_searched_again_one_by_one():
    attention = awake(MIDDLE, sweep_s=2.0)
    first = {area for n in range(1, 60) for area in looked_at(attention, n / 5, moved()) if side(area) < 0.9}
    busiest = max(len(looked_at(attention, n / 5, moved())) for n in range(60, 120))
    assert len(first) >= 4
    assert busiest <= 2


@pytest.mark.parametrize(
    ("motion", "people"),
    [(moved(), followed(person(0.2, 0.9), settled=True)), (moved(person(0.2, 0.9)), NOBODY)],
    ids=["followed", "moving"],
)
def test_a_picture_in_which_nothing_has_moved_for_a_round_is_searched_more_seldom_until_something_does(
    motion: Motion, people: Followed
):
    attention = Attention(3.0, 0.3, 4, [MIDDLE])

    def searches(begin: float, end: float, *seen: Motion | Followed) -> int:
        turns = np.arange(begin, end, 0.2).round(1).tolist()
        return sum((0, 0, W, H) in attention.regions(picture(at), *seen) for at in turns)

    still = (moved(), NOBODY)
    assert searches(0.0, 12.0, *still) == 4
    assert searches(12.0, 60.0, *still) == 4
    assert searches(60.0, 72.0, motion, people) == 4
    assert searches(72.0, 84.0, *still) == 4
    assert searches(84.0, 132.0, *still) == 4


def test_tiles_of_a_still_picture_are_searched_more_seldom_too():
    attention = Attention(5.0, SMALLEST, 6, [MIDDLE])
    looks = [len(looked_at(attention, n / 5, moved())) for n in range(1, 1000)]
    assert sum(looks[30:90]) / 60 == pytest.approx(4 * sum(looks[-600:]) / 600, rel=0.2)


def test_without_small_people_to_find_there_are_no_tiles():
    attention = Attention(3.0, 0.3, 4, [Concern(MIDDLE.bounds, 0.3)])
    assert looked_at(attention, 0.0, moved()) == [pytest.approx((0, 0, WIDE, 1))]
    assert looked_at(attention, 0.2, moved()) == []


def test_other_rules_have_other_tiles():
    attention = awake(MIDDLE)
    attention.concern([Concern((0.0, 0.6, 0.2, 0.9), SMALLEST)])
    areas = [area for n in range(1, 6) for area in looked_at(attention, n / 5, moved())]
    assert any(holds(area, person(0.1, 0.7, SMALLEST)) and side(area) < 0.9 for area in areas)


def test_a_squeezed_picture_is_looked_at_in_squares_of_what_is_seen():
    """960x1088 pixels of a view of 16:9: the region is half as wide in pixels as it is high."""
    attention = Attention(1e6, SMALLEST, 6, [EVERYWHERE])
    for n in range(8):
        attention.regions(picture(n / 5, (960, 1088), 16 / 9), moved(), NOBODY)
    shown = picture(2.0, (960, 1088), 16 / 9)
    ((x1, y1, x2, y2),) = attention.regions(shown, moved(person(0.9, 0.6)), NOBODY)
    assert (x2 - x1) / (y2 - y1) == pytest.approx(960 / 1088 / (16 / 9), rel=0.02)


shares = st.floats(-0.2, 1.2)
sides = st.floats(0.005, 0.9)


@settings(max_examples=200, deadline=None)
@given(
    size=st.sampled_from([(1280, 720), (640, 480), (720, 1280), (2560, 720), (3840, 1080), (320, 240)]),
    parts=st.lists(st.tuples(shares, shares, sides, sides), max_size=6),
    looks=st.integers(1, 12),
)
def test_regions_lie_inside_the_picture_and_are_few(size, parts, looks):
    w, h = size
    boxes = [(x * w / h, y, (x + a) * w / h, y + b) for x, y, a, b in parts]
    attention = Attention(1e6, SMALLEST, looks, [EVERYWHERE])
    for n in range(60):
        attention.regions(picture(n / 5, size), moved(), NOBODY)
    regions = attention.regions(picture(20.0, size), moved(*boxes[::2]), followed(*boxes[1::2]))
    assert bool(regions) >= bool(parts)
    assert len(regions) <= looks + 1
    for region in regions:
        assert all(isinstance(edge, int) for edge in region)
        assert 0 <= region[0] < region[2] <= w
        assert 0 <= region[1] < region[3] <= h
