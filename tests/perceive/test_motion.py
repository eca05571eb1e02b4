"""What moves, and what does not; the kernels against their slow twins, with and without JIT."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.motion_kernels import block_means, compare_and_learn
from pipeline.types import Motion
from tests import slow
from tests.conftest import ROOT
from tests.fakes import frame

W, H = 640, 480
FPS = 5


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("block", "shape"), [(2, (48, 64)), (3, (50, 65)), (5, (41, 64)), (6, (48, 65))])
def test_the_kernel_of_block_means_does_what_its_slow_twin_does(block: int, shape: tuple[int, int]):
    luma = random().integers(0, 256, shape, np.uint8)
    means = np.zeros((shape[0] // block, shape[1] // block), np.float32)
    block_means(luma, block, means)
    np.testing.assert_allclose(means, slow.block_means(luma, block), rtol=1e-5)


def test_the_kernel_of_block_means_reads_strided_and_readonly_views():
    plane = random().integers(0, 256, (40, 96), np.uint8)
    view = plane[:, :64]
    view.setflags(write=False)
    for luma in (view, plane[:, ::-1], plane[::2]):
        means = np.zeros((luma.shape[0] // 4, luma.shape[1] // 4), np.float32)
        block_means(luma, 4, means)
        np.testing.assert_allclose(means, slow.block_means(luma, 4), rtol=1e-5)


def test_the_kernel_of_block_means_does_not_overflow_on_white():
    means = np.zeros((2, 2), np.float32)
    block_means(np.full((20, 20), 255, np.uint8), 10, means)
    np.testing.assert_allclose(means, 255)


@pytest.mark.parametrize("shift", [0.0, -12.5])
@pytest.mark.parametrize(("learn", "absorb"), [(0.05, 0.01), (0.0, 0.0), (1.0, 0.5)])
def test_the_kernel_of_comparison_does_what_its_slow_twin_does(shift: float, learn: float, absorb: float):
    make = random()
    cells, background = (make.uniform(0, 255, (30, 40)).astype(np.float32) for _ in range(2))
    background[:15] = cells[:15] + make.normal(0, 4, (15, 40)).astype(np.float32)
    noise = make.uniform(0, 5, (30, 40)).astype(np.float32)
    wanted = slow.compare_and_learn(cells, background, noise, shift, 7.0, 5.0, learn, absorb)
    mask = np.full((30, 40), 9, np.uint8)
    count = compare_and_learn(cells, background, noise, mask, shift, 7.0, 5.0, learn, absorb)
    assert 0 < count == wanted[0].sum() < mask.size
    np.testing.assert_array_equal(mask, wanted[0])
    np.testing.assert_allclose(background, wanted[1], atol=1e-3)
    np.testing.assert_allclose(noise, wanted[2], atol=1e-3)


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="this is the run without JIT")
def test_the_kernels_do_the_same_without_jit():
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "kernel"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    assert "skipped" in ran.stdout


def scene(w: int = W, h: int = H) -> NDArray[np.float32]:
    """A yard: a slope of grey with darker and lighter patches."""
    luma = np.tile(np.linspace(70, 170, w, dtype=np.float32), (h, 1))
    luma[h // 2 :, : w // 3] -= 40
    luma[h // 4 : h // 2, w // 2 :] += 30
    return luma


def noisy(luma: NDArray[np.float32], strength: float, make: np.random.Generator) -> NDArray[np.uint8]:
    return np.clip(luma + make.normal(0, strength, luma.shape), 0, 255).astype(np.uint8)


def motions(pictures: Iterator[NDArray[np.uint8]], fps: float = FPS) -> list[Motion]:
    detector = MotionDetector()
    return [detector.update(frame(luma, number / fps)) for number, luma in enumerate(pictures)]


@pytest.mark.parametrize("strength", [0, 2, 5, 10])
@pytest.mark.parametrize("size", [(320, 240), (640, 480)])
def test_nothing_moves_in_noise_once_its_strength_is_known(strength: float, size: tuple[int, int]):
    make, yard = random(), scene(*size)
    told = motions(noisy(yard, strength, make) for _ in range(16 * FPS))
    assert [number for number, motion in enumerate(told) if len(motion.boxes) and number > 8 * FPS] == []


def test_the_first_picture_is_new_everywhere():
    (motion,) = motions(noisy(scene(), 2, random()) for _ in range(1))
    assert motion.changed == 1
    np.testing.assert_allclose(motion.boxes, [[0, 0, W / H, 1]])


def square(number: int, side: int = 80, step: int = 12) -> tuple[int, int, int, int]:
    x, y = 40 + number * step, 200
    return x, y, x + side, y + side


@pytest.mark.parametrize("strength", [0, 3, 6])
def test_a_moving_square_gives_one_box_around_it(strength: float):
    make = random()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(-3 * FPS, 40):
            luma = scene()
            if number >= 0:
                x1, y1, x2, y2 = square(number)
                luma[y1:y2, x1:x2] += 45
            yield noisy(luma, strength, make)

    for number, motion in enumerate(motions(pictures())[3 * FPS :]):
        assert len(motion.boxes) == 1, f"picture {number}: {motion.boxes}"
        (found,), wanted = motion.boxes * H, np.array(square(number))
        block = W // 192
        assert (np.abs(found - wanted) <= 6 * block).all(), f"picture {number}: {found} for {wanted}"


def test_a_slow_drift_of_exposure_is_no_motion():
    make = random()
    told = motions(noisy(scene() + 0.5 * number, 2, make) for number in range(20 * FPS))
    assert not any(len(motion.boxes) for motion in told[1:])


def test_a_sudden_change_of_exposure_is_no_motion():
    make = random()
    told = motions(noisy(scene() + 25 * (number > 20), 2, make) for number in range(10 * FPS))
    assert not any(len(motion.boxes) for motion in told[1:])


def test_someone_who_moves_while_the_exposure_changes_is_seen():
    told = motions(iter([*[scene().astype(np.uint8)] * 10, _walked_in(scene() + 20).astype(np.uint8)]))
    assert len(told[-1].boxes) == 1
    assert told[-1].changed < 0.1


def _walked_in(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    luma[200:300, 300:340] += 50
    return luma


def test_a_light_that_is_switched_gives_one_whole_picture_and_then_quiet():
    make = random()
    lamp = 90 * np.exp(-((np.arange(W) - W / 2) ** 2) / (2 * (W / 4) ** 2)).astype(np.float32)
    bright = scene() * np.float32(0.6)
    told = motions(noisy(bright + lamp * (number >= 20), 2, make) for number in range(10 * FPS))
    whole = [number for number, motion in enumerate(told) if motion.changed == 1]
    assert whole == [0, 20]
    np.testing.assert_allclose(told[20].boxes, [[0, 0, W / H, 1]])
    assert not any(len(motion.boxes) for motion in told[21:])


def test_another_size_begins_anew():
    detector = MotionDetector()
    for number, (w, h) in enumerate([(W, H), (W, H), (320, 240), (320, 240), (W, H)]):
        motion = detector.update(frame(scene(w, h).astype(np.uint8), number / FPS))
        fresh = number in (0, 2, 4)
        assert motion.changed == fresh
        np.testing.assert_allclose(motion.boxes, [[0, 0, w / h, 1]] if fresh else np.zeros((0, 4)))


@pytest.mark.parametrize("fps", [2, 5, 25])
def test_something_left_standing_becomes_background(fps: float):
    detector, bag = MotionDetector(), scene()
    bag[300:340, 200:240] -= 50
    detector.update(frame(scene().astype(np.uint8), 0))
    moved = {second: bool(len(_at(detector, bag, second, fps).boxes)) for second in range(60)}
    assert all(moved[second] for second in range(15))
    assert not any(moved[second] for second in range(50, 60))


def _at(detector: MotionDetector, luma: NDArray[np.float32], second: int, fps: float) -> Motion:
    """The last motion of this second, in which nothing changed."""
    told = [detector.update(frame(luma.astype(np.uint8), second + (n + 1) / fps)) for n in range(round(fps))]
    return told[-1]


def test_motion_reads_a_view_of_a_wider_plane_as_the_decoder_gives_it():
    plane = np.zeros((H, W + 64), np.uint8)
    detector = MotionDetector()
    for number in range(3):
        plane[:, :W] = scene()
        plane[:, W:] = 255 * (number % 2)
        plane.setflags(write=True)
        motion = detector.update(frame(plane[:, :W], number / FPS))
    assert motion.changed == 0


def test_in_a_squeezed_picture_what_moves_is_where_it_is_seen():
    detector = MotionDetector()
    for number, x in enumerate((100, 300)):
        luma = scene()
        luma[240:360, x : x + 60] += 60
        squeezed = dataclasses.replace(frame(luma.astype(np.uint8), number / FPS), display_aspect=16 / 9)
        motion = detector.update(squeezed)
    assert len(motion.boxes) == 2
    left, right = sorted(motion.boxes.tolist())
    for box, x in ((left, 100), (right, 300)):
        wanted = [x / W * 16 / 9, 240 / H, (x + 60) / W * 16 / 9, 360 / H]
        np.testing.assert_allclose(box, wanted, atol=0.03)


@pytest.mark.parametrize("size", [(16, 16), (191, 107), (1000, 563), (1920, 1080), (2880, 720), (1080, 1920)])
def test_boxes_lie_inside_pictures_of_any_size(size: tuple[int, int]):
    w, h = size
    detector = MotionDetector()
    dark = np.full((h, w), 60, np.uint8)
    bright = dark.copy()
    bright[:, w // 2 :] = 160
    detector.update(frame(dark, 0))
    moved = detector.update(frame(bright, 0.2)).boxes
    assert len(moved) == 1
    assert moved.min() >= 0
    assert (moved[:, 2:] <= (w / h + 1e-6, 1 + 1e-6)).all()
