"""Ranges of timestamps that end at a date: of the last day only midnight is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.types import type_family
from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown
from aidbt.sql.conditions import without_brackets
from aidbt.sql.resolve import data_type

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for node in query.tree.find_all(exp.Between, exp.LTE):
        end = node.args["high"] if isinstance(node, exp.Between) else node.expression
        if type_family(data_type(node.this, query.dialect)) != "timestamp":
            continue
        is_column = isinstance(end, exp.Column) and type_family(data_type(end, query.dialect)) == "date"
        if _is_date(end) or (is_column and isinstance(node, exp.Between)):
            yield hit_at(
                node,
                f"{shown(node, query.dialect)} ends at the first moment of its last day: "
                f"{shown(node.this, query.dialect)} has a time of day",
            )


def _is_date(node: exp.Expr) -> bool:
    """Whether it is a day written out, as text or as a date."""
    node = without_brackets(node)
    if isinstance(node, exp.Cast) and node.to.this is not exp.DataType.Type.DATE:
        return False
    literal = node.this if isinstance(node, exp.Cast | exp.Date) else node
    return isinstance(literal, exp.Literal) and literal.is_string and bool(_DATE.match(literal.name))


CHECK = Check(
    "last_day_lost",
    "A range of timestamps that loses its last day",
    "write `>= first day and < day after the last`, or compare the date of the timestamp",
    _find,
)
