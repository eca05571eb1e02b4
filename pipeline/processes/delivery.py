"""The delivery process: drains the journal to every sink, and keeps journal and snapshots from growing.

Each sink has its own thread and its own mark (`drain.py`), so that one that hangs holds up no other. Without a sink
the journal is the feed. Not here: who starts this process (`supervisor.py`).

Stopping: `stop` lets the threads finish what waits; after `workers.drain_s` seconds they end wherever they are. What
has not been delivered by then stays in the journal and goes out at the next start.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pipeline.clock import Clock, SystemClock
from pipeline.config import Config
from pipeline.errors import DeliveryError, JournalError
from pipeline.logs import redact, setup
from pipeline.processes.control import Control
from pipeline.processes.drain import LONGEST_PAUSE_S, RECHECK_S, TIDY_S, Drain, StopEvent
from pipeline.processes.retention import Retention
from pipeline.sinks.outbox import Outbox
from pipeline.sinks.redis_stream import RedisStream
from pipeline.sinks.stdout import Stdout

REPORT_S = 1.0
LISTEN_S = 0.1
# So many rows are forgotten in a fraction of a second; reports are due every second.
_PRUNED_A_TURN = 2_000

log = logging.getLogger("zonewatch.delivery")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How delivery is doing, for the sink that is furthest behind; sent once a second.

    `waiting` events, the oldest for `oldest_age_s` seconds; `delivered`, `rewinds` and `rejected` count since the
    start; `state` is idle, delivering or waiting (for a sink that does not take anything now: `error` says why).
    """

    waiting: int = 0
    oldest_age_s: float = 0.0
    delivered: int = 0
    state: str = "idle"
    error: str | None = None
    rewinds: int = 0
    rejected: int = 0


class Delivery:
    """All drains of one configuration, each in its thread with its own connection to the journal."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._alerts, self._clock = config.alerts, clock
        self._outbox = Outbox(self._alerts.journal, clock)
        self._retention = Retention(self._alerts, clock, config.ledger)
        self._give_up = threading.Event()
        self._tidy_at = clock.monotonic() + RECHECK_S
        self._drains = self._to_redis() + self._to_stdout()
        self._threads: list[threading.Thread] = []
        self._control = self._commands(config.site.id)

    def _to_redis(self) -> list[Drain]:
        if self._alerts.redis is None:
            return []
        outbox = Outbox(self._alerts.journal, self._clock)
        return [Drain(RedisStream(self._alerts.redis, lambda: outbox.producer), outbox, self._clock)]

    def _to_stdout(self) -> list[Drain]:
        if not self._alerts.stdout:
            return []
        return [Drain(Stdout(), Outbox(self._alerts.journal, self._clock), self._clock)]

    def _commands(self, site: str) -> Control | None:
        redis = self._alerts.redis
        if redis is None or redis.control_stream is None:
            return None
        return Control(redis, self._alerts.journal, site, self._clock, self._give_up)

    def start(self, stop: StopEvent) -> None:
        """Begin to send; until `stop` is set."""
        if self._control is not None:
            self._control.start()
        for drain in self._drains:
            self._threads.append(threading.Thread(target=drain.run, args=(stop, self._give_up), daemon=True))
            self._threads[-1].start()

    def wait(self, seconds: float) -> bool:
        """Wait for the drains to end, at most so long; True when all have."""
        until = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Stop sending wherever that is. A thread that a sink holds fast is left behind: it ends with the process."""
        self._give_up.set()
        if self.wait(0.5):
            for drain in self._drains:
                drain.outbox.close()
        self._outbox.close()

    def tidy(self) -> None:
        """Once a minute, or every second while much is left: forget what is old and delivered, and its pictures."""
        now = self._clock.monotonic()
        if now < self._tidy_at:
            return
        keep_s = self._alerts.keep_days * 86400
        needed = [drain.sink.name for drain in self._drains if drain.sink.needed]
        all_done = self._outbox.prune(keep_s, needed, _PRUNED_A_TURN) < _PRUNED_A_TURN
        self._tidy_at = now + TIDY_S if all_done else now
        oldest = max((age for _, age in self._backlogs()), default=0.0)
        self._retention.tidy(max(keep_s, oldest))

    def report(self) -> DeliveryReport:
        """How it is going. Raises JournalError."""
        waiting, oldest = max(self._backlogs(), default=(0, 0.0))
        error = next((drain.error for drain in self._drains if drain.error), None)
        return DeliveryReport(
            waiting,
            oldest,
            sum(drain.delivered for drain in self._drains),
            "waiting" if error else "delivering" if waiting else "idle",
            error,
            sum(drain.rewinds for drain in self._drains),
            sum(drain.rejected for drain in self._drains),
        )

    def _backlogs(self) -> list[tuple[int, float]]:
        return [self._outbox.backlog(drain.sink.name) for drain in self._drains if not drain.closed]


