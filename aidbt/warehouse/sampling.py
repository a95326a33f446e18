"""A sample of a table's rows: its most frequent values, and what its text reads as.

On DuckDB the sample of a larger table is a temporary table. Elsewhere its rows are fetched, in one
statement that reads the sampled rows once: not every role may make a temporary table, and a subquery would
be read again by each question.

How much of the table drawing them reads: PostgreSQL, Snowflake, BigQuery and Trino skip whole blocks of a
table. Spark and Databricks draw rows, and Redshift has no sampling, so they read all of it (one column
store's worth of the columns asked for), as everybody does of a view or an external table.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from sqlglot import exp

from aidbt.core.schema import Column
from aidbt.core.types import is_plain_text, type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.formats import FORMATS, format_test
from aidbt.warehouse.rows import Rows, as_text, number, temporary_table

COLUMNS_PER_SCAN = 250
TOP_VALUES = 10
_TOP_VALUES_OF = 1_000
_FIRST_LOOK_ROWS = 500
# What is fetched at most: about 200 MB here.
_MAX_CELLS = 1_000_000
_MAX_CHARACTERS = 50_000_000
_SKIPS_BLOCKS = ("postgres", "snowflake", "bigquery", "trino")
_DRAWS_ROWS = ("spark", "databricks")
_SEED = 42
# So many rows are fetched from DuckDB too: each statement costs more than looking at them here.
_FEW_ROWS = 1_000
# Enough of a text to tell what it is; so few values of a column are too few to tell.
_CUT_AT, _FEW_VALUES = 200, 20
# Built once: reading a type's name costs more than the rest of a cast.
DOUBLE, TEXT = exp.DataType.build("double"), exp.DataType.build("text")

Figures = dict[str, dict[str, Any]]  # by column and by name of the figure
Values = tuple[tuple[str, float], ...]


class Sample(Protocol):
    """Some rows of a table.

    Attributes:
        rows: how many; 0 of an empty table only.
    """

    rows: int

    def most_frequent(self, column: Column) -> Values:
        """The most frequent values as text, with their share of the filled rows."""
        ...

    def format_shares(
        self, asked: Sequence[tuple[str, str]], *, first: int | None = None
    ) -> dict[tuple[str, str], float | None]:
        """The share of the values that read as a format, by (column, format); None when all are null.

        Args:
            first: look at so many rows only.
        """
        ...

    def repeating(self, names: Sequence[str]) -> set[str]:
        """Which of the columns, none of them ever null, hold a value twice."""
        ...

    def repeats_together(self, names: Sequence[str]) -> bool:
        """Whether two rows have the same values in all of the columns; False where that is not known."""
        ...

    def some_values(self, columns: Sequence[Column], limit: int) -> dict[str, list[str]]:
        """Up to `limit` filled values of each column, as text that is cut where it is long."""
        ...

    def quantiles(self, name: str, points: Sequence[float]) -> tuple[float, ...]:
        """What stands at these shares of a column of numbers, or of times as seconds since 1970 UTC; none
        where the scan told it.
        """
        ...

    def distinct(self, name: str) -> int:
        """How many different values there are; 0 where none were asked for."""
        ...


def kind_of(data_type: str) -> str:
    """The family of a type as far as its figures go; "other" for what only has a count."""
    family = type_family(data_type)
    if family == "time" or (family == "text" and not is_plain_text(data_type)):  # no length
        return "other"
    return "other" if data_type.lower() == "money" else family  # PostgreSQL's, which is no number to it


def ordinate(column: Column, *, dialect: str) -> exp.Expr | None:
    """What the quantiles of a column are taken of: numbers, or seconds since 1970 UTC; None of others."""
    kind = kind_of(column.data_type)
    c = exp.column(column.name, quoted=True)
    if kind in ("integer", "number"):
        return measured(column, dialect=dialect)
    if kind in ("date", "timestamp"):
        c.type = exp.DataType.build(kind)
        seconds = exp.Anonymous(this="epoch", expressions=[c])
        finite = exp.Anonymous(this="isfinite", expressions=[c])
        return _when(finite, seconds)
    return None


def measured(column: Column, *, dialect: str) -> exp.Expr:
    """A number as a double, null where it is infinite or so large that its square would overflow."""
    c = exp.column(column.name, quoted=True)
    double = exp.cast(c, DOUBLE, copy=False)
    if kind_of(column.data_type) == "integer":
        return double
    largest = exp.Literal.number("1e150")
    if dialect != "duckdb":  # before it is cast, which may fail; NaN is no smaller than a number anywhere
        return _when(exp.LT(this=exp.func("abs", c, copy=False), expression=largest), double)
    finite = exp.and_(
        exp.Anonymous(this="isfinite", expressions=[double]),
        exp.LT(this=exp.func("abs", double, copy=False), expression=largest),
    )
    return _when(finite, double)


def _when(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=value)])  # without the copies of its builder


# --- the questions ------------------------------------------------------------------------------------


def top_values(columns: Sequence[Column], raw: Figures, sample: Sample) -> dict[str, Values]:
    """The most frequent values of the columns whose values repeat, with their share of the filled rows."""
    found = {}
    for column in columns:
        distinct = raw[column.name].get("distinct") or 0
        repeats = 0 < distinct <= min(_TOP_VALUES_OF, max(sample.rows // 2, 2))
        if kind_of(column.data_type) in ("text", "integer", "boolean") and repeats:
            found[column.name] = sample.most_frequent(column)
    return found


def text_formats(columns: Sequence[Column], raw: Figures, sample: Sample) -> dict[str, dict[str, float]]:
    """For each text column the share of its sampled values that read as each format, where it is not 0.

    A first look at few rows leaves only the formats that any of them has for the whole sample.
    """
    asked = [
        (column.name, name)
        for column in columns
        if kind_of(column.data_type) == "text"
        for name in _possible_formats(raw[column.name])
    ]
    seen = sample.format_shares(asked, first=_FIRST_LOOK_ROWS)
    # None: those few rows were all null.
    likely = [pair for pair in asked if seen[pair] is None or seen[pair]]
    found: dict[str, dict[str, float]] = {}
    for (column_name, name), share in sample.format_shares(likely).items():
        if share:
            found.setdefault(column_name, {})[name] = share
    return found


def _possible_formats(raw: dict[str, Any]) -> list[str]:
    shortest, longest = raw.get("min_length"), raw.get("max_length")
    if longest is None or shortest is None:
        return []
    return [name for name, f in FORMATS.items() if longest >= f.shortest and shortest <= f.longest]


# --- drawing them -------------------------------------------------------------------------------------


@contextlib.contextmanager
def sampled_rows(rows: Rows, row_count: int, sample_rows: int, raw: Figures) -> Iterator[Sample]:
    """About `sample_rows` of the rows, valid inside the block; all when there are no more."""
    if rows.dialect != "duckdb" or row_count <= min(_FEW_ROWS, sample_rows):
        yield _fetched(rows, row_count, sample_rows, raw)
        return
    run = rows.connection.rows
    everything = rows.select(*[exp.column(c.name, quoted=True) for c in rows.relation.columns])

    def taken(query: exp.Select) -> int:
        rows.fetch(temporary_table("_aidbt_sample", query))
        return int(run("select count(*) from _aidbt_sample")[0][0])

    try:
        if row_count <= sample_rows:
            count = taken(everything)
        elif rows.relation.kind != "table":
            count = taken(_some(everything, sample_rows))
        else:
            # When few rows are asked for, it happens that no block is drawn.
            count = taken(_some_blocks(everything, 100 * sample_rows / row_count))
            count = count or taken(_some(everything, sample_rows))
        yield _TemporaryTable(rows.connection, count)
    finally:
        run("drop table if exists temp._aidbt_sample")


def _some_blocks(query: exp.Select, percent: float) -> exp.Select:
    """Whole blocks, drawn from the whole table: so the share is one of the rows that are profiled."""
    query = query.copy()
    rows = query.args["from_"].this
    share = exp.Literal.number(f"{max(percent, 0.0001):.6f}")
    rows.set("sample", exp.TableSample(method="SYSTEM", percent=share, seed=number(_SEED)))
    return query


def _some(query: exp.Select, sample_rows: int) -> exp.Select:
    """Single rows from everywhere. That reads all of them, as a view has to anyway."""
    rows = query.subquery("rows")
    rows.set(
        "sample", exp.TableSample(method=exp.var("RESERVOIR"), size=number(sample_rows), seed=number(_SEED))
    )
    return exp.select("*").from_(rows)


class _TemporaryTable:
    """The sample as DuckDB's temporary table."""

    def __init__(self, connection: Connection, rows: int) -> None:
        self.rows = rows
        self._connection = connection

    def most_frequent(self, column: Column) -> Values:
        c = exp.column(column.name, quoted=True)
        total = exp.Window(this=exp.func("sum", exp.Count(this=exp.Star())))
        share = exp.Div(this=exp.cast(exp.Count(this=exp.Star()), DOUBLE), expression=total)
        query = (
            exp.select(exp.cast(c, TEXT), share)
            .from_("_aidbt_sample")
            .where(c.is_(exp.null()).not_())
            .group_by(c)
            .order_by("2 desc", "1")
            .limit(TOP_VALUES)
        )
        return tuple((str(value), float(part)) for value, part in self._run(query))

    def format_shares(
        self, asked: Sequence[tuple[str, str]], *, first: int | None = None
    ) -> dict[tuple[str, str], float | None]:
        rows: exp.Expr = exp.to_table("_aidbt_sample")
        if first is not None:
            rows = exp.select("*").from_(rows).limit(first).subquery("few")
        shares: dict[tuple[str, str], float | None] = {}
        for start in range(0, len(asked), COLUMNS_PER_SCAN):
            part = asked[start : start + COLUMNS_PER_SCAN]
            selected = []
            for column_name, name in part:
                c = exp.column(column_name, quoted=True)
                holds = exp.replace_placeholders(format_test(name), c=c)
                hits = exp.Anonymous(this="count_if", expressions=[holds])
                filled = exp.Nullif(this=exp.Count(this=c), expression=number(0))
                selected.append(exp.Div(this=exp.cast(hits, DOUBLE, copy=False), expression=filled))
            row = self._run(exp.select(*selected).from_(rows, copy=False))[0]
            shares.update(zip(part, row, strict=True))
        return shares

    def repeating(self, names: Sequence[str]) -> set[str]:
        if not names:
            return set()
        columns = [exp.column(name, quoted=True) for name in names]
        repeated = [
            exp.LT(this=exp.Count(this=exp.Distinct(expressions=[c])), expression=exp.Count(this=exp.Star()))
            for c in columns
        ]
        row = self._run(exp.select(*repeated).from_("_aidbt_sample"))[0]
        return {name for name, repeats in zip(names, row, strict=True) if repeats}

    def repeats_together(self, names: Sequence[str]) -> bool:
        columns = [exp.column(name, quoted=True) for name in names]
        more_than_one = exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))
        query = exp.select(number(1)).from_("_aidbt_sample").group_by(*columns).having(more_than_one).limit(1)
        return bool(self._run(query))

    def some_values(self, columns: Sequence[Column], limit: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for start in range(0, len(columns), COLUMNS_PER_SCAN):
            part = columns[start : start + COLUMNS_PER_SCAN]
            texts = [_cut(exp.column(c.name, quoted=True)) for c in part]
            rows = self._run(exp.select(*texts).from_("_aidbt_sample", copy=False).limit(limit, copy=False))
            for place, column in enumerate(part):
                found[column.name] = [row[place] for row in rows if row[place] is not None]
        if self.rows > limit:
            for column in columns:  # what is mostly null is looked for in the other rows
                if len(found[column.name]) < _FEW_VALUES:
                    found[column.name] = self._filled_values(column, limit)
        return found

    def _filled_values(self, column: Column, limit: int) -> list[str]:
        c = exp.column(column.name, quoted=True)
        query = exp.select(_cut(c)).from_("_aidbt_sample").where(c.is_(exp.null()).not_()).limit(limit)
        return [value for (value,) in self._run(query)]

    def quantiles(self, name: str, points: Sequence[float]) -> tuple[float, ...]:
        return ()  # DuckDB has them from the scan

    def distinct(self, name: str) -> int:
        return 0  # this too

    def _run(self, query: exp.Expr) -> list[tuple[Any, ...]]:
        return self._connection.rows(query.sql("duckdb", copy=False))


class _FetchedRows:
    """The sample as lists of values by column, as text, and of the seconds of dates and times."""

    def __init__(
        self, rows: int, values: Mapping[str, Sequence[Any]], seconds: Mapping[str, Sequence[Any]]
    ) -> None:
        self.rows = rows
        self._values = values
        self._seconds = seconds

    def most_frequent(self, column: Column) -> Values:
        counts = Counter(value for value in self._values[column.name] if value is not None)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP_VALUES]
        return tuple((value, count / counts.total()) for value, count in ranked)

    def format_shares(
        self, asked: Sequence[tuple[str, str]], *, first: int | None = None
    ) -> dict[tuple[str, str], float | None]:
        shares: dict[tuple[str, str], float | None] = {}
        for column_name, name in asked:
            values = [value for value in self._values[column_name][:first] if value is not None]
            hits = sum(map(FORMATS[name].reads, values))
            shares[column_name, name] = hits / len(values) if values else None
        return shares

    def repeating(self, names: Sequence[str]) -> set[str]:
        return {name for name in names if len(set(self._values[name])) < self.rows}

    def repeats_together(self, names: Sequence[str]) -> bool:
        if not all(name in self._values for name in names):
            return False
        return len(set(zip(*[self._values[name] for name in names], strict=True))) < self.rows

    def some_values(self, columns: Sequence[Column], limit: int) -> dict[str, list[str]]:
        found = {}
        for column in columns:
            filled = (value for value in self._values.get(column.name, ()) if value is not None)
            found[column.name] = [str(value)[:_CUT_AT] for value in islice(filled, limit)]
        return found

    def quantiles(self, name: str, points: Sequence[float]) -> tuple[float, ...]:
        found = self._seconds.get(name) or self._values.get(name, ())
        numbers = (float(value) for value in found if value is not None)
        values = sorted(value for value in numbers if math.isfinite(value))
        return tuple(_at(values, point) for point in points) if values else ()

    def distinct(self, name: str) -> int:
        return len(set(self._values.get(name) or self._seconds.get(name, ())) - {None})


