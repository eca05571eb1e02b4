"""How far a camera may lead this machine: over its own host, and hosts that its owner names.

A camera, or who sits in its place, can answer with a redirect or a playlist that leads anywhere: into the network
behind this machine, with this machine's rights. Not here: how it is asked (`web`, `redirects`).
"""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from pipeline.config import Camera
from pipeline.config.url import host_of

_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Reach:
    """Of one camera, by `schemes`; `refused` is the scheme and host that something led to and may not."""

    def __init__(self, camera: Camera, *schemes: str) -> None:
        self.own = camera.url.reveal()
        self._schemes = schemes
        self._hosts = {host_of(self.own), *camera.hosts}
        self.refused: str | None = None

    def allows(self, url: str) -> bool:
        """Whether this machine may go there; where it may not, and what is no url, is noted as `refused`."""
        scheme = url.partition(":")[0].lower()
        allowed = scheme in self._schemes and host_of(url) in self._hosts
        if not allowed:
            self.refused = f"{scheme}://{host_of(url)}"
        return allowed

    def login(self, url: str) -> tuple[str, str]:
        """User and password in the url; else the camera's own, which its own host may know, and nobody else."""
        own = self.own if host_of(url) == host_of(self.own) else url
        parts = urlsplit(url if urlsplit(url).username else own)
        return unquote(parts.username or ""), unquote(parts.password or "")

    def with_login(self, url: str) -> str:
        """FFmpeg wants them in the url."""
        user, password = self.login(url)
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        parts = urlsplit(bare(url))
        return parts._replace(netloc=login + parts.netloc).geturl()


def bare(url: str) -> str:
    """Without user and password, and with nothing but ASCII in its path and query."""
    parts = urlsplit(url)
    path, query = (quote(text, safe=_ASCII) for text in (parts.path, parts.query))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=path, query=query, fragment="").geturl()
