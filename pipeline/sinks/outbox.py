"""The journal of alerts: one SQLite file, written and on disk before anyone hears of an incident.

Every worker writes to it, the delivery process reads it oldest first and keeps a mark for each sink. Not here: the
sinks, and the loop that drains (`workers/delivery.py`).

    meta      key, value                         `producer`: the name of this journal in the marks that sinks keep
    event     seq, id (unique), at, incident, revision, state, camera, severity, data
    mark      sink, seq                          everything up to `seq` has been delivered to `sink`
    rejected  sink, seq, at, reason              what a sink will never take; it stays readable in `event`

`seq` rises in the order of commits: each put is one statement under the write lock. It may have holes.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.clock import Clock, SystemClock
from pipeline.errors import JournalError
from pipeline.sinks.message import Event, canonical
from pipeline.types import Severity

SCHEMA_VERSION = 1
BUSY_S = 10.0
SEVERITIES = [severity.value for severity in Severity]

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL,
    incident TEXT NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
    camera TEXT NOT NULL, severity INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_of_incident ON event (camera, incident, revision);
CREATE INDEX IF NOT EXISTS event_by_time ON event (at);
CREATE TABLE IF NOT EXISTS mark (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejected (
    sink TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (sink, seq)) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('producer', lower(hex(randomblob(16))));
PRAGMA user_version = 1;
COMMIT;
"""

_ADVICE = {
    "SQLITE_FULL": "the disk is full. Free some space on it; alerts wait in memory until then.",
    "SQLITE_READONLY": "it is read-only. Let the user who runs zonewatch write to the file and its folder.",
    "SQLITE_CANTOPEN": "it cannot be opened. Check that its folder exists and may be written to.",
    "SQLITE_PERM": "it cannot be opened. Check the rights of the file and its folder.",
    "SQLITE_BUSY": "another program has kept it locked. Close what has it open (a database browser, a copy job).",
    "SQLITE_LOCKED": "another program has kept it locked. Close what has it open (a database browser, a copy job).",
    "SQLITE_CORRUPT": "it is damaged. Stop zonewatch, move the file aside with its -wal and -shm, and start again: "
    "a new one is made. `sqlite3 FILE .recover` saves what can be read.",
    "SQLITE_NOTADB": "it is not an SQLite file. Name another file in alerts.journal, or move this one aside.",
    "SQLITE_IOERR": "the disk does not take or give its data. Check the disk and its free space.",
}


class Row(NamedTuple):
    """One event as the journal keeps it: its place, the Unix time of writing, and its JSON text."""

    seq: int
    at: float
    data: str


