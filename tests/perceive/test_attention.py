"""Where the detector is asked to look, and that nobody is outside of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.perceive.attention import Attention
from pipeline.types import Boxes, Motion, Region
from tests.fakes import frame

W, H = 1280, 720
WHOLE = (0, 0, W, H)
NOBODY = np.zeros((0, 4), np.float32)


def picture(pts: float, size: tuple[int, int] = (W, H)):
    return frame(np.zeros((size[1], size[0]), np.uint8), pts)


def moved(*boxes: tuple[float, float, float, float], changed: float = 0.01) -> Motion:
    return Motion(np.array(boxes, np.float32).reshape(-1, 4), changed)


def awake(sweep_s: float = 3.0, size: tuple[int, int] = (W, H)) -> Attention:
    """It has had its first picture, at 0 s."""
    attention = Attention(sweep_s)
    attention.regions(picture(0, size), moved(), NOBODY)
    return attention


def test_the_first_picture_is_looked_at_whole():
    assert Attention(3).regions(picture(0), moved(), NOBODY) == [WHOLE]


def test_a_picture_that_is_new_everywhere_is_looked_at_whole():
    assert awake().regions(picture(0.2), moved((0, 0, W, H), changed=1), NOBODY) == [WHOLE]


@pytest.mark.parametrize("fps", [2, 5, 25])
def test_the_whole_picture_is_swept_every_few_seconds_though_nothing_moves(fps: float):
    attention = Attention(3.0)
    looks = [n / fps for n in range(round(10 * fps)) if attention.regions(picture(n / fps), moved(), NOBODY)]
    assert looks == [0, 3, 6, 9]


def test_nobody_looks_where_nothing_moves_and_nobody_is_followed():
    assert awake().regions(picture(0.2), moved(), NOBODY) == []


def test_motion_is_looked_at():
    (region,) = awake().regions(picture(0.2), moved((600, 300, 640, 400)), NOBODY)
    assert holds(region, (580, 250, 660, 450))


def test_a_followed_person_is_looked_at_without_motion():
    (region,) = awake().regions(picture(0.2), moved(), np.array([[100, 300, 140, 400]], np.float32))
    assert holds(region, (80, 250, 160, 450))


def test_two_people_close_by_are_one_region_and_two_far_apart_are_two():
    people = np.array([[100, 500, 140, 600], [200, 500, 240, 600]], np.float32)
    assert len(awake().regions(picture(0.2), moved(), people)) == 1
    apart = np.array([[100, 500, 140, 600], [1100, 500, 1140, 600]], np.float32)
    first, second = awake(size=(2560, 720)).regions(picture(0.2, (2560, 720)), moved(), apart)
    assert not overlap(first, second)


def test_too_many_regions_are_the_whole_picture():
    size = (4000, 720)
    spread = [(x, 300, x + 30, 400) for x in (100, 1000, 2000, 3000)]
    assert len(awake(size=size).regions(picture(0.2, size), moved(*spread[:3]), NOBODY)) == 3
    assert awake(size=size).regions(picture(0.2, size), moved(*spread), NOBODY) == [(0, 0, *size)]


def test_regions_that_cover_most_of_the_picture_are_the_whole_picture():
    assert awake().regions(picture(0.2), moved((100, 100, 700, 700)), NOBODY) == [WHOLE]


def holds(region: Region, box: tuple[float, float, float, float]) -> bool:
    return region[0] <= box[0] and region[1] <= box[1] and region[2] >= box[2] and region[3] >= box[3]


def overlap(a: Region, b: Region) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


shares = st.floats(-0.2, 1.2)
sides = st.floats(0.005, 0.9)


@settings(max_examples=300, deadline=None)
@given(
    size=st.sampled_from([(1280, 720), (640, 480), (720, 1280), (2560, 720), (3840, 1080), (320, 240)]),
    parts=st.lists(st.tuples(shares, shares, sides, sides), max_size=6),
)
def test_regions_lie_inside_the_picture_are_apart_and_hold_every_box_with_its_margin(size, parts):
    w, h = size
    boxes: Boxes = np.array([(x * w, y * h, (x + a) * w, (y + b) * h) for x, y, a, b in parts], np.float32)
    boxes = boxes.reshape(-1, 4)
    regions = awake(size=size).regions(picture(0.2, size), moved(*boxes[::2].tolist()), boxes[1::2])
    assert bool(regions) == bool(parts)
    for region in regions:
        assert all(isinstance(edge, int) for edge in region)
        assert 0 <= region[0] < region[2] <= w
        assert 0 <= region[1] < region[3] <= h
    assert not any(overlap(a, b) for n, a in enumerate(regions) for b in regions[:n])
    for x1, y1, x2, y2 in boxes.tolist():
        dx, dy = 0.4 * (x2 - x1), 0.4 * (y2 - y1)
        inside = (max(x1 - dx, 0), max(y1 - dy, 0), min(x2 + dx, w), min(y2 + dy, h))
        if inside[0] < inside[2] - 2 and inside[1] < inside[3] - 2:
            assert any(holds(region, tuple(_inward(inside))) for region in regions)


def _inward(box: tuple[float, float, float, float]) -> list[float]:
    """Regions are whole pixels: one less on every side."""
    return [box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1]
