"""When a camera is lost, and what becomes of what was open on it; which of its changes need a new connection."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from pipeline.capture.gop import Groups
from pipeline.capture.mailbox import Mailbox
from pipeline.capture.rest import Rest
from pipeline.clock import SimulatedClock
from pipeline.config import Calendar as CalendarKeys
from pipeline.config import Detector
from pipeline.frame import Frame
from pipeline.processes.post import Post
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Origin
from pipeline.types import CameraReport, CameraState, Detections, Incident
from pipeline.workers.lane import Lane
from tests import fakes

SILENCE_S = 10.0


@dataclass
class Capture:
    recorded: bool = False
    rest: Rest = field(default_factory=lambda: Rest(lambda *_: False, 2.0))


class Thread:
    """What a post knows of a capture thread."""

    def __init__(self, name: str = "front") -> None:
        self.name = name
        self.camera = Capture()
        self.state = CameraState.WATCHING
        self.stuck_threads = 0
        self.size: tuple[int, int] | None = None
        self.looked_after: list[float] = []

    def report(self, now: float) -> CameraReport:
        return CameraReport(self.name, self.state, 0.0, size=self.size)

    def restart_if_stuck(self, now: float) -> bool:
        self.looked_after.append(now)
        return False

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Told(Lane):
    """A lane that notes why it was interrupted."""

    reasons: list[str]

    def interrupt(self, reason: str, wall: float | None) -> list[Incident]:
        self.reasons.append(reason)
        return super().interrupt(reason, wall)


class Watched:
    def __init__(self) -> None:
        self.clock, self.mailbox, self.thread = SimulatedClock(1000.0), Mailbox(), Thread()
        lane = Told(fakes.camera(one={"trigger": "enter"}), Detector(), Origin("here"))
        lane.reasons = self.reasons = []
        self.post = Post(lane, self.mailbox, self.clock, self.thread)  # type: ignore[arg-type]

    def picture(self) -> None:
        self.mailbox.put(Frame("front", 0, 0.0, np.zeros((90, 160), np.uint8)))
        assert self.post.take() is not None

    def after(self, seconds: float) -> list[str]:
        self.clock.advance(seconds)
        self.post.look_after()
        return self.reasons


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_camera_that_shows_nothing_for_too_long_ends_what_is_open_once(watched: Watched):
    watched.picture()
    watched.thread.state = CameraState.STALLED
    assert watched.after(SILENCE_S - 0.1) == []
    assert watched.after(0.2) == ["camera_lost"]
    assert watched.after(60) == ["camera_lost"]
    watched.picture()
    assert watched.after(SILENCE_S + 0.1) == ["camera_lost", "camera_lost"]


@pytest.mark.parametrize("state", [CameraState.WATCHING, CameraState.OVERLOADED])
def test_who_shows_pictures_is_not_lost_because_nobody_has_time_for_them(watched: Watched, state: CameraState):
    watched.picture()
    watched.thread.state = state
    assert watched.after(60) == []
    assert watched.post.report(0).state is CameraState.STALLED


def test_a_recording_can_wait(watched: Watched):
    watched.picture()
    watched.thread.camera.recorded, watched.thread.state = True, CameraState.OPENING
    assert watched.after(600) == []
    watched.thread.state = CameraState.ENDED
    assert watched.after(0.1) == ["end_of_recording"]


def test_a_camera_that_never_showed_anything_has_nothing_to_end(watched: Watched):
    watched.thread.state = CameraState.WAITING
    assert watched.after(600) == []


def test_its_thread_is_looked_after_all_the_time(watched: Watched):
    watched.after(1)
    watched.after(1)
    assert watched.thread.looked_after == [1.0, 2.0]


def test_pictures_that_fail_are_counted_until_one_does_not(watched: Watched):
    for _ in range(4):
        watched.post.failed(ValueError("no picture"))
    assert not watched.post.hopeless
    watched.post.failed(ValueError("no picture"))
    assert watched.post.hopeless
    assert watched.reasons == ["analysis_failed"]  # a new lane each time, of which ours was the first
    assert watched.post.report(3).error_kind == "analysis"
    watched.post.concluded(Frame("front", 0, 0.0, np.zeros((90, 160), np.uint8)))
    assert not watched.post.hopeless
    assert watched.post.report(3).error_kind is None


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        ({"rules": {}}, True),
        ({"zones": {}, "rules": {}}, True),
        ({"analyse_fps": 2.0}, False),
        ({"enabled": False}, False),
        ({"smallest": 0.2}, False),
    ],
)
def test_rules_zones_and_lines_change_under_a_running_camera(watched: Watched, change: dict[str, Any], goes_on: bool):
    assert watched.post.takes(watched.post.camera.model_copy(update=change)) is goes_on


def test_the_report_says_what_the_analysis_knows(watched: Watched):
    for _ in range(3):
        watched.picture()
    told = watched.post.report(7)
    assert (told.analysed, told.journal_waiting, told.open_incidents) == (3, 7, 0)
    assert replace(told, fps_analysed=0).state is CameraState.WATCHING


def analysed(watched: Watched, at: float, people: Detections | None = None, audited: bool = False) -> None:
    """One picture of an empty yard, in which the detector sees these people."""
    picture = Frame("front", 0, at, np.full((90, 120), 90, np.uint8), audited=audited)
    watched.post.lane.look(picture)
    watched.post.lane.conclude(picture, people, None)
    watched.post.concluded(picture)


def test_a_camera_may_rest_when_nobody_has_been_there_for_two_seconds(watched: Watched):
    rest, allowed, busy_at = watched.thread.camera.rest, {}, 0.0
    for n in range(60):
        at = n / 5
        # Somebody stands in the yard, and is out of sight then for longer than anybody is waited for.
        analysed(watched, at, fakes.seen((0.5, 0.6)) if 1 <= at < 3 else Detections.empty())
        allowed[at] = rest.calm
        busy_at = at if watched.post.lane.open_incidents else busy_at
    assert busy_at > 6  # who is lost in the zone may come back
    assert allowed == {at: at >= busy_at + 1.999 for at in allowed}


@pytest.mark.parametrize("audited", [True, False])
def test_somebody_in_a_part_that_was_audited_is_a_miss(
    watched: Watched, audited: bool, caplog: pytest.LogCaptureFixture
):
    rest = watched.thread.camera.rest
    for n in range(10):
        analysed(watched, n / 5, fakes.seen((0.5, 0.6)), audited)
    assert rest.missed == (1 if audited else 0)
    assert caplog.text.count("it rested while somebody was there") == rest.missed
    for n in range(10):
        analysed(watched, 60 + n / 5, fakes.seen((0.5, 0.6)), audited)
    assert rest.missed == (2 if audited else 0)
    assert ("audit" in str(rest.against(watched.clock.monotonic()))) is audited


def test_new_rules_say_how_long_a_camera_may_rest(watched: Watched):
    eager = fakes.camera(one={"trigger": "enter", "within_s": 1}, two={"trigger": "enter", "within_s": 0.5})
    watched.post.reconfigure(eager, Origin("here"))
    assert watched.thread.camera.rest.limit_s == 0.5
    watched.post.reconfigure(fakes.camera(), Origin("here"))
    assert watched.thread.camera.rest.limit_s == float("inf")


def test_a_rule_that_is_not_armed_keeps_no_camera_from_resting(watched: Watched):
    eager = fakes.camera(
        night={"trigger": "enter", "within_s": 0, "schedule": "night"},
        day={"trigger": "enter", "within_s": 3, "schedule": "outside night"},
    )
    calendars = Calendars({"here": CalendarKeys.model_validate({"periods": {"night": "daily 22:00-06:00"}})})
    watched.post.reconfigure(eager, Origin("here", calendars=calendars))
    limits = {}
    for _ in range(24):
        watched.post.look_after()
        limits[datetime.fromtimestamp(watched.clock.wall(), UTC).hour] = watched.thread.camera.rest.limit_s
        watched.clock.advance(3600)
    assert limits == {hour: 0 if hour >= 22 or hour < 6 else 3 for hour in range(24)}


def test_who_calls_has_the_whole_picture_searched_at_once(watched: Watched):
    still = np.full((90, 120), 90, np.uint8)
    looks = {}
    for n in range(90):
        if n == 88:
            watched.post.called()
        looks[n] = watched.post.lane.look(Frame("front", n, n / 5, still))
        watched.post.lane.conclude(Frame("front", n, n / 5, still), Detections.empty(), None)
    assert [n for n in range(75, 88) if looks[n]] == []  # nothing has moved for long
    assert (0, 0, 120, 90) in looks[88]
    assert not watched.thread.camera.rest.may_go_on(Groups(), watched.clock.monotonic())
