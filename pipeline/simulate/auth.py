"""Passwords of a simulated camera: Digest (RFC 2617, and MD5 of RFC 7616) and Basic.

Not here: where a password comes from (`commands.simulate`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.request import parse_http_list

_REALM = "camera"


@dataclass(slots=True)
class Login:
    """One user; `basic` sends the password itself, as some old cameras want it."""

    user: str
    password: str = field(repr=False)
    basic: bool = False
    _nonce: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def challenge(self) -> str:
        """The WWW-Authenticate header.

        Without `qop`, as most cameras ask; clients that send one all the same are understood.
        """
        if self.basic:
            return f'Basic realm="{_REALM}"'
        return f'Digest realm="{_REALM}", nonce="{self._nonce}", algorithm="MD5"'

    def accepts(self, method: str, authorization: str) -> bool:
        """True if the Authorization header of a request shows that its sender knows the password."""
        scheme, _, rest = authorization.partition(" ")
        if self.basic:
            return scheme.lower() == "basic" and _same(rest.strip(), self._basic())
        if scheme.lower() != "digest":
            return False
        given = dict(_pair(item) for item in parse_http_list(rest))
        known = given.get("nonce") == self._nonce and given.get("username") == self.user
        return known and _same(given.get("response", ""), self._digest(method, given))

    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def _digest(self, method: str, given: dict[str, str]) -> str:
        secret = _md5(f"{self.user}:{_REALM}:{self.password}")
        asked = _md5(f"{method}:{given.get('uri', '')}")
        count = [given.get(name, "") for name in ("nc", "cnonce", "qop")] if "qop" in given else []
        return _md5(":".join([secret, self._nonce, *count, asked]))


def _pair(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
