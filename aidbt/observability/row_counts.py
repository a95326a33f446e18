"""After a build: whether every staging model has the rows that its source has, under its row rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import AidbtError
from aidbt.core.schema import Mapping, Relation, RowRule
from aidbt.generate.naming import layout_of
from aidbt.generate.pull_request.branch import ROW_COUNTS
from aidbt.mapping.files import load_mappings
from aidbt.project import Project
from aidbt.project.artifacts import NodeResult
from aidbt.store import Store
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import estimated_size, human_bytes
from aidbt.warehouse.rows import rows_of

# A source of more than this is not counted after every build.
MOST_BYTES = 10_000_000_000


@dataclass(frozen=True, slots=True)
class RowCount:
    """The rows of a source that its staging model should have, and those that it has.

    Attributes:
        reason: why they were not counted; "" when they were.
    """

    source: str
    model: str
    rows_in: int | None = None
    rows_out: int | None = None
    reason: str = ""

    @property
    def differs(self) -> bool:
        """Whether both were counted and are not the same."""
        return self.rows_in is not None and self.rows_in != self.rows_out


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What was counted of one build.

    Attributes:
        scan_bytes: about what the counted sources hold, as far as that is known.
        problem: why nothing could be counted; "" otherwise.
    """

    counts: tuple[RowCount, ...] = ()
    scan_bytes: int = 0
    problem: str = ""

    @property
    def counted(self) -> tuple[RowCount, ...]:
        return tuple(count for count in self.counts if not count.reason)

    @property
    def differing(self) -> tuple[RowCount, ...]:
        return tuple(count for count in self.counts if count.differs)


@dataclass(frozen=True, slots=True)
class _Built:
    """A staging model that the build made, with what it was made from."""

    mapping: Mapping
    model: str
    table: exp.Table
    source: Relation = field(repr=False)


def count_rows(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    results: Sequence[NodeResult],
) -> RowCounts:
    """The rows in and out of the staging models among the results, in one statement a source schema.

    Sources of more than `MOST_BYTES`, and those beyond what `budget.scan_bytes` leaves, are not counted. A
    source that is written to meanwhile may have more rows than its model: both are told.

    Raises:
        SettingsError: a mapping cannot be read.
    """
    mappings = load_mappings(project.root)
    names = layout_of(settings.values).model_names(mappings.values())
    relations_built = {
        result.unique_id.rpartition(".")[2]: result.relation_name
        for result in results
        if result.resource_type == "model" and result.status == "success" and result.relation_name
    }
    staged = [(m, names[key]) for key, m in sorted(mappings.items()) if names[key] in relations_built]
    if not staged:
        return RowCounts()
    try:
        with warehouse.connect() as connection:
            known = {(r.schema, r.name): r for r in warehouse.relations()}
            built = [
                _Built(m, model, exp.to_table(relations_built[model], dialect=warehouse.dialect), source)
                for m, model in staged
                if (source := known.get((m.schema, m.table))) is not None
            ]
            return _counted(connection, built, settings.values.budget.scan_bytes)
    except AidbtError as error:
        return RowCounts(problem=error.message)


def remember_counts(store: Store, found: RowCounts) -> None:
    """Keep what was counted, for `generate --pr-body`."""
    store.put_all(ROW_COUNTS, {c.source: {"in": c.rows_in, "out": c.rows_out} for c in found.counted})


def _counted(connection: Connection, built: Sequence[_Built], budget: int) -> RowCounts:
    counts: list[RowCount] = []
    asked: dict[str, list[tuple[_Built, exp.Select]]] = {}
    read = 0
    for item in built:
        size = estimated_size(item.source) or 0
        query = _rows_in(connection, item)
        reason = _too_large(size, read, budget) if query is not None else "its row rules cannot be counted"
        if query is None or reason:
            counts.append(RowCount(item.mapping.key, item.model, reason=reason))
            continue
        read += size
        asked.setdefault(item.source.schema, []).append((item, query))
    for items in asked.values():
        counts += _ask(connection, items)
    return RowCounts(tuple(sorted(counts, key=lambda count: count.source)), read)


def _too_large(size: int, read: int, budget: int) -> str:
    if size > MOST_BYTES:
        return f"its source holds {human_bytes(size)}"
    if read + size > budget or budget == 0:
        return "budget.scan_bytes leaves nothing for it"
    return ""


def _ask(connection: Connection, items: Sequence[tuple[_Built, exp.Select]]) -> Iterator[RowCount]:
    """The counts of one schema's tables, in one statement."""
    parts = [
        exp.select(exp.Literal.number(place), *(query.subquery() for query in (rows_in, _all_of(item.table))))
        for place, (item, rows_in) in enumerate(items)
    ]
    statement: exp.Expr = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    found = {int(place): pair for place, *pair in connection.rows(statement.sql(connection.dialect))}
    for place, (item, _) in enumerate(items):
        rows_in, rows_out = found[place]
        yield RowCount(item.mapping.key, item.model, int(rows_in), int(rows_out))


def _all_of(table: exp.Expr) -> exp.Select:
    return exp.select(exp.Count(this=exp.Star())).from_(table)


def _rows_in(connection: Connection, item: _Built) -> exp.Select | None:
    """The count of the source's rows that the staging model keeps; None when a rule cannot be read."""
    rules = [rule for rule in item.mapping.row_rules if rule.status == "accepted"]
    latest = next((rule for rule in rules if rule.rule == "latest_row"), None)
    try:
        # As in the model: who is deleted is asked of the last row of a key.
        early = [
            _condition(r, connection) for r in rules if r.where and (latest is None or r.rule == "filter")
        ]
        late = [_condition(r, connection) for r in rules if r.where and latest and r.rule == "soft_delete"]
    except SqlglotError:
        return None
    rows = rows_of(connection, item.source)
    if latest is None:
        return rows.select(exp.Count(this=exp.Star())).where(*early)
    keys = [exp.column(name, quoted=True) for name in latest.keys]
    if not late:
        return _all_of(rows.select(*keys).distinct().where(*early).subquery("keys"))
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=keys,
        order=exp.Order(
            expressions=[
                exp.Ordered(this=exp.column(latest.order_by, quoted=True), desc=True, nulls_first=False)
            ]
        ),
    )
    numbered = rows.select(exp.Star(), exp.alias_(number, _NUMBER)).where(*early).subquery("numbered")
    return _all_of(numbered).where(exp.column(_NUMBER).eq(exp.Literal.number(1)), *late)


_NUMBER = "aidbt_row_number"


def _condition(rule: RowRule, connection: Connection) -> exp.Expr:
    """A rule's condition, as it stands in the model."""
    return exp.Paren(this=sqlglot.parse_one(rule.where, dialect=connection.dialect))
