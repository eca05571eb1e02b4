"""`zonewatch explain` names the gate at which a moment of a recording ended, by rules that differ in one key each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e import school
from tests.e2e.replaying import write_config

pytestmark = pytest.mark.timeout(240)
VISIT = next(one for one in school.expected(school.PASSING) if one.left is not None)
"""Somebody is on the mat."""
ON_IT = (VISIT.entered + (VISIT.left or 0.0)) / 2
ALL = [[0, 0], [1, 0], [1, 1], [0, 1]]
CORNER = {"polygon": [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1]]}
RULES: dict[str, Any] = {
    "told": {"trigger": "enter", "zone": "mat"},
    "elsewhere": {"trigger": "enter", "zone": "corner"},
    "not-yet": {"trigger": "dwell", "zone": "mat", "seconds": 60},
    "not-armed": {"trigger": "enter", "zone": "mat", "schedule": "never"},
    "shadow": {"trigger": "enter", "zone": "mat", "state": "shadow"},
    "off": {"trigger": "enter", "zone": "mat", "state": "off"},
    "too-small": {"trigger": "enter", "zone": "mat", "person_height": {"min": 1.9}},
    "not-sure": {"trigger": "enter", "zone": "mat", "confirm_s": 50},
    "over": {"trigger": "cross", "line": "threshold", "confirm_s": 60},
    "slow": {"trigger": "running", "zone": "mat"},
}


def zonewatch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *words], capture_output=True, text=True, cwd=ROOT, timeout=200, check=False
    )


def configured(folder: Path, detector: dict[str, Any] | None = None, **camera: Any) -> Path:
    shapes = school.PASSING[0].shapes()
    one = {"url": "x.mp4", **shapes, "zones": {**shapes["zones"], "corner": CORNER}, "rules": RULES, **camera}
    return write_config(folder / "streams.yaml", {"passing": one}, **({"detector": detector} if detector else {}))


def explained(file: Path, video: Path, at: float, *options: str) -> dict[str, dict[str, Any]]:
    words = ("explain", str(video), "--camera", "passing", "--config", str(file), "--at", f"{at:.2f}", "--json")
    done = zonewatch(*words, *options)
    assert done.returncode == 0, done.stderr
    return {row["rule"]: row for row in json.loads(done.stdout)["rules"]}


@pytest.fixture(scope="module")
def on_the_mat(passing: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return explained(configured(tmp_path_factory.mktemp("explain")), passing, ON_IT)


@pytest.mark.parametrize(
    ("rule", "gate", "said"),
    [
        ("told", "told", "was told at"),
        ("elsewhere", "outside", "px outside of zone corner"),
        ("not-yet", "not_yet", "of 60 s"),
        ("not-armed", "not_armed", "the rule is not armed: never"),
        ("shadow", "not_live", "the rule is in shadow"),
        ("off", "not_live", "the rule is off"),
        ("too-small", "filtered", "person_height.min: 0."),
        ("not-sure", "not_sure", "of 50 s, seen in it"),
        ("over", "not_sure", "has been over the line for"),
        ("slow", "not_yet", "heights a second, at"),
    ],
)
def test_somebody_on_the_mat_ends_at_the_gate_of_each_rule(
    on_the_mat: dict[str, dict[str, Any]], rule: str, gate: str, said: str
):
    assert on_the_mat[rule]["gate"] == gate, on_the_mat[rule]
    assert said in on_the_mat[rule]["why"]
    assert (on_the_mat[rule]["incident"] is not None) is (gate == "told")


@pytest.mark.parametrize(
    ("detector", "camera", "gate", "said"),
    [
        ({"min_score": 0.99}, {}, "nobody_found", "less than detector.min_score, 0.99"),
        (None, {"masks": {"all": {"polygon": ALL, "of": "people"}}}, "not_counted", "its feet are in a mask"),
        (None, {"smallest": 0.95}, "not_counted", "of the picture's height, less than 0.95"),
    ],
)
def test_nobody_is_followed_and_that_is_why(
    passing: Path, tmp_path: Path, detector: dict[str, Any] | None, camera: dict[str, Any], gate: str, said: str
):
    (row,) = [explained(configured(tmp_path, detector, **camera), passing, ON_IT)["told"]]
    assert row["gate"] == gate, row
    assert said in row["why"]


def test_a_moment_that_was_not_analysed_or_not_recorded_says_so(passing: Path, tmp_path: Path):
    seldom = configured(tmp_path, analyse_fps=0.2, rules={"told": {"trigger": "dwell", "zone": "mat", "seconds": 20}})
    row = explained(seldom, passing, 2.5)["told"]
    assert (row["gate"], row["why"]) == ("not_analysed", "no picture of then is analysed: analyse_fps is 0.2")
    (tmp_path / "b").mkdir()
    row = explained(configured(tmp_path / "b"), passing, 5000)["told"]
    assert row["gate"] == "no_picture"


def test_people_read_it_and_a_wrong_call_says_what_to_write(passing: Path, tmp_path: Path):
    words = ("explain", str(passing), "--camera", "passing", "--config", str(configured(tmp_path)))
    done = zonewatch(*words, "--at", "2026-11-23T08:15:03", "--start", "2026-11-23T08:15:00", "--zone", "corner")
    assert done.returncode == 0, done.stderr
    assert "elsewhere" in done.stdout
    assert "told" not in done.stdout.replace("elsewhere", "")
    for at, said in (("soon", "needs --start"), ("2026-11-23T08:15:03", "needs --start")):
        wrong = zonewatch(*words, "--at", at)
        assert wrong.returncode == 2
        assert said in wrong.stderr
    assert "no zone attic" in zonewatch(*words, "--at", "3", "--zone", "attic").stderr
