"""What FFmpeg's errors mean for a camera, and what its owner can do about them.

The message of a foreign exception is never passed on, because it carries the url with the password; only the system's
words for the error number are.
"""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

import av.error

from pipeline.capture.ailing import what_ails
from pipeline.config import Camera
from pipeline.errors import SourceError, SourceFault
from pipeline.logs import redact

# Of a file: what is wrong is not in the file.
_SURROUNDINGS = (av.error.FileNotFoundError, av.error.IsADirectoryError, av.error.PermissionError)
_TIMEOUTS = (av.error.ExitError, av.error.TimeoutError)

# The first row that fits decides; what fits none is UNREACHABLE.
_OPENING: tuple[tuple[tuple[type[BaseException], ...], SourceFault, str], ...] = (
    (
        (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError),
        SourceFault.AUTH,
        "Check user and password of camera {camera}; a camera whose connections are all taken may answer the same.",
    ),
    ((av.error.HTTPNotFoundError,), SourceFault.NOT_FOUND, "Check the path of the url."),
    (
        (av.error.HTTPTooManyRequestsError, av.error.HTTPOtherClientError, av.error.HTTPServerError),
        SourceFault.BUSY,
        "It may have too many viewers, or refuse this transport (try tcp or udp); if that lasts, restart it.",
    ),
    (
        (av.error.ConnectionRefusedError,),
        SourceFault.REFUSED,
        "Nothing listens there: check address and port, and that the camera is on.",
    ),
    ((av.error.FileNotFoundError,), SourceFault.NOT_FOUND, "Check the path."),
    ((av.error.IsADirectoryError, av.error.PermissionError), SourceFault.CONFIG, "Check the path and its permissions."),
    (
        (av.error.ProtocolNotFoundError, av.error.ArgumentError, av.error.BSFNotFoundError),
        SourceFault.CONFIG,
        "Check the url; special characters in a password must be percent-encoded.",
    ),
    (
        _TIMEOUTS,
        SourceFault.UNREACHABLE,
        "It did not answer in time: check address, network and that the camera is on.",
    ),
    (
        (av.error.DecoderNotFoundError,),
        SourceFault.NOT_VIDEO,
        "Its codec is not known here: set the camera to H.264, H.265 or MJPEG.",
    ),
    ((av.error.InvalidDataError,), SourceFault.NOT_VIDEO, "What it sends is not video: check the url."),
)


def opening_failed(camera: Camera, error: BaseException, waited: float, shown: str = "") -> SourceError:
    """`error` came after `waited` seconds of opening: FFmpeg says the same of garbage and of silence, time does not."""
    fault, words, hint = _judge(camera, error, waited, shown)
    return source_error(camera, fault, "opening", words, hint.format(camera=camera.name), shown)


def _judge(camera: Camera, error: BaseException, waited: float, shown: str) -> tuple[SourceFault, str, str]:
    local = camera.url.kind in ("file", "folder")
    if isinstance(error, av.error.InvalidDataError) and waited > 0.9 * camera.connect_s and not local:
        return SourceFault.UNREACHABLE, "it took the connection and said nothing", "If that lasts, restart the camera."
    if local and not isinstance(error, _SURROUNDINGS):
        return SourceFault.NOT_VIDEO, *what_ails(Path(shown or camera.url.path))
    if getattr(error, "errno", None) == errno.EPROTONOSUPPORT:
        return SourceFault.CONFIG, _words(error), "Set `transport` to the other of tcp and udp: it does not offer this."
    if isinstance(error, av.error.ArgumentError | av.error.InvalidDataError) and camera.url.kind == "http":
        what, hint = "what it answers is no video that we read", "Check the url."
        return SourceFault.NOT_VIDEO, what, hint if camera.playlist else f"{hint} If it is a playlist, set `kind: hls`."
    if getattr(error, "errno", None) == errno.EIO and camera.url.kind == "http" and not camera.playlist:
        what = "its answer breaks off, or is a recording with its index at the end from a server that sends no parts"
        return SourceFault.UNREACHABLE, what, "If it is a recording, download it and give its path."
    for kinds, fault, hint in _OPENING:
        if isinstance(error, kinds):
            return fault, _words(error), hint
    return SourceFault.UNREACHABLE, _words(error), "Check address and network."


def reading_failed(camera: Camera, error: BaseException) -> SourceError:
    """A stream that was open broke off."""
    if isinstance(error, _TIMEOUTS):
        return source_error(camera, SourceFault.STALLED, "reading", "nothing came for too long", "Trying again.")
    return source_error(camera, SourceFault.LOST, "reading", _words(error), "Trying again.")


def mistake(camera: Camera, error: Exception) -> SourceError:
    """What nobody has thought of is neither the camera's fault nor the network's: its kind and place are told."""
    frames = traceback.extract_tb(error.__traceback__)
    where = next((one for one in reversed(frames) if "pipeline" in Path(one.filename).parts), None)
    place = f" in {Path(where.filename).name}, line {where.lineno}" if where else ""
    what = f"a mistake in Zonewatch: {type(error).__name__}{place}"
    hint = "Please report it, with the traceback of the log."
    return source_error(camera, SourceFault.INTERNAL, "reading", what, hint)


def source_error(camera: Camera, fault: SourceFault, doing: str, what: str, hint: str, shown: str = "") -> SourceError:
    """One sentence that names camera, url (without its secrets) and deed, and one that says what to do."""
    return SourceError(fault, redact(f"camera {camera.name}: {doing} {shown or camera.url}: {what}. {hint}"))


def _words(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
