"""One row of the supervisor's table: a process, its pipe, its heartbeat, and when it may be started again.

Not here: which processes there are, and why (`supervisor`).
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection, Pipe
from multiprocessing.process import BaseProcess
from typing import Any

from pipeline.clock import Clock
from pipeline.places import short_temporary_folder
from pipeline.processes.line import ALIVE

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
# One that lived so long was well: its next failure starts from the shortest pause.
_WELL_AFTER_S = 60.0
# What multiprocessing says of a child when the forkserver, its parent, is gone.
_UNKNOWN_EXIT = 255
# Importing, loading the model and opening the journal may take so long before the first report.
_START_S = 30.0


class Process:
    """`target(*arguments(), connection)` in a process of its own, from the preloaded forkserver."""

    def __init__(self, name: str, start: Callable[[Connection], BaseProcess], heartbeat_s: float, clock: Clock) -> None:
        self.name = name
        self.restarts = 0
        self.last: Any = None
        self.heard_at: float | None = None
        self._start = start
        self._heartbeat_s = heartbeat_s
        self._clock = clock
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._started_at = self._not_before = 0.0
        self._pause = 0.0

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._process.pid if self._process is not None else None

    def watch(self, wanted: bool = True) -> None:
        """Hear its reports; end it if it is silent; note its death; start it again in time."""
        self._hear()
        now = self._clock.monotonic()
        if self._process is None:
            if wanted and now >= self._not_before:
                self._begin(now)
        elif not self._process.is_alive():
            self._died(now)
        elif now - (self.heard_at or self._started_at + _START_S - self._heartbeat_s) > self._heartbeat_s:
            log.error("%s: no sign of life for %.0f s: killed", self.name, self._heartbeat_s)
            self.kill()
            self._died(now)

    def send(self, message: object) -> None:
        """Tell it something; one that has just died is told by its next start."""
        if self._connection is not None:
            try:
                self._connection.send(message)
            except OSError:
                log.debug("%s: gone before it could be told", self.name)

    def join(self, until: float) -> bool:
        """Wait for its end until the monotonic time `until`, hearing it out; True if it has ended."""
        process = self._process
        if process is None:
            return True
        process.join(max(0.0, until - self._clock.monotonic()))
        self._hear()
        return not process.is_alive()

    def kill(self) -> None:
        """End it wherever it is: the only way to free a decoder that hangs."""
        if self._process is not None:
            self._process.kill()
            self._process.join(5.0)

    def _begin(self, now: float) -> None:
        ours, theirs = Pipe()
        self._process, self._connection = self._start(theirs), ours
        self._started_at, self.heard_at = now, None
        try:
            self._process.start()
        except (OSError, EOFError) as error:  # no memory, no descriptors, the forkserver gone
            log.error("%s: cannot be started: %s", self.name, error)
            self._process, self._connection = None, None
            ours.close()
            self._retreat(now)
            return
        finally:
            theirs.close()
        log.info("%s: started, process %s", self.name, self._process.pid)

    def _died(self, now: float) -> None:
        process, connection = self._process, self._connection
        self._process = self._connection = self.last = None
        if connection is not None:
            connection.close()
        if process is None:
            return
        code = process.exitcode
        if code == _UNKNOWN_EXIT and process.pid is not None:
            # The forkserver is gone and can tell of nobody's end: this one may still be at work.
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self._retreat(now)
        self.restarts += 1
        log.error("%s: ended (%s); again in %.1f s", self.name, _ending(code), self._pause)
        if code is not None:  # else not even SIGKILL ends it: it hangs in the kernel, and is left there
            process.close()

    def _retreat(self, now: float) -> None:
        lived = now - self._started_at
        self._pause = 0.0 if lived > _WELL_AFTER_S else min(max(2 * self._pause, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
        self._not_before = now + self._pause

    def _hear(self) -> None:
        connection = self._connection
        try:
            while connection is not None and connection.poll():
                message = connection.recv()
                self.last = self.last if message == ALIVE else message
                self.heard_at = self._clock.monotonic()
        except (EOFError, OSError):
            self._connection = None


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def forked(target: Callable[..., None], arguments: tuple[object, ...]) -> BaseProcess:
    """A child that will run `target(*arguments)`."""
    return context().Process(target=target, args=arguments, daemon=False)


@cache
def context() -> multiprocessing.context.ForkServerContext:
    """Children fork from a clean server that has imported everything: a start costs 20 ms instead of seconds."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["pipeline.processes.worker", "pipeline.processes.delivery"])
    # Who stops a service may signal all its processes at once. The order of stopping is the supervisor's: what it
    # starts does not listen.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGHUP)}
    with short_temporary_folder():
        forkserver.ensure_running()
    for number, handler in before.items():
        signal.signal(number, handler)
    return made
