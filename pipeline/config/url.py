"""Where pictures come from and where alerts go: urls that do not show their secrets.

Not here: references to secrets (`secrets.py`), and opening anything (`capture/`, `sinks/`).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

Kind: TypeAlias = Literal["rtsp", "http", "udp", "file", "folder", "v4l2", "redis"]

_KINDS: dict[str, Kind] = {
    "rtsp": "rtsp",
    "rtsps": "rtsp",
    "http": "http",
    "https": "http",
    "udp": "udp",
    "redis": "redis",
    "rediss": "redis",
    "unix": "redis",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# What nobody means as the name of a file, though it is no proper scheme either: foo_bar://x.
_LIKE_A_SCHEME = re.compile(r"([^/:@\s]{1,30})://")
_HOST_WITHOUT_SCHEME = re.compile(r"[^/]*:[^/]*@|([^/]*@)?\d+\.\d+\.\d+\.\d+([:/]|$)")
_PORT = re.compile(r":\d*\Z")
_KNOWN = "Write rtsp://…, http://…, udp://…, a device such as /dev/video0, or the path of a file or a folder."


@dataclass(frozen=True, slots=True, repr=False)
class Url:
    """A source or a server. `str` and `repr` hide user info and query values; only `reveal` shows them.

    `folder` is where relative paths begin. What is opened is what was checked: scheme and host in lower case, without
    the dot that some write after a whole name. Raises ValueError, without the secret, for a text that is no url.
    """

    _text: str
    _folder: Path = Path()

    def __post_init__(self) -> None:
        scheme = _scheme(self._text)
        if scheme in _KINDS:
            text = scheme + self._text[len(scheme) :]
            _check_network(text)
            object.__setattr__(self, "_text", _normal(text))
        else:
            _check_local(self._text)

    def __str__(self) -> str:
        return _redacted(self._text) if _scheme(self._text) in _KINDS else self._text

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"

    @property
    def kind(self) -> Kind:
        """What has to open it. A path that does not exist yet is a folder when it ends in `/`, else a file."""
        network = _KINDS.get(_scheme(self._text))
        if network:
            return network
        if _device(self._text):
            return "v4l2"
        return "folder" if self._text.endswith("/") or self.path.is_dir() else "file"

    @property
    def playlist(self) -> bool:
        """Whether it names an HLS playlist, whose pictures come in segments of some seconds."""
        return self.kind == "http" and urlsplit(self._text).path.lower().endswith((".m3u8", ".m3u"))

    @property
    def path(self) -> Path:
        """The path of a file, a folder or a device; ValueError for anything else."""
        if _scheme(self._text) in _KINDS:
            raise ValueError(f"{self} has no local path")
        return self._folder / (_device(self._text) or self._text)

    def reveal(self) -> str:
        """The whole url, password included, or the path from the root: for opening it and for nothing else."""
        return self._text if _scheme(self._text) in _KINDS else str(self.path)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def _validate(cls, value: object, info: ValidationInfo) -> Url:
        if isinstance(value, Url):
            return value
        if not isinstance(value, str):
            raise ValueError("must be a url or a path")
        folder = (info.context or {}).get("folder", Path())
        return cls(value) if _scheme(value) in _KINDS else cls(value, folder)


def plain_host(host: str) -> str:
    """As hosts are compared and asked for: in lower case, without the dot of the root that may end a whole name."""
    return host.lower().removesuffix(".")


def host_of(url: str) -> str:
    """The plain host of a url; empty where there is none, and for a text that is no url."""
    try:
        return plain_host(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _scheme(text: str) -> str:
    """The scheme in lower case; empty for a path."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def _device(text: str) -> str:
    """The device file of a v4l2 source; empty for anything else."""
    device = text.removeprefix("v4l2:").replace("///", "/")
    return device if device.startswith("/dev/video") else ""


def _check_local(text: str) -> None:
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError(f"is not a url: it is empty, or has blanks around it or unprintable characters. {_KNOWN}")
    if _device(text):
        return
    scheme = _scheme(text)
    if scheme == "file":
        raise ValueError(
            "is not a url we take. Write the bare path of a video file, or file:/path (one slash) to read the url from "
            "a secret file."
        )
    if unknown := _LIKE_A_SCHEME.match(text):
        name = unknown[1].lower()
        raise ValueError(f"has the unknown scheme `{name}`.{_near(name)} {_KNOWN}")
    if scheme or _HOST_WITHOUT_SCHEME.match(text):
        raise ValueError(f"has no scheme. {_KNOWN}")


def _near(scheme: str) -> str:
    near = difflib.get_close_matches(scheme, _KINDS, 1)
    return f" Did you mean {near[0]}://?" if near else ""


def _check_network(text: str) -> None:
    """No message quotes the url: any part of a mistyped one may be the password."""
    if not text.isprintable() or " " in text:
        raise ValueError("contains a blank or an unprintable character. Percent-encode it (a blank is %20).")
    if not text.split(":", 1)[1].startswith("//"):
        raise ValueError("has no // after the scheme. Write it as rtsp://host/path.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit("x://"), "-", -1
    if port == -1 or "@" in parts.path + parts.query + parts.fragment:
        raise ValueError(
            "has a wrong port, or user name or password contain one of / ? # @ [ ]. "
            "Percent-encode them (@ is %40, / is %2F), or take them from ${VARIABLES}, which is done for you."
        )
    if parts.scheme == "unix":
        host = "x" if parts.path else ""
    if parts.scheme == "udp" and port is None and host != "-":
        raise ValueError("has no port. Write it as udp://0.0.0.0:5000, or udp://@239.0.0.1:5000 for a group.")
    if not host or port == 0 or "" in plain_host(host).split("."):
        raise ValueError("has no host or a wrong port. Write it as rtsp://host:554/path.")


def _normal(text: str) -> str:
    """The same url, in the one way of writing it."""
    scheme, _, rest = text.partition("://")
    if scheme == "unix":
        return text
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    login, at, place = authority.rpartition("@")
    host, _, port = place.rpartition(":") if _PORT.search(place) else (place, "", "")
    port = f":{int(port)}" if port else ""
    return f"{scheme}://{login}{at}{plain_host(host)}{port}{rest[len(authority) :]}"


def _redacted(text: str) -> str:
    parts: SplitResult = urlsplit(text)
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{parts.scheme}://{'***@' if user else at}{host}{parts.path}"
    if parts.query:
        shown += "?" + "&".join(_hidden(item) for item in parts.query.split("&"))
    return shown + ("#***" if parts.fragment else "")


def _hidden(item: str) -> str:
    name, equals, _ = item.partition("=")
    return f"{name}=***" if equals else "***"
