"""`zonewatch replay`: what would the rules have said of this recording?"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pipeline import logs
from pipeline.capture.length import length_s
from pipeline.clock import SystemClock, rfc3339
from pipeline.commands.against import changes, save_pictures, summary
from pipeline.commands.output import MISUSED, errors_told, fail
from pipeline.config import Camera, Config, Loaded, Url, load, too_seldom
from pipeline.processes.replaying import side_by_side, usable_cores
from pipeline.processes.teller import shape
from pipeline.rules.incidents import Origin
from pipeline.sinks.message import canonical, cloud_event
from pipeline.types import Incident
from pipeline.workers.play import Show
from pipeline.workers.replay import Step
from pipeline.workers.replay import replay as play


def replay(
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO…", help="Video files or folders, in order of time.")],
    camera: Annotated[str, typer.Option(help="Whose zones and rules to apply.")],
    config: Annotated[Path, typer.Option(help="The configuration.")] = Path("streams.yaml"),
    out: Annotated[Path | None, typer.Option(help="Write the incidents here instead of to standard output.")] = None,
    fps: Annotated[
        float | None, typer.Option(help="Pictures analysed a second, instead of analyse_fps; 0: all.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="When the first picture was taken, as 2026-11-23T08:15:00; the site's time.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="So many processes play parts of it. Else one for each core.")
    ] = None,
    exhaustive: Annotated[
        bool, typer.Option(help="Look at every picture, and add what only that tells; takes several times as long.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option(help="Tell instead what this other configuration would gain, lose and move.")
    ] = None,
    pictures: Annotated[Path | None, typer.Option(help="With --against: a picture of each in this folder.")] = None,
) -> None:
    """Play recordings through a camera's rules, as fast as it goes; incidents come out as JSON lines."""
    logs.setup("WARNING")
    if pictures is not None and against is None:
        raise typer.BadParameter("are of what changes: give --against too.", param_hint="--pictures")
    with errors_told():
        loaded = load(config)
        chosen = chosen_camera(loaded, camera)
        paths = found_videos(videos)
        for name, rule in chosen.rules.items():
            if fps is not None and (seldom := too_seldom(rule.trigger, fps)):
                typer.echo(f"zonewatch: rule {name}: {seldom}: some of it will be missed.", err=True)
        began = _time(start, ZoneInfo(loaded.config.site.timezone))
        if against is not None:
            other = load(against)
            both = (loaded.config, chosen), (other.config, chosen_camera(other, camera))
            before, after = (list(_told(*one, paths, fps, began, exhaustive, jobs)) for one in both)
            _compared(before, after, both[1], paths, pictures, out)
            return
        timed = {name for name, rule in chosen.rules.items() if rule.schedule != "always" or rule.severity_during}
        undated, shadows = False, Counter[str]()
        with _lines(out) as lines, _progress(paths) as shown:
            players = side_by_side(jobs or usable_cores())
            for step in play(loaded.config, chosen, paths, fps, began, exhaustive, players):
                for incident in (one for one in step.incidents if not one.shadow):
                    lines.write(canonical(cloud_event(incident, loaded.config.site.id, None)) + "\n")
                    undated |= incident.at.wall is None and incident.rule in timed
                shadows.update(one.rule for one in step.incidents if one.shadow and one.revision == 1)
                shown.at(step)
        for name, count in shadows.items():
            typer.echo(f"zonewatch: rule {name}, in shadow, would have told {count}.", err=True)
        if undated:
            typer.echo(
                "zonewatch: nothing tells when it was recorded, so every rule was armed: give --start.", err=True
            )


def _told(
    config: Config,
    camera: Camera,
    paths: Sequence[Path],
    fps: float | None,
    start: float | None,
    exhaustive: bool,
    jobs: int | None,
) -> Iterator[Incident]:
    """All that it tells; where the pictures are, is shown."""
    with _progress(paths) as shown:
        for step in play(config, camera, paths, fps, start, exhaustive, side_by_side(jobs or usable_cores())):
            yield from step.incidents
            shown.at(step)


def _compared(
    before: list[Incident],
    after: list[Incident],
    other: tuple[Config, Camera],
    paths: Sequence[Path],
    pictures: Path | None,
    out: Path | None,
) -> None:
    config, camera = other
    found = changes(before, after)
    with _lines(out) as lines:
        lines.writelines(json.dumps(one.told(), ensure_ascii=False) + "\n" for one in found)
    if pictures is not None:
        show = Show(config, camera, Origin(config.site.id), tuple(paths))
        save_pictures(found, show, lambda incident, aspect: shape(incident, camera, aspect), pictures)
    typer.echo(f"by the other configuration: {summary(found)}", err=True)


