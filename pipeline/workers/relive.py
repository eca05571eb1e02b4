"""A camera's ledger judged again: the alerts of then, as they were sent, or what other rules would have said.

Not here: files (`store/ledger`), what their lines say (`ledger_lines`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeAlias

from pipeline.config import Camera
from pipeline.errors import LedgerError
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Origin
from pipeline.sinks.message import Event, canonical, cloud_event
from pipeline.store.ledger import Found, Line
from pipeline.types import Evidence, Incident, IncidentState
from pipeline.workers.entries import Began, Changed, Entry, Picture
from pipeline.workers.judge import Judge
from pipeline.workers.lane_settings import sieve
from pipeline.workers.ledger_lines import entry_of

Rewrite: TypeAlias = Callable[[Began], Began]
"""What other configuration stands in the place of that of then."""

# So long without a picture, and nobody watched.
_PAUSE_S = 60.0


@dataclass(slots=True)
class Course:
    """What came of it so far: `media_s` of pictures, `holes` in the ledger, and how the messages fared.

    `strayed` are ids and revisions of those that came out otherwise than they were sent, or not at all.
    """

    media_s: float = 0.0
    pictures: int = 0
    looked: int = 0
    failed: int = 0
    sent: int = 0
    holes: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Message:
    """One that was sent then, and when (Unix seconds)."""

    emitted: float
    event: Event


class Reliving:
    """`messages` or `incidents`, once; `course` says how it went. Raises LedgerError."""

    def __init__(self, parts: Iterable[Found], rewrite: Rewrite | None = None) -> None:
        self._parts = parts
        self._rewrite = rewrite
        self._judge: Judge | None = None
        self._retelling = Retelling()
        self._last: Picture | None = None
        self.course = Course()

    def incidents(self) -> Iterator[Incident]:
        """What the rules say, in the order in which they say it."""
        for line in self._lines():
            if not isinstance(line, dict):
                yield from self._hear(line)

    def messages(self) -> Iterator[Message]:
        """What was sent then, in that order, from what the rules say now."""
        for line in self._lines():
            if not isinstance(line, dict):
                self._retelling.add(self._hear(line))
            elif "sent" in line:
                self.course.sent += 1
                found = self._retelling.sent(line, self._judge.began.origin.site if self._judge else "")
                if found is None:
                    self.course.strayed.append(f"{line['sent']}:{line['revision']}")
                else:
                    yield Message(line["emitted"], found)
            elif "told" in line:
                self.course.sent += 1
                yield Message(line["emitted"], line["told"])

    def _lines(self) -> Iterator[Entry | Line]:
        """Of all parts, those of a run one after the other."""
        before: Found | None = None
        for part in self._parts:
            goes_on = before is not None and (before.run, before.number + 1) == (part.run, part.number)
            for number, line in enumerate(part.lines()):
                if "lost" in line:
                    self._begin_anew(f"{line['lost']} entries were not written")
                elif number or not goes_on:
                    if not number and part.number:
                        self._begin_anew(f"{part.path.name} goes on with what is not there")
                    yield _read(part, line)
            if part.damaged:
                self._begin_anew(f"{part.path.name} is damaged")
            before = part

    def _begin_anew(self, why: str) -> None:
        self.course.holes.append(why)
        if self._judge is not None:
            self._judge = Judge(self._judge.began)

    def _hear(self, entry: Entry) -> list[Incident]:
        if isinstance(entry, Began):
            self._judge, self._last = Judge(self._rewritten(entry)), None
            return []
        if self._judge is None:
            self.course.holes.append("something was judged before a camera was watched")
            return []
        if isinstance(entry, Changed) and self._rewrite is not None:
            began = self._rewritten(replace(self._judge.began, camera=entry.camera, origin=entry.origin))
            entry = replace(entry, camera=began.camera, origin=began.origin)
        if isinstance(entry, Picture):
            entry = self._counted(entry, self._judge)
        try:
            return self._judge.hear(entry)
        except Exception:  # as it did then: what was noted next says how it went on
            self.course.failed += 1
            return []

    def _rewritten(self, began: Began) -> Began:
        return began if self._rewrite is None else self._rewrite(began)

    def _counted(self, picture: Picture, judge: Judge) -> Picture:
        """By another configuration whom it lets count may be fewer."""
        course, last = self.course, self._last
        course.pictures += 1
        course.looked += picture.people is not None
        if last is not None and 0 < picture.now.at.media - last.now.at.media < _PAUSE_S:
            course.media_s += picture.now.at.media - last.now.at.media
        self._last = picture
        if self._rewrite is None or picture.people is None:
            return picture
        return replace(picture, people=sieve(judge.began.camera).counting(picture.people, picture.aspect))


def _read(part: Found, line: Line) -> Entry | Line:
    try:
        return entry_of(line) or line
    except LedgerError as error:
        raise LedgerError(f"{part.path}: {error} Was it written by another version?") from error


class Retelling:
    """What the rules say becomes the revisions that were sent, as the teller makes them (`processes/teller`)."""

    def __init__(self) -> None:
        self._said: dict[str, list[Incident]] = {}
        self._pictured: set[str] = set()

    def add(self, incidents: Iterable[Incident]) -> None:
        """What was said."""
        for one in incidents:
            self._said.setdefault(one.id, []).append(one)

    def sent(self, line: Line, site: str) -> Event | None:
        """The message of which a line tells; None where the rules say no such thing, or another."""
        one = self._revision(line["sent"], line["revision"], line["pictures"])
        if one is None:
            return None
        event = cloud_event(one, site, line["emitted"])
        if one.state is IncidentState.CLOSED:
            self._said.pop(one.id, None)
            self._pictured.discard(one.id)
        return event if sha256(canonical(event).encode()).hexdigest() == line["sha256"] else None

    def _revision(self, told: str, revision: int, pictures: list[list[str]] | None) -> Incident | None:
        said = {one.revision: one for one in self._said.get(told, ())}
        evidence = None if pictures is None else tuple(Evidence(*one) for one in pictures)
        if pictures is None:
            self._pictured.add(told)
        if told in self._pictured and revision == 2 and 1 in said:
            return replace(said[1], revision=2, state=IncidentState.UPDATED, evidence=evidence)
        found = said.get(revision - (told in self._pictured and revision > 1))
        return None if found is None else replace(found, revision=revision, evidence=evidence)


def by(camera: Camera, calendars: Calendars) -> Rewrite:
    """That camera and those calendars stand in the place of those of then; the mode stays."""

    def rewrite(began: Began) -> Began:
        origin: Origin = replace(began.origin, calendars=calendars.in_mode(began.origin.calendars.mode))
        return replace(began, camera=camera, origin=origin)

    return rewrite
