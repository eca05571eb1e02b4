"""What the rules say of the three clips is what is kept, to the byte; and what is kept is what our detector finds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import golden

CLOSE_S = 0.6


@pytest.mark.parametrize("name", golden.CLIPS)
def test_the_rules_say_what_they_said(name: str) -> None:
    assert golden.judged(name) == golden.incidents(name)


def test_each_kind_of_rule_says_something_but_that_somebody_runs_or_vanishes() -> None:
    told = Counter(json.loads(line)["data"]["rule"] for name in golden.CLIPS for line in golden.incidents(name))
    assert set(told) == set(golden.RULES) - {"running", "disappear"}


@pytest.mark.footage
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", golden.CLIPS)
def test_the_clip_says_the_same_twice_and_what_is_kept_but_for_the_processor(name: str, footage: Path) -> None:
    """Another processor finds boxes a little elsewhere: times and counts are close, not the same."""
    told = golden.played(footage, name)[1]
    assert golden.played(footage, name)[1] == told
    found, kept = openings(told), openings(golden.incidents(name))
    matched = sum(any(rule == other and abs(at - when) <= CLOSE_S for other, when in kept) for rule, at in found)
    assert abs(len(found) - len(kept)) <= 0.05 * len(kept) + 1
    assert matched >= 0.9 * len(found)


def openings(lines: Iterable[str]) -> list[tuple[str, float]]:
    told = [json.loads(line)["data"] for line in lines]
    return [(data["rule"], data["times"]["media_s"]) for data in told if data["state"] == "opened"]
