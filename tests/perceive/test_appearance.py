"""What people look like in numbers: the same person alike, others not, whatever the planes are."""

from __future__ import annotations

import dataclasses

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import Frame
from pipeline.perceive.appearance import SIZE, describe, unlikeness
from pipeline.perceive.looks_kernels import levels
from pipeline.perceive.track_kernels import unlike
from pipeline.simulate.scene import Scene, hall
from tests import slow


def of_picture(bgr: NDArray[np.uint8]) -> Frame:
    picture = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuv420p")
    y, u, v = (
        np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in picture.planes
    )
    return Frame("hall", 0, 0.0, y, (u, v))


def looks_of(figure: int, times: list[float]) -> NDArray[np.float32]:
    scene = Scene(hall.PLACE, hall.PLAY, (960, 540))
    told = []
    for at in times:
        (box,) = (np.array([one.box], np.float32) / 540 for one in scene.seen(at) if one.figure == figure)
        told.append(describe(of_picture(scene.picture(at, round(at * 10))), box)[0])
    return np.array(told)


def test_a_person_looks_the_same_in_every_pose_and_others_do_not():
    blue, red = looks_of(0, [4.0, 5.0, 8.0, 11.0]), looks_of(1, [15.0, 18.0, 21.0, 23.0])
    assert max(unlikeness(blue, blue).max(), unlikeness(red, red).max()) < 0.30
    assert unlikeness(blue, red).min() > 0.40


def test_without_colour_the_light_and_the_dark_are_told_apart():
    luma = np.full((100, 100), 60, np.uint8)
    luma[:, 50:] = 200
    boxes = np.array([[0.1, 0.1, 0.4, 0.9], [0.05, 0.2, 0.45, 0.9], [0.6, 0.1, 0.9, 0.9]], np.float32)
    looks = describe(Frame("c", 0, 0.0, luma), boxes)
    assert unlikeness(looks, looks)[0, 1] < 0.1
    assert unlikeness(looks, looks)[0, 2] > 0.9


def test_of_who_is_outside_of_the_picture_nothing_is_known():
    luma = np.full((100, 100), 60, np.uint8)
    looks = describe(Frame("c", 0, 0.0, luma), np.array([[1.2, 0.1, 1.5, 0.9], [0.1, 0.1, 0.4, 0.9]], np.float32))
    assert not looks[0].any()
    assert np.isnan(unlikeness(looks, looks)[0, 1])
    assert describe(Frame("c", 0, 0.0, luma), np.zeros((0, 4), np.float32)).shape == (0, SIZE)


def test_of_who_shows_no_legs_nothing_is_known():
    """Bands of a box are those of a whole body; a head and shoulders at the lower edge would have others in them."""
    luma = np.full((100, 100), 60, np.uint8)
    boxes = np.array([[0.3, 0.8, 0.5, 1.0], [0.3, 0.6, 0.5, 1.0], [0.3, 0.6, 0.5, 0.8]], np.float32)
    looks = describe(Frame("c", 0, 0.0, luma), boxes)
    assert looks.any(axis=1).tolist() == [False, True, True]


def test_looks_are_read_where_the_person_is_seen_in_a_squeezed_picture():
    luma = np.full((100, 100), 60, np.uint8)
    luma[:, 50:] = 200
    squeezed = dataclasses.replace(Frame("c", 0, 0.0, luma), display_aspect=2.0)
    left, right = describe(squeezed, np.array([[0.5, 0.1, 0.9, 0.9], [1.1, 0.1, 1.5, 0.9]], np.float32))
    assert unlikeness(left[None], right[None])[0, 0] > 0.9


def test_the_kernel_of_levels_does_what_its_slow_twin_does():
    make = np.random.default_rng(1)
    plane = make.integers(0, 256, (40, 60), np.uint8)
    parts = make.uniform(-0.3, 1.0, (30, 2))
    parts = np.hstack([parts, parts + make.uniform(0.05, 0.5, (30, 2))]).astype(np.float32)
    out = np.zeros((30, 9), np.float32)
    levels(plane, parts, 6, 8, 20.0, 220.0, out)
    wanted = slow.levels(plane, parts, 6, 8, 20.0, 220.0, 9)
    np.testing.assert_allclose(out, wanted, atol=1e-4)
    assert 0 < (out.sum(axis=1) > 0).sum() < 30


def test_the_kernel_of_unlikeness_does_what_its_slow_twin_does():
    make, starts = np.random.default_rng(4), np.array([0, 3, 7])
    a, b = (np.sqrt(make.dirichlet(np.ones(7), 6)).astype(np.float32) for _ in range(2))
    a[0], a[1, :3], b[2, 3:] = 0, 0, 0
    out = np.zeros((6, 6))
    unlike(a, b, starts, out)
    np.testing.assert_allclose(out, slow.unlike(a, b, starts), atol=1e-5)
    assert np.isnan(out[0]).all()
    assert np.isnan(out[1, 2])
