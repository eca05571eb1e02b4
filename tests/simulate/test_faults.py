from __future__ import annotations

import itertools
import random

import pytest

from pipeline.errors import ServerError
from pipeline.simulate.faults import Faults, Planned, damaged, moments, parse_fault

PACKETS = [i.to_bytes(2, "big") * 100 for i in range(1000)]


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("freeze", Planned("freeze", 1)),
        ("freeze@10", Planned("freeze", 1, at=10)),
        ("freeze@10+2.5", Planned("freeze", 1, at=10, lasts=2.5)),
        ("drop:0.02", Planned("drop", 0.02)),
        ("hall:drop@3+4:0.02", Planned("drop", 0.02, at=3, lasts=4, name="hall")),
        ("jump@5:-1800", Planned("jump", -1800, at=5)),
        ("404@5", Planned("404", 404, at=5)),
        ("freeze:404", None),
        ("two words:resize@7", Planned("resize", 1, at=7, name="two words")),
    ],
)
def test_a_fault_is_read_from_words(text: str, planned: Planned | None):
    if planned is None:
        with pytest.raises(ServerError, match="takes no value"):
            parse_fault(text)
    else:
        assert parse_fault(text) == planned


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a fault: write"),
        ("melt@3", "'melt@3' is not a fault: write .* the kinds are freeze, hold, hang"),
        ("freeze@", "is not a fault"),
        ("freeze+3", "is not a fault"),
        ("freeze@-3", "is not a fault"),
        ("200", "is not a fault"),
        ("drop:7", "the value of drop is a probability"),
        ("trickle:-1", "must not be below 0"),
        ("404:3", "404 takes no value"),
        ("kick@3+2", "kick is over at once"),
    ],
)
def test_what_is_not_a_fault_is_said(text: str, sentence: str):
    with pytest.raises(ServerError, match=sentence):
        parse_fault(text)


def test_faults_begin_and_end_in_order_of_time():
    plan = [parse_fault(text) for text in ("503@5+10", "drop@7+1:0.5", "resize@1")]
    told = [(moment.at, moment.fault.kind, moment.begins) for moment in moments(plan)]
    assert told == [
        (1, "resize", True), (5, "503", True), (7, "drop", True), (8, "drop", False), (15, "503", False),
    ]  # fmt: skip


def test_a_fault_sets_its_field_and_puts_it_back():
    faults = Faults()
    for text, name, value in [
        ("503", "refuse", 503),
        ("resize", "clip", 1),
        ("no_sr", "no_sr", True),
        ("rate", "rate", 1.01),
    ]:
        parse_fault(text).begin(faults)
        assert getattr(faults, name) == value
        assert type(getattr(faults, name)) is type(value)
        parse_fault(text).end(faults)
    assert faults == Faults()


def test_a_sound_line_changes_nothing():
    assert damaged(PACKETS, Faults()) == PACKETS


@pytest.mark.parametrize("name", ["drop", "dup", "corrupt", "swap"])
def test_each_damage_is_as_frequent_as_asked(name: str):
    faults = Faults(**{name: 0.2})
    sent = damaged(PACKETS, faults, random.Random(1))
    amount = {
        "drop": len(PACKETS) - len(sent),
        "dup": len(sent) - len(PACKETS),
        "corrupt": sum(a != b for a, b in zip(sent, PACKETS, strict=False)),
        "swap": sum(a[:2] > b[:2] for a, b in itertools.pairwise(sent)),
    }[name]
    assert 120 < amount < 280


def test_a_corrupt_packet_keeps_its_headers_and_its_length():
    packet = bytes(12) + b"\x7c\x85\x00" + bytes(1000)
    spoilt = damaged([packet], Faults(corrupt=1))[0]
    assert (len(spoilt), spoilt[:15]) == (len(packet), packet[:15])
    assert spoilt != packet
