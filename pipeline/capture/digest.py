"""Digest logins (RFC 7616) where FFmpeg is not asked: urllib's, which knows no letters but ASCII and no SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias
from urllib.request import HTTPDigestAuthHandler, HTTPPasswordMgr

_KNOWN = {"md5": "md5", "sha-256": "sha256", "sha": "sha1"}
_Hash: TypeAlias = Callable[[str], str]
_Keyed: TypeAlias = Callable[[str, str], str]


class Digest(HTTPDigestAuthHandler):
    """Of users and passwords in any letters, as UTF-8; a header is text of one character a byte, as `http` has it."""

    def __init__(self, logins: HTTPPasswordMgr) -> None:
        super().__init__(_Bytewise(logins))

    def get_algorithm_impls(self, algorithm: str) -> tuple[_Hash, _Keyed]:
        """The two functions of the RFC. Raises ValueError for an algorithm that is not known."""
        name = _KNOWN.get(algorithm.lower())
        if name is None:
            raise ValueError("a login by an unknown algorithm")

        def hashed(text: str) -> str:
            return hashlib.new(name, text.encode("latin-1")).hexdigest()

        return hashed, lambda secret, data: hashed(f"{secret}:{data}")


class _Bytewise(HTTPPasswordMgr):
    """Logins as they stand in headers."""

    def __init__(self, logins: HTTPPasswordMgr) -> None:
        super().__init__()
        self._logins = logins

    def find_user_password(self, realm: str, authuri: str) -> tuple[str | None, str | None]:
        """Those for it, or none."""
        user, password = self._logins.find_user_password(realm, authuri)
        return _bytewise(user), _bytewise(password)


def _bytewise(text: str | None) -> str | None:
    return None if text is None else text.encode().decode("latin-1")
