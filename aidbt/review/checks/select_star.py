"""Models whose columns are whatever the relation they read happens to have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from aidbt.lineage.schemas import has_contract
from aidbt.project.manifest import Node
from aidbt.review.checks.check import Check, Hit, Side, Subject, hit_at
from aidbt.review.checks.habits import is_habit, models_like
from aidbt.review.checks.trees import inner_field
from aidbt.sql.resolve.rows import Field, Rows, Source
from aidbt.sql.resolve.run import rows_of

# `select * from {{ ref('x') }}` as the whole of a model, or joined: the habit that is looked for.
_STAR = re.compile(r"\bselect\s+(\w+\.)?\*", re.IGNORECASE)


def _find(subject: Subject) -> Iterator[Hit]:
    query, node = subject.query, subject.node
    if query is None or node.resource_type != "model" or has_contract(node):
        return
    rows = rows_of(query.tree)
    if rows is None or _is_habit(node, subject.side):
        return
    passed = _passed_on(rows)
    if not passed:
        return
    star = next((star for star in query.tree.find_all(exp.Star) if _selects(star)), query.tree)
    names = ", ".join(sorted({_name(source, subject.side) for source in passed}))
    yield hit_at(star, f"columns of the model are whatever {names} has: they are named nowhere")


def _name(source: Source, side: Side) -> str:
    node = side.lineage.nodes.get(source.relation.key) if source.relation is not None else None
    return node.name if node is not None else source.name or "a subquery"


def _selects(star: exp.Star) -> bool:
    """Whether it is the star of a SELECT, not of a count."""
    parent = star.parent.parent if isinstance(star.parent, exp.Column) else star.parent
    return isinstance(parent, exp.Select)


def _passed_on(rows: Rows) -> list[Source]:
    """The relations of which columns come through stars alone, from FROM to the end."""
    select = rows.select
    if select is None:
        return [source for branch in rows.branches for source in _passed_on(branch)]
    if any(not source.is_complete for source in rows.passed_on):
        return [source for source in rows.passed_on if not source.is_complete]
    found = {id(source): source for field in select.fields if (source := _star_of(field)) is not None}
    return list(found.values())


def _star_of(field: Field | None) -> Source | None:
    """The relation that a column is a column of, where nothing on the way writes its name."""
    seen: set[int] = set()
    while field is not None and field.expression is None and id(field) not in seen:
        seen.add(id(field))
        bound = field.origin
        if bound is None or bound.source is None:
            return None
        if bound.source.relation is not None:
            return bound.source
        field = inner_field(bound.source, bound.column)
    return None


def _is_habit(node: Node, side: Side) -> bool:
    """Whether most models like it end in a star too."""
    has = {other.unique_id: _reads_whole_relation(other, side) for other in models_like(node, side)}
    return is_habit(node, side, has, unknown=False)


def _reads_whole_relation(node: Node, side: Side) -> bool:
    lineage = side.lineage.nodes.get(node.unique_id)
    is_passed = lineage is not None and any(not column.text for column in lineage.columns)
    return is_passed and bool(_STAR.search(str(node.raw.get("raw_code") or "")))


CHECK = Check(
    "select_star",
    "The model's columns are not named anywhere",
    "name the columns in the last select; import CTEs may keep their star",
    _find,
)
