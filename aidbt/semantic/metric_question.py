"""A query of metrics by their names, as options give it, compiled and in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aidbt.core.errors import UsageError
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.graph import Graph
from aidbt.semantic.layer.questions import compile_named
from aidbt.semantic.metricflow.compiler import CompiledQuery
from aidbt.semantic.statement import Statement, problems_of, require_safe
from aidbt.semantic.wording.names import listed

# What MetricFlow calls its own subqueries is nothing that anybody wrote.
_INNER = re.compile(r" in '\w*(?:subq|_src)_\d+'")


@dataclass(frozen=True, slots=True)
class MetricQuestion:
    """Metrics with what they are grouped by, filtered and sorted by.

    Attributes:
        group_by: names such as "metric_time__month" or "customer__country".
        where: MetricFlow's templates, as in "{{ Dimension('customer__country') }} = 'DE'".
        order_by: metrics or items of the group; a "-" before a name sorts descending.
    """

    metrics: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    saved_query: str = ""


@dataclass(frozen=True, slots=True)
class AskedMetrics:
    """A question about metrics as SQL.

    Attributes:
        groups: the columns that tell the rows apart.
    """

    statement: Statement
    reading: str
    groups: tuple[str, ...]


def asked_metrics(question: MetricQuestion, manifest: SemanticManifest, *, dialect: str) -> AskedMetrics:
    """The SQL of metrics by name, checked.

    Rows without an order of their own are sorted by their groups: a month stands after the one before it, and
    the first rows are the same ones every time.

    Raises:
        UsageError: nothing is asked, or a filter is no SQL.
        UnknownName: a metric or an item does not exist.
        AmbiguousItem: an item can be reached in several ways.
        AidbtError: the query cannot be answered; see `compile_named`.
    """
    if not (question.metrics or question.group_by or question.saved_query):
        raise UsageError("no metric is asked for", hint="name some with --metrics")
    if not (question.order_by or question.saved_query):
        question = replace(question, order_by=question.group_by)
    compiled = _compiled(question, manifest, dialect)
    names = tuple(column.name for column in compiled.columns)
    statement = Statement(compiled.sql, names, dialect, compiled.notes)
    _check(question, statement, manifest)
    groups = tuple(column.name for column in compiled.columns if column.kind != "metric")
    return AskedMetrics(statement, _words(question), groups)


def _check(question: MetricQuestion, statement: Statement, manifest: SemanticManifest) -> None:
    """Return when the SQL only reads; where it does not, the filters are at fault, which people write."""
    found = problems_of(statement, Graph(()), manifest) if question.where else []
    if found:
        said = _INNER.sub("", found[0].message)
        raise UsageError(
            f"the filter {' and '.join(question.where)!r} cannot be used: {said}",
            hint="as in: --where \"{{ Dimension('customer__country') }} = 'DE'\"",
        )
    require_safe(statement, Graph(()), manifest)


def _compiled(question: MetricQuestion, manifest: SemanticManifest, dialect: str) -> CompiledQuery:
    return compile_named(
        manifest,
        metrics=question.metrics,
        group_by=question.group_by,
        where=question.where,
        order_by=question.order_by,
        limit=question.limit,
        saved_query=question.saved_query,
        dialect=dialect,
    )


def _words(question: MetricQuestion) -> str:
    """The question in plain words, with the names as they were given."""
    named = question.metrics or ((f"the saved query {question.saved_query}",) if question.saved_query else ())
    groups = listed(question.group_by)
    what = (
        f"{_plural('metric', question.metrics)}{listed(named)}" if named else f"each {groups} that there is"
    )
    pieces = [what]
    pieces += [f" per {groups}"] if named and groups else []
    pieces += [f", where {' and '.join(question.where)}"] if question.where else []
    orders = [f"{name.removeprefix('-')} {_direction(name)}" for name in question.order_by]
    pieces += [f", sorted by {', then by '.join(orders)}"] if orders else []
    pieces += [f"; only the first {question.limit:,} rows"] if question.limit is not None else []
    words = "".join(pieces)
    return f"{words[:1].upper()}{words[1:]}."


def _direction(name: str) -> str:
    return "descending" if name.startswith("-") else "ascending"


def _plural(noun: str, names: Sequence[str]) -> str:
    return "" if not names else f"the {noun} " if len(names) == 1 else f"the {noun}s "
