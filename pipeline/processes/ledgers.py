"""The frame ledgers of a worker's cameras, written by a thread of its own: a disk that hangs holds up no alert.

Not here: what is kept (`workers/entries`), and how it is written (`workers/ledger_lines`, `store/ledger`).
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pipeline.clock import Clock
from pipeline.errors import LedgerError
from pipeline.logs import Counted
from pipeline.sinks.message import Event, canonical, cloud_event
from pipeline.store.ledger import FORMAT, Line, Part, crowded, part_path
from pipeline.types import Evidence, Incident
from pipeline.workers.entries import Began, Changed, Entry, Picture
from pipeline.workers.ledger_lines import line_of

log = logging.getLogger(__name__)

_EVERY_S = 1.0
_HOUR_S = 3600.0
# So many entries of one camera wait for the disk, a quarter of an hour at five a second; what comes then is a hole.
_MOST = 4096
_LAST_S = 2.0


class Ledgers:
    """`of` a camera is whom its lane tells; `sent` is told of each alert that has reached the journal."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._cameras: dict[str, _Ledger] = {}
        self._stop = threading.Event()
        self._complaints = Counted(log, every_s=60.0)
        self._thread = threading.Thread(target=self._work, name="ledgers", daemon=True)
        self._thread.start()

    def of(self, camera: str) -> _Ledger:
        """That camera's; the same one, whoever watches it."""
        if camera not in self._cameras:
            at = self._clock.wall()
            began = f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%S}.{int(at % 1 * 1000):03d}Z-{os.getpid()}"
            self._cameras[camera] = _Ledger(self._folder, camera, began)
        return self._cameras[camera]

    def sent(self, incident: Incident, site: str, emitted: float) -> None:
        """That revision is in the journal since then."""
        if incident.camera in self._cameras:
            self._cameras[incident.camera].note(sent_line(incident, site, emitted))

    def closed(self, camera: str, event: Event, emitted: float) -> None:
        """What a worker that died had open was closed by this message."""
        self.of(camera).note({"told": event, "emitted": emitted})

    def finish(self) -> None:
        """Write what waits, but not for long."""
        self._stop.set()
        self._thread.join(_LAST_S)

    def _work(self) -> None:
        done = False
        while not done:
            done = self._stop.wait(_EVERY_S)
            for ledger in list(self._cameras.values()):
                try:
                    ledger.write(self._clock.wall(), done)
                except OSError as error:
                    self._complain(os.strerror(error.errno or 0))
                except LedgerError as error:
                    self._complain(str(error))
                except Exception as error:
                    # A mistake in this program must not end the thread, or no camera has a ledger from then on.
                    self._complaints.warning("the ledger cannot be written", self._clock.monotonic(), error)

    def _complain(self, words: str) -> None:
        said = f"the ledger in {self._folder} cannot be written: {words}. Alerts go on; what it lacks is noted in it."
        self._complaints.warning(said, self._clock.monotonic())


class _Ledger:
    """One camera's. The analysis loop adds, the thread writes."""

    def __init__(self, folder: Path, camera: str, run: str) -> None:
        self._folder, self._camera, self._run = folder, camera, run
        self._waiting: deque[Entry | Line] = deque()
        self._lost = 0
        self._part: Part | None = None
        self._number = 0
        self._until = 0.0
        self._now: Began | None = None

    def keep(self, entry: Entry) -> None:
        """It is written within a second or so."""
        self.note(entry)

    def note(self, entry: Entry | Line) -> None:
        """The same, of what is no entry."""
        if len(self._waiting) < _MOST or not isinstance(entry, Picture):
            self._waiting.append(entry)
        else:
            self._lost += 1

    def write(self, now: float, last: bool) -> None:
        """Write what waits. Raises OSError, LedgerError; then that is a hole, and another part begins with the next."""
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        lost, self._lost = self._lost, 0
        try:
            if waiting or lost:
                self._part_of(now).write([*([{"lost": lost}] if lost else []), *map(self._line, waiting)])
            if last and self._part is not None:
                self._part.close()
        except (OSError, LedgerError):
            self._lost += lost + len(waiting)
            self._part = None
            raise

    def _part_of(self, now: float) -> Part:
        """The one of this hour."""
        if self._part is not None and now < self._until:
            return self._part
        if self._part is not None:
            self._part.close()
            self._part = None
        if crowded(self._folder):
            raise LedgerError("its disk is nearly full")
        head: Line = {"ledger": FORMAT, "camera": self._camera, "part": self._number}
        path = part_path(self._folder, self._camera, self._run, self._number)
        try:
            part = Part(path)
            part.write([head | ({} if self._now is None else line_of(self._now))])
        except OSError:
            path.unlink(missing_ok=True)
            raise
        self._number += 1
        self._part, self._until = part, (now // _HOUR_S + 1) * _HOUR_S
        return part

    def _line(self, entry: Entry | Line) -> Line:
        if isinstance(entry, dict):
            return entry
        if isinstance(entry, Began):
            self._now = entry
        elif isinstance(entry, Changed) and self._now is not None:
            self._now = replace(self._now, camera=entry.camera, origin=entry.origin)
        return line_of(entry)


def sent_line(incident: Incident, site: str, emitted: float) -> Line:
    """Which revision was told when, and with which pictures; `sha256` is that of the message."""
    pictures = None if incident.evidence is None else [_picture(one) for one in incident.evidence]
    digest = sha256(canonical(cloud_event(incident, site, emitted)).encode()).hexdigest()
    return {
        "sent": incident.id,
        "revision": incident.revision,
        "emitted": emitted,
        "pictures": pictures,
        "sha256": digest,
    }


def _picture(one: Evidence) -> list[str]:
    return [one.kind, one.uri, one.sha256, one.media_type]
