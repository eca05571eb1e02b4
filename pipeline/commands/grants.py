"""Grants of doors from a CSV file, for a replay."""

from __future__ import annotations

import csv
import os
from datetime import datetime, tzinfo
from pathlib import Path

from pipeline.commands.output import MISUSED, fail

_COLUMNS = ("time", "door")


def read_grants(path: Path, zone: tzinfo) -> list[tuple[str, float]]:
    """As (door, Unix second); a time without an offset is the site's. Ends the command where it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                fail(f"{path} has no column {missing[0]}: its first line must name time and door.", MISUSED)
            return [_grant(path, rows.line_num, row, zone) for row in rows]
    except OSError as error:
        fail(f"cannot read {path}: {os.strerror(error.errno or 0)}", MISUSED)
    except (UnicodeDecodeError, csv.Error):
        fail(f"{path} is no CSV file in UTF-8.", MISUSED)


def _grant(path: Path, line: int, row: dict[str, str | None], zone: tzinfo) -> tuple[str, float]:
    told, door = (row["time"] or "").strip(), (row["door"] or "").strip()
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        fail(f"{path}:{line}: `{told}` is no time. Write 2026-11-23T08:15:00.", MISUSED)
    if not door:
        fail(f"{path}:{line}: names no door.", MISUSED)
    return door, (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
