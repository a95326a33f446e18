"""What makes a row of a source a bad one, from the tests that failed and the casts that did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis
from aidbt.core.measured import node_name
from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.evidence.test_meaning import TestMeaning
from aidbt.healing.quarantine.entry import Entry, in_source, test_filter
from aidbt.lineage.graph import Lineage
from aidbt.project.manifest import Node

Kind = Literal["nulls", "bad_casts", "other_values", "range", "orphans", "duplicates"]
CLASSES = (
    E.NULL_VIOLATION, E.TYPE_COERCION_FAILURE, E.CONSTRAINT_VIOLATION, E.DUPLICATE_KEY,
    E.REFERENTIAL_INTEGRITY,
)  # fmt: skip
_WHOLE = ("unique", "combination", "accepted_values", "relationships")
_DECIDES = ("where", "severity", "error_if", "warn_if", "fail_calc", "limit")  # what a test counts as failed
_GOT = re.compile(r"Got (\d[\d,]*) result")
# What may stand around a column without making another value of it.
_SAME_VALUE = (
    exp.Column, exp.Identifier, exp.Literal, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Trim,
    exp.Lower, exp.Upper, exp.Nullif, exp.Coalesce, exp.Paren, exp.Round, exp.Is, exp.Null, exp.Div, exp.Mul,
    exp.Neg,
)  # fmt: skip
_NUMBERS = ("integer", "number", "date", "timestamp")


@dataclass(frozen=True, slots=True)
class Parent:
    """What orphans lack: a column of another source."""

    source: Node
    column: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a row a bad one.

    Attributes:
        condition: over the source's columns; true for a bad row, whatever is null. Of duplicates that they
            have a key; which of them stays is decided later.
        reason: a few words, for the row.
        columns: of the source that it looks at.
        key: of duplicates, what no two rows may share.
        got: how many failures the test counted; None where it does not count rows, or did not get to it.
    """

    kind: Kind
    condition: exp.Expr
    reason: str
    columns: tuple[str, ...]
    key: tuple[exp.Expr, ...] = ()
    parent: Parent | None = None
    got: int | None = None


def rules_of(diagnosis: Diagnosis, entry: Entry, case: Case) -> tuple[Rule, ...] | str:
    """What makes rows bad, by all failures of a cause; or in a sentence why that is not known."""
    if diagnosis.error_class is E.TYPE_COERCION_FAILURE:
        return tuple(_casts(entry, case)) or f"which cast cannot read {entry.name} is not known"
    found: dict[tuple[str, ...], Rule] = {}
    unclear = ""
    for failure in diagnosis.failures:
        meaning = case.tests.get(failure.unique_id)
        if meaning is None or failure.status != "fail":
            continue  # something below, that fails because of it
        if meaning.node.startswith(("source.", "seed.")):
            test = node_name(failure.unique_id)
            return f"{test} looks at the source itself, where no staging model can leave rows out"
        rule = _of_test(failure, meaning, entry, case)
        if isinstance(rule, str):
            unclear = unclear or rule
            continue
        # Of several tests that find the same, the one nearest to the source counts all.
        said = (rule.kind, rule.condition.sql(), *(part.sql() for part in rule.key))
        known = found.get(said)
        if known is None or (known.got or 0) < (rule.got or 0):
            found[said] = rule
    # What else failed, below, is judged by the proof.
    return tuple(found.values()) or unclear or "no failed test says which rows are bad"


def _of_test(failure: RunFailure, meaning: TestMeaning, entry: Entry, case: Case) -> Rule | str:
    test = case.node(failure.unique_id)
    about = case.node(meaning.node)
    name = node_name(failure.unique_id)
    if test is None or about is None:
        return f"{name} reads several models"
    said = _GOT.search(failure.message)
    config = test.config
    got = int(said[1].replace(",", "")) if said and not config.get("limit") else None
    if config.get("fail_calc") not in (None, "count(*)"):
        got = None
    asks = _asks_otherwise(test, case)
    if asks:
        return f"{name} has another {asks} since the last good run: whether it or the rows are wrong is open"
    if meaning.kind in _WHOLE and meaning.only_where:
        return f"{name} looks at a part of the rows only"
    if meaning.kind in ("unique", "combination"):
        return _duplicates(meaning, entry, case, got)
    if meaning.kind == "relationships":
        return _orphans(meaning, entry, case, got)
    if meaning.kind == "accepted_values":
        return _other_values(meaning, entry, case)
    asked = test_filter(test, about, case)
    condition = in_source(asked, meaning.node, entry, case) if asked is not None else None
    condition = safely(condition, case.dialect) if condition is not None else None
    if condition is None:
        return f"which rows of {entry.name} fail {name} cannot be told from its SQL"
    return _row_by_row(condition, meaning, entry, got)


