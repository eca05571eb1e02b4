"""What can go wrong with a simulated camera, switched on and off while clients watch, and the words for it.

A fault is on while its value is not the one it has here. Every value may be changed from any thread.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.errors import ServerError
from pipeline.simulate.rtp import HEADER_BYTES


@dataclass(slots=True)
class Faults:
    """The faults of one camera.

    `drop`, `corrupt`, `dup` and `swap` are probabilities for each RTP packet; `jump`, `sr_skew` and `trickle` seconds.
    """

    freeze: bool = False  # connections stay open, requests are answered, nothing is sent
    hold: bool = False  # packets are held back, and all come at once when that ends
    hang: bool = False  # connections are taken, but nothing is answered and nothing is sent
    refuse: int = 0  # every request is answered with this status: 401, 403, 404, 453, 503
    drop: float = 0.0  # a packet is lost
    corrupt: float = 0.0  # bytes of a packet are changed
    dup: float = 0.0  # a packet is sent twice
    swap: float = 0.0  # a packet changes places with the next
    jump: float = 0.0  # RTP times are so much ahead (below 0: behind)
    rate: float = 1.0  # RTP times run so much faster than the clock on the wall
    no_sr: bool = False  # no RTCP sender reports
    sr_skew: float = 0.0  # the camera's clock is so much ahead
    trickle: float = 0.0  # pause before each packet: data keep coming, pictures hardly do
    garbage: int = 0  # so many random bytes in place of each picture
    mid: bool = False  # a client that joins gets what comes next, not the next key frame
    clip: int = 0  # from the next key frame on, the mount's clip of this number

    @property
    def silent(self) -> bool:
        """True while no media are sent."""
        return self.freeze or self.hang


# Packets may be predictable: this is noise, not a secret.
_NOISE = random.Random()  # noqa: S311


def damaged(packets: list[bytes], faults: Faults, noise: random.Random = _NOISE) -> list[bytes]:
    """The packets as they leave a line with these faults: changed, out of order, doubled, lost."""
    sent = [_corrupted(packet, noise) if noise.random() < faults.corrupt else packet for packet in packets]
    for i in range(len(sent) - 1):
        if noise.random() < faults.swap:
            sent[i], sent[i + 1] = sent[i + 1], sent[i]
    kept = [packet for packet in sent if noise.random() >= faults.drop]
    return [copy for packet in kept for copy in [packet] * (2 if noise.random() < faults.dup else 1)]


def _corrupted(packet: bytes, noise: random.Random) -> bytes:
    """About one byte of a hundred is changed; the headers of RTP and of the payload stay, so that it arrives."""
    spoilt = bytearray(packet)
    first = min(HEADER_BYTES + 3, len(spoilt) - 1)
    for _ in range(1 + len(spoilt) // 100):
        spoilt[noise.randrange(first, len(spoilt))] ^= noise.randrange(1, 256)
    return bytes(spoilt)


def garbage(size: int) -> bytes:
    """Random bytes."""
    return _NOISE.randbytes(size)


# The faults a command line can ask for, with the value each has when none is given.
_DEFAULTS: dict[str, float] = {
    "freeze": 1, "hold": 1, "hang": 1, "drop": 0.05, "corrupt": 0.05, "dup": 0.05, "swap": 0.05,
    "jump": 3600, "rate": 1.01, "no_sr": 1, "sr_skew": 120,
    "trickle": 0.5, "garbage": 4096, "mid": 1, "resize": 1, "kick": 1,
    "401": 401, "403": 403, "404": 404, "453": 453, "503": 503,
}  # fmt: skip
_KINDS = "|".join(_DEFAULTS)
_GRAMMAR = re.compile(
    rf"(?:(?!(?:{_KINDS})(?:[@:]|$))(?P<name>[^:@]+):)?(?P<kind>{_KINDS})"
    r"(?:@(?P<at>\d+(?:\.\d+)?)(?:\+(?P<lasts>\d+(?:\.\d+)?))?)?(?::(?P<value>-?\d+(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: `at` seconds after the start, for `lasts` seconds (None: for good), of `name` (None: all)."""

    kind: str
    value: float
    at: float = 0.0
    lasts: float | None = None
    name: str | None = None

    @property
    def field(self) -> str:
        """The field of Faults that it sets."""
        if self.kind.isdigit():
            return "refuse"
        return "clip" if self.kind == "resize" else self.kind

    @property
    def cuts(self) -> bool:
        """True if connections are closed at its begin: a refusal is met only by who connects anew."""
        return self.kind == "kick" or self.field == "refuse"

    def begin(self, faults: Faults) -> None:
        """Switch it on."""
        if self.kind != "kick":
            kind = type(getattr(Faults(), self.field))
            setattr(faults, self.field, kind(self.value))

    def end(self, faults: Faults) -> None:
        """Switch it off."""
        if self.kind != "kick":
            setattr(faults, self.field, getattr(Faults(), self.field))


def parse_fault(text: str) -> Planned:
    """Read `[NAME:]KIND[@START[+LENGTH]][:VALUE]`. Raises ServerError."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise ServerError(
            f"'{text}' is not a fault: write [NAME:]KIND[@START[+LENGTH]][:VALUE], as in freeze@10+5 or drop:0.02; "
            f"the kinds are {', '.join(_DEFAULTS)}."
        )
    kind, lasts, value = match["kind"], match["lasts"], match["value"]
    planned = Planned(
        kind=kind,
        value=_DEFAULTS[kind] if value is None else float(value),
        at=float(match["at"] or 0),
        lasts=None if lasts is None else float(lasts),
        name=match["name"],
    )
    _check(text, planned, given=value is not None)
    return planned


def _check(text: str, planned: Planned, given: bool) -> None:
    if given and (
        planned.kind.isdigit() or planned.kind in ("freeze", "hold", "hang", "no_sr", "mid", "resize", "kick")
    ):
        raise ServerError(f"'{text}': {planned.kind} takes no value; leave out ':{planned.value:g}'.")
    if planned.kind in ("drop", "corrupt", "dup", "swap") and not 0 <= planned.value <= 1:
        raise ServerError(f"'{text}': the value of {planned.kind} is a probability, 0 to 1.")
    if planned.kind in ("rate", "trickle", "garbage") and planned.value < 0:
        raise ServerError(f"'{text}': the value of {planned.kind} must not be below 0.")
    if planned.kind == "kick" and planned.lasts is not None:
        raise ServerError(f"'{text}': kick is over at once; leave out '+{planned.lasts:g}'.")


class Moment(NamedTuple):
    """Something that happens `at` seconds after the start: a planned fault begins, or ends."""

    at: float
    fault: Planned
    begins: bool


def moments(plan: list[Planned]) -> list[Moment]:
    """Everything that happens, in order of time."""
    begins = [Moment(fault.at, fault, True) for fault in plan]
    ends = [Moment(fault.at + fault.lasts, fault, False) for fault in plan if fault.lasts is not None]
    return sorted(begins + ends, key=lambda moment: moment.at)
