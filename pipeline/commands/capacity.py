"""`zonewatch capacity`: how many cameras can this machine watch, what sets the limit, and what would help?

Not here: what a camera costs (`workers/costs.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pipeline import logs
from pipeline.capture.record import record
from pipeline.capture.reels import Reel, survey
from pipeline.capture.rest import LONGEST_S
from pipeline.catalogue.find import BUILTIN
from pipeline.clock import SystemClock
from pipeline.commands.output import MISUSED, errors_told, fail
from pipeline.config import Camera, Detector, Loaded, Url, load
from pipeline.errors import SourceError
from pipeline.processes.process import context
from pipeline.processes.replaying import usable_cores
from pipeline.workers.costs import SPARE, Costs, mean, measured, room
from pipeline.workers.detector import load_detector

_SMALL = 480
"""Pictures higher than this have a smaller stream beside them, on most cameras."""
_WORTH = 1.15


def capacity(
    file: Annotated[Path, typer.Argument(help="Configuration file.")] = Path("streams.yaml"),
    camera: Annotated[list[str] | None, typer.Option(help="Measure this camera; may be repeated. Else all.")] = None,
    video: Annotated[Path | None, typer.Option(help="Measure this recording instead of what the camera sends.")] = None,
    seconds: Annotated[float, typer.Option(min=5, max=600, help="So much of each live camera is recorded.")] = 12.0,
    activity: Annotated[
        float, typer.Option(min=0, max=100, help="Per cent of the time in which somebody is there.")
    ] = 5.0,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Measure on this machine what cameras cost, and say how many it can watch. It should have little else to do."""
    logs.setup("WARNING")
    with errors_told(), TemporaryDirectory(prefix="zonewatch-capacity-") as folder:
        loaded = load(file)
        chosen = _chosen(loaded, camera or [], video)
        recorded = _recorded(chosen, Path(folder), seconds, ZoneInfo(loaded.config.site.timezone))
        if not recorded:
            fail("no camera could be measured")
        costs = _measured(recorded, loaded.config.detector, usable_cores())
    told = _told(costs, activity / 100, usable_cores(), loaded.config.detector.model)
    typer.echo(json.dumps(told) if json_ else _text(told, costs))


def _measured(recorded: Sequence[tuple[Camera, Reel]], settings: Detector, cores: int) -> list[Costs]:
    """On all cores at once, as they will work: two that share a core's parts are each slower than one alone."""
    with ProcessPoolExecutor(cores, mp_context=context()) as pool:
        every = [pool.submit(_measure, recorded, settings) for _ in range(cores)]
        return [mean(each) for each in zip(*(one.result() for one in every), strict=True)]


def _measure(recorded: Sequence[tuple[Camera, Reel]], settings: Detector) -> list[Costs]:
    detector, _ = load_detector(settings)
    return [measured(camera, reel, detector, settings.sweep_s) for camera, reel in recorded]


def _chosen(loaded: Loaded, names: Sequence[str], video: Path | None) -> list[Camera]:
    cameras = loaded.config.cameras
    for name in names:
        if name not in cameras:
            fail(f"{loaded.path} has no camera {name}; it has: {', '.join(sorted(cameras))}", MISUSED)
    chosen = [cameras[name] for name in names] or [one for one in cameras.values() if one.enabled]
    if not chosen:
        fail(f"{loaded.path} has no camera that could be measured", MISUSED)
    if video is None:
        return chosen
    if not video.exists():
        fail(f"no such video: {video}", MISUSED)
    return [one.model_copy(update={"url": Url(str(video.absolute())), "loop": False}) for one in chosen]


def _recorded(cameras: Sequence[Camera], folder: Path, seconds: float, zone: ZoneInfo) -> list[tuple[Camera, Reel]]:
    """All at once; those that cannot be are said, and left out."""

    def one(camera: Camera) -> tuple[Camera, Reel] | str:
        path = camera.url.path if camera.url.kind in ("file", "folder") else folder / f"{camera.name}.mkv"
        try:
            if path.parent == folder:
                record(camera, path, seconds, SystemClock(), zone)
        except SourceError as error:
            return str(error)
        reels = survey(camera, [path], zone)
        if not reels:
            return f"camera {camera.name}: its time stamps are not plain enough to measure it; give a --video of it."
        return camera, reels[0]

    with ThreadPoolExecutor(max(1, len(cameras))) as pool:
        found = list(pool.map(one, cameras))
    for trouble in found:
        if isinstance(trouble, str):
            typer.echo(f"zonewatch: {trouble}", err=True)
    return [one for one in found if not isinstance(one, str)]


