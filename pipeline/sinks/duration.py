"""How long, as people write it: `90s`, `30m`, `2h`, `1d`."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float | None:
    """In seconds; None if it is not written so."""
    found = _WRITTEN.fullmatch(text.strip())
    return float(found[1]) * _UNIT_S[found[2]] if found else None
