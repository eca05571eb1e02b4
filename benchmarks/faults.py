"""A campaign of faults from a seed: is an alert lost, told twice, left open, and does memory grow?

    python -m benchmarks.faults [--seconds 600] [--seed 1] [--cameras 6]       (as root: it mounts small disks)

Cameras of a drawn hall, in which somebody comes every 8 s, two a worker, with Redis, journal and snapshots on disks of
their own. One fault after the other, chosen by the seed: `kill -9` of a worker, of the delivery, of the supervisor
(which is started again); Redis killed, frozen, emptied, failed over to a copy that lags; the journal brought back from
a copy while Redis is away; the journal's disk full; the snapshots' disk full, or hung (a stand-in at `fsync`, which
does not come back). A consumer reads the stream all the time, drops ids that it knows, and begins anew where the
stream did. Ends with 1 unless: every event that the journal ever held was consumed; every incident has revisions 1, 2,
… without a gap, and is closed; nobody was closed twice; memory is flat.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from pipeline.simulate.scene import hall, render
from pipeline.simulate.server import RtspServer
from tests.e2e.system import STREAM, System, kill
from tests.redis_server import RedisServer
from tests.small_disk import fill, small_disk

SIZE, FPS = (640, 360), 10
_QUIET_S = (3.0, 8.0)
_AWAY_S = 6.0
_FLAT = 1.25
_HANGING = """
import os, time
_real = os.fsync
def fsync(fd):
    try:
        path = os.readlink(f"/proc/self/fd/{fd if isinstance(fd, int) else fd.fileno()}")
    except OSError:
        path = ""
    while path.startswith(os.environ["HUNG_DISK"]) and os.path.exists(os.environ["HUNG_FLAG"]):
        time.sleep(0.05)
    return _real(fd)
os.fsync = fsync
"""


class Consumer(threading.Thread):
    """Reads the stream from wherever it is; `told` has each id once, in the order in which they came."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__(daemon=True)
        self.told: dict[str, dict[str, Any]] = {}
        self.ending = threading.Event()
        self._server = server

    def run(self) -> None:
        after = "-"
        while not self.ending.is_set():
            time.sleep(0.2)
            with suppress(redis.RedisError, OSError):
                client = self._server.client(socket_timeout=2.0)
                if after != "-" and not client.xrange(STREAM, after[1:], after[1:]):
                    after = "-"  # the stream began anew
                for place, fields in client.xrange(STREAM, after):
                    self.told.setdefault(fields["id"], json.loads(fields["data"])["data"])
                    after = f"({place}"


class Campaign:
    """The system under test, its surroundings, and what has been seen of it."""

    def __init__(self, folder: Path, system: System, server: RedisServer, disks: tuple[Path, Path], flag: Path) -> None:
        self.system = system
        self.server = server
        self.journal_disk, self.pictures_disk = disks
        self.flag = flag
        self.decided: dict[str, None] = {}
        self.memory: list[float] = []
        self._journal_copy = folder / "journal.copy"

    def look(self, seconds: float) -> None:
        """Let it run, and note what the journal holds and what the processes take."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.note()
            time.sleep(0.5)

    def note(self) -> None:
        """What the journal holds now."""
        self.decided |= dict.fromkeys(event["id"] for event in self.system.journal())
        if (taken := _memory([self.system.process.pid if self.system.process else 0, *self.system.pids()])) > 0:
            self.memory.append(taken)

    # Faults, each mended at its end.

    def worker_killed(self) -> None:
        rows = list(self.system.raw_status().get("workers", {}).values())
        if rows and (pid := random.choice(rows)["pid"]):
            kill(pid)

    def delivery_killed(self) -> None:
        if pid := self.system.raw_status().get("delivery", {}).get("pid"):
            kill(pid)

    def supervisor_killed(self) -> None:
        assert self.system.process is not None
        self.system.process.kill()
        self.system.process.wait()
        self._start()

    def redis_killed(self) -> None:
        self.server.kill()
        self.look(_AWAY_S)
        self.server.start()

    def redis_frozen(self) -> None:
        self.server.freeze()
        self.look(_AWAY_S)
        self.server.resume()

    def redis_emptied(self) -> None:
        self.server.client().flushall()

    def redis_failed_over(self) -> None:
        """Another server takes its place, which had got everything until some seconds ago."""
        raw = redis.Redis.from_url(self.server.url)
        stream, marks = raw.dump(STREAM), raw.hgetall(f"{STREAM}:mark")
        self.look(_AWAY_S)
        raw.pipeline().flushall().restore(STREAM, 0, stream).hset(f"{STREAM}:mark", mapping=marks).execute()

    def journal_brought_back(self) -> None:
        """From a copy of some seconds before, while Redis is away; stopped for that, as the manual says."""
        journal = self.system.journal_file
        with closing(sqlite3.connect(journal)) as source, closing(sqlite3.connect(self._journal_copy)) as target:
            source.backup(target)
        self.look(_AWAY_S)
        # What is overwritten before anybody has got it, no program can bring back.
        self.system.stop(30)
        self.note()
        self.server.kill()
        for file in journal.parent.glob(f"{journal.name}*"):
            if not file.name.endswith((".lock", ".json")):
                file.unlink()
        journal.write_bytes(self._journal_copy.read_bytes())
        self._journal_copy.unlink()
        self._start()
        self.look(_AWAY_S)
        self.server.start()

    def journal_disk_full(self) -> None:
        ballast = fill(self.journal_disk)
        self.look(_AWAY_S)
        ballast.unlink()

    def pictures_disk_full(self) -> None:
        ballast = fill(self.pictures_disk)
        self.look(_AWAY_S)
        ballast.unlink()

    def pictures_disk_hung(self) -> None:
        self.flag.touch()
        self.look(2 * _AWAY_S)
        self.flag.unlink()

    def _start(self) -> None:
        """As a service manager does: again, until it stays."""
        for _ in range(20):
            with suppress(AssertionError):
                self.system.start()
                return
            time.sleep(1.0)
        raise AssertionError(self.system.log()[-2000:])


FAULTS: list[Callable[[Campaign], None]] = [
    Campaign.worker_killed,
    Campaign.delivery_killed,
    Campaign.supervisor_killed,
    Campaign.redis_killed,
    Campaign.redis_frozen,
    Campaign.redis_emptied,
    Campaign.redis_failed_over,
    Campaign.journal_brought_back,
    Campaign.journal_disk_full,
    Campaign.pictures_disk_full,
    Campaign.pictures_disk_hung,
]


def main() -> None:
    """Break it, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cameras", type=int, default=6)
    args = parser.parse_args()
    random.seed(args.seed)
    with _campaign(args.cameras) as (campaign, consumer):
        campaign.look(10.0)
        until, waiting = time.monotonic() + args.seconds, []
        while time.monotonic() < until:
            waiting = waiting or random.sample(FAULTS, len(FAULTS))
            fault = waiting.pop()
            print(f"{args.seconds - (until - time.monotonic()):5.0f} s  {fault.__name__}", flush=True)
            fault(campaign)
            campaign.look(random.uniform(*_QUIET_S))
        campaign.look(10.0)
        campaign.system.stop(40)
        campaign.note()
        _wait(lambda: campaign.decided.keys() <= consumer.told.keys(), 20.0)
        consumer.ending.set()
        consumer.join()
    raise SystemExit(_judged(campaign, consumer))


