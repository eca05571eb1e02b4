"""The message validates with its schema and with the CloudEvents SDK, and says the same of the same incident."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pipeline.sinks.message import Event, canonical, closed_by_interruption, cloud_event, entry_fields
from pipeline.types import IncidentState, Moment, Severity
from tests.conftest import ROOT
from tests.sinks.facts import WALL, event, incident

SCHEMA = json.loads((ROOT / "docs/reference/incident.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)

MESSAGES = {
    "opened": event(),
    "updated": event(revision=2, state=IncidentState.UPDATED),
    "closed": event(revision=3, state=IncidentState.CLOSED, left=Moment(20.0, WALL + 8, 0.04), dwell_s=8.1),
    "across a line": event(
        trigger="cross", zone=None, line="door", direction="left_to_right", entered=None, dwell_s=None
    ),
    "with pictures to come": event(evidence=None),
    "interrupted before its pictures came": closed_by_interruption(event(evidence=None), WALL + 60, "worker died"),
    "of a replay": cloud_event(
        incident(at=Moment(3.0), entered=Moment(2.0), received=None, decided=None), "north-campus", None
    ),
    "with odd names": event(camera="Tür 1/ä?#", rule="niemand – hier", evidence=()),
    "with values of numpy": event(
        score=np.float32(0.5), track=np.int64(3), why={"b": np.float32(0.1), "a": (np.int64(1), None, True)}
    ),
    "interrupted": closed_by_interruption(event(), WALL + 60, "worker died"),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message_is_as_the_schema_says(message: Event):
    VALIDATOR.validate(json.loads(canonical(message)))


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_the_cloudevents_sdk_takes_it(message: Event):
    text = canonical(message)
    read = JSONFormat().read(CloudEvent, text)
    assert read.get_id() == message["id"]
    assert read.get_source() == message["source"]
    assert read.get_type() == message["type"]
    assert read.get_data() == json.loads(text)["data"]
    posted = HTTPMessage({"content-type": "application/cloudevents+json"}, text.encode())
    assert from_http_event(posted).get_id() == message["id"]


def test_the_schema_is_one_and_what_dataschema_names_is_the_data_part():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert event()["dataschema"] == f"{SCHEMA['$id']}#{SCHEMA['$defs']['data']['$anchor']}"


def test_the_schema_refuses_what_is_not_a_message():
    for wrong in ({"time": "yesterday"}, {"type": "zone.violation.seen"}, {"more": 1}, {"data": {}}):
        assert not VALIDATOR.is_valid({**event(), **wrong})


def test_the_same_incident_gives_the_same_bytes_however_why_was_put_together():
    one, other = event(why={"a": 1, "b": {"c": 2, "d": 3}}), event(why={"b": {"d": 3, "c": 2}, "a": 1})
    assert canonical(one) == canonical(other)
    assert canonical(json.loads(canonical(one))) == canonical(one)


def test_numbers_are_rounded_and_json_can_hold_them():
    data = event(why={"x": float("nan"), "y": -0.00001}, dwell_s=float("inf"))["data"]
    assert data["why"] == {"x": None, "y": 0.0}
    assert str(data["why"]["y"]) == "0.0"
    assert data["dwell_s"] is None
    assert data["times"]["media_s"] == 12.346
    assert data["score"] == 0.8765


def test_a_source_is_a_uri_whatever_the_names_are():
    assert event(camera="front gate/2")["source"] == "zonewatch/north-campus/front%20gate%2F2"


def test_an_entry_has_the_promised_fields_all_text():
    fields = entry_fields(event(severity=Severity.LOW))
    assert list(fields) == ["type", "id", "rev", "incident", "camera", "rule", "severity", "state", "ts", "data"]
    assert fields["id"] == "0000000000000000:1"
    assert fields["severity"] == "low"
    assert fields["ts"] == "2023-11-14T22:13:20.000Z"
    assert json.loads(fields["data"]) == event(severity=Severity.LOW)


def test_an_interrupted_incident_is_closed_by_its_next_revision():
    opened = event()
    closed = closed_by_interruption(opened, WALL + 60, "worker died")
    assert closed["id"] == "0000000000000000:2"
    assert closed["type"] == "zone.violation.closed"
    assert closed["time"] == closed["data"]["times"]["decided"] == "2023-11-14T22:14:20.000Z"
    assert closed["data"]["why"]["closed_because"] == "worker died"
    assert closed["data"]["left"] is None
    assert opened["data"]["revision"] == 1
    assert closed == closed_by_interruption(opened, WALL + 60, "worker died")