def chosen_camera(loaded: Loaded, name: str) -> Camera:
    """The camera of that name. Ends the command where there is none, or it has mistakes."""
    if name in loaded.quarantined:
        problems = "\n".join(str(problem) for problem in loaded.quarantined[name])
        fail(f"camera {name} has mistakes in {loaded.path}:\n{problems}", MISUSED)
    if name not in loaded.config.cameras:
        known = ", ".join(sorted(loaded.config.cameras))
        fail(f"{loaded.path} has no camera {name}; it has: {known}", MISUSED)
    return loaded.config.cameras[name]


def found_videos(videos: Sequence[str]) -> list[Path]:
    """Files and folders that are there. Of anything else the command line may show what it must not."""
    for video in videos:
        if "://" not in video or Path(video).exists():
            continue
        try:
            url = Url(video)
        except ValueError as error:
            fail(f"VIDEO {error}", MISUSED)
        fail(f"{url} is no recording: replay takes files and folders, `zonewatch run` watches cameras.", MISUSED)
    missing = [video for video in videos if not Path(video).exists()]
    if missing:
        fail(f"no such video: {', '.join(missing)}", MISUSED)
    return [Path(video) for video in videos]


def _time(text: str | None, zone: ZoneInfo) -> float | None:
    """Unix seconds of an ISO time."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text} is no time. Write 2026-11-23T08:15:00.", param_hint="--start") from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


@contextmanager
def _lines(out: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only when it is whole; a device or a pipe as it is."""
    if out is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    part = out if out.exists() and not out.is_file() else out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as lines:
            yield lines
        if part != out:
            part.replace(out)
    except OSError as error:
        fail(f"cannot write {out}: {os.strerror(error.errno or 0)}")
    finally:
        if part != out:
            part.unlink(missing_ok=True)


class _Shown:
    """The progress bar, what is found on its way, and the last line."""

    def __init__(self, bar: Progress, total: float | None) -> None:
        self._clock = SystemClock()
        self._began = self._said = self._clock.monotonic()
        self._bar = bar
        self._task = bar.add_task("replay", total=total, speed="", found="")
        self.step = Step(0.0, 0, 0, [])
        self.opened = self.hits = 0

    def at(self, step: Step) -> None:
        """Redraw a few times a second at most."""
        self.step = step
        self.opened += sum(incident.revision == 1 for incident in step.incidents)
        self.hits += len(step.hits)
        if self._bar.console.is_terminal:
            for hit in step.hits:
                self._bar.console.print(_hit(hit), highlight=False, markup=False)
        now = self._clock.monotonic()
        if now - self._said > 0.2:
            self._said = now
            found = f"{self.hits} found" if self.hits else ""
            self._bar.update(self._task, completed=step.media_s, speed=f"{self.speed():.1f}×", found=found)

    def speed(self) -> float:
        """Seconds of video a second."""
        return self.step.media_s / max(self._clock.monotonic() - self._began, 1e-6)

    def summary(self) -> str:
        """One line."""
        step = self.step
        missed = f"; {step.missed} of {step.audited} audits found somebody: use --exhaustive" if step.missed else ""
        pictures = f"{step.pictures} pictures, {step.decoded} decoded, {step.analysed} analysed"
        return (
            f"{step.media_s:.1f} s of video at {self.speed():.1f} times its speed: {pictures}, "
            f"{self.opened} incidents{_doubtful(step.doubtful)}{missed}"
        )


def _hit(incident: Incident) -> str:
    """A line for people, while the rest is still being looked for."""
    minutes, seconds = divmod(incident.at.media, 60)
    wall = f" {rfc3339(incident.at.wall)}" if incident.at.wall is not None else ""
    return f"{minutes:4.0f}:{seconds:04.1f}{wall}  {incident.rule}: {incident.trigger} {incident.zone or incident.line}"


def _doubtful(counts: Mapping[str, int]) -> str:
    """What was wrong with pictures, where something was."""
    words = {
        "repeated": "repeat another",
        "stray": "have times that cannot be right",
        "undated": "have no times",
        "damaged": "are damaged",
    }
    told = [f"{counts[name]} {what}" for name, what in words.items() if counts.get(name)]
    return f"; of the pictures {', '.join(told)}" if told else ""


@contextmanager
def _progress(videos: Sequence[Path]) -> Iterator[_Shown]:
    console = Console(stderr=True)
    lengths = [length_s(video) for video in videos]
    total = sum(length for length in lengths if length) if all(lengths) else None
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[found]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        shown = _Shown(bar, total)
        yield shown
    typer.echo(shown.summary(), err=True)
