"""The drawn timelines of docs/reference/rules.md are what the rules say today, and there is one of every trigger."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pipeline.config.triggers import KINDS
from tests.conftest import ROOT
from tests.timelines import EXAMPLES, drawn, path

PAGE = (ROOT / "docs/reference/rules.md").read_text()


def test_every_trigger_is_drawn_and_has_a_row():
    assert set(EXAMPLES) == set(KINDS)
    for trigger in KINDS:
        assert f"](timelines/{trigger}.svg)" in PAGE
        assert re.search(rf"^\| `{trigger}` \| .* \| {KINDS[trigger].least_fps:g} \| ", PAGE, re.MULTILINE), trigger


@pytest.mark.parametrize("trigger", KINDS)
def test_the_picture_is_what_the_rules_say(trigger: str):
    assert path(trigger).read_text() == drawn(trigger)
    assert "told at" in drawn(trigger)
    ElementTree.fromstring(drawn(trigger))
