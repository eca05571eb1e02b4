"""`zonewatch feed`, as a person and as a program use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import Redis
from pipeline.sinks.message import canonical
from pipeline.sinks.outbox import Outbox, Row
from pipeline.sinks.redis_stream import RedisStream
from pipeline.types import IncidentState, Moment, Severity
from tests.redis_server import RedisServer
from tests.sinks.facts import WALL, event, until

COMMAND = [sys.executable, "-m", "pipeline", "feed"]
CONFIG = """
site: {{id: north-campus, timezone: Europe/London}}
alerts: {{journal: alerts.db{redis}}}
cameras: {{front-gate: {{url: nowhere.mp4}}}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration without Redis."""
    path = tmp_path / "streams.yaml"
    path.write_text(CONFIG.format(redis=""))
    return path


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def on_redis(file: Path, server: RedisServer) -> Path:
    """A configuration with Redis."""
    file.write_text(CONFIG.format(redis=f", redis: {{url: '{server.url}', stream: zw}}"))
    return file


class Sent:
    """Puts alerts into the stream, one after the other."""

    def __init__(self, url: str) -> None:
        self._sink = RedisStream(Redis.model_validate({"url": url, "stream": "zw"}), lambda: "test")

    def __call__(self, *numbers: int) -> None:
        for number in numbers:
            mark = self._sink.mark()
            self._sink.deliver(mark, [Row(mark.seq + 1, event(number)["id"], 0.0, canonical(event(number)))])


@pytest.fixture
def send(server: RedisServer) -> Sent:
    return Sent(server.url)


def feed(*arguments: object, code: int = 0) -> str:
    ended = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert ended.returncode == code, ended.stderr
    return ended.stdout if code == 0 else ended.stderr


def numbers(text: str) -> list[int]:
    return [int(json.loads(line)["data"]["incident"], 16) for line in text.splitlines()]


def test_the_journal_is_the_feed_where_there_is_no_redis(file: Path):
    outbox = Outbox(file.with_name("alerts.db"))
    outbox.put(event(0x1A2B3C4D << 32))
    outbox.put(event(2, severity=Severity.LOW, camera="hall", state=IncidentState.CLOSED, dwell_s=12.34))
    first, second = feed(file).splitlines()
    assert " ".join(first.split()) == "2023-11-14 22:13:20 high front-gate someone-at-gate opened gate 0.4 s 1a2b3c4d"
    assert "12.3 s" in second
    assert numbers(feed(file, "--json", "--camera", "hall")) == [2]
    assert numbers(feed(file, "--json", "--severity", "high")) == [0x1A2B3C4D << 32]
    assert numbers(feed(file, "--json", "--since", "1h")) == [0x1A2B3C4D << 32, 2]
    assert feed(file, "--since", "2100-01-01T00:00") == ""


def test_times_are_shown_in_the_time_zone_of_the_site(file: Path):
    summer = Moment(1.0, WALL + 200 * 86400)
    Outbox(file.with_name("alerts.db")).put(event(1, at=summer))
    assert feed(file).startswith("2024-06-01 23:13:20")


def test_a_line_of_json_is_the_whole_event(file: Path):
    Outbox(file.with_name("alerts.db")).put(event(1))
    assert feed(file, "--json") == canonical(event(1)) + "\n"


def test_no_journal_yet_is_said(file: Path):
    assert "There is no journal of alerts" in feed(file, code=1)


def test_a_time_that_is_none_is_refused(file: Path):
    assert "yesterday is no time" in feed(file, "--since", "yesterday", code=2)


def test_what_has_been_seen_does_not_come_again(on_redis: Path, send: Sent):
    send(1, 2)
    assert numbers(feed(on_redis, "--json")) == [1, 2]
    send(3)
    assert numbers(feed(on_redis, "--json")) == [3]
    assert numbers(feed(on_redis, "--json", "--group", "another")) == [1, 2, 3]


def test_what_a_filter_hid_still_comes_without_it(on_redis: Path, send: Sent):
    send(1, 2)
    said = subprocess.run([*COMMAND, on_redis, "--camera", "back-gate"], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout) == (0, "")
    assert "has no camera back-gate now" in said.stderr
    assert numbers(feed(on_redis, "--json", "--severity", "low")) == [1, 2]
    assert numbers(feed(on_redis, "--json")) == [1, 2]
    assert feed(on_redis, "--json") == ""


def test_since_shows_again_and_leaves_the_group_alone(on_redis: Path, send: Sent, server: RedisServer):
    send(1, 2)
    assert numbers(feed(on_redis, "--json", "--since", "1h")) == [1, 2]
    assert server.client().xinfo_groups("zw") == []


def test_what_was_read_but_never_shown_comes_first(on_redis: Path, send: Sent, server: RedisServer):
    send(1, 2)
    assert feed(on_redis, "--group", "g", "--camera", "none") == ""
    (consumer,) = server.client().xinfo_consumers("zw", "g")
    send(3, 4)
    server.client().xreadgroup("g", consumer["name"], {"zw": ">"}, count=1)
    assert numbers(feed(on_redis, "--json", "--group", "g")) == [3, 4]


def test_redis_away_is_an_error_without_the_password(file: Path):
    file.write_text(CONFIG.format(redis=", redis: {url: 'redis://me:s3cret@127.0.0.1:1/0'}"))
    said = feed(file, code=1)
    assert "Redis at redis://***@127.0.0.1:1/0 cannot be reached" in said
    assert "s3cret" not in said


def test_following_waits_for_redis_and_goes_on(on_redis: Path, send: Sent, server: RedisServer):
    send(1)
    command = [*COMMAND, str(on_redis), "--follow", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=0)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert numbers(process.stdout.readline()) == [1]
        server.kill()
        assert "cannot be reached" in process.stderr.readline()
        server.start()
        assert "alerts come again" in process.stderr.readline()
        send(2)
        assert numbers(process.stdout.readline()) == [2]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()


def test_a_journal_that_comes_later_is_followed(file: Path):
    process = subprocess.Popen([*COMMAND, str(file), "-f", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert b"There is no journal" in process.stderr.readline()
        Outbox(file.with_name("alerts.db")).put(event(5))
        assert numbers(process.stdout.readline().decode()) == [5]
    finally:
        process.kill()
        process.communicate()


def test_a_reader_who_leaves_is_no_error_and_what_he_did_not_see_comes_again(on_redis: Path, server: RedisServer):
    send = Sent(server.url)
    send(*range(20))
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run([*COMMAND, str(on_redis)], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert (process.returncode, process.stderr) == (0, "")
    assert until(lambda: numbers(feed(on_redis, "--json"))) == list(range(20))
