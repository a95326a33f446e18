"""Instants (timestamps with time zone) used together with timestamps that have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.core.types import has_time_zone, type_family
from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown
from aidbt.sql.resolve import data_type

_TOGETHER = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.Coalesce, exp.Greatest, exp.Least,
    exp.Sub, exp.DateDiff, exp.TimestampDiff,
)  # fmt: skip
# Where the day of an instant is that of the session's time zone; elsewhere it is UTC's.
_SESSION = frozenset({"duckdb", "postgres", "redshift", "snowflake", "spark", "databricks", "trino"})


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for node in query.tree.find_all(*_TOGETHER):
        zones = _zones(_operands(node), query.dialect)
        if len(zones) == 2:
            yield hit_at(
                node,
                f"{shown(node, query.dialect)} mixes {zones[True]} with {zones[False]}: "
                "what it gives depends on the session's time zone",
            )
    if query.dialect in _SESSION:
        yield from _days(query.tree, query.dialect)


def _operands(node: exp.Expr) -> list[exp.Expr]:
    found = [node.args.get(key) for key in ("this", "expression", "low", "high")]
    return [part for part in (*found, *node.expressions) if isinstance(part, exp.Expr)]


def _zones(operands: Sequence[exp.Expr], dialect: str) -> dict[bool, str]:
    """Whether it is an instant → the type of one of the operands that are timestamps at all."""
    types = [data_type(operand, dialect) for operand in operands]
    return {has_time_zone(kind, dialect): kind for kind in types if type_family(kind) == "timestamp"}


def _days(tree: exp.Expr, dialect: str) -> Iterator[Hit]:
    """The days, weeks and months of instants, which begin when they do in the session's time zone."""
    for node in tree.find_all(exp.Cast, exp.DateTrunc, exp.TimestampTrunc):
        if isinstance(node, exp.Cast) and type_family(data_type(node, dialect)) != "date":
            continue
        if node.this is not None and has_time_zone(data_type(node.this, dialect), dialect):
            message = f"{shown(node, dialect)} takes the day of the session's time zone"
            yield hit_at(node, message, severity=Severity.INFO)


CHECK = Check(
    "mixed_time_zones",
    "Timestamps with and without time zone are used together",
    "bring both to UTC in staging: `at time zone 'UTC'`, convert_timezone, or the dialect's word for it",
    _find,
)
