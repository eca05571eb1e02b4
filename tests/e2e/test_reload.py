"""A running system: its file changes, a second one is started, it is told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.simulate.server import RtspServer
from tests.conftest import ROOT
from tests.e2e import school
from tests.e2e.system import STOPPED, System, assert_all_delivered, assert_whole, gone, wait_for
from tests.redis_server import RedisServer

pytestmark = pytest.mark.slow
AT_START = ("kept", "edited", "removed")


@pytest.fixture(scope="module")
def server(passing: Path) -> Iterator[RtspServer]:
    """Cameras that show the same at the same time."""
    server = RtspServer()
    for name in (*AT_START, "added"):
        server.mount(name, passing)
    with server:
        yield server


@pytest.fixture(scope="module")
def system(
    server: RtspServer,
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: RedisServer,
) -> Iterator[System]:
    """Three cameras in one worker; a fourth waits to be added."""
    cameras = {name: {"url": server.url(name), **school.watched(school.PASSING)} for name in AT_START}
    folder, alerts = tmp_path_factory.mktemp("reload"), {"redis": {"url": redis_server.url}}
    with System(folder, cameras, {}, alerts=alerts) as system:
        for name in AT_START:
            system.wait_for_opened(name)
            # An alert is in the journal before the report of the second in which it was decided.
            wait_for(f"the report of {name}", lambda name=name: system.camera(name)["state"].startswith("watching"))
        yield system


def read_again(system: System) -> int:
    return system.log().count("the configuration was read again")


def change(system: System) -> None:
    """Write the file, and wait until it has been read."""
    before = read_again(system)
    system.write()
    wait_for("the file to be read again", lambda: read_again(system) > before)


def test_while_all_is_well_the_status_says_so(system: System) -> None:
    ended = system.call("status")
    assert ended.returncode == 0, ended.stdout
    assert all(name in ended.stdout for name in AT_START)
    told = json.loads(system.call("status", "--json").stdout)
    assert told["running"]
    assert told["cameras"]["kept"]["state"].startswith("watching")
    assert told["backlog"]["waiting"] in (0, 1, 2)


def test_a_second_run_on_the_same_journal_is_refused(system: System) -> None:
    ended = system.call("run")
    assert ended.returncode == 1
    assert "already running" in ended.stderr
    assert str(system.raw_status()["pid"]) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_journal_in_the_same_folder_is_that_of_another_system(system: System) -> None:
    other = system.folder / "other.yaml"
    other.write_text(yaml.safe_dump({**system.told, "alerts": {"journal": "var/other.db"}}))
    command = [*system.command("status")[:-1], str(other)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == 1
    assert "it has never run here" in ended.stdout


def test_a_secret_file_that_changes_is_read_again(server: RtspServer, tmp_path: Path) -> None:
    """Also where a mount swaps it by links, as Kubernetes does."""
    for name in ("kept", "added"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "url").write_text(server.url(name))
    current = tmp_path / "current"
    current.symlink_to("kept")
    with System(tmp_path / "run", {"one": {"url": f"file:{current}/url"}}, {}) as system:
        wait_for("the first camera", lambda: system.camera("one").get("decoded"))
        assert system.camera("one")["source"].endswith("/kept")
        (tmp_path / "next").symlink_to("added")
        (tmp_path / "next").replace(current)
        wait_for("the other one", lambda: system.camera("one").get("source", "").endswith("/added"))
        assert system.stop() == 0


def test_a_file_with_mistakes_changes_nothing(system: System) -> None:
    good, workers, reads = system.file.read_text(), system.raw_status()["workers"], read_again(system)
    for broken in ("site: {id: test}\ncameras: {cam: [}\n", "cameras: {}\n"):
        said = system.log().count("the one before stays in force")
        system.file.write_text(broken)
        wait_for("the complaint", lambda said=said: system.log().count("the one before stays in force") > said)
    assert set(system.raw_status()["cameras"]) == set(AT_START)
    system.file.write_text(good)
    wait_for("the good one to be read", lambda: read_again(system) > reads)
    assert system.raw_status()["workers"] == workers


def test_sighup_reads_the_file_again(system: System) -> None:
    """Also when the clock of its disk says that nothing has changed."""
    assert system.process is not None
    reads, workers = read_again(system), system.raw_status()["workers"]
    system.process.send_signal(signal.SIGHUP)
    wait_for("the file to be read", lambda: read_again(system) > reads)
    assert system.raw_status()["workers"] == workers


def test_a_changed_file_applies_the_difference_only(system: System, server: RtspServer) -> None:
    """One camera goes, one comes, one gets another zone, and one is left alone while somebody is in its zone."""
    cameras = system.told["cameras"]
    removed = system.wait_for_visit("removed", "mat")
    system.wait_for_opened("kept", len(system.opened("removed", "mat")), rule="mat")
    kept = system.opened("kept", "mat")[-1]["data"]["incident"]
    del cameras["removed"]
    cameras["added"] = {"url": server.url("added"), **school.watched(school.PASSING)}
    cameras["edited"]["zones"]["right-half"] = {"polygon": [[0.5, 0.3], [1, 0.3], [1, 1], [0.5, 1]]}
    cameras["edited"]["rules"] = {"in-the-right-half": {"zone": "right-half", "trigger": "inside"}}
    change(system)

    assert system.wait_for_close(removed) == "camera_reconfigured"
    assert system.wait_for_close(kept) == "left_zone"
    system.wait_for_opened("added")
    system.wait_for_opened("edited", rule="in-the-right-half")
    wait_for("the removed one to be gone", lambda: set(system.raw_status()["cameras"]) == {"kept", "edited", "added"})
    assert system.camera("kept")["connections"] == system.camera("edited")["connections"] == 1
    count = len(system.opened("removed"))
    system.wait_for_opened("kept", len(system.opened("kept")) + 2)
    assert len(system.opened("removed")) == count


def test_a_camera_with_a_mistake_is_left_out_and_the_others_run(system: System) -> None:
    system.told["cameras"]["mistaken"] = {"url": "rtsp://192.0.2.1/s", "analyze_fps": 5}
    change(system)
    wait_for("the status", lambda: system.camera("mistaken").get("state") == "bad_config")
    assert "analyze_fps" in system.camera("mistaken")["error"]
    assert "camera mistaken is left out" in system.log()
    assert system.camera("kept")["connections"] == 1
    system.wait_for_opened("kept", len(system.opened("kept")) + 1)
    ended = system.call("status")
    assert ended.returncode == 1
    assert "analyze_fps" in ended.stdout


def test_a_mistake_that_comes_into_a_running_camera_leaves_it_as_it_was(system: System) -> None:
    rules = system.told["cameras"]["kept"]["rules"]
    name, rule = next((name, rule) for name, rule in rules.items() if "zone" in rule)
    rules[name] = {**rule, "zone": "nowhere"}
    change(system)
    wait_for("the status", lambda: "nowhere" in (system.camera("kept").get("error") or ""))
    assert "camera kept is watched on as it was" in system.log()
    system.wait_for_opened("kept", len(system.opened("kept")) + 1)
    assert system.camera("kept")["connections"] == 1
    assert system.call("status").returncode == 1
    rules[name] = rule
    change(system)
    wait_for("the mistake to be gone", lambda: not system.camera("kept").get("error"))


def test_a_rule_of_the_site_replaces_the_processes_and_loses_nothing(system: System, redis_server: RedisServer) -> None:
    """What every process has read once: all are started anew, in order."""
    del system.told["cameras"]["mistaken"]
    system.told["detector"] = {"min_score": 0.45}
    incident = system.wait_for_visit("kept", "mat")
    pids = system.pids()
    change(system)
    assert system.wait_for_close(incident) == "shutdown"
    wait_for("the old processes to end", lambda: all(map(gone, pids)))
    system.wait_for_opened("kept", len(system.opened("kept")) + 1)
    assert_all_delivered(system, redis_server.client())


def test_sigterm_ends_in_order(system: System, redis_server: RedisServer) -> None:
    """Within its time, with exit code 0; what was open is closed and delivered."""
    system.wait_for_visit("kept", "mat")
    pids = system.pids()
    assert system.stop(STOPPED) == 0
    assert all(map(gone, pids))
    incidents = {event["data"]["incident"]: event["data"] for event in system.journal()}
    assert {data["state"] for data in incidents.values()} == {"closed"}
    assert system.raw_status()["state"] == "stopped"
    assert system.call("status").returncode == 1
    assert_all_delivered(system, redis_server.client())
    assert_whole(system.journal())
    assert "Traceback" not in system.log()
