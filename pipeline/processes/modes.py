"""Which mode the site is in, as a process sees it: the last one known, also while the journal cannot be read.

Not here: how it is kept (`sinks/mode_log`), and what it changes (`rules/calendar`).
"""

from __future__ import annotations

import logging
from pathlib import Path

from pipeline.clock import Clock
from pipeline.errors import JournalError
from pipeline.logs import Counted
from pipeline.sinks.mode_log import ModeLog
from pipeline.types import Mode

log = logging.getLogger(__name__)

_LOOK_S = 0.1
_AGAIN_S = 1.0
# Who analyses pictures, or looks after those who do, must not wait for a journal that another holds.
_BUSY_S = 0.3


class Modes:
    """`look` often; `mode` is what it found."""

    def __init__(self, journal: Path, site: str, clock: Clock) -> None:
        self._journal, self._site, self._clock = journal, site, clock
        self._log: ModeLog | None = None
        self._look_at = 0.0
        self._name = "normal"
        self._complaints = Counted(log, every_s=60.0)
        self.mode = Mode()

    def look(self) -> bool:
        """Whether another mode holds than at the last look; also where one has ended by itself."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + _LOOK_S
        before = self.mode, self._name
        try:
            self._log = self._log or ModeLog(self._journal, self._site, self._clock, busy_s=_BUSY_S)
            if self._log.changed():
                self.mode = self._log.now()
        except JournalError as error:
            self._look_at = now + _AGAIN_S
            self._complaints.warning(f"the mode cannot be read: {error}", now)
        self._name = self.mode.at(self._clock.wall()).name
        return before != (self.mode, self._name)

    def expire(self) -> None:
        """Tell that a mode has ended by itself."""
        try:
            if self._log is not None and self._log.expire():
                log.warning("mode %s is over: it was set until now", self.mode.name)
        except JournalError as error:
            self._complaints.warning(f"the end of a mode cannot be told: {error}", self._clock.monotonic())
