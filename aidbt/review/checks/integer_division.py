"""Divisions of whole numbers, where the dialect drops what is left over."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.types import type_family
from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown
from aidbt.sql.resolve import data_type

_WHOLE = frozenset({"postgres", "redshift", "trino", "presto", "athena", "tsql", "sqlite", "materialize"})
_ON_PURPOSE = (exp.Floor, exp.Trunc, exp.Mod)


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None or query.dialect not in _WHOLE:
        return
    for division in query.tree.find_all(exp.Div):
        sides = (division.this, division.expression)
        are_whole = all(type_family(data_type(side, query.dialect)) == "integer" for side in sides)
        if are_whole and not isinstance(division.parent, _ON_PURPOSE):
            yield hit_at(
                division,
                f"{shown(division, query.dialect)} divides whole numbers: {query.dialect} drops the rest",
            )


CHECK = Check(
    "integer_division",
    "A division that drops the rest",
    "cast one side first, e.g. a::numeric / b, or multiply by 1.0; floor(…) says that it is meant",
    _find,
)
