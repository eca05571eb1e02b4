"""The drawn school: when who stands where, the files it is written to, and whether real detectors see its people."""

from __future__ import annotations

import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.catalogue import BUILTIN, resolve
from pipeline.frame import Frame
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.scene import Scene, Seen, car_park, crossings, gate, hall, render, visits
from pipeline.types import Boxes

FPS = 10
SETTINGS = {
    "hall": (hall.PLACE, hall.PLAY),
    "passing": (hall.PLACE, hall.PASSING),
    "gate": (gate.PLACE, gate.PLAY),
    "car-park": (car_park.PLACE, car_park.PLAY),
}
PLAYS = pytest.mark.parametrize(("place", "play"), SETTINGS.values(), ids=SETTINGS)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scene")
    return {name: render(folder / f"{name}.mp4", *setting, (960, 540), FPS) for name, setting in SETTINGS.items()}


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def as_frame(picture: av.VideoFrame) -> Frame:
    planes = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in picture.planes]
    return Frame("drawn", 0, float(picture.time), planes[0], (planes[1], planes[2]))


def fully_visible(figure: Seen, size: tuple[int, int] = (960, 540)) -> bool:
    x1, y1, x2, y2 = figure.box
    return x1 >= 0 and y1 >= 0 and x2 <= size[0] and y2 <= size[1]


def overlap(box: tuple[float, ...], others: Boxes) -> np.ndarray:
    """IoU of one box with each of the others."""
    low, high = np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:], box[2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return common / (area + np.prod(others[:, 2:] - others[:, :2], axis=1) - common)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_clip_is_plain_with_a_key_frame_each_second_and_no_reordering(codec, tmp_path):
    clip = render(tmp_path / "clip.mp4", *SETTINGS["passing"], (640, 360), FPS, codec=codec)
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == (codec, "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (640, 360, FPS)
    assert [packet.is_keyframe for packet in packets] == [n % FPS == 0 for n in range(80)]
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets]
    assert [float(f.time) for f in frames(clip)] == pytest.approx([n / FPS for n in range(80)])


@PLAYS
def test_feet_are_inside_a_zone_of_the_picture_exactly_during_its_visits(place, play):
    scene, told = Scene(place, play, (640, 360)), visits(place, play)
    assert told
    for name in place.zones:
        polygon = np.array(place.zone(name), np.float32).reshape(-1, 1, 2)
        here = [visit for visit in told if visit.zone == name]
        for at in np.arange(0.0, play.seconds, 0.01):
            if any(min(abs(at - v.entered), abs(at - v.left)) < 0.02 for v in here):
                continue
            inside = {one.figure for one in scene.seen(at) if cv2.pointPolygonTest(polygon, one.feet, False) > 0}
            assert inside == {v.figure for v in here if v.entered <= at < v.left}, at


@PLAYS
def test_feet_change_the_side_of_a_line_of_the_picture_exactly_at_its_crossings(place, play):
    scene, told = Scene(place, play, (640, 360)), crossings(place, play)
    seen = [(name, *one) for name in place.lines for one in _changes_of_side(scene, place.line(name), play.seconds)]
    assert sorted((line, figure) for line, figure, *_ in seen) == sorted((one.line, one.figure) for one in told)
    for one in told:
        (at, moved) = next(
            (at, moved)
            for line, who, at, moved in seen
            if (line, who) == (one.line, one.figure) and abs(at - one.at) < 1
        )
        assert at == pytest.approx(one.at, abs=0.03)
        axis, sign = {
            "left_to_right": (0, 1),
            "right_to_left": (0, -1),
            "top_to_bottom": (1, 1),
            "bottom_to_top": (1, -1),
        }[one.direction]
        assert np.sign(moved[axis]) == sign


def _changes_of_side(scene: Scene, line: list[tuple[float, float]], seconds: float):
    """Figure, time and movement in the picture, where the way between two moments meets the line between its ends."""
    (x1, y1), (x2, y2) = line
    last: dict[int, tuple[float, float]] = {}
    for at in np.arange(0.0, seconds, 0.02):
        for one in scene.seen(at):
            here, before = one.feet, last.get(one.figure, one.feet)
            last[one.figure] = one.feet
            a, b = ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) for x, y in (before, here))
            c, d = ((here[0] - before[0]) * (y - before[1]) - (here[1] - before[1]) * (x - before[0]) for x, y in line)
            if a * b < 0 and c * d < 0:
                yield one.figure, at, (here[0] - before[0], here[1] - before[1])


