"""People who go through a door, and an access system's grants: live by a Redis stream, and in a recording by a list."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import Event
from tests.conftest import ROOT
from tests.e2e import school
from tests.e2e.replaying import events, replay, write_config
from tests.e2e.system import System, wait_for
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
CAMERA, STREAM = "passing", "zonewatch:access"
WATCHED = school.watched(school.PASSING)
LINE = next(iter(WATCHED["lines"]))
DOOR = {"line": LINE, "door": "north", "seconds": 20}
RULES: dict[str, Any] = {
    "over": {"trigger": "cross", "line": LINE},
    "without": {"trigger": "unbadged", **DOOR},
    "behind": {"trigger": "tailgate", **DOOR},
    "unused": {"trigger": "unused_grant", **DOOR},
}
START = 1_795_000_000.0


def configured(folder: Path) -> Path:
    redis = {"url": "redis://localhost", "access_stream": STREAM}
    cameras = {CAMERA: {"url": "x.mp4", **WATCHED, "rules": RULES}}
    return write_config(folder / "streams.yaml", cameras, alerts={"redis": redis})


def told(found: list[Event]) -> Counter[str]:
    return Counter(event["data"]["rule"] for event in found if event["data"]["state"] == "opened")


def replayed(folder: Path, video: Path, grants: str | None) -> tuple[Counter[str], str, list[float]]:
    options = ["--start", "2026-11-18T11:06:40+00:00"]
    if grants is not None:
        (folder / "grants.csv").write_text(grants)
        options += ["--access", str(folder / "grants.csv")]
    done = replay(configured(folder), CAMERA, video, options=tuple(options))
    found = events(done)
    crossed = [
        e["data"]["times"]["media_s"] for e in found if e["data"]["rule"] == "over" and e["data"]["revision"] == 1
    ]
    return told(found), done.stderr, crossed


def test_a_recording_with_and_without_grants(passing: Path, tmp_path: Path):
    found, said, crossed = replayed(tmp_path, passing, None)
    assert set(found) == {"over"}
    assert "nothing tells of grants, so behind, unused, without say nothing: give --access." in said
    found, _, _ = replayed(tmp_path, passing, "time,door\n")
    assert found == {"over": len(crossed), "without": len(crossed)}
    times = "time,door\n" + "".join(_line(START + at - 1) for at in crossed)
    found, _, _ = replayed(tmp_path, passing, times)
    assert found == {"over": len(crossed)}


def _line(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).isoformat()},north\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when,door\n1,north\n", "has no column time"),
        ("time,door\nnoon,north\n", "grants.csv:2: `noon` is no time"),
        ("time,door\n2026-11-18T15:06:40,\n", "grants.csv:2: names no door"),
    ],
)
def test_a_list_that_cannot_be_read_is_told_with_its_line(passing: Path, tmp_path: Path, text: str, words: str):
    (tmp_path / "grants.csv").write_text(text)
    done = replay(configured(tmp_path), CAMERA, passing, options=("--access", str(tmp_path / "grants.csv")))
    assert done.returncode == 2
    assert words in done.stderr


def test_live_who_has_no_grant_is_told_and_who_has_one_is_not(passing: Path, tmp_path: Path, redis_server: RedisServer):
    server = RtspServer()
    server.mount(CAMERA, passing)
    with server:
        cameras = {CAMERA: {"url": server.url(CAMERA), **WATCHED, "rules": RULES}}
        alerts = {"redis": {"url": redis_server.url, "access_stream": STREAM}}
        with System(tmp_path / "run", cameras, {}, alerts=alerts, ledger={}) as system:
            system.wait_for_opened(CAMERA, 2, rule="without", within=60)
            for _ in range(20):
                redis_server.client().xadd(STREAM, {"door": "north"})
            before = len(system.opened(CAMERA, "over"))
            wait_for("more crossings", lambda: len(system.opened(CAMERA, "over")) >= before + 3, 60)
            assert len(system.opened(CAMERA, "without")) <= before
            assert system.stop() == 0
            found = system.journal()
            done = replay_ledger(system)
    assert told(found)["without"] < told(found)["over"]
    assert [json.loads(line)["id"] for line in done] == [event["id"] for event in found]


def replay_ledger(system: System) -> list[str]:
    command = [sys.executable, "-m", "pipeline", "replay", "--ledger", str(system.folder / "var/ledger")]
    done = subprocess.run([*command, "--camera", CAMERA], capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
