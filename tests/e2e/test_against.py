"""What another configuration would tell of a recording, and how many alerts a day a rule would give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.conftest import ROOT
from tests.e2e import school
from tests.e2e.replaying import write_config

pytestmark = pytest.mark.timeout(240)


def zonewatch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *words], capture_output=True, text=True, cwd=ROOT, timeout=200, check=False
    )


def configured(folder: Path, **rules: Any) -> Path:
    """The camera of people who pass, with these keys of its rule `mat` (None: without it)."""
    watched = school.watched(school.PASSING)
    told = {
        name: {**one, **(rules.get(name) or {})}
        for name, one in watched["rules"].items()
        if rules.get(name, {}) is not None
    }
    return write_config(folder / "streams.yaml", {"passing": {"url": "x.mp4", **watched, "rules": told}})


def compared(folder: Path, video: Path, before: dict[str, Any], after: dict[str, Any], *options: str) -> Any:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    one, other = configured(folder / "a", **before), configured(folder / "b", **after)
    done = zonewatch(
        "replay", str(video), "--camera", "passing", "--config", str(one), "--against", str(other), *options
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_the_same_configuration_changes_nothing(passing: Path, tmp_path: Path):
    found, said = compared(tmp_path, passing, {}, {})
    assert found == []
    assert "0 gained, 0 lost, 0 moved" in said


def test_what_is_gained_lost_and_moved_is_told_with_a_picture_of_each(passing: Path, tmp_path: Path):
    pictures = tmp_path / "pictures"
    longer = {"trigger": "dwell", "seconds": 1.0}
    later = {"trigger": "dwell", "seconds": 1.5, "severity": "critical"}
    found, said = compared(
        tmp_path, passing, {"mat": longer}, {"mat": later, "line": None}, "--pictures", str(pictures)
    )
    kinds = {one["change"] for one in found}
    assert "moved" in kinds
    assert {one["rule"] for one in found if one["change"] == "moved"} == {"mat"}
    for one in found:
        if one["change"] == "moved":
            assert one["moved_s"] == pytest.approx(0.5, abs=0.01)
            assert one["severity"] == "critical"
    assert all(one["rule"] != "mat" for one in found if one["change"] == "lost")
    saved = sorted(pictures.iterdir())
    assert len(saved) == len(found)
    assert all(cv2.imread(str(path)) is not None for path in saved)
    assert f"{sum(one['change'] == 'moved' for one in found)} moved" in said


def test_a_rule_in_shadow_is_counted_and_tells_nothing(passing: Path, tmp_path: Path):
    live, shadow, off = (
        zonewatch(
            "replay",
            str(passing),
            "--camera",
            "passing",
            "--config",
            str(configured(_made(tmp_path / state), mat={"state": state})),
        )
        for state in ("live", "shadow", "off")
    )
    told = [json.loads(line)["data"] for line in live.stdout.splitlines()]
    count = sum(one["rule"] == "mat" and one["state"] == "opened" for one in told)
    others = [line for line in live.stdout.splitlines() if json.loads(line)["data"]["rule"] != "mat"]
    assert count > 0
    assert f"rule mat, in shadow, would have told {count}" in shadow.stderr
    assert "in shadow" not in off.stderr
    for done in (shadow, off):
        assert [json.loads(one)["data"]["times"] for one in done.stdout.splitlines()] == [
            json.loads(one)["data"]["times"] for one in others
        ]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_recording_says_how_many_a_day_each_rule_would_give(passing: Path, tmp_path: Path):
    file = configured(tmp_path, mat={"state": "shadow"})
    done = zonewatch("rules", "load", str(file), "--video", str(passing), "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["rule"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["mat"]["state"] == "shadow"
    told = zonewatch("replay", str(passing), "--camera", "passing", "--config", str(file))
    assert f"would have told {rows['mat']['alerts']}." in told.stderr
    assert rows["mat"]["a_day"] > 1000 * rows["mat"]["alerts"]  # a clip of less than a minute


def test_a_wrong_call_says_what_is_wrong(passing: Path, tmp_path: Path):
    file = configured(tmp_path)
    missing = zonewatch("replay", str(passing), "--camera", "passing", "--config", str(file), "--against", "no.yaml")
    assert missing.returncode == 2
    assert "no.yaml" in missing.stderr
    alone = zonewatch(
        "replay", str(passing), "--camera", "passing", "--config", str(file), "--pictures", str(tmp_path / "p")
    )
    assert alone.returncode == 2
    assert "give --against too" in alone.stderr
    unknown = zonewatch("rules", "load", str(file), "--camera", "nowhere")
    assert unknown.returncode == 2
    assert "nowhere" in unknown.stderr
