"""What moves, and what does not; the kernels against their slow twins, with and without JIT."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.perceive.background import Background
from pipeline.perceive.background_kernels import (
    BACKGROUND,
    BESIDE,
    EARLIER,
    NEW,
    SCRATCH,
    border_contrast,
    judge,
    settle,
)
from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.motion_kernels import cell_means
from pipeline.perceive.tone_kernels import BANDS, STEPS, mismatch, tone_curve
from pipeline.simulate.scene import Play, yard
from pipeline.simulate.scene.render import Scene
from pipeline.simulate.scene.weather import Weather
from pipeline.types import Motion
from tests import slow
from tests.conftest import ROOT
from tests.fakes import frame

W, H = 640, 480
FPS = 5


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def means_of(luma: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    rows, columns = luma.shape[0] // side, luma.shape[1] // side // 2 * 2
    means = np.zeros((rows, columns), np.float32)
    cell_means(luma, side, np.zeros(columns * side, np.uint16), means)
    return means


@pytest.mark.parametrize("side", [2, 4, 8, 16])
@pytest.mark.parametrize("shape", [(48, 64), (50, 67), (33, 101)])
def test_the_kernel_of_cell_means_does_what_its_slow_twin_does(side: int, shape: tuple[int, int]):
    luma = random().integers(0, 256, shape, np.uint8)
    np.testing.assert_allclose(means_of(luma, side), slow.cell_means(luma, side), rtol=1e-5)


@pytest.mark.parametrize("side", [2, 8])
def test_the_kernel_of_cell_means_reads_strided_and_readonly_views(side: int):
    plane = random().integers(0, 256, (40, 96), np.uint8)
    view = plane[:, :64]
    view.setflags(write=False)
    for luma in (view, plane[:, ::-1], plane[::2]):
        np.testing.assert_allclose(means_of(luma, side), slow.cell_means(luma, side), rtol=1e-5)


@pytest.mark.parametrize("side", [2, 4, 8, 16])
def test_the_kernel_of_cell_means_does_not_overflow_on_white(side: int):
    np.testing.assert_allclose(means_of(np.full((32, 64), 255, np.uint8), side), 255)


def planes(count: int, seed: int = 1, shape: tuple[int, int] = (30, 40)) -> list[NDArray[np.float32]]:
    make = random(seed)
    return [make.uniform(20, 235, shape).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("moved_share", [0.0, 0.3, 0.9])
def test_the_kernel_of_tone_curves_does_what_its_slow_twin_does(moved_share: float):
    (background,) = planes(1)
    mask = (random(3).uniform(0, 1, background.shape) < moved_share).astype(np.uint8)
    cells = 16 + (background - 16) * np.float32(1.1) + random(2).normal(0, 1, background.shape).astype(np.float32)
    cells[mask > 0] += 60
    curve = np.zeros((2, 256), np.float32)
    whole = tone_curve(cells, background, mask, np.zeros((BANDS, STEPS), np.int32), np.zeros(BANDS, np.float32), curve)
    told, median = slow.told_changes(cells, background, (mask > 0) & (moved_share < 0.8))
    assert whole == pytest.approx(median)
    for level, change in told.values():
        # The curve has a value for whole levels.
        assert curve[0, round(level)] == pytest.approx(change, abs=0.4)
    lowest, highest = (round(told[band][0]) for band in (min(told), max(told)))
    assert not curve[1, lowest + 1 : highest].any()
    # Beyond the bands: between the change of the last one, and its share of that, counted from black.
    for band, level, share in ((min(told), 0, 0.0), (max(told), 255, (255 - 16) / (told[max(told)][0] - 16))):
        change = told[band][1]
        ends = sorted((curve[0, level] - curve[1, level], curve[0, level] + curve[1, level]))
        assert ends == pytest.approx(sorted((change, change * share)), abs=0.01)


@pytest.mark.parametrize("change", [0.0, 2.25, -3.0])
def test_the_kernel_learns_what_its_slow_twin_learns(change: float):
    cells, background, earlier, noise, lasted, parted = planes(6)
    background[::2] = cells[::2] + random(6).normal(0, 5, background[::2].shape).astype(np.float32)
    earlier[::3] = cells[::3] + random(7).normal(0, 5, earlier[::3].shape).astype(np.float32)
    noise /= 100
    curve = np.zeros((2, 256), np.float32)
    if change:
        curve[0], curve[1] = change * np.linspace(0.5, 1.5, 256), np.linspace(0, 1, 256)
    known = {"background": background, "earlier": earlier, "noise": noise, "lasted": lasted, "parted": parted}
    how = 7.0, 5.0, 0.05, 0.01, 0.2, 120.0
    before = {name: plane.copy() for name, plane in known.items()}
    found = np.zeros(cells.shape, np.uint8)
    settle(cells, *known.values(), curve, *how, found, np.zeros(SCRATCH, np.float32))
    for place in np.ndindex(cells.shape):
        told = slow.settled(float(cells[place]), {name: float(p[place]) for name, p in before.items()}, curve, how)
        assert found[place] == (BACKGROUND if told.pop("quiet") else NEW)
        assert {name: plane[place] for name, plane in known.items()} == pytest.approx(told, abs=1e-3)
    assert 0.2 < (found == BACKGROUND).mean() < 0.8


def learnt(
    cells: NDArray[np.float32], times: int = 1, curve: NDArray[np.float32] | None = None, **before: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """What is known of each cell after so many pictures of 0.2 s that look like this, and what it was `found` to be."""
    state = {"background": 100.0, "earlier": 100.0, "noise": 1.0, "candidate": -1e6, "lasted": 0.0, "parted": 0.0}
    known = {name: before.get(name, np.full(cells.shape, value)).astype(np.float32) for name, value in state.items()}
    curve = np.zeros((2, 256), np.float32) if curve is None else curve
    found, mask = np.zeros(cells.shape, np.uint8), np.zeros(cells.shape, np.uint8)
    settled = [known[name] for name in ("background", "earlier", "noise", "lasted", "parted")]
    how = curve, 7.0, 5.0, 0.05, 0.01, 0.2
    for _ in range(times):
        others = settle(cells, *settled, *how, 120.0, found, np.zeros(SCRATCH, np.float32))
        assert others == (found == NEW).sum()
        new = judge(cells, *known.values(), *how, 15.0, found, mask)
        assert new == mask.sum()
        np.testing.assert_array_equal(mask, found == NEW)
    return {**known, "found": found}


@pytest.mark.parametrize("change", [0.0, -6.5])
def test_the_kernels_find_each_cell_to_be_what_their_slow_twin_finds(change: float):
    cells, background, earlier, noise = planes(4)
    noise[:] = random(5).uniform(0, 5, noise.shape)
    background[:10] = cells[:10] + random(6).normal(0, 6, (10, 40)).astype(np.float32)
    earlier[10:20] = cells[10:20] + random(7).normal(0, 6, (10, 40)).astype(np.float32)
    background[20:25], earlier[20:25] = 100, 110
    cells[22] = 104
    curve = np.zeros((2, 256), np.float32)
    curve[0], curve[1] = change, 0.5
    found = np.zeros(cells.shape, np.uint8)
    known = [plane.copy() for plane in (background, earlier, noise)]
    rest = [np.zeros_like(cells) for _ in range(3)]
    how = curve, 7.0, 5.0, 0.0, 0.0, 0.2
    settle(cells, *known, *rest[1:], *how, 120.0, found, np.zeros(SCRATCH, np.float32))
    judge(cells, *known, *rest, *how, 15.0, found, np.zeros_like(found))
    limit = np.maximum(7.0, 5.0 * noise) + 0.5
    wanted = slow.compared(cells - np.float32(change), background, earlier, limit.astype(np.float32))
    # What is back as it was earlier is background from then on, also for the cells beside.
    near = cv2.dilate((wanted == EARLIER).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    alike = (found == wanted) | (near & (wanted >= BESIDE) & (found >= BESIDE))
    assert alike.all()
    assert set(np.unique(found)) == {BACKGROUND, EARLIER, BESIDE, NEW}


def one(value: float) -> NDArray[np.float32]:
    return np.array([[value]], np.float32)


def test_the_kernels_learn_slow_change_where_nothing_is_new():
    after = learnt(one(104))
    assert after["found"] == BACKGROUND
    assert (after["background"].item(), after["earlier"].item()) == pytest.approx((100.2, 100.04))
    assert after["noise"].item() == pytest.approx(1.15)
    edge = np.array([[100, 150, 200]], np.float32)
    moved = learnt(np.array([[100, 190, 200]], np.float32), background=edge, earlier=edge)
    assert moved["found"].tolist() == [[BACKGROUND, BESIDE, BACKGROUND]]
    np.testing.assert_allclose(moved["background"], edge)


def test_the_kernels_make_background_of_what_stays_and_remember_what_was_there():
    assert learnt(one(150), times=75)["background"] == 100
    stayed = learnt(one(150), times=77)
    assert stayed["background"].item() == pytest.approx(150)
    assert stayed["earlier"] == 100
    again = learnt(one(100), **stayed)
    assert again["found"] == EARLIER
    assert (again["background"].item(), again["earlier"].item()) == pytest.approx((100, 100))
    for times, then in ((590, 100), (610, 150)):
        assert learnt(one(150), times=times, **stayed)["earlier"].item() == pytest.approx(then, abs=1)


def test_the_kernels_take_nothing_for_background_that_changes_all_the_time():
    known: dict[str, NDArray[Any]] = {}
    for number in range(200):
        known = learnt(one(150 + 20 * (number % 2)), **known)
        assert known["found"] == NEW
    assert known["background"] == 100


@pytest.mark.parametrize(("down", "across"), [(0, 0), (1, 0), (0, -1), (-1, 1)])
def test_the_kernel_of_mismatches_tells_by_which_cell_the_background_is_off(down: int, across: int):
    (background,) = planes(1)
    cells = np.roll(background, (down, across), (0, 1)) + np.float32(5)
    curve, totals = np.zeros((2, 256), np.float32), np.zeros(9)
    curve[0] = 5
    mismatch(cells, background, curve, np.zeros_like(cells), np.zeros(cells.shape[1], np.float32), totals)
    assert totals.argmin() == 3 * (down + 1) + across + 1
    assert totals.min() == pytest.approx(0, abs=1)


def test_the_kernel_of_borders_sees_which_of_picture_and_background_stands_out():
    cells, background = (np.full((16, 16), 100, np.float32) for _ in range(2))
    background[2:5, 2:5] = 160
    cells[9:12, 9:12] = 140
    found = np.full((16, 16), BACKGROUND, np.uint8)
    # Around what has gone is a ring that is as the background is beside it: looked over.
    found[1:6, 1:6] = BESIDE
    background[1:6, 1:6] = 160
    found[2:5, 2:5] = found[9:12, 9:12] = NEW
    labels = (found == NEW).astype(np.int32)
    labels[8:] *= 2
    contrast = np.zeros((3, 3))
    border_contrast(labels, found, cells, background, contrast)
    np.testing.assert_array_equal(contrast, [[0, 0, 0], [0, 12 * 60, 12], [12 * 40, 0, 12]])


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


def flicker(at: float, luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of lamps, 1.2 %, and bands of it that wander down."""
    rows = np.arange(H)[:, None] / H
    return luma * (1 + 0.012 * np.sin(4.4 * at) + 0.012 * np.sin(18.8 * rows + 8.2 * at)).astype(np.float32)


