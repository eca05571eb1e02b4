"""How fast somebody is, as it is written: `2.5 m/s` on the ground, `1.5 heights/s` of their own in the picture."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator

from pipeline.config.problems import refuse

_WRITTEN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(m|km|heights?)\s*/\s*(s|h)\s*")


class Pace(NamedTuple):
    """`value` metres, or heights, a second."""

    value: float
    of: Literal["m", "heights"]


def pace(text: str) -> Pace:
    """What is written. Raises a mistake."""
    found = _WRITTEN.fullmatch(text)
    hint = "Write it as 2.5 m/s, 9 km/h or 1.5 heights/s."
    if found is None:
        raise refuse("is no speed", hint)
    value, of, per = float(found[1]), found[2], found[3]
    if (of, per) not in (("m", "s"), ("km", "h"), ("height", "s"), ("heights", "s")):
        raise refuse("is no speed", hint)
    if of == "km":
        value, of = value / 3.6, "m"
    if not 0.05 <= value <= 50:
        raise refuse("is no speed of people", hint)
    return Pace(value, "m" if of == "m" else "heights")


def _checked(text: str) -> str:
    pace(text)
    return text


Speed: TypeAlias = Annotated[str, AfterValidator(_checked)]
