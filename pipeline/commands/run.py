"""`zonewatch run`: watch, until told to stop."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.output import FAILED, errors_told, fail
from pipeline.config import Config, Loaded, load
from pipeline.errors import ConfigError, JournalError
from pipeline.processes.supervisor import Orders, Supervisor
from pipeline.processes.teller import close_unwatched
from pipeline.sinks.outbox import Outbox
from pipeline.workers.detector import ready_model

log = logging.getLogger("zonewatch")

# Pictures of people and what they did are not for every user of the machine.
_PRIVATE = 0o027


def run(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The configuration.")] = Path("streams.yaml"),
    stdout: Annotated[bool, typer.Option("--stdout", help="Print every alert as a JSON line.")] = False,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Watch the cameras of FILE and deliver what breaks their rules. SIGTERM ends in order, SIGHUP reads FILE again."""
    level = log_level.upper()
    if level not in logging.getLevelNamesMapping():
        raise typer.BadParameter(f"{log_level} is none of DEBUG, INFO, WARNING, ERROR.", param_hint="--log-level")
    logs.setup(level)
    orders = Orders()

    def read() -> Loaded:
        loaded = load(file)
        return _with_stdout(loaded) if stdout else loaded

    with errors_told():
        loaded = read()
        if not loaded.config.cameras:
            raise ConfigError([problem for some in loaded.quarantined.values() for problem in some])
        os.umask(_PRIVATE)
        ready_model(loaded.config.detector)
        with _only_one(loaded.config):
            _obey_signals(orders)
            _tidy_journal(loaded.config)
            log.info("watching %d cameras of %s", len(loaded.config.cameras), file)
            Supervisor(read, SystemClock(), level).run(orders)
    log.info("stopped")


def _tidy_journal(config: Config) -> None:
    """A journal that cannot be written now is the workers' to complain of, and to try again."""
    watched = [name for name, camera in config.cameras.items() if camera.enabled]
    try:
        outbox = Outbox(config.alerts.journal)
        close_unwatched(outbox, watched, SystemClock())
        outbox.close()
    except JournalError as error:
        log.error("%s", error)


def _obey_signals(orders: Orders) -> None:
    def stop(*_: Any) -> None:
        orders.stop = True

    def reload(*_: Any) -> None:
        orders.reload = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)


def _with_stdout(loaded: Loaded) -> Loaded:
    alerts = loaded.config.alerts.model_copy(update={"stdout": True})
    config = loaded.config.model_copy(update={"alerts": alerts})
    return replace(loaded, config=config)


@contextmanager
def _only_one(config: Config) -> Iterator[None]:
    """Two runs on one journal would tell everything twice. The kernel lets go of the lock when its holder dies."""
    path = config.alerts.journal.with_name(f"{config.alerts.journal.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+")
    except OSError as error:
        fail(f"cannot write {path}: {os.strerror(error.errno or 0)}. Set alerts.journal to a folder of yours.", FAILED)
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            fail(f"already running with the journal {config.alerts.journal}: process {handle.read().strip()}", FAILED)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        os.set_inheritable(handle.fileno(), False)
        yield
