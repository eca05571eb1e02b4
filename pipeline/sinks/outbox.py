"""The journal of alerts: one SQLite file, written and on disk before anyone hears of an incident.

Every worker writes to it, the delivery process reads it oldest first and keeps a mark for each sink. Not here: the
file and its versions (`journal_file`), the sinks, and the loop that drains (`processes/delivery.py`).

    meta           key, value                  `producer`: the name of this journal in the marks that sinks keep
    event          seq, id (unique), at, incident, revision, state, camera, severity, data
    mark           sink, seq, id               everything up to `seq`, which is event `id`, has been delivered to `sink`
    rejected       sink, seq, at, reason       what a sink will never take; it stays readable in `event`
    open_incident  incident, camera, seq       the last word, so far, of each incident that is not closed
    picture        uri (unique), at, bytes     files that this journal had written, and nobody else has to delete
    mode           seq, id, at, name, …        the modes that the site was in (`mode_log`); each is an event too
    unsaid         camera, rule, why, day, alerts   how many alerts were not told: in shadow, or folded (`loads`)

`seq` rises in the order of commits: each put is one statement under the write lock. Nothing here costs more when the
journal is long, but a step back (`last_before`) and `read` of what lies far behind.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.clock import Clock, SystemClock
from pipeline.sinks.journal_file import BUSY_S, JournalFile
from pipeline.sinks.message import Event, canonical
from pipeline.types import Severity

SEVERITIES = [severity.value for severity in Severity]

PRUNED_AT_ONCE = 20
"""Rows that go in one step of pruning: about a millisecond, for which a put may have to wait.

Each touches a page of its own in the index of ids: of more rows at once, those of a long journal cost more."""
# Who waits for the lock looks again after 1, 3, 8, 18 ms: the gaps between steps are wide enough to be met.
_LEAST_GAP_S = 0.005

# The index by time gives the oldest first; without the plus, SQLite would go by place, through all that is younger.
_PRUNE = """
DELETE FROM event WHERE seq IN (
    SELECT seq FROM event INDEXED BY event_by_time WHERE at < ? AND +seq <= ?
    AND NOT EXISTS (SELECT 1 FROM open_incident WHERE open_incident.seq = event.seq) ORDER BY at LIMIT ?)
