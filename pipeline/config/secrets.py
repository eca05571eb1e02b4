"""References to secrets: `${NAME}` and `${file:/path}` inside a text, `file:/path` as a whole url.

The secret itself is in no message. Not here: which keys there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.config.file import Document
from pipeline.config.problems import Loc

_REFERENCE = re.compile(r"(\$?)\$\{([^}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_SECRET = 65536
_USER_INFO = re.compile(r"://[^/?#]*\Z")
_QUERY = re.compile(r"\?[^#]*\Z")


class _Missing(Exception):
    """A reference leads nowhere: message and hint."""


def fill_in(document: Document, env: Mapping[str, str]) -> None:
    """Put the secrets in place of their references; what cannot be had becomes a problem of the document."""
    document.data = _filled(document, document.data, (), env)


def _filled(document: Document, value: Any, loc: Loc, env: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(document, inner, (*loc, key), env) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(document, inner, (*loc, i), env) for i, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    value = _referred(value) if loc[-1] == "url" else value
    document.secrets += [Path(name.removeprefix("file:")) for _, name in _REFERENCE.findall(value) if _is_file(name)]
    text, missing = _resolved(value, is_url=loc[-1] == "url", env=env)
    for one in missing:
        document.problems.append(document.problem(loc, *one.args))
        document.broken.add(loc)
    return text


def _referred(url: str) -> str:
    """A url that is `file:/path` as a whole is a reference to what is in that file."""
    return f"${{{url}}}" if _is_file(url) and not url.startswith("file://") else url


def _is_file(name: str) -> bool:
    return name.startswith("file:/")


def _resolved(text: str, is_url: bool, env: Mapping[str, str]) -> tuple[str, list[_Missing]]:
    """The text with its secrets, and what could not be had."""
    bare = _REFERENCE.sub(lambda match: "x" * len(match[0]), text)
    missing: list[_Missing] = []

    def found(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        try:
            secret = _secret(match[2], env)
        except _Missing as error:
            missing.append(error)
            return match[0]
        return quote(secret, safe="") if is_url and _in_user_info_or_query(bare, match) else secret

    return _REFERENCE.sub(found, text), missing


def _in_user_info_or_query(bare: str, match: re.Match[str]) -> bool:
    """There a `@`, `/` or `&` of the secret would be taken for the url's own. `bare` has no references in it."""
    before, after = bare[: match.start()], bare[match.end() :]
    authority_ends = re.search(r"[/?#]", after)
    rest_of_authority = after[: authority_ends.start()] if authority_ends else after
    return bool(_QUERY.search(before) or (_USER_INFO.search(before) and "@" in rest_of_authority))


def _secret(name: str, env: Mapping[str, str]) -> str:
    if _is_file(name):
        return _content(name.removeprefix("file:"))
    if not _VARIABLE.match(name):
        raise _Missing("has a ${…} that names nothing", "Write ${VARIABLE} or ${file:/path}; a plain ${ is $${.")
    if not env.get(name):
        raise _Missing(f"needs ${{{name}}}, which is not set or empty", "Set this environment variable.")
    return env[name]


def _content(path: str) -> str:
    """The text of a secret file, without the line end."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_LONGEST_SECRET + 1)
    except OSError as error:
        raise _Missing(f"needs the file {path}: {error.strerror}", "Create it, or make it readable.") from None
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or len(text) > _LONGEST_SECRET:
        hint = "For a video file give its path without file: in front."
        raise _Missing(f"needs the file {path}, which is empty or holds no text", hint)
    return text.rstrip("\r\n")
