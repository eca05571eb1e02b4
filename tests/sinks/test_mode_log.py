"""The mode of the site in the journal: it is told once, and outlives whoever set it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from pipeline.clock import SimulatedClock
from pipeline.sinks.message import MODE_TYPE, entry_fields
from pipeline.sinks.mode_log import ModeLog
from pipeline.sinks.outbox import Outbox
from pipeline.types import Severity
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "docs/reference/mode.schema.json").read_text())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.db"


def test_what_was_set_is_there_for_who_opens_it_later(path: Path):
    clock = SimulatedClock(1000.0)
    ModeLog(path, "oak", clock).set("lockdown", "ann", "a stranger")
    clock.advance(50)
    now = ModeLog(path, "oak", clock).now()
    assert (now.name, now.since, now.until, now.by, now.why) == ("lockdown", 1000.0, None, "ann", "a stranger")
    assert now.before is not None
    assert now.before.name == "normal"


def test_each_change_is_an_event_with_who_and_why(path: Path):
    clock = SimulatedClock(1000.0)
    modes = ModeLog(path, "oak", clock)
    modes.set("drill", "ann", "practice", until=1600.0)
    clock.advance(10)
    modes.set("normal", "bob", "done")
    events = [event for _, event in Outbox(path, clock).read()]
    assert [(one["type"], one["data"]["mode"], one["data"]["before"], one["data"]["by"]) for one in events] == [
        (MODE_TYPE, "drill", "normal", "ann"),
        (MODE_TYPE, "normal", "drill", "bob"),
    ]
    assert events[0]["data"]["until"] == "1970-01-01T00:26:40.000Z"
    for event in events:
        jsonschema.validate(event, SCHEMA, format_checker=jsonschema.FormatChecker())
    fields = entry_fields(events[0])
    assert (fields["type"], fields["state"], fields["camera"], fields["severity"]) == (MODE_TYPE, "drill", "", "medium")


def test_it_is_read_by_who_asks_for_one_camera_or_for_grave_alerts(path: Path):
    ModeLog(path, "oak").set("lockdown", "ann", "a stranger")
    assert len(Outbox(path).read(camera="gate", severity=Severity.CRITICAL)) == 1


def test_it_leaves_no_incident_open(path: Path):
    ModeLog(path, "oak").set("lockdown", "ann", "a stranger")
    assert Outbox(path).open_incidents() == []


def test_the_same_command_twice_is_one_change(path: Path):
    modes = ModeLog(path, "oak")
    for _ in range(2):
        modes.set("lockdown", "ann", "a stranger", event="mode-control-1-0")
    assert len(Outbox(path).read()) == 1


def test_a_mode_that_ends_by_itself_is_told_once_whoever_notices(path: Path):
    clock = SimulatedClock(1000.0)
    one, two = ModeLog(path, "oak", clock), ModeLog(path, "oak", clock)
    one.set("event", "ann", "play", until=1100.0)
    assert not one.expire()
    clock.advance(101)
    assert one.now().at(clock.wall()).name == "normal"
    assert [one.expire(), two.expire()] == [True, False]
    (_, last) = [event for _, event in Outbox(path, clock).read()]
    assert (last["data"]["mode"], last["data"]["before"], last["data"]["by"]) == ("normal", "event", "zonewatch")
    assert last["time"] == "1970-01-01T00:18:20.000Z"


def test_a_mode_set_after_one_that_is_over_is_not_ended_by_it(path: Path):
    clock = SimulatedClock(1000.0)
    modes = ModeLog(path, "oak", clock)
    modes.set("event", "ann", "play", until=1100.0)
    clock.advance(101)
    modes.set("lockdown", "ann", "a stranger")
    assert not modes.expire()
    assert modes.now().name == "lockdown"


def test_what_another_process_sets_is_noticed(path: Path):
    modes = ModeLog(path, "oak")
    modes.changed()
    assert not modes.changed()
    ModeLog(path, "oak").set("drill", "ann", "practice")
    assert modes.changed()