def test_what_happens_in_the_school_is_what_rules_are_for():
    """Two on the mat, one after the other; one in and one out by the gate; one in the closed corner, one beside it."""
    first, second = visits(*SETTINGS["hall"])
    assert (first.figure, second.figure) == (0, 1)
    assert first.left < second.entered
    assert [one.direction for one in crossings(*SETTINGS["gate"])] == ["top_to_bottom", "bottom_to_top"]
    assert [one.figure for one in visits(*SETTINGS["car-park"])] == [0]
    assert len(car_park.PLAY.figures) == 2
    assert car_park.PLAY.cars


def test_every_place_is_empty_first_and_last_so_that_loops_have_no_jump():
    for place, play in SETTINGS.values():
        scene = Scene(place, play, (640, 360))
        width = range(640)
        for at in (0.0, play.seconds - 0.01):
            assert not any(round(one.feet[0] * 640) in width for one in scene.seen(at)), (play, at)


def test_a_longer_recording_repeats_the_play_and_a_shorter_one_cuts_a_visit():
    place, play = SETTINGS["hall"]
    told = visits(place, play)
    again = visits(place, play, 2 * play.seconds)
    assert [(v.figure, v.entered) for v in again[2:]] == [(v.figure, v.entered + play.seconds) for v in told]
    (cut,) = visits(place, play, 8.0)
    assert (cut.entered, cut.left) == (told[0].entered, 8.0)
    assert visits(place, play, 2.0) == []
    assert len(crossings(place, play, 2 * play.seconds)) == 2 * len(crossings(place, play))


@PLAYS
def test_zones_and_lines_lie_inside_the_picture(place, play):
    shapes = [*map(place.zone, place.zones), *map(place.line, place.lines)]
    assert all(0.0 <= value <= 1.0 for shape in shapes for point in shape for value in point)


def test_who_walks_behind_a_wall_is_hidden_by_it():
    """Beyond the gate's wall one sees the upper half of somebody, and the wall as it is without them."""
    scene = Scene(gate.PLACE, gate.PLAY, (960, 540))
    (one,) = scene.seen(2.6)
    x = round(one.feet[0] * 960)
    with_them, without = (scene.picture(at, 0).astype(int)[:, x - 12 : x + 12] for at in (2.6, 0.0))
    changed = np.flatnonzero((abs(with_them - without).sum(axis=2) > 40).any(axis=1))
    assert len(changed) > 30
    assert changed.max() < one.feet[1] * 540 - 20


def test_the_same_seed_writes_the_same_pictures_and_another_seed_others(tmp_path):
    size = (640, 360)
    one, same, other = (
        render(tmp_path / f"{n}.mp4", *SETTINGS["hall"], size, seed=seed, seconds=4.0)
        for n, seed in enumerate((7, 7, 8))
    )
    assert one.read_bytes() == same.read_bytes()
    first, second, third = (frames(path)[-1].to_ndarray(format="gray") for path in (one, same, other))
    assert first.shape == (360, 640)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


@pytest.mark.parametrize("size", [(641, 360), (360, 640), (64, 36)])
def test_a_size_that_cannot_be_drawn_is_refused_with_one_that_can(size, tmp_path):
    with pytest.raises(ValueError, match=f"scene size {size[0]}x{size[1]}.*1280x720"):
        render(tmp_path / "never.mp4", *SETTINGS["hall"], size)


def test_the_built_in_detector_sees_each_whole_figure_and_nobody_where_nobody_is(clips):
    for name in SETTINGS:
        _look_with(BUILTIN, clips, name, dict(os.environ))


@pytest.mark.footage
def test_other_detectors_see_them_too(clips, models_env):
    for model in ("yolox-nano", "deimv2-femto"):
        for name in SETTINGS:
            _look_with(model, clips, name, models_env)


def _look_with(model: str, clips: dict[str, Path], name: str, env: dict[str, str]) -> None:
    found = resolve(model, env)
    people, scene = PersonDetector(open_session(found), found.entry), Scene(*SETTINGS[name], (960, 540))
    scores, strays = [], []
    for picture in frames(clips[name])[::2]:
        seen = scene.seen(float(picture.time))
        (boxes,) = people.detect([(as_frame(picture), (0, 0, 960, 540))])
        for figure in filter(fully_visible, seen):
            matching = boxes.scores[overlap(figure.box, 540 * boxes.boxes) > 0.4]
            scores.append(max(matching, default=0.0))
        if not seen:
            strays.append(max(boxes.scores, default=0.0))
    print(f"{model} {name}: least {min(scores):.2f}, median {np.median(scores):.2f}, empty at most {max(strays):.2f}")
    assert len(scores) > 15
    assert np.mean(np.array(scores) >= 0.5) >= 0.95, (model, name)
    assert max(strays) < 0.5, (model, name)
