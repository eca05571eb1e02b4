"""Start GStreamer's RTSP server, the one that is not ours, for the length of a `with`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, missing

PYTHON = "/usr/bin/python3"
_NEEDS = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst
Gst.init(None)
needed = "qtdemux avidemux h264parse h265parse jpegparse rtph264pay rtph265pay rtpjpegpay".split()
assert all(map(Gst.ElementFactory.find, needed))
"""


def need_gstreamer() -> None:
    """End the test where the Debian packages are not installed."""
    here = Path(PYTHON).exists() and not subprocess.run([PYTHON, "-c", _NEEDS], capture_output=True).returncode
    if not here:
        missing(
            "GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0, python3-gi, plugins base, good, bad) is not installed"
        )


@contextmanager
def gst_server(cameras: dict[str, Path], user: str | None = None, password: str = "", port: int = 0) -> Iterator[int]:
    """Serve each file at `/name`; gives the port."""
    need_gstreamer()
    login = ["--user", user, "--password-env", "GST_SERVER_PASSWORD"] if user else []
    mounts = [f"/{name}={path}" for name, path in cameras.items()]
    command = [PYTHON, str(ROOT / "tests" / "gst_server.py"), "--port", str(port), *login, *mounts]
    environment = {**os.environ, "GST_SERVER_PASSWORD": password}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[:1] == ["READY"], "GStreamer's RTSP server did not start"
            yield int(ready[1])
        finally:
            process.kill()
