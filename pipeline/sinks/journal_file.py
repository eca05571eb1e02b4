"""The journal's SQLite file: its tables, opening it, taking over one of an earlier version, and what its errors mean.

Each change of the tables is a version of its own, with a step in `_STEPS` that makes it out of the one before, and a
file of the version before in `tests/sinks/journals/`. Not here: what is written and read (`outbox`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import JournalError

BUSY_S = 10.0

# What makes a version out of the one before it, which has the number; 0 is an empty file.
_STEPS = {
    0: """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL,
    incident TEXT NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
    camera TEXT NOT NULL, severity INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX event_of_incident ON event (camera, incident, revision);
CREATE INDEX event_by_time ON event (at);
CREATE TABLE mark (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE rejected (
    sink TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (sink, seq)) WITHOUT ROWID;
INSERT INTO meta VALUES ('producer', lower(hex(randomblob(16))));
""",
    1: """
ALTER TABLE mark ADD COLUMN id TEXT NOT NULL DEFAULT '';
UPDATE mark SET id = coalesce((SELECT event.id FROM event WHERE event.seq = mark.seq), '');
CREATE TABLE open_incident (incident TEXT PRIMARY KEY, camera TEXT NOT NULL, seq INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
INSERT INTO open_incident SELECT incident, camera, seq FROM (
    SELECT incident, camera, seq, state, max(revision) FROM event GROUP BY incident) WHERE state <> 'closed';
-- An id is INCIDENT:REVISION, so the index of ids finds all of an incident; ';' is the character after ':'.
CREATE TRIGGER event_opens AFTER INSERT ON event
WHEN NEW.state <> 'closed' AND NOT EXISTS (
    SELECT 1 FROM event WHERE id > NEW.incident || ':' AND id < NEW.incident || ';' AND revision > NEW.revision)
BEGIN INSERT OR REPLACE INTO open_incident VALUES (NEW.incident, NEW.camera, NEW.seq); END;
CREATE TRIGGER event_closes AFTER INSERT ON event WHEN NEW.state = 'closed'
BEGIN DELETE FROM open_incident WHERE incident = NEW.incident; END;
DROP INDEX event_of_incident;
CREATE TABLE picture (uri TEXT PRIMARY KEY, at REAL NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX picture_by_time ON picture (at, bytes);
INSERT OR IGNORE INTO picture SELECT json_extract(one.value, '$.uri'), event.at, 0
FROM event, json_each(CASE WHEN json_valid(event.data) THEN event.data ELSE '{}' END, '$.data.evidence') AS one;
""",
    2: """
CREATE TABLE mode (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, name TEXT NOT NULL, until REAL,
    by TEXT NOT NULL, why TEXT NOT NULL, severity INTEGER NOT NULL, data TEXT NOT NULL);
-- Set and told are one step. To the journal it is like an incident of no camera that is over at once.
CREATE TRIGGER mode_tells AFTER INSERT ON mode BEGIN
INSERT INTO event (id, at, incident, revision, state, camera, severity, data)
VALUES (NEW.id, NEW.at, NEW.id, 1, 'closed', '', NEW.severity, NEW.data); END;
CREATE TABLE unsaid (
    camera TEXT NOT NULL, rule TEXT NOT NULL, why TEXT NOT NULL, day TEXT NOT NULL, alerts INTEGER NOT NULL,
    PRIMARY KEY (camera, rule, why, day)) WITHOUT ROWID;
""",
}
VERSION = max(_STEPS) + 1

_ADVICE = {
    "SQLITE_FULL": "the disk is full. Free some space on it; alerts wait until then.",
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


class JournalFile:
    """The file at `path`, made if it is not there. One thread at a time; as many processes as you like.

    One that another holds locked is waited for `busy_s` seconds. Every method raises JournalError.
    """

    def __init__(self, path: Path, readonly: bool, busy_s: float) -> None:
        self._path = path
        self._busy_s = busy_s
        self._readonly = readonly
        self._at_rest = False  # opened as a file that nobody writes to
        self._version = -1
        self._connect()

    def one(self, query: str, *values: Any) -> Any:
        """The first value of the first row, None where there is no row."""
        rows = self.rows(query, *values)
        return rows[0][0] if rows else None

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        with self._ours():
            return self._db.execute(query, values).fetchall()

    def run(self, statement: str, *values: Any) -> int:
        """Change something, on disk when this returns; how many rows."""
        with self._ours():
            return self._db.execute(statement, values).rowcount

    def follow(self) -> None:
        """Somebody may have moved the file aside or deleted it: what we wrote to it now would be lost unseen."""
        try:
            moved = self._path.stat().st_ino != self._inode
        except OSError:
            moved = True
        if moved or (self._at_rest and self._in_use()):
            self._db.close()
            self._connect()

    def changed(self) -> bool:
        """Whether another process has written since the last call. Costs microseconds."""
        self.follow()
        before, self._version = self._version, int(self.one("PRAGMA data_version"))
        return before != self._version

    def close(self) -> None:
        """What was written stays written."""
        self._db.close()

    def _connect(self) -> None:
        with self._ours():
            self._db = self._open_readonly() if self._readonly else self._open()
            self._inode = self._path.stat().st_ino
        self._version = -1

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        _patiently(db, "PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA busy_timeout = {int(1000 * self._busy_s)}")
        db.execute("PRAGMA synchronous = FULL")
        if self._known_version(db) < VERSION:
            self._take_over(db)
        return db

    def _take_over(self, db: sqlite3.Connection) -> None:
        """Whole or not at all; whoever else is about to do the same waits, and finds it done."""
        db.execute("BEGIN IMMEDIATE")
        try:
            for version in range(self._known_version(db), VERSION):
                for statement in _statements(_STEPS[version]):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise

    def _open_readonly(self) -> sqlite3.Connection:
        if not self._path.exists():
            raise JournalError(f"There is no journal of alerts at {self._path}. `zonewatch run` makes it.")
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
        uri = f"{self._path.absolute().as_uri()}?{how}"
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._known_version(db)
        except BaseException:
            db.close()
            raise
        return db

    def _in_use(self) -> bool:
        """Whether somebody has it open, or has left it in the middle."""
        return self._path.with_name(f"{self._path.name}-wal").exists()

    def _known_version(self, db: sqlite3.Connection) -> int:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise JournalError(f"The journal of alerts {self._path} was written by a newer zonewatch. Update this one.")
        return version

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """SQLite's errors become ours here, and only here."""
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(f"The journal of alerts {self._path}: {_advice(error)}") from error
        except OSError as error:
            raise JournalError(
                f"The journal of alerts {self._path}: {error.strerror or error}. Check its folder."
            ) from error


def _statements(script: str) -> Iterator[str]:
    """One after the other: `executescript` would commit what is open before it begins."""
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


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
