"""When a recording was made: by its name, else by its container.

Not here: how recordings follow each other (`recordings`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from av.container import InputContainer

from pipeline.types import WallFrom

NAME_ERROR_S = 1.0
"""Names tell whole seconds."""
_FIRST_YEAR = 2000
_DATE = re.compile(r"(?<!\d)(20\d\d)\D?(\d\d)\D?(\d\d)\D{0,2}(\d\d)\D?(\d\d)\D?(\d\d)(?:[.,](\d{1,6}))?(?!\d)(Z?)")
_UNIX = re.compile(r"(?<!\d)(1\d{9})(?:[._-]?(\d{3}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Recording:
    """A file and, where known, the wall time of its first picture, give or take `error` seconds, as `told_by` says.

    A container tells when somebody wrote it: the device's clock, a copy, a cut. Nobody knows how right that is.
    """

    path: Path
    start: float | None = None
    error: float | None = None
    told_by: WallFrom | None = None


def start_from_name(path: Path, zone: tzinfo = UTC, fold: int = 0) -> float | None:
    """Unix seconds told by a name such as `2026-11-23_08-15-00`, `20261123T081500Z` or `1764576900`, in `zone`.

    Folders may tell the day (`2026-11-23/08-15-00.mp4`), but only where the file's own name does not. Of an hour that
    comes twice, when clocks are set back, `fold` 0 is the first one.
    """
    folders = "/".join(path.parts[-4:-1]) + "/"
    for text, own in ((path.stem, 0), (folders + path.stem, len(folders))):
        for match in _DATE.finditer(text):
            start = _date(match, zone, fold)
            if start is not None and match.end(6) > own:
                return start
    unix = _UNIX.search(path.stem)
    return int(unix[1]) + int(unix[2] or 0) / 1000 if unix else None


def _date(match: re.Match[str], zone: tzinfo, fold: int) -> float | None:
    *parts, fraction, utc = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, parts)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC if utc else zone, fold=fold)
    except ValueError:
        return None
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


def start_of_name(path: Path, zone: tzinfo = UTC) -> Recording | None:
    """The recording as its name dates it; in the hour that comes twice a name may mean either."""
    if (start := start_from_name(path, zone)) is None:
        return None
    later = start_from_name(path, zone, fold=1)
    return Recording(path, start, NAME_ERROR_S + abs((later or start) - start), "name")


def start_of_container(container: InputContainer, path: Path) -> Recording | None:
    """The recording as its container dates it. Devices without a clock write 1904 or 1970."""
    try:
        moment = datetime.fromisoformat(container.metadata.get("creation_time", ""))
    except ValueError:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return Recording(path, moment.timestamp(), None, "container") if moment.year >= _FIRST_YEAR else None
