"""Whether a relation holds what a table held at the last good run: by columns, rows and values, asked now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState, KeyedRows, TableState
from aidbt.core.types import is_same_type, type_family
from aidbt.healing.evidence.copy_names import is_copy_by_name, without_copies
from aidbt.healing.evidence.table_changes import overlap_of
from aidbt.healing.evidence.tables_now import unmasked
from aidbt.warehouse import Connection
from aidbt.warehouse.rows import rows_of
from aidbt.warehouse.table_states import engine_of, keyed_rows, measured_table

_KEPT, _WHOLE = 0.9, 0.999  # of the rows of then that must be there; that a copy of an earlier day has not
_SAME = 0.98  # of the values on the same keys
_FEWEST = 8  # values that are compared; fewer say nothing
_GROWN = 2.0  # times the rows of then
_FRESH = 0.2  # of a relation's rows that were not there then


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a relation is to a table that is gone.

    Attributes:
        rows: exact.
        kept: 0..1 of the rows of then (of their different values, without a key) that are there.
        agreement: 0..1 of the values on the same keys that are the same; 1.0 where there is no key.
        compared: values.
        objection: why it is not the table; "" where nothing speaks against it.
        fresh: 0..1 of its rows (of a column's different values, without a key) that were not there then.
    """

    relation: Relation
    rows: int = 0
    kept: float = 0.0
    agreement: float = 0.0
    compared: int = 0
    objection: str = ""
    fresh: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of then is missing."""
        return self.kept >= _WHOLE

    def __str__(self) -> str:
        shown = f"{self.rows:,} rows, {self.kept:.1%} of those of the last good run"
        return f"{shown}, {self.agreement:.1%} of {self.compared:,} values are the same"


def likeness(
    connection: Connection, relation: Relation, was: TableState, good: GoodState, mask: int
) -> Likeness:
    """What a relation has of what a table held.

    Raises:
        WarehouseError: it cannot be read.
    """
    objection = _columns_differ(relation, was)
    if objection:
        return Likeness(relation, objection=objection)
    if good.engine != engine_of(connection):
        return Likeness(relation, objection="values cannot be compared with those that another engine kept")
    rows = rows_of(connection, relation)
    if was.keyed is not None:
        now = keyed_rows(rows, was.keyed.key, bound=was.keyed.bound, mask=mask)
        found = _by_key(connection, relation, was.keyed, now)
    else:
        found = _by_values(relation, was, measured_table(connection, relation, mask=mask), mask)
    return _judged(found, was)


def has_the_columns(relation: Relation, was: TableState) -> bool:
    """Whether a relation has every column that a table had, of its type."""
    return not _columns_differ(relation, was)


def the_one(found: Sequence[Likeness], was: TableState) -> tuple[Likeness | None, str]:
    """(the relation that is the table, ""), or (None, why none or not one alone is).

    Of two that fit, one that lacks rows of then is an older copy, and so is one that has no more rows and the
    name of a copy; others are not told apart. Where another one of its columns holds what the
    one that fits has not, it is not the table, or not all of it.
    """
    fitting = [one for one in found if not one.objection]
    whole = [one for one in fitting if one.is_whole]
    chosen = whole if whole else fitting
    if not chosen:
        named = "; ".join(f"{one.relation.schema}.{one.relation.name}: {one.objection}" for one in found[:3])
        return None, named or "no relation that was not there before has its columns"
    tables = [one for one in chosen if one.relation.kind == "table"]
    chosen = tables if len(tables) == 1 else chosen  # a view shows what another relation holds
    chosen = without_copies([(one, one.relation, one.rows) for one in chosen], was)
    if len(chosen) > 1:
        names = ", ".join(f"{one.relation.schema}.{one.relation.name}" for one in chosen[:4])
        return None, f"{names} hold the same rows: which of them is meant is not known"
    if is_copy_by_name(chosen[0].relation, was):
        one = chosen[0].relation
        return None, f"{one.schema}.{one.name} holds its rows, and is a copy by its name"
    why = _elsewhere(found, chosen[0], was)
    return (None, why) if why else (chosen[0], "")


def _elsewhere(found: Sequence[Likeness], chosen: Likeness, was: TableState) -> str:
    """What stands in another relation of its columns and not in the chosen one, "" for nothing: rows of then
    that it lacks (the table was split), or rows that are new while it has no row more (it is the archive)."""
    old = f"{chosen.relation.schema}.{chosen.relation.name}"
    for one in found:
        if one is chosen or not one.rows or one.relation.kind != "table":
            continue
        name = f"{one.relation.schema}.{one.relation.name}"
        if not chosen.is_whole and one.kept and chosen.kept + one.kept <= 1:
            return f"{old} holds {chosen.kept:.0%} of its rows, and others stand in {name}"
        if chosen.rows <= was.rows and one.fresh > _FRESH:
            return f"{old} holds its rows, and none that is new: these stand in {name}, as it seems"
    return ""


def _columns_differ(relation: Relation, was: TableState) -> str:
    types = {column.name.casefold(): column.data_type for column in relation.columns}
    gone = [column.name for column in was.columns if column.name.casefold() not in types]
    if gone:
        return f"it has no column {gone[0]}"
    other = [c.name for c in was.columns if not is_same_type(c.data_type, types[c.name.casefold()])]
    return f"its column {other[0]} is of another type" if other else ""


def _by_key(connection: Connection, relation: Relation, was: KeyedRows, now: KeyedRows) -> Likeness:
    shared = was.values.keys() & now.values.keys()
    same = compared = 0
    for name in was.columns:
        then, there = was.column(name), now.column(name)
        pairs = [(then[key], there.get(key)) for key in shared if then[key] is not None]
        compared += len(pairs)
        same += sum(a == b for a, b in pairs)
    kept = len(shared) / len(was.values) if was.values else 0.0
    count = int(rows_of(connection, relation).first(exp.Count(this=exp.Star()))[0])
    agreement = same / compared if compared else 0.0
    fresh = len(now.values.keys() - was.values.keys()) / len(now.values) if now.values else 0.0
    return Likeness(relation, count, kept, agreement, compared, _other_kind(relation, was, now), fresh)


def _other_kind(relation: Relation, was: KeyedRows, now: KeyedRows) -> str:
    """The new column, no time, that says one thing in all rows of then and another in rows that came with
    them: two tables were put together. "" for none."""
    came = now.values.keys() - was.values.keys()
    old = {name.casefold() for name in (*was.columns, *was.key)}
    new = [c for c in relation.columns if c.name.casefold() not in old and c.name in now.columns]
    for column in new:
        said = now.column(column.name)
        of_then = {said[key] for key in was.values.keys() & now.values.keys()}
        others = sum(said[key] not in of_then for key in came)
        if len(of_then) == 1 and others and type_family(column.data_type) not in ("timestamp", "date"):
            return f"its {column.name} tells {others:,} of its rows from those of then"
    return ""


def _by_values(relation: Relation, was: TableState, now: TableState, mask: int) -> Likeness:
    """Without a key: the least share of a column's different values that is still there."""
    before, after = unmasked(was, mask), unmasked(now, mask)
    pairs = [(a, b) for a in before.columns if (b := after.column(a.name)) is not None]
    overlaps = [overlap_of(a, b, None, None) for a, b in pairs]
    known = [overlap for overlap in overlaps if overlap.support]
    kept = min((overlap.share for overlap in known), default=0.0)
    fresh = 1 - min((overlap.known for overlap in known if overlap.known is not None), default=1.0)
    return Likeness(relation, now.rows, kept, 1.0, sum(overlap.support for overlap in known), fresh=fresh)


def _judged(found: Likeness, was: TableState) -> Likeness:
    objection = found.objection
    if found.compared < _FEWEST:
        objection = "too few values could be compared"
    elif found.kept < _KEPT or found.rows < _KEPT * was.rows:
        objection = f"it has {found.rows:,} rows and {found.kept:.0%} of those of then ({was.rows:,})"
    elif found.agreement < _SAME:
        objection = f"{1 - found.agreement:.0%} of its values are others"
    elif found.rows > max(_GROWN * was.rows, was.rows + 20):
        objection = f"it has {found.rows:,} rows, then there were {was.rows:,}"
    return replace(found, objection=objection)
