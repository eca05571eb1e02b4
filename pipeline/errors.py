"""Our errors. Foreign ones (`av`, `redis`, `sqlite3`, `onnxruntime`) become these in the module that touches them.

Every message names the place (camera, file, key) and what to do, and carries no secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ZonewatchError(Exception):
    """The root: what the command line prints as one sentence instead of a traceback."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file: where, what, and what to do."""

    file: str
    line: int
    key: str
    message: str
    hint: str = ""
    camera: str | None = None

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}: {self.key}: {self.message}{hint}"


class ConfigError(ZonewatchError):
    """The configuration cannot be used; `problems` lists every mistake, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class PlaceError(ZonewatchError):
    """This program has no place for what it needs for itself."""


class SourceFault(StrEnum):
    """What kind of trouble a camera has; decides how soon to try again."""

    AUTH = "auth"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    BUSY = "busy"
    NO_VIDEO = "no_video"
    NOT_VIDEO = "not_video"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    STALLED = "stalled"
    CONFIG = "config"
    INTERNAL = "internal"


class SourceError(ZonewatchError):
    """A camera, file or stream cannot be opened or read any further."""

    def __init__(self, fault: SourceFault, message: str) -> None:
        self.fault = fault
        super().__init__(message)


class ModelError(ZonewatchError):
    """A detector model is missing, damaged, or not of the form its catalogue entry says."""


class JournalError(ZonewatchError):
    """The journal of alerts cannot be written or read: disk full, read-only, locked, damaged."""


class LedgerError(ZonewatchError):
    """A frame ledger is not there, or cannot be read."""


class DeliveryError(ZonewatchError):
    """A sink did not take an alert now; try again."""


class Rejected(DeliveryError):
    """A sink will never take this alert; set it aside and go on."""


class ServerError(ZonewatchError):
    """A helper server (simulated cameras, the demo's Redis) cannot start."""
