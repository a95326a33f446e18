"""The one statement that measures a table: per bucket the counts and sums of which metrics are made.

Everything is asked for as doubles, times as seconds since 1970, so that all drivers answer alike. The most
frequent values of code columns are further parts of the same statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from aidbt.core.measured import FactKey
from aidbt.core.schema import Column
from aidbt.core.types import has_time_zone
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import SKEW, Window
from aidbt.warehouse.dialects.times import WALL_CLOCK, value_type
from aidbt.warehouse.rows import as_text, number, table_of
from aidbt.warehouse.sampling import DOUBLE, WITHOUT_QUANTILES, kind_of, measured
from aidbt.warehouse.words import words_of

TOP_VALUES = 20
QUANTILES = (0.05, 0.5, 0.95)
QUANTILE_FACTS = ("p05", "p50", "p95")
# What sorts or keeps all values is asked of tables of so many rows only: exact quantiles, medians, and where
# there is no sketch distinct values.
_SORTED_ROWS = 1_000_000
_SORTS = ("postgres", "redshift")
# A cast to a time without an offset keeps the hour of the value's own offset, not of the session's.
_KEEPS_OFFSETS = ("snowflake", "trino")
# Whose count(distinct …) takes one value of a plain type.
_COUNTS_NO_TUPLES = ("bigquery", "redshift")
# What programs write where they know no time (in UTC).
_NO_TIMES = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1900, 1970))
# Kinds whose distinct values tell something; amounts and times are nearly all different.
_COUNTED_KINDS = ("integer", "text", "date")
# The last word of a number that only refers to something: its mean says nothing.
_REFERENCES = frozenset({"id", "key", "pk", "fk", "sk", "uuid", "guid"})
# Of these alone the name of a part of a date is made, which goes with the calendar and is never odd itself.
_OF_CALENDAR = frozenset(
    {"year", "quarter", "month", "week", "day", "weekday", "hour", "minute", "second", "dow", "doy"}
    | {"of", "number", "iso", "fiscal", "calendar"}
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is asked, and what each column of the answer is.

    Attributes:
        tree: in DuckDB's words, for `dialects.render`. Its rows are (part, bucket, value, *figures): part 0
            has the figures of a bucket, part n + 1 in its first figure the rows of a value of `codes[n]`.
        figures: the fact and the column of each figure; the fact "quantiles" is a list.
    """

    tree: exp.Expr
    figures: tuple[FactKey, ...]
    codes: tuple[str, ...] = ()


def only_refers(name: str) -> bool:
    """Whether a number of that name stands for something else: a key, or a part of a date.

    Example:
        >>> only_refers("customer_id"), only_refers("day_of_week"), only_refers("days_late")
        (True, True, False)
    """
    words = words_of(name)
    return bool(words) and (words[-1] in _REFERENCES or _OF_CALENDAR.issuperset(words))


def may_be_nan(data_type: str, dialect: str) -> bool:
    """Whether a column of numbers may hold NaN or infinity: floats, and all numbers of PostgreSQL.

    Example:
        >>> may_be_nan("DOUBLE", "duckdb"), may_be_nan("DECIMAL(12, 2)", "duckdb")
        (True, False)
    """
    said = data_type.lower()
    return dialect == "postgres" or any(word in said for word in ("float", "double", "real"))


def measuring(
    target: Target,
    window: Window | None,
    dialect: str,
    *,
    codes: Sequence[str] = (),
    only_codes: bool = False,
) -> Statement:
    """The statement for a target.

    Args:
        window: None measures the table as a whole.
        codes: columns whose most frequent values are counted.
        only_codes: leave out everything else.
    """
    asked = list(_figures(target, window, dialect))
    parts: list[exp.Expr] = []
    if not only_codes:
        parts.append(_scan(target, window, dialect, [value for _, value in asked]))
    width = 1 if only_codes else len(asked)
    parts += [_values(target, window, dialect, name, n + 1, width) for n, name in enumerate(codes)]
    tree = exp.union(*parts, distinct=False, copy=False) if len(parts) > 1 else parts[0]
    figures = (("rows", ""),) if only_codes else tuple(key for key, _ in asked)
    return Statement(tree, figures, tuple(codes))


