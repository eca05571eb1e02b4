"""Processes that are none: what the supervisor starts, without its work, on a clock that the test moves."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

_pids = count(10_000_000)


class Child:
    """As far as `Process` knows one: `connection` is the child's end of the pipe."""

    def __init__(self, target: Callable[..., None], arguments: tuple[object, ...]) -> None:
        self.target = target
        self.arguments = arguments
        (given,) = [one for one in arguments if isinstance(one, Connection)]
        self._given = given
        self.connection: Connection | None = None
        self.pid: int | None = None
        self.exitcode: int | None = None
        self.obedient = True
        self.killed = False

    def start(self) -> None:
        self.pid = next(_pids)
        # A real child has a descriptor of its own; ours closes what it handed over.
        self.connection = Connection(os.dup(self._given.fileno()))

    def is_alive(self) -> bool:
        return self.pid is not None and self.exitcode is None

    def join(self, timeout: float | None = None) -> None:
        if self.obedient and "stop" in self.told():
            self.ends(0)

    def kill(self) -> None:
        self.killed = True
        self.ends(-9)

    def close(self) -> None: ...

    def ends(self, code: int) -> None:
        """It is gone, and its end of the pipe."""
        if self.exitcode is None:
            self.exitcode = code
        if self.connection is not None and not self.connection.closed:
            self.connection.close()

    def says(self, message: object) -> None:
        assert self.connection is not None
        self.connection.send(message)

    def told(self) -> list[Any]:
        """What it was told since the last time."""
        messages = []
        while self.connection is not None and not self.connection.closed and self.connection.poll():
            messages.append(self.connection.recv())
        return messages