class Outbox:
    """The journal at `path`, made if it is not there. One thread at a time; as many processes as you like.

    A journal that another holds locked is waited for `busy_s` seconds.
    """

    def __init__(
        self, path: Path | str, clock: Clock | None = None, readonly: bool = False, busy_s: float = BUSY_S
    ) -> None:
        self.path = Path(path)
        self._busy_s = busy_s
        self._clock = clock or SystemClock()
        self._readonly = readonly
        self._at_rest = False  # opened as a file that nobody writes to
        self._version = -1
        self._connect()

    def put(self, event: Event) -> int:
        """Write one event; it is on disk when this returns. The same event id again changes nothing.

        Returns the place (`seq`) of the event. Raises JournalError; putting it again later is safe.
        """
        data = event["data"]
        row = (event["id"], self._clock.wall(), data["incident"], data["revision"], data["state"], data["camera"])
        self._follow()
        with self._ours():
            done = self._db.execute(
                "INSERT INTO event (id, at, incident, revision, state, camera, severity, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq",
                (*row, SEVERITIES.index(data["severity"]), canonical(event)),
            ).fetchone()
            known = done or self._db.execute("SELECT seq FROM event WHERE id = ?", (event["id"],)).fetchone()
            return int(known[0])

    def after(self, seq: int, n: int) -> list[Row]:
        """The next `n` events after `seq`, oldest first."""
        query = "SELECT seq, at, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._ours():
            return [Row(*row) for row in self._db.execute(query, (seq, n))]

    def last_before(self, wall: float, upto: int) -> int:
        """The highest place, not above `upto`, that was written before `wall` (Unix seconds); 0 where none was."""
        return int(self._one("SELECT max(seq) FROM event WHERE at < ? AND seq <= ?", wall, upto) or 0)

    def read(
        self,
        after: int = 0,
        since: float | None = None,
        camera: str | None = None,
        severity: Severity | None = None,
        n: int = 500,
    ) -> list[tuple[int, Event]]:
        """Up to `n` events after `seq`, written since (Unix seconds), of one camera, of this severity and above."""
        query = (
            "SELECT seq, data FROM event WHERE seq > ? AND at >= ? AND severity >= ? AND (?4 IS NULL OR camera = ?4)"
            " ORDER BY seq LIMIT ?5"
        )
        lowest = SEVERITIES.index(severity.value) if severity else 0
        with self._ours():
            rows = self._db.execute(query, (after, since or 0.0, lowest, camera, n)).fetchall()
            return [(seq, json.loads(data)) for seq, data in rows]

    def open_incidents(self, camera: str | None = None) -> list[Event]:
        """The last message of every incident, of this camera or of all, that has not been closed, oldest first."""
        # With max(), SQLite takes the other columns from the row that holds the maximum.
        chosen, values = ("", ()) if camera is None else ("WHERE camera = ?", (camera,))
        query = (
            f"SELECT data, state, seq, max(revision) FROM event {chosen}"  # noqa: S608
            " GROUP BY incident HAVING state <> 'closed' ORDER BY seq"
        )
        with self._ours():
            return [json.loads(row[0]) for row in self._db.execute(query, values)]

    @property
    def producer(self) -> str:
        """The name of this journal in the marks that sinks keep."""
        return str(self._one("SELECT value FROM meta WHERE key = 'producer'"))

    def renew_producer(self) -> None:
        """Take a new name: a sink knows more than we have, so this file is an old copy, and old marks mean nothing."""
        self._run("UPDATE meta SET value = ? WHERE key = 'producer'", uuid.uuid4().hex)

    def floor(self) -> int:
        """The lowest place still kept; one more than the highest where nothing is."""
        lowest = self._one("SELECT min(seq) FROM event")
        return self.top() + 1 if lowest is None else int(lowest)

    def top(self) -> int:
        """The highest place ever given; 0 in a new journal."""
        return int(self._one("SELECT seq FROM sqlite_sequence WHERE name = 'event'") or 0)

    def mark(self, sink: str) -> int:
        """Everything up to here has been delivered to `sink`; 0 for a sink never heard of."""
        return int(self._one("SELECT seq FROM mark WHERE sink = ?", sink) or 0)

    def acknowledge(self, sink: str, seq: int) -> None:
        """Set the mark of `sink`; lower than before where the sink has lost what it had."""
        self._run("INSERT INTO mark VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq", sink, seq)

    def set_aside(self, sink: str, seq: int, reason: str) -> None:
        """Remember that `sink` will never take this event, and why."""
        self._run("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?, ?)", sink, seq, self._clock.wall(), reason)

    def rejected(self, sink: str) -> list[tuple[int, str]]:
        """What was set aside, as (seq, reason)."""
        query = "SELECT seq, reason FROM rejected WHERE sink = ? ORDER BY seq"
        with self._ours():
            return [(int(seq), str(reason)) for seq, reason in self._db.execute(query, (sink,))]

    def backlog(self, sink: str) -> tuple[int, float]:
        """How many events wait for `sink`, and for how many seconds the oldest has waited."""
        # The index by time holds all that is asked; the table holds the events as well, and is twelve times slower.
        query = "SELECT count(*), min(at) FROM event INDEXED BY event_by_time WHERE +seq > ?"
        with self._ours():
            count, oldest = self._db.execute(query, (self.mark(sink),)).fetchone()
        return int(count), max(0.0, self._clock.wall() - oldest) if count else 0.0

    def prune(self, keep_s: float, sinks: Collection[str] = ()) -> int:
        """Delete what is older than `keep_s` seconds and has been delivered to all of `sinks`; how many went."""
        delivered = min((self.mark(sink) for sink in sinks), default=self.top())
        before = self._clock.wall() - keep_s
        self._run("DELETE FROM rejected WHERE seq <= ? AND at < ?", delivered, before)
        return self._run("DELETE FROM event WHERE seq <= ? AND at < ?", delivered, before)

    def changed(self) -> bool:
        """Has another process written since the last call? Costs microseconds: ask as often as you like."""
        self._follow()
        before, self._version = self._version, int(self._one("PRAGMA data_version"))
        return before != self._version

    def close(self) -> None:
        """Close the file; what was put stays put."""
        self._db.close()

    def _one(self, query: str, *values: Any) -> Any:
        with self._ours():
            row = self._db.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _run(self, statement: str, *values: Any) -> int:
        with self._ours():
            return self._db.execute(statement, values).rowcount

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """SQLite's errors become ours here, and only here."""
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"The journal of alerts {self.path}: {_advice(error)}") from error
        except OSError as error:
            raise JournalError(
                f"The journal of alerts {self.path}: {error.strerror or error}. Check its folder."
            ) from error

    def _connect(self) -> None:
        with self._ours():
            self._db = self._open_readonly() if self._readonly else self._open()
            self._inode = self.path.stat().st_ino
        self._version = -1

    def _follow(self) -> None:
        """Somebody may have moved the file aside or deleted it: what we wrote to it now would be lost unseen."""
        try:
            moved = self.path.stat().st_ino != self._inode
        except OSError:
            moved = True
        if moved or (self._at_rest and self._in_use()):
            self._db.close()
            self._connect()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        _patiently(db, "PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA busy_timeout = {int(1000 * self._busy_s)}")
        db.execute("PRAGMA synchronous = FULL")
        self._check_version(db)
        if db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'rejected'").fetchone()[0] == 0:
            db.executescript(_TABLES)
        return db

    def _open_readonly(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise JournalError(f"There is no journal of alerts at {self.path}. `zonewatch run` makes it.")
        self._at_rest = False
        try:
            return self._readable("mode=ro")
        except sqlite3.OperationalError:
            # SQLite wants to make files beside a journal in WAL mode, though a closed one can be read without.
            if self._in_use():
                raise
            self._at_rest = True
            return self._readable("mode=ro&immutable=1")

    def _readable(self, how: str) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?{how}"
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._check_version(db)
        except BaseException:
            db.close()
            raise
        return db

    def _in_use(self) -> bool:
        """Whether somebody has it open, or has left it in the middle."""
        return self.path.with_name(f"{self.path.name}-wal").exists()

    def _check_version(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise JournalError(f"The journal of alerts {self.path} was written by a newer zonewatch. Update this one.")


def _patiently(db: sqlite3.Connection, statement: str) -> None:
    """Changing to WAL does not wait for others who do the same (SQLite's busy timeout does not cover it): we do."""
    for left in reversed(range(int(BUSY_S / 0.01))):
        try:
            db.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or not left:
                raise
            time.sleep(0.01)
        else:
            return


def _advice(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    known = next((text for code, text in _ADVICE.items() if name.startswith(code)), None)
    return known or f"{error}."
