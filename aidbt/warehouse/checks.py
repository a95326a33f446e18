"""Questions about every row of a table that a decision rests on: casts and inclusions, counted exactly."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.errors import ParseError

from aidbt.core.schema import Relation
from aidbt.core.types import Family, is_plain_text, is_same_type, type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import can_render, render
from aidbt.warehouse.dialects.casts import INSTANT_FORM, INSTANTS, MIDNIGHT_FORM, TIMESTAMP_FORM, UTC_FORM
from aidbt.warehouse.rows import as_text, current_rows, is_unique, number, rows_of

# Numbers as a number is written: a leading zero or plus sign would be lost.
_INTEGER = "^(0|-?[1-9][0-9]*)$"
_NUMBER = "^-?(0|[1-9][0-9]*)([.][0-9]*)?$"
_SCIENTIFIC = "^-?[1-9]([.][0-9]+)?[eE][+-]?[0-9]+$"
_EXACT_DIGITS = {"double": 15, "float": 6}  # a number with no more of them comes back as it was
# Digits after the second of a timestamp type that names none.
_SECOND_DIGITS = {"trino": 3, "snowflake": 9}


def rows_lost_by_casts(
    connection: Connection,
    relation: Relation,
    casts: Sequence[tuple[str, str]],
    *,
    dialect: str | None = None,
) -> dict[tuple[str, str], int]:
    """How many rows of a table would lose something by each cast (column, type), in one scan.

    A row loses when its value cannot be cast, or when casting it back does not give the same value. Text
    also loses leading zeros, a plus sign and digits when it becomes a number, the time of day when it
    becomes a date, and its offset from UTC or its nanoseconds when it becomes a timestamp.

    A cast that cannot be tried in the warehouse's SQL without failing is left out: it is not proven. Where
    there is no TRY_CAST a value counts as lost that is castable but written unusually.

    Args:
        dialect: in which the types are named; by default the connection's own.
    """
    columns = {column.name: column for column in relation.columns}
    counts: dict[tuple[str, str], exp.Expr] = {}
    for name, cast in casts:
        loses = _loses(name, columns[name].data_type, cast, dialect or connection.dialect)
        if loses is not None and can_render(loses, connection.dialect):
            counts[name, cast] = exp.Anonymous(this="count_if", expressions=[loses])
    if not counts:
        return {}
    query = exp.select(*counts.values()).from_(current_rows(connection, relation), copy=False)
    row = connection.rows(render(query, connection.dialect))[0]
    return {pair: int(lost or 0) for pair, lost in zip(counts, row, strict=True)}  # None: an empty table


def rows_outside(
    connection: Connection,
    child: Relation,
    references: Sequence[tuple[str, Relation, str]],
    *,
    dialect: str | None = None,
) -> list[int]:
    """How many rows of `child` have a value that the parent never holds, by reference, in one statement.

    Values of types that cannot be compared are never the same.

    Args:
        references: (column of the child, parent, column of the parent).
        dialect: not needed any more.
    """
    if not references:
        return []
    if connection.dialect == "duckdb":
        missing = [_not_in(connection, *reference) for reference in references]
        query: exp.Expr = exp.select(*missing).from_(current_rows(connection, child), copy=False)
        return [int(count or 0) for count in connection.rows(render(query, connection.dialect))[0]]
    parts = [
        _without_parent(connection, place, child, *reference) for place, reference in enumerate(references)
    ]
    query = exp.union(*parts, distinct=False, copy=False) if len(parts) > 1 else parts[0]
    found = {int(place): int(count) for place, count in connection.rows(render(query, connection.dialect))}
    return [found[place] for place in range(len(references))]


def is_key(connection: Connection, relation: Relation, column: str) -> bool:
    """Whether a column is never null and no two rows have the same value: every row is compared."""
    rows = rows_of(connection, relation)
    everything, filled = rows.first(
        exp.Count(this=exp.Star()), exp.func("count", exp.column(column, quoted=True))
    )
    return bool(everything == filled and is_unique(rows, column, everything))


def distinct_values(
    connection: Connection,
    relation: Relation,
    columns: Sequence[str],
    *,
    limit: int,
    dialect: str | None = None,
) -> dict[str, list[str]]:
    """The distinct non-null values of each column, as text, sorted; at most `limit` + 1 of each.

    Args:
        dialect: not needed any more.
    """
    if not columns:
        return {}
    rows = current_rows(connection, relation)
    parts = []
    for place, name in enumerate(columns):
        column = exp.column(name, quoted=True)
        part = exp.select(number(place), as_text(relation, name, connection.dialect)).distinct(copy=False)
        part = part.from_(rows.copy(), copy=False).where(_is_filled(column), copy=False)
        parts.append(exp.Subquery(this=part.limit(limit + 1, copy=False)))
    query = exp.union(*parts, distinct=False, copy=False) if len(parts) > 1 else parts[0].this
    found: dict[str, list[str]] = {name: [] for name in columns}
    for place, value in connection.rows(render(query, connection.dialect)):
        found[columns[place]].append(str(value))
    return {name: sorted(values) for name, values in found.items()}


_TEXT = exp.DataType.build("text")


def _is_filled(column: exp.Column) -> exp.Expr:
    return exp.Not(this=exp.Is(this=column.copy(), expression=exp.null()))


# --- inclusions ---------------------------------------------------------------------------------------


def _not_in(connection: Connection, column: str, parent: Relation, parent_column: str) -> exp.Expr:
    """The count of the rows at hand whose value is not among the parent's: DuckDB hashes those once."""
    value, key = exp.column(column, quoted=True), exp.column(parent_column, quoted=True)
    keys = exp.select(key).from_(current_rows(connection, parent), copy=False)
    keys = keys.where(_is_filled(key), copy=False)
    outside = exp.Not(this=exp.In(this=value.copy(), query=exp.Subquery(this=keys)))
    return exp.Anonymous(this="count_if", expressions=[exp.And(this=_is_filled(value), expression=outside)])