"""


class Row(NamedTuple):
    """One event as the journal keeps it: its place, its id, the Unix time of writing, and its JSON text."""

    seq: int
    id: str
    at: float
    data: str

    @property
    def mark(self) -> Mark:
        """The mark of a sink that has everything up to here."""
        return Mark(self.seq, self.id)


class Mark(NamedTuple):
    """Everything up to the place `seq` has been delivered; `id` is the event that lies there.

    The id tells a journal from another one with as many events, say a copy that was brought back and went on. It is
    empty at the beginning, and in marks of version 1.
    """

    seq: int = 0
    id: str = ""


BEGINNING = Mark()


class Outbox:
    """The journal at `path`, made if it is not there. One thread at a time; as many processes as you like.

    A journal that another holds locked is waited for `busy_s` seconds. Every method raises JournalError.
    """

    def __init__(
        self, path: Path | str, clock: Clock | None = None, readonly: bool = False, busy_s: float = BUSY_S
    ) -> None:
        self.path = Path(path)
        self._clock = clock or SystemClock()
        self._file = JournalFile(self.path, readonly, busy_s)

    def put(self, event: Event) -> int:
        """Write one event; it is on disk when this returns. The same event id again changes nothing.

        Returns the place (`seq`) of the event. Putting it again after an error is safe.
        """
        data = event["data"]
        row = (event["id"], self._clock.wall(), data["incident"], data["revision"], data["state"], data["camera"])
        self._file.follow()
        # Not ON CONFLICT: that would use up a place.
        seq = self._file.one(
            "INSERT INTO event (id, at, incident, revision, state, camera, severity, data)"
            " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM event WHERE id = ?1) RETURNING seq",
            *row,
            SEVERITIES.index(data["severity"]),
            canonical(event),
        )
        return int(seq or self._file.one("SELECT seq FROM event WHERE id = ?", event["id"]))

    def after(self, seq: int, n: int) -> list[Row]:
        """The next `n` events after `seq`, oldest first."""
        query = "SELECT seq, id, at, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        return [Row(*row) for row in self._file.rows(query, seq, n)]

    def last_before(self, wall: float, upto: int) -> Mark:
        """The highest place, not above `upto`, that was written before `wall` (Unix seconds)."""
        query = "SELECT max(seq), id FROM event WHERE at < ? AND seq <= ?"
        ((seq, event),) = self._file.rows(query, wall, upto)
        return Mark(seq, event) if seq else BEGINNING

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
            "SELECT seq, data FROM event WHERE seq > ? AND at >= ? AND severity >= ?"
            " AND (?4 IS NULL OR camera IN (?4, '')) ORDER BY seq LIMIT ?5"
        )
        lowest = SEVERITIES.index(severity.value) if severity else 0
        rows = self._file.rows(query, max(after, self._before(since)), since or 0.0, lowest, camera, n)
        return [(seq, json.loads(data)) for seq, data in rows]

    def _before(self, since: float | None) -> int:
        """A place before all that was written since then."""
        first = None if since is None else self._file.one("SELECT min(seq) FROM event WHERE at >= ?", since)
        return 0 if first is None else int(first) - 1

    def open_incidents(self, camera: str | None = None) -> list[Event]:
        """The last message of every incident, of this camera or of all, that has not been closed, oldest first."""
        query = (
            "SELECT data FROM open_incident JOIN event USING (seq)"
            " WHERE ?1 IS NULL OR open_incident.camera = ?1 ORDER BY seq"
        )
        return [json.loads(data) for (data,) in self._file.rows(query, camera)]

    @property
    def producer(self) -> str:
        """The name of this journal in the marks that sinks keep."""
        return str(self._file.one("SELECT value FROM meta WHERE key = 'producer'"))

    def renew_producer(self) -> None:
        """Take a new name: a sink has what we have not, so this is a copy, and marks of the old name mean nothing."""
        self._file.run("UPDATE meta SET value = ? WHERE key = 'producer'", uuid.uuid4().hex)

    def holds(self, mark: Mark) -> bool:
        """Whether the event of this mark lies at its place here, or did before it was pruned."""
        if mark == BEGINNING:
            return True
        found = self._file.one("SELECT id FROM event WHERE seq = ?", mark.seq)
        if found is None:
            # Only what has been delivered is pruned; of that, marks remember the id.
            found = self._file.one("SELECT id FROM mark WHERE seq = ? AND id <> ''", mark.seq)
            return mark.seq < self.floor() and found in (None, mark.id)
        return mark.id in ("", found)

    def floor(self) -> int:
        """The lowest place still kept; one more than the highest where nothing is."""
        lowest = self._file.one("SELECT min(seq) FROM event")
        return self.top() + 1 if lowest is None else int(lowest)

    def top(self) -> int:
        """The highest place ever given; 0 in a new journal."""
        return int(self._file.one("SELECT seq FROM sqlite_sequence WHERE name = 'event'") or 0)

    def mark(self, sink: str) -> Mark:
        """Everything up to here has been delivered to `sink`; the beginning for one never heard of."""
        rows = self._file.rows("SELECT seq, id FROM mark WHERE sink = ?", sink)
        return Mark(*rows[0]) if rows else BEGINNING

    def acknowledge(self, sink: str, mark: Mark) -> None:
        """Set the mark of `sink`; lower than before where the sink has lost what it had."""
        self._file.run(
            "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq, id = excluded.id",
            sink,
            *mark,
        )

    def set_aside(self, sink: str, seq: int, reason: str) -> None:
        """Remember that `sink` will never take this event, and why."""
        self._file.run("INSERT OR REPLACE INTO rejected VALUES (?, ?, ?, ?)", sink, seq, self._clock.wall(), reason)

    def rejected(self, sink: str) -> list[tuple[int, str]]:
        """What was set aside, as (seq, reason)."""
        query = "SELECT seq, reason FROM rejected WHERE sink = ? ORDER BY seq"
        return [(int(seq), str(reason)) for seq, reason in self._file.rows(query, sink)]

    def backlog(self, sink: str) -> tuple[int, float]:
        """How many events wait for `sink`, and for how many seconds the oldest has waited.

        Places are counted, not events: in a journal that version 1 began some are empty.
        """
        mark = int(self._file.one("SELECT seq FROM mark WHERE sink = ?", sink) or 0)
        oldest = self._file.rows("SELECT seq, at FROM event WHERE seq > ? ORDER BY seq LIMIT 1", mark)
        if not oldest:
            return 0, 0.0
        ((first, at),) = oldest
        return int(self._file.one("SELECT max(seq) FROM event")) - first + 1, max(0.0, self._clock.wall() - at)

    def prune(self, keep_s: float, sinks: Collection[str] = (), most: int = 10_000) -> int:
        """Delete what is older than `keep_s` seconds and has been delivered to all of `sinks`; how many went.

        The last word of an incident that is not closed stays. At most `most` go, a few at a time; after each step the
        journal is left to others, at least for as long as it took.
        """
        delivered = min((self.mark(sink).seq for sink in sinks), default=self.top())
        before, went = self._clock.wall() - keep_s, 0
        self._file.run("DELETE FROM rejected WHERE seq <= ? AND at < ?", delivered, before)
        while True:
            began = time.perf_counter()
            gone = self._file.run(_PRUNE, before, delivered, PRUNED_AT_ONCE)
            went += gone
            if gone < PRUNED_AT_ONCE or went >= most:
                return went
            time.sleep(max(_LEAST_GAP_S, time.perf_counter() - began))

    def note_pictures(self, pictures: Mapping[str, int]) -> None:
        """Uris and bytes of files that are about to be written for alerts of this journal."""
        now = self._clock.wall()
        values = [value for uri, size in pictures.items() for value in (uri, now, size)]
        places = ", ".join(["(?, ?, ?)"] * len(pictures))
        self._file.run(f"INSERT OR REPLACE INTO picture VALUES {places}", *values)  # noqa: S608

    def oldest_pictures(self, before: float, n: int) -> list[str]:
        """Uris of up to `n` files that were written before then (Unix seconds), oldest first."""
        query = "SELECT uri FROM picture WHERE at < ? ORDER BY at LIMIT ?"
        return [str(uri) for (uri,) in self._file.rows(query, before, n)]

    def pictures_bytes(self) -> int:
        """What the files take."""
        return int(self._file.one("SELECT total(bytes) FROM picture"))

    def forget_pictures(self, uris: Sequence[str]) -> None:
        """These have been deleted."""
        self._file.run(f"DELETE FROM picture WHERE uri IN ({', '.join('?' * len(uris))})", *uris)  # noqa: S608

    def changed(self) -> bool:
        """Has another process written since the last call? Costs microseconds: ask as often as you like."""
        return self._file.changed()

    def close(self) -> None:
        """Close the file; what was put stays put."""
        self._file.close()
