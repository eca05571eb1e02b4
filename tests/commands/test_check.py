"""`zonewatch check`: what it prints, how it ends, and what it sees through real cameras."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import pytest
import typer
from typer.testing import CliRunner, Result

from pipeline.commands.check import check
from pipeline.commands.draw import arrows
from pipeline.simulate.server import RtspServer
from tests.conftest import ROOT
from tests.media import make_clip
from tests.test_config_mistakes import IN_MANY, MANY

app = typer.Typer()
app.command()(check)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed_json(*arguments: object) -> tuple[int, dict[str, Any]]:
    ended = run(*arguments, "--json")
    return ended.exit_code, json.loads(ended.stdout)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", fps=10, seconds=3)


def write(folder: Path, cameras: str) -> Path:
    path = folder / "streams.yaml"
    path.write_text(f"site: {{id: here}}\ncameras:\n{cameras}")
    return path


def test_the_shipped_file_has_no_mistakes():
    ended = run(ROOT / "streams.yaml")
    assert ended.exit_code == 0
    assert ended.stdout == "1 camera, 3 rules: no mistakes\n"


def test_the_file_is_streams_yaml_unless_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "  c: {url: a.mp4}\n")
    assert run().exit_code == 0


def test_every_mistake_is_one_line_with_place_key_and_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "40")
    path = tmp_path / "streams.yaml"
    path.write_text(MANY)
    ended = run(path)
    assert ended.exit_code == 2
    *lines, summary = ended.stdout.splitlines()
    assert len(lines) == len(IN_MANY) >= 10
    for told, (line, key, says) in zip(lines, IN_MANY, strict=True):
        assert told.startswith(f"{path}:{line}: {key}: ")
        assert says in told
    assert summary == "17 mistakes; without them 0 cameras, 0 rules"
    assert "hunter2" not in ended.stdout


def test_json_tells_mistakes_and_the_cameras_that_would_run(tmp_path: Path):
    path = write(tmp_path, "  good: {url: 'rtsp://ann:hunter2@h/s'}\n  bad: {url: a.mp4, fsp: 3}\n")
    code, told = printed_json(path)
    assert code == 2
    assert told["ok"] is False
    assert told["problems"] == [
        {
            "file": str(path),
            "line": 4,
            "key": "cameras.bad.fsp",
            "message": "is no key we know.",
            "hint": told["problems"][0]["hint"],
            "camera": "bad",
        }
    ]
    assert [(camera["name"], camera["url"]) for camera in told["cameras"]] == [("good", "rtsp://***@h/s")]


def test_a_missing_file_is_a_mistake(tmp_path: Path):
    ended = run(tmp_path / "none.yaml")
    assert ended.exit_code == 2
    assert "cannot be read: No such file or directory" in ended.stdout


def test_probe_says_size_codec_and_rate_or_why_not(tmp_path: Path, clip: Path):
    path = write(
        tmp_path, f"  good: {{url: {clip}}}\n  gone: {{url: gone.mp4}}\n  off: {{url: x.mp4, enabled: false}}\n"
    )
    ended = run(path, "--probe")
    assert ended.exit_code == 1
    assert "camera good: 320x240 h264 10 fps" in ended.stdout
    assert "camera gone: " in ended.stdout
    assert "camera off" not in ended.stdout


def test_probe_without_trouble_ends_well(tmp_path: Path, clip: Path):
    code, told = printed_json(write(tmp_path, f"  good: {{url: {clip}}}\n"), "--probe")
    assert code == 0
    assert told["ok"] is True
    shape = {"aspect": 1.3333, "aspect_from": "its pixels are taken for square"}
    rest = {"key_frames_s": None, "cannot_rest": None}  # of a recording
    seen = {"size": [320, 240], "codec": "h264", "fps": 10.0, "error": None}
    assert told["cameras"][0]["probe"] == {**seen, **rest, **shape}


ZONE = "zones: {z: {polygon: [[0, 0], [1, 0], [1, 1]]}}, rules: {r: {trigger: enter, zone: z, within_s: %g}}"


def test_probe_says_what_keeps_a_camera_from_resting(tmp_path: Path):
    server = RtspServer()
    told = {"often": (10, 2), "seldom": (30, 2), "hardly-ever": (60, 4), "never": (30, 0)}
    for name, (gop, _) in told.items():
        server.mount(name, make_clip(tmp_path / f"{name}.mp4", seconds=12, gop=gop))
    with server:
        cameras = [f"  {name}: {{url: '{server.url(name)}', {ZONE % within}}}\n" for name, (_, within) in told.items()]
        path = write(tmp_path, "".join(cameras))
        plain, (code, told) = run(path, "--probe"), printed_json(path, "--probe")
    assert plain.exit_code == code == 0
    probed = {camera["name"]: camera["probe"] for camera in told["cameras"]}
    assert probed["often"]["key_frames_s"] == pytest.approx(1.0, abs=0.2)
    assert (probed["often"]["cannot_rest"], probed["never"]["cannot_rest"]) == (None, None)
    assert "3.0 s apart: set its key frame interval to 2 s, or" in probed["seldom"]["cannot_rest"]
    assert "it cannot rest: its key frames are 3.0 s apart" in plain.stdout
    assert (
        "fewer than three key frames came within 9 s: set its key frame interval to 2 s (smart codecs off), or take "
        "its smaller stream" in probed["hardly-ever"]["cannot_rest"]
    )


def test_mistakes_outweigh_cameras_that_do_not_open(tmp_path: Path):
    assert run(write(tmp_path, "  gone: {url: gone.mp4}\n  bad: {url: a.mp4, x: 1}\n"), "--probe").exit_code == 2


def test_probe_opens_a_real_camera_with_its_password(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "h@nter/2: #")
    server = RtspServer(user="ann", password="h@nter/2: #")
    server.mount("hall", clip)
    with server:
        url = f"rtsp://%s@127.0.0.1:{server.port}/hall"
        right, wrong = url % "ann:${CAMERA_PASSWORD}", url % "ann:hunter3"
        ended = run(write(tmp_path, f"  right: {{url: '{right}'}}\n  wrong: {{url: '{wrong}'}}\n"), "--probe")
    assert ended.exit_code == 1
    assert "camera right: 320x240 h264" in ended.stdout
    assert "Check user and password of camera wrong" in ended.stdout
    assert "nter" not in ended.stdout


def test_probe_leaves_a_camera_that_says_nothing_after_its_time(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        path = write(tmp_path, f"  mute: {{url: 'rtsp://127.0.0.1:{port}/s', connect_s: 1, stall_s: 1}}\n")
        done = threading.Event()
        ended: list[Result] = []
        thread = threading.Thread(target=lambda: (ended.append(run(path, "--probe")), done.set()), daemon=True)
        thread.start()
        assert done.wait(10)
    assert ended[0].exit_code == 1
    assert "camera mute: " in ended[0].stdout


SHAPES = (
    "zones: {floor: {polygon: [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]}}, "
    "lines: {door: {points: [[0.5, 0.1], [0.5, 0.9]]}}, "
    "rules: {r: {trigger: cross, line: door, direction: left_to_right}}"
)


def test_draw_writes_each_picture_with_its_shapes(tmp_path: Path, clip: Path):
    path = write(tmp_path, f"  plain: {{url: {clip}}}\n  gate: {{url: {clip}, {SHAPES}}}\n")
    code, told = printed_json(path, "--draw", tmp_path / "new" / "folder")
    assert code == 0
    plain, drawn = (cv2.imread(camera["drawing"]) for camera in told["cameras"])
    assert plain.shape == drawn.shape == (240, 320, 3)
    changed = cv2.absdiff(plain, drawn).max(axis=2) > 40
    assert changed[30:215, 158:163].any(axis=1).mean() > 0.9  # the line, from top to bottom
    assert changed[212:219, 70:150].any(axis=0).mean() > 0.9  # the zone's lower edge


def test_draw_shows_masks_heights_and_the_tiles_of_the_sweep(tmp_path: Path, clip: Path):
    mask = "masks: {tree: {polygon: [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5], [0.1, 0.5]], of: motion}}"
    heights = "person_height: {min: 0.2, max: 0.8}"
    path = write(tmp_path, f"  plain: {{url: {clip}}}\n  gate: {{url: {clip}, {mask}, {heights}, {SHAPES}}}\n")
    _, told = printed_json(path, "--draw", tmp_path / "drawn")
    plain, drawn = (cv2.imread(camera["drawing"]) for camera in told["cameras"])
    changed = cv2.absdiff(plain, drawn).max(axis=2) > 25
    assert 0.05 < changed[40:110, 40:120].mean() < 0.7  # hatched
    smallest, tallest = (changed[:, x - 2 : x + 3].any(axis=1).sum() for x in (319 - 12, 319 - 24))
    assert 0.2 * 240 <= smallest < 0.6 * 240
    assert tallest >= 0.8 * 240


def test_a_squeezed_picture_is_drawn_in_its_true_shape(tmp_path: Path, clip: Path):
    _, told = printed_json(write(tmp_path, f"  gate: {{url: {clip}, aspect: 16:9}}\n"), "--draw", tmp_path / "drawn")
    assert cv2.imread(told["cameras"][0]["drawing"]).shape == (240, 427, 3)
    ended = run(write(tmp_path, f"  gate: {{url: {clip}, aspect: 16:9}}\n"), "--probe")
    assert "320x240 h264 10 fps, shown as 1.78:1 (as `aspect` says)" in ended.stdout


def test_a_drawing_that_cannot_be_written_is_told(tmp_path: Path, clip: Path):
    (tmp_path / "taken").write_text("")
    ended = run(write(tmp_path, f"  gate: {{url: {clip}}}\n"), "--draw", tmp_path / "taken")
    assert ended.exit_code == 1
    assert "taken/gate.jpg cannot be written" in ended.stdout


@pytest.mark.parametrize(
    ("a", "b", "direction", "tips"),
    [
        ((0, 0), (0, 100), "left_to_right", [(10, 50)]),
        ((0, 100), (0, 0), "left_to_right", [(10, 50)]),
        ((0, 0), (0, 100), "right_to_left", [(-10, 50)]),
        ((0, 0), (100, 0), "top_to_bottom", [(50, 10)]),
        ((100, 0), (0, 0), "bottom_to_top", [(50, -10)]),
        ((0, 0), (0, 100), "any", [(10, 50), (-10, 50)]),
    ],
)
def test_arrows_point_where_people_go(a: Any, b: Any, direction: Any, tips: list[tuple[int, int]]):
    assert arrows(a, b, direction, 10) == tips


def test_a_model_that_is_neither_in_the_catalogue_nor_a_file_is_a_mistake_with_its_line(tmp_path: Path):
    file = tmp_path / "streams.yaml"
    file.write_text(
        "site: {id: here}\ndetector:\n  model: yolox-nan\ncameras: {gate: {url: 'rtsp://127.0.0.1/x'}}\n", "utf-8"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline", "check", str(file)], capture_output=True, text=True, cwd=tmp_path.parent
    )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert f"{file}:3: detector.model:" in ended.stdout
    assert "Did you mean `yolox-nano`?" in ended.stdout
