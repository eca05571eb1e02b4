"""The parts of a replay on several cores: processes that take the next part when they are done with one."""

from __future__ import annotations

import multiprocessing.connection
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from multiprocessing.process import BaseProcess
from typing import cast

from pipeline import logs
from pipeline.errors import ZonewatchError
from pipeline.processes.process import context
from pipeline.workers.play import Player, Show
from pipeline.workers.replay import Heard, Players, Task, in_turn


def side_by_side(jobs: int) -> Players:
    """`jobs` processes, the parts in which most happens first; in this one where there is only one part, or job."""

    def play(show: Show, tasks: Sequence[Task]) -> Iterator[Heard]:
        if min(jobs, len(tasks)) <= 1:
            yield from in_turn(show, tasks)
            return
        crew = _Crew(show, min(jobs, len(tasks)))
        try:
            yield from crew.heard(sorted(tasks, key=lambda task: -task.part.lively))
        finally:
            crew.dismiss()

    return play


def usable_cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Crew:
    """Processes that play; none outlives this one."""

    def __init__(self, show: Show, size: int) -> None:
        self._ours: dict[Connection, BaseProcess] = {}
        for n in range(size):
            mine, theirs = Pipe()
            one = context().Process(target=_play, args=(show, theirs), name=f"replay {n + 1}", daemon=True)
            one.start()
            theirs.close()
            self._ours[mine] = one

    def heard(self, tasks: Sequence[Task]) -> Iterator[Heard]:
        """All that they find, as it comes. Raises what they raise, and where one is gone."""
        left = list(tasks)
        busy = {connection: left.pop(0) for connection in self._ours if left}
        for connection, task in busy.items():
            connection.send(task)
        while busy:
            for connection in cast(list[Connection], multiprocessing.connection.wait(list(busy))):
                heard = self._from(connection, busy[connection])
                yield heard
                if not heard.progress.done:
                    continue
                del busy[connection]
                if left:
                    busy[connection] = left.pop(0)
                    connection.send(busy[connection])

    def _from(self, connection: Connection, task: Task) -> Heard:
        try:
            heard: Heard | str = connection.recv()
        except (EOFError, OSError):
            process = self._ours[connection]
            process.join(1.0)
            what = f"the process that read on from {task.part.begin:.0f} s of the recording is gone"
            raise ZonewatchError(f"{what} (exit {process.exitcode}): is there memory enough? Try --jobs 1.") from None
        if isinstance(heard, str):
            raise ZonewatchError(heard)
        return heard

    def dismiss(self) -> None:
        """End them, wherever they are."""
        for connection, process in self._ours.items():
            connection.close()
            process.kill()
        for process in self._ours.values():
            process.join()


def _play(show: Show, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who stops a replay stops its first process, which ends the others
    logs.setup("WARNING")
    with suppress(EOFError, OSError):
        try:
            player = Player(show)
            while True:
                task: Task = connection.recv()
                for progress in player.play(task.part, task.quick):
                    connection.send(Heard(task, progress))
        except ZonewatchError as error:
            connection.send(str(error))
