"""Relations written by name where ref() or source() belongs: dbt does not know that the model reads them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.review.checks.check import Check, Hit, Subject, hit_at
from aidbt.review.checks.trees import shown
from aidbt.sql.resolved import SqlProblem

_EPHEMERAL = "__dbt__cte__"


def _find(subject: Subject) -> Iterator[Hit]:
    query, node = subject.query, subject.node
    if query is None:
        return
    known = {*node.depends_on, node.unique_id}
    ctes = {cte.alias.casefold() for cte in query.tree.find_all(exp.CTE)}
    names = {table.alias_or_name.casefold() for table in query.tree.find_all(exp.Table)}
    for table in query.tree.find_all(exp.Table):
        # `from orders, orders.items` unnests a column where the dialect reads it so.
        is_column = not table.catalog and table.db.casefold() in names
        is_name = isinstance(table.this, exp.Identifier) and not is_column
        is_cte = not table.db and (table.name.casefold() in ctes or table.name.startswith(_EPHEMERAL))
        if not is_name or is_cte or subject.side.relations.is_system(table):
            continue
        found = subject.side.relations.find(table)
        name = shown(_bare(table), query.dialect)
        if isinstance(found, SqlProblem) or found.key.startswith("external."):
            if table.db:  # a bare name may be anything: a function's result, a list to unnest
                yield hit_at(table, f"{name} is read by its name, and the project declares no such source")
        elif found.key not in known:
            target = subject.side.manifest.find(found.key)
            call = _call(found.key, target.source_name if target else "", target.name if target else "")
            yield hit_at(table, f"{name} is read by its name; dbt does not know that, {call} would tell it")


def _bare(table: exp.Table) -> exp.Table:
    return exp.Table(this=table.this.copy(), db=_copy(table, "db"), catalog=_copy(table, "catalog"))


def _copy(table: exp.Table, part: str) -> exp.Expr | None:
    node = table.args.get(part)
    return node.copy() if node is not None else None


def _call(key: str, source: str, name: str) -> str:
    return f"source('{source}', '{name}')" if key.startswith("source.") else f"ref('{name}')"


CHECK = Check(
    "hard_coded_relation",
    "A relation is read by its name",
    "use ref() or source(), and declare the source where it is missing",
    _find,
)
