"""From a camera's timestamps to media time and wall time. Why it is done so: `docs/design/time.md`.

Not here: the time of recordings, which have no arrival to compare with (`recordings.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.capture.pace import Pace

JUMP_S = 0.5
"""PTS may run ahead of the local clock, and of what is known to be delayed, by so much before it is a jump."""
BACKLOG_S = 5.0
"""The same while a connection settles: many cameras send what they have kept first."""
REPEAT_S = 1.0
"""PTS may go back by so much and still be a repeated packet, to be dropped."""
SLEW = 500e-6
"""How fast the mapping follows a camera whose clock is slow, seconds a second."""
LATE_S = 2.0
"""Later than this, a stream may have had its clock stopped."""
PATIENCE_S = 10.0
"""A stream that stays late for so long without catching up has not been delayed: its camera stopped its clock."""
SETTLING_S = 2.0
SETTLING_ERROR_S = 0.5
LEAST_STEP_S = 0.001


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a frame belongs: `media` and `at` (wall) seconds, `at_error` seconds either way, `lag` seconds of delay."""

    media: float
    at: float | None
    at_error: float | None
    lag: float = 0.0


class Timeline:
    """The times of one camera, across its connections.

    PTS decides how long things take, at the pace of the local clock: media time starts at the wall time of the first
    frame, advances by PTS, and over gaps and jumps by the local clock. It never stands still and never goes back.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._media: float | None = None
        self._pts: float | None = None
        self._monotonic = 0.0
        self._settle()

    def _settle(self) -> None:
        self._offset: float | None = None
        self._pace = Pace()
        self._stamped = 0.0  # what the camera's clock says, without its jumps
        self._lag = 0.0
        self._usual = 0.0  # from one picture to the next
        self._since = 0.0
        self._spread = 0.0
        self._doubt = 0.0
        self._late: tuple[float, float] | None = None

    def begin(self) -> None:
        """A new connection: its PTS and its delays have nothing to do with the last one's."""
        self._pts = None
        self._settle()

    def reach(self, media: float) -> float:
        """Media time goes on to `media`, if it has not come so far: for recordings, whose arrival says nothing."""
        self._media = media if self._media is None else max(self._media, media)
        return self._media

    def place(self, pts: float | None, received_wall: float, monotonic: float, ours: bool = False) -> Placed | None:
        """The times of a frame that came now; None if it repeats the last one. `pts` None: the camera gave none.

        `ours`: it is we who are slow to take the frames; their delays tell nothing of the camera's clock.
        """
        step = self._step(pts, monotonic)
        if step is None:
            return None
        self._stamped += step
        step *= self._pace.rate
        media = received_wall if self._media is None else self._media + step
        self._map(media, step, monotonic)
        if ours:
            self._pace.forget()
            self._late = None
        else:
            self._keep_pace(media, monotonic)
            media += self._stopped_clock(monotonic)
        self._pts, self._media, self._monotonic = pts, media, monotonic
        self.frames += 1
        # The offset is kept on the monotonic clock, so that a correction of the wall clock moves `at`, and only `at`.
        return Placed(
            media, media + self._offset_of() + received_wall - monotonic, self._error(monotonic, step), self._lag
        )

    def _step(self, pts: float | None, monotonic: float) -> float | None:
        """Seconds since the last frame; None for a repeat."""
        arrived = monotonic - self._monotonic
        by_clock = max(arrived, LEAST_STEP_S)
        if pts is None or self._pts is None:
            return by_clock
        step, settling = pts - self._pts, monotonic - self._since < SETTLING_S
        # Of pictures that come many at once, whose stamps jump, the clock tells less than that they were all taken.
        by_jump = max(by_clock, self._usual if settling else min(self._usual, by_clock + self._lag))
        if step <= 0:
            # A camera that repeats a timestamp for ever would never be seen again: after a while, believe the clock.
            return None if step > -REPEAT_S and arrived < REPEAT_S else by_jump
        if step > arrived + self._lag + (BACKLOG_S if settling else JUMP_S):
            return by_jump
        self._usual = min(step, JUMP_S)
        return max(step, 1e-6)

    def _map(self, media: float, step: float, monotonic: float) -> None:
        """The least delayed frame wins: no frame arrives before it is taken."""
        seen = monotonic - media
        if self._offset is None:
            self._offset, self._since = seen, monotonic
        self._offset = min(self._offset + SLEW * step, seen)
        self._lag = seen - self._offset
        self._spread += (min(self._lag, 1.0) - self._spread) * min(1.0, step / 10)

    def _keep_pace(self, media: float, monotonic: float) -> None:
        """A clock that runs slow has made every frame look later; from now on media time runs as ours does."""
        delay = self._pace.note(self._stamped, monotonic)
        if delay is not None:
            self._offset = min(delay + self._stamped - media, monotonic - media)
            self._lag = monotonic - media - self._offset

    def _offset_of(self) -> float:
        return self._offset or 0.0

    def _stopped_clock(self, monotonic: float) -> float:
        """Seconds to put in where the camera's clock stood still; a backlog is caught up with, a gap is not."""
        if self._lag <= LATE_S:
            self._late = None
            return 0.0
        since, lag_then = self._late = self._late or (monotonic, self._lag)
        if monotonic - since < PATIENCE_S:
            return 0.0
        self._late = None
        if self._lag < lag_then - LATE_S / 4:
            return 0.0
        gap, self._lag = self._lag, 0.0
        self._doubt += gap
        return gap

    def _error(self, monotonic: float, step: float) -> float:
        """Twice the mean delay, a frame interval (the demuxer holds each picture until the next begins), and doubts."""
        settling = SETTLING_ERROR_S if monotonic - self._since < SETTLING_S else 0.0
        return 2 * self._spread + min(step, 1.0) + settling + self._doubt
