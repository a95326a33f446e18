"""Questions about every row of a table that a decision rests on: casts and inclusions, counted exactly."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.core.loads import BATCH_ID
from aidbt.core.schema import Relation
from aidbt.core.types import Family, type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.rows import Rows, is_unique, latest_batch

# Numbers as a number is written: a leading zero or plus sign would be lost.
_INTEGER = "^(0|-?[1-9][0-9]*)$"
_NUMBER = "^-?(0|[1-9][0-9]*)([.][0-9]*)?$"
_SCIENTIFIC = "^-?[1-9]([.][0-9]+)?[eE][+-]?[0-9]+$"
_NANOSECONDS = "[.][0-9]{6}0*[1-9]"
_EXACT_DIGITS = {"double": 15, "float": 6}  # a number with no more of them comes back as it was


def rows_lost_by_casts(
    connection: Connection, relation: Relation, casts: Sequence[tuple[str, str]], *, dialect: str
) -> dict[tuple[str, str], int]:
    """How many rows of a table would lose something by each cast (column, type), in one scan.

    A row loses when its value cannot be cast, or when casting it back does not give the same value. Text
    also loses leading zeros, a plus sign and digits when it becomes a number, the time of day when it
    becomes a date, and its offset from UTC or its nanoseconds when it becomes a timestamp.
    """
    if not casts:
        return {}
    columns = {column.name: column for column in relation.columns}
    counts = [
        exp.Anonymous(this="count_if", expressions=[_loses(name, columns[name].data_type, cast, dialect)])
        for name, cast in casts
    ]
    query = exp.select(*counts).from_(current_rows(connection, relation), copy=False)
    row = connection.rows(query.sql(dialect, copy=False))[0]
    return {pair: int(lost or 0) for pair, lost in zip(casts, row, strict=True)}  # None: an empty table


def rows_outside(
    connection: Connection,
    child: Relation,
    references: Sequence[tuple[str, Relation, str]],
    *,
    dialect: str,
) -> list[int]:
    """How many rows of `child` have a value that the parent never holds, by reference, in one statement.

    Args:
        references: (column of the child, parent, column of the parent).
    """
    if not references:
        return []
    missing = []
    for column, parent, parent_column in references:
        value, key = exp.column(column, quoted=True), exp.column(parent_column, quoted=True)
        keys = exp.select(key).from_(current_rows(connection, parent), copy=False)
        keys = keys.where(_is_filled(key), copy=False)
        outside = exp.Not(this=exp.In(this=value.copy(), query=exp.Subquery(this=keys)))
        counted = exp.And(this=_is_filled(value), expression=outside)
        missing.append(exp.Anonymous(this="count_if", expressions=[counted]))
    query = exp.select(*missing).from_(current_rows(connection, child), copy=False)
    return [int(count or 0) for count in connection.rows(query.sql(dialect, copy=False))[0]]


def is_key(connection: Connection, relation: Relation, column: str) -> bool:
    """Whether a column is never null and no two rows have the same value: every row is compared."""
    batch = latest_batch(connection, relation)
    where = exp.column(BATCH_ID, quoted=True).eq(exp.Literal.string(batch)) if batch is not None else None
    rows = Rows(connection, relation, where)
    everything, filled = rows.first(
        exp.Count(this=exp.Star()), exp.func("count", exp.column(column, quoted=True))
    )
    return bool(everything == filled and is_unique(rows, column, everything))


def distinct_values(
    connection: Connection, relation: Relation, columns: Sequence[str], *, limit: int, dialect: str
) -> dict[str, list[str]]:
    """The distinct non-null values of each column, as text, sorted; at most `limit` + 1 of each."""
    if not columns:
        return {}
    rows = current_rows(connection, relation)
    parts = []
    for number, name in enumerate(columns):
        column = exp.column(name, quoted=True)
        part = exp.select(exp.Literal.number(number), exp.cast(column, _TEXT)).distinct(copy=False)
        part = part.from_(rows.copy(), copy=False).where(_is_filled(column), copy=False)
        parts.append(exp.Subquery(this=part.limit(limit + 1, copy=False)))
    query = exp.union(*parts, distinct=False, copy=False) if len(parts) > 1 else parts[0].this
    found: dict[str, list[str]] = {name: [] for name in columns}
    for number, value in connection.rows(query.sql(dialect, copy=False)):
        found[columns[number]].append(str(value))
    return {name: sorted(values) for name, values in found.items()}


_TEXT = exp.DataType.build("text")


def _is_filled(column: exp.Column) -> exp.Expr:
    return exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))


def current_rows(connection: Connection, relation: Relation) -> exp.Expr:
    """The table as a relation to select from: for append-only bronze, its latest complete batch."""
    table = exp.table_(relation.name, db=relation.schema, quoted=True)
    batch = latest_batch(connection, relation)
    if batch is None:
        return table
    latest = exp.column(BATCH_ID, quoted=True).eq(exp.Literal.string(batch))
    return exp.select("*").from_(table).where(latest).subquery("latest")


def _loses(name: str, data_type: str, cast: str, dialect: str) -> exp.Expr:
    value = exp.column(name, quoted=True)
    wanted = exp.DataType.build(cast, dialect=dialect)
    become = exp.TryCast(this=value, to=wanted)
    if type_family(data_type) == "text":
        changes = _text_changes(exp.cast(value, "text"), become, wanted, type_family(cast))
    else:
        back = exp.TryCast(this=become, to=exp.DataType.build(data_type, dialect=dialect))
        changes = exp.NullSafeNEQ(this=back, expression=value)
    return exp.and_(value.is_(exp.null()).not_(), exp.or_(become.is_(exp.null()), changes))


def _text_changes(text: exp.Expr, become: exp.Expr, wanted: exp.DataType, family: Family) -> exp.Expr:
    """Whether a text is no longer the same when it has become something else."""
    if family == "integer":
        return exp.not_(_matches(text, _INTEGER))
    if family == "number":
        same = _without_last_zeros(text).eq(_without_last_zeros(exp.cast(become, "text")))
        exact = _EXACT_DIGITS.get(wanted.this.value.lower())
        if exact is None:
            return exp.not_(exp.and_(_matches(text, _NUMBER), same))
        limit = exp.Literal.number(exact)
        length = exp.Anonymous(this="length", expressions=[text])
        few = exp.LTE(this=_significant_digits(text), expression=limit)
        # A case, because it asks what is expensive only of the rows that are left.
        kept = (
            exp.Case()
            .when(exp.LTE(this=length, expression=limit), exp.true())
            .when(same, exp.true())
            .else_(few)
        )
        finite = exp.Anonymous(this="isfinite", expressions=[become])
        scientific = exp.and_(_matches(text, _SCIENTIFIC), finite)
        return exp.not_(exp.Case().when(_matches(text, _NUMBER), kept).else_(scientific))
    if family in ("date", "timestamp"):
        # A text without an offset is read as UTC, which is the time zone of the connection.
        before, after = (exp.TryCast(this=e, to=exp.DataType.build("timestamptz")) for e in (text, become))
        moved = exp.NullSafeNEQ(this=before, expression=after)
        return moved if family == "date" else exp.or_(moved, _matches(text, _NANOSECONDS))
    return exp.false()


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.Anonymous(this="regexp_matches", expressions=[text.copy(), exp.Literal.string(pattern)])


def _without_last_zeros(text: exp.Expr) -> exp.Expr:
    """1.50 and 1.5, 2.0 and 2 are the same number."""
    for pattern, kept in (("([.][0-9]*?)0+$", r"\1"), ("[.]$", "")):
        arguments = [text, exp.Literal.string(pattern), exp.Literal.string(kept)]
        text = exp.Anonymous(this="regexp_replace", expressions=arguments)
    return text


def _significant_digits(text: exp.Expr) -> exp.Expr:
    arguments = [text.copy(), *map(exp.Literal.string, ("^[-0.]+|[^0-9]", "", "g"))]
    digits = exp.Anonymous(this="regexp_replace", expressions=arguments)
    return exp.Anonymous(this="length", expressions=[digits])
