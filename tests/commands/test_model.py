"""`zonewatch model` as programs and people call it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pipeline.catalogue import entries
from pipeline.commands.model import app
from tests.conftest import ROOT


@pytest.fixture
def zonewatch_model(tmp_path):
    """Run a command on a machine whose only models are in tmp_path."""

    def run(*words: str):
        env = {"ZONEWATCH_MODELS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "300"}
        return CliRunner(env=env).invoke(app, list(words))

    return run


def test_list_shows_every_model_and_where_it_is(zonewatch_model, tmp_path):
    shown = zonewatch_model("list")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(entries())
    assert lines[0].startswith("person-320 (builtin)")
    assert "person-320.onnx" in lines[0]
    assert "not here; can be pulled" in lines[1]
    assert "not here" in lines[2]


def test_list_for_programs_is_one_object_a_line(zonewatch_model):
    rows = [json.loads(line) for line in zonewatch_model("list", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == list(entries())
    assert [row["builtin"] for row in rows] == [True, False, False, False]
    assert [row["path"] is None for row in rows] == [False, True, True, True]


def test_verify_loads_the_model_and_says_which_it_was(zonewatch_model):
    for model in ("builtin", "person-320", str(ROOT / "models" / "person-320.onnx")):
        found = zonewatch_model("verify", model, "--json")
        assert found.exit_code == 0, found.stderr
        assert json.loads(found.stdout)["sha256"] == entries()["person-320"].sha256
    assert "builtin is person-320" in zonewatch_model("verify", "builtin").stdout


def test_verify_of_a_damaged_file_fails(zonewatch_model, tmp_path):
    (tmp_path / "yolox_nano_416.onnx").write_bytes(b"half")
    failed = zonewatch_model("verify", "yolox-nano")
    assert failed.exit_code == 1
    assert "the catalogue says" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_wrong_name_is_wrong_usage(zonewatch_model):
    for command in ("pull", "verify"):
        failed = zonewatch_model(command, "yolo9000")
        assert failed.exit_code == 2
        assert "yolox-nano" in failed.stderr


def test_pull_of_a_model_without_a_url_fails_and_says_what_to_do(zonewatch_model):
    failed = zonewatch_model("pull", "deimv2-atto")
    assert failed.exit_code == 1
    assert "Put deimv2_hgnetv2_atto_coco.onnx into" in failed.stderr
