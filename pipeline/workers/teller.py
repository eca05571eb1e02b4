"""Incidents of a worker to the journal, in order, with their pictures; what the journal refuses now waits in memory.

Not here: deciding (`lane`), delivering (`delivery`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import replace

from pipeline.clock import Clock
from pipeline.config import Camera
from pipeline.errors import JournalError
from pipeline.logs import Counted
from pipeline.sinks.message import closed_by_interruption, cloud_event
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from pipeline.types import Evidence, Frame, Incident, IncidentState

log = logging.getLogger(__name__)

# A journal that refuses is left alone so long: each try may wait for a lock, and the analysis waits with it.
_REFUSED_S = 1.0


class Teller:
    """Writes down what lanes decide. One a worker; `flush` often, so that what waits is tried again."""

    def __init__(self, site: str, outbox: Outbox, snapshots: Snapshots, clock: Clock) -> None:
        self._site = site
        self._outbox = outbox
        self._snapshots = snapshots
        self._clock = clock
        self._waiting: deque[Incident] = deque()
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        self._orphans: set[str] = set()
        self._complaints = Counted(log, every_s=10.0)
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """Incidents that the journal has not taken yet."""
        return len(self._waiting)

    def tell(self, incidents: Iterable[Incident], camera: Camera, frame: Frame | None) -> None:
        """Take the picture first, so that it is there when the message is read; then write down."""
        for incident in incidents:
            self._waiting.append(self._with_evidence(incident, camera, frame))
        self.flush()

    def flush(self) -> None:
        """Write what waits, oldest first; stop at the first refusal, because order is kept."""
        if self._clock.monotonic() < self._not_before:
            return
        try:
            for camera in sorted(self._orphans):
                self._close_orphans(camera)
            while self._waiting:
                self._outbox.put(cloud_event(self._waiting[0], self._site, self._clock.wall()))
                self._waiting.popleft()
        except JournalError as error:
            now = self._clock.monotonic()
            self._not_before = now + _REFUSED_S
            self._complaints.warning(f"{error} {len(self._waiting)} alerts wait in memory.", now)

    def close_orphans(self, camera: str) -> None:
        """Close what a worker that died had open on this camera: its tracks died with it."""
        self._orphans.add(camera)
        self.flush()

    def finish(self) -> int:
        """The last try, at once; returns how many alerts the journal has not taken."""
        self._not_before = 0.0
        self.flush()
        return len(self._waiting)

    def _close_orphans(self, camera: str) -> None:
        for event in self._outbox.open_incidents(camera):
            self._outbox.put(closed_by_interruption(event, self._clock.wall(), "worker_lost"))
        self._orphans.discard(camera)

    def _with_evidence(self, incident: Incident, camera: Camera, frame: Frame | None) -> Incident:
        """An incident keeps the pictures of its opening through all its revisions."""
        if incident.state is IncidentState.OPENED and frame is not None:
            self._evidence[incident.id] = self._pictures(incident, camera, frame)
        evidence = self._evidence.get(incident.id, ())
        if incident.state is IncidentState.CLOSED:
            self._evidence.pop(incident.id, None)
        return replace(incident, evidence=evidence)

    def _pictures(self, incident: Incident, camera: Camera, frame: Frame) -> tuple[Evidence, ...]:
        zone, line = camera.zones.get(incident.zone or ""), camera.lines.get(incident.line or "")
        shape = zone.polygon if zone else line.points if line else ()
        try:
            return self._snapshots.save(frame, incident, shape)
        except JournalError as error:
            # An alert without a picture is worth more than no alert.
            self._complaints.warning(str(error), self._clock.monotonic())
            return ()


def close_unwatched(outbox: Outbox, watched: Collection[str], clock: Clock) -> None:
    """At the start: close what is still open on cameras that nobody watches any longer. Raises JournalError."""
    for event in outbox.open_incidents():
        if event["data"]["camera"] not in watched:
            outbox.put(closed_by_interruption(event, clock.wall(), "camera_removed"))
