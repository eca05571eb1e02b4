"""What single values of the configuration must look like.

Not here: the keys (`models.py`), and what concerns two keys at once (`crosschecks.py`).
"""

from __future__ import annotations

import re
import zoneinfo
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from pipeline.config import geometry as geometry
from pipeline.config.problems import NAME, near, refuse
from pipeline.config.url import plain_host
from pipeline.types import Point

T = TypeVar("T")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")


def _no_bool(value: Any) -> Any:
    """`true` is no number, though Python counts it as 1."""
    if isinstance(value, bool):
        raise refuse("must be a number")
    return value


def _empty_for_none(value: Any) -> Any:
    return {} if value is None else value


def _known_timezone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
        known = zoneinfo.available_timezones()
        hint = near(value, sorted(known)) or "Write it as Europe/London."
        raise refuse("is no time zone", hint if known else "This machine knows none: install tzdata.") from None
    return value


def from_folder(value: Path, info: ValidationInfo) -> Path:
    """Relative paths begin at the folder of the configuration file."""
    return Path((info.context or {}).get("folder", "")) / value


def _model(value: str, info: ValidationInfo) -> str:
    """A model's path begins there too; a bare word is a name of the catalogue."""
    is_path = "/" in value or value.endswith(".onnx")
    return str(from_folder(Path(value), info)) if is_path else value


def _aspect(value: Any) -> float | None:
    """`16:9`, `16/9` or `1.78`; `auto` is what the stream and its size say."""
    if value is None or value == "auto":
        return None
    wide, _, high = str(value).replace("/", ":").partition(":")
    try:
        ratio = float(wide) / float(high or 1)
    except (ValueError, ZeroDivisionError):
        raise refuse("is no shape of a picture", "Write it as 16:9 or 4:3, or take it out.") from None
    if not 0.2 <= ratio <= 5:
        raise refuse(f"is no shape of a picture: {ratio:.3g} times as wide as high", "Write it as 16:9 or 4:3.")
    return ratio


def _host(value: str) -> str:
    host = plain_host(value)
    if not _HOST.fullmatch(host):
        raise refuse("is no host", "Write the name or address alone, as cdn.example.org.")
    return host


Name: TypeAlias = Annotated[str, Field(pattern=NAME)]
Named: TypeAlias = Annotated[dict[Name, T], BeforeValidator(_empty_for_none)]
Number: TypeAlias = Annotated[float, BeforeValidator(_no_bool)]
Whole: TypeAlias = Annotated[int, BeforeValidator(_no_bool)]
AspectRatio: TypeAlias = Annotated[float | None, BeforeValidator(_aspect)]
Timezone: TypeAlias = Annotated[str, AfterValidator(_known_timezone)]
LocalPath: TypeAlias = Annotated[Path, AfterValidator(from_folder)]
Host: TypeAlias = Annotated[str, AfterValidator(_host)]
Model: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_model)]
OnPicture: TypeAlias = Annotated[Point, BeforeValidator(geometry.point)]
Polygon: TypeAlias = Annotated[tuple[OnPicture, ...], AfterValidator(geometry.polygon)]
Polyline: TypeAlias = Annotated[tuple[OnPicture, ...], AfterValidator(geometry.polyline)]
