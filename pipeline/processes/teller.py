"""Incidents of a worker to the journal, in order; what the journal refuses now waits.

An incident that opens on a picture is told at once, and again when its pictures are on disk: that is always its second
revision, and what the rules say of it next comes after that. So revisions are the same whenever the same recording is
told. Not here: deciding (`lane`), drawing and writing pictures (`pictures`), delivering (`delivery`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from pipeline.clock import Clock
from pipeline.config import Camera
from pipeline.errors import JournalError
from pipeline.frame import Frame
from pipeline.logs import Counted
from pipeline.processes.ledgers import Ledgers
from pipeline.processes.pictures import Pictures
from pipeline.processes.waiting import Waiting
from pipeline.sinks.loads import Loads
from pipeline.sinks.message import closed_by_interruption, cloud_event
from pipeline.sinks.outbox import Outbox
from pipeline.types import Evidence, Incident, IncidentState, Point, Unsaid

log = logging.getLogger(__name__)

# A journal that refuses is left alone so long: each try may wait for a lock, and the analysis waits with it.
_REFUSED_S = 1.0
# What the rules say next waits so long for the pictures; then the incident goes on without.
_PATIENCE_S = 5.0
# When the worker ends, the last pictures have so long.
_LAST_PICTURES_S = 2.0


@dataclass(slots=True)
class _Story:
    """An incident with pictures: as it opened, what shows it (None: not known yet), what is to be told after that."""

    opened: Incident
    evidence: tuple[Evidence, ...] | None = None
    later: list[Incident] = field(default_factory=list)
    later_since: float = 0.0


class Teller:
    """Writes down what lanes decide. One a worker; `flush` often, so that what waits is tried again."""

    def __init__(
        self,
        site: str,
        outbox: Outbox,
        pictures: Pictures,
        clock: Clock,
        loads: Loads | None = None,
        ledgers: Ledgers | None = None,
    ) -> None:
        self._site = site
        self._outbox = outbox
        self._pictures = pictures
        self._clock = clock
        self._waiting = Waiting()
        self._stories: dict[str, _Story] = {}
        self._orphans: set[str] = set()
        self._unsaid: Counter[tuple[str, str, Unsaid]] = Counter()
        self._loads = loads
        self._ledgers = ledgers
        self._complaints = Counted(log, every_s=10.0)
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """Incidents that the journal has not taken yet."""
        return len(self._waiting)

    def tell(self, incidents: Iterable[Incident], camera: Camera, frame: Frame | None) -> None:
        """Write down at once, and have the pictures made of `frame`."""
        for incident in incidents:
            self._tell(incident, camera, frame)
        self.flush()

    def flush(self) -> None:
        """Write what waits, oldest first; stop at the first refusal, because order is kept."""
        self._illustrate()
        if self._clock.monotonic() < self._not_before:
            return
        try:
            for camera in sorted(self._orphans):
                self._close_orphans(camera)
            if self._unsaid and self._loads is not None:
                self._loads.add(self._unsaid)
                self._unsaid.clear()
            while self._waiting:
                self._put(self._waiting.first(), self._clock.wall())
                self._waiting.drop_first()
        except (JournalError, OSError) as error:
            now = self._clock.monotonic()
            self._not_before = now + _REFUSED_S
            self._complaints.warning(f"{error} {len(self._waiting)} alerts wait.", now)

    def close_orphans(self, camera: str) -> None:
        """Close what a worker that died had open on this camera: its tracks died with it."""
        self._orphans.add(camera)
        self.flush()

    def finish(self) -> int:
        """The last try, at once; returns how many alerts the journal has not taken."""
        self._pictures.finish(_LAST_PICTURES_S)
        self._illustrate()
        for story in list(self._stories.values()):
            if story.evidence is None:
                self._go_on(story, ())
        self._not_before = 0.0
        self.flush()
        return len(self._waiting) + self._waiting.lost

    def _put(self, incident: Incident, now: float) -> None:
        self._outbox.put(cloud_event(incident, self._site, now))
        if self._ledgers is not None:
            self._ledgers.sent(incident, self._site, now)

    def _tell(self, incident: Incident, camera: Camera, frame: Frame | None) -> None:
        if incident.unsaid is not None:
            if incident.state is IncidentState.OPENED:
                self._unsaid[incident.camera, incident.rule, incident.unsaid] += 1
            return
        if incident.state is IncidentState.OPENED and frame is not None:
            self._stories[incident.id] = _Story(incident)
            self._waiting.append(replace(incident, evidence=None))
            self._pictures.ask(incident, frame, shape(incident, camera, frame.aspect))
            return
        story = self._stories.get(incident.id)
        if story is None:
            self._waiting.append(incident)
        elif story.evidence is None:
            story.later_since = story.later_since if story.later else self._clock.monotonic()
            story.later.append(incident)
        else:
            self._tell_later(story, story.evidence, incident)

    def _illustrate(self) -> None:
        """Tell of the pictures that are there now; and who has waited long enough for theirs goes on without."""
        for incident, evidence in self._pictures.saved():
            if (story := self._stories.get(incident)) and story.evidence is None:
                self._go_on(story, evidence)
        late = self._clock.monotonic() - _PATIENCE_S
        for story in [one for one in self._stories.values() if one.later and one.later_since < late]:
            self._go_on(story, ())

    def _go_on(self, story: _Story, evidence: tuple[Evidence, ...]) -> None:
        later, story.later, story.evidence = story.later, [], evidence
        self._waiting.append(replace(story.opened, revision=2, state=IncidentState.UPDATED, evidence=evidence))
        for incident in later:
            self._tell_later(story, evidence, incident)

    def _tell_later(self, story: _Story, evidence: tuple[Evidence, ...], incident: Incident) -> None:
        """An incident keeps the pictures of its opening through all its revisions."""
        self._waiting.append(replace(incident, revision=incident.revision + 1, evidence=evidence))
        if incident.state is IncidentState.CLOSED:
            self._stories.pop(story.opened.id, None)

    def _close_orphans(self, camera: str) -> None:
        for event in self._outbox.open_incidents(camera):
            now = self._clock.wall()
            closed = closed_by_interruption(event, now, "worker_lost")
            self._outbox.put(closed)
            if self._ledgers is not None:
                self._ledgers.closed(camera, closed, now)
        self._orphans.discard(camera)


def shape(incident: Incident, camera: Camera, aspect: float) -> tuple[Point, ...]:
    """Corners of the zone or line that it is about, normalised."""
    zone, line = camera.zones.get(incident.zone or ""), camera.lines.get(incident.line or "")
    return zone.outline(aspect) if zone else line.points if line else ()


def close_unwatched(outbox: Outbox, watched: Collection[str], clock: Clock) -> None:
    """At the start: close what is still open on cameras that nobody watches any longer. Raises JournalError."""
    for event in outbox.open_incidents():
        if event["data"]["camera"] not in watched:
            outbox.put(closed_by_interruption(event, clock.wall(), "camera_removed"))
