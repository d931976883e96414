"""The command ``python -m bench``."""

import asyncio
import pkgutil
import sys
from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import bench
from bench.report import Bar, Report

FILE_WIDTH = 160


def names() -> tuple[str, ...]:
    """Return every bench there is: the modules of this package that can be run."""
    modules = (found.name for found in pkgutil.iter_modules(bench.__path__) if not found.name.startswith("_"))
    return tuple(name for name in modules if hasattr(import_module(f"bench.{name}"), "run"))


def main(
    name: Annotated[str, typer.Argument(help="Which one, or 'all'.")],
    quick: Annotated[bool, typer.Option("--quick", help="Smaller and shorter; the same promises.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one object per bench instead of tables.")] = False,
) -> None:
    """Measure, print what was found, and end with 1 if a promise is not kept."""
    known = names()
    if name != "all" and name not in known:
        raise typer.BadParameter(f"there is no bench {name!r}; there are {', '.join(known)}, and all")
    reports = [_one(each, quick=quick, json=json) for each in (known if name == "all" else (name,))]
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


def _one(name: str, *, quick: bool, json: bool) -> Report:
    report: Report = asyncio.run(import_module(f"bench.{name}").run(quick))
    if json:
        typer.echo(report.as_json())
    else:
        _show(report)
    return report


def _show(report: Report) -> None:
    # a table that goes into a file has nobody's window to fit into
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    console.print(f"[bold]{report.bench}[/bold]")
    console.print(report.figures)
    if report.rows:
        table = Table(*report.rows[0])
        for row in report.rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console.print(table)
    for bar in report.bars:
        console.print(_told(bar))


def _told(bar: Bar) -> str:
    word = "[green]kept[/green]" if bar.ok else "[red]not kept[/red]"
    sign = "≤" if bar.sense == "at_most" else "≥"
    return f"  {word}  {bar.name}: {bar.value:,.4g} {sign} {bar.bar:,.4g}"


if __name__ == "__main__":
    typer.run(main)