def _cut(column: exp.Expr) -> exp.Expr:
    return exp.func("left", exp.cast(column, TEXT), number(_CUT_AT))


def _at(values: Sequence[float], point: float) -> float:
    """The value at a share 0..1 of sorted values, between two of them in proportion."""
    place = point * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def _fetched(rows: Rows, row_count: int, sample_rows: int, raw: Figures) -> _FetchedRows:
    """The rows of a sample, as text, of the columns that anything is asked of."""
    filled = [c for c in rows.relation.columns if raw[c.name]["count"]]
    texts = [c for c in filled if _is_looked_at(c)]
    times = [c for c in filled if kind_of(c.data_type) in ("date", "timestamp")]
    if rows.dialect not in WITHOUT_QUANTILES:  # their quantiles are the only thing asked of times
        times = []
    lengths = [raw[c.name].get("mean_length") for c in texts]
    wanted = affordable_rows(len(texts) + len(times), lengths, sample_rows)
    selected = [as_text(rows.relation, c.name, rows.dialect) for c in texts]
    selected += [place for c in times if (place := ordinate(c, dialect=rows.dialect)) is not None]
    if not selected:
        return _FetchedRows(min(row_count, wanted), {}, {})
    drawn = _drawn(rows, rows.select(*selected), row_count, wanted)
    lists = list(zip(*drawn, strict=True)) if drawn else [()] * len(selected)
    values = dict(zip([c.name for c in texts], lists, strict=False))
    seconds = dict(zip([c.name for c in times], lists[len(texts) :], strict=True))
    return _FetchedRows(len(drawn), values, seconds)