@contextmanager
def _campaign(cameras: int) -> Iterator[tuple[Campaign, Consumer]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zw-faults-")))
        for name in ("journal", "pictures", "stand-in"):
            (folder / name).mkdir()
        disks = tuple(stack.enter_context(small_disk(folder / name, "200m")) for name in ("journal", "pictures"))
        (folder / "stand-in/sitecustomize.py").write_text(_HANGING)
        clip = render(folder / "hall.mp4", hall.PLACE, hall.PASSING, SIZE, FPS)
        rtsp = RtspServer()
        for number in range(cameras):
            rtsp.mount(f"c{number}", clip)
        stack.enter_context(rtsp)
        server = stack.enter_context(RedisServer())
        shapes = hall.PLACE.shapes()
        rules = {"mat": {"zone": "mat", "trigger": "enter"}, "over": {"line": "threshold", "trigger": "cross"}}
        told = {f"c{n}": {"url": rtsp.url(f"c{n}"), **shapes, "rules": rules} for n in range(cameras)}
        flag = folder / "hung"
        env = {"PYTHONPATH": str(folder / "stand-in"), "HUNG_DISK": str(disks[1]), "HUNG_FLAG": str(flag)}
        alerts = {
            "journal": str(disks[0] / "alerts.db"),
            "snapshots": str(disks[1] / "snapshots"),
            "redis": {"url": server.url, "stream": STREAM},
        }
        workers = {"cameras_each": 2, "drain_s": 10, "heartbeat_s": 10}
        system = stack.enter_context(System(folder / "run", told, env, alerts=alerts, workers=workers))
        consumer = Consumer(server)
        consumer.start()
        yield Campaign(folder, system, server, (disks[0], disks[1]), flag), consumer


def _judged(campaign: Campaign, consumer: Consumer) -> int:
    lost = [one for one in campaign.decided if one not in consumer.told]
    incidents: dict[str, list[dict[str, Any]]] = {}
    for data in consumer.told.values():
        incidents.setdefault(data["incident"], []).append(data)
    gaps, left_open, twice = [], [], []
    for incident, told in incidents.items():
        told.sort(key=lambda one: one["revision"])
        gaps += [incident] if [one["revision"] for one in told] != list(range(1, len(told) + 1)) else []
        left_open += [incident] if told[-1]["state"] != "closed" else []
        twice += [incident] if [one["state"] for one in told].count("closed") > 1 else []
    fifth = max(1, len(campaign.memory) // 5)
    early, late = (statistics.median(part) for part in (campaign.memory[fifth : 2 * fifth], campaign.memory[-fifth:]))
    print(
        f"\n{len(incidents)} incidents, {len(consumer.told)} messages: {len(lost)} lost, {len(gaps)} with a gap, "
        f"{len(left_open)} not closed, {len(twice)} closed twice; memory {early:.0f} MB, then {late:.0f} MB"
    )
    for what, which in (("lost", lost), ("gap", gaps), ("open", left_open), ("twice", twice)):
        for one in which[:10]:
            told = [(data["revision"], data["state"], data["why"]) for data in incidents.get(one, [])]
            print(f"  {what}: {one} {told}", file=sys.stderr)
    return int(bool(lost or gaps or left_open or twice) or late > _FLAT * early)


def _memory(pids: list[int]) -> float:
    """Megabytes, shared pages shared out; 0 while one of them has just gone."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            return 0.0
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def _wait(true: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
