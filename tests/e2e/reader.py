"""A program that reads the alerts as any other would: a consumer group, by a plain `redis-cli XREADGROUP`."""

from __future__ import annotations

import json
import statistics
import subprocess
from datetime import datetime
from typing import Any

import pytest

from pipeline.sinks.message import Event
from tests.conftest import find
from tests.e2e.system import STREAM
from tests.redis_server import RedisServer

GROUP = "guards"


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
