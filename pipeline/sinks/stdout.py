"""Alerts on standard output, one JSON object a line."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pipeline.errors import DeliveryError
from pipeline.sinks.outbox import Mark, Row


class SinkClosed(DeliveryError):
    """Whoever read this sink has gone and will not come back in this run."""


class Stdout:
    """Writes past Python's buffers: a reader who does not read must block nothing but this sink."""

    name = "stdout"
    needed = False
    keep_s = float("inf")

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd

    def mark(self) -> None:
        """Standard output remembers nothing; the journal keeps its mark."""

    def deliver(self, after: Mark, rows: Sequence[Row]) -> Mark:  # noqa: ARG002
        """Write one line; returns its place. Raises SinkClosed."""
        row = rows[0]
        line = memoryview(f"{row.data}\n".encode())
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError as error:
            raise SinkClosed(f"Standard output is closed ({error.strerror}). Redis and the journal go on.") from error
        return row.mark

    def skip(self, after: Mark, upto: Mark) -> Mark:  # noqa: ARG002
        """Nothing to write; returns `upto`."""
        return upto

    def tidy(self) -> None:
        """Nothing to trim."""
