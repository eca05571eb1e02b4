"""What a camera over HTTP makes this machine fetch: redirects, and the parts of a playlist, from where it may go.

A playlist is followed only where the owner says that it is one. Not here: where it may go (`reach`), and what is done
with the bytes (`live`).
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPCookieProcessor,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    HTTPSHandler,
    Request,
    build_opener,
)

import av.error

from pipeline.capture.digest import Digest
from pipeline.capture.reach import Reach, bare
from pipeline.config import Camera

_REDIRECTS = 5
# FFmpeg's own numbers for these; for others of a hundred it has one.
_TOLD_APART = (400, 401, 403, 404, 429)


class Web:
    """What may be fetched for one camera."""

    def __init__(self, camera: Camera) -> None:
        self.reach = Reach(camera, "http", "https")
        self._timeout_s = camera.connect_s
        self._logins = HTTPPasswordMgrWithDefaultRealm()
        self._opener = build_opener(
            HTTPSHandler(context=trusting()),
            HTTPBasicAuthHandler(self._logins),
            Digest(self._logins),
            HTTPCookieProcessor(),
            _Redirects(self.reach),
        )

    def open(self, url: str, flags: int = 0, options: Mapping[str, str] | None = None) -> _Body:  # noqa: ARG002
        """For PyAV's `io_open`: the playlist, or a part of it. Raises FFmpegError, as FFmpeg would."""
        try:
            return _Body(self._get(url))
        except HTTPError as error:
            error.close()
            av.error.err_check(_number(error.code))
        except (OSError, ValueError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            timed_out = isinstance(reason, TimeoutError)
            av.error.err_check(-(errno.ETIMEDOUT if timed_out else getattr(reason, "errno", None) or errno.EIO))
        raise AssertionError("err_check raises")

    def landing(self) -> str | None:
        """The url, secrets included, that the camera's redirects lead to; None without any that may be followed."""
        url = self.reach.own
        for _ in range(_REDIRECTS):
            try:
                self._get(url, follow=False).close()
                break
            except HTTPError as error:
                target = error.headers.get("Location") if 300 <= error.code < 400 else None
                error.close()
                if target is None or not self.reach.allows(urljoin(url, target)):
                    return None
                url = self.reach.with_login(urljoin(url, target))
            except (OSError, ValueError, HTTPException):
                return None
        return url if url != self.reach.own else None

    def _get(self, url: str, follow: bool = True) -> HTTPResponse:
        if not self.reach.allows(url):
            raise PermissionError(errno.EACCES, "not allowed")
        self._logins.add_password(None, bare(url), *self.reach.login(url))
        request = _Request(bare(url), headers={"User-Agent": "zonewatch"})
        request.follow = follow
        answer: HTTPResponse = self._opener.open(request, timeout=self._timeout_s)
        return answer


class _Redirects(HTTPRedirectHandler):
    """Followed to where we may go, and only if asked to."""

    max_redirections = _REDIRECTS

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """None lets the redirect be an error."""
        if not getattr(req, "follow", True) or not self._reach.allows(newurl):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Request(Request):
    """`follow`: go where a redirect leads."""

    follow = True


class _Body:
    """An answer as PyAV wants a file to be; it cannot seek."""

    def __init__(self, answer: HTTPResponse) -> None:
        self._answer = answer

    def read(self, n: int) -> bytes:
        """Up to `n` bytes; none at the end. Raises OSError."""
        try:
            return self._answer.read(n)
        except HTTPException as error:
            raise OSError(errno.EIO, str(error)) from None

    def close(self) -> None:
        """Hang up."""
        self._answer.close()


def _number(status: int) -> int:
    """FFmpeg's error number of an HTTP status."""
    tag = f"{status}" if status in _TOLD_APART else "4XX" if status < 500 else "5XX"
    return -av.error.tag_to_code(b"\xf8" + tag.encode())


def trusting() -> ssl.SSLContext:
    """Cameras sign their own certificates; FFmpeg, which reads what is no playlist, does not look at them either."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
