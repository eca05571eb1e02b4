"""The configuration, as the rest of the program sees it. `streams.yaml` in the root is its manual.

`load` is for running: a camera with a mistake is left out, by name, and the rest run. `problems` is for checking.
Not here: the keys (`models.py`), how YAML is read (`file.py`), secrets (`secrets.py`), the words
of mistakes (`problems.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.config.calendars import Calendar, Day, Override
from pipeline.config.crosschecks import untagged
from pipeline.config.file import Document, read
from pipeline.config.models import Alerts, Camera, Config, Detector, Ledger, Redis, Site, Workers
from pipeline.config.modes import ModeName, ModeSettings
from pipeline.config.rules import Anchor, Direction, Heights, Limits, Rule
from pipeline.config.secrets import fill_in
from pipeline.config.shapes import Circle, Ground, Line, Mask, Zone
from pipeline.config.speed import Pace, pace
from pipeline.config.triggers import Trigger
from pipeline.config.triggers import seldom as too_seldom
from pipeline.config.url import Kind, Url
from pipeline.errors import ConfigError, Problem

__all__ = [
    "Alerts",
    "Anchor",
    "Calendar",
    "Camera",
    "Circle",
    "Config",
    "Day",
    "Detector",
    "Direction",
    "Ground",
    "Heights",
    "Kind",
    "Ledger",
    "Limits",
    "Line",
    "Loaded",
    "Mask",
    "ModeName",
    "ModeSettings",
    "Override",
    "Pace",
    "Redis",
    "Rule",
    "Site",
    "Trigger",
    "Url",
    "Workers",
    "Zone",
    "load",
    "pace",
    "problems",
    "too_seldom",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration to run: `config` has the good cameras only, `quarantined` the mistakes of each other one.

    `secrets` are the files that it took secrets from, `calendars` those that it took holidays from.
    """

    config: Config
    path: Path
    quarantined: dict[str, list[Problem]] = field(default_factory=dict)
    secrets: tuple[Path, ...] = ()
    calendars: tuple[Path, ...] = ()


def load(path: Path, env: Mapping[str, str] = os.environ) -> Loaded:
    """Read `path`. Raises ConfigError with every mistake when one lies outside the cameras, or none is declared."""
    document, found = _examined(path, env)
    if any(problem.camera is None for problem in found):
        raise ConfigError(found)
    bad: dict[str, list[Problem]] = {}
    for problem in found:
        bad.setdefault(str(problem.camera), []).append(problem)
    cameras = {name: one for name, one in document.data["cameras"].items() if name not in bad}
    config = _made(path, {**document.data, "cameras": cameras})
    return Loaded(config, path, bad, tuple(document.secrets), tuple(_calendars(path, document.data)))


def problems(path: Path, env: Mapping[str, str] = os.environ) -> list[Problem]:
    """Every mistake of the file, in its order; empty when there is none."""
    try:
        return _examined(path, env)[1]
    except ConfigError as error:
        return error.problems


def _examined(path: Path, env: Mapping[str, str]) -> tuple[Document, list[Problem]]:
    document = read(path)
    fill_in(document, env)
    found = document.problems + _invalid(document)
    found += [document.problem(*one) for one in untagged(document.data)]
    if not document.data.get("cameras"):
        found.append(document.problem(("cameras",), "no camera is declared", "Add one: `cameras: {name: {url: …}}`."))
    return document, document.sorted(found)


def _made(path: Path, data: dict[str, Any]) -> Config:
    given = {key: value for key, value in data.items() if value is not None}
    # A default made by the model itself would not know the folder.
    return Config.model_validate({"alerts": {}, **given}, context={"folder": path.absolute().parent})


def _calendars(path: Path, data: dict[str, Any]) -> Iterator[Path]:
    """The files that calendars name, which are right by now."""
    for calendar in (data.get("calendars") or {}).values():
        named = (calendar or {}).get("holidays_from") or ()
        for one in [named] if isinstance(named, str) else named:
            yield path.absolute().parent / one


def _invalid(document: Document) -> list[Problem]:
    """What the models say, less what has been said of the same keys already."""
    try:
        _made(document.path, document.data)
    except ValidationError as error:
        told = [(tuple(one["loc"]), one["ctx"]) for one in error.errors(include_url=False, include_input=False)]
        return [_problem(document, loc, words) for loc, words in told if not document.is_broken(loc)]
    return []


def _problem(document: Document, loc: tuple[str | int, ...], words: dict[str, Any]) -> Problem:
    quoted = f", not `{document.written[loc]}`" if words["quote"] and loc in document.written else ""
    return document.problem(loc, words["message"] + quoted, words["hint"])
