"""`zonewatch check`: every mistake of a configuration file, and on request a look through each camera.

Not here: what a mistake is (`config`), opening cameras (`probe.py`), drawing (`draw.py`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from pipeline.catalogue.find import BUILTIN, resolve
from pipeline.catalogue.listing import entries
from pipeline.config import Camera, Loaded, load
from pipeline.config.file import read
from pipeline.errors import ConfigError, ModelError, Problem, ZonewatchError

if TYPE_CHECKING:
    from pipeline.commands.probe import Probe

UNREACHABLE, MISTAKES = 1, 2


def check(
    file: Annotated[Path, typer.Argument(help="Configuration file.")] = Path("streams.yaml"),
    open_cameras: Annotated[
        bool,
        typer.Option(
            "--probe", help="Open each camera once: size, codec, frame rate, what keeps it from resting, or why not."
        ),
    ] = False,
    draw: Annotated[
        Path | None,
        typer.Option("--draw", metavar="DIR", help="Write a picture of each camera with its zones and lines to DIR."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Check a configuration file: exit 0 without mistakes, 2 with, 1 if a camera does not open or show a picture."""
    loaded, found = _examined(file)
    cameras = [] if loaded is None else list(loaded.config.cameras.values())
    seen = _looked(loaded, cameras) if loaded and (open_cameras or draw) else []
    drawn = _drawn(cameras, seen, draw) if draw else {}
    failed = any(one.error for one in seen)
    if json_:
        told = [_as_json(camera, seen, drawn) for camera in cameras]
        problems = [asdict(problem) for problem in found]
        typer.echo(json.dumps({"ok": not found and not failed, "problems": problems, "cameras": told}))
    else:
        _print(found, cameras, seen, drawn)
    raise typer.Exit(MISTAKES if found else UNREACHABLE if failed else 0)


def _examined(file: Path) -> tuple[Loaded | None, list[Problem]]:
    """What can be run of the file, if anything, and its mistakes in order."""
    try:
        loaded = load(file)
    except ConfigError as error:
        return None, error.problems
    found = [*(one for some in loaded.quarantined.values() for one in some), *_model_mistakes(loaded)]
    return loaded, sorted(found, key=lambda one: one.line)


def _model_mistakes(loaded: Loaded) -> list[Problem]:
    """A model that is neither of the catalogue nor a file, or a damaged built-in one. Others may still be fetched."""
    model = loaded.config.detector.model
    if model != BUILTIN and model in entries():
        return []
    try:
        resolve(model)
    except ModelError as error:
        near = get_close_matches(model, [BUILTIN, *entries()], 1)
        hint = f"Did you mean `{near[0]}`?" if near else ""
        return [read(loaded.path).problem(("detector", "model"), str(error).removeprefix("detector.model: "), hint)]
    return []


def _looked(loaded: Loaded, cameras: list[Camera]) -> list[Probe]:
    from pipeline.commands.probe import probe  # av, OpenCV, Numba: dear, and only needed to look through cameras

    return probe([camera for camera in cameras if camera.enabled], ZoneInfo(loaded.config.site.timezone))


def _drawn(cameras: list[Camera], seen: list[Probe], folder: Path) -> dict[str, Path]:
    """The file written for each camera. A picture that cannot be written is that camera's failure."""
    if not seen:
        return {}
    from pipeline.commands.draw import save

    by_name = {camera.name: camera for camera in cameras}
    written = {}
    for one in seen:
        if one.picture is None:
            continue
        try:
            written[one.camera] = save(by_name[one.camera], one.picture, folder)
        except ZonewatchError as error:
            one.error = str(error)
    return written


def _as_json(camera: Camera, seen: list[Probe], drawn: dict[str, Path]) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": camera.name,
        "url": str(camera.url),
        "kind": camera.url.kind,
        "enabled": camera.enabled,
        "zones": len(camera.zones),
        "lines": len(camera.lines),
        "rules": len(camera.rules),
    }
    for one in seen:
        if one.camera == camera.name:
            about["probe"] = {"size": one.size, "codec": one.codec, "fps": one.fps, "error": one.error}
            about["probe"] |= {"key_frames_s": one.key_s, "cannot_rest": one.wakeful}
            if one.aspect:
                about["probe"] |= {"aspect": round(one.aspect.ratio, 4), "aspect_from": one.aspect.why}
    if camera.name in drawn:
        about["drawing"] = str(drawn[camera.name])
    return about


def _print(found: list[Problem], cameras: list[Camera], seen: list[Probe], drawn: dict[str, Path]) -> None:
    """One line a mistake, whatever the width of the terminal: editors and `grep` read them."""
    console = Console(soft_wrap=True, highlight=False)
    for problem in found:
        place = Text(f"{problem.file}:{problem.line}: ", "bold")
        console.print(
            place.append(f"{problem.key}: ", "cyan").append(problem.message, "red").append(_hint(problem), "")
        )
    for one in seen:
        console.print(Text(str(one), "red" if one.error else "green"))
    for path in drawn.values():
        console.print(Text(f"drawn: {path}"))
    rules = sum(len(camera.rules) for camera in cameras)
    good = f"{_count(len(cameras), 'camera')}, {_count(rules, 'rule')}"
    if not found:
        console.print(Text(f"{good}: no mistakes", "bold"))
    else:
        console.print(Text(f"{_count(len(found), 'mistake')}; without them {good}", "bold"))


def _hint(problem: Problem) -> str:
    return f" {problem.hint}" if problem.hint else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
