"""Incidents that the journal does not take now: the newest in memory, older ones in a file, in their order.

The file is a temporary one, so that it lies, with luck, on another disk than the journal's, and has no name: what is in
it ends with the process, as what is in memory does.
"""

from __future__ import annotations

import logging
import pickle
import tempfile
from collections import deque
from contextlib import suppress

from pipeline.types import Incident

log = logging.getLogger(__name__)

# An incident takes a few kilobytes.
IN_MEMORY = 2_000
# Where no disk takes them, so many are kept before the oldest are given up.
_LAST_RESORT = 20_000


class Waiting:
    """A queue; `len` is how many wait, `lost` how many were given up because neither disk nor memory held them."""

    def __init__(self, in_memory: int = IN_MEMORY, last_resort: int = _LAST_RESORT) -> None:
        self._in_memory, self._last_resort = in_memory, last_resort
        self._newest: deque[Incident] = deque()
        self._older: _OnDisk | None = None
        self.lost = 0

    def __len__(self) -> int:
        return len(self._newest) + (self._older.count if self._older else 0)

    def append(self, incident: Incident) -> None:
        """As the newest."""
        self._newest.append(incident)
        if len(self._newest) <= self._in_memory:
            return
        try:
            self._spill()
        except OSError as error:
            self._give_up(error)

    def first(self) -> Incident:
        """The oldest; there must be one. Raises OSError."""
        return self._older.first() if self._older else self._newest[0]

    def drop_first(self) -> None:
        """That one has been taken."""
        if self._older is None:
            self._newest.popleft()
            return
        self._older.drop_first()
        if not self._older.count:
            self._older.close()
            self._older = None

    def _spill(self) -> None:
        """The older half goes to disk."""
        self._older = self._older or _OnDisk()
        half = len(self._newest) // 2
        self._older.append([self._newest[index] for index in range(half)])
        for _ in range(half):
            self._newest.popleft()

    def _give_up(self, error: OSError) -> None:
        if self._older is not None and not self._older.count:
            self._older.close()
            self._older = None
        if len(self._newest) > self._last_resort:
            self._newest.popleft()
            self.lost += 1
            if self.lost % self._in_memory == 1:
                log.error("%d alerts are lost: neither the journal nor TMPDIR takes them (%s)", self.lost, error)


class _OnDisk:
    """A queue in a nameless file; `count` are in it. All raise OSError."""

    def __init__(self) -> None:
        # Unbuffered: what a full disk refused must not come back with the next thing that is written.
        self._file = tempfile.TemporaryFile(prefix="zonewatch-", buffering=0)  # noqa: SIM115
        self._read = self._after_first = self._written = 0
        self.count = 0

    def append(self, incidents: list[Incident]) -> None:
        """All of them, or none."""
        content = b"".join(pickle.dumps(one) for one in incidents)
        left = memoryview(content)
        self._file.seek(self._written)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._written)
            raise
        self._written += len(content)
        self.count += len(incidents)

    def first(self) -> Incident:
        self._file.seek(self._read)
        incident: Incident = pickle.load(self._file)  # noqa: S301 (what we wrote, in a file that has no name)
        self._after_first = self._file.tell()
        return incident

    def drop_first(self) -> None:
        if self._after_first == self._read:
            self.first()
        self._read = self._after_first
        self.count -= 1

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
