"""One sink, its mark in the journal, and the loop that brings the two together.

Errors are never fatal here: the sender waits, says so, and tries again. Not here: which sinks there are, and the
process (`delivery.py`).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from typing import Protocol

from pipeline.clock import Clock
from pipeline.errors import DeliveryError, JournalError, Rejected
from pipeline.logs import redact
from pipeline.sinks.outbox import BEGINNING, Mark, Outbox, Row
from pipeline.sinks.stdout import SinkClosed

BATCH = 100
POLL_S = 0.02
RECHECK_S = 1.0
TIDY_S = 60.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0

log = logging.getLogger("zonewatch.delivery")


class StopEvent(Protocol):
    """What `threading.Event` and multiprocessing's have in common."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Sink(Protocol):
    """Somewhere that alerts go. Marks are places of the journal.

    `mark` is what the sink itself remembers, None if nothing. `deliver` returns the mark after it. `needed`: the
    journal keeps what the sink has not got. After a loss nothing older than `keep_s` seconds is sent a second time.
    """

    @property
    def name(self) -> str: ...

    @property
    def needed(self) -> bool: ...

    @property
    def keep_s(self) -> float: ...

    def mark(self) -> Mark | None: ...

    def deliver(self, after: Mark, rows: Sequence[Row]) -> Mark: ...

    def skip(self, after: Mark, upto: Mark) -> Mark: ...

    def tidy(self) -> None: ...


class Drain:
    """One sink and its mark. `step` is one exchange and may fail; `run` repeats it and does not."""

    def __init__(self, sink: Sink, outbox: Outbox, clock: Clock) -> None:
        self.sink, self.outbox, self._clock = sink, outbox, clock
        self.delivered = self.rewinds = self.rejected = 0
        self.error: str | None = None
        self.closed = False
        self._mark = outbox.mark(sink.name)
        self._more = True
        self._recheck_at = self._tidy_at = clock.monotonic()

    def step(self) -> bool:
        """Send the next batch; False when nothing waits. Raises DeliveryError, JournalError."""
        if not self.outbox.holds(self._mark):
            self._begin_again()
        rows = self.outbox.after(self._mark.seq, BATCH)
        if not rows:
            return False
        try:
            mark = self.sink.deliver(self._mark, rows)
            self.delivered += sum(self._mark.seq < row.seq <= mark.seq for row in rows)
        except Rejected as error:
            mark = self._set_aside(rows[0], error)
        self._move(mark)
        return True

    def recheck(self) -> bool:
        """Compare marks when nothing is to be sent: True if the sink has lost something that must be sent again."""
        mark = self.sink.mark()
        return self._move(self.outbox.mark(self.sink.name) if mark is None else mark)

    def _begin_again(self) -> None:
        """The file was replaced while we had it open: what we know of it is not of this one."""
        log.warning("the journal of alerts is another one than before: %s", self.outbox.path)
        self._mark = self.outbox.mark(self.sink.name)

    def _set_aside(self, row: Row, error: Rejected) -> Mark:
        self.outbox.set_aside(self.sink.name, row.seq, str(error))
        self.rejected += 1
        log.error("%s: set aside for good: %s", self.sink.name, error)
        return self.sink.skip(self._mark, row.mark)

    def _move(self, mark: Mark) -> bool:
        """Follow the sink's mark; True if that was a step back."""
        if not self.outbox.holds(mark):
            log.warning(
                "%s has had alerts that this journal does not hold: the file is a copy. All is sent again.",
                self.sink.name,
            )
            self.outbox.renew_producer()
            mark = BEGINNING
        back = mark.seq < self._mark.seq
        if back:
            mark = self._go_back(mark)
        if mark != self._mark:
            self.outbox.acknowledge(self.sink.name, mark)
            self._mark = mark
        return back

    def _go_back(self, mark: Mark) -> Mark:
        """The sink lost what it had after `mark`. Old news that it had once is not told again."""
        self.rewinds += 1
        log.warning(
            "%s has lost alerts (mark %d, was %d): they are sent again", self.sink.name, mark.seq, self._mark.seq
        )
        told = self.outbox.last_before(self._clock.wall() - self.sink.keep_s, self._mark.seq)
        return self.sink.skip(mark, told) if told.seq > mark.seq else mark

    def run(self, stop: StopEvent, give_up: StopEvent) -> None:
        """Until `stop` is set and nothing waits, or `give_up` is set, or the sink is closed."""
        pause = SHORTEST_PAUSE_S
        while not give_up.is_set():
            ending = stop.is_set()  # before looking: what is written in between belongs to this run
            try:
                waiting = self.turn()
            except SinkClosed as error:
                self.closed = True
                return self._failed(error)
            except Exception as error:
                self._failed(error)
                give_up.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            pause = SHORTEST_PAUSE_S
            if not waiting and ending:
                return None
            give_up.wait(0 if waiting else POLL_S)
        return None

    def turn(self) -> bool:
        """Send if something waits, else recheck and tidy when it is time. True if more waits."""
        changed = self.outbox.changed()
        if changed or self.error or self._more:
            self._more = self.step()
        now = self._clock.monotonic()
        if not self._more and (self.error or now >= self._recheck_at):
            self._more, self._recheck_at = self.recheck(), now + RECHECK_S
        if not self._more and now >= self._tidy_at:
            self._tidy_at = now + TIDY_S
            self.sink.tidy()
        self._well()
        return self._more

    def _well(self) -> None:
        if self.error is not None:
            log.info("%s takes alerts again", self.sink.name)
        self.error = None

    def _failed(self, error: Exception) -> None:
        said = redact(error)
        if said != self.error:
            # Not one of ours: a mistake in this program. It must not end delivery, nor go unseen.
            unexpected = None if isinstance(error, DeliveryError | JournalError) else error
            log.warning("%s: %s", self.sink.name, said, exc_info=unexpected)
        self.error = said
