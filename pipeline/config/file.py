"""A YAML file as plain data, and where in it each key stands.

Every scalar stays the text that was written (only an empty one is None): the models say what is a number, so that
`id: 010` and a camera called `no` mean what they say. Duplicate keys are mistakes. Not here: what the keys mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.config.problems import Loc
from pipeline.errors import ConfigError, Problem
from pipeline.logs import redact

_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Document:
    """`lines` and `written` (scalars only) by path; `broken` paths have a problem already and no usable value.

    `secrets` are the files that its references name.
    """

    path: Path
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Loc, int] = field(default_factory=dict)
    written: dict[Loc, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Loc] = field(default_factory=set)
    secrets: list[Path] = field(default_factory=list)

    def line(self, loc: Loc) -> int:
        """The line of the key, or of the nearest key around it."""
        while loc not in self.lines and loc:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def problem(self, loc: Loc, message: str, hint: str = "", line: int = 0) -> Problem:
        """A mistake at `loc`; it is the camera's own when it lies within one."""
        camera = str(loc[1]) if len(loc) > 1 and loc[0] == "cameras" else None
        line = line or self.line(loc)
        sentence = redact(message) + ("" if message.endswith((".", "?")) else ".")
        return Problem(str(self.path), line, dotted(loc), sentence, redact(hint), camera)

    def sorted(self, problems: Iterable[Problem]) -> list[Problem]:
        """In the order of the file; what is missing comes last of its line."""
        place = {dotted(loc): i for i, loc in enumerate(self.lines)}
        return sorted(problems, key=lambda problem: (problem.line, place.get(problem.key, len(place))))

    def is_broken(self, loc: Loc) -> bool:
        """Whether this value, or one around it, has been complained of already."""
        return any(loc[:n] in self.broken for n in range(1, len(loc) + 1))


def dotted(loc: Loc) -> str:
    """`("zones", "gate", "polygon", 2)` as `zones.gate.polygon[2]`; the file as a whole is `(file)`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".") or "(file)"


def read(path: Path) -> Document:
    """Raises ConfigError when there is no map of keys to be had from the file."""
    document = Document(path)
    node = _composed(document, _text(document))
    if node is None:
        raise ConfigError([document.problem((), "the file is empty", "Copy streams.yaml and change it.")])
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError([document.problem((), "must be a map of `key: value` lines", line=_line(node))])
    document.data = _Walk(document).value(node, ())
    return document


def _text(document: Document) -> str:
    try:
        raw = document.path.read_bytes()
    except OSError as error:
        what = error.strerror or str(error)
        raise ConfigError([document.problem((), f"cannot be read: {what}", "Check the path.")]) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([document.problem((), "is not UTF-8 text", "Save it as UTF-8.", line)]) from None


def _composed(document: Document, text: str) -> yaml.Node | None:
    """The node tree. Messages carry no excerpt of the file: it may show a password."""
    loader = yaml.SafeLoader("")
    try:
        loader = yaml.SafeLoader(text)
        return loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line, what = (
            text.count("\n", 0, error.position) + 1,
            f"has the unprintable character #x{int(error.character):04x}",
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, what = (mark.line + 1 if mark else 1), f"is not YAML: {error.problem or error.context}"
    except RecursionError:
        line, what = 1, "is nested too deeply"
    finally:
        loader.dispose()
    hint = "Indent with blanks, not tabs." if "'\\t'" in what else "Correct this line or the one before it."
    raise ConfigError([document.problem((), what, hint, line)])


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _Walk:
    """One pass over the node tree, filling the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._around: list[yaml.Node] = []

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        """The plain value of `node`, which stands at `loc`."""
        self._document.lines.setdefault(loc, _line(node))
        if not node.tag.startswith(_TAG):
            return self._wrong(node, loc, f"has the tag {node.tag}", "Take it out: tags are not used here.")
        if isinstance(node, yaml.ScalarNode):
            self._document.written[loc] = node.value
            return None if node.tag == f"{_TAG}null" else node.value
        if node in self._around:
            return self._wrong(node, loc, "contains itself", "Take the alias (*name) out.")
        self._around.append(node)
        inside = self._map(node, loc) if isinstance(node, yaml.MappingNode) else self._list(node, loc)
        self._around.pop()
        return inside

    def _list(self, node: yaml.Node, loc: Loc) -> list[Any]:
        return [self.value(item, (*loc, i)) for i, item in enumerate(node.value)]

    def _map(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        """Keys given here win over those merged in with `<<`."""
        data: dict[str, Any] = {}
        first: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            name, line = str(key.value), _line(key)
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, loc, "has a key that is no text", "A `key:` is one word.")
            elif name in first:
                message = f"is given twice, first on line {first[name]}"
                self._say(self._document.problem((*loc, name), message, "Keep one of the two.", line))
            elif key.tag == f"{_TAG}merge":
                first[name] = line
                merged.append(value)
            else:
                first[name] = line
                self._document.lines[(*loc, name)] = line
                data[name] = self.value(value, (*loc, name))
        for source in merged:
            self._merge(source, loc, data)
        return data

    def _merge(self, source: yaml.Node, loc: Loc, data: dict[str, Any]) -> None:
        """`<<: *one` or `<<: [*one, *two]`; the lines are those where the merged keys were written."""
        if isinstance(source, yaml.SequenceNode):
            for one in source.value:
                self._merge(one, loc, data)
        elif isinstance(source, yaml.MappingNode) and source not in self._around:
            self._around.append(source)
            fresh = [(key, value) for key, value in source.value if key.value not in data]
            data.update(self._map(yaml.MappingNode(source.tag, fresh, source.start_mark, source.end_mark), loc))
            self._around.pop()
        else:
            self._wrong(source, (*loc, "<<"), "merges something that is no map", "Name the anchor (&name) of a map.")

    def _wrong(self, node: yaml.Node, loc: Loc, message: str, hint: str) -> None:
        self._document.broken.add(loc)
        self._say(self._document.problem(loc, message, hint, _line(node)))

    def _say(self, problem: Problem) -> None:
        self._document.problems.append(problem)
