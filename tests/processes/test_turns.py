"""Whose pictures are analysed when there is not time for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.capture.mailbox import Mailbox
from pipeline.clock import SimulatedClock
from pipeline.config import Detector
from pipeline.frame import Frame
from pipeline.processes.post import Post
from pipeline.processes.turns import Turns
from pipeline.rules.incidents import Origin
from pipeline.workers.lane import Lane
from tests import fakes
from tests.processes.test_post import Thread

PERIOD_S = 0.2
IN_ZONE, BESIDE = (0.5, 0.6), (0.2, 0.6)


def picture(at: float) -> Frame:
    return fakes.frame(np.zeros((48, 64), np.uint8), at)


class Site:
    """Cameras that send a picture each `PERIOD_S`, and an analysis that takes `each_s` for one."""

    def __init__(self, each_s: float) -> None:
        self.clock, self.each_s, self.analysed = SimulatedClock(1000.0), each_s, Counter[str]()
        self.turns = Turns(self.clock)
        self.boxes: dict[str, Mailbox] = {}
        self.posts: dict[str, Post] = {}
        self.longest: dict[str, float] = {}
        self._fed: dict[str, float] = {}

    def add(self, name: str, people: Sequence[fakes.Point] = (), **rules: dict[str, str]) -> None:
        lane = Lane(fakes.camera(**rules), Detector(), Origin("here"))
        for n in range(5):
            lane.look(picture(n / 5))
            lane.conclude(picture(n / 5), fakes.seen(*people), None)
        self.boxes[name] = Mailbox(room=10)
        self.posts[name] = Post(lane, self.boxes[name], self.clock, Thread(name))  # type: ignore[arg-type]
        self._fed[name] = self.clock.monotonic()

    def run(self, seconds: float) -> None:
        due, end = 0.0, self.clock.monotonic() + seconds
        while (now := self.clock.monotonic()) < end:
            while now >= due:
                due += PERIOD_S
                for box in self.boxes.values():
                    box.put(picture(now))
            chosen = self.turns.next(self.posts.values())
            for post in chosen:
                name = next(key for key, one in self.posts.items() if one is post)
                post.take()
                self.analysed[name] += 1
                self.longest[name] = max(self.longest.get(name, 0.0), now - self._fed[name])
                self._fed[name] = now
            self.clock.advance(max(len(chosen) * self.each_s, 0.01))
            if chosen:
                self.turns.note(len(chosen), len(chosen) * self.each_s)


def site(each_s: float) -> Site:
    one = Site(each_s)
    one.add("unwatched")
    one.add("deserted", yard={"trigger": "enter"})
    one.add("followed", [BESIDE], yard={"trigger": "enter"})
    one.add("open", [IN_ZONE], yard={"trigger": "enter"})
    return one


def test_as_long_as_there_is_time_everybody_is_in_each_turn():
    one = site(0.01)
    one.run(20.0)
    assert set(one.analysed.values()) == {100}


def test_where_there_is_not_time_for_all_those_degrade_first_that_matter_least():
    """Twelve and a half pictures a second of the twenty that come."""
    one = site(0.08)
    one.run(40.0)
    seen = one.analysed
    assert seen["open"] == pytest.approx(200, abs=10)
    assert seen["open"] >= seen["followed"] > 1.5 * seen["deserted"]
    assert seen["deserted"] >= seen["unwatched"]


def test_however_little_time_there_is_nobody_waits_for_ever():
    one = site(0.4)
    one.run(60.0)
    assert max(one.longest.values()) < 2.0 + 4 * 0.4
    assert min(one.analysed.values()) >= 15
    assert one.analysed["open"] == max(one.analysed.values())


def test_a_turn_takes_no_longer_than_the_most_urgent_may_wait():
    one = site(0.05)
    one.run(2.0)
    for box in one.boxes.values():
        box.put(picture(one.clock.monotonic()))
    chosen = one.turns.next(one.posts.values())
    assert chosen[0] is one.posts["open"]
    one.turns.note(1, 5.0)
    assert len(one.turns.next(one.posts.values())) == 1
