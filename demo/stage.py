"""Where the demo plays, and how it runs and prints a step."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "scratch" / "demo"
PROJECT = SCRATCH / "dbt_project"


def say(title: str) -> None:
    """Print the title of a step."""
    print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n== {title}", flush=True)


def aidbt(arguments: list[str], env: dict[str, str], *, quiet: bool = False, expected: int = 0) -> str:
    """Run one command as a user would, in the scratch folder; returns what it printed.

    Raises:
        SystemExit: it ended with another code than `expected`.
    """
    if not quiet:
        shown = " ".join(_quoted(argument) for argument in arguments)
        print(f"\n$ aidbt {shown}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "aidbt", *arguments],
        cwd=SCRATCH,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    )
    if not quiet or done.returncode != expected:
        print(done.stdout, end="", flush=True)
    if done.returncode != expected:
        raise SystemExit(done.returncode or 1)
    return done.stdout


def _quoted(argument: str) -> str:
    return f'"{argument}"' if set(argument) & set(" \n()%") else argument


def show(title: str, query: str) -> None:
    """Print what a query of the warehouse gives, as a table."""
    import duckdb

    with duckdb.connect(str(SCRATCH / "warehouse.duckdb"), read_only=True) as connection:
        result = connection.execute(query)
        names = [column[0] for column in result.description]
        rows = [names, *[[str(value) for value in row] for row in result.fetchall()]]
    print(f"\n{title}")
    widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())


def short(path: Path) -> str:
    """A path as it is shown, relative to where the demo was started."""
    return os.path.relpath(path)
