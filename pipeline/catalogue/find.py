"""From `detector.model` to a file and its entry: `builtin`, a name of the catalogue, or a path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from pipeline.catalogue.fetch import pull
from pipeline.catalogue.guess import guess
from pipeline.catalogue.listing import Model, ModelEntry, digest, entries, folders, known, read_entry, read_mapping
from pipeline.errors import ModelError

BUILTIN = "builtin"


def resolve(model: str, env: Mapping[str, str] = os.environ) -> Model:
    """Find the model that `detector.model` names: `builtin`, a name of the catalogue, or the path of an ONNX file.

    `builtin` is the first model of the catalogue that lies in a model folder, else the first that has a url, which is
    then pulled. Raises `ModelError`, which says what to do.
    """
    if model == BUILTIN:
        return _first_found(env) or _first_pulled(env) or _nothing_found(env)
    if model in entries():
        return _by_name(model, env)
    if model.endswith(".onnx") or os.sep in model:
        return _by_path(Path(model).expanduser())
    raise ModelError(f"detector.model: {model!r} is neither the path of an .onnx file nor {BUILTIN}, {_names()}")


def verify(model: str, env: Mapping[str, str] = os.environ) -> Model:
    """Like `resolve`, but fetches nothing, and tells a damaged file from a missing one."""
    if model == BUILTIN:
        return _first_found(env) or _nothing_found(env)
    if model in entries():
        _refuse_damaged(known(model), env)
    return resolve(model, env)


def locate(entry: ModelEntry, env: Mapping[str, str] = os.environ) -> Path | None:
    """The first file of this entry's name and content in the model folders; None when there is none."""
    return next((path for path in _candidates(entry, env) if digest(path) == entry.sha256), None)


def _candidates(entry: ModelEntry, env: Mapping[str, str]) -> list[Path]:
    return [path for folder in folders(env) if (path := folder / entry.file).is_file()]


def _refuse_damaged(entry: ModelEntry, env: Mapping[str, str]) -> None:
    found = _candidates(entry, env)
    if found and locate(entry, env) is None:
        raise ModelError(
            f"model {entry.name}: {found[0]} has sha256 {digest(found[0])}, the catalogue says {entry.sha256}. "
            "Remove the file and put the right one in its place."
        )


def _by_name(name: str, env: Mapping[str, str]) -> Model:
    entry = known(name)
    path = locate(entry, env)
    if path is None:
        how = f"Fetch it: zonewatch model pull {name}" if entry.url else "Put it there by hand: it has no url to pull."
        raise ModelError(f"model {name}: no {entry.file} with the catalogue's sha256 in {_places(env)}. {how}")
    return Model(entry, path, entry.sha256 or "", f"{name} from {path.parent}")


def _first_found(env: Mapping[str, str]) -> Model | None:
    for name, entry in entries().items():
        path = locate(entry, env)
        if path is not None:
            return Model(entry, path, entry.sha256 or "", f"builtin resolved to {name} from {path.parent}")
    return None


def _first_pulled(env: Mapping[str, str]) -> Model | None:
    entry = next((entry for entry in entries().values() if entry.url), None)
    if entry is None:
        return None
    try:
        path = pull(entry.name, env)
    except ModelError as error:
        _nothing_found(env, f" Pulling one failed: {error}")
    return Model(entry, path, entry.sha256 or "", f"builtin resolved to {entry.name}, pulled into {path.parent}")


def _nothing_found(env: Mapping[str, str], tried: str = "") -> NoReturn:
    files, places = ", ".join(entry.file for entry in entries().values()), _places(env)
    raise ModelError(f"detector.model: builtin: none of {files} is in {places}. Put one there, or give a path.{tried}")


def _by_path(path: Path) -> Model:
    if not path.is_file():
        raise ModelError(f"detector.model: {path} is not a file")
    found = digest(path)
    sidecar = path.with_name(path.name + ".yaml")
    if not sidecar.is_file():
        entry = guess(path)
        return Model(entry, path, found, f"{path}, by its inputs and outputs a model of the {entry.family} family")
    keys = read_mapping(sidecar.read_text("utf-8"), str(sidecar))
    entry = read_entry(keys, str(sidecar), name=path.stem, file=path.name)
    if entry.sha256 and entry.sha256 != found:
        raise ModelError(f"model {path}: its sha256 is {found}, but {sidecar} says {entry.sha256}")
    return Model(entry, path, found, f"{path}, described by {sidecar.name}")


def _names() -> str:
    return ", ".join(entries())


def _places(env: Mapping[str, str]) -> str:
    return ", ".join(str(folder) for folder in folders(env))