def _asks_otherwise(test: Node, case: Case) -> str:
    """The setting by which a test finds other rows than it would have at the last good run; "" for none."""
    good = case.good_manifest.find(test.unique_id) if case.good_manifest is not None else None
    if good is None:
        return ""
    return next((name for name in _DECIDES if good.config.get(name) != test.config.get(name)), "")


def _row_by_row(condition: exp.Expr, meaning: TestMeaning, entry: Entry, got: int | None) -> Rule | str:
    if meaning.kind == "not_null":
        return _nulls(condition, entry, got)
    names = _columns(condition, entry)
    families = {_family(column, entry) for column in condition.find_all(exp.Column)}
    if not families <= set(_NUMBERS):
        return f"whether other values of {', '.join(names)} are wrong or new is a decision"
    return Rule("range", condition, f"fails {meaning.name or node_name(meaning.unique_id)}", names, got=got)


def _nulls(condition: exp.Expr, entry: Entry, got: int | None) -> Rule | str:
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    empty = [part.unnest() for part in parts]
    empty = [part for part in empty if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null)]
    names = _columns(empty[-1], entry) if empty else ()
    if not names or not all(isinstance(part, _SAME_VALUE) for part in empty[-1].walk()):
        told = ", ".join(names) or entry.name
        return f"{told} is missing because of how it is computed, not because the source has none"
    bare = empty[-1].this
    while isinstance(bare, (exp.Lower, exp.Upper, exp.Trim, exp.Paren)):
        bare = bare.this  # null where what is inside is, and nowhere else
    empty[-1].set("this", bare)
    return Rule("nulls", condition, f"no {', '.join(names)}", names, got=got)


def _other_values(meaning: TestMeaning, entry: Entry, case: Case) -> Rule | str:
    listed = [
        exp.Literal.string(value) if meaning.arguments.get("quote", True) else exp.Literal.number(value)
        for value in meaning.values
    ]
    value = exp.column(meaning.column, quoted=True)
    outside = exp.and_(value.is_(exp.null()).not_(), exp.not_(value.copy().isin(*listed)))
    condition = in_source(outside, meaning.node, entry, case)
    if condition is None or not listed:
        return f"{meaning.column} of {node_name(meaning.node)} is not one column of {entry.name}"
    names = _columns(condition, entry)
    return Rule("other_values", condition, f"{', '.join(names)} is not among the accepted values", names)


def _duplicates(meaning: TestMeaning, entry: Entry, case: Case, got: int | None) -> Rule | str:
    names = list(meaning.columns) or [meaning.column]
    if not all(names):
        return f"{node_name(meaning.unique_id)} does not say which columns are the key"
    found = [in_source(exp.column(name, quoted=True), meaning.node, entry, case) for name in names]
    key = tuple(part for part in found if part is not None)
    if len(key) < len(names):
        return f"{', '.join(names)} of {node_name(meaning.node)} is not one column of {entry.name} each"
    filled = exp.and_(*(part.copy().is_(exp.null()).not_() for part in key))
    if meaning.kind == "combination":
        filled = exp.true()  # a null counts as a value there
    columns = tuple(dict.fromkeys(name for part in key for name in _columns(part, entry)))
    reason = f"{', '.join(columns)} stands more than once"
    return Rule("duplicates", filled, reason, columns, key, got=got)


def _orphans(meaning: TestMeaning, entry: Entry, case: Case, got: int | None) -> Rule | str:
    value = in_source(exp.column(meaning.column, quoted=True), meaning.node, entry, case)
    if value is None:
        return f"{meaning.column} of {node_name(meaning.node)} is not one column of {entry.name}"
    parent = _parent(meaning, case)
    if isinstance(parent, str):
        return parent
    known = exp.column(parent.column, quoted=True)
    keys = exp.select(known).from_(source_table(parent.source)).where(known.copy().is_(exp.null()).not_())
    missing = exp.not_(exp.In(this=value.copy(), query=exp.Subquery(this=keys)))
    condition = exp.and_(value.is_(exp.null()).not_(), missing)
    names = tuple(dict.fromkeys(column.name for column in value.find_all(exp.Column)))
    reason = f"{', '.join(names)} is not in {node_name(parent.source.unique_id)}"
    return Rule("orphans", condition, reason, names, parent=parent, got=got)


