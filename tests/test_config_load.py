"""What a good file becomes, and what is left of a file with one bad camera."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from pipeline.config import Camera, Config, Rule, Url, load
from pipeline.errors import ConfigError
from pipeline.types import Severity
from tests.config_files import camera, config, write

ISSUE = """
site:     {id: north-campus, name: North Campus, timezone: Europe/London}
alerts:   {journal: var/alerts.db, redis: {url: "redis://localhost:6379/0", stream: "zonewatch:alerts", keep_days: 7}}
detector: {model: builtin, min_score: 0.5}
cameras:
  front-gate:
    url: rtsp://${GATE_USER}:${GATE_PASSWORD}@10.0.0.11/sub
    transport: tcp
    analyse_fps: 5
    zones: {gate: {polygon: [[0.42, 0.60], [0.80, 0.60], [0.80, 0.93], [0.42, 0.93]]}}
    lines: {door: {points: [[0.70, 0.30], [0.70, 0.90]]}}
    rules:
      someone-at-gate: {zone: gate, trigger: enter, confirm_s: 0.4, release_s: 2.0, severity: high}
      waiting-at-gate: {zone: gate, trigger: dwell, seconds: 10}
      through-door:    {line: door, trigger: cross, direction: left_to_right}
"""
LOGIN = {"GATE_USER": "ann", "GATE_PASSWORD": "p@s:s/w rd"}


def test_every_section_of_the_documented_shape_is_read(tmp_path: Path):
    made = config(write(tmp_path, ISSUE), LOGIN)
    gate = made.cameras["front-gate"]
    assert (made.site.id, made.site.timezone, made.alerts.redis and made.alerts.redis.keep_days) == (
        "north-campus",
        "Europe/London",
        7.0,
    )
    assert gate.name == "front-gate"
    assert gate.url.reveal() == "rtsp://ann:p%40s%3As%2Fw%20rd@10.0.0.11/sub"
    assert gate.zones["gate"].polygon[2] == (0.8, 0.93)
    assert gate.lines["door"].points == ((0.7, 0.3), (0.7, 0.9))
    assert gate.rules["someone-at-gate"].severity is Severity.HIGH
    assert gate.rules["waiting-at-gate"].seconds == 10.0
    assert gate.rules["through-door"].direction == "left_to_right"


def test_paths_begin_at_the_folder_of_the_file(tmp_path: Path):
    path = camera(tmp_path, "", url="clips/a.mp4")
    made = config(path)
    assert made.alerts.journal == tmp_path / "var/alerts.db"
    assert made.alerts.snapshots == tmp_path / "var/snapshots"
    assert made.cameras["gate"].url.path == tmp_path / "clips/a.mp4"
    assert made.cameras["gate"].url.reveal() == str(tmp_path / "clips/a.mp4")
    assert str(made.cameras["gate"].url) == "clips/a.mp4"


@pytest.mark.parametrize(
    ("model", "becomes"),
    [("builtin", "builtin"), ("yolox-nano", "yolox-nano"), ("mine.onnx", "{}/mine.onnx"), ("/m/a.onnx", "/m/a.onnx")],
)
def test_a_model_is_a_name_or_a_path(tmp_path: Path, model: str, becomes: str):
    path = camera(tmp_path, "")
    path.write_text(path.read_text() + f"detector: {{model: {model}}}\n")
    assert config(path).detector.model == becomes.format(tmp_path)


def test_an_empty_value_means_the_default(tmp_path: Path):
    made = config(write(tmp_path, "site: {id: a, name: }\nalerts:\ncameras:\n  c:\n    url: a.mp4\n    rules:\n"))
    assert made.site.name == ""
    assert made.alerts.keep_days == 30
    assert made.cameras["c"].rules == {}


def test_words_are_taken_as_they_are_written(tmp_path: Path):
    made = config(write(tmp_path, "site: {id: 010}\ncameras:\n  no: {url: a.mp4, enabled: no}\n  12: {url: b.mp4}\n"))
    assert made.site.id == "010"
    assert list(made.cameras) == ["no", "12"]
    assert made.cameras["no"].enabled is False


def test_anchors_and_merge_keys_work_and_own_keys_win(tmp_path: Path):
    path = write(
        tmp_path,
        "site: {id: a}\n"
        "cameras:\n"
        "  one: &common {url: rtsp://h/1, analyse_fps: 4, stall_s: 20}\n"
        "  two: {<<: *common, url: rtsp://h/2, analyse_fps: 2}\n",
    )
    two = config(path).cameras["two"]
    assert (two.url.reveal(), two.analyse_fps, two.stall_s) == ("rtsp://h/2", 2.0, 20.0)


def test_a_bad_camera_is_left_out_by_name_and_the_others_run(tmp_path: Path):
    path = write(tmp_path, "site: {id: a}\ncameras:\n  good: {url: a.mp4}\n  bad: {url: a.mp4, fsp: 3, stall_s: x}\n")
    loaded = load(path, {})
    assert list(loaded.config.cameras) == ["good"]
    assert [problem.key for problem in loaded.quarantined["bad"]] == ["cameras.bad.fsp", "cameras.bad.stall_s"]


def test_a_file_whose_cameras_are_all_bad_is_still_a_configuration(tmp_path: Path):
    loaded = load(camera(tmp_path, "fsp: 3"), {})
    assert not loaded.config.cameras
    assert list(loaded.quarantined) == ["gate"]


def test_a_missing_secret_costs_its_own_camera_only(tmp_path: Path):
    loaded = load(write(tmp_path, ISSUE + "  other: {url: a.mp4}\n"), {"GATE_USER": "ann"})
    assert list(loaded.config.cameras) == ["other"]
    assert "GATE_PASSWORD" in loaded.quarantined["front-gate"][0].message


@pytest.mark.parametrize(
    "text",
    [
        "site: {id: A B}\ncameras: {c: {url: a.mp4}}\n",
        "site: {id: a}\n",
        "site: {id: a}\ncameras:\n",
        "site: {id: a}\ncameras: {}\n",
        "site: {id: a}\ncameras: {c: {url: a.mp4}}\nalerts: {redis: {url: '${NOPE}'}}\n",
        "cameras: {c: {url: a.mp4}}\n",
        "",
    ],
    ids=["bad site", "no cameras", "empty cameras", "cameras {}", "no redis secret", "no site", "empty"],
)
def test_a_mistake_outside_the_cameras_stops_everything(tmp_path: Path, text: str):
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, text), {})
    assert error.value.problems


def test_two_cameras_may_share_a_url(tmp_path: Path):
    made = config(write(tmp_path, "site: {id: a}\ncameras: {a: {url: rtsp://h/1}, b: {url: rtsp://h/1}}\n"))
    assert made.cameras["a"].url == made.cameras["b"].url


def test_the_hash_knows_rules_but_neither_secrets_nor_the_folder(tmp_path: Path):
    def hash_of(folder: str, text: str, **env: str) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        return config(write(tmp_path / folder, text), {**LOGIN, **env}).hash

    once = hash_of("a", ISSUE)
    assert once.startswith("sha256:")
    assert len(once) == 7 + 64
    assert once == hash_of("b", ISSUE, GATE_PASSWORD="other")
    assert once == hash_of("a", "# a comment\n" + ISSUE.replace("min_score: 0.5", "min_score: 0.50"))
    assert once != hash_of("a", ISSUE.replace("seconds: 10", "seconds: 11"))


def test_a_camera_is_changed_when_its_password_is(tmp_path: Path):
    path = write(tmp_path, ISSUE)
    before, after = config(path, LOGIN), config(path, {**LOGIN, "GATE_PASSWORD": "new"})
    assert before == config(path, LOGIN)
    assert before.cameras["front-gate"] != after.cameras["front-gate"]


def test_a_configuration_travels_to_another_process_whole(tmp_path: Path):
    made = config(write(tmp_path, ISSUE), LOGIN)
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again.cameras["front-gate"].url.reveal() == made.cameras["front-gate"].url.reveal()


def test_no_text_of_a_configuration_shows_a_secret(tmp_path: Path):
    made = config(write(tmp_path, ISSUE), {"GATE_USER": "annabel", "GATE_PASSWORD": "hunter2"})
    shown = repr(made) + str(made) + made.model_dump_json()
    assert "hunter2" not in shown
    assert "annabel" not in shown


def test_models_made_in_python_are_checked_like_files(tmp_path: Path):
    made = Config(site={"id": "a"}, cameras={"c": Camera(name="c", url=Url("a.mp4"))})
    assert made.cameras["c"].analyse_fps == 5
    with pytest.raises(ValueError, match="no zone"):
        Camera(name="c", url=Url("a.mp4"), rules={"r": Rule(zone="z", trigger="enter")})


def test_the_environment_of_the_process_is_used_unless_another_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ZW_TEST_HOST", "10.1.1.1")
    path = camera(tmp_path, "", url="rtsp://${ZW_TEST_HOST}/s")
    assert "ZW_TEST_HOST" in os.environ
    assert load(path).config.cameras["gate"].url.reveal() == "rtsp://10.1.1.1/s"


def test_the_files_that_secrets_come_from_are_known(tmp_path: Path):
    """A running system looks at them as it does at its own."""
    whole, part = tmp_path / "url", tmp_path / "token"
    whole.write_text("rtsp://h/s\n")
    part.write_text("s3cret\n")
    file = camera(tmp_path, "", f"file:{whole}")
    file.write_text(file.read_text() + f"  other:\n    url: 'http://h/v?t=${{file:{part}}}&u=${{USER}}'\n")
    assert load(file, {"USER": "me"}).secrets == (whole, part)
