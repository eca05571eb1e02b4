"""`zonewatch armed`: what is armed at a time, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from pipeline.commands.armed import armed
from pipeline.sinks.mode_log import ModeLog

FILE = """
site: {id: oak, timezone: America/New_York}
calendars:
  oak:
    holidays: 2026-11-26 Thanksgiving
    periods: {hours: "mon-fri 07:30-16:00", night: daily 22:00-06:00}
cameras:
  hall:
    url: rtsp://viewer:hunter2@h/s
    zones: {z: {polygon: [[0, 0], [1, 0], [1, 1]]}}
    rules:
      after-hours: {trigger: enter, zone: z, schedule: outside hours, severity_during: {night: critical}}
      all-day: {trigger: enter, zone: z}
  off:
    url: rtsp://h/s
    enabled: false
    zones: {z: {polygon: [[0, 0], [1, 0], [1, 1]]}}
    rules: {r: {trigger: enter, zone: z}}
"""


def run(tmp_path: Path, *words: str, text: str = FILE) -> Result:
    app = typer.Typer()
    app.command()(armed)
    path = tmp_path / "streams.yaml"
    path.write_text(text)
    return CliRunner().invoke(app, [str(path), *words])


@pytest.mark.parametrize(
    ("at", "is_armed", "severity", "why"),
    [
        ("2026-11-25 10:00", False, "medium", "hours"),
        ("2026-11-25 16:00", True, "medium", "not hours"),
        ("2026-11-26 10:00", True, "medium", "not hours (Thanksgiving)"),
        ("2026-11-26T03:00", True, "critical", "not hours (Thanksgiving)"),
    ],
)
def test_each_rule_is_told_with_its_reason(tmp_path: Path, at: str, is_armed: bool, severity: str, why: str):
    first, *others = (json.loads(line) for line in run(tmp_path, "--at", at, "--json").stdout.splitlines())
    assert (first["rule"], first["armed"], first["severity"], first["why"]) == ("after-hours", is_armed, severity, why)
    assert [(one["rule"], one["armed"], one["why"]) for one in others] == [
        ("all-day", True, "always"),
        ("r", False, "the camera is not enabled"),
    ]


def test_people_read_a_table_with_the_day(tmp_path: Path):
    told = run(tmp_path, "--at", "2026-11-26 10:00").stdout
    assert told.startswith("Thursday, 2026-11-26 10:00 (America/New_York)\n")
    assert "not armed" in told
    assert "hunter2" not in told


def test_now_is_asked_for_if_no_time_is_given(tmp_path: Path):
    assert "all-day" in run(tmp_path).stdout


def test_a_time_that_is_none_and_a_file_with_a_mistake_end_in_words(tmp_path: Path):
    assert run(tmp_path, "--at", "noon").exit_code == 2
    wrong = run(tmp_path, text=FILE.replace("mon-fri", "mon-fry"))
    assert wrong.exit_code != 0


def test_now_is_what_the_mode_makes_of_it_and_another_time_is_not(tmp_path: Path):
    ModeLog(tmp_path / "var/alerts.db", "oak").set("maintenance", "ann", "painters")
    text = FILE.replace("calendars:", "modes: {maintenance: {disarm: [all]}}\ncalendars:", 1)
    rows = [json.loads(line) for line in run(tmp_path, "--json", text=text).output.splitlines()]
    assert [row["armed"] for row in rows] == [False, False, False]
    assert rows[0]["why"] == "maintenance by ann: painters"
    later = run(tmp_path, "--json", "--at", "2026-11-20 17:00", text=text)
    assert [json.loads(line)["armed"] for line in later.output.splitlines()] == [True, True, False]