def _without_parent(
    connection: Connection, place: int, child: Relation, column: str, parent: Relation, parent_column: str
) -> exp.Select:
    """The place, and the count of the child's rows without a parent, as an anti-join.

    Not IN: Spark has no subquery in an aggregate, and PostgreSQL compares every pair of rows once the
    parent's keys do not fit in its memory.
    """
    value = exp.column(column, table="child", quoted=True)
    key = exp.column(parent_column, table="parent", quoted=True)
    outside = _is_filled(value)
    if _comparable(child, column, parent, parent_column):
        same = exp.select(number(1)).from_(_named(current_rows(connection, parent), "parent"), copy=False)
        outside = exp.and_(outside, exp.not_(exp.Exists(this=same.where(key.eq(value), copy=False))))
    query = exp.select(number(place), exp.Count(this=exp.Star()))
    return query.from_(_named(current_rows(connection, child), "child"), copy=False).where(
        outside, copy=False
    )


def _named(rows: exp.Expr, name: str) -> exp.Expr:
    rows.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    return rows


def _comparable(child: Relation, column: str, parent: Relation, parent_column: str) -> bool:
    """Whether two columns can be compared as they are, as a test of dbt's would."""
    types = [found.data_type for found in (child.column(column), parent.column(parent_column)) if found]
    if len(types) < 2 or is_same_type(*types):
        return True
    kinds = ["text" if is_plain_text(t) else type_family(t) if type_family(t) != "text" else t for t in types]
    return kinds[0] == kinds[1] != "other" or set(kinds) == {"integer", "number"}


# --- casts --------------------------------------------------------------------------------------------


