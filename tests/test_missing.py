"""Where the built-in model, footage or another model is missing or damaged, every command says so in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.clone import clone_into
from tests.conftest import ROOT
from tests.media import make_clip

CONFIG = "site: {id: here}\ncameras: {gate: {url: clip.mp4}}\n"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program whose built-in model has been cut off, with a recording and a configuration."""
    folder = clone_into(tmp_path_factory.mktemp("broken"), "pipeline", "models", "benchmarks")
    model = folder / "models" / "person-320.onnx"
    model.write_bytes(model.read_bytes()[:-100])
    make_clip(folder / "clip.mp4", seconds=1)
    (folder / "streams.yaml").write_text(CONFIG)
    return folder


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`python -m …` of the program that lies in this folder."""
    env = {**os.environ, "PYTHONPATH": str(folder), **env}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "words",
    [
        ("pipeline", "run"),
        ("pipeline", "check"),
        ("pipeline", "replay", "clip.mp4", "--camera", "gate"),
        ("pipeline", "demo"),
        ("pipeline", "model", "verify", "builtin"),
        ("benchmarks.replay", "--smoke"),
        ("benchmarks.detector", "--smoke"),
        ("benchmarks.calibration",),
    ],
    ids=" ".join,
)
def test_a_damaged_built_in_model_is_said(broken: Path, words: tuple[str, ...]) -> None:
    ended = run(broken, *words)
    said = ended.stdout + ended.stderr
    assert ended.returncode in (1, 2), said
    assert "person-320.onnx is not the file that came with Zonewatch" in said
    assert "install it again, or in a clone: git checkout -- models" in said
    assert "Traceback" not in said


def test_a_damaged_built_in_model_is_no_hindrance_where_another_is_named(broken: Path) -> None:
    """`model list` shows that it is not there."""
    ended = run(broken, "pipeline", "model", "list", COLUMNS="200")
    assert ended.returncode == 0
    assert "not here" in ended.stdout.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("benchmarks.detector",), "../shared/training/coco128-val.tar"),
        (("benchmarks.calibration",), "model yolox-nano: no yolox_nano_416.onnx"),
        (("benchmarks.replay", "--footage", "nowhere"), "nowhere/ground_truth.yaml"),
        (("pipeline", "demo", "--footage", "nowhere"), "one-by-one-person-detection.mp4"),
    ],
    ids=lambda value: value[0] + value[-1] if isinstance(value, tuple) else "",
)
def test_what_is_not_ours_to_ship_is_said_to_be_missing_and_how_to_get_it(
    words: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    ended = run(ROOT, *words, ZONEWATCH_SHARED="", ZONEWATCH_MODELS="", XDG_CACHE_HOME=str(tmp_path))
    assert ended.returncode == 1
    (said,) = ended.stderr.splitlines()
    assert missing in said
    assert "/dev/null" not in said


def test_the_wheel_has_the_model_in_it(tmp_path: Path) -> None:
    """What is installed watches by itself: no checkout, no folder of models."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    ended = run(installed, "pipeline", "model", "verify", "builtin")
    assert ended.returncode == 0, ended.stderr
    assert f"person-320 from {installed / 'pipeline' / '_data'}" in ended.stdout
