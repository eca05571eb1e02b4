"""Pictures of incidents, drawn and written by a thread of their own: a disk that hangs holds up no alert.

Not here: what a picture shows and where it lies (`store/snapshots`), and who tells of it (`teller`).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.clock import Clock
from pipeline.errors import JournalError
from pipeline.frame import Frame
from pipeline.logs import Counted
from pipeline.store.snapshots import Snapshots
from pipeline.types import Evidence, Incident, Point

log = logging.getLogger(__name__)

# So many incidents, and so many bytes of frames, wait for the disk; who comes then is told of without a picture.
_MOST_JOBS = 64
_MOST_BYTES = 96 << 20
_FULL = "Pictures of alerts are left out: those before them are not on the disk yet."

Saved = tuple[str, tuple[Evidence, ...]]


class _Job(NamedTuple):
    incident: Incident
    frame: Frame
    shape: Sequence[Point]
    bytes: int


class Pictures:
    """`ask` and `saved` from one thread; `woken` is called when there is something new in `saved`."""

    def __init__(self, snapshots: Snapshots, clock: Clock, woken: Callable[[], None] = lambda: None) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._woken = woken
        self._jobs: deque[_Job] = deque()
        self._saved: deque[Saved] = deque()
        self._news = threading.Condition()
        self._bytes = 0
        self._busy = False
        self._thread: threading.Thread | None = None
        self._complaints = Counted(log, every_s=10.0)

    def ask(self, incident: Incident, frame: Frame, shape: Sequence[Point]) -> None:
        """Have both pictures made; `saved` gives them, or none of them, some time later."""
        with self._news:
            same = bool(self._jobs) and self._jobs[-1].frame is frame
            job = _Job(incident, frame, shape, 0 if same else _bytes(frame))
            if len(self._jobs) >= _MOST_JOBS or (self._jobs and self._bytes + job.bytes > _MOST_BYTES):
                self._complaints.warning(_FULL, self._clock.monotonic())
                self._saved.append((incident.id, ()))
                return
            self._jobs.append(job)
            self._bytes += job.bytes
            self._news.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="pictures", daemon=True)
            self._thread.start()

    def saved(self) -> list[Saved]:
        """Incidents' ids and what shows them; empty where nothing could be saved. Each is given once."""
        with self._news:
            saved = list(self._saved)
            self._saved.clear()
        return saved

    def finish(self, wait_s: float) -> None:
        """Wait until all that was asked for is saved, but no longer than this."""
        with self._news:
            self._news.wait_for(lambda: not (self._jobs or self._busy), wait_s)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._jobs)
                job, self._busy = self._jobs.popleft(), True
                self._bytes -= job.bytes
            evidence = self._save(job)
            with self._news:
                self._busy = False
                self._saved.append((job.incident.id, evidence))
                self._news.notify_all()
            self._woken()

    def _save(self, job: _Job) -> tuple[Evidence, ...]:
        try:
            return self._snapshots.save(job.frame, job.incident, job.shape)
        except JournalError as error:
            self._complaints.warning(str(error), self._clock.monotonic())
        except Exception as error:
            # A mistake in this program must not end the thread, or no alert has a picture from then on.
            self._complaints.warning("a picture could not be made", self._clock.monotonic(), error)
        return ()


def _bytes(frame: Frame) -> int:
    return frame.luma.nbytes + sum(plane.nbytes for plane in frame.chroma or ())
