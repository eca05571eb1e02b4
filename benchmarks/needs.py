"""What a benchmark needs beside the clone, and the one sentence that says how to get it where it is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from pipeline.catalogue import FOLDERS_VARIABLE
from pipeline.errors import ZonewatchError

_VARIABLE = "ZONEWATCH_SHARED"
SHARED = Path(os.environ.get(_VARIABLE, Path(__file__).resolve().parents[2] / "shared") or os.devnull)
"""The folder of footage, models and labelled pictures that are not ours to ship. The variable, empty: there is none."""


def missing(what: str) -> NoReturn:
    """End the benchmark: it cannot measure without this."""
    raise SystemExit(
        f"benchmarks: {what.replace(str(SHARED), '../shared')} cannot be found; it is not ours to ship. Put it there, "
        f"or name the folder of such data: {_VARIABLE}=FOLDER (what lies in it: CONTRIBUTING.md)."
    )


def models_env() -> dict[str, str]:
    """The environment in which the models beside the clone are found, where there are some."""
    beside = {FOLDERS_VARIABLE: str(SHARED / "models")} if (SHARED / "models").is_dir() else {}
    return {**beside, **os.environ}


@contextmanager
def errors_told() -> Iterator[None]:
    """Our errors end a benchmark with their sentence."""
    try:
        yield
    except ZonewatchError as error:
        raise SystemExit(f"benchmarks: {error}") from None
