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
from typing import Annotated, NamedTuple, TextIO
from zoneinfo import ZoneInfo

import typer

from pipeline import logs
from pipeline.commands.against import changes, save_pictures, summary
from pipeline.commands.grants import read_grants
from pipeline.commands.output import MISUSED, errors_told, fail
from pipeline.commands.progress import progress
from pipeline.commands.relive import Span, relive, relive_against
from pipeline.config import Camera, Config, Loaded, Url, load, too_seldom
from pipeline.processes.replaying import side_by_side, usable_cores
from pipeline.processes.teller import shape
from pipeline.rules.incidents import Origin
from pipeline.sinks.message import canonical, cloud_event
from pipeline.types import Incident, Unsaid
from pipeline.workers.play import Show
from pipeline.workers.replay import Step
from pipeline.workers.replay import replay as play


def replay(
    camera: Annotated[str, typer.Option(help="Whose zones and rules to apply.")],
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="VIDEO…", help="Video files or folders, in order of time.")
    ] = None,
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
    access: Annotated[
        Path | None, typer.Option(help="Grants of doors, a CSV file with the columns time and door; for unbadged.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Instead of videos: a folder of ledgers. What was sent then, to the byte.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="With --ledger: only from then on, as --start.")] = None,
    until: Annotated[str | None, typer.Option(help="With --ledger: only up to then.")] = None,
) -> None:
    """Play recordings, or a ledger, through a camera's rules, as fast as it goes; incidents come out as JSON lines."""
    logs.setup("WARNING")
    if pictures is not None and against is None:
        raise typer.BadParameter("are of what changes: give --against too.", param_hint="--pictures")
    if ledger is not None:
        others = {"VIDEO": videos, "--fps": fps, "--start": start, "--pictures": pictures, "--jobs": jobs}
        _only_ledger({**others, "--access": access})
        _relived(ledger, camera, config, against, out, (since, until))
        return
    if not videos:
        raise typer.BadParameter("give video files or folders, or --ledger.", param_hint="VIDEO…")
    with errors_told():
        loaded = load(config)
        chosen, paths = chosen_camera(loaded, camera), found_videos(videos)
        for name, rule in chosen.rules.items():
            if fps is not None and (seldom := too_seldom(rule.trigger, fps)):
                typer.echo(f"zonewatch: rule {name}: {seldom}: some of it will be missed.", err=True)
        began = _time(start, ZoneInfo(loaded.config.site.timezone))
        how = _How(paths, fps, began, exhaustive, jobs, _grants(access, chosen, loaded.config, start))
        if against is None:
            _play(loaded.config, chosen, how, out)
            return
        other = load(against)
        both = (loaded.config, chosen), (other.config, chosen_camera(other, camera))
        before, after = ([one for step in how.steps(*one) for one in step.incidents] for one in both)
        _compared(before, after, both[1], paths, pictures, out)


def _grants(access: Path | None, camera: Camera, config: Config, start: str | None) -> list[tuple[str, float]] | None:
    """What is known of doors, and said of it."""
    about = ", ".join(name for name, rule in camera.judged.items() if rule.door)
    if access is None:
        if about:
            typer.echo(f"zonewatch: nothing tells of grants, so {about} say nothing: give --access.", err=True)
        return None
    if start is None:
        typer.echo("zonewatch: grants go by the recording's own times: give --start where those are wrong.", err=True)
    return read_grants(access, ZoneInfo(config.site.timezone))


class _How(NamedTuple):
    """What is played, and how."""

    paths: Sequence[Path]
    fps: float | None
    start: float | None
    exhaustive: bool
    jobs: int | None
    grants: Sequence[tuple[str, float]] | None

    def steps(self, config: Config, camera: Camera) -> Iterator[Step]:
        """All of it by that configuration; where the pictures are, is shown."""
        players = side_by_side(self.jobs or usable_cores())
        with progress(self.paths) as shown:
            for step in play(config, camera, self.paths, self.fps, self.start, self.exhaustive, players, self.grants):
                yield step
                shown.at(step)


def _play(config: Config, camera: Camera, how: _How, out: Path | None) -> None:
    timed = {name for name, rule in camera.rules.items() if rule.schedule != "always" or rule.severity_during}
    undated, unsaid = False, Counter[tuple[str, Unsaid]]()
    with _lines(out) as lines:
        for step in how.steps(config, camera):
            for incident in (one for one in step.incidents if one.unsaid is None):
                lines.write(canonical(cloud_event(incident, config.site.id, None)) + "\n")
                undated |= incident.at.wall is None and incident.rule in timed
            unsaid.update((one.rule, one.unsaid) for one in step.incidents if one.unsaid and one.revision == 1)
    for (name, why), count in unsaid.items():
        words = f"in shadow, would have told {count}" if why == "shadow" else f"folded {count} by cooldown_s"
        typer.echo(f"zonewatch: rule {name}{', ' if why == 'shadow' else ' '}{words}.", err=True)
    if undated:
        typer.echo("zonewatch: nothing tells when it was recorded, so every rule was armed: give --start.", err=True)


def _only_ledger(given: Mapping[str, object]) -> None:
    for name, value in given.items():
        if value:
            raise typer.BadParameter("is for videos: a ledger has no pictures.", param_hint=name)


def _relived(
    ledger: Path, camera: str, config: Path, against: Path | None, out: Path | None, span: tuple[str | None, ...]
) -> None:
    """By the site's time where a configuration is at hand; a ledger itself needs none."""
    with errors_told():
        zone = ZoneInfo(load(against or config).config.site.timezone) if any(span) else ZoneInfo("UTC")
        since, until = (_time(text, zone, name) for text, name in zip(span, ("--since", "--until"), strict=True))
        with _lines(out) as lines:
            if against is None:
                relive(ledger, camera, Span(since, until), lines)
                return
            other = load(against)
            relive_against(ledger, camera, (other.config, chosen_camera(other, camera)), Span(since, until), lines)


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


def _time(text: str | None, zone: ZoneInfo, option: str = "--start") -> float | None:
    """Unix seconds of an ISO time."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text} is no time. Write 2026-11-23T08:15:00.", param_hint=option) from None
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
