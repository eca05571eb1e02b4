"""`zonewatch replay` as a process: real clips against what is known to happen in them, and inputs that are none."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import pytest
import yaml

from pipeline.sinks.message import Event
from tests.conftest import ROOT
from tests.e2e import truth
from tests.e2e.system import assert_whole
from tests.media import make_clip

pytestmark = pytest.mark.footage
MODELS = {"yolox-nano": "yolox_nano_416.onnx", "deimv2-femto": "deimv2_hgnetv2_femto_coco.onnx"}


@pytest.fixture(scope="session")
def config(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three cameras, and one with a mistake."""
    cameras = {name: {"url": file, **truth.watched(footage, name)} for name, file in truth.FILES.items()}
    cameras["mistaken"] = {"url": "rtsp://192.0.2.1/s", "rules": {"none": {"trigger": "enter", "zone": "nowhere"}}}
    path = tmp_path_factory.mktemp("replay") / "streams.yaml"
    path.write_text(yaml.safe_dump({"site": {"id": "test"}, "cameras": cameras}))
    return path


def with_model(config: Path, model: str) -> Path:
    told = {**yaml.safe_load(config.read_text()), "detector": {"model": model}}
    path = config.with_name(f"{model}.yaml")
    path.write_text(yaml.safe_dump(told))
    return path


def replay(
    config: Path, camera: str, *videos: object, env: dict[str, str], options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "replay", *map(str, videos)]
    command += ["--config", str(config), "--camera", camera, *options]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=150)


def events(ended: subprocess.CompletedProcess[str]) -> list[Event]:
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("camera", truth.FILES)
@pytest.mark.parametrize("model", MODELS)
def test_replay_says_what_happens_in_the_clip_and_nothing_else(
    model: str, camera: str, config: Path, footage: Path, models: Path, models_env: dict[str, str]
) -> None:
    if not (models / MODELS[model]).exists():
        pytest.skip(f"{MODELS[model]} is not in the folder of models")
    told = events(replay(with_model(config, model), camera, footage / truth.FILES[camera], env=models_env))
    truth.assert_same(truth.visits(footage, camera), told)
    assert_whole(told)


def test_replay_gives_the_same_bytes_twice(
    config: Path, footage: Path, models_env: dict[str, str], tmp_path: Path
) -> None:
    clip = footage / truth.FILES["warehouse"]
    first = replay(config, "warehouse", clip, env=models_env)
    again = replay(config, "warehouse", clip, env=models_env, options=("--out", str(tmp_path / "again.jsonl")))
    assert first.returncode == again.returncode == 0
    assert first.stdout.encode() == (tmp_path / "again.jsonl").read_bytes() != b""
    assert again.stdout == ""


def test_a_person_who_is_there_from_the_first_picture_is_reported(
    config: Path, footage: Path, models_env: dict[str, str], tmp_path: Path
) -> None:
    """The hall from 30 s to 60 s: its second visitor, there from 24.3 s to 43.9 s, and its third."""
    began = cut(footage / truth.FILES["hall"], tmp_path / "cut.mp4", 30, 60)
    told = events(replay(config, "hall", tmp_path / "cut.mp4", env=models_env))
    first, second = [event["data"] for event in told if event["data"]["state"] == "opened"]
    assert first["entered"]["media_s"] <= truth.TOLERANCE_S
    left = next(e["data"]["left"] for e in told if e["id"].startswith(first["incident"]) and e["data"]["left"])
    assert abs(left["media_s"] + began - 43.9) <= truth.TOLERANCE_S
    assert abs(second["entered"]["media_s"] + began - 52.0) <= truth.TOLERANCE_S


def cut(source: Path, into: Path, start: float, end: float) -> float:
    """Packets of `source` from the key frame at or before `start` until `end`, as they are; where that begins."""
    with av.open(str(source)) as original, av.open(str(into), "w") as copy:
        video = original.streams.video[0]
        original.seek(int(start / video.time_base), stream=video)
        stream = copy.add_stream_from_template(video)
        began: float | None = None
        for packet in original.demux(video):
            if packet.pts is None:
                continue
            began = float(packet.pts * video.time_base) if began is None else began
            if packet.dts * video.time_base < end:
                packet.stream = stream
                copy.mux(packet)
    assert began is not None
    return began


def test_a_folder_is_played_in_the_order_of_time_on_one_clock(
    config: Path, footage: Path, models_env: dict[str, str], tmp_path: Path
) -> None:
    """The second visit of the warehouse comes one clip's length after the first."""
    for name in ("2026-11-23T08-00-00.mp4", "2026-11-23T08-00-11.mp4"):
        (tmp_path / name).symlink_to(footage / truth.FILES["warehouse"])
    told = events(replay(config, "warehouse", tmp_path, env=models_env))
    assert_whole(told)
    entered = [e["data"]["entered"] for e in told if e["data"]["state"] == "opened" and e["data"]["rule"] == "walkway"]
    assert len(entered) == 2
    assert entered[1]["media_s"] - entered[0]["media_s"] == pytest.approx(11.0, abs=1.0)


def test_what_cannot_be_replayed_is_said_in_one_sentence(
    config: Path, footage: Path, models_env: dict[str, str], tmp_path: Path
) -> None:
    clip, text, missing = footage / truth.FILES["warehouse"], tmp_path / "notes.mp4", tmp_path / "missing.mp4"
    text.write_text("not a video\n" * 100)
    cases = [
        (2, "missing.mp4", config, "warehouse", missing),
        (2, "nobody", config, "nobody", clip),
        (2, "mistaken", config, "mistaken", clip),
        (1, "notes.mp4", config, "warehouse", text),
        (2, "streams.yaml", tmp_path / "streams.yaml", "warehouse", clip),
    ]
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(replay, file, camera, video, env=models_env) for _, _, file, camera, video in cases]
    for (code, named, *_), ended in zip(cases, [one.result() for one in waiting], strict=True):
        assert ended.returncode == code, ended.stderr
        assert named in ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.stdout == ""


def test_a_replay_that_fails_leaves_no_file_behind(config: Path, models_env: dict[str, str], tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video\n" * 100)
    ended = replay(config, "hall", text, env=models_env, options=("--out", str(tmp_path / "out.jsonl")))
    assert ended.returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.mp4"]


def test_an_empty_scene_raises_nothing(config: Path, models_env: dict[str, str], tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "shapes.mp4", seconds=5)
    assert events(replay(config, "hall", clip, env=models_env)) == []
