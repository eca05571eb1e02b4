"""The detector: where views lie in the input and come back, on tiny graphs and on the real models."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import av
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pipeline.catalogue import Model, ModelEntry, resolve
from pipeline.catalogue.guess import guess
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.perceive.person_outputs import iou
from pipeline.simulate.scene import Scene, hall

YOLO = ModelEntry(name="tiny", family="yolo", width=64, height=64, fit="letterbox", channels="rgb", scale=255)
BATCH = ["N", 3, 64, 64]


def brightest_spot(path: Path, shape: list, names: str = "") -> Path:
    """A graph of the yolo family, (n, 6, cells), that sees 16x16 people centred on the brightest pixels of red.

    Their score is the brightness, so that padding (114/255) and a wrong order of channels show.
    """
    width = shape[3]
    cells = sum((width // stride) ** 2 for stride in (8, 16, 32))
    parts = ["x", "y", "size", "size", "score", "zero"]
    nodes = [
        helper.make_node("Split", ["images"], ["red", "green", "blue"], axis=1, num_outputs=3),
        helper.make_node("Flatten", ["red"], ["flat"], axis=1),
        helper.make_node("TopK", ["flat", "cells"], ["best", "where"], axis=1),
        helper.make_node("Unsqueeze", ["best", "one"], ["score"]),
        helper.make_node("Unsqueeze", ["where", "one"], ["place"]),
        helper.make_node("Mod", ["place", "width"], ["column"]),
        helper.make_node("Div", ["place", "width"], ["row"]),
        helper.make_node("Cast", ["column"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["row"], ["y"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["score", "nothing"], ["zero"]),
        helper.make_node("Add", ["zero", "side"], ["size"]),
        helper.make_node("Concat", parts, ["output0"], axis=1),
    ]
    constants = [
        helper.make_tensor("cells", TensorProto.INT64, [1], [cells]),
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("width", TensorProto.INT64, [1], [width]),
        helper.make_tensor("nothing", TensorProto.FLOAT, [1], [0.0]),
        helper.make_tensor("side", TensorProto.FLOAT, [1], [16.0]),
    ]
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    taken = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [shape[0], 6, cells])
    graph = helper.make_graph(nodes, "brightest", [given], [taken], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if names:
        helper.set_model_props(model, {"names": names})
    onnx.save(model, path)
    return path


def detector(path: Path, entry: ModelEntry = YOLO, **settings) -> PersonDetector:
    return PersonDetector(open_session(Model(entry, path, "", "")), entry, **settings)


def dark_with_spot(x: int, y: int, size: tuple[int, int] = (200, 100), side: int = 4) -> Frame:
    luma = np.full((size[1], size[0]), 0, np.uint8)
    luma[y : y + side, x : x + side] = 255
    return Frame("c", 0, 0.0, luma)


def test_a_box_comes_back_to_where_it_was_in_the_whole_frame(tmp_path):
    tiny = detector(brightest_spot(tmp_path / "tiny.onnx", BATCH))
    frame = dark_with_spot(150, 60)
    # Letterboxed 128x64 -> 64x32 in the middle of 64x64: pixels count double.
    found = tiny.detect([(frame, (72, 30, 200, 94))])[0]
    assert found.scores[0] > 0.9
    np.testing.assert_allclose(found.boxes[0] * 100, [134, 44, 166, 76], atol=4)


def test_a_squeezed_picture_goes_into_the_input_in_its_true_shape(tmp_path):
    """100x100 pixels that are meant to be seen as 200x100: a person in it is as wide as in a picture of that size."""
    tiny = detector(brightest_spot(tmp_path / "tiny.onnx", BATCH))
    squeezed = dataclasses.replace(dark_with_spot(75, 60, (100, 100), side=2), display_aspect=2.0)
    true = dark_with_spot(150, 60)
    found = [tiny.detect([(one, (0, 0, *one.size))])[0] for one in (squeezed, true)]
    np.testing.assert_allclose(found[0].boxes[0], found[1].boxes[0], atol=0.05)
    np.testing.assert_allclose(found[0].boxes[0] * 100, [126, 36, 176, 86], atol=5)


def test_boxes_reach_beyond_the_picture(tmp_path):
    tiny = detector(brightest_spot(tmp_path / "tiny.onnx", BATCH))
    found = tiny.detect([(dark_with_spot(0, 0, side=6), (0, 0, 200, 100))])[0]
    assert found.boxes[0, 0] < -0.1
    assert found.boxes[0, 1] < -0.1


def test_what_an_earlier_view_left_in_the_input_is_not_seen_again(tmp_path):
    tiny = detector(brightest_spot(tmp_path / "tiny.onnx", BATCH), floor=0.6)
    tall, wide = dark_with_spot(10, 1, (50, 100)), dark_with_spot(0, 0, (200, 50), side=0)
    first = tiny.detect([(tall, (0, 0, 50, 100))])[0]
    second = tiny.detect([(wide, (0, 0, 200, 50))])[0]
    assert len(first) == 1
    assert len(second) == 0


def test_the_channels_come_in_the_order_that_the_entry_says(tmp_path):
    path = brightest_spot(tmp_path / "tiny.onnx", BATCH)
    grey = np.full((64, 64), 128, np.uint8)
    red_not_blue = (np.full((32, 32), 90, np.uint8), np.full((32, 32), 200, np.uint8))
    view = (Frame("c", 0, 0.0, grey, red_not_blue, full_range=True), (0, 0, 64, 64))
    as_rgb = detector(path).detect([view])[0]
    as_bgr = detector(path, dataclasses.replace(YOLO, channels="bgr")).detect([view])[0]
    assert as_rgb.scores[0] > 0.8
    assert as_bgr.scores[0] < 0.4


@pytest.mark.parametrize(("shape", "batch"), [(BATCH, 1), (BATCH, 2), ([1, 3, 64, 64], 4)])
def test_each_view_has_its_own_answer_in_whatever_batches_they_go(tmp_path, shape, batch):
    tiny = detector(brightest_spot(tmp_path / "tiny.onnx", shape), batch=batch)
    views = [(dark_with_spot(x, 40), (0, 0, 200, 100)) for x in (20, 60, 100, 140, 180)]
    centres = [float(found.boxes[0, [0, 2]].mean()) * 100 for found in tiny.detect(views)]
    np.testing.assert_allclose(centres, [20, 60, 100, 140, 180], atol=5)
    assert tiny.detect([]) == []


def test_a_graph_that_does_not_fit_its_entry_is_refused(tmp_path):
    path = brightest_spot(tmp_path / "tiny.onnx", [1, 3, 32, 32])
    with pytest.raises(ModelError, match=r"model tiny: its inputs are .*its entry says"):
        detector(path)


def test_a_file_that_is_no_model_is_refused_by_its_path(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"broken\.onnx: ONNX Runtime cannot load it"):
        detector(path)


def test_a_yolo_export_without_a_description_is_recognised(tmp_path):
    path = brightest_spot(tmp_path / "mine.onnx", BATCH, "{0: 'dog', 1: 'person'}")
    entry = resolve(str(path)).entry
    assert (entry.family, entry.width, entry.person_class, entry.name) == ("yolo", 64, 1, "mine")


# -- the real models --------------------------------------------------------------------------------------------------


def frames(clip: Path, times: list[float]) -> list[Frame]:
    """One frame near each of these seconds, in order."""
    with av.open(str(clip)) as container:
        picked: list[Frame] = []
        for picture in container.decode(video=0):
            if len(picked) < len(times) and picture.time >= times[len(picked)]:
                y, u, v = planes(picture)
                picked.append(Frame("c", len(picked), picture.time, y, (u, v)))
        return picked


def planes(picture: av.VideoFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(
        np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in picture.planes
    )


def best(found) -> float:
    return float(found.scores.max(initial=0.0))


OTHERS = {"yolox-nano": 0.5, "deimv2-femto": 0.5, "deimv2-atto": 0.35}


@pytest.fixture(scope="module")
def builtin() -> PersonDetector:
    return opened("builtin")


def opened(name: str, env: dict[str, str] | None = None, **settings) -> PersonDetector:
    model = resolve(name, env or {})
    return PersonDetector(open_session(model), model.entry, **settings)


@pytest.fixture(scope="module")
def hall_with_somebody() -> Frame:
    return drawn(8.0)


def drawn(at: float) -> Frame:
    picture = av.VideoFrame.from_ndarray(Scene(hall.PLACE, hall.PLAY, (960, 540)).picture(at), format="bgr24")
    y, u, v = planes(picture.reformat(format="yuv420p"))
    return Frame("hall", 0, at, y, (u, v))


def test_the_built_in_model_sees_somebody_who_is_there_and_nobody_in_the_empty_hall(builtin, hall_with_somebody):
    there, empty = builtin.detect([(frame, (0, 0, 960, 540)) for frame in (hall_with_somebody, drawn(0.0))])
    assert best(there) >= 0.7
    assert best(empty) < 0.2


def test_a_region_gives_the_same_box_as_the_whole_picture(builtin, hall_with_somebody):
    whole, part = builtin.detect([(hall_with_somebody, (0, 0, 960, 540)), (hall_with_somebody, (240, 60, 720, 540))])
    assert iou(whole.boxes[0], part.boxes[:1])[0] > 0.85


def test_the_scores_of_the_built_in_model_are_calibrated(builtin, hall_with_somebody):
    """What the graph gives is lower; the order and the boxes are the same, and `floor` is a calibrated score."""
    entry = resolve("builtin").entry
    view = (hall_with_somebody, (0, 0, 960, 540))
    raw_entry = dataclasses.replace(entry, calibration=(1.0, 0.0))
    raw = PersonDetector(open_session(resolve("builtin")), raw_entry, floor=0.02).detect([view])[0]
    told = opened("builtin", floor=0.02).detect([view])[0]
    shared = min(len(raw), len(told))
    assert shared >= 1
    np.testing.assert_allclose(told.boxes[:shared], raw.boxes[:shared])
    assert told.scores[0] > raw.scores[0] + 0.02
    slope, offset = entry.calibration
    logit = np.log(raw.scores[0] / (1 - raw.scores[0]))
    assert told.scores[0] == pytest.approx(1 / (1 + np.exp(-(slope * logit + offset))), abs=1e-4)
    assert len(opened("builtin", floor=float(told.scores[0]) + 0.01).detect([view])[0]) == 0


def test_the_bytes_that_are_loaded_are_those_that_were_found(tmp_path):
    """A file that is exchanged after it was found is not loaded."""
    model = resolve("builtin")
    copy = tmp_path / "person.onnx"
    copy.write_bytes(model.path.read_bytes())
    moved = dataclasses.replace(model, path=copy)
    open_session(moved)
    copy.write_bytes(copy.read_bytes() + b"\0")
    with pytest.raises(ModelError, match=r"person\.onnx: its sha256 is [0-9a-f]{64}, expected was"):
        open_session(moved)
    copy.unlink()
    with pytest.raises(ModelError, match=r"person\.onnx: cannot be read: No such file"):
        open_session(moved)


def test_a_graph_that_keeps_its_weights_beside_it_is_loaded(tmp_path):
    path = brightest_spot(tmp_path / "tiny.onnx", BATCH)
    graph = onnx.load(path)
    big = onnx.numpy_helper.from_array(np.zeros(4096, np.float32), "padding")
    graph.graph.initializer.append(big)
    graph.graph.node.append(helper.make_node("Identity", ["padding"], ["unused"]))
    onnx.save(graph, path, save_as_external_data=True, location="tiny.bin", size_threshold=1024)
    assert (tmp_path / "tiny.bin").is_file()
    found = detector(path).detect([(dark_with_spot(150, 60), (72, 30, 200, 94))])[0]
    assert found.scores[0] > 0.9


@pytest.mark.footage
def test_other_models_see_people_when_they_are_there_and_nobody_when_not(footage, models_env):
    for name, sure in OTHERS.items():
        people = opened(name, models_env)
        for clip, inside, outside in [
            ("one-by-one-person-detection.mp4", [12.0, 30.0, 60.0, 110.0], [4.0, 21.0, 47.5, 72.0]),
            ("worker-zone-detection.mp4", [5.0, 7.0], [1.0, 2.0]),
            ("person-bicycle-car-detection.mp4", [26.0, 28.0], [2.0, 7.0, 18.0]),
        ]:
            times = sorted(inside + outside)
            for at, frame in zip(times, frames(footage / clip, times), strict=True):
                score = best(people.detect([(frame, (0, 0, *frame.size))])[0])
                assert (score >= sure) == (at in inside), f"{name} on {clip} at {at} s: {score:.2f}"


@pytest.mark.footage
def test_the_catalogue_describes_other_models_as_their_graphs_do(models_env):
    for name in OTHERS:
        model = resolve(name, models_env)
        guessed = guess(model.path)
        assert {field: getattr(guessed, field) for field in ("family", "width", "fit", "channels", "scale")} == {
            field: getattr(model.entry, field) for field in ("family", "width", "fit", "channels", "scale")
        }
