"""`zonewatch model`: which detector models there are, fetch one, check one."""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
from rich.table import Table

from pipeline.catalogue import BUILTIN, SHIPPED, ModelEntry, entries, locate, pull, resolve
from pipeline.commands.output import MISUSED, errors_told, fail, print_json

app = typer.Typer(help="Detector models: list, fetch, check.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]
_COLUMNS = ("name", "family", "input", "licence", "size", "where")


@app.command("list")
def list_models(as_json: _Json = False) -> None:
    """The models of the catalogue, and where their files were found. A found file has the right sha256."""
    with errors_told():
        rows = [_row(entry) for entry in entries().values()]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        _show(rows)


@app.command("pull")
def pull_model(name: Annotated[str, typer.Argument(help="A name of the catalogue.")], as_json: _Json = False) -> None:
    """Download a model into the user's cache, and check it."""
    if name not in entries():
        fail(f"{name!r} is not in the catalogue, which has {', '.join(entries())}", MISUSED)
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with errors_told(), Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        path = pull(name, progress=lambda done, total: bar.update(task, completed=done, total=total or None))
    if as_json:
        print_json({"name": name, "path": str(path), "sha256": entries()[name].sha256})
    else:
        typer.echo(f"{name}: {path}")


@app.command("verify")
def verify_model(
    model: Annotated[str, typer.Argument(help=f"{BUILTIN}, a name of the catalogue, or the path of an .onnx file.")],
    as_json: _Json = False,
) -> None:
    """Check that a model's file is there, has the right sha256, loads, and gives what its description says."""
    import numpy as np

    from pipeline.frame import Frame
    from pipeline.perceive.person import PersonDetector, open_session  # like NumPy and OpenCV: dear, only needed here

    if not (model in (BUILTIN, *entries()) or model.endswith(".onnx") or os.sep in model):
        fail(f"{model!r} is neither a path nor one of {BUILTIN}, {', '.join(entries())}", MISUSED)
    with errors_told():
        found = resolve(model)
        nobody = Frame("", 0, 0.0, np.zeros((64, 64), np.uint8))
        PersonDetector(open_session(found), found.entry).detect([(nobody, (0, 0, 64, 64))])
    if as_json:
        print_json({**_described(found.entry), "path": str(found.path), "sha256": found.sha256})
    else:
        typer.echo(f"ok: {found.note}; sha256 {found.sha256}")


def _described(entry: ModelEntry) -> dict[str, Any]:
    return dataclasses.asdict(entry)  # type: ignore[call-overload,no-any-return,unused-ignore]


def _row(entry: ModelEntry) -> dict[str, Any]:
    path = locate(entry)
    found = {"path": path and str(path), "bytes": path and path.stat().st_size}
    return {**_described(entry), "builtin": entry.name == SHIPPED, **found}


def _show(rows: list[dict[str, Any]]) -> None:
    """A narrow terminal folds the folders; the names stay whole, so that they can be copied."""
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[-1].overflow = "fold"
    for row in rows:
        size = f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else "-"
        where = row["path"] or ("not here; can be pulled" if row["url"] else "not here")
        name = f"{row['name']} ({BUILTIN})" if row["builtin"] else row["name"]
        table.add_row(name, row["family"], f"{row['width']}x{row['height']}", row["licence"], size, where)
    Console().print(table)
