"""Who is where, and what the rules say of it: the part of a camera's path that needs no pictures.

All that changes it comes as an entry, which may be kept: another judge, given the same, says the same. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.perceive.track import Tracker
from pipeline.rules.incidents import Now, Rules
from pipeline.types import Followed, Incident, Moment, Tracks
from pipeline.workers.entries import Access, Began, Changed, Entry, Interrupted, Keeps, Picture
from pipeline.workers.lane_settings import tracking


class Judge:
    """Tracker and rules of one camera. `hear` what happens; `tracks` is who is where, `now` when that was."""

    tracks: Tracks | None = None

    def __init__(self, began: Began, keeper: Keeps | None = None) -> None:
        self.began = began
        self.now = Now(Moment(0.0))
        self.rules = Rules(began.camera, began.origin)
        self._tracker = Tracker(tracking(began.camera, began.detector))
        self._keeper = keeper
        if keeper is not None:
            keeper.keep(began)

    @property
    def deserted(self) -> bool:
        """Nobody is followed, and nothing is open."""
        return not self.rules.open_incidents and not len(self.expected().boxes)

    def expected(self) -> Followed:
        """Where everybody followed is believed to be."""
        return self._tracker.expected()

    def hear(self, entry: Entry) -> list[Incident]:
        """What the rules say then."""
        if self._keeper is not None:
            self._keeper.keep(entry)
        match entry:
            case Picture():
                return self._look(entry)
            case Interrupted():
                return self._interrupt(entry)
            case Changed():
                return self._change(entry)
            case Access():
                self.rules.access(entry.grants, entry.known)
                return []
            case Began():
                raise ValueError("another judge begins")

    def _look(self, picture: Picture) -> list[Incident]:
        self.now = picture.now
        self.tracks = self._tracker.update(picture.people, self.now.at.media, picture.aspect, picture.looked)
        return self.rules.update(self.tracks, self.now)

    def _interrupt(self, entry: Interrupted) -> list[Incident]:
        self._tracker = self._tracker.anew()
        return self.rules.interrupt(replace(self.now, received=None, decided=entry.decided), entry.reason)

    def _change(self, entry: Changed) -> list[Incident]:
        self.began = replace(self.began, camera=entry.camera, origin=entry.origin)
        self._tracker.remember(tracking(entry.camera, self.began.detector).remember_s)
        now = replace(self.now, received=None, decided=entry.decided)
        return self.rules.reconfigure(entry.camera, entry.origin, now)
