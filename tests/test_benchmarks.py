"""The figures of the benchmarks, on boxes, incidents and times made by hand."""

from __future__ import annotations

import io
import tarfile
from math import inf
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import pairs
from benchmarks.calibration import platt
from benchmarks.corpus.judge import Numbers, compare
from benchmarks.corpus.scenarios import Expected
from benchmarks.labelled import Agreement, Labelled, agreement, read
from benchmarks.pairs import Ratio, Row, alternate, ratio, table
from pipeline.types import Detections, Incident, IncidentState, Moment, Severity, Tracks

SHORT, TALL = [10, 10, 20, 40], [60, 20, 100, 140]


def picture(*people: list[int]) -> Labelled:
    return Labelled(np.zeros((160, 320, 3), np.uint8), np.array(people, np.float32).reshape(-1, 4))


def found(*rows: tuple[list[int], float]) -> Detections:
    boxes = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([score for _, score in rows], np.float32))


def test_average_precision_is_the_area_under_the_best_precision_over_recall():
    """Hit, miss, hit: half the recall at precision 1, the other half at 2/3."""
    judged = agreement([picture(SHORT, TALL)], [found((SHORT, 0.9), ([200, 10, 220, 60], 0.8), (TALL, 0.7))])
    assert judged.hits.tolist() == [True, False, True]
    assert judged.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert judged.at(0.75) == (pytest.approx(0.5), 0.5)


def test_a_person_is_hit_once_and_a_second_box_on_them_is_a_miss():
    judged = agreement([picture(TALL)], [found((TALL, 0.9), ([62, 20, 102, 140], 0.8))])
    assert judged.hits.tolist() == [True, False]


def test_scores_are_ranked_over_all_pictures():
    judged = agreement([picture(TALL), picture()], [found((TALL, 0.5)), found((TALL, 0.9))])
    assert judged.hits.tolist() == [False, True]
    assert judged.average_precision == pytest.approx(0.5)


@pytest.mark.parametrize(("heights", "people"), [((0, 40), 1), ((40, 80), 0), ((80, inf), 1)])
def test_people_of_other_heights_and_what_hits_them_do_not_count(heights: tuple[float, float], people: int):
    """Nor does a stray box of another height."""
    stray = ([200, 10, 220, 60], 0.8)
    judged = agreement([picture(SHORT, TALL)], [found((SHORT, 0.9), stray, (TALL, 0.7))], heights)
    assert judged.people == people
    assert judged.hits.tolist() == ([True] if people else [False])