def _told(costs: Sequence[Costs], activity: float, cores: int, model: str) -> dict[str, Any]:
    spent = sum((Counter(one.parts(activity)) for one in costs), Counter[str]())
    whole = sum(spent.values())
    there = room(costs, activity, cores)
    return {
        "cores": cores,
        "model": model,
        "activity": activity,
        "cameras": [
            {**asdict(one), "rests": one.rests, "quiet_ms": one.total(0.0), "busy_ms": one.total(1.0)} for one in costs
        ],
        "room_for": int(there),
        "load": len(costs) / there,
        "shares": {what: round(ms / whole, 3) for what, ms in sorted(spent.items(), key=lambda one: -one[1])},
        "told_within_s": max(one.told_s for one in costs),
        "helps": _helps(costs, activity),
    }


def _helps(costs: Sequence[Costs], activity: float) -> list[dict[str, Any]]:
    """What would make room, the best first: times as many cameras."""
    now = sum(one.total(activity) for one in costs)
    found: list[dict[str, Any]] = []

    def tried(what: str, changed: Sequence[Costs]) -> None:
        times = now / sum(one.total(activity) for one in changed)
        if times >= _WORTH:
            found.append({"what": what, "times": round(times, 2)})

    seldom = [one for one in costs if not one.rests and one.within_s > 0]
    if seldom:
        names = ", ".join(one.camera for one in seldom)
        limit = min(min(one.within_s, LONGEST_S) for one in seldom)
        what = f"a key frame interval of {limit:g} s, smart codecs off, in {names}: now they are decoded in full"
        tried(what, [replace(one, group_s=min(one.group_s, one.within_s, LONGEST_S)) for one in costs])
    at_once = [one.camera for one in costs if one.within_s <= 0]
    if at_once:
        what = f"`within_s: 2` instead of 0 in rules of {', '.join(at_once)}: then they rest while nothing moves"
        tried(what, [replace(one, within_s=one.within_s or 2.0) for one in costs])
    large = [one.camera for one in costs if one.size[1] > _SMALL]
    if large:
        what = f"the smaller stream (360 lines) of {', '.join(large)}, if people are large enough in it"
        tried(what, [one.smaller() if one.size[1] > _SMALL else one for one in costs])
    if any(one.fps > 4 for one in costs):
        tried("analyse_fps: 3", [replace(one, fps=min(one.fps, 3.0)) for one in costs])
    return sorted(found, key=lambda one: -one["times"])


def _text(told: dict[str, Any], costs: Sequence[Costs]) -> str:
    lines = [f"{'camera':<20} {'pictures':>16} {'key frames':>11} {'nobody there':>13} {'somebody there':>15}"]
    for one in costs:
        pictures, rest = f"{one.size[0]}x{one.size[1]} x {one.rate:.0f}/s", "" if one.rests else "  decoded in full"
        keys = f"{one.group_s:.3g} s"
        quiet, busy = (f"{one.total(share):.1f} ms/s" for share in (0.0, 1.0))
        lines.append(f"{one.camera:<20} {pictures:>16} {keys:>11} {quiet:>13} {busy:>15}{rest}")
    shares = ", ".join(f"{what} {share:.0%}" for what, share in told["shares"].items())
    cores = f"{told['cores']} core" + "s" * (told["cores"] != 1)
    these = "This one takes" if len(costs) == 1 else f"These {len(costs)} take"
    room_for = f"Room for {told['room_for']} cameras like these on {cores}, with somebody there {told['activity']:.0%}"
    lines += [
        "",
        f"{room_for} of the time; {SPARE:.0%} of the machine stays free. {these} {told['load']:.0%} of that.",
        f"An alert is told within {told['told_within_s']:.1f} s, beyond what its rule waits for.",
        f"The limit is {next(iter(told['shares']))}: {shares}.",
    ]
    helps = [f"- {one['times']:.1f} times as many: {one['what']}" for one in told["helps"]]
    if told["model"] != BUILTIN:
        helps.append(f"- `model: builtin` may be cheaper than {told['model']}: measure it")
    if helps:
        lines += ["", "What would help:", *helps]
    return "\n".join(lines)
