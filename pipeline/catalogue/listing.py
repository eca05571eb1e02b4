"""What is known of each model, and the folders in which files are looked for. Reads YAML, opens no model.

The catalogue and the built-in detector lie in one folder: inside an installed package, else `models/` of the checkout.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pipeline.errors import ModelError

FOLDERS_VARIABLE = "ZONEWATCH_MODELS"
SHIPPED = "person-320"
"""The entry whose file comes with the program: the built-in detector."""

_PACKAGED = Path(__file__).resolve().parents[1] / "_data"
_CHECKOUT = Path(__file__).resolve().parents[2] / "models"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ModelEntry:
    """One model of the catalogue, or a sidecar: what the graph takes and gives.

    `width` and `height` are of the input, in pixels. `fit` says whether the picture is letterboxed (the rest filled
    with `pad`, 0–255) or stretched. Pixel values are divided by `scale`. `decoded` tells a `yolox` graph that gives
    pixels from one that gives offsets in the grid of each of `strides`. `cost_ms` is about what one look takes on one
    core, and decides how many are taken in a turn; a figure of the file, so that a recording is analysed alike on every
    machine. `calibration` is (slope, offset) of the line
    that takes the logit of the graph's score to the logit of the score that is told (Platt 1999).
    """

    family: Literal["yolox", "detr", "yolo"]
    width: Annotated[int, Field(ge=32, le=4096)]
    height: Annotated[int, Field(ge=32, le=4096)]
    fit: Literal["letterbox", "stretch"]
    channels: Literal["rgb", "bgr"]
    scale: Annotated[float, Field(gt=0)]
    pad: Annotated[int, Field(ge=0, le=255)] = 114
    person_class: Annotated[int, Field(ge=0)] = 0
    strides: tuple[Annotated[int, Field(ge=1)], ...] = (8, 16, 32)
    decoded: bool = False
    cost_ms: Annotated[float, Field(gt=0)] = 15.0
    calibration: tuple[Annotated[float, Field(gt=0)], float] = (1.0, 0.0)
    name: str = ""
    file: str = ""
    url: str | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    licence: str = "not said"
    source: str = ""


@plain_dataclass(frozen=True, slots=True)
class Model:
    """A model that was found: `note` says in one sentence which file it is and why that one."""

    entry: ModelEntry
    path: Path
    sha256: str
    note: str

    @property
    def files(self) -> tuple[Path, ...]:
        """What it was read from: the weights, and what describes them, if that is there."""
        return self.path, sidecar(self.path)


def sidecar(path: Path) -> Path:
    """Where a model of one's own is described: `NAME.onnx.yaml`, beside it."""
    return path.with_name(path.name + ".yaml")


MEND = "It comes with Zonewatch: install it again, or in a clone: git checkout -- models"

_ENTRY = TypeAdapter(ModelEntry)


@cache
def entries() -> dict[str, ModelEntry]:
    """The catalogue, in its order. Raises `ModelError` when it is not there."""
    path = own_folder() / "models.yaml"
    try:
        return read_catalogue(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}. {MEND}") from error


def own_folder() -> Path:
    """Where the catalogue and the built-in detector are."""
    return _PACKAGED if (_PACKAGED / "models.yaml").is_file() else _CHECKOUT


def read_catalogue(text: str, where: str) -> dict[str, ModelEntry]:
    """Entries by name. Raises `ModelError`, which names the entry and the key."""
    listed = read_mapping(text, where).get("models")
    if not isinstance(listed, dict):
        raise ModelError(f"{where}: models: must be a mapping of names to entries")
    read = {name: read_entry(keys, f"{where}: {name}", name=name) for name, keys in listed.items()}
    for name, entry in read.items():
        if not entry.file or not entry.sha256:
            raise ModelError(f"{where}: {name}: an entry of the catalogue must have file and sha256")
    return read


def read_mapping(text: str, where: str) -> dict[str, Any]:
    """A YAML mapping. Raises `ModelError` for anything else."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"{where}: is not YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise ModelError(f"{where}: must be a mapping of keys to values; see models/README.md")
    return loaded


def read_entry(keys: object, where: str, **known: str) -> ModelEntry:
    """The entry of these keys; `known` fills those that are left out. Raises `ModelError` naming every wrong key."""
    if not isinstance(keys, dict):
        raise ModelError(f"{where}: must be a mapping of keys to values; see models/README.md")
    try:
        return _ENTRY.validate_python({**known, **keys})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ModelError(f"{where}: {wrong}. The keys are in models/README.md.") from error


def known(name: str) -> ModelEntry:
    """The entry of this name. Raises `ModelError` listing the names there are."""
    entry = entries().get(name)
    if entry is None:
        raise ModelError(f"model {name!r} is not in the catalogue, which has {', '.join(entries())}")
    return entry


def folders(env: Mapping[str, str] = os.environ) -> list[Path]:
    """Where model files are looked for, in order; the last is the user's cache, where `pull` puts them, if any.

    Raises `ModelError`.
    """
    given = [expanded(part) for part in env.get(FOLDERS_VARIABLE, "").split(os.pathsep) if part]
    cache = cache_folder(env)
    return [own_folder(), *given, *([cache] if cache else [])]


def cache_folder(env: Mapping[str, str]) -> Path | None:
    """The user's folder of downloaded models, which need not be there yet; None for a user without a home."""
    home = env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 (Path's raises where there is none)
    base = env.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home != "~" else "")
    return Path(base) / "zonewatch" / "models" if base else None


def expanded(path: str) -> Path:
    """With a user's home in the place of `~`. Raises `ModelError` where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ModelError(f"{path}: whose home ~ is, is not known here. Write the path from / on.") from None


def digest(path: Path) -> str:
    """The sha256 of a file, in hex. Raises `ModelError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"model {path}: cannot be read: {error.strerror or error}") from error
