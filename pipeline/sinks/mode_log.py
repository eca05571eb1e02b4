"""Which mode the site is in, and was: in the journal, so that it outlives every process; setting one tells it too.

Any process may set one, and all see it: `changed` costs microseconds. Not here: what a mode changes (`rules/calendar`).
"""

from __future__ import annotations

import uuid
from pathlib import Path

from pipeline.clock import Clock, SystemClock
from pipeline.sinks.journal_file import BUSY_S, JournalFile
from pipeline.sinks.message import canonical, mode_event
from pipeline.types import Mode, Severity

_SEVERITIES = list(Severity)
_NORMAL = Mode()
# What is told of a change: who lets nobody in, or has everybody out, tells everybody.
_SEVERITY = {"normal": Severity.HIGH, "lockdown": Severity.CRITICAL, "evacuation": Severity.CRITICAL}


class ModeLog:
    """Of the journal at `path`. One thread at a time. Every method raises JournalError."""

    def __init__(
        self, path: Path, site: str, clock: Clock | None = None, readonly: bool = False, busy_s: float = BUSY_S
    ) -> None:
        self._site = site
        self._clock = clock or SystemClock()
        self._file = JournalFile(path, readonly, busy_s)

    def changed(self) -> bool:
        """Whether anything has been written to the journal since the last call."""
        return self._file.changed()

    def now(self) -> Mode:
        """The last one that was set, with the one before it; it may be over by now."""
        query = "SELECT name, at, until, by, why FROM mode ORDER BY seq DESC LIMIT 2"
        found = _NORMAL
        for name, since, until, by, why in reversed(self._file.rows(query)):
            found = Mode(name, since, until, by, why, found)
        return found

    def set(self, name: str, by: str, why: str, until: float | None = None, event: str = "") -> Mode:
        """From now on the site is in mode `name`; it is on disk, and on its way to every sink, when this returns.

        `event` is the id of its message: the same one again changes nothing.
        """
        before = self.now()
        mode = Mode(name, self._clock.wall(), until, by, why, before.at(self._clock.wall()))
        self._put(mode, event or f"mode-{uuid.uuid4().hex}", None)
        return self.now()

    def expire(self) -> bool:
        """Whether a mode has ended by itself; that is told once, whoever notices it first."""
        rows = self._file.rows("SELECT seq, id, until FROM mode ORDER BY seq DESC LIMIT 1")
        if not rows or rows[0][2] is None or rows[0][2] > self._clock.wall():
            return False
        ((seq, event, until),) = rows
        self._put(self.now().at(until), f"{event}-over", seq)
        return True

    def followed(self, stream: str) -> str | None:
        """The last command of that stream that was read; None: none ever."""
        found = self._file.one("SELECT value FROM meta WHERE key = ?", f"control:{stream}")
        return None if found is None else str(found)

    def follow(self, stream: str, place: str) -> None:
        """That command has been read."""
        self._file.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            f"control:{stream}",
            place,
        )

    def _put(self, mode: Mode, event: str, after: int | None) -> None:
        """As long as the last one is at `after`, if that is asked."""
        severity = _SEVERITY.get(mode.name, Severity.MEDIUM)
        self._file.follow()
        self._file.run(
            "INSERT INTO mode (id, at, name, until, by, why, severity, data) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"
            " WHERE NOT EXISTS (SELECT 1 FROM mode WHERE id = ?1) AND (?9 IS NULL OR ?9 = (SELECT max(seq) FROM mode))",
            event,
            mode.since,
            mode.name,
            mode.until,
            mode.by,
            mode.why,
            _SEVERITIES.index(severity),
            canonical(mode_event(mode, self._site, severity, event)),
            after,
        )

    def close(self) -> None:
        """What was set stays set."""
        self._file.close()
