"""Old pictures go, and old parts of ledgers: when they are too old, too many, or when their disk is nearly full.

In a thread of its own, because a disk that hangs must not hold up delivery. Not here: which rows of the journal go
(`sinks/outbox`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from math import inf

from pipeline.clock import Clock
from pipeline.config import Alerts, Ledger
from pipeline.errors import JournalError
from pipeline.logs import Counted
from pipeline.sinks.outbox import Outbox
from pipeline.store.ledger import prune
from pipeline.store.snapshots import Snapshots

log = logging.getLogger("zonewatch.delivery")

_AT_ONCE = 100
_COMPLAINT_S = 3600.0
_DAY_S = 86400.0


class Retention:
    """`tidy` now and then; what takes longer than until the next time is let finish first."""

    def __init__(self, alerts: Alerts, clock: Clock, ledger: Ledger | None = None) -> None:
        self._alerts = alerts
        self._ledger = ledger
        self._clock = clock
        self._outbox = Outbox(alerts.journal, clock)
        self._snapshots = Snapshots(alerts.snapshots)
        self._thread: threading.Thread | None = None
        self._complaints = Counted(log, _COMPLAINT_S)

    def tidy(self, keep_s: float) -> None:
        """Begin to delete what is older than that, and what is too much."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._tidy, args=(keep_s,), name="retention", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """For what has begun, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _tidy(self, keep_s: float) -> None:
        try:
            self._delete(self._clock.wall() - keep_s, lambda: True)
            if self._delete(inf, self._too_many):
                self._complain(
                    f"pictures of alerts take more than alerts.snapshots_gb ({self._alerts.snapshots_gb:g}) allows: "
                    "the oldest were deleted."
                )
            if self._delete(inf, self._snapshots.crowded):
                self._complain(
                    f"the disk of {self._alerts.snapshots} is nearly full: the oldest pictures of alerts were deleted."
                )
        except (JournalError, OSError) as error:
            self._complain(f"old pictures of alerts could not be deleted: {error}")
        if self._ledger is not None:
            self._tidy_ledger(self._ledger)

    def _tidy_ledger(self, ledger: Ledger) -> None:
        try:
            _, many = prune(ledger.folder, self._clock.wall() - ledger.keep_days * _DAY_S, ledger.gb * 1e9)
        except OSError as error:
            self._complain(f"old parts of the ledger could not be deleted: {error}")
            return
        if many:
            self._complain(
                f"the ledger takes more than ledger.gb ({ledger.gb:g}) allows, or its disk is nearly full: the oldest "
                "parts were deleted."
            )

    def _delete(self, before: float, wanted: Callable[[], bool]) -> int:
        """The oldest from before then, as long as that is wanted; how many went."""
        went = 0
        while wanted() and (uris := self._outbox.oldest_pictures(before, _AT_ONCE)):
            self._snapshots.remove(uris)
            self._outbox.forget_pictures(uris)
            went += len(uris)
        return went

    def _too_many(self) -> bool:
        return self._outbox.pictures_bytes() > self._alerts.snapshots_gb * 1e9

    def _complain(self, words: str) -> None:
        self._complaints.warning(words, self._clock.monotonic())