def test_a_set_is_read_with_its_labels_in_pixels(tmp_path: Path):
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        for name, content in {
            "00001.jpg": cv2.imencode(".jpg", np.full((100, 200, 3), 90, np.uint8))[1].tobytes(),
            "00001.txt": b"0 0.5 0.5 0.2 0.4\n",
            "00002.jpg": cv2.imencode(".jpg", np.full((100, 200, 3), 90, np.uint8))[1].tobytes(),
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    labelled, unlabelled = read(tmp_path / "set.tar")
    np.testing.assert_allclose(labelled.people, [[80, 30, 120, 70]])
    assert labelled.size == (200, 100)
    assert unlabelled.people is None
    assert labelled.frame().rgb().mean() == pytest.approx(90, abs=2)


def test_the_calibration_finds_the_line_that_made_the_hits():
    chance = np.random.default_rng(3)
    scores = chance.uniform(0.02, 0.98, 20_000).astype(np.float32)
    likely = 1 / (1 + np.exp(-(1.7 * np.log(scores / (1 - scores)) - 0.4)))
    slope, offset = platt(Agreement(scores, chance.uniform(size=len(scores)) < likely, 0))
    assert (slope, offset) == (pytest.approx(1.7, abs=0.1), pytest.approx(-0.4, abs=0.1))


def incident(rule: str, entered: float, revision: int = 1) -> Incident:
    """As a rule tells it."""
    return Incident(
        id=f"{rule} {entered}",
        revision=revision,
        state=IncidentState.OPENED,
        camera="c",
        rule=rule,
        trigger="enter",
        zone="z",
        line=None,
        direction=None,
        severity=Severity.LOW,
        track=1,
        at=Moment(entered),
        entered=Moment(entered),
        left=None,
        dwell_s=None,
        box=(0.0, 0.0, 1.0, 1.0),
        anchor=(0.5, 0.5),
        path=(),
        score=0.9,
        why={"confirm_s": 0.4},
    )


def test_incidents_are_paired_with_what_happens_one_to_one():
    happens = [Expected("in-a", 10.0), Expected("in-a", 20.0), Expected("in-b", 20.0)]
    told = [(incident("in-a", 10.2), 10.8), (incident("in-a", 10.4), 11.0), (incident("in-b", 22.0), 22.6)]
    score = compare([*told, (incident("in-a", 20.0, revision=2), 50.0)], happens, fps=5.0)
    assert (score.expected, score.told, score.right) == (3, 3, 1)
    assert score.late_s == [pytest.approx(10.8 - 10.0 - 0.4 - 0.2)]
    assert sorted(score.misses) == ["in-a at 20 s", "in-b at 20 s"]
    assert sorted(score.extras) == ["in-a at 10 s", "in-b at 22 s"]
    assert (score.recall, score.precision) == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def test_who_ends_with_the_number_of_another_is_switched():
    def tracks(at: float, *ids: int) -> Tracks:
        boxes = np.array([[0.2, 0.3, 0.3, 0.7], [1.0, 0.3, 1.1, 0.7]], np.float32)
        told = np.full(2, at)
        return Tracks(at, 4 / 3, np.array(ids), boxes, np.full(2, 0.9, np.float32), told, told, boxes)

    there = {0: (0.25 / (4 / 3), 0.7, 0.4), 1: (1.05 / (4 / 3), 0.7, 0.4)}
    for last, switched in (((1, 2), 0), ((2, 1), 2), ((1, 3), 0)):
        numbers = Numbers(lambda at: there)
        numbers.note(0.0, tracks(0.0, 1, 2))
        numbers.note(1.0, tracks(1.0, *last))
        assert (numbers.people, numbers.switched) == (2, switched)


def test_a_goal_is_reached_by_the_lower_end_of_the_interval():
    found = ratio([20.0, 22.0, 21.0, 60.0, 20.5], [2.0, 2.0, 2.0, 2.0, 2.0])
    assert found.median == pytest.approx(10.5)
    assert 10.0 <= found.low <= found.median <= found.high <= 30.0
    assert Row("claim", "peer", found, found.low).passed
    assert not Row("claim", "peer", found, found.low + 0.1).passed
    assert not Row("claim", "peer", None, 0.0, skipped="it cannot be installed").passed
    assert "skipped: it cannot be installed" in table([Row("claim", "peer", None, 2.0, "it cannot be installed")])


def test_methods_alternate_and_every_second_round_goes_backwards():
    asked: list[str] = []

    def once(method: str) -> dict[str, float]:
        asked.append(method)
        return {"ms": float(len(asked))}

    assert alternate(["a", "b"], 3, once) == {
        "a": [{"ms": 1.0}, {"ms": 4.0}, {"ms": 5.0}],
        "b": [{"ms": 2.0}, {"ms": 3.0}, {"ms": 6.0}],
    }
    assert asked == ["a", "b", "b", "a", "a", "b"]


def test_a_ratio_that_has_fallen_below_a_quarter_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pairs, "RESULTS", tmp_path)
    pairs.keep("some", [Row("claim", "peer", Ratio(10.0, 9.0, 11.0), 5.0, side={"ms": 2.0})])
    pairs.check(
        "some", [Row("claim", "peer", Ratio(2.6, 2.5, 2.7), 5.0), Row("new", "peer", Ratio(0.1, 0.1, 0.1), 5.0)]
    )
    with pytest.raises(SystemExit, match=r"claim against peer: 2\.4 times, was 10"):
        pairs.check("some", [Row("claim", "peer", Ratio(2.4, 2.0, 2.6), 5.0)])
