"""A real redis-server of our own: on a unix socket, with an append-only file, stoppable in all the ways it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

from tests.conftest import find

DEADLINE_S = 10.0


class RedisServer:
    """`with RedisServer() as server: server.url`. Extra arguments go to redis-server (`--maxmemory 5mb`)."""

    def __init__(self, *arguments: str) -> None:
        self._program = find("redis-server", "valkey-server")
        self._arguments = arguments
        # A unix socket's path must be short: pytest's tmp_path may be too long.
        self._folder = tempfile.TemporaryDirectory(prefix="zw-redis-")
        self.socket = Path(self._folder.name) / "s"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process:
            self.resume()
            self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Start, or start again on the same data, and wait until it answers."""
        command = [self._program, "--port", "0", "--unixsocket", str(self.socket), "--dir", self._folder.name]
        command += ["--appendonly", "yes", "--save", "", "--loglevel", "warning", *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + DEADLINE_S
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server does not answer"
            assert self._process.poll() is None, "redis-server has ended"
            time.sleep(0.01)

    def stop(self) -> None:
        """SIGTERM: an orderly end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: connected, and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def client(self, **options: Any) -> redis.Redis:
        """A plain client; answers are text."""
        return redis.Redis.from_url(self.url, decode_responses=True, **options)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.AuthenticationError:
            return True
        except redis.RedisError:
            return False

    def _signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def _end(self, number: int) -> None:
        self._signal(number)
        if self._process:
            self._process.wait(DEADLINE_S)
        self._process = None
