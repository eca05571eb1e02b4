"""Where an RTSP camera leads when it answers with a redirect (RFC 2326, section 11).

FFmpeg would follow it to any host, and log in there with the camera's password; so it is not let (`live`), and then
says no more than that it may not. The camera is asked here, with what FFmpeg asks first, and what may be followed is
opened as if the owner had written it.
"""

from __future__ import annotations

import socket
from base64 import b64encode
from contextlib import suppress
from email.message import Message
from http.client import HTTPException, parse_headers
from threading import Timer
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPPasswordMgrWithDefaultRealm,
    Request,
    parse_http_list,
    parse_keqv_list,
)

from pipeline.capture.digest import Digest
from pipeline.capture.reach import Reach, bare
from pipeline.capture.web import trusting
from pipeline.config import Camera

_REDIRECTS = 5
_PORTS = {"rtsp": 554, "rtsps": 322}
_LONGEST_LINE, _LONGEST_BODY = 4096, 1 << 20


class Redirects:
    """Of one camera."""

    def __init__(self, camera: Camera) -> None:
        self.reach = Reach(camera, *_PORTS)
        self.seen = False
        """Whether it has answered with any."""
        self._patience_s = camera.connect_s

    def landing(self) -> str | None:
        """The url, secrets included, that they lead to; None where they lead nowhere, or may not be followed.

        What is wrong with where they lead is told by who opens that.
        """
        url = self.reach.own
        for _ in range(_REDIRECTS):
            try:
                target = self._target(url)
            except (OSError, ValueError, HTTPException):
                break
            if target is None:
                break
            self.seen = True
            if not self.reach.allows(target):
                return None
            url = self.reach.with_login(target)
        return url if url != self.reach.own else None

    def _target(self, url: str) -> str | None:
        """Where `url` leads. Raises OSError, and ValueError or HTTPException for what is no answer or no url."""
        parts = urlsplit(url)
        place = parts.hostname, parts.port or _PORTS[parts.scheme]
        with socket.create_connection(place, self._patience_s) as plain, plain.dup() as handle:
            # Each read has its own timeout; who sends byte by byte has no longer in all.
            bell = Timer(self._patience_s, _hang_up, (handle,))
            bell.daemon = True
            bell.start()
            try:
                connection = trusting().wrap_socket(plain) if parts.scheme == "rtsps" else plain
                with connection, connection.makefile("rb") as answers:
                    return _Asked(connection, answers, bare(url), *self.reach.login(url)).target()
            finally:
                bell.cancel()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Asked:
    """One connection to a camera, and what it is asked about `url`, which is without secrets."""

    def __init__(self, connection: socket.socket, answers: BinaryIO, url: str, user: str, password: str) -> None:
        self._connection = connection
        self._answers = answers
        self._url = url
        self._user = user
        self._password = password
        self._number = 0

    def target(self) -> str | None:
        """Where it leads."""
        for method in ("OPTIONS", "DESCRIBE"):
            status, headers = self._ask(method)
            if status == 401 and self._user:
                status, headers = self._ask(
                    method, self._authorization(method, headers.get_all("WWW-Authenticate", []))
                )
            if 300 <= status < 400 and headers["Location"]:
                return urljoin(self._url, str(headers["Location"]))
        return None

    def _ask(self, method: str, authorization: str | None = None) -> tuple[int, Message]:
        """Status and headers of the answer."""
        self._number += 1
        lines = [f"{method} {self._url} RTSP/1.0", f"CSeq: {self._number}", "User-Agent: zonewatch"]
        lines += ["Accept: application/sdp"] if method == "DESCRIBE" else []
        lines += [f"Authorization: {authorization}"] if authorization else []
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        _, _, rest = self._answers.readline(_LONGEST_LINE).partition(b" ")
        status = int(rest[:3])
        headers = parse_headers(self._answers)
        self._answers.read(min(int(headers["Content-Length"] or 0), _LONGEST_BODY))
        return status, headers

    def _authorization(self, method: str, challenges: list[str]) -> str:
        """What answers one of them: Digest rather than Basic. Raises ValueError where none is understood."""
        for challenge in sorted(challenges, key=lambda one: not one.lower().startswith("digest")):
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "basic":
                return f"Basic {b64encode(f'{self._user}:{self._password}'.encode()).decode()}"
            if scheme.lower() == "digest":
                with suppress(ValueError):
                    return f"Digest {self._digest(method, parse_keqv_list(parse_http_list(rest)))}"
        raise ValueError("no login that is understood")

    def _digest(self, method: str, challenge: dict[str, str]) -> str:
        logins = HTTPPasswordMgrWithDefaultRealm()
        logins.add_password(None, self._url, self._user, self._password)
        request = Request(self._url, method=method)  # noqa: S310 - nobody opens it
        request.selector = self._url
        return str(Digest(logins).get_authorization(request, challenge))
