"""A table of processes: start, watch, restart, apply, stop. The supervisor itself touches no video and no alert.

Stopping is in order: workers first (capture, then analysis, then the last incidents into the journal), then delivery,
which drains until `workers.drain_s`. A supervisor that is killed takes its children with it: their pipes end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from pipeline.catalogue import Model, resolve
from pipeline.clock import Clock
from pipeline.config import Config, Loaded
from pipeline.errors import ZonewatchError
from pipeline.processes import delivery, worker
from pipeline.processes.modes import Modes
from pipeline.processes.process import Process, forked
from pipeline.processes.reports import WorkerReport
from pipeline.processes.status import Status, write_status
from pipeline.workers.detector import ready_model

log = logging.getLogger(__name__)

_LOOK_S = 0.1
_STATUS_S = 1.0
_SETTLED_S = 0.5
# What each process reads once.
_ONCE = ("site", "alerts", "ledger", "detector", "workers")
# A worker ends its posts one after the other, each within a second; then it is killed.
_WORKER_STOP_S = 8.0


@dataclass(slots=True)
class Orders:
    """What signals ask for. Plain values: a handler may set them wherever the main thread is."""

    stop: bool = False
    reload: bool = False


Child: TypeAlias = Callable[[Callable[..., None], tuple[object, ...]], BaseProcess]
"""Makes a process that will run a function with these arguments; not started yet."""


class Supervisor:
    """Keeps the processes of one configuration running. `run` until told to stop."""

    def __init__(
        self, read: Callable[[], Loaded], clock: Clock, level: str = "INFO", child: Child | None = None
    ) -> None:
        self._read = read
        self._loaded = read()
        self._model = resolve(self._loaded.config.detector.model)
        self._clock = clock
        self._level = level
        self._child = child or forked
        self._workers: dict[str, Process] = {}
        self._crews: dict[str, list[str]] = {}
        self._delivery = self._new_delivery()
        self._numbered = 0
        self._began = clock.wall()
        self._seen = self._looked = _stamps(self._loaded, self._model)
        self._look_at = self._status_at = 0.0
        self._modes = Modes(self._loaded.config.alerts.journal, self._loaded.config.site.id, clock)
        self._told_armed: list[object] = []

    def run(self, orders: Orders) -> None:
        """The loop; returns when everything has ended."""
        self.start()
        pause = threading.Event()  # never set: a signal handler that sets what the main thread waits on may deadlock
        try:
            while not (orders.stop or pause.wait(_LOOK_S)):
                self.look(orders)
        finally:
            self.stop()

    def start(self) -> None:
        """Give every camera its worker; `look` starts them."""
        self._say_quarantined()
        self._assign()

    def look(self, orders: Orders) -> None:
        """Once over the table, and the file."""
        self._delivery.watch()
        for process in list(self._workers.values()):
            process.watch()
        if orders.reload or self._changed():
            orders.reload = False
            self.reload()
        if self._modes.look() or self._armed() != self._told_armed:
            self._status_at = 0.0  # who sets a mode waits to see that it is in force
        if self._clock.monotonic() >= self._status_at:
            self._modes.expire()
            self._status_at = self._clock.monotonic() + _STATUS_S
            self._write_status("running")

    def _armed(self) -> list[object]:
        """What is armed where, by the last reports."""
        reports = [process.last for process in self._workers.values()]
        return [
            (one.mode, [camera.armed for camera in one.cameras]) for one in reports if isinstance(one, WorkerReport)
        ]

    def _changed(self) -> bool:
        """A file that was read has a new stamp, and keeps it: editors write in parts, and take it away for a moment."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + _SETTLED_S
        before, self._looked = self._looked, _stamps(self._loaded, self._model)
        return self._looked is not None and self._looked == before and self._looked != self._seen

    def reload(self) -> None:
        """Read the file again and apply the difference; a file with mistakes changes nothing."""
        self._seen = _stamps(self._loaded, self._model)
        try:
            loaded = _keeping(self._read(), self._loaded.config)
            if loaded.config.alerts.journal != self._loaded.config.alerts.journal:
                raise ZonewatchError("alerts.journal changes only by a restart")
            model = ready_model(loaded.config.detector)
        except ZonewatchError as error:
            log.error("the configuration cannot be used; the one before stays in force:\n%s", error)
            return
        old, self._loaded = self._loaded.config, loaded
        other_model = (model.sha256, model.entry) != (self._model.sha256, self._model.entry)
        self._model = model
        self._seen = self._looked = _stamps(loaded, model)  # it may name other secrets than the one before
        log.info("the configuration was read again")
        self._say_quarantined()
        new = loaded.config
        once = any(getattr(old, key) != getattr(new, key) for key in _ONCE)
        if once or other_model:
            self._replace_all()
        self._assign()

    def _assign(self) -> None:
        """Give every camera a worker; one that has a worker keeps it."""
        config = self._loaded.config
        wanted = [name for name, camera in config.cameras.items() if camera.enabled]
        for name in list(self._crews):
            self._crews[name] = [camera for camera in self._crews[name] if camera in wanted]
            if not self._crews[name]:
                self._dismiss([name])
        placed = {camera for crew in self._crews.values() for camera in crew}
        for camera in wanted:
            if camera not in placed:
                self._place(camera, config.workers.cameras_each)
        for name, process in self._workers.items():
            process.send(("apply", self._share(name)))

    def _place(self, camera: str, most: int) -> None:
        for crew in self._crews.values():
            if len(crew) < most:
                crew.append(camera)
                return
        self._numbered += 1
        name = f"worker {self._numbered}"
        self._crews[name] = [camera]
        self._workers[name] = self._new(
            name, lambda end: self._process(worker.main, self._share(name), end, self._level)
        )

    def _share(self, name: str) -> Config:
        """The configuration as one worker sees it: all of it, but its own cameras only. The hash is that of all."""
        config = self._loaded.config
        cameras = {camera: config.cameras[camera] for camera in self._crews.get(name, ())}
        share = config.model_copy(update={"cameras": cameras})
        share.__dict__["hash"] = config.hash
        return share

    def _replace_all(self) -> None:
        """What every process has read once has changed: all end in order and start anew."""
        log.info("site, alerts, ledger, detector, its model or workers have changed: all processes are replaced")
        self._dismiss(list(self._workers))
        self._end([self._delivery], self._loaded.config.workers.drain_s + 2)
        self._delivery = self._new_delivery()

    def _dismiss(self, names: list[str]) -> None:
        leaving = [self._workers.pop(name) for name in names]
        for name in names:
            self._crews.pop(name)
        self._end(leaving, _WORKER_STOP_S)

    def stop(self) -> None:
        """All end, in order."""
        self._write_status("stopping")
        self._end(self._workers.values(), _WORKER_STOP_S)
        self._end([self._delivery], self._loaded.config.workers.drain_s + 2)
        self._write_status("stopped")

    def _end(self, processes: Iterable[Process], within_s: float) -> None:
        processes = list(processes)
        until = self._clock.monotonic() + within_s
        for process in processes:
            process.send("stop")
        for process in processes:
            if not process.join(until):
                log.error("%s: did not end within %.0f s: killed", process.name, within_s)
                process.kill()

    def _new_delivery(self) -> Process:
        return self._new("delivery", lambda end: self._process(delivery.run, self._loaded.config, end))

    def _new(self, name: str, start: Callable[[Connection], BaseProcess]) -> Process:
        return Process(name, start, self._loaded.config.workers.heartbeat_s, self._clock)

    def _process(self, target: Callable[..., None], *arguments: object) -> BaseProcess:
        return self._child(target, arguments)

    def _say_quarantined(self) -> None:
        for name, problems in self._loaded.quarantined.items():
            how = "watched on as it was" if name in self._loaded.config.cameras else "left out"
            log.error("camera %s is %s:\n%s", name, how, "\n".join(str(problem) for problem in problems))

    def _write_status(self, state: str) -> None:
        self._told_armed, wall = self._armed(), self._clock.wall()
        mode = self._modes.mode.at(wall)
        status = Status(state, self._began, wall, self._loaded, self._delivery, self._workers, self._crews, mode)
        write_status(status)


def _keeping(loaded: Loaded, before: Config) -> Loaded:
    """A camera that a mistake has come into is watched on as it was: nobody meant to switch it off."""
    kept = {name: before.cameras[name] for name in loaded.quarantined if name in before.cameras}
    config = loaded.config.model_copy(update={"cameras": {**loaded.config.cameras, **kept}})
    return replace(loaded, config=config)


_Stamp: TypeAlias = tuple[int, int, int] | None


def _stamps(loaded: Loaded, model: Model) -> tuple[_Stamp, ...] | None:
    """Change when one of the files that were read does; None while an editor has the configuration away."""
    own = _stamp(loaded.path)
    return own and (own, *(_stamp(path) for path in (*loaded.secrets, *loaded.calendars, *model.files)))


def _stamp(path: Path) -> _Stamp:
    """Of the file that the path leads to, also where a mount swaps it by links; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