def counting(target: Target, since: datetime, window: Window, dialect: str) -> exp.Expr:
    """The rows of each bucket from `since` up to the window: (bucket, rows), of one column only."""
    assert target.event_time is not None
    time = _column(target.event_time, dialect)
    query = _select(target, dialect, [_bucket(target.event_time, window, dialect), _double(_count())])
    return _grouped(
        query.where(
            exp.and_(
                exp.GTE(this=time, expression=_instant(target.event_time, since, window, dialect)),
                exp.LT(
                    this=time.copy(), expression=_instant(target.event_time, window.since, window, dialect)
                ),
                copy=False,
            ),
            copy=False,
        )
    )


def newest_event(target: Target, dialect: str) -> exp.Expr:
    """When the newest event was, as seconds since 1970, with one row; null of an empty table."""
    assert target.event_time is not None
    return _select(target, dialect, [_epoch(exp.Max(this=_column(target.event_time, dialect)))])


def _scan(target: Target, window: Window | None, dialect: str, figures: list[exp.Expr]) -> exp.Expr:
    if window is None:
        return _select(target, dialect, [number(0), exp.cast(exp.null(), DOUBLE), _no_text(), *figures])
    assert target.event_time is not None
    time = _column(target.event_time, dialect)
    until = _instant(target.event_time, window.until, window, dialect)
    since = _instant(target.event_time, window.since, window, dialect)
    is_since = exp.GTE(this=time, expression=since)
    is_over = exp.LT(this=time.copy(), expression=until)
    # What is not over yet, dated in the future or without a time is one group without a bucket.
    bucket = exp.Case(
        ifs=[
            exp.If(
                this=exp.and_(is_since, is_over, copy=False),
                true=_bucket(target.event_time, window, dialect),
            )
        ]
    )
    query = _select(target, dialect, [number(0), bucket, _no_text(), *figures])
    # Of a row without a time nobody knows when it came, so each scan counts all of them.
    query = query.where(
        exp.or_(is_since.copy(), _is_untimed(target.event_time, window, dialect), copy=False), copy=False
    )
    return query.group_by(number(2), copy=False)


def _is_untimed(column: Column, window: Window, dialect: str) -> exp.Expr:
    """Whether a row has no event time, or one that programs write where they know none."""
    time = _column(column, dialect)
    is_null: exp.Expr = exp.Is(this=time, expression=exp.null())
    stand_ins = [
        _stand_in(column, instant, window, dialect)
        for instant in _NO_TIMES
        if instant < window.instant(window.since)
        and (instant.year > 1 or "_ns" not in column.data_type.lower())  # which begin in 1677
    ]
    if not stand_ins:
        return is_null
    return exp.or_(is_null, exp.In(this=time.copy(), expressions=stand_ins), copy=False)


def _stand_in(column: Column, instant: datetime, window: Window, dialect: str) -> exp.Expr:
    """A time that stands for none, as programs write it: of a date the day itself, in whatever time zone."""
    if kind_of(column.data_type) == "date":
        return exp.cast(exp.Literal.string(instant.date().isoformat()), "date")
    return _instant(column, instant, window, dialect, is_local=False)


def _values(
    target: Target, window: Window | None, dialect: str, name: str, part: int, width: int
) -> exp.Expr:
    """The most frequent values of a column in each bucket, and how many rows have each."""
    c = exp.column(name, quoted=True)
    value = as_text(target.relation, name, dialect)
    bucket: exp.Expr = exp.cast(exp.null(), DOUBLE)
    conditions: list[exp.Expr] = [exp.not_(exp.Is(this=c, expression=exp.null()), copy=False)]
    if window is not None and target.event_time is not None:
        time, since, until = (
            _column(target.event_time, dialect),
            _instant(target.event_time, window.since, window, dialect),
            _instant(target.event_time, window.until, window, dialect),
        )
        bucket = _bucket(target.event_time, window, dialect)
        conditions += [
            exp.GTE(this=time, expression=since),
            exp.LT(this=time.copy(), expression=until),
        ]
    counted = _select(
        target,
        dialect,
        [exp.alias_(bucket, "bucket"), exp.alias_(value, "value"), exp.alias_(_count(), "n")],
    ).where(*conditions, copy=False)
    counted = counted.group_by(*([number(1)] if window is not None else []), number(2), copy=False)
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column("bucket")],
        order=exp.Order(
            expressions=[
                exp.Ordered(this=exp.column("n"), desc=True, nulls_first=False),
                exp.Ordered(this=exp.column("value"), nulls_first=False),
            ]
        ),
    )
    names = [exp.column(name) for name in ("bucket", "value", "n")]
    ranked = exp.Select(expressions=[*names, exp.alias_(rank, "place")]).from_(counted.subquery("counted"))
    padding = [exp.null() for _ in range(width - 1)]
    chosen = [number(part), exp.column("bucket"), exp.column("value"), _double(exp.column("n")), *padding]
    top = exp.LTE(this=exp.column("place"), expression=number(TOP_VALUES))
    return exp.Select(expressions=chosen).from_(ranked.subquery("ranked")).where(top, copy=False)


