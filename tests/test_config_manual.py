"""`streams.yaml` and the reference page tell of every key, with its default and its bounds, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from pipeline import config
from pipeline.config.problems import Strict
from pipeline.simulate.scene import hall
from tests.conftest import ROOT

MANUAL = (ROOT / "streams.yaml").read_text()
PAGE = (ROOT / "docs/reference/config.md").read_text()

# Of each model: the heading on the page, and the keys between which its part of streams.yaml lies.
PLACES: dict[type[Strict], tuple[str, str, str]] = {
    config.Site: ("site", "site", "alerts"),
    config.Alerts: ("alerts", "alerts", "redis"),
    config.Redis: ("alerts.redis", "redis", "ledger"),
    config.Ledger: ("ledger", "ledger", "detector"),
    config.Detector: ("detector", "detector", "workers"),
    config.Workers: ("workers", "workers", "cameras"),
    config.ModeSettings: ("modes.NAME", "lockdown", "calendars"),
    config.Calendar: ("calendars.NAME", "oak", "cameras"),
    config.Day: ("calendars.NAME.days.DATE", "2026-12-18", "overrides"),
    config.Override: ("calendars.NAME.overrides", "overrides", "cameras"),
    config.Camera: ("cameras.NAME", "demo", ""),
    config.Ground: ("cameras.NAME.ground", "ground", "zones"),
    config.Zone: ("cameras.NAME.zones.NAME", "mat", "lines"),
    config.Circle: ("cameras.NAME.zones.NAME.circle", "circle", "lines"),
    config.Line: ("cameras.NAME.lines.NAME", "threshold", "masks"),
    config.Mask: ("cameras.NAME.masks.NAME", "clock", "rules"),
    config.Heights: ("cameras.NAME.person_height", "person_height", "enabled"),
    config.Limits: ("cameras.NAME.rules.NAME.people", "people", "grows_by"),
    config.Rule: ("cameras.NAME.rules.NAME", "someone-on-the-mat", ""),
}
KEYS = [(model, name, field) for model in PLACES for name, field in model.model_fields.items()]
# A camera's name is its key, and redis has lines of its own there.
UNWRITTEN = {(config.Camera, "name"), (config.Alerts, "redis")}


def ids(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else value if isinstance(value, str) else ""


def default(field: FieldInfo) -> str:
    value = field.get_default()
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or value == ():
        return "none"
    return str(value) or "empty"


def bounds(field: FieldInfo) -> list[float]:
    return [
        bound for kind in ("ge", "le") for each in field.metadata if (bound := getattr(each, kind, None)) is not None
    ]


def part_of_manual(model: type[Strict]) -> str:
    _, start, end = PLACES[model]
    after = re.split(rf"^[ #]*{start}:", MANUAL, maxsplit=1, flags=re.MULTILINE)[1]
    return re.split(rf"^[ #]*{end}:", after, maxsplit=1, flags=re.MULTILINE)[0] if end else after


def part_of_page(model: type[Strict]) -> str:
    return PAGE.split(f"\n### {PLACES[model][0]}\n")[1].split("\n#")[0]


@pytest.mark.parametrize(("model", "name", "field"), [key for key in KEYS if key[:2] not in UNWRITTEN], ids=ids)
def test_the_manual_has_the_key_and_its_default(model: type[Strict], name: str, field: FieldInfo):
    line = re.search(rf"^[ #-]*{name}: .*|^[ #-]*{name}:$", part_of_manual(model), re.MULTILINE)
    assert line, f"{name} of {model.__name__} is not in streams.yaml"
    comment = line[0].rpartition("# ")[2] if default(field) != "required" else line[0]
    expected = "required" if field.is_required() else f"default: {default(field)}"
    if model is config.Rule and name in ("zone", "line", "seconds"):
        expected = "required"
    assert re.search(rf"{re.escape(expected)}(?![\w-]|\.\d)", comment), line[0]


@pytest.mark.parametrize(("model", "name", "field"), KEYS, ids=ids)
def test_the_page_has_the_key_its_default_and_its_bounds(model: type[Strict], name: str, field: FieldInfo):
    row = re.search(rf"^\| `{name}` \|.*", part_of_page(model), re.MULTILINE)
    assert row, f"{name} of {model.__name__} is not on the page"
    _, _, kind, told, *_ = (cell.strip().strip("`") for cell in row[0].split(" | ".strip()))
    if (model, name) == (config.Camera, "name"):
        assert told == "the key"
    else:
        assert told == default(field)
    for bound in bounds(field):
        assert f"{bound:.9g}" in re.split(r" to |, ", kind)


@pytest.mark.parametrize("model", PLACES, ids=ids)
def test_the_page_has_no_key_that_does_not_exist(model: type[Strict]):
    assert re.findall(r"^\| `(\w+)`", part_of_page(model), re.MULTILINE) == [*model.model_fields]


def test_the_manual_is_a_good_file_with_defaults_only():
    loaded = config.load(ROOT / "streams.yaml", {})
    assert not loaded.quarantined
    plain = config.Config(
        site=config.Site(id="example"), cameras={"c": config.Camera(name="c", url=config.Url("a.mp4"))}
    )
    assert loaded.config.detector == plain.detector
    assert loaded.config.workers == plain.workers
    assert loaded.config.alerts.journal == ROOT / plain.alerts.journal
    shown = loaded.config.cameras["demo"].model_dump(exclude={"name", "url", "zones", "lines", "masks", "rules"})
    assert shown == plain.cameras["c"].model_dump(exclude={"name", "url", "zones", "lines", "masks", "rules"})


def test_the_manuals_shapes_are_those_of_the_scene_it_watches():
    demo = config.load(ROOT / "streams.yaml", {}).config.cameras["demo"]
    shapes = [*demo.zones["mat"].polygon, *demo.lines["threshold"].points]
    wanted = [*hall.PLACE.zone("mat"), *hall.PLACE.line("threshold")]
    assert shapes == [pytest.approx(point, abs=0.001) for point in wanted]


def test_every_commented_example_is_right_too(tmp_path: Path):
    """Each of the manual's commented-out lines, put in force on its own, is a good file."""
    (tmp_path / "secret").write_text("rtsp://ann:b@h/s")
    env = dict.fromkeys(re.findall(r"\$\{([A-Z_]+)\}", MANUAL), "x")
    redis = re.sub(r"^  # (redis:| {2}(?! *#))", r"  \1", MANUAL, flags=re.MULTILINE)
    urls = re.findall(r"^    # (url: \S+)", MANUAL, re.MULTILINE)
    texts = [
        redis,
        *(re.sub(r"^    url: \S+", lambda _, url=url: f"    {url}", MANUAL, flags=re.MULTILINE) for url in urls),
    ]
    assert len(texts) == 9
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yaml"
        path.write_text(re.sub(r"file:/run/secrets/[\w-]+", f"file:{tmp_path}/secret", text))
        assert config.problems(path, env) == []
    assert config.load(tmp_path / "0.yaml", env).config.alerts.redis
