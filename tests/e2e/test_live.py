"""The drawn school as RTSP cameras, through `zonewatch run` and a real Redis, read by plain `redis-cli XREADGROUP`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import Event
from tests.e2e import school, truth
from tests.e2e.reader import Reader, of, say_latency
from tests.e2e.system import System, assert_all_delivered, assert_whole, wait_for
from tests.gst import gst_server
from tests.redis_server import RedisServer

pytestmark = pytest.mark.slow
USER, PASSWORD = "viewer", "s3cret:p@ss/word"
RATES = (10, 5, 2)
# Of the cameras of another maker.
FILES = {"hevc": "passing-hevc", "udp": "passing", "car-park": "car-park"}
SETTINGS = {"hevc": school.PASSING, "udp": school.PASSING, "car-park": school.CAMERAS["car-park"]}


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A fresh one for each test: the whole stream is looked at."""
    with RedisServer() as server:
        yield server


@pytest.mark.timeout(180)
def test_each_play_gives_exactly_what_happens_in_it_at_any_rate(
    recordings: Path, tmp_path: Path, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nine cameras: the three places, at ten, five and two pictures a second; each plays once."""
    server, mounts, cameras = RtspServer(user=USER, password=PASSWORD), {}, {}
    settings = {f"{place}-{rate}": (place, rate) for place in school.CAMERAS for rate in RATES}
    for name, (place, rate) in settings.items():
        codec = "-hevc" if rate == 5 else ""
        mounts[name] = server.mount(name, recordings / f"{place}{codec}.mp4", restart_on_play=True, loops=1)
        cameras[name] = {"analyse_fps": rate, **school.watched(school.CAMERAS[place])}
    reader, alerts = Reader(redis_server), {"redis": {"url": redis_server.url}}
    with server:
        for name, camera in cameras.items():
            camera["url"] = f"rtsp://{USER}:${{CAM_PASSWORD}}@127.0.0.1:{server.port}/{name}"
        with System(tmp_path / "run", cameras, {"CAM_PASSWORD": PASSWORD}, alerts=alerts) as system:
            for name, mount in mounts.items():
                assert mount.finished.wait(100), f"{name} has not been played to its end"
            wait_for("the last closed", lambda: all(not system.camera(name)["open_incidents"] for name in mounts))
            assert_all_delivered(system, redis_server.client())
            events = reader.read()
            assert system.stop() == 0
            assert reader.read() == events, "stopping told something new"
    for name, (place, _) in settings.items():
        began = mounts[name].log[0].wall - mounts[name].log[0].at
        truth.assert_same(school.expected(school.CAMERAS[place]), of(events, name), began, school.TOLERANCE_S)
    assert_whole(events)
    assert {event["id"] for event in events} == {fields["id"] for _, fields in reader.entries}
    assert PASSWORD not in system.log()
    say_latency(reader.latencies(), capsys)


@pytest.mark.timeout(200)
def test_cameras_of_another_maker_give_the_same(
    recordings: Path, tmp_path: Path, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """GStreamer's server: H.264 over TCP and UDP, H.265 over TCP. One alert a loop, none twice."""
    clips = {name: recordings / f"{file}.mp4" for name, file in FILES.items()}
    reader = Reader(redis_server)
    with gst_server(clips, USER, PASSWORD) as port:
        url = f"rtsp://{USER}:${{CAM_PASSWORD}}@127.0.0.1:{port}/"
        cameras = {name: {"url": url + name, **school.watched(SETTINGS[name])} for name in clips}
        cameras["udp"]["transport"] = "udp"
        alerts = {"redis": {"url": redis_server.url}}
        with System(tmp_path / "run", cameras, {"CAM_PASSWORD": PASSWORD}, alerts=alerts) as system:
            codecs = {"hevc": "hevc", "udp": "h264", "car-park": "h264"}
            wait_for("pictures", lambda: {name: system.camera(name)["codec"] for name in clips} == codecs)
            system.wait_for_opened("car-park", within=60)
            for name in ("udp", "hevc"):
                system.wait_for_opened(name, 3, rule="mat")
            wait_for("the visit to end", lambda: not system.camera("car-park")["open_incidents"])
            assert system.stop() == 0
            assert_all_delivered(system, redis_server.client())
    events = reader.read()
    assert_whole(events)
    assert len(opened := [e for e in of(events, "car-park") if e["data"]["state"] == "opened"]) == 1, opened
    for name in ("udp", "hevc"):
        for rule in ("mat", "threshold"):
            assert_loops(of(events, name), rule)
    say_latency(reader.latencies(), capsys)


def assert_loops(events: list[Event], rule: str) -> None:
    """One opening a loop: none missing, none doubled."""
    at = [e["data"]["times"]["media_s"] for e in events if e["data"]["state"] == "opened" and e["data"]["rule"] == rule]
    assert len(at) >= 2, f"{rule}: {at}"
    for before, after in pairwise(at):
        assert abs(after - before - school.LOOP_S) <= 2 * school.TOLERANCE_S, (rule, at)
