"""Cameras of a running system that rest while nobody is there: who comes is told as ever, and status says how it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.corpus import resting as corpus
from benchmarks.corpus.judge import compare
from benchmarks.corpus.scenarios import scenarios
from pipeline.catalogue import resolve
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.mount import Mount
from pipeline.simulate.scene import Play, hall, render
from pipeline.simulate.scene.render import Codec
from pipeline.simulate.server import RtspServer
from pipeline.types import CameraState
from tests.e2e import school, truth
from tests.e2e.reader import of
from tests.e2e.system import System, assert_whole, wait_for
from tests.redis_server import RedisServer

pytestmark = pytest.mark.slow
EMPTY_S = 14.0
# By camera: how its stream is coded, seconds between key frames, and how much later its rules may be told.
CAMERAS: dict[str, tuple[Codec, float, float]] = {
    "one": ("h264", 1.0, 2.0),
    "two": ("hevc", 2.0, 2.0),
    "seldom": ("h264", 5.0, 2.0),
    "never": ("h264", 1.0, 0.0),
}


SETTING = hall.PLACE, corpus.play_later(hall.PASSING, EMPTY_S)


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RtspServer, dict[str, Mount]]]:
    folder, server, mounts = tmp_path_factory.mktemp("resting"), RtspServer(), {}
    for name, (codec, key_s, _) in CAMERAS.items():
        clip = render(folder / f"{name}.mp4", *SETTING, school.SIZE, school.FPS, codec=codec, key_s=key_s)
        mounts[name] = server.mount(name, clip, restart_on_play=True, loops=2)
    server.mount("for-ever", folder / "one.mp4", restart_on_play=True)
    with server:
        yield server, mounts


@pytest.mark.parametrize("weather", ["trees and a banner", "rain"])
def test_a_yard_with_trees_or_rain_comes_to_rest_and_misses_nobody(weather: str, tmp_path: Path) -> None:
    scene = corpus.later(next(one for one in scenarios() if one.name == weather), 45.0)
    clip = scene.record(tmp_path / "scene.mp4", "h264", 25)
    model = resolve("builtin", {})
    detector = PersonDetector(open_session(model), model.entry)
    resting: dict[float, bool] = {}
    playing = corpus.Played(clip, scene.watched, detector, 5.0)
    for at, _ in playing:
        assert playing.rest is not None
        resting[at] = playing.rest.resting
    score = compare(playing.told, scene.expected, 5.0)
    assert (score.misses, score.extras) == (Counter(), Counter())
    # Key frames come once a second, pictures five times.
    assert any(rests for at, rests in resting.items() if 25 < at < 45)
    assert playing.decoded < 0.8 * playing.pictures


@pytest.mark.timeout(180)
def test_who_comes_to_a_camera_that_rests_is_told_as_by_one_that_does_not(
    mounted: tuple[RtspServer, dict[str, Mount]], tmp_path: Path
) -> None:
    server, mounts = mounted
    cameras = {}
    for name, (_, _, within_s) in CAMERAS.items():
        watched = school.watched(SETTING)
        watched["rules"] = {rule: {**keys, "within_s": within_s} for rule, keys in watched["rules"].items()}
        cameras[name] = {"url": server.url(name), **watched}
    with System(tmp_path, cameras, {}) as system:
        for name in ("one", "two"):
            wait_for(f"{name} to rest", lambda name=name: system.camera(name)["state"] == CameraState.RESTING)
        wait_for("seldom's key frames", lambda: "apart" in (system.camera("seldom")["wakeful"] or ""))
        told = system.call("status").stdout
        assert told.count("watching (key frames)") == 2
        assert (
            "seldom: all its pictures are decoded: its key frames are 5.0 s apart: set its key frame interval" in told
        )
        assert "never: all its pictures are decoded: `within_s` of a rule is 0" in told
        resting = system.camera("one")
        assert resting["state"] == CameraState.RESTING
        assert resting["fps_in"] > 0.7 * school.FPS
        assert resting["decoded"] < 0.8 * system.camera("never")["decoded"]
        for name, mount in mounts.items():
            assert mount.finished.wait(100), f"{name} has not been played to its end"
        wait_for("the last closed", lambda: not any(system.camera(name)["open_incidents"] for name in CAMERAS))
        assert system.stop() == 0
        events = system.journal()
    assert_whole(events)
    for name, mount in mounts.items():
        began = mount.log[0].wall - mount.log[0].at
        expected = school.expected(SETTING, 2 * SETTING[1].seconds)
        truth.assert_same(expected, of(events, name), began, school.TOLERANCE_S)


@pytest.mark.timeout(120)
def test_a_rule_that_cannot_wait_any_longer_wakes_the_camera(
    mounted: tuple[RtspServer, dict[str, Mount]], tmp_path: Path
) -> None:
    server, _ = mounted
    watched = school.watched(SETTING)
    with System(tmp_path, {"one": {"url": server.url("for-ever"), **watched}}, {}) as system:
        wait_for("it to rest", lambda: system.camera("one")["state"] == CameraState.RESTING)
        system.told["cameras"]["one"]["rules"]["mat"]["within_s"] = 0
        system.write()
        wait_for("it to wake", lambda: system.camera("one")["wakeful"] == "`within_s` of a rule is 0")
        assert system.camera("one")["connections"] == 1
        assert system.stop() == 0


@pytest.mark.timeout(120)
def test_who_calls_on_the_channel_wakes_that_camera_and_no_other(tmp_path: Path) -> None:
    clip = render(tmp_path / "empty.mp4", hall.PLACE, Play(10.0), school.SIZE, school.FPS)
    server = RtspServer()
    for name in ("gate", "hall"):
        server.mount(name, clip)
    with server, RedisServer() as store:
        cameras = {name: {"url": server.url(name), **school.watched(SETTING)} for name in ("gate", "hall")}
        told = {"redis": {"url": store.url, "wake_channel": "zonewatch:wake"}}
        with System(tmp_path / "run", cameras, {}, alerts=told) as system:
            for name in cameras:
                wait_for(f"{name} to rest", lambda name=name: system.camera(name)["state"] == CameraState.RESTING)
            assert store.client().publish("zonewatch:wake", "gate") == 1
            wait_for("it to wake", lambda: system.camera("gate")["state"] == CameraState.WATCHING)
            assert system.camera("hall")["state"] == CameraState.RESTING
            wait_for("it to rest", lambda: system.camera("gate")["state"] == CameraState.RESTING)
            assert system.stop() == 0