def ramp(at: float, luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Dusk: a quarter of the light goes within half a minute."""
    return 16 + (luma - 16) * np.float32(1 - 0.25 * at / 30)


def gain(at: float, luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """The camera corrects its exposure, up and down, within a second each time."""
    return 16 + (luma - 16) * np.float32(1 + 0.15 * np.clip(np.sin(1.2 * at) * 2, 0, 1))


def shake(at: float, luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """By a pixel, a quarter of a cell, as on a mast in the wind."""
    moved = np.float32([[1, 0, np.sin(7.1 * at)], [0, 1, np.cos(5.3 * at)]])
    return cv2.warpAffine(luma, moved, (W, H), borderMode=cv2.BORDER_REPLICATE)


def turning(at: float, luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """By 9 pixels in 30 s, as a mount that gives."""
    return cv2.warpAffine(
        luma, np.float32([[1, 0, -0.3 * at], [0, 1, 0.1 * at]]), (W, H), borderMode=cv2.BORDER_REFLECT
    )


def rough() -> NDArray[np.float32]:
    """The yard with patches of all sizes on it."""
    patches = cv2.GaussianBlur(random(4).normal(0, 1, (H, W)).astype(np.float32), (0, 0), 4)
    return scene() + np.float32(12 / patches.std()) * patches


def lined() -> NDArray[np.float32]:
    """The yard with white lines on it, as narrow as a cell, and a rough floor."""
    luma = scene() + random(9).normal(0, 3, (H, W)).astype(np.float32)
    for x in range(40, W, 90):
        cv2.line(luma, (x, H // 3), (x - 60, H - 40), 225, 4)
    return luma


QUIET = [flicker, ramp, gain, shake, turning]


@pytest.mark.parametrize("what", QUIET)
def test_what_a_camera_does_to_its_picture_is_no_motion(what: Callable[[float, Any], NDArray[np.float32]]):
    make, yard = random(), rough() if what is turning else lined()
    told = motions(noisy(what(number / FPS, yard), 2, make) for number in range(30 * FPS))
    assert [number for number, motion in enumerate(told) if number and len(motion.boxes)] == []


@pytest.mark.parametrize("what", QUIET)
def test_and_who_walks_in_meanwhile_is_seen(what: Callable[[float, Any], NDArray[np.float32]]):
    make, yard = random(), rough() if what is turning else lined()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(20 * FPS):
            luma = yard.copy()
            if number >= 12 * FPS:
                x = W - 12 * (number - 12 * FPS)
                luma[180:260, max(x, 0) : max(x + 26, 0)] = 35
            yield noisy(what(number / FPS, luma), 2, make)

    told = motions(pictures())
    assert not any(len(motion.boxes) for motion in told[1 : 12 * FPS])
    seen = [len(motion.boxes) > 0 for motion in told[12 * FPS + 1 :]]
    assert all(seen), seen.index(False)


def stood(seconds: float, still: bool) -> list[Motion]:
    """Who comes in, stands for so long, goes again, and then 10 s of nobody."""
    make, yard = random(), lined()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(round((6 + seconds + 10) * FPS)):
            luma, at = yard.copy(), number / FPS - 3
            if 0 <= at < seconds + 3:
                x = round(W - 160 * min(at, 1.5) if at < seconds + 1.5 else W - 240 + 160 * (at - seconds - 1.5))
                x += 0 if still else round(4 * np.sin(3 * at))
                luma[120:330, x : x + 70] = 40
            yield noisy(luma, 2, make)

    return motions(pictures())


@pytest.mark.parametrize("seconds", [3.0, 12.0, 40.0])
@pytest.mark.parametrize("still", [True, False])
def test_who_has_stood_there_leaves_no_ghost(seconds: float, still: bool):
    told = stood(seconds, still)
    gone = round((6 + seconds + 0.4) * FPS)
    assert all(len(motion.boxes) for motion in told[3 * FPS + 1 : min(12, 3 + round(seconds)) * FPS])
    assert not any(len(motion.boxes) for motion in told[gone:])


def test_what_was_there_from_the_first_picture_and_goes_leaves_a_ghost_for_a_moment_only():
    make, yard = random(), lined()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(20 * FPS):
            luma = yard.copy()
            x = 60 + 40 * max(0, number - 5 * FPS)
            if x < W:
                luma[150:300, x : x + 160] = 220
            yield noisy(luma, 2, make)

    told = motions(pictures())
    assert not any(len(motion.boxes) for motion in told[1 : 5 * FPS])
    assert not any(len(motion.boxes) for motion in told[10 * FPS :])


def test_who_stands_still_is_no_ghost():
    """Before he is background, 15 s, the picture stands out there and the background does not."""
    make, yard = random(), lined()

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(18 * FPS):
            luma = yard.copy()
            if number >= 3 * FPS:
                luma[150:330, 300:370] = 40
            yield noisy(luma, 2, make)

    told = motions(pictures())
    assert all(len(motion.boxes) for motion in told[3 * FPS : 17 * FPS])


def test_the_background_goes_along_with_a_camera_that_turns():
    """By a cell every five seconds, over patches of five cells."""
    patches = random(8).uniform(40, 200, (12, 20)).astype(np.float32)
    seen = np.kron(patches, np.ones((5, 5), np.float32))
    background = Background((60, 80))
    background.learn_anew(np.ascontiguousarray(seen[:, :80]))
    told = []
    for number in range(20 * FPS):
        moved = number // (5 * FPS)
        told.append(background.update(np.ascontiguousarray(seen[:, moved : moved + 80]), 1 / FPS))
    assert told[-2 * FPS :] == [0] * 2 * FPS
    assert sum(told) < 100


def rain(luma: NDArray[np.float32], streaks: int, make: np.random.Generator) -> NDArray[np.float32]:
    """Bright streaks all over the picture, a pixel or two wide and slanted, elsewhere in each picture."""
    picture = luma.copy()
    for x, y, long in make.uniform((0, 0, 0.03 * H), (W, H, 0.09 * H), (streaks, 3)):
        cv2.line(picture, (int(x), int(y)), (int(x - 0.15 * long), int(y + long)), 235.0, 1, cv2.LINE_AA)
    return picture


def walker(luma: NDArray[np.float32], at: float, tall: int, speed: float) -> NDArray[np.float32]:
    """Somebody dark, `tall` pixels, who goes so many of their heights a second to the right."""
    x = round(40 + at * speed * tall)
    luma[300 - tall : 300, x : x + tall // 3] = 30
    return luma


def test_rain_is_no_motion():
    """As the scene generator draws it, after some seconds in which it is learnt that it rains."""
    wet = Scene(yard.PLACE, Play(60.0, weather=Weather(light=0.8, noise=2.0, rain=90)), (960, 540))
    luma = (cv2.cvtColor(wet.picture(n / FPS, n), cv2.COLOR_BGR2GRAY) for n in range(40 * FPS))
    moved = [len(one.boxes) > 0 for one in motions(np.asarray(one, np.uint8) for one in luma)]
    assert np.mean(moved[5 * FPS :]) <= 0.05


@pytest.mark.parametrize(
    ("tall", "speed", "least"), [(30, 0.8, 0.7), (30, 2.3, 0.7), (60, 0.8, 0.9), (60, 2.3, 0.9), (150, 0.8, 0.95)]
)
def test_and_who_walks_or_runs_in_it_is_seen(tall: int, speed: float, least: float):
    """Also the smallest who count, 6 % of the picture's height, who are about as thin as its streaks."""
    make, begins = random(8), 10 * FPS
    seconds = min(4.0, (W - 100) / (speed * tall))
    there = range(begins, begins + round(seconds * FPS))

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for n in range(there.stop):
            luma = rain(scene(), 12, make)
            yield noisy(walker(luma, (n - begins) / FPS, tall, speed) if n in there else luma, 2, make)

    told = motions(pictures())
    on_it = [_covers(told[n], 40 + (n - begins) / FPS * speed * tall + tall / 6, 300 - tall / 2) for n in there]
    assert any(on_it[:5])
    assert np.mean(on_it) >= least


def _covers(motion: Motion, x: float, y: float) -> bool:
    boxes = motion.boxes * H
    return bool(((boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])).any())


@pytest.mark.parametrize(("wide", "streaks", "first"), [(4, 12, 2), (8, 12, 1), (4, 0, 0), (8, 0, 0)])
def test_in_rain_what_is_a_cell_thin_counts_when_it_is_seen_again(wide: int, streaks: int, first: int):
    """A pole that is carried upright: two cells wide, or one. When it does not rain it counts at once."""
    make, begins = random(8), 10 * FPS

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for n in range(14 * FPS):
            luma = rain(scene(), streaks, make)
            if n >= begins:
                x = 100 + 4 * (n - begins)
                luma[100:220, x : x + wide] = 250
            yield np.rint(luma).astype(np.uint8)

    told = motions(pictures())[begins:]
    there = [_covers(one, 100 + 4 * n + wide / 2, 160) for n, one in enumerate(told)]
    assert there.index(True) == first
    assert np.mean(there[3:]) > 0.8
