"""What commands print, and how they end: exit codes, one sentence for each error, no tracebacks for users."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from pipeline.errors import ConfigError, ZonewatchError
from pipeline.logs import redact

OK, FAILED, MISUSED = 0, 1, 2


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what is wrong on standard error and end."""
    typer.echo(f"zonewatch: {redact(message)}", err=True)
    raise typer.Exit(code)


@contextmanager
def errors_told() -> Iterator[None]:
    """Our errors end the command with their sentence: 2 for the configuration, 1 for the rest."""
    try:
        yield
    except ConfigError as error:
        fail(f"the configuration has mistakes:\n{error}", MISUSED)
    except ZonewatchError as error:
        fail(str(error))


def print_json(value: Any) -> None:
    """One object a line."""
    typer.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
