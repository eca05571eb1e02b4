"""Modes by commands from a Redis stream: each is followed once, in order, also after a crash or without a server."""

from __future__ import annotations

import logging
import re
import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.config import Redis
from pipeline.processes.control import Control
from pipeline.sinks.mode_log import ModeLog
from pipeline.sinks.outbox import Outbox
from tests.conftest import ROOT
from tests.redis_server import RedisServer

STREAM = "zonewatch:control"
PAGE = (ROOT / "docs/reference/redis.md").read_text()


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "alerts.db"


class Listening:
    """A control thread for as long as the context lasts."""

    def __init__(self, url: str, journal: Path) -> None:
        self._stop = threading.Event()
        config = Redis.model_validate({"url": url, "control_stream": STREAM})
        self._thread = Control(config, journal, "oak", SystemClock(), self._stop)

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def names(journal: Path) -> list[str]:
    return [event["data"]["mode"] for _, event in Outbox(journal).read()]


def wait_for(journal: Path, wanted: list[str], within_s: float = 15.0) -> None:
    until = time.monotonic() + within_s
    while names(journal) != wanted:
        assert time.monotonic() < until, names(journal)
        time.sleep(0.02)


def test_the_command_of_the_page_sets_the_mode_for_as_long_as_it_says(server: RedisServer, journal: Path):
    (command,) = re.findall(r"^redis-cli XADD zonewatch:control (.*)$", PAGE, re.MULTILINE)
    _, *pairs = shlex.split(command)
    with Listening(server.url, journal):
        server.client().xadd(STREAM, dict(zip(pairs[::2], pairs[1::2], strict=True)))
        wait_for(journal, ["lockdown"])
    now = ModeLog(journal, "oak").now()
    assert (now.by, now.why) == ("front desk", "a stranger in the hall")
    assert now.until == pytest.approx(now.since + 7200, abs=5)


def test_commands_are_followed_in_order_and_once_over_a_restart(server: RedisServer, journal: Path):
    client = server.client()
    with Listening(server.url, journal):
        for mode in ("lockdown", "normal"):
            client.xadd(STREAM, {"mode": mode, "by": "desk", "why": "x"})
        wait_for(journal, ["lockdown", "normal"])
    client.xadd(STREAM, {"mode": "drill", "by": "desk", "why": "x"})
    with Listening(server.url, journal):
        wait_for(journal, ["lockdown", "normal", "drill"])
        client.xadd(STREAM, {"mode": "event", "by": "desk", "why": "x"})
        wait_for(journal, ["lockdown", "normal", "drill", "event"])


def test_a_command_that_was_followed_when_the_process_died_is_not_followed_again(server: RedisServer, journal: Path):
    """It died between setting the mode and noting that it had."""
    client = server.client()
    place = client.xadd(STREAM, {"mode": "lockdown", "by": "desk", "why": "x"})
    ModeLog(journal, "oak").set("lockdown", "desk", "x", event=f"mode-{STREAM}-{place}")
    client.xadd(STREAM, {"mode": "drill", "by": "desk", "why": "x"})
    with Listening(server.url, journal):
        wait_for(journal, ["lockdown", "drill"])


def test_at_the_first_start_old_commands_are_history(server: RedisServer, journal: Path):
    client = server.client()
    client.xadd(STREAM, {"mode": "lockdown", "by": "desk", "why": "x"}, id="1600000000000-0")
    client.xadd(STREAM, {"mode": "drill", "by": "desk", "why": "x"})
    with Listening(server.url, journal):
        wait_for(journal, ["drill"])


def test_a_command_whose_time_is_over_when_it_is_read_changes_nothing(
    server: RedisServer, journal: Path, caplog: pytest.LogCaptureFixture
):
    ModeLog(journal, "oak").follow(STREAM, "0-0")
    client = server.client()
    client.xadd(STREAM, {"mode": "lockdown", "by": "desk", "why": "x", "for": "1h"}, id="1600000000000-0")
    client.xadd(STREAM, {"mode": "drill", "by": "desk", "why": "x"})
    with Listening(server.url, journal):
        wait_for(journal, ["drill"])
    assert "was to last until a time that is over" in caplog.text


def test_a_server_that_was_away_is_missed_once_and_its_commands_are_followed_after(
    server: RedisServer, journal: Path, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING), Listening(server.url, journal):
        server.client().xadd(STREAM, {"mode": "drill", "by": "desk", "why": "x"})
        wait_for(journal, ["drill"])
        server.stop()
        time.sleep(2.5)
        server.start()
        server.client().xadd(STREAM, {"mode": "normal", "by": "desk", "why": "x"})
        wait_for(journal, ["drill", "normal"])
    assert caplog.text.count("nobody can set modes by") == 1


def test_the_rights_that_the_page_names_are_enough(server: RedisServer, journal: Path):
    client = server.client()
    (rights,) = re.findall(r"`alerts.redis.control_stream` also needs `(.*)`", PAGE)
    words = ["on", ">password", "-@all", "+client|setname", *shlex.split(rights)]
    client.execute_command("ACL", "SETUSER", "desk", *words)
    with Listening(server.url.replace("unix://", "unix://desk:password@"), journal):
        client.xadd(STREAM, {"mode": "drill", "by": "desk", "why": "x"})
        wait_for(journal, ["drill"])
