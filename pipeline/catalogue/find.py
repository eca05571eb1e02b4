"""From `detector.model` to a file and its entry: `builtin`, a name of the catalogue, or a path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.catalogue.guess import guess
from pipeline.catalogue.listing import (
    MEND,
    SHIPPED,
    Model,
    ModelEntry,
    digest,
    entries,
    expanded,
    folders,
    known,
    own_folder,
    read_entry,
    read_mapping,
    sidecar,
)
from pipeline.errors import ModelError

BUILTIN = "builtin"


def resolve(model: str, env: Mapping[str, str] = os.environ) -> Model:
    """Find the model that `detector.model` names: `builtin`, a name of the catalogue, or the path of an ONNX file.

    `builtin` is the model that comes with the program, always: what a system sees with must not depend on which files
    lie in a folder. Raises `ModelError`, which says what to do.
    """
    if model == BUILTIN:
        return _shipped()
    if model in entries():
        return _by_name(model, env)
    if model.endswith(".onnx") or os.sep in model:
        return _by_path(expanded(model))
    raise ModelError(f"detector.model: {model!r} is neither the path of an .onnx file nor {BUILTIN}, {_names()}")


def locate(entry: ModelEntry, env: Mapping[str, str] = os.environ) -> Path | None:
    """The first file of this entry's name and content in the model folders; None when there is none."""
    return next((path for path in _candidates(entry, env) if digest(path) == entry.sha256), None)


def _candidates(entry: ModelEntry, env: Mapping[str, str]) -> list[Path]:
    return [path for folder in folders(env) if (path := folder / entry.file).is_file()]


def _refuse_damaged(entry: ModelEntry, env: Mapping[str, str]) -> None:
    """Tell a damaged file from a missing one."""
    if found := _candidates(entry, env):
        raise ModelError(
            f"model {entry.name}: {found[0]} has sha256 {digest(found[0])}, the catalogue says {entry.sha256}. "
            "Remove the file and put the right one in its place."
        )


def _by_name(name: str, env: Mapping[str, str]) -> Model:
    entry = known(name)
    path = locate(entry, env)
    if path is None:
        _refuse_damaged(entry, env)
        how = f"Fetch it: zonewatch model pull {name}" if entry.url else "Put it there by hand: it has no url to pull."
        raise ModelError(f"model {name}: no {entry.file} with the catalogue's sha256 in {_places(env)}. {how}")
    return Model(entry, path, entry.sha256 or "", f"{name} from {path.parent}")


def _shipped() -> Model:
    entry, path = known(SHIPPED), own_folder() / known(SHIPPED).file
    found = digest(path) if path.is_file() else None
    if found is None:
        raise ModelError(f"detector.model: builtin: {path} is missing. {MEND}")
    if found != entry.sha256:
        raise ModelError(
            f"detector.model: builtin: {path} is not the file that came with Zonewatch (its sha256 is {found}, the "
            f"catalogue says {entry.sha256}). {MEND}"
        )
    return Model(entry, path, found, f"builtin is {SHIPPED} from {path.parent}")


def _by_path(path: Path) -> Model:
    if not path.is_file():
        raise ModelError(f"detector.model: {path} is not a file")
    found = digest(path)
    beside = sidecar(path)
    if not beside.is_file():
        if listed := next((entry for entry in entries().values() if entry.sha256 == found), None):
            return Model(listed, path, found, f"{path}, which is {listed.name} of the catalogue")
        entry = guess(path)
        return Model(entry, path, found, f"{path}, by its inputs and outputs a model of the {entry.family} family")
    keys = read_mapping(beside.read_text("utf-8"), str(beside))
    entry = read_entry(keys, str(beside), name=path.stem, file=path.name)
    if entry.sha256 and entry.sha256 != found:
        raise ModelError(f"model {path}: its sha256 is {found}, but {beside} says {entry.sha256}")
    return Model(entry, path, found, f"{path}, described by {beside.name}")


def _names() -> str:
    return ", ".join(entries())


def _places(env: Mapping[str, str]) -> str:
    return ", ".join(str(folder) for folder in folders(env))
