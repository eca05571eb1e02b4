"""Alerts a day of each rule: told ones and those of rules in shadow, by the site's days."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.clock import SimulatedClock
from pipeline.sinks.loads import Loads
from pipeline.sinks.mode_log import ModeLog
from pipeline.sinks.outbox import Outbox
from pipeline.types import IncidentState
from tests.sinks.facts import event

AUCKLAND = ZoneInfo("Pacific/Auckland")
# 2026-11-20 10:00 in Auckland, 2026-11-19 21:00 in Greenwich.
MORNING = 1_795_122_000.0
RULE = ("front-gate", event(1)["subject"])


def test_told_alerts_are_counted_once_each_on_the_day_of_the_site(tmp_path: Path):
    clock = SimulatedClock(MORNING)
    outbox = Outbox(tmp_path / "alerts.db", clock)
    outbox.put(event(1))
    outbox.put(event(1, revision=2, state=IncidentState.CLOSED))
    clock.advance(15 * 3600)  # after midnight there, not in Greenwich
    outbox.put(event(2))
    ModeLog(tmp_path / "alerts.db", "oak", clock).set("drill", "ann", "practice")
    loads = Loads(tmp_path / "alerts.db", AUCKLAND, clock)
    assert loads.by_day(7) == {RULE: {"2026-11-20": 1, "2026-11-21": 1}}
    assert loads.by_day(1) == {RULE: {"2026-11-21": 1}}


def test_rules_in_shadow_add_up_over_restarts(tmp_path: Path):
    clock = SimulatedClock(MORNING)
    for _ in range(2):
        Loads(tmp_path / "alerts.db", AUCKLAND, clock).add(
            Counter({("gate", "mat", "shadow"): 2, ("gate", "line", "shadow"): 1})
        )
    clock.advance(86400)
    Loads(tmp_path / "alerts.db", AUCKLAND, clock).add({("gate", "mat", "shadow"): 1})
    assert Loads(tmp_path / "alerts.db", AUCKLAND, clock).by_day(2) == {
        ("gate", "line"): {"2026-11-20": 2},
        ("gate", "mat"): {"2026-11-20": 4, "2026-11-21": 1},
    }
    assert Outbox(tmp_path / "alerts.db", clock).read() == []


def test_what_was_folded_is_counted_apart(tmp_path: Path):
    clock = SimulatedClock(MORNING)
    loads = Loads(tmp_path / "alerts.db", AUCKLAND, clock)
    loads.add({("gate", "mat", "folded"): 3, ("gate", "mat", "shadow"): 1})
    clock.advance(86400)
    loads.add({("gate", "mat", "folded"): 1})
    assert loads.by_day(2) == {("gate", "mat"): {"2026-11-20": 1}}
    assert loads.folded(2) == {("gate", "mat"): 4}
    assert loads.folded(1) == {("gate", "mat"): 1}
