"""Answers and refusals of `aidbt query`, for people and for programs."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.render import bold, count, dim

if TYPE_CHECKING:
    from aidbt.semantic.english.grounding.refusal import Refused

# More rows than that are not read on a terminal; the other forms of output have all that were fetched.
MOST_SHOWN = 100
_WIDEST = 60
_MOST_DECIMALS = 4
_MOST_TABLES = 12

Rows = Sequence[Sequence[Any]]


def table_lines(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """Rows as a table: numbers to the right with as many decimals each, missing values as NULL."""
    shown = rows[:MOST_SHOWN]
    cells = [_column(name, [row[place] for row in shown]) for place, name in enumerate(columns)]
    numeric = [_is_numeric([row[place] for row in shown]) for place in range(len(columns))]
    widths = [max(map(width_of, column)) for column in cells]
    for number in range(len(shown) + 1):
        padded = [
            _padded(column[number], width, is_right)
            for column, width, is_right in zip(cells, widths, numeric, strict=True)
        ]
        line = ("  " + "  ".join(padded)).rstrip()
        yield bold(line) if number == 0 else line
    if len(rows) > len(shown):
        yield dim(
            f"  … and {len(rows) - len(shown):,} more here (--output csv shows them, --limit asks for less)"
        )


def total_line(rows: Rows, total: int | None, *, is_cut: bool) -> str:
    """How many rows the answer has, and how many of them are here."""
    if not rows:
        return "no rows: nothing in the data fits"
    if not is_cut:
        return count(len(rows), "row")
    whole = f"of {total:,}" if total is not None else "of more that were not counted"
    return f"the first {len(rows):,} rows {whole} (semantic.max_rows)"


def csv_lines(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """Rows as CSV (RFC 4180, lines ended by the caller): NULL is an empty field, an empty text is quoted."""
    yield ",".join(_csv_field(name) for name in columns)
    for row in rows:
        yield ",".join(_csv_field(value) for value in row)


def json_rows(columns: Sequence[str], rows: Rows) -> list[dict[str, Any]]:
    """Rows as objects of values that JSON knows; a number is a number only where nothing of it is lost."""
    return [{name: _json(value) for name, value in zip(columns, row, strict=True)} for row in rows]


def refusal_lines(refused: Refused, tables: Sequence[str] = ()) -> Iterator[str]:
    """Why a question is not answered, what its words may mean, and what can be asked instead.

    Args:
        tables: what can be asked about, said where there is nothing better to say.
    """
    yield f"{click.style('not answered:', fg='yellow', bold=True)} {refused.message}"
    for span, candidates in refused.candidates.items():
        yield f"  '{span}' may be {' or '.join(repr(text) for text in candidates)}"
    for number, reading in enumerate(refused.readings, 1):
        yield f"  {number}. {reading}"
    if refused.readings:
        yield dim("  say which is meant")
    if refused.nearest:
        yield f"  {bold('can be answered:')} {refused.nearest}"
    elif refused.hint and not (refused.candidates or refused.readings):
        yield f"  {click.style('hint:', fg='cyan')} {refused.hint}"
    elif tables and not (refused.candidates or refused.readings):
        more = f" and {len(tables) - _MOST_TABLES:,} more" if len(tables) > _MOST_TABLES else ""
        yield f"  can be asked about: {', '.join(tables[:_MOST_TABLES])}{more}"


def refusal_json(refused: Refused) -> dict[str, Any]:
    """The same for programs."""
    return {
        "is_answered": False,
        "level": refused.level,
        "refused": refused.message,
        "hint": refused.hint,
        "spans": list(refused.spans),
        "candidates": {span: list(found) for span, found in refused.candidates.items()},
        "nearest": refused.nearest,
        "readings": list(refused.readings),
    }


# --- cells --------------------------------------------------------------------------------------------


def _column(name: str, values: Sequence[Any]) -> list[str]:
    """The head and the cells of a column."""
    decimals = _decimals(values)
    if all(value is None or (isinstance(value, dt.datetime) and _is_day(value)) for value in values):
        values = [value if value is None else value.date() for value in values]
    return [one_line(name), *(_cell(value, decimals) for value in values)]


def _is_day(value: dt.datetime) -> bool:
    return value.tzinfo is None and value.time() == dt.time()


def _is_numeric(values: Sequence[Any]) -> bool:
    held = [value for value in values if value is not None]
    return bool(held) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in held)


def _decimals(values: Sequence[Any]) -> int:
    """How many decimals the numbers of a column are shown with: as many as one of them needs."""
    return max((_needed(v) for v in values if isinstance(v, float | Decimal)), default=0)


def _needed(value: float | Decimal) -> int:
    if not math.isfinite(value):
        return 0
    text = f"{value:f}" if isinstance(value, Decimal) else f"{value:.{_MOST_DECIMALS}f}"
    return len(text.partition(".")[2].rstrip("0"))


def _cell(value: Any, decimals: int) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal) and math.isfinite(value):
        is_lost = isinstance(value, float) and value != 0 and abs(value) < 10**-_MOST_DECIMALS
        return f"{value:.4g}" if is_lost else f"{value:.{decimals}f}"
    return one_line(_text(value))


def _text(value: Any) -> str:
    """A value as text; a time at midnight stays one, so that all of a column look alike."""
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def one_line(text: str, most: int = _WIDEST) -> str:
    """A text on one line that a terminal does not obey, of so many characters at most.

    Example:
        >>> one_line("a\\n\\x1b[2J"), one_line("tailnumber", 5)
        ('a\\\\n\\\\x1b[2J', 'tail…')
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def _padded(text: str, width: int, is_right: bool) -> str:
    blank = " " * (width - width_of(text))
    shown = dim(text) if text == "NULL" else text
    return blank + shown if is_right else shown + blank


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    text = _text(value) if not isinstance(value, bool) else str(value).lower()
    needs_quotes = not text or any(char in text for char in ',"\r\n') or text != text.strip()
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _json_decimal(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return str(value)


def _json_decimal(value: Decimal) -> float | str:
    if value.is_finite() and value == value.to_integral_value():
        return int(value)
    return float(value) if value.is_finite() and Decimal(repr(float(value))) == value else str(value)
