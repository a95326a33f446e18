"""The one SELECT that answers a query, and the proof that it does nothing but read the tables it may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.core.schema import Column
from aidbt.semantic.definitions import SemanticManifest, SemanticRelation
from aidbt.semantic.graph import Graph
from aidbt.semantic.layer.questions import compile_metrics, has_metrics
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.planning.rendering import render_query
from aidbt.semantic.query import SemanticQuery
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation, SqlProblem
from aidbt.sql.validate import validate_sql

if TYPE_CHECKING:
    from aidbt.semantic.grounding import Grounding  # its lexicon is nothing that metrics by name need

_COUNTED = "aidbt_counted_query"


@dataclass(frozen=True, slots=True)
class Statement:
    """A query as SQL.

    Attributes:
        columns: the names of the answer's columns, in order.
        dialect: of sqlglot.
        notes: what was taken in another form than it was asked for.
    """

    sql: str
    columns: tuple[str, ...]
    dialect: str
    notes: tuple[str, ...] = ()


def statement_of(query: SemanticQuery, grounding: Grounding, dialect: str) -> Statement:
    """The SQL that answers a query: through the semantic layer where it asks for metrics, else planned.

    Raises:
        NoPath: its tables do not belong together, or in more ways than one.
        UnknownName: a table, column or metric does not exist.
        UsageError, CannotPlan: it cannot be said in SQL of this dialect.
    """
    if has_metrics(query):
        if grounding.semantic is None:
            raise CannotPlan(
                "the project has no metrics", hint="draft some with 'aidbt semantic draft', then dbt parse"
            )
        compiled = compile_metrics(query, grounding.semantic, dialect=dialect)
        names = tuple(column.name for column in compiled.columns)
        return Statement(compiled.sql, names, dialect, compiled.notes)
    tree = plan(query, grounding.graph)
    names = tuple(output.name for output in query.outputs if output.is_shown)
    return Statement(render_query(tree, dialect), names, dialect)


def limited(query: SemanticQuery, at_most: int) -> SemanticQuery:
    """The query with no more rows than that, whatever it says of them itself."""
    if query.limit_within or query.has_ties:
        return replace(query, at_most=min(at_most, query.at_most or at_most))
    return replace(query, limit=min(at_most, query.limit or at_most))


def count_statement(statement: Statement) -> str:
    """The query for how many rows another one gives, whose own text stays as it is."""
    counted = exp.select(exp.Count(this=exp.Star())).from_(exp.to_table(_COUNTED).as_("answer"))
    return counted.sql(sqlglot_dialect(statement.dialect)).replace(_COUNTED, "(\n" + statement.sql + "\n)", 1)


def problems_of(
    statement: Statement, graph: Graph, semantic: SemanticManifest | None = None
) -> list[SqlProblem]:
    """What speaks against running a statement, by the ladder; the warehouse is not asked."""
    dialect = sqlglot_dialect(statement.dialect)
    relations = RelationIndex(_known(graph, semantic), dialect)
    validation = validate_sql(statement.sql, dialect=dialect, relations=relations, upto="grain")
    return [problem for problem in validation.problems if problem.severity is Severity.ERROR]


def require_safe(statement: Statement, graph: Graph, semantic: SemanticManifest | None = None) -> None:
    """Return when a statement only reads what it may.

    Raises:
        CannotPlan: the ladder found something.
    """
    found = problems_of(statement, graph, semantic)
    if found:
        raise CannotPlan(
            f"the SQL of this question did not pass its checks: {found[0].message}",
            hint="this is a fault in aidbt unless a table was changed meanwhile; please report the question",
        )


_Entry = tuple[str, str, str, KnownRelation]


def _known(graph: Graph, semantic: SemanticManifest | None) -> Iterable[_Entry]:
    for table in graph.tables:
        columns = tuple(Column(c.name, c.data_type, c.nullable) for c in table.columns)
        known = KnownRelation(table.name, columns, unique=table.keys)
        yield table.database, table.schema, table.identifier or table.name, known
    places = {(table.schema.lower(), (table.identifier or table.name).lower()) for table in graph.tables}
    for relation in _of_semantic_layer(semantic):
        if (relation.schema.lower(), relation.name.lower()) not in places:
            known = KnownRelation(f"semantic.{relation.schema}.{relation.name}", is_complete=False)
            yield relation.database, relation.schema, relation.name, known


def _of_semantic_layer(manifest: SemanticManifest | None) -> list[SemanticRelation]:
    """The relations of semantic models and time spines, of whose columns not all are known."""
    if manifest is None:
        return []
    return [*(m.relation for m in manifest.semantic_models), *(s.relation for s in manifest.time_spines)]
