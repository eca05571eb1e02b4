"""Who says on a channel of Redis that something moves is heard, also after the server was away."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator

import pytest

from pipeline.clock import SystemClock
from pipeline.config import Redis
from pipeline.processes.calls import Calls
from tests.conftest import ROOT
from tests.redis_server import RedisServer

CHANNEL = "zonewatch:wake"
PAGE = ROOT / "docs/reference/redis.md"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def listening(url: str) -> tuple[Calls, threading.Event]:
    heard = threading.Event()
    calls = Calls(Redis.model_validate({"url": url, "wake_channel": CHANNEL}), heard.set, SystemClock())
    calls.start()
    return calls, heard


def publish(server: RedisServer, name: str, within_s: float = 10.0) -> None:
    """Until somebody hears."""
    until = time.monotonic() + within_s
    while not server.client().publish(CHANNEL, name):
        assert time.monotonic() < until, "nobody listens"
        time.sleep(0.05)


def test_names_are_heard_at_once_and_taken_once(server: RedisServer):
    calls, heard = listening(server.url)
    publish(server, "gate")
    assert heard.wait(2)
    publish(server, "gate")
    publish(server, "hall")
    time.sleep(0.2)
    assert calls.taken() == {"gate", "hall"}
    assert calls.taken() == set()


def test_a_server_that_was_away_is_listened_to_again_and_missed_once(
    server: RedisServer, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        calls, heard = listening(server.url)
        publish(server, "gate")
        server.kill()
        time.sleep(4.5)  # two tries in vain
        server.start()
        heard.clear()
        publish(server, "hall", within_s=20)
        assert heard.wait(2)
        assert calls.taken() == {"gate", "hall"}
    assert [record.message.split(":")[0] for record in caplog.records] == ["nobody can call cameras awake now"]


def test_the_rights_that_the_page_gives_are_enough_and_a_password_is_not_told(
    server: RedisServer, caplog: pytest.LogCaptureFixture
):
    (rights,) = re.findall(r"`alerts.redis.wake_channel` also needs `(.*)`", PAGE.read_text())
    plain = [right.strip("'") for right in rights.split()]
    server.client().execute_command(
        "ACL", "SETUSER", "me", "on", ">hidden", "resetchannels", "-@all", "+client|setname", *plain
    )
    calls, heard = listening(server.url.replace("unix://", "unix://me:hidden@"))
    publish(server, "gate")
    assert heard.wait(2)
    assert calls.taken() == {"gate"}
    assert not caplog.records
    listening(server.url.replace("unix://", "unix://me:wrong-one@"))
    until = time.monotonic() + 10
    while "nobody can call" not in caplog.text:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert "wrong-one" not in caplog.text
