"""Mistakes in rules and shapes: each is told with its place, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import config
from pipeline.config.speed import pace
from pipeline.config.triggers import KINDS
from tests.test_docs import Block, blocks, pages

ZONE = {"polygon": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.9], [0.2, 0.9]]}
GROUND = {"points": [[0.1, 0.9], [0.9, 0.9], [0.7, 0.4], [0.3, 0.4]], "metres": [[0, 0], [8, 0], [8, 20], [0, 20]]}
OWN: dict[str, Any] = {
    "zone": "yard",
    "zones": ["yard", "gate"],
    "line": "door",
    "door": "north",
    "seconds": 5,
    "people": {"max": 3},
    "grows_by": 3,
    "faster_than": "1.5 heights/s",
    "angle": 90,
}


def problems(tmp_path: Path, rule: dict[str, Any], **camera: Any) -> list[str]:
    """What is wrong with a camera that has this rule."""
    one = {
        "url": "rtsp://h/s",
        "zones": {"yard": ZONE, "gate": ZONE},
        "lines": {"door": {"points": [[0.5, 0.1], [0.6, 0.9]]}},
        "rules": {"r": rule},
        **camera,
    }
    path = tmp_path / "streams.yaml"
    redis = {"url": "redis://localhost", "access_stream": "access"}
    path.write_text(yaml.safe_dump({"site": {"id": "s"}, "alerts": {"redis": redis}, "cameras": {"c": one}}))
    return [str(problem) for problem in config.problems(path, {})]


def whole(trigger: str) -> dict[str, Any]:
    return {"trigger": trigger, **{key: OWN[key] for key in KINDS[trigger].needs}}


@pytest.mark.parametrize("trigger", KINDS)
def test_a_trigger_with_all_it_needs_is_right(trigger: str, tmp_path: Path):
    assert problems(tmp_path, whole(trigger)) == []


@pytest.mark.parametrize(("trigger", "key"), [(trigger, key) for trigger in KINDS for key in KINDS[trigger].needs])
def test_each_key_that_a_trigger_needs_is_missed(trigger: str, key: str, tmp_path: Path):
    rule = {name: value for name, value in whole(trigger).items() if name != key}
    (told,) = problems(tmp_path, rule)
    assert f"rules.r.{key}: is required" in told
    assert f"`trigger: {trigger}` needs" in told


@pytest.mark.parametrize(
    ("trigger", "key"),
    [(trigger, key) for trigger in KINDS for key in OWN if key not in KINDS[trigger].needs + KINDS[trigger].knows],
)
def test_a_key_of_another_trigger_does_nothing_and_that_is_told(trigger: str, key: str, tmp_path: Path):
    (told,) = problems(tmp_path, {**whole(trigger), key: OWN[key]})
    assert f"rules.r.{key}: does nothing with `trigger: {trigger}`" in told


@pytest.mark.parametrize(
    ("keys", "camera", "told"),
    [
        ({"trigger": "sequence", "zones": ["yard"]}, {}, "zones: is one zone"),
        ({"trigger": "sequence", "zones": ["yard", "yard"]}, {}, "zones[1]: is the zone before it"),
        ({"trigger": "sequence", "zones": ["yard", "gaet"]}, {}, "no zone `gaet`. Did you mean `gate`?"),
        ({"trigger": "dwell", "window_s": 2}, {}, "window_s: is below seconds: 2 and 5"),
        ({"trigger": "enter", "score": 0.3, "stay_score": 0.5}, {}, "stay_score: is above score"),
        ({"trigger": "occupancy", "people": {}}, {}, "people: says nothing"),
        ({"trigger": "occupancy", "people": {"min": 5, "max": 2}}, {}, "min: is not below max: 5 and 2"),
        ({"trigger": "speed", "faster_than": "fast"}, {}, "faster_than: is no speed. Write it as 2.5 m/s"),
        ({"trigger": "speed", "faster_than": "2 heights/h"}, {}, "faster_than: is no speed"),
        ({"trigger": "speed", "faster_than": "500 m/s"}, {}, "is no speed of people"),
        ({"trigger": "speed", "faster_than": "2 m/s"}, {}, "does not say where the ground is"),
        ({"trigger": "speed", "faster_than": "2 m/s"}, {"ground": GROUND}, ""),
        ({"trigger": "running"}, {"analyse_fps": 1}, "`running` needs 2 analysed pictures a second at least, not 1"),
        ({"trigger": "absence", "seconds": 0.5}, {"analyse_fps": 1}, "is less than from one analysed picture"),
    ],
)
def test_what_does_not_go_together_is_told(keys: dict[str, Any], camera: dict[str, Any], told: str, tmp_path: Path):
    found = problems(tmp_path, {**whole(keys["trigger"]), **keys}, **camera)
    if not told:
        assert found == []
    else:
        assert len(found) == 1
        assert told in found[0]


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ({}, "polygon: is required. A zone has corners"),
        ({**ZONE, "circle": {"centre": [0.5, 0.5], "radius": 0.2}}, "does not go with a circle"),
        ({"circle": {"centre": [0.5, 0.5], "radius": 0}}, "radius: must be at least 0.01"),
        ({"circle": {"centre": [1.5, 0.5], "radius": 0.2}}, "lies off the picture"),
        ({**ZONE, "holes": [[[0.1, 0.3], [0.5, 0.3], [0.5, 0.5]]]}, "holes[0]: is not within the zone"),
        ({**ZONE, "holes": [[[0.3, 0.3], [0.5, 0.3]]]}, "holes[0]: has 2 points"),
    ],
)
def test_a_zone_that_is_none_is_told(zone: dict[str, Any], told: str, tmp_path: Path):
    found = problems(tmp_path, {"trigger": "cross", "line": "door"}, zones={"yard": zone})
    assert len(found) == 1, found
    assert told in found[0]


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([[0.5, 0.5]], "has 1 points"),
        ([[0.5, 0.5], [0.5, 0.505]], "has no length after point [0]"),
        ([[0.2, 0.2], [0.8, 0.8], [0.8, 0.2], [0.2, 0.8]], "crosses itself: the part after point [0]"),
        ([[0.2, 0.2], [0.8, 0.2], [0.5, 0.2]], "crosses itself"),
    ],
)
def test_a_line_that_is_none_is_told(points: list[list[float]], told: str, tmp_path: Path):
    (found,) = problems(tmp_path, {"trigger": "cross", "line": "door"}, lines={"door": {"points": points}})
    assert told in found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metres": [[0, 0], [8, 0], [0, 20], [8, 20]]}, "are not in the order of points"),
        ({"metres": [[0, 0], [8, 0], [16, 0], [0, 20]]}, "has three places in one row"),
        ({"points": [[0.1, 0.9], [0.9, 0.9], [0.7, 0.4]]}, "points[3]: is required"),
    ],
)
def test_ground_that_is_none_is_told(change: dict[str, Any], told: str, tmp_path: Path):
    found = problems(tmp_path, {"trigger": "enter", "zone": "yard"}, ground={**GROUND, **change})
    assert any(told in one for one in found), found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2.5 m/s", (2.5, "m")),
        ("9 km/h", (2.5, "m")),
        ("1.5 heights/s", (1.5, "heights")),
        (" 1height/s", (1, "heights")),
    ],
)
def test_speeds_are_read(text: str, wanted: tuple[float, str]):
    assert tuple(pace(text)) == wanted


WHOLE_FILES = [
    block for page in pages() for block in blocks(page) if block.language == "yaml" and "\ncameras:" in block.text
]


def test_the_readme_shows_a_school():
    assert any(block.where.startswith("README.md") for block in WHOLE_FILES)


@pytest.mark.parametrize("block", WHOLE_FILES, ids=lambda block: block.where)
def test_every_whole_file_that_a_page_shows_is_right(block: Block, tmp_path: Path):
    path = tmp_path / "streams.yaml"
    path.write_text(block.text)
    assert config.problems(path, {"CAMERA_USER": "viewer", "CAMERA_PASSWORD": "x"}) == []


def test_a_mode_that_names_a_tag_of_no_rule_is_told(tmp_path: Path):
    rule = {"trigger": "enter", "zone": "yard", "tags": ["door"]}
    one = {"url": "rtsp://h/s", "zones": {"yard": ZONE}, "rules": {"r": rule}}
    told = {"site": {"id": "s"}, "modes": {"lockdown": {"arm": ["dor", "all"]}}, "cameras": {"c": one}}
    (tmp_path / "streams.yaml").write_text(yaml.safe_dump(told))
    (found,) = config.problems(tmp_path / "streams.yaml", {})
    assert "modes.lockdown.arm[0]: no rule has the tag `dor`. Did you mean `door`? Their tags: all, door." in str(found)


def test_a_camera_with_a_mistake_takes_no_tag_with_it(tmp_path: Path):
    rule = {"trigger": "enter", "zone": "yard", "tags": ["door"]}
    good = {"url": "rtsp://h/s", "zones": {"yard": ZONE}, "rules": {"r": {"trigger": "enter", "zone": "yard"}}}
    bad = {"url": "rtsp://h/s", "zones": {"yard": ZONE}, "rules": {"r": rule}, "analyse_fps": -1}
    told = {"site": {"id": "s"}, "modes": {"lockdown": {"arm": ["door"]}}, "cameras": {"good": good, "bad": bad}}
    (tmp_path / "streams.yaml").write_text(yaml.safe_dump(told))
    loaded = config.load(tmp_path / "streams.yaml", {})
    assert [*loaded.config.cameras] == ["good"]
    assert [*loaded.quarantined] == ["bad"]


def test_a_rule_about_a_door_of_which_nothing_tells_is_told(tmp_path: Path):
    rule = {"trigger": "unbadged", "line": "door", "door": "north", "seconds": 5}
    one = {"url": "rtsp://h/s", "lines": {"door": {"points": [[0.5, 0.1], [0.6, 0.9]]}}, "rules": {"r": rule}}
    path = tmp_path / "streams.yaml"
    path.write_text(yaml.safe_dump({"site": {"id": "s"}, "cameras": {"c": one}}))
    (told,) = config.problems(path, {})
    assert "cameras.c.rules.r.door: nothing tells of grants. Give alerts.redis.access_stream" in str(told)
