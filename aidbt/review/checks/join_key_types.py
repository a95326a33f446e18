"""Join keys of different kinds of types: they match less than they seem to, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.types import Family, is_plain_text, type_family
from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import own_nodes, shown
from aidbt.sql.conditions import conjuncts
from aidbt.sql.resolve import data_type, selects
from aidbt.sql.resolve.rows import Field, Joined

_WHY: dict[frozenset[Family], str] = {
    frozenset({"text", "integer"}): "'007' is not 7 as text, and a text that is no number fails or is lost",
    frozenset({"text", "number"}): "'1.50' is not 1.5 as text, and a text that is no number fails or is lost",
    frozenset({"date", "timestamp"}): "only times at midnight match a date",
    frozenset({"text", "timestamp"}): "what matches depends on how the time is written",
    frozenset({"boolean", "text"}): "what matches depends on how true is written",
}


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    for select in selects(query.tree):
        for joined in select.joins:
            yield from _of_condition(joined, query.dialect)
            yield from _of_using(joined, query.dialect)


def _of_condition(joined: Joined, dialect: str) -> Iterator[Hit]:
    on = joined.node.args.get("on") if joined.node is not None else None
    for part in conjuncts(on):
        if not isinstance(part, exp.EQ):
            continue
        sides = (part.this, part.expression)
        if not all(next(own_nodes(side, exp.Column), None) for side in sides):
            continue
        types = (data_type(sides[0], dialect), data_type(sides[1], dialect))
        why = _why(*types)
        if why:
            yield hit_at(part, f"{shown(part, dialect)} compares {types[0]} with {types[1]}: {why}")


def _of_using(joined: Joined, dialect: str) -> Iterator[Hit]:
    for left, right, _ in joined.equal:
        types = (_type_of(left, dialect), _type_of(right, dialect))
        why = _why(*types)
        if why and joined.node is not None:
            yield hit_at(joined.node, f"USING ({left.name}) compares {types[0]} with {types[1]}: {why}")


def _type_of(field: Field, dialect: str) -> str:
    return field.value.type.sql(dialect) if field.value.type is not None else ""


def _why(one: str, other: str) -> str:
    families = frozenset({type_family(one), type_family(other)})
    if "text" in families and not (is_plain_text(one) or is_plain_text(other)):
        return ""  # a UUID or an ENUM against text
    return _WHY.get(families, "")


CHECK = Check(
    "join_key_types",
    "A join compares columns of different types",
    "cast one side on purpose, in staging, so that both have the same type",
    _find,
)
