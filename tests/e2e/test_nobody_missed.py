"""Drawn scenes in which people were missed, told twice, or taken for others: each is told exactly by the real lane.

Short forms of rows of `benchmarks/incidents.py`, which has more of them, at more rates and in other codecs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.corpus.judge import Score, play
from benchmarks.corpus.scenarios import Scenario, scenarios
from pipeline.catalogue import resolve
from pipeline.perceive.person import PersonDetector, open_session

ROWS = {row.name: row for row in scenarios()}


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    model = resolve("builtin", {})
    return PersonDetector(open_session(model), model.entry)


def judged(row: Scenario, folder: Path, detector: PersonDetector, fps: float) -> Score:
    clip = row.record(folder / "scene.mp4", "h264", 23)
    return play(clip, row.watched, row.expected, detector, fps, row.places)


@pytest.mark.parametrize(
    ("name", "fps"),
    [
        ("squeezed 960x1080", 5.0),
        ("squeezed 704x288", 5.0),
        ("small", 5.0),
        ("four far apart", 5.0),
        ("smallest, four apart", 5.0),
        ("smallest, standing from the start", 5.0),
        ("hidden by a pillar", 5.0),
        ("comes back", 5.0),
        ("meet and turn back", 2.0),
        ("two cross", 10.0),
        ("past the court", 5.0),
    ],
)
def test_everybody_is_told_once_and_nobody_else(name: str, fps: float, tmp_path: Path, detector: PersonDetector):
    score = judged(ROWS[name], tmp_path, detector, fps)
    assert not score.misses
    assert not score.extras
    assert score.switched == 0
    assert score.late_p95 <= 0.5


def test_a_mask_of_people_and_a_limit_of_height_leave_people_out(tmp_path: Path, detector: PersonDetector):
    row = ROWS["one person"]
    clip = row.record(tmp_path / "scene.mp4", "h264", 23)
    everywhere = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    for keys in (
        {"masks": {"all": {"polygon": everywhere, "of": "people"}}},
        {"masks": {"all": {"polygon": everywhere, "of": "privacy"}}},
        {"person_height": {"min": 0.5}},
        {"person_height": {"max": 0.1}},
    ):
        assert play(clip, {**row.watched, **keys}, [], detector, 5.0).told == 0
    assert (
        play(clip, {**row.watched, "masks": {"all": {"polygon": everywhere, "of": "motion"}}}, [], detector, 5.0).told
        > 0
    )


def test_a_rule_has_its_own_limit_of_height(tmp_path: Path, detector: PersonDetector):
    row = ROWS["one person"]
    clip = row.record(tmp_path / "scene.mp4", "h264", 23)
    rules = dict(row.watched["rules"])
    rules["in-court"] = {**rules["in-court"], "person_height": {"min": 0.5}}
    expected = [one for one in row.expected if one.rule != "in-court"]
    score = play(clip, {**row.watched, "rules": rules}, expected, detector, 5.0)
    assert (score.told, score.right) == (len(expected), len(expected))
