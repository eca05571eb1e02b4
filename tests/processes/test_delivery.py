"""Delivery through everything that happens to Redis: nothing lost, order kept, trouble said without the password."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

from pipeline.clock import SystemClock
from pipeline.config import Config
from pipeline.processes.delivery import DeliveryReport, deliver, run
from pipeline.processes.drain import Drain
from pipeline.sinks.outbox import Outbox
from pipeline.sinks.stdout import SinkClosed, Stdout
from tests.conftest import ROOT
from tests.redis_server import RedisServer
from tests.sinks.facts import config, event, until

STREAM = "zw:alerts"


class Delivering:
    """`deliver` in a thread, its journal, and its reports."""

    def __init__(self, settings: Config) -> None:
        self.settings = settings
        self.outbox = Outbox(settings.alerts.journal)
        self.reports: list[DeliveryReport] = []
        self._put = 0
        self._stop = threading.Event()
        arguments = (settings, self._stop, self.reports.append, SystemClock())
        self._thread = threading.Thread(target=deliver, args=arguments)

    def __enter__(self) -> Delivering:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def put(self, count: int) -> None:
        for _ in range(count):
            self.outbox.put(event(self._put))
            self._put += 1

    @property
    def all_ids(self) -> list[str]:
        return [event(number)["id"] for number in range(self._put)]

    def last(self) -> DeliveryReport:
        return self.reports[-1] if self.reports else DeliveryReport()

    def says(self, words: str) -> DeliveryReport:
        """Wait for a report whose error contains `words`."""
        until(lambda: words in (self.last().error or ""))
        return self.last()


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def delivering(server: RedisServer, tmp_path: Path) -> Iterator[Delivering]:
    with Delivering(config(tmp_path, server.url)) as delivering:
        yield delivering


def ids(client: redis.Redis) -> list[str]:
    return [fields["id"] for _, fields in client.xrange(STREAM)]


def arrived(server: RedisServer, delivering: Delivering) -> bool:
    """Wait until the stream holds all that was put, in order, once."""
    client = server.client()
    until(lambda: len(ids(client)) >= len(delivering.all_ids))
    return ids(client) == delivering.all_ids


def test_alerts_arrive_in_order_and_the_report_says_so(server: RedisServer, delivering: Delivering):
    delivering.put(250)
    assert arrived(server, delivering)
    until(lambda: delivering.last().delivered == 250)
    assert delivering.last() == DeliveryReport(0, 0.0, 250, "idle", None, 0, 0)


def test_a_frozen_redis_gets_nothing_twice(server: RedisServer, delivering: Delivering):
    delivering.put(3)
    assert arrived(server, delivering)
    server.freeze()
    delivering.put(3)
    report = delivering.says("did not answer within 2 s")
    assert (report.waiting, report.state) == (3, "waiting")
    assert report.oldest_age_s > 1
    server.resume()
    assert arrived(server, delivering)
    until(lambda: delivering.last().error is None and delivering.last().waiting == 0)
    assert arrived(server, delivering)


def test_a_killed_redis_gets_what_came_meanwhile(server: RedisServer, delivering: Delivering):
    delivering.put(3)
    assert arrived(server, delivering)
    server.kill()
    delivering.put(3)
    delivering.says("cannot be reached")
    server.start()
    assert arrived(server, delivering)


def test_an_emptied_redis_is_noticed_while_nothing_happens_and_filled_again(
    server: RedisServer, delivering: Delivering
):
    delivering.put(300)
    assert arrived(server, delivering)
    server.client().flushall()
    assert arrived(server, delivering)
    until(lambda: delivering.last().rewinds == 1)


def test_a_full_redis_gets_all_once_there_is_room(server: RedisServer, delivering: Delivering):
    delivering.put(3)
    assert arrived(server, delivering)
    client = server.client()
    client.config_set("maxmemory", "100kb")  # less than any server takes by itself: full, and stays so
    delivering.put(3)
    delivering.says("is full (maxmemory)")
    assert len(ids(client)) == 3
    client.config_set("maxmemory", "0")
    assert arrived(server, delivering)


def test_a_redis_that_became_a_replica_is_said_and_waited_for(server: RedisServer, delivering: Delivering):
    delivering.put(1)
    assert arrived(server, delivering)
    server.client().replicaof("127.0.0.1", 1)
    delivering.put(1)
    delivering.says("is a read-only replica")
    server.client().replicaof("NO", "ONE")
    assert arrived(server, delivering)


def test_rights_withdrawn_and_given_back(server: RedisServer, tmp_path: Path):
    client = server.client()
    rights = ["~zw:alerts", "~zw:alerts:mark", "-@all", "+client|setname", "+evalsha", "+script|load"]
    rights += ["+xadd", "+hget", "+hset", "+exists", "+time", "+xinfo|groups", "+xpending", "+xtrim"]
    client.execute_command("ACL", "SETUSER", "zonewatch", "on", ">s3cret!", *rights)
    url = server.url.replace("unix://", "unix://zonewatch:s3cret%21@")
    with Delivering(config(tmp_path, url)) as delivering:
        delivering.put(1)
        assert arrived(server, delivering)
        for right in ("xadd", "hset", "hget"):
            client.execute_command("ACL", "SETUSER", "zonewatch", f"-{right}")
            delivering.put(1)
            delivering.says("does not let this user do it")
            client.execute_command("ACL", "SETUSER", "zonewatch", f"+{right}")
            assert arrived(server, delivering)
            until(lambda: delivering.last().error is None)
        assert "s3cret" not in str(delivering.reports)


def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path):
    with RedisServer("--requirepass", "right") as server:
        url = server.url.replace("unix://", "unix://:s3cret@")
        delivering = Delivering(config(tmp_path, url))
        with delivering:
            delivering.put(1)
            delivering.says("refuses the user or the password")
            server.client(password="right").config_set("requirepass", "s3cret")
            until(lambda: delivering.last().waiting == 0 and delivering.last().error is None)
        assert "s3cret" not in str(delivering.reports)


def test_an_event_that_redis_will_never_take_is_set_aside_and_holds_up_nothing(
    server: RedisServer, delivering: Delivering
):
    delivering.outbox.put(event(900))
    delivering.outbox.put(event(901, why={"padding": "x" * 2_000_000}))
    delivering.outbox.put(event(902))
    until(lambda: ids(server.client()) == [event(900)["id"], event(902)["id"]])
    until(lambda: delivering.last().rejected == 1)
    assert delivering.last().waiting == 0
    ((_, reason),) = delivering.outbox.rejected("redis")
    assert "larger than 1 MiB" in reason


def test_a_loss_does_not_bring_back_old_news_but_what_never_arrived_goes_out_however_old(
    server: RedisServer, tmp_path: Path
):
    settings = config(tmp_path, server.url)
    delivering = Delivering(settings)
    with delivering:
        delivering.put(4)
        assert arrived(server, delivering)
    delivering.put(2)
    with sqlite3.connect(settings.alerts.journal) as db:
        db.execute("UPDATE event SET at = at - 8 * 86400 WHERE id <> ?", (event(3)["id"],))
    server.client().flushall()
    with Delivering(settings):
        until(lambda: ids(server.client()) == [event(number)["id"] for number in (3, 4, 5)])


def test_a_journal_brought_back_from_a_copy_loses_nothing_new(server: RedisServer, tmp_path: Path):
    settings = config(tmp_path, server.url)
    with Delivering(settings) as delivering:
        delivering.put(1)
        assert arrived(server, delivering)
    delivering.outbox.close()
    copy = settings.alerts.journal.read_bytes()
    with Delivering(settings) as delivering:
        delivering._put = 1
        delivering.put(3)
        assert arrived(server, delivering)
    delivering.outbox.close()
    settings.alerts.journal.write_bytes(copy)
    with Delivering(settings) as delivering:
        delivering.outbox.put(event(77))
        until(lambda: event(77)["id"] in ids(server.client()))


def test_a_journal_brought_back_while_redis_is_away_loses_none_of_what_comes_then(server: RedisServer, tmp_path: Path):
    """It goes on to as many alerts as Redis has had, and beyond: places alone would look the same."""
    settings = config(tmp_path, server.url)
    journal = settings.alerts.journal
    with Delivering(settings) as delivering:
        delivering.put(10)
        assert arrived(server, delivering)
    delivering.outbox.close()
    copy = journal.read_bytes()
    with Delivering(settings) as delivering:
        for number in range(10, 30):
            delivering.outbox.put(event(number))
        until(lambda: len(ids(server.client())) == 30)
    delivering.outbox.close()
    server.stop()
    journal.write_bytes(copy)
    with Delivering(settings) as delivering:
        for number in range(100, 130):
            delivering.outbox.put(event(number))
        delivering.says("cannot be reached")
        server.start()
        wanted = {event(number)["id"] for number in [*range(30), *range(100, 130)]}
        until(lambda: set(ids(server.client())) >= wanted)
        until(lambda: delivering.last().waiting == 0)


def test_a_journal_replaced_while_it_is_delivered_loses_none_of_what_comes_then(server: RedisServer, tmp_path: Path):
    settings = config(tmp_path, server.url)
    journal = settings.alerts.journal
    other = Outbox(tmp_path / "other.db")
    for number in range(100, 105):
        other.put(event(number))
    other.close()
    with Delivering(settings) as delivering:
        delivering.put(5)
        assert arrived(server, delivering)
        server.freeze()
        for file in journal.parent.glob("alerts.db*"):
            file.unlink()
        (tmp_path / "other.db").rename(journal)
        for number in range(105, 110):
            delivering.outbox.put(event(number))
        server.resume()
        wanted = [event(number)["id"] for number in [*range(5), *range(100, 110)]]
        until(lambda: ids(server.client()) == wanted)


def test_a_journal_of_the_version_before_goes_on_where_redis_is(server: RedisServer, tmp_path: Path):
    settings = config(tmp_path, server.url)
    with closing(sqlite3.connect(settings.alerts.journal)) as db:
        db.executescript((ROOT / "tests/sinks/journals/1.sql").read_text())
    client = server.client()
    client.hset(f"{STREAM}:mark", "v1journal", "2")
    with Delivering(settings) as delivering:
        until(lambda: len(ids(client)) == 3)
        until(lambda: delivering.last().waiting == 0)
        assert delivering.last().rewinds == 0
    assert ids(client) == [event(1, revision=2)["id"], event(3)["id"], event(4)["id"]]
    assert client.hget(f"{STREAM}:mark", "v1journal") == f"6 {event(4)['id']}"


def test_what_waits_when_stopping_is_delivered_first(server: RedisServer, tmp_path: Path):
    with Delivering(config(tmp_path, server.url)) as delivering:
        delivering.put(500)
    assert ids(server.client()) == delivering.all_ids


def test_stopping_does_not_wait_for_a_redis_that_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    settings = config(tmp_path, f"unix://{tmp_path}/nobody")
    clock = SystemClock()
    with Delivering(settings) as delivering:
        delivering.put(1)
        delivering.says("cannot be reached")
        begun = clock.monotonic()
    assert clock.monotonic() - begun < settings.workers.drain_s + 1.5
    assert Outbox(settings.alerts.journal).backlog("redis")[0] == 1
    assert "not delivered yet: 1," in caplog.text


def test_without_a_sink_the_journal_is_the_feed_and_nothing_waits(tmp_path: Path):
    with Delivering(config(tmp_path)) as delivering:
        delivering.put(3)
        until(lambda: delivering.reports)
        assert delivering.last() == DeliveryReport()
    assert len(delivering.outbox.read()) == 3


def test_a_journal_that_cannot_be_opened_is_said(tmp_path: Path):
    settings = config(tmp_path, journal=tmp_path / "file" / "alerts.db")
    (tmp_path / "file").write_text("in the way")
    reports: list[DeliveryReport] = []
    stop = threading.Event()
    thread = threading.Thread(target=deliver, args=(settings, stop, reports.append, SystemClock()))
    thread.start()
    until(lambda: reports)
    stop.set()
    thread.join()
    assert "alerts.db" in str(reports[0].error)


def test_standard_output_gets_a_line_an_alert_and_remembers_where_it_was(tmp_path: Path):
    outbox = Outbox(tmp_path / "alerts.db")
    reading, writing = os.pipe()
    for number in range(3):
        outbox.put(event(number))
    drain = Drain(Stdout(writing), outbox, SystemClock())
    assert [drain.turn() for _ in range(3)] == [True, True, True]
    assert not Drain(Stdout(writing), outbox, SystemClock()).turn()
    os.close(writing)
    lines = os.read(reading, 1 << 20).decode().splitlines()
    os.close(reading)
    assert [json.loads(line) for line in lines] == [event(number) for number in range(3)]


def test_a_reader_of_standard_output_who_leaves_ends_that_sink_only(tmp_path: Path):
    outbox = Outbox(tmp_path / "alerts.db")
    outbox.put(event())
    reading, writing = os.pipe()
    os.close(reading)
    drain = Drain(Stdout(writing), outbox, SystemClock())
    with pytest.raises(SinkClosed, match="Standard output is closed"):
        drain.turn()
    drain.run(threading.Event(), threading.Event())
    os.close(writing)
    assert drain.closed
    assert outbox.backlog("stdout")[0] == 1


class InProcess:
    """`run` as the supervisor starts it: a process of its own at the other end of a pipe."""

    def __init__(self, settings: Config) -> None:
        ours, theirs = multiprocessing.Pipe()
        self.connection = ours
        self.process = multiprocessing.get_context("spawn").Process(target=run, args=(settings, theirs))
        self.process.start()
        theirs.close()

    def report(self, wanted: Callable[[DeliveryReport], Any]) -> DeliveryReport:
        """Wait for a report that is as wanted."""
        while self.connection.poll(20):
            report: DeliveryReport = self.connection.recv()
            if wanted(report):
                return report
        raise AssertionError("no such report came")

    def ended(self) -> int | None:
        self.process.join(20)
        return self.process.exitcode


@pytest.fixture
def in_process(server: RedisServer, tmp_path: Path) -> Iterator[InProcess]:
    started = InProcess(config(tmp_path, server.url))
    yield started
    started.process.kill()
    started.process.join()


def test_the_process_reports_takes_a_new_configuration_and_stops_when_told(
    in_process: InProcess, server: RedisServer, tmp_path: Path
):
    Outbox(tmp_path / "alerts.db").put(event(1))
    in_process.report(lambda report: report.delivered == 1)
    with RedisServer() as other:
        in_process.connection.send(("apply", config(tmp_path, other.url)))
        until(lambda: ids(other.client()) == [event(1)["id"]])
    in_process.connection.send("stop")
    assert in_process.ended() == 0


def test_the_process_ends_when_its_parent_has_gone(in_process: InProcess):
    in_process.report(lambda report: report.state == "idle")
    in_process.connection.close()
    assert in_process.ended() == 0


def test_killed_delivery_goes_on_where_it_was(in_process: InProcess, server: RedisServer, tmp_path: Path):
    outbox = Outbox(tmp_path / "alerts.db")
    for number in range(200):
        outbox.put(event(number))
        if number == 100 and in_process.process.pid:
            until(lambda: server.client().xlen(STREAM))
            os.kill(in_process.process.pid, signal.SIGKILL)
    again = InProcess(config(tmp_path, server.url))
    until(lambda: server.client().xlen(STREAM) == 200)
    again.connection.send("stop")
    assert again.ended() == 0
    assert ids(server.client()) == [event(number)["id"] for number in range(200)]
