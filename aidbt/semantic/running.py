"""Running the SELECT of an answer: what it would read is asked for first, rows and time have a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp, parse_one

from aidbt.core.config import BudgetSettings, SemanticSettings
from aidbt.core.errors import BudgetExceeded, DeadlineExceeded, StatementRefused
from aidbt.core.schema import Relation
from aidbt.semantic.statement import Statement, count_statement
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.warehouse import Warehouse
from aidbt.warehouse.bounded import bounded_rows
from aidbt.warehouse.budget import (
    Approve,
    Basis,
    Reading,
    RunsAs,
    ScanPlan,
    TableScan,
    estimated_size,
    needs_approval,
    share_of_columns,
)

# Here counting the rows that are not shown costs time only.
_COUNTED_ON = frozenset({"duckdb", "postgres", "spark"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an answer.

    Attributes:
        total: how many there are in all; None where there are more than these and they were not counted.
    """

    values: tuple[tuple[Any, ...], ...]
    total: int | None

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than these."""
        return self.total is None or self.total > len(self.values)


def run_statement(
    limited: Statement, whole: Statement, warehouse: Warehouse, settings: SemanticSettings
) -> Rows:
    """The rows of an answer, as whoever the profile says may see them.

    Args:
        limited: gives one row more than `settings.max_rows` at most, where that can be said in it.
        whole: the same without that limit, for counting.

    Raises:
        DeadlineExceeded: it took too long.
        WarehouseError: the warehouse refused it, or cannot be reached.
    """
    most = settings.max_rows
    found = bounded_rows(warehouse, limited.sql, at_most=most + 1, timeout_s=settings.timeout_s)
    if len(found) <= most:
        return Rows(tuple(found), len(found))
    return Rows(tuple(found[:most]), _counted(whole, warehouse, settings.timeout_s))


def _counted(statement: Statement, warehouse: Warehouse, timeout_s: float) -> int | None:
    if warehouse.dialect not in _COUNTED_ON:
        return None
    try:
        ((total,),) = bounded_rows(warehouse, count_statement(statement), at_most=1, timeout_s=timeout_s)
    except (DeadlineExceeded, StatementRefused):
        return None
    return int(total)


def scan_of(statement: Statement, relations: Iterable[Relation], runs_as: RunsAs) -> ScanPlan:
    """What a statement reads, by the columns that it names; nothing is asked.

    A table counts as often as the statement names it. One that is none of the relations is of unknown size.
    """
    tree = parse_one(statement.sql, dialect=sqlglot_dialect(statement.dialect))
    columns = {column.name.lower() for column in tree.find_all(exp.Column)}
    known = list(relations)
    return ScanPlan(
        tuple(_scan(_named(place, known), times, columns) for place, times in _places(tree).items()), runs_as
    )


_Place = tuple[str, str]
"""(schema, name) in small letters; "" for a schema that is not said."""


def _places(tree: exp.Expr) -> Counter[_Place]:
    """The tables that a statement reads, and how often it names each."""
    made = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    tables = (table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier))
    return Counter(
        (table.db.lower(), table.name.lower())
        for table in tables
        if table.db or table.name.lower() not in made
    )


def _named(place: _Place, relations: Sequence[Relation]) -> Relation:
    schema, name = place
    found = (r for r in relations if r.name.lower() == name and schema in ("", r.schema.lower()))
    return next(found, Relation(schema, name, ()))


def _scan(relation: Relation, times: int, columns: set[str]) -> TableScan:
    size = estimated_size(relation)
    names = [name for name in relation.column_names if name.lower() in columns]
    basis: Basis = "exact" if relation.size_bytes is not None else "unknown" if size is None else "estimated"
    reading = Reading("values", round(times * share_of_columns(relation, names), 2))
    return TableScan(str(relation), relation.kind, (reading,), relation.row_count, size, basis)


def require_scan_allowed(plan: ScanPlan, budget: BudgetSettings, approve: Approve | None) -> None:
    """Return when an answer may read what it needs.

    Raises:
        BudgetExceeded: it is over the budget, and nobody agreed.
    """
    reason = needs_approval(plan, budget)
    if reason and not (approve is not None and approve(plan)):
        raise BudgetExceeded(
            f"the query was not run: {reason}",
            hint="go on with --yes, raise budget.scan_bytes in aidbt.yml, or ask for less",
        )
