"""Real clips against what is known to happen in them: replayed by each model, and live."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import canonical
from tests import golden
from tests.conftest import ROOT
from tests.e2e import truth
from tests.e2e.reader import Reader, of, say_latency
from tests.e2e.replaying import events, replay, write_config
from tests.e2e.system import System, assert_all_delivered, assert_whole, wait_for
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.footage, pytest.mark.slow]
USER, PASSWORD = "viewer", "s3cret:p@ss/word"


@pytest.mark.parametrize("camera", truth.FILES)
@pytest.mark.parametrize("model", ["builtin", "yolox-nano", "deimv2-femto"])
def test_replay_says_what_happens_in_the_clip_and_nothing_else(
    model: str, camera: str, footage: Path, models_env: dict[str, str], tmp_path: Path
) -> None:
    cameras = {camera: {"url": "x.mp4", **truth.watched(footage, camera)}}
    config = write_config(tmp_path / "streams.yaml", cameras, detector={"model": model})
    told = events(replay(config, camera, footage / truth.FILES[camera], env=models_env))
    truth.assert_same(truth.visits(footage, camera), told)
    assert_whole(told)


@pytest.mark.timeout(240)
def test_each_clip_played_once_gives_exactly_what_happens_in_it(
    footage: Path, tmp_path: Path, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server = RtspServer(user=USER, password=PASSWORD)
    mounts = {
        name: server.mount(name, footage / file, restart_on_play=True, loops=1) for name, file in truth.FILES.items()
    }
    reader = Reader(redis_server)
    with server:
        url = f"rtsp://{USER}:${{CAM_PASSWORD}}@127.0.0.1:{server.port}/"
        cameras = {name: {"url": url + name, **truth.watched(footage, name)} for name in truth.FILES}
        for name, camera in cameras.items():
            add_golden(camera, golden.camera(name).model_dump(mode="json"))
        alerts = {"redis": {"url": redis_server.url}}
        with System(tmp_path / "run", cameras, {"CAM_PASSWORD": PASSWORD}, alerts=alerts, ledger={}) as system:
            for name, mount in mounts.items():
                assert mount.finished.wait(170), f"{name} has not been played to its end"
            # The last visit ends 4.5 s before the hall's clip does.
            wait_for("the last closed", lambda: all(not system.camera(name)["open_incidents"] for name in mounts))
            assert_all_delivered(system, redis_server.client())
            told = reader.read()
            assert system.stop() == 0
    for name, mount in mounts.items():
        own = [event for event in of(told, name) if not event["data"]["rule"].startswith("golden")]
        truth.assert_same(truth.visits(footage, name), own, mount.log[0].wall - mount.log[0].at)
        assert relived(system.folder / "var/ledger", name) == feed_of(system, name)
    assert_whole(told)
    say_latency(reader.latencies(), capsys)


def add_golden(camera: dict[str, Any], one: dict[str, Any]) -> None:
    """A rule of each kind beside its own."""
    for key in ("zones", "lines"):
        camera[key] = {**camera.get(key, {}), **{f"golden-{name}": shape for name, shape in one[key].items()}}
    for name, rule in golden.RULES.items():
        places = {key: f"golden-{rule[key]}" for key in ("zone", "line") if key in rule}
        if "zones" in rule:
            places["zones"] = [f"golden-{zone}" for zone in rule["zones"]]
        camera["rules"] = {**camera["rules"], f"golden-{name}": {"trigger": name, **rule, **places}}


def relived(ledger: Path, camera: str) -> list[str]:
    command = [sys.executable, "-m", "pipeline", "replay", "--ledger", str(ledger), "--camera", camera]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def feed_of(system: System, camera: str) -> list[str]:
    return [canonical(event) for event in system.journal() if event["data"]["camera"] == camera]
