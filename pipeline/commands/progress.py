"""How far a replay has come, for people: a bar, what is found on its way, and the last line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pipeline.capture.length import length_s
from pipeline.clock import SystemClock, rfc3339
from pipeline.types import Incident
from pipeline.workers.replay import Step


class Shown:
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
def progress(videos: Sequence[Path]) -> Iterator[Shown]:
    """On standard error; a bar where that is a terminal."""
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
        shown = Shown(bar, total)
        yield shown
    typer.echo(shown.summary(), err=True)
