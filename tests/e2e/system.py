"""`zonewatch run` as a process of its own, and what can be seen of it from outside: status, log, journal, Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import redis
import yaml

from pipeline.errors import JournalError
from pipeline.sinks.message import Event
from pipeline.sinks.outbox import Outbox
from tests.conftest import ROOT

T = TypeVar("T")
STREAM = "zonewatch:alerts"
# Seconds. Machines of CI are slow, and may be busy with something else.
SOON = 30.0
STOPPED = 20.0


def wait_for(what: str, ask: Callable[[], T], within: float = SOON) -> T:
    """The first true answer of `ask`; fails, naming `what`, when none comes within so many seconds."""
    until = time.monotonic() + within
    while not (answer := ask()):
        assert time.monotonic() < until, f"waited {within:.0f} s for {what}"
        time.sleep(0.05)
    return answer


class System:
    """One configuration in `folder`, and the process that runs it. Leaving its context kills what is left."""

    def __init__(self, folder: Path, cameras: Mapping[str, Any], env: Mapping[str, str], **sections: Any) -> None:
        self.folder = folder
        self.file = folder / "streams.yaml"
        self.log_file = folder / "run.log"
        self.told: dict[str, Any] = {"site": {"id": "test"}, "cameras": dict(cameras), **sections}
        self._env = {**os.environ, **env}
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.write()

    def __enter__(self) -> System:
        return self.start()

    def __exit__(self, *_: object) -> None:
        pids = self.pids()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in pids:
            kill(pid)

    def write(self) -> None:
        """The configuration to its file, whole or not at all."""
        part = self.file.with_suffix(".part")
        part.write_text(yaml.safe_dump(self.told, sort_keys=False))
        part.replace(self.file)

    def start(self) -> System:
        """Run it, and wait for its first account of itself."""
        before = self.raw_status().get("pid")
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self.command("run"), stderr=log, cwd=ROOT, env=self._env)
        wait_for("the first status", lambda: self._has_ended() or self.raw_status().get("pid") not in (before, None))
        assert self.process.poll() is None, self.log()
        return self

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def command(self, name: str) -> list[str]:
        """`zonewatch NAME FILE` as arguments."""
        return [sys.executable, "-m", "pipeline", name, str(self.file)]

    def call(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """`zonewatch NAME FILE` to its end."""
        command = [*self.command(name), *options]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=self._env, timeout=60)

    def stop(self, within: float = STOPPED) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    @property
    def journal_file(self) -> Path:
        return self.folder / self.told.get("alerts", {}).get("journal", "var/alerts.db")

    def raw_status(self) -> dict[str, Any]:
        """The supervisor's account of itself, as it lies there; empty without one."""
        try:
            beside = self.journal_file.with_name(f"{self.journal_file.name}.status.json")
            told: dict[str, Any] = json.loads(beside.read_text())
        except OSError:
            return {}
        return told

    def camera(self, name: str) -> dict[str, Any]:
        """How the status says that it is doing."""
        told: dict[str, Any] = self.raw_status().get("cameras", {}).get(name, {})
        return told

    def worker_of(self, camera: str) -> dict[str, Any]:
        """The status's row of the process that watches it."""
        workers: dict[str, Any] = self.raw_status()["workers"]
        return next(worker for worker in workers.values() if camera in worker["cameras"])

    def pids(self) -> list[int]:
        """Workers and delivery."""
        status = self.raw_status()
        rows = [*status.get("workers", {}).values(), status.get("delivery", {})]
        return [row["pid"] for row in rows if row.get("pid")]

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def journal(self) -> list[Event]:
        """All events, in order; none while there is no journal yet, or half of one."""
        try:
            outbox = Outbox(self.journal_file, readonly=True)
            events = [event for _, event in outbox.read(n=100_000)]
            outbox.close()
        except JournalError:
            return []
        return events

    def opened(self, camera: str, rule: str | None = None) -> list[Event]:
        """The opening messages in the journal."""
        return [event for event in self.journal() if is_opened(event, camera, rule)]

    def wait_for_opened(self, camera: str, count: int = 1, within: float = SOON, rule: str | None = None) -> None:
        """Until the journal has `count` openings of this camera."""
        wait_for(f"{count} alerts of {camera}", lambda: len(self.opened(camera, rule)) >= count, within)

    def wait_for_visit(self, camera: str, rule: str, within: float = SOON) -> str:
        """Until somebody enters; the id of the incident, which stays open for two seconds and more."""
        known = len(self.opened(camera, rule))
        wait_for(f"the next visit of {camera} {rule}", lambda: len(self.opened(camera, rule)) > known, within)
        incident: str = self.opened(camera, rule)[-1]["data"]["incident"]
        return incident

    def told_of(self, incident: str) -> list[dict[str, Any]]:
        """All that the journal has of one incident, in order."""
        return [event["data"] for event in self.journal() if event["data"].get("incident") == incident]

    def wait_for_close(self, incident: str, within: float = SOON) -> str:
        """Until it is closed; the reason."""
        wait_for(f"the end of {incident}", lambda: self.told_of(incident)[-1]["state"] == "closed", within)
        why: str = self.told_of(incident)[-1]["why"]["closed_because"]
        return why


def is_opened(event: Event, camera: str, rule: str | None = None) -> bool:
    data = event["data"]
    return event["type"] == "zone.violation.opened" and data["camera"] == camera and rule in (None, data["rule"])


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """A signal to a process that may have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def gone(pid: int) -> bool:
    """No such process, or a dead one that nobody has buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return True
    return state in "ZX"


def entries(client: redis.Redis) -> list[tuple[str, dict[str, str]]]:
    """Everything in the stream, oldest first."""
    found: Any = client.xrange(STREAM)
    return list(found)


def assert_all_delivered(system: System, client: redis.Redis) -> None:
    """What was decided is in Redis: all of it, in the journal's order, and every incident whole, after dedupe by id."""
    written = [event["id"] for event in system.journal()]
    assert written, "nothing was decided"
    wait_for("the last event in Redis", lambda: written[-1] in [fields["id"] for _, fields in entries(client)])
    sent = [fields["id"] for _, fields in entries(client)]
    assert [event for event in dict.fromkeys(sent) if event in written] == written
    assert_whole([json.loads(fields["data"]) for _, fields in entries(client)])


def assert_whole(events: list[Event]) -> None:
    """Each incident has revisions 1, 2, … without a hole; it is opened once, first, and closed at most once, last."""
    incidents: dict[str, list[Event]] = {}
    for event in {event["id"]: event for event in events}.values():
        incidents.setdefault(event["data"]["incident"], []).append(event["data"])
    for told in incidents.values():
        assert [data["revision"] for data in told] == list(range(1, len(told) + 1))
        states = [data["state"] for data in told]
        assert states[0] == "opened"
        assert "opened" not in states[1:]
        assert "closed" not in states[:-1]
