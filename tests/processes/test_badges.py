"""Grants of doors from a Redis stream: read once each, kept for who comes later, and known up to when they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from pipeline.clock import SystemClock
from pipeline.config import Camera, Redis
from pipeline.processes.badges import Badges
from pipeline.workers.entries import Access
from tests.e2e.system import wait_for
from tests.fakes import camera
from tests.redis_server import RedisServer

STREAM = "zonewatch:access"
DOOR = {"trigger": "unbadged", "door": "north", "seconds": 5}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


class Lane:
    """What it is told."""

    def __init__(self, one: Camera) -> None:
        self.camera = one
        self.told: list[Access] = []

    def access(self, entry: Access) -> None:
        self.told.append(entry)

    @property
    def grants(self) -> list[tuple[str, float]]:
        return [grant for one in self.told for grant in one.grants]


def reading(server: RedisServer) -> tuple[Badges, Lane]:
    badges = Badges(Redis.model_validate({"url": server.url, "access_stream": STREAM}), SystemClock())
    badges.start()
    return badges, Lane(camera(r=DOOR))


def until(badges: Badges, lanes: list[Lane], what: str, ask: Callable[[], bool]) -> None:
    def told() -> bool:
        badges.tell(lanes)  # type: ignore[arg-type]
        return ask()

    wait_for(what, told, 15)


def test_grants_are_told_once_with_their_times(server: RedisServer):
    server.client().xadd(STREAM, {"door": "north", "badge": "4711"})  # before it was read
    badges, lane = reading(server)
    began = time.time()
    at = datetime.fromtimestamp(began - 3, UTC)
    server.client().xadd(STREAM, {"door": "north", "at": at.isoformat()})
    server.client().xadd(STREAM, {"door": "south", "at": f"{began - 2:.3f}"})
    until(badges, [lane], "three grants", lambda: len(lane.grants) == 3)
    assert [door for door, _ in lane.grants] == ["north", "north", "south"]
    assert [when for _, when in lane.grants] == [
        pytest.approx(began, abs=5),
        pytest.approx(began - 3, abs=0.002),
        pytest.approx(began - 2, abs=0.002),
    ]
    until(badges, [lane], "the next moment", lambda: lane.told[-1].known > began + 1)
    assert len(lane.grants) == 3
    assert not any("4711" in str(one) for one in lane.told)


def test_who_has_no_rule_about_a_door_is_told_nothing_and_who_comes_later_all(server: RedisServer):
    badges, lane = reading(server)
    other, late = Lane(camera(r={"trigger": "enter"})), Lane(camera(r=DOOR))
    badges.tell([lane])  # type: ignore[list-item]
    assert lane.told[0].grants == ()
    server.client().xadd(STREAM, {"door": "north"})
    until(badges, [lane, other], "it", lambda: len(lane.grants) == 1)
    until(badges, [lane, other, late], "that who comes later is told", lambda: bool(late.told))
    assert late.grants == lane.grants
    assert late.told[-1].known == lane.told[-1].known > 0
    assert other.told == []
    until(badges, [lane, late], "the next moment", lambda: len(late.told) == 2)
    assert len(late.grants) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"dor": "north"}, "has no `door`"), ({"door": "north", "at": "yesterday"}, "has an `at` that is no time")],
)
def test_an_entry_that_cannot_be_read_is_said_and_the_next_is_read(
    server: RedisServer, caplog: pytest.LogCaptureFixture, fields: dict[str, str], words: str
):
    badges, lane = reading(server)
    server.client().xadd(STREAM, fields)
    server.client().xadd(STREAM, {"door": "north"})
    until(badges, [lane], "the good one", lambda: len(lane.grants) == 1)
    assert f"an entry of {STREAM} {words}" in caplog.text


def test_while_the_server_is_away_nothing_is_known_and_then_all_of_it(
    server: RedisServer, caplog: pytest.LogCaptureFixture
):
    badges, lane = reading(server)
    until(badges, [lane], "a first moment", lambda: bool(lane.told) and lane.told[-1].known > 0)
    server.stop()
    known = wait_for("it to stand still", lambda: _stands(badges, lane))
    server.start()
    server.client().xadd(STREAM, {"door": "north"})
    until(badges, [lane], "what came meanwhile", lambda: len(lane.grants) == 1)
    until(badges, [lane], "later moments", lambda: lane.told[-1].known > known)


def _stands(badges: Badges, lane: Lane) -> float:
    before = lane.told[-1].known
    time.sleep(2.5)
    badges.tell([lane])  # type: ignore[list-item]
    return before if lane.told[-1].known <= before + 1.5 else 0.0


def test_where_the_server_is_away_from_the_start_it_is_told_that_nothing_is_known(server: RedisServer):
    server.stop()
    badges, lane = reading(server)
    badges.tell([lane])  # type: ignore[list-item]
    later = Lane(camera(r=DOOR))
    badges.tell([lane, later])  # type: ignore[list-item]
    assert (lane.told, later.told) == ([Access((), 0.0)], [Access((), 0.0)])
