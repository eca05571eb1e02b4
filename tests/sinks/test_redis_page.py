"""The commands of docs/reference/redis.md, run as they stand there, against a real server with alerts in it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.config import Redis
from pipeline.sinks.message import canonical
from pipeline.sinks.outbox import BEGINNING, Mark, Row
from pipeline.sinks.redis_feed import GroupFeed, HistoryFeed
from pipeline.sinks.redis_stream import RedisStream
from tests.conftest import ROOT
from tests.redis_server import RedisServer
from tests.sinks.facts import event

PAGE = ROOT / "docs" / "reference" / "redis.md"

# In the order of the page, each with a word of its answer.
COMMANDS = r"""
redis-cli XREVRANGE zonewatch:alerts + - COUNT 1
    0000000000000002:1
redis-cli XGROUP CREATE zonewatch:alerts pager 0 MKSTREAM
    OK
redis-cli XREADGROUP GROUP pager desk-1 COUNT 10 BLOCK 1000 STREAMS zonewatch:alerts '>'
    0000000000000001:1
redis-cli XREADGROUP GROUP pager desk-1 COUNT 10 STREAMS zonewatch:alerts 0
    0000000000000001:1
redis-cli XAUTOCLAIM zonewatch:alerts pager desk-2 60000 0 COUNT 10
    0-0
redis-cli XINFO GROUPS zonewatch:alerts
    pager
redis-cli XPENDING zonewatch:alerts pager
    desk-1
redis-cli XGROUP DESTROY zonewatch:alerts pager
    1
redis-cli PUBLISH zonewatch:wake front-gate
    0
redis-cli XADD zonewatch:control '*' mode lockdown by 'front desk' why 'a stranger in the hall' for 2h
    -0
redis-cli ACL SETUSER zonewatch on '>password' '~zonewatch:alerts' '~zonewatch:alerts:mark' -@all '+client|setname' +evalsha '+script|load' +xadd +hget +hset +exists +time '+xinfo|groups' +xpending +xtrim
    OK
"""  # noqa: E501
EXPECTED = dict(re.findall(r"^(redis-cli .*)\n    (.*)$", COMMANDS, re.MULTILINE))


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def shell(server: RedisServer, needs: Callable[..., str], tmp_path: Path) -> Callable[[str], str]:
    """Runs a command of the page; the page's server is at the usual port, ours on a socket."""
    ours = tmp_path / "redis-cli"
    ours.write_text(f'#!/bin/sh\nexec {needs("redis-cli", "valkey-cli")} -s {server.socket} "$@"\n')
    ours.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    def run(command: str) -> str:
        ended = subprocess.run(["sh", "-ec", command], env=env, capture_output=True, text=True, timeout=20)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_the_commands_of_the_page_are_these():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert [line for block in blocks for line in block.splitlines()] == list(EXPECTED)


def test_the_commands_of_the_page_work_in_their_order(server: RedisServer, shell: Callable[[str], str]):
    sink = RedisStream(Redis.model_validate({"url": server.url, "stream": "zonewatch:alerts"}), lambda: "test")
    sink.deliver(BEGINNING, [Row(number, f"id-{number}", 0.0, canonical(event(number))) for number in (1, 2)])
    for command, expected in EXPECTED.items():
        assert expected in shell(command), command
    granted = Redis.model_validate(
        {"url": server.url.replace("unix://", "unix://zonewatch:password@"), "stream": "zonewatch:alerts"}
    )
    limited = RedisStream(granted, lambda: "test")
    assert limited.deliver(Mark(2, "id-2"), [Row(3, "id-3", 0.0, canonical(event(3)))]) == Mark(3, "id-3")
    limited.tidy()


def test_the_rights_that_the_page_gives_a_reader_are_enough(server: RedisServer):
    server.client().xadd("zonewatch:alerts", {"data": canonical(event(1))})
    (rights,) = re.findall(r"`zonewatch feed` also needs `(.*)`", PAGE.read_text())
    plain = [right.strip("'") for right in rights.split()]
    server.client().execute_command("ACL", "SETUSER", "me", "on", ">password", "~*", "-@all", "+client|setname", *plain)
    config = Redis.model_validate({"url": server.url.replace("unix://", "unix://me:password@")})
    reader = GroupFeed(config, "zonewatch-feed-me@here", "me@here")
    ((place, told),) = reader.read(0.1)
    reader.done([place])
    assert told == event(1)
    assert HistoryFeed(config, 0.0).read(0.0) == [(place, event(1))]
