"""The rendered hall: when who stands where, the file it is written to, and whether real detectors see its people."""

from __future__ import annotations

import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.catalogue import Model, entries
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.scene import LINE, PLAY_S, VISITS, ZONE, Scene, Seen, render, visits
from pipeline.types import Boxes, Frame

FPS = 10
ZONE_POLYGON = np.array(ZONE, np.float32).reshape(-1, 1, 2)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return render(tmp_path_factory.mktemp("scene") / "hall.mp4", fps=FPS)


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def as_frame(picture: av.VideoFrame) -> Frame:
    planes = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in picture.planes]
    return Frame("hall", 0, float(picture.time), planes[0], (planes[1], planes[2]))


def in_zone(figure: Seen) -> bool:
    return cv2.pointPolygonTest(ZONE_POLYGON, figure.feet, False) > 0


def fully_visible(figure: Seen, size: tuple[int, int] = (1280, 720)) -> bool:
    x1, y1, x2, y2 = figure.box
    return x1 >= 0 and y1 >= 0 and x2 <= size[0] and y2 <= size[1]


def overlap(box: tuple[float, ...], others: Boxes) -> np.ndarray:
    """IoU of one box with each of the others."""
    low, high = np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:], box[2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return common / (area + np.prod(others[:, 2:] - others[:, :2], axis=1) - common)


def test_the_clip_is_plain_h264_with_a_key_frame_each_second_and_no_reordering(clip):
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (1280, 720, FPS)
    assert [packet.is_keyframe for packet in packets] == [n % FPS == 0 for n in range(300)]
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets]
    assert [float(f.time) for f in frames(clip)] == pytest.approx([n / FPS for n in range(300)])


def test_a_picture_is_drawn_in_under_fifty_milliseconds_of_one_core():
    scene = Scene()
    begun = time.process_time()
    for number in range(30):
        scene.picture(4.0 + number / FPS, number)
    assert time.process_time() - begun < 1.5


def test_feet_are_inside_the_zone_exactly_during_the_visits():
    scene = Scene((640, 360))
    for at in np.arange(0.0, PLAY_S, 0.01):
        near_an_edge = any(min(abs(at - v.entered), abs(at - v.left)) < 0.01 for v in VISITS)
        if not near_an_edge:
            inside = {figure.figure for figure in scene.seen(at) if in_zone(figure)}
            assert inside == {v.figure for v in VISITS if v.entered <= at < v.left}, at


def test_two_figures_visit_the_zone_one_after_the_other_and_the_hall_is_empty_first_and_last():
    first, second = VISITS
    assert (first.figure, second.figure) == (0, 1)
    assert 2.0 < first.entered < first.left < second.entered < second.left < PLAY_S - 2.0
    assert min(visit.left - visit.entered for visit in VISITS) > 5.0
    scene = Scene()
    assert not any(scene.seen(at) for at in (0.0, 2.4, 27.0, 29.9))
    assert max(len(scene.seen(at)) for at in np.arange(0.0, PLAY_S, 0.1)) == 2


def test_only_the_first_figure_crosses_the_line_once_each_way():
    (x1, y1), (x2, y2) = LINE
    scene, crossings = Scene(), []
    sides: dict[int, bool] = {}
    for at in np.arange(0.0, PLAY_S, 0.02):
        for figure in scene.seen(at):
            x, y = figure.feet
            right = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0
            if sides.setdefault(figure.figure, right) != right:
                assert y2 < y < y1
                crossings.append((figure.figure, right))
            sides[figure.figure] = right
    assert crossings == [(0, True), (0, False)]


def test_a_longer_recording_repeats_the_play_and_a_shorter_one_cuts_a_visit():
    assert visits(PLAY_S) == VISITS
    again = visits(2 * PLAY_S)
    assert [(v.figure, v.entered) for v in again[2:]] == [(v.figure, v.entered + PLAY_S) for v in VISITS]
    (cut,) = visits(8.0)
    assert (cut.entered, cut.left) == (VISITS[0].entered, 8.0)
    assert visits(2.0) == []


def test_zone_and_line_lie_inside_the_picture():
    assert all(0.0 <= value <= 1.0 for point in ZONE + LINE for value in point)


def test_the_same_seed_writes_the_same_pictures_and_another_seed_others(tmp_path):
    size = (640, 360)
    one, same, other = (render(tmp_path / f"{n}.mp4", 4.0, size, seed=seed) for n, seed in enumerate((7, 7, 8)))
    assert one.read_bytes() == same.read_bytes()
    first, second, third = (frames(path)[-1].to_ndarray(format="gray") for path in (one, same, other))
    assert first.shape == (360, 640)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


@pytest.mark.parametrize("size", [(641, 360), (640, 480), (64, 36)])
def test_a_size_that_cannot_be_drawn_is_refused_with_one_that_can(size, tmp_path):
    with pytest.raises(ValueError, match=f"scene size {size[0]}x{size[1]}.*1280x720"):
        render(tmp_path / "never.mp4", size=size)


@pytest.mark.parametrize("name", ["yolox-nano", "deimv2-femto"])
def test_real_detectors_see_each_whole_figure_and_nobody_in_the_empty_hall(name, clip, models):
    entry = entries()[name]
    path = models / entry.file
    if not path.is_file():
        pytest.skip(f"{entry.file} is not in the folder of models")
    people, scene = PersonDetector(open_session(Model(entry, path, "", "")), entry), Scene()
    scores, empty = [], []
    for picture in frames(clip)[::2]:
        seen = scene.seen(float(picture.time))
        (found,) = people.detect([(as_frame(picture), (0, 0, 1280, 720))])
        if not seen:
            empty.append(max(found.scores, default=0.0))
        for figure in filter(fully_visible, seen):
            matching = found.scores[overlap(figure.box, found.boxes) > 0.4]
            scores.append(max(matching, default=0.0))
    print(f"{name}: least {min(scores):.2f}, median {np.median(scores):.2f}, empty at most {max(empty):.2f}")
    assert len(scores) > 80
    assert len(empty) > 20
    assert np.mean(np.array(scores) >= 0.5) >= 0.95
    assert max(empty) < 0.3
