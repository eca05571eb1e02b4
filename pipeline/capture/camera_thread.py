"""The thread that runs a camera, and what to do when it does not come back.

A read in libav cannot be interrupted from outside. A thread stuck in one is abandoned and another takes its place; it
usually ends by its own timeout. One that never does is counted: only the end of its process frees it.
"""

from __future__ import annotations

import threading

from pipeline.capture.camera import Camera
from pipeline.types import CameraReport


class CameraThread:
    """Runs `camera`, which changes when a stuck one is replaced: ask here for reports. For one calling thread."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.abandoned = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._left: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch."""
        name = f"camera {self.camera.config.name}"
        self._thread = threading.Thread(target=self.camera.run, args=(self._stop,), name=name, daemon=True)
        self._thread.start()

    def restart_if_stuck(self, now: float) -> bool:
        """Replace a thread that is stuck; `now` is monotonic. True if it was."""
        if self._stop.is_set() or not self.camera.stuck(now):
            return False
        if self._thread is not None:
            self._left.append(self._thread)
        self.abandoned += 1
        self.camera = self.camera.abandon()
        self.start()
        return True

    @property
    def stuck_threads(self) -> int:
        """Abandoned threads that have not ended; when there are several, the process should be replaced."""
        self._left = [thread for thread in self._left if thread.is_alive()]
        return len(self._left)

    def report(self, now: float) -> CameraReport:
        """The camera's report."""
        return self.camera.report(now)

    def stop(self) -> None:
        """Ask the camera to stop; it does after the read it is in."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread; True if it has ended. A stuck one does not keep the process from ending."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()
