"""A camera watched live with a ledger, and judged again from it: the feed's own bytes, without a picture decoded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import Event, canonical
from tests.conftest import ROOT
from tests.e2e import school
from tests.e2e.replaying import write_config
from tests.e2e.system import System, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CAMERA = "passing"
WATCHED = school.watched(school.PASSING)
EXTRA = {
    "busy": {"trigger": "occupancy", "zone": "mat", "people": {"max": 0}, "seconds": 0.4},
    "deserted": {"trigger": "absence", "zone": "mat", "seconds": 2},
    "back": {"trigger": "disappear", "zone": "mat", "state": "shadow"},
}


@pytest.fixture
def system(passing: Path, tmp_path: Path) -> Iterator[System]:
    server = RtspServer()
    server.mount(CAMERA, passing)
    with server:
        watched = {**WATCHED, "rules": {**WATCHED["rules"], **EXTRA}}
        cameras = {CAMERA: {"url": server.url(CAMERA), **watched}}
        with System(tmp_path / "run", cameras, {}, ledger={"folder": "ledger"}) as system:
            yield system


def relive(system: System, *options: str) -> subprocess.CompletedProcess[str]:
    """Without the configuration, which it needs none of."""
    command = [sys.executable, "-m", "pipeline", "replay", "--ledger", str(system.folder / "ledger")]
    command += ["--camera", CAMERA, "--config", "/nowhere.yaml", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100, check=False)


def on_feed(system: System) -> list[str]:
    return [canonical(event) for event in system.journal() if event["type"].startswith("zone.")]


def rules_of(events: list[Event]) -> set[str]:
    return {event["data"]["rule"] for event in events}


def test_the_hour_comes_back_to_the_byte(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """Through another mode and other rules."""
    visits = len(WATCHED["rules"])
    system.wait_for_opened(CAMERA, visits + 2)
    assert system.call("mode", "--set", "drill", "--by", "ann", "--why", "monthly").returncode == 0
    wait_for("an alert of the drill", lambda: any(event["data"].get("mode") == "drill" for event in system.journal()))
    rules = system.told["cameras"][CAMERA]["rules"]
    rules["later"] = {"trigger": "dwell", "zone": "mat", "seconds": 0.6, "severity": "critical"}
    del rules["deserted"]
    system.write()
    wait_for("the new rule", lambda: system.opened(CAMERA, "later"), 60)
    system.wait_for_opened(CAMERA, 2, rule="later")
    assert system.stop() == 0
    feed = on_feed(system)
    done = relive(system)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == feed
    assert relive(system).stdout == done.stdout
    assert {"busy", "deserted", "later", *WATCHED["rules"]} <= rules_of([json.loads(line) for line in feed])
    size = sum(path.stat().st_size for path in (system.folder / "ledger").rglob("*.gz"))
    with capsys.disabled():
        print(f"\n{done.stderr.splitlines()[0]}; {size} bytes", end="")


def test_a_part_of_the_hour_is_asked_for_by_time(system: System) -> None:
    system.wait_for_opened(CAMERA, 6)
    assert system.stop() == 0
    feed = on_feed(system)
    middle = json.loads(feed[len(feed) // 2])["data"]["times"]["emitted"]
    at = datetime.fromisoformat(middle)
    done = relive(system, "--since", middle, "--config", str(system.file))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line)["data"]["times"]["emitted"] for line in done.stdout.splitlines()]
    assert found
    assert all(datetime.fromisoformat(one) >= at for one in found)
    before = relive(system, "--until", middle, "--config", str(system.file)).stdout.splitlines()
    assert before + done.stdout.splitlines() == feed


def test_a_killed_worker_costs_a_second_of_it_and_what_it_had_open_is_there(system: System) -> None:
    system.wait_for_visit(CAMERA, "mat")
    kill_worker(system)
    killed = time.time()
    wait_for("the orphans to be closed", lambda: any(lost(event) for event in system.journal()))
    system.wait_for_opened(CAMERA, len(system.opened(CAMERA)) + 3)
    assert system.stop() == 0
    feed = on_feed(system)
    done = relive(system)
    found = done.stdout.splitlines()
    missing = [json.loads(line)["data"]["times"]["emitted"] for line in feed if line not in found]
    assert [line for line in feed if line in found] == found
    assert all(-5 < datetime.fromisoformat(one).timestamp() - killed < 0.1 for one in missing)
    assert any(lost(json.loads(line)) for line in found)


def kill_worker(system: System) -> None:
    os.kill(system.worker_of(CAMERA)["pid"], signal.SIGKILL)


def lost(event: Event) -> bool:
    return bool(event["data"].get("why", {}).get("closed_because") == "worker_lost")


def test_other_rules_are_tried_on_it(system: System, tmp_path: Path) -> None:
    system.wait_for_opened(CAMERA, 6)
    assert system.stop() == 0
    rules: dict[str, Any] = {**WATCHED["rules"], "mat": {**WATCHED["rules"]["mat"], "severity": "critical"}}
    other = write_config(tmp_path / "other.yaml", {CAMERA: {"url": "x.mp4", **WATCHED, "rules": rules}})
    done = relive(system, "--against", str(other))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["change"] for one in found if one["rule"] == "mat"} == {"moved"}
    assert {one["change"] for one in found if one["rule"] in EXTRA} == {"lost"}
    assert {one["rule"] for one in found} >= {"mat", "busy"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["clip.mp4"], "is for videos"),
        (["--fps", "3"], "is for videos"),
        (["--against", "x.yaml", "--pictures", "p"], "is for videos"),
        (["--since", "yesterday"], "is no time"),
        (["--ledger", "nowhere"], "has no ledger of camera passing"),
    ],
)
def test_what_cannot_be_done_with_a_ledger_is_said(options: list[str], words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "replay", "--ledger", str(tmp_path), "--camera", CAMERA, *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100, check=False)
    assert done.returncode in (1, 2)
    assert words in " ".join(done.stderr.replace("│", " ").split())