def _parent(meaning: TestMeaning, case: Case) -> Parent | str:
    """The column of a source that a relationship asks for, where it comes through as it is."""
    node = case.node(meaning.to)
    lineage: Lineage | None = case.lineage
    if node is None or lineage is None:
        return "what the rows should refer to is not known"
    at, column = node.unique_id, meaning.to_column
    for _ in range(20):
        if at.startswith("source."):
            source = case.node(at)
            relation = relation_of(source, case.relations) if source is not None else None
            found = relation.column(column) if relation is not None else None
            if source is None or found is None:
                return f"{node_name(at)} is no table of the warehouse with a column {column}"
            return Parent(source, found.name)
        known = lineage.nodes[at].column(column) if at in lineage.nodes else None
        uses = (
            [use for use in known.uses if use.how in ("passthrough", "rename")] if known is not None else []
        )
        if at.startswith("seed.") or known is None or len(uses) != 1 or len(known.uses) != 1:
            break
        at, column = uses[0].relation, uses[0].column
    name = node_name(meaning.to)
    if at.startswith("seed."):
        return f"{name} is a list that people keep: whether a code is wrong or new is a decision"
    return f"{meaning.to_column} of {name} is not one column of a source as it is"


def _casts(entry: Entry, case: Case) -> Iterator[Rule]:
    """Every cast of text in the model that reads the source, and those that models below make of its
    columns."""
    seen: list[exp.Expr] = []
    made = [value for value in entry.traced.columns.values() if value is not None]
    casts = [cast for item in (*made, *entry.traced.filters) for cast in item.find_all(exp.Cast)]
    asked = [(cast.this, cast.to.sql(case.dialect)) for cast in casts if not isinstance(cast, exp.TryCast)]
    for violation in case.violations:
        if violation.kind == "bad_casts" and violation.source == entry.source.unique_id and violation.bad:
            is_told = any(violation.column in _columns(value, entry) for value, _ in asked)
            asked += [] if is_told else [(exp.column(violation.column, quoted=True), violation.detail)]
    for value, data_type in asked:
        names = _columns(value, entry)
        column = entry.relation.column(names[0]) if len(names) == 1 else None
        if column is None or type_family(column.data_type) != "text" or type_family(data_type) == "text":
            continue
        condition = unreadable(value, data_type, case.dialect)
        if condition not in seen:
            seen.append(condition)
            yield Rule("bad_casts", condition, f"{names[0]} is no {data_type.lower()}", names)


def unreadable(value: exp.Expr, data_type: str, dialect: str) -> exp.Expr:
    """That a text is there and cannot be cast.

    Example:
        >>> unreadable(exp.column("a"), "INT", "duckdb").sql("duckdb")
        'NOT a IS NULL AND TRY_CAST(a AS INT) IS NULL'
    """
    filled = exp.not_(value.copy().is_(exp.null()))
    if dialect == "postgres":  # 16 and later; it has no TRY_CAST
        asked = [value.copy(), exp.Literal.string(data_type.lower())]
        return exp.and_(filled, exp.not_(exp.Anonymous(this="pg_input_is_valid", expressions=asked)))
    to = exp.DataType.build(data_type, dialect=dialect)
    text = value.copy()
    text.type = exp.DataType.build("text")  # Snowflake's TRY_CAST takes nothing else
    return exp.and_(filled, exp.TryCast(this=text, to=to, safe=True).is_(exp.null()))


def source_table(source: Node) -> exp.Table:
    """A source by the name it has in the warehouse."""
    return exp.table_(source.identifier or source.name, db=source.schema, quoted=True)


def safely(value: exp.Expr, dialect: str) -> exp.Expr:
    """An expression that gives null where a cast in it fails, if the dialect has such a cast.

    Example:
        >>> safely(exp.cast(exp.column("a"), "int"), "duckdb").sql("duckdb")
        'TRY_CAST(a AS INT)'
    """
    if dialect == "postgres":
        return value.copy()
    return value.copy().transform(
        lambda node: exp.TryCast(this=node.this, to=node.to, safe=True) if type(node) is exp.Cast else node
    )


def _family(column: exp.Column, entry: Entry) -> str:
    """The family of a column as an expression reads it."""
    if isinstance(column.parent, exp.Cast):
        return type_family(column.parent.to.sql())
    known = entry.relation.column(column.name)
    return type_family(known.data_type) if known is not None else "other"


def _columns(expression: exp.Expr, entry: Entry) -> tuple[str, ...]:
    """The columns of the source that an expression names, in its order."""
    known = {column.name for column in entry.relation.columns}
    names = dict.fromkeys(column.name for column in expression.find_all(exp.Column))
    return tuple(name for name in names if name in known)
