"""What a camera over HTTP may make this machine fetch: what its own host has, and hosts that its owner names.

A camera, or who sits in its place, can answer with a playlist or a redirect that leads anywhere: into the network
behind this machine, with this machine's rights. So a playlist is followed only where the owner says that it is one,
and its parts and every redirect are fetched only from hosts that are allowed. Not here: what is done with the bytes
(`live`).
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPCookieProcessor,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    HTTPSHandler,
    Request,
    build_opener,
)

import av.error

from pipeline.config import Camera
from pipeline.config.url import host_of

_REDIRECTS = 5
_SCHEMES = ("http", "https")
# FFmpeg's own numbers for these; for others of a hundred it has one.
_TOLD_APART = (400, 401, 403, 404, 429)


class Web:
    """What may be fetched for one camera; `refused` is the scheme and host that something led to and may not."""

    def __init__(self, camera: Camera) -> None:
        self._own = camera.url.reveal()
        self._hosts = {host_of(self._own), *camera.hosts}
        self._timeout_s = camera.connect_s
        self._logins = HTTPPasswordMgrWithDefaultRealm()
        self._opener = build_opener(
            HTTPSHandler(context=_trusting()),
            HTTPBasicAuthHandler(self._logins),
            HTTPDigestAuthHandler(self._logins),
            HTTPCookieProcessor(),
            _Redirects(self),
        )
        self.refused: str | None = None

    def open(self, url: str, flags: int = 0, options: Mapping[str, str] | None = None) -> _Body:  # noqa: ARG002
        """For PyAV's `io_open`: the playlist, or a part of it. Raises FFmpegError, as FFmpeg would."""
        try:
            return _Body(self._get(url))
        except HTTPError as error:
            error.close()
            av.error.err_check(_number(error.code))
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            timed_out = isinstance(reason, TimeoutError)
            av.error.err_check(-(errno.ETIMEDOUT if timed_out else getattr(reason, "errno", None) or errno.EIO))
        raise AssertionError("err_check raises")

    def landing(self) -> str | None:
        """The url, secrets included, that the camera's redirects lead to; None without any that may be followed."""
        url = self._own
        for _ in range(_REDIRECTS):
            try:
                self._get(url, follow=False).close()
                break
            except HTTPError as error:
                target = error.headers.get("Location") if 300 <= error.code < 400 else None
                error.close()
                if target is None or not self.allows(urljoin(url, target)):
                    return None
                url = self._with_login(urljoin(url, target))
            except (OSError, HTTPException):
                return None
        return url if url != self._own else None

    def allows(self, url: str) -> bool:
        """Whether anything may be fetched from there; what may not is noted as `refused`."""
        scheme = urlsplit(url).scheme
        allowed = scheme in _SCHEMES and host_of(url) in self._hosts
        if not allowed:
            self.refused = f"{scheme}://{host_of(url)}"
        return allowed

    def _get(self, url: str, follow: bool = True) -> HTTPResponse:
        if not self.allows(url):
            raise PermissionError(errno.EACCES, "not allowed")
        self._logins.add_password(None, _bare(url), *self._login(url))
        request = _Request(_bare(url), headers={"User-Agent": "zonewatch"})
        request.follow = follow
        answer: HTTPResponse = self._opener.open(request, timeout=self._timeout_s)
        return answer

    def _login(self, url: str) -> tuple[str, str]:
        """Those in the url; else the camera's own, which its own host may know, and nobody else."""
        own = self._own if host_of(url) == host_of(self._own) else url
        parts = urlsplit(url if urlsplit(url).username else own)
        return unquote(parts.username or ""), unquote(parts.password or "")

    def _with_login(self, url: str) -> str:
        """FFmpeg wants them in the url."""
        user, password = self._login(url)
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        parts = urlsplit(_bare(url))
        return parts._replace(netloc=login + parts.netloc).geturl()


class _Redirects(HTTPRedirectHandler):
    """Followed to where we may go, and only if asked to."""

    max_redirections = _REDIRECTS

    def __init__(self, web: Web) -> None:
        self._web = web

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """None lets the redirect be an error."""
        if not getattr(req, "follow", True) or not self._web.allows(newurl):
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


def _trusting() -> ssl.SSLContext:
    """Cameras sign their own certificates; FFmpeg, which reads what is no playlist, does not look at them either."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _bare(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