def _loses(name: str, data_type: str, cast: str, dialect: str) -> exp.Expr | None:
    """Whether the value of a row would lose something; None when the dialect does not know a type."""
    value = exp.column(name, quoted=True)
    try:
        wanted = exp.DataType.build(cast, dialect=dialect)
        own = _TEXT if is_plain_text(data_type) else exp.DataType.build(data_type, dialect=dialect)
    except ParseError:
        return None
    value.type = own
    is_text = type_family(cast) == "text"
    if is_text and dialect != "duckdb":
        if wanted.this in _PADDED:
            return None
        longest = wanted.expressions[0].name if wanted.expressions else ""
        wanted = _TEXT if is_plain_text(cast) else wanted
    if type_family(data_type) == "text" and (dialect == "duckdb" or own is _TEXT):
        text = exp.cast(value, _TEXT)
        become = exp.TryCast(this=value if dialect == "duckdb" else text, to=wanted)
        changes = _text_changes(text, become, wanted, type_family(cast), dialect)
    else:
        become = exp.TryCast(this=value, to=wanted)
        become.type = wanted
        changes = exp.NullSafeNEQ(this=exp.TryCast(this=become, to=own), expression=value)
    if is_text and dialect != "duckdb" and longest.isdigit():
        changes = exp.or_(changes, _is_longer(value, int(longest), dialect))
    return exp.and_(value.is_(exp.null()).not_(), exp.or_(become.is_(exp.null()), changes))


_PADDED = (exp.DType.CHAR, exp.DType.NCHAR, exp.DType.BPCHAR)


def _is_longer(value: exp.Expr, longest: int, dialect: str) -> exp.Expr:
    """Whether the value would be cut off as a text: some dialects cut, some fail, some do neither."""
    counts = "strlen" if dialect == "redshift" else "length"  # Redshift counts bytes
    length = exp.Anonymous(this=counts, expressions=[exp.cast(value, _TEXT)])
    return exp.GT(this=length, expression=number(longest))


def _text_changes(
    text: exp.Expr, become: exp.Expr, wanted: exp.DataType, family: Family, dialect: str
) -> exp.Expr:
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
        return _moves(text, become, wanted, family, dialect)
    return exp.false()


def _moves(text: exp.Expr, become: exp.Expr, wanted: exp.DataType, family: Family, dialect: str) -> exp.Expr:
    """Whether a text that becomes a time is another time then."""
    nanoseconds = _matches(text, f"[.][0-9]{{{_second_digits(wanted, dialect)}}}0*[1-9]")
    if dialect == "duckdb":
        # A text without an offset is read as UTC, which is the time zone of the connection.
        before, after = (exp.TryCast(this=e, to=exp.DataType.build("timestamptz")) for e in (text, become))
        moved = exp.NullSafeNEQ(this=before, expression=after)
        return moved if family == "date" else exp.or_(moved, nanoseconds)
    # Engines differ in what they do with an offset, so the form decides: what is not written like this may
    # move. Spark's timestamps have no form of their own; BigQuery reads a text without an offset as UTC.
    if family == "date":
        return exp.not_(_matches(text, MIDNIGHT_FORM))
    form = UTC_FORM
    if wanted.this in INSTANTS and dialect not in ("spark", "databricks"):
        form = TIMESTAMP_FORM if dialect == "bigquery" else INSTANT_FORM
    return exp.or_(exp.not_(_matches(text, form)), nanoseconds)


def _second_digits(data_type: exp.DataType, dialect: str) -> int:
    own = data_type.expressions[0].name if data_type.expressions else ""
    return int(own) if own.isdigit() and dialect != "duckdb" else _SECOND_DIGITS.get(dialect, 6)


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.Anonymous(this="regexp_matches", expressions=[text.copy(), exp.Literal.string(pattern)])


def _without_last_zeros(text: exp.Expr) -> exp.Expr:
    """1.50 and 1.5, 2.0 and 2 are the same number."""
    point = exp.GT(this=exp.StrPosition(this=text, substr=exp.Literal.string(".")), expression=number(0))
    return exp.Case(ifs=[exp.If(this=point, true=_without_last(".", _without_last("0", text)))], default=text)


def _without_last(character: str, text: exp.Expr) -> exp.Expr:
    return exp.Trim(this=text, expression=exp.Literal.string(character), position="TRAILING")


def _significant_digits(text: exp.Expr) -> exp.Expr:
    arguments = [text.copy(), *map(exp.Literal.string, ("^[-0.]+|[^0-9]", "", "g"))]
    digits = exp.Anonymous(this="regexp_replace", expressions=arguments)
    return exp.Anonymous(this="length", expressions=[digits])
