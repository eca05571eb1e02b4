"""Real clips as RTSP cameras, through `zonewatch run` and a real Redis, read by a plain `redis-cli XREADGROUP`."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.server import RtspServer
from pipeline.sinks.message import Event
from tests.conftest import find
from tests.e2e import truth
from tests.e2e.conftest import encoded
from tests.e2e.system import STREAM, System, assert_all_delivered, assert_whole, wait_for
from tests.gst import gst_server
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.footage, pytest.mark.slow]
GROUP, USER, PASSWORD = "guards", "viewer", "s3cret:p@ss/word"
# The first visit of the hall, and no other.
SHORT_S = 20.0


class Reader:
    """A consumer group, read by redis-cli as any other program would."""

    def __init__(self, server: RedisServer) -> None:
        self._command = [find("redis-cli", "valkey-cli"), "-s", str(server.socket), "--json"]
        self.entries: list[tuple[str, dict[str, str]]] = []
        self._ask("XGROUP", "CREATE", STREAM, GROUP, "0", "MKSTREAM")

    def _ask(self, *words: str) -> Any:
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, check=True, timeout=20)
        return json.loads(done.stdout)

    def read(self) -> list[Event]:
        """What has come since the last time, added to `entries`; all events so far."""
        told = self._ask("XREADGROUP", "GROUP", GROUP, "me", "COUNT", "1000", "STREAMS", STREAM, ">")
        for entry, flat in (told or {}).get(STREAM, []):
            fields = dict(zip(flat[::2], flat[1::2], strict=True)) if isinstance(flat, list) else flat
            self.entries.append((entry, fields))
            self._ask("XACK", STREAM, GROUP, entry)
        return [json.loads(fields["data"]) for _, fields in self.entries]

    def latencies(self) -> list[float]:
        """Seconds from the arrival of the deciding picture until the opening was an entry of Redis."""
        found = []
        for entry, fields in self.entries:
            received = json.loads(fields["data"])["data"]["times"]["received"]
            if fields["state"] == "opened" and received:
                found.append(int(entry.partition("-")[0]) / 1000 - datetime.fromisoformat(received).timestamp())
        return found


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A fresh one for each test: the whole stream is looked at."""
    with RedisServer() as server:
        yield server


def of(events: list[Event], camera: str) -> list[Event]:
    return [event for event in events if event["data"]["camera"] == camera]


def say_latency(found: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """The bound is for machines that do much else at the same time; an idle one takes a tenth of it."""
    assert statistics.median(found) < 1.0
    with capsys.disabled():
        print(
            f"\npicture arrived -> alert in Redis: median {statistics.median(found) * 1000:.0f} ms, "
            f"longest {max(found) * 1000:.0f} ms, {len(found)} alerts"
        )


@pytest.mark.timeout(240)
def test_each_clip_played_once_gives_exactly_what_happens_in_it(
    footage: Path,
    models_env: dict[str, str],
    tmp_path: Path,
    redis_server: RedisServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = RtspServer(user=USER, password=PASSWORD)
    mounts = {
        name: server.mount(name, footage / file, restart_on_play=True, loops=1) for name, file in truth.FILES.items()
    }
    reader = Reader(redis_server)
    with server:
        cameras = {
            name: {
                "url": f"rtsp://{USER}:${{CAM_PASSWORD}}@127.0.0.1:{server.port}/{name}",
                **truth.watched(footage, name),
            }
            for name in truth.FILES
        }
        env = {**models_env, "CAM_PASSWORD": PASSWORD}
        with System(tmp_path / "run", cameras, env, alerts={"redis": {"url": redis_server.url}}) as system:
            for name, mount in mounts.items():
                assert mount.finished.wait(170), f"{name} has not been played to its end"
            # The last visit ends 4.5 s before the hall's clip does.
            wait_for("the last closed", lambda: all(not system.camera(name)["open_incidents"] for name in mounts))
            assert_all_delivered(system, redis_server.client())
            events = reader.read()
            assert system.stop() == 0
            assert reader.read() == events, "stopping told something new"
    for name, mount in mounts.items():
        began = mount.log[0].wall - mount.log[0].at
        truth.assert_same(truth.visits(footage, name), of(events, name), began)
    assert_whole(events)
    assert {event["id"] for event in events} == {fields["id"] for _, fields in reader.entries}
    assert PASSWORD not in system.log()
    say_latency(reader.latencies(), capsys)


@pytest.mark.timeout(200)
def test_cameras_of_another_maker_give_the_same(
    footage: Path,
    models_env: dict[str, str],
    tmp_path: Path,
    redis_server: RedisServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """GStreamer's server: H.264 over TCP and UDP, H.265 over TCP. One alert a loop, none twice."""
    hall = encoded(footage / truth.FILES["hall"], tmp_path / "hall.mp4", codec="libx265", span=(0.0, SHORT_S))
    clips = {"hall": hall, **{name: footage / truth.FILES[name] for name in ("warehouse", "car-park")}}
    reader = Reader(redis_server)
    with gst_server(clips, USER, PASSWORD) as port:
        url = f"rtsp://{USER}:${{CAM_PASSWORD}}@127.0.0.1:{port}/"
        cameras = {name: {"url": url + name, **truth.watched(footage, name)} for name in clips}
        cameras["warehouse"]["transport"] = "udp"
        env = {**models_env, "CAM_PASSWORD": PASSWORD}
        with System(tmp_path / "run", cameras, env, alerts={"redis": {"url": redis_server.url}}) as system:
            codecs = {"hall": "hevc", "warehouse": "h264", "car-park": "h264"}
            wait_for("pictures", lambda: {name: system.camera(name)["codec"] for name in clips} == codecs)
            system.wait_for_opened("car-park", within=60)
            system.wait_for_opened("warehouse", 4)
            wait_for("the visit to end", lambda: not system.camera("car-park")["open_incidents"])
            assert system.stop() == 0
            assert_all_delivered(system, redis_server.client())
    events = reader.read()
    assert_whole(events)
    assert len(opened := [e for e in of(events, "car-park") if e["data"]["state"] == "opened"]) == 1, opened
    assert_loops(of(events, "warehouse"), "walkway", 10.2)
    assert_loops(of(events, "warehouse"), "bay", 10.2)
    assert_loops(of(events, "hall"), "table", SHORT_S)
    say_latency(reader.latencies(), capsys)


def assert_loops(events: list[Event], rule: str, length: float) -> None:
    """One opening a loop: none missing, none doubled."""
    at = [e["data"]["times"]["media_s"] for e in events if e["data"]["state"] == "opened" and e["data"]["rule"] == rule]
    assert at, f"{rule}: nothing"
    for before, after in pairwise(at):
        assert abs(after - before - length) <= 2 * truth.TOLERANCE_S, (rule, at)