# No approximate quantiles of many columns in one scan: PostgreSQL sorts for each, Redshift by one only.
WITHOUT_QUANTILES = ("postgres", "redshift")


def _is_looked_at(column: Column) -> bool:
    """Whether its values are counted, read, or may be a key."""
    kind = kind_of(column.data_type)
    return kind in ("text", "integer", "boolean", "number") or type_family(column.data_type) == "text"


def affordable_rows(columns: int, mean_lengths: Sequence[Any], sample_rows: int) -> int:
    """How many rows are fetched, so that long texts and wide tables do not fill the memory.

    Args:
        mean_lengths: of the columns' texts, in characters; None where it is not known.
        sample_rows: never more than these, and never fewer than 1.
    """
    characters = sum(float(length or 0) for length in mean_lengths)
    most = min(_MAX_CELLS / max(columns, 1), _MAX_CHARACTERS / max(characters, 1))
    return max(min(sample_rows, int(most)), 1)


def _drawn(rows: Rows, query: exp.Select, row_count: int, wanted: int) -> list[tuple[Any, ...]]:
    """About `wanted` of the rows, from everywhere; never more than three times as many."""
    if row_count <= wanted:
        return rows.fetch(query)
    most = number(3 * wanted)
    percent = 100 * wanted / row_count
    draws = rows.dialect in _DRAWS_ROWS
    if draws or (rows.dialect in _SKIPS_BLOCKS and rows.relation.kind == "table"):
        found = rows.fetch(_some_blocks(query, percent).limit(most, copy=False))
        if found:
            return found
    chosen = exp.LT(this=exp.Rand(), expression=exp.Literal.number(f"{wanted / row_count:.8f}"))
    found = rows.fetch(query.copy().where(chosen).limit(most, copy=False))
    return found or rows.fetch(query.limit(wanted))
