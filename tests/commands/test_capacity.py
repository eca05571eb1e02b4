"""`zonewatch capacity` on recordings and on simulated cameras: what it says hangs together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.scene import hall, render
from pipeline.simulate.server import RtspServer
from tests.conftest import ROOT
from tests.e2e.replaying import write_config
from tests.media import make_clip

SECRET = "hunter2"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("capacity") / "hall.mp4"
    return render(path, hall.PLACE, hall.PLAY, (960, 540), 10, key_s=2.0, seconds=12)


def capacity(config: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "capacity", str(config), *words]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


def told(config: Path, *words: str) -> dict[str, Any]:
    return dict(json.loads(capacity(config, *words, "--json").stdout))


def cameras(clip: Path, **rule: Any) -> dict[str, Any]:
    rules = {"mat": {"trigger": "enter", "zone": "mat", **rule}}
    shapes = hall.PLACE.shapes()
    return {"hall": {"url": str(clip), "zones": shapes["zones"], "rules": rules}}


def test_what_is_said_of_a_camera_hangs_together(clip: Path, tmp_path: Path) -> None:
    found = told(write_config(tmp_path / "streams.yaml", cameras(clip)), "--activity", "20")
    (one,) = found["cameras"]
    assert (one["camera"], one["size"], one["rests"]) == ("hall", [960, 540], True)
    assert one["rate"] == pytest.approx(10, abs=0.2)
    assert one["group_s"] == pytest.approx(2.0, abs=0.01)
    assert 0 < one["quiet_ms"] < one["busy_ms"]
    mean = 0.8 * one["quiet_ms"] + 0.2 * one["busy_ms"]
    assert found["room_for"] == pytest.approx(found["cores"] * 800 / mean, abs=1.0)
    assert found["load"] == pytest.approx(mean / (found["cores"] * 800))
    assert sum(found["shares"].values()) == pytest.approx(1.0, abs=0.01)
    assert 2.0 < found["told_within_s"] < 4.0


def test_more_happening_leaves_room_for_fewer(clip: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "streams.yaml", cameras(clip))
    quiet, busy = (told(config, "--activity", share)["room_for"] for share in ("0", "100"))
    assert quiet > 2 * busy > 0


def test_what_keeps_a_camera_from_resting_is_what_would_help(clip: Path, tmp_path: Path) -> None:
    seldom = render(tmp_path / "seldom.mp4", hall.PLACE, hall.PLAY, (960, 540), 10, key_s=6.0, seconds=12)
    at_once = write_config(tmp_path / "at-once.yaml", cameras(clip, within_s=0))
    for config, words in (
        (write_config(tmp_path / "seldom.yaml", cameras(seldom)), "a key frame interval of 2 s"),
        (at_once, "`within_s: 2` instead of 0"),
    ):
        found = told(config)
        assert not found["cameras"][0]["rests"]
        assert words in found["helps"][0]["what"]
        assert found["helps"][0]["times"] > 1.2
        text = capacity(config).stdout
        assert "decoded in full" in text
        assert words in text


def test_live_cameras_are_recorded_and_what_cannot_be_is_said(clip: Path, tmp_path: Path) -> None:
    server = RtspServer(user="cam", password=SECRET)
    server.mount("hall", clip)
    with server:
        live = {
            "front": {"url": server.url("hall").replace("//", f"//cam:{SECRET}@")},
            "gone": {"url": f"rtsp://cam:{SECRET}@127.0.0.1:9/x"},
        }
        config = write_config(tmp_path / "streams.yaml", live)
        ended = capacity(config, "--seconds", "5")
    assert "front" in ended.stdout
    assert "960x540" in ended.stdout
    assert "camera gone" in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["streams.yaml"]


def test_a_recording_stands_for_a_camera(clip: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "streams.yaml", {"far": {"url": "rtsp://192.0.2.1/x"}})
    assert told(config, "--camera", "far", "--video", str(clip))["cameras"][0]["size"] == [960, 540]


def test_what_cannot_be_measured_is_said_in_one_sentence(clip: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "streams.yaml", cameras(clip))
    assert "no camera nobody" in capacity(config, "--camera", "nobody", code=2).stderr
    assert "no such video: missing.mp4" in capacity(config, "--video", "missing.mp4", code=2).stderr
    bare = make_clip(tmp_path / "bare.h264", seconds=2)
    ended = capacity(config, "--video", str(bare), code=1)
    assert "time stamps are not plain enough" in ended.stderr
    assert "no camera could be measured" in ended.stderr