def deliver(config: Config, stop: StopEvent, report: Callable[[DeliveryReport], None], clock: Clock) -> None:
    """Drain the journal until `stop` is set and all is delivered, or `workers.drain_s` seconds after `stop`.

    `report` is called once a second. A journal that cannot be opened is reported, and tried again.
    """
    delivery = _opened(config, stop, report, clock)
    if delivery is None:
        return
    delivery.start(stop)
    while not stop.wait(REPORT_S):
        _look_after(delivery, report)
    deadline = clock.monotonic() + config.workers.drain_s
    while not delivery.wait(min(REPORT_S, max(0.0, deadline - clock.monotonic()))) and clock.monotonic() < deadline:
        _look_after(delivery, report)
    _look_after(delivery, report)
    _say_what_is_left(delivery)
    delivery.end()


def _opened(config: Config, stop: StopEvent, report: Callable[[DeliveryReport], None], clock: Clock) -> Delivery | None:
    while not stop.is_set():
        try:
            return Delivery(config, clock)
        except (DeliveryError, JournalError) as error:
            log.warning("%s", redact(error))
            report(DeliveryReport(state="waiting", error=redact(error)))
            stop.wait(LONGEST_PAUSE_S)
    return None


def _say_what_is_left(delivery: Delivery) -> None:
    with contextlib.suppress(JournalError):
        if left := delivery.report().waiting:
            log.warning("not delivered yet: %d, kept in the journal for the next start", left)


def _look_after(delivery: Delivery, report: Callable[[DeliveryReport], None]) -> None:
    try:
        delivery.tidy()
        report(delivery.report())
    except JournalError as error:
        report(DeliveryReport(state="waiting", error=redact(error)))


def run(config: Config, connection: Connection) -> None:
    """The whole process: told "stop" or ("apply", Config) through `connection`, and sends a DeliveryReport a second.

    The end of the connection means that the parent has gone: what waits is delivered as far as it will go, then exit.
    """
    if not logging.getLogger().handlers:
        setup()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # for the supervisor, which then stops us in order
    following: Config | None = config
    while following is not None:
        following = _run_one(following, connection, stop)


def _run_one(config: Config, connection: Connection, stop: threading.Event) -> Config | None:
    """Deliver by this configuration until told otherwise; returns the next one, None to exit."""
    over = threading.Event()
    thread = threading.Thread(target=deliver, args=(config, over, _sender(connection), SystemClock()))
    thread.start()
    following: Config | None = config
    while following is config and thread.is_alive() and not stop.is_set():
        following = _told(config, connection)
    over.set()
    thread.join()
    return None if following is config else following


def _told(config: Config, connection: Connection) -> Config | None:
    """The configuration to follow after what the parent says within a moment; None to exit."""
    try:
        if not connection.poll(LISTEN_S):
            return config
        message = connection.recv()
    except (EOFError, OSError):
        return None
    if message == "stop":
        return None
    new: Config = message[1]
    return config if (new.alerts, new.workers) == (config.alerts, config.workers) else new


def _sender(connection: Connection) -> Callable[[DeliveryReport], None]:
    def send(report: DeliveryReport) -> None:
        with contextlib.suppress(OSError):  # The parent has gone; `_told` notices.
            connection.send(report)

    return send
