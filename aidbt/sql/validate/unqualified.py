"""Relations that a query names without the schema that they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from aidbt.core.schema import Relation
from aidbt.sql.identifiers import quote_identifier
from aidbt.sql.parse import Parsed
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation, SqlProblem
from aidbt.sql.validate.problems import problem_at
from aidbt.sql.validate.relations import tables_of


@dataclass(frozen=True, slots=True)
class Unqualified:
    """What a query leaves to the engine's search path.

    Attributes:
        problems: one for each such name, with the name that would be found in any case.
    """

    problems: tuple[SqlProblem, ...] = ()

    def qualified(self, text: str) -> str:
        """The text that was parsed, or its beginning with all of these names, with schemas written out."""
        for problem in sorted(self.problems, key=lambda problem: problem.start, reverse=True):
            text = text[: problem.start] + problem.replacement + text[problem.end :]
        return text


def unqualified(
    parsed: Parsed, relations: RelationIndex | None, places: Mapping[str, Relation]
) -> Unqualified:
    """The relations that are named without a schema though it is known.

    Args:
        places: where relations stand, by the key that `relations` has for them.

    Example:
        >>> from aidbt.sql.parse import parse_sql
        >>> index = RelationIndex([("", "mart", "orders", KnownRelation("orders"))], "duckdb")
        >>> found = unqualified(
        ...     parse_sql("select * from orders", "duckdb"), index, {"orders": Relation("mart", "orders")}
        ... )
        >>> found.qualified("select * from orders")
        'select * from mart.orders'
    """
    if relations is None:
        return Unqualified()
    problems = []
    for table in tables_of(parsed):
        known = relations.find(table)
        if table.args.get("db") or not isinstance(known, KnownRelation):
            continue
        place = places.get(known.key)
        if place is not None and place.schema and table.this.meta.get("end") is not None:
            problems.append(_problem(parsed, table, place))
    return Unqualified(tuple(problems))


def _problem(parsed: Parsed, table: exp.Table, place: Relation) -> SqlProblem:
    whole = ".".join(quote_identifier(name, parsed.dialect) for name in (place.schema, place.name))
    message = f"no relation is called '{table.name}' without its schema; write {whole}"
    return problem_at(parsed, table.this, "relation.unqualified", message, replacement=whole)