# --- figures ----------------------------------------------------------------------------------------------


def _figures(target: Target, window: Window | None, dialect: str) -> Iterator[tuple[FactKey, exp.Expr]]:
    yield ("rows", ""), _double(_count())
    if target.event_time is not None:
        time = _column(target.event_time, dialect)
        yield ("event_at", ""), _epoch(exp.Max(this=time))
        if window is not None:
            later = _instant(target.event_time, window.now + SKEW, window, dialect, is_local=False)
            yield ("future_rows", ""), _count_if(exp.GT(this=time.copy(), expression=later))
            yield ("untimed_rows", ""), _count_if(_is_untimed(target.event_time, window, dialect))
    if target.load_time is not None and target.load_time != target.event_time:
        yield ("load_at", ""), _epoch(exp.Max(this=_column(target.load_time, dialect)))
    for column in target.columns:
        is_large = (target.relation.row_count or 0) > _SORTED_ROWS
        for fact, value in _column_figures(target, column, dialect, is_large=is_large):
            yield (fact, column.name), value
    for names in target.composite_keys:
        yield ("keyed", ", ".join(names)), _double(_count_if_all(names))
        yield ("keys", ", ".join(names)), _double(_distinct_keys(target, names, dialect))


def _column_figures(
    target: Target, column: Column, dialect: str, *, is_large: bool
) -> Iterator[tuple[str, exp.Expr]]:
    c = _column(column, dialect)
    kind = kind_of(column.data_type)
    is_private = column.name in target.private
    # A number that is not finite is none: it counts with the nulls.
    value = measured(column, dialect=dialect) if kind in ("integer", "number") else c
    yield "filled", _double(exp.Count(this=value))
    if kind == "number" and may_be_nan(column.data_type, dialect):
        given = exp.Count(this=_quoted(column.name))
        yield "not_finite", _double(exp.Sub(this=given, expression=exp.Count(this=value.copy())))
    is_reference = column.name in target.keys or (kind != "text" and only_refers(column.name))
    if column.name in target.keys:
        yield "keyed", _double(exp.Count(this=c.copy()))
        yield "keys", _double(exp.Count(this=exp.Distinct(expressions=[c.copy()])))
    elif kind in _COUNTED_KINDS and not (is_large and dialect in _SORTS):
        yield "distinct", _double(exp.ApproxDistinct(this=c.copy()))
    if kind == "text":
        yield "lengths", exp.Sum(this=_double(exp.Anonymous(this="length", expressions=[c.copy()])))
        yield "empties", _count_if(exp.EQ(this=c.copy(), expression=exp.Literal.string("")))
    if kind == "boolean":
        yield "trues", _count_if(c.copy())
    if is_private or is_reference:
        return
    if kind in ("integer", "number"):
        yield from _number_figures(value, dialect, is_large=is_large)
    elif kind in ("date", "timestamp"):
        yield "low", _epoch(exp.Min(this=c.copy()))
        yield "high", _epoch(exp.Max(this=c.copy()))


def _count_if_all(names: Sequence[str]) -> exp.Expr:
    """The rows in which none of the columns is null."""
    filled = [exp.not_(exp.Is(this=_quoted(name), expression=exp.null()), copy=False) for name in names]
    return _count_if(exp.and_(*filled, copy=False))


def _distinct_keys(target: Target, names: Sequence[str], dialect: str) -> exp.Expr:
    """How many combinations of the columns there are, without those with a null."""
    if dialect in _COUNTS_NO_TUPLES:
        values = [as_text(target.relation, name, dialect) for name in names]
        joined = values[0]
        for value in values[1:]:
            between = exp.DPipe(this=joined, expression=exp.Literal.string("\x1f"))
            joined = exp.DPipe(this=between, expression=value)
        return exp.Count(this=exp.Distinct(expressions=[joined]))
    return exp.Count(this=exp.Distinct(expressions=[_quoted(name) for name in names]))


