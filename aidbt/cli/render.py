"""Printing results: one `emit`, for people or as JSON."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click

from aidbt.core.findings import Finding, Severity


def emit(result: Any, *, output: str, text: Callable[[], Iterable[str]]) -> None:
    """Print a result to stdout: as JSON, or as the lines that `text` makes of it.

    Args:
        result: what programs get; a dataclass, or a dictionary where that would be too much.
    """
    if output == "json":
        click.echo(json.dumps(plain(result), indent=2, ensure_ascii=False))
    else:
        for line in text():
            click.echo(line)


def plain(value: Any) -> Any:
    """A result as values that JSON knows: dataclasses and their public properties become objects."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        for name in dir(type(value)):
            if not name.startswith("_") and isinstance(getattr(type(value), name), property):
                found[name] = plain(getattr(value, name))
        return found
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def bold(text: str) -> str:
    return click.style(text, bold=True)


def dim(text: str) -> str:
    return click.style(text, dim=True)


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    Example:
        >>> count(1, "table"), count(2000, "row"), count(2, "query", "queries")
        ('1 table', '2,000 rows', '2 queries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """A time in the unit that a person would say it in.

    Example:
        >>> duration(0.26), duration(75), duration(59_554_837.6)
        ('0.3 s', '75.0 s', '689 days')
    """
    for size_s, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size_s:
            return f"{seconds / size_s:,.0f} {unit}"
    return f"{seconds:,.1f} s"


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> list[str]:
    """Aligned columns, two spaces apart; numbers to the right."""
    everything = [list(head), *rows] if head else list(rows)
    if not everything:
        return []
    widths = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))]
    right = [
        bool(rows)
        and all(
            row[i].replace(",", "").replace(".", "").replace("%", "").isdigit() or not row[i] for row in rows
        )
        for i in range(len(widths))
    ]
    lines = []
    for number, row in enumerate(everything):
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        line = "  " + "  ".join(cells).rstrip()
        lines.append(dim(line) if head and number == 0 else line)
    return lines


class Progress:
    """What is being done, on one line of a terminal from the first word on; nothing elsewhere."""

    def __init__(self, *, is_shown: bool = True) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._status: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, line: str) -> None:
        """Say what comes next."""
        if self._status is not None:
            self._status.update(line)
        elif self._is_shown:
            from rich.console import Console

            self._status = Console(stderr=True).status(line)
            self._status.start()


_MARKS = {
    Severity.ERROR: ("error", "red"),
    Severity.WARN: ("warn", "yellow"),
    Severity.INFO: ("info", "blue"),
}


def finding_lines(findings: Iterable[Finding], *, at_most: int = 10) -> list[str]:
    """One line per finding, the worst first."""
    order = [Severity.ERROR, Severity.WARN, Severity.INFO]
    ranked = sorted(findings, key=lambda f: (order.index(f.severity), f.where, f.code))
    lines = []
    for item in ranked[:at_most]:
        word, colour = _MARKS[item.severity]
        lines.append(f"  {click.style(word, fg=colour)} {item.where}: {item.message} {dim(f'[{item.code}]')}")
    if len(ranked) > at_most:
        lines.append(dim(f"  … and {len(ranked) - at_most} more (--output json shows all)"))
    return lines


def diff_lines(patch: Any) -> Iterator[str]:
    """The unified diff of a patch."""
    for edit in patch.edits:
        before, after = (edit.undo or "").splitlines(), (edit.after or "").splitlines()
        old = f"a/{edit.path}" if edit.before is not None else "/dev/null"
        yield from difflib.unified_diff(before, after, old, f"b/{edit.path}", lineterm="")
