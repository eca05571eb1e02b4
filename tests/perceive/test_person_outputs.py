"""The output families on arrays made by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.catalogue import ModelEntry
from pipeline.errors import ModelError
from pipeline.perceive.person_outputs import calibrated, decode, suppress

YOLOX = ModelEntry(name="x", family="yolox", width=64, height=32, fit="letterbox", channels="bgr", scale=1)
YOLO = dataclasses.replace(YOLOX, family="yolo", channels="rgb", scale=255)
DETR = dataclasses.replace(YOLO, family="detr", fit="stretch")
CELLS = 8 * 4 + 4 * 2 + 2 * 1


def yolox_rows() -> np.ndarray:
    return np.zeros((CELLS, 7), np.float32)


def test_a_raw_yolox_row_is_an_offset_in_the_grid_of_its_stride():
    rows = yolox_rows()
    # Second grid (stride 16, 4 columns, 2 rows): the cell in column 3 of row 1.
    rows[32 + 4 + 3] = [0.5, 0.25, np.log(2), np.log(1), 0.9, 0.8, 0.0]
    found = decode({"output": rows}, YOLOX, 0.5)
    # Centre (3.5, 1.25) * 16 = (56, 20); size (32, 16).
    np.testing.assert_allclose(found.boxes, [[40, 12, 72, 28]], rtol=1e-5)
    np.testing.assert_allclose(found.scores, [0.72], rtol=1e-5)


def test_a_decoded_yolox_row_is_taken_as_it_is():
    rows = yolox_rows()
    rows[5] = [20, 10, 8, 4, 1.0, 0.6, 0.0]
    found = decode({"output": rows}, dataclasses.replace(YOLOX, decoded=True), 0.5)
    np.testing.assert_allclose(found.boxes, [[16, 8, 24, 12]])


def test_the_class_of_people_is_the_one_that_the_entry_names():
    rows = yolox_rows()
    rows[0] = [0, 0, 0, 0, 1.0, 0.9, 0.1]
    rows[1] = [0, 0, 0, 0, 1.0, 0.1, 0.9]
    found = decode({"output": rows}, dataclasses.replace(YOLOX, person_class=1), 0.5)
    np.testing.assert_allclose(found.boxes, [[4, -4, 12, 4]])


def test_doubles_of_a_person_go_and_neighbours_stay():
    boxes = np.array([[0, 0, 10, 20], [1, 0, 11, 20], [6, 0, 16, 20]], np.float32)
    found = suppress(boxes, np.array([0.6, 0.9, 0.7], np.float32))
    np.testing.assert_allclose(found.scores, [0.9, 0.7])
    np.testing.assert_allclose(found.boxes, boxes[[1, 2]])


def test_nothing_above_the_floor_is_nobody_there():
    for entry, outputs in [
        (YOLOX, {"output": yolox_rows()}),
        (YOLO, {"output0": np.zeros((6, CELLS), np.float32)}),
        (YOLO, {"output0": np.zeros((300, 6), np.float32)}),
        (DETR, {"labels": np.zeros(3), "boxes": np.zeros((3, 4), np.float32), "scores": np.zeros(3, np.float32)}),
    ]:
        found = decode(outputs, entry, 0.1)
        assert found.boxes.shape == (0, 4)
        assert found.scores.shape == (0,)


def test_a_raw_yolo_output_has_a_column_a_cell_and_doubles():
    columns = np.zeros((6, CELLS), np.float32)
    columns[:, 0] = [20, 10, 8, 4, 0.9, 0.0]
    columns[:, 1] = [20.5, 10, 8, 4, 0.8, 0.0]
    columns[:, 2] = [40, 10, 8, 4, 0.0, 0.9]
    found = decode({"output0": columns}, YOLO, 0.5)
    np.testing.assert_allclose(found.boxes, [[16, 8, 24, 12]])


def test_an_end_to_end_yolo_output_has_box_score_and_class():
    rows = np.array([[1, 2, 3, 4, 0.9, 0], [5, 6, 7, 8, 0.9, 1], [9, 9, 9, 9, 0.05, 0]], np.float32)
    found = decode({"output0": rows}, YOLO, 0.1)
    np.testing.assert_allclose(found.boxes, [[1, 2, 3, 4]])


def test_detr_queries_are_told_best_first_and_not_suppressed():
    outputs = {
        "labels": np.array([0, 0, 7]),
        "boxes": np.array([[0, 0, 9, 9], [0, 0, 9, 8], [0, 0, 1, 1]], np.float32),
        "scores": np.array([0.5, 0.8, 0.9], np.float32),
    }
    found = decode(outputs, DETR, 0.1)
    np.testing.assert_allclose(found.boxes, [[0, 0, 9, 8], [0, 0, 9, 9]])


@pytest.mark.parametrize(
    ("entry", "outputs"),
    [
        (YOLOX, {"output": np.zeros((CELLS - 1, 85), np.float32)}),
        (YOLOX, {"a": yolox_rows(), "b": yolox_rows()}),
        (YOLO, {"output0": np.zeros((4, CELLS), np.float32)}),
        (DETR, {"logits": np.zeros((3, 80), np.float32)}),
    ],
)
def test_an_output_of_another_form_is_an_error_that_names_the_model(entry, outputs):
    with pytest.raises(ModelError, match="model x: "):
        decode(outputs, entry, 0.1)


def test_calibrated_scores_lie_on_a_line_in_logits_and_the_floor_is_one_of_them():
    rows = yolox_rows()
    rows[:3, :5] = [[8, 8, 4, 8, 0.5], [24, 8, 4, 8, 0.3], [40, 8, 4, 8, 1.0]]
    rows[:3, 5] = 1.0
    entry = dataclasses.replace(YOLOX, decoded=True, calibration=(2.0, 1.0))
    found = decode({"output": rows}, entry, 0.4)
    # logit(0.5) = 0, so sigmoid(1); logit(0.3) = -0.8473, so sigmoid(-0.6946) = 0.333, below the floor.
    np.testing.assert_allclose(found.scores, [1.0, 0.7311], atol=1e-4)
    assert len(decode({"output": rows}, entry, 0.33)) == 3
    assert len(decode({"output": rows}, entry, 0.335)) == 2


@pytest.mark.parametrize("entry", [YOLOX, YOLO, DETR])
def test_without_a_calibration_scores_are_told_as_they_are(entry):
    assert entry.calibration == (1.0, 0.0)
    scores = np.array([0.0, 0.2, 1.0], np.float32)
    assert calibrated(scores, entry) is scores