def _number_figures(value: exp.Expr, dialect: str, *, is_large: bool) -> Iterator[tuple[str, exp.Expr]]:
    yield "sum", exp.Sum(this=value.copy())
    yield "squares", exp.Sum(this=exp.Mul(this=exp.Paren(this=value.copy()), expression=_paren(value)))
    yield "low", exp.Min(this=value.copy())
    yield "high", exp.Max(this=value.copy())
    yield "zeros", _count_if(exp.EQ(this=value.copy(), expression=number(0)))
    yield "negatives", _count_if(exp.LT(this=value.copy(), expression=number(0)))
    if dialect in WITHOUT_QUANTILES:
        if dialect == "postgres" and not is_large:
            yield "p50", exp.Median(this=value.copy())
        return
    points = exp.Array(expressions=[exp.Literal.number(point) for point in QUANTILES])
    # Exact ones cost DuckDB half of what a t-digest does, and the memory of all values.
    name = "quantile_disc" if dialect == "duckdb" and not is_large else "approx_quantile"
    yield "quantiles", exp.Anonymous(this=name, expressions=[value.copy(), points])


# --- small trees ------------------------------------------------------------------------------------------


def _quoted(name: str) -> exp.Expr:
    return exp.column(name, quoted=True)


def _column(column: Column, dialect: str) -> exp.Expr:
    """The column, with its type where that is a time's."""
    c = exp.column(column.name, quoted=True)
    kind = kind_of(column.data_type)
    if kind == "date":
        c.type = exp.DataType.build("date")
    elif kind == "timestamp":
        c.type = exp.DataType.build("timestamptz" if _is_instant(column, dialect) else WALL_CLOCK)
    return c


def _bucket(column: Column, window: Window, dialect: str) -> exp.Expr:
    """When the bucket of a row begins, as seconds since 1970 of the clock on the wall."""
    c = _column(column, dialect)
    if kind_of(column.data_type) == "date":
        return _epoch(c)
    is_instant = _is_instant(column, dialect)
    if window.zone != "UTC" or (is_instant and dialect in _KEEPS_OFFSETS):
        # A time without an offset is one in UTC, as everywhere.
        instant = exp.cast(c, "timestamptz", copy=False)
        c = exp.Anonymous(this="timezone", expressions=[exp.Literal.string(window.zone), instant])
        c.type = exp.DataType.build(WALL_CLOCK)
    elif is_instant and dialect != "bigquery":
        c = exp.cast(c, WALL_CLOCK, copy=False)
    return _epoch(exp.TimestampTrunc(this=c, unit=exp.var(window.grain.upper())))


def _is_instant(column: Column, dialect: str) -> bool:
    return has_time_zone(column.data_type, dialect)


def _instant(
    column: Column, time: datetime, window: Window, dialect: str, *, is_local: bool = True
) -> exp.Expr:
    """A time as a literal of the column's type; of a date the day in which it is."""
    if kind_of(column.data_type) == "date":
        day = (time if is_local else time.astimezone(ZoneInfo(window.zone))).date()
        return exp.cast(exp.Literal.string(day.isoformat()), "date")
    instant = (window.instant(time) if is_local else time).astimezone(UTC).replace(tzinfo=None)
    said = instant.isoformat(sep=" ", timespec="seconds")
    if _is_instant(column, dialect):
        return exp.cast(exp.Literal.string(f"{said}+00:00"), "timestamptz")
    return exp.cast(exp.Literal.string(said), WALL_CLOCK)


def _select(target: Target, dialect: str, expressions: Sequence[exp.Expr]) -> exp.Select:
    # Without the builder's copies: it would copy a tree of a thousand nodes.
    return exp.Select(expressions=list(expressions)).from_(table_of(target.relation, dialect), copy=False)


def _grouped(query: exp.Select) -> exp.Select:
    return query.group_by(number(1), copy=False)


def _count() -> exp.Expr:
    return exp.Count(this=exp.Star())


def _count_if(condition: exp.Expr) -> exp.Expr:
    return _double(exp.Anonymous(this="count_if", expressions=[condition]))


def _double(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, DOUBLE, copy=False)


def _epoch(time: exp.Expr) -> exp.Expr:
    known = value_type(time)
    seconds = exp.Anonymous(this="epoch", expressions=[time])
    if known is not None:
        time.type = known
    return _double(seconds)


def _paren(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value.copy())


def _no_text() -> exp.Expr:
    return exp.cast(exp.null(), exp.DataType.build("text"))
