"""Counting on the warehouse how many rows a rule takes away, which, and how much of each amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from aidbt.core.healing import Checked
from aidbt.core.table_state import KeyedRows, TableState
from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.quarantine.bad_rows import BAD, FEWEST_ALIKE, BadRows, all_of_one_kind, taken_back
from aidbt.healing.quarantine.copies import Order, order_of
from aidbt.healing.quarantine.entry import Entry
from aidbt.healing.quarantine.kept_keys import tables_with_key
from aidbt.healing.quarantine.late_parents import comes_next, says_nothing, takes_only_new_rows
from aidbt.healing.quarantine.measures import additive
from aidbt.healing.quarantine.rules import Parent, Rule, safely, source_table
from aidbt.project.manifest import Node
from aidbt.warehouse import Connection
from aidbt.warehouse.profiling import is_load_time
from aidbt.warehouse.rows import Rows, batch_column, rows_of
from aidbt.warehouse.table_states import engine_of, keyed_rows

_MOST_COPIES = 20_000  # rows with a key that others have, looked at one by one
_MOST_VALUES = 20
_MOST_ORPHANS = 200
_FEWEST_KEYS = 100  # rows of then that are looked up, or all there were
_ORDERED = ("timestamp", "date", "integer")


@dataclass(frozen=True, slots=True)
class Amount:
    """One additive column: its sum over all rows without sign, and that of the bad rows."""

    total: float
    moved: float

    @property
    def share(self) -> float:
        """0..1."""
        return self.moved / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a rule takes away from a source.

    Attributes:
        rows: of the source that count now; `rows_then` at the last good run, None where that is not known.
        new: rows loaded since then, or by how many it grew; None where that is not known.
        bad_new: bad rows among them, where a column says when rows were loaded.
        amounts: column of the staging model → what of it is moved.
        unread: such columns that cannot be read in the bad rows.
        known_before: bad rows that stood there at the last good run, as far as they could be looked up.
        looked_up: what says that none of them did, in words; empty where they could not be looked up.
        values: some of the different bad values, of a rule over one column.
        reversed: bad rows that may take another one back: its number with the other sign, of the same thing.
        whole: "column = value" of which every new row is bad, though some should be good; "" for none.
        changed: columns of the source that came, went or have another type since the last good run.
        parent_now, parent_then: rows of the orphans' parent.
        parent_lags: whether the parent was loaded together with the source at the last good run, and was not
            since.
        parent_lost: keys of the parent, of those that were kept, that are not there any more.
        parent_follows: whether the orphans name the keys that come next after the parent's last one.
        parent_untold: whether neither times of loading nor the keys tell that the parent's rows are not just
            late.
        kept_below: name of a model below that would not take the rows when they come back; "" for none.
    """

    rows: int
    bad: int
    rows_then: int | None = None
    new: int | None = None
    bad_new: int | None = None
    amounts: Mapping[str, Amount] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    known_before: int = 0
    looked_up: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    reversed: int = 0
    whole: str = ""
    changed: tuple[str, ...] = ()
    parent_now: int | None = None
    parent_then: int | None = None
    parent_lags: bool = False
    parent_lost: int = 0
    parent_follows: bool = False
    parent_untold: bool = False
    kept_below: str = ""


@dataclass(frozen=True, slots=True)
class Counting:
    """Asks one source on an open connection."""

    connection: Connection
    entry: Entry
    case: Case
    mask: int

    def rows(self) -> Rows:
        """The rows of the source that count."""
        return rows_of(self.connection, self.entry.relation)

    def decided(self, rule: Rule) -> Rule | str:
        """A rule about duplicates with which of the rows stays, or in a sentence why nothing tells.

        Raises:
            WarehouseError: the rows cannot be read.
        """
        if rule.kind != "duplicates":
            return rule
        rows = self.rows()
        keys = [part.copy() for part in rule.key]
        batch = batch_column(self.entry.relation)
        if batch is not None:
            keys.append(exp.column(batch.name, quoted=True))
        many = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[key.copy() for key in keys])
        counted = rows.select(exp.Star(), exp.alias_(many, BAD)).where(rule.condition.copy())
        names = [column.name for column in self.entry.relation.columns]
        together = [exp.cast(key.copy(), exp.DataType.build("text")) for key in keys]
        key = together[0] if len(keys) == 1 else exp.Concat(expressions=_between(together))
        wanted = exp.select(key, *(exp.column(name, quoted=True) for name in names))
        wanted = wanted.from_(counted.subquery("checked")).where(exp.column(BAD) > 1).limit(_MOST_COPIES)
        found = self._fetch(wanted)
        if len(found) >= _MOST_COPIES:
            return f"more than {len(found):,} rows share their key with others"
        types = {column.name: column.data_type for column in self.entry.relation.columns}
        declared = _declared_load_time(self.entry)
        order = order_of(found, names, types, loaded_at=declared)
        if isinstance(order, str):
            return order
        if rule.got is not None and rule.got != order.keys:
            return f"the test counted {rule.got:,} keys, the source holds {order.keys:,}"
        return replace(rule, condition=_later_copies(rule, keys, order), reason=_reason(rule, order))

    def figures(self, rule: Rule) -> Figures:
        """What a rule takes away; of duplicates one that is `decided`.

        Raises:
            WarehouseError: the rows cannot be read.
        """
        entry, change = self.entry, self.case.tables.get(self.entry.source.unique_id)
        was = change.was if change is not None and change.was is not None and change.was.is_measured else None
        measures = additive(entry, self.case)
        unread = tuple(n for n, v in measures.items() if rule.kind == "bad_casts" and _uses(v, rule.columns))
        wanted = {
            name: safely(value, self.case.dialect) for name, value in measures.items() if name not in unread
        }
        load = _load_column(entry)
        then = _maximum(was, load) if was is not None and load else ""
        is_new = _later(load, then, entry, self.case.dialect) if then else None
        count = exp.Count(this=exp.Star())
        asked = [count, _sum_if(_is_bad())]
        asked += [_sum_if(is_new), _sum_if(exp.and_(_is_bad(), is_new.copy()))] if is_new is not None else []
        for value in wanted.values():
            size = exp.cast(exp.Abs(this=value), exp.DataType.build("double"))
            asked += [
                exp.Sum(this=size),
                exp.Sum(this=exp.Case(ifs=[exp.If(this=_is_bad(), true=size.copy())])),
            ]
        row = list(self._fetch(exp.select(*asked).from_(self._checked(rule)))[0])
        rows, bad = int(row.pop(0)), int(row.pop(0) or 0)
        new, bad_new = (int(row.pop(0) or 0), int(row.pop(0) or 0)) if is_new is not None else (None, None)
        amounts = {name: Amount(float(row.pop(0) or 0), float(row.pop(0) or 0)) for name in wanted}
        if new is None and was is not None:
            new = rows - was.rows
        found = Figures(rows, bad, was.rows if was is not None else None, new, bad_new, amounts, unread)
        if change is not None:
            retyped = (name for name, _, _ in change.retyped)
            found = replace(found, changed=(*change.new, *change.gone, *retyped))
        if rule.kind == "duplicates":
            return found
        found = self._known_before(rule, found)
        if is_new is not None and bad >= FEWEST_ALIKE:
            old = rows - (new or 0)
            whole = all_of_one_kind(self._bad_rows(rule), bad, new or 0, old, is_new)
            found = replace(found, whole=whole)
        if rule.parent is not None:
            return self._parent(rule, found)
        found = replace(found, values=self._values(rule))
        back = taken_back(self._bad_rows(rule), was, found.values) if rule.kind == "range" else 0
        return replace(found, reversed=back)

    def bad_of_any(self, rules: Sequence[Rule]) -> int:
        """How many rows break any of some rules.

        Raises:
            WarehouseError: the rows cannot be read.
        """
        together = replace(rules[0], condition=exp.or_(*(rule.condition.copy() for rule in rules)))
        row = self._fetch(exp.select(_sum_if(_is_bad())).from_(self._checked(together)))[0]
        return int(row[0] or 0)

    def every_key_stays(self, rule: Rule) -> Checked:
        """Whether of rows that share a key exactly one is not set aside.

        Raises:
            WarehouseError: the rows cannot be read.
        """
        names = [f"aidbt_key_{number}" for number in range(len(rule.key))]
        keys = [exp.alias_(key.copy(), name) for key, name in zip(rule.key, names, strict=True)]
        own = [exp.column(name) for name in names]
        filled = exp.and_(*(name.copy().is_(exp.null()).not_() for name in own))
        here = exp.select(*keys, exp.column(BAD)).from_(self._checked(rule)).subquery("keyed")
        kept = exp.Sub(this=exp.Literal.number(1), expression=exp.column(BAD))
        each = exp.select(exp.alias_(exp.Sum(this=kept), "kept")).from_(here).where(filled).group_by(*own)
        one = exp.column("kept").eq(exp.Literal.number(1))
        asked = exp.select(exp.Count(this=exp.Star()), _sum_if(exp.not_(one))).from_(
            each.subquery("each_key")
        )
        total, other = self._fetch(asked)[0]
        return Checked(
            not int(other or 0), f"{int(total):,} keys, {int(other or 0):,} with none or several rows"
        )

    def _checked(self, rule: Rule) -> exp.Expr:
        yes, no = exp.Literal.number(1), exp.Literal.number(0)
        bad = exp.Case(ifs=[exp.If(this=rule.condition.copy(), true=yes)], default=no)
        return self.rows().select(exp.Star(), exp.alias_(bad, BAD)).subquery("checked")

    def _known_before(self, rule: Rule, found: Figures) -> Figures:
        """With the bad rows whose keys were there at the last good run."""
        change, good = self.case.tables.get(self.entry.source.unique_id), self.case.good
        was = change.was if change is not None else None
        keyed = was.keyed if was is not None else None
        if was is None or keyed is None or good is None:
            return found
        looked: list[str] = []
        before = 0
        rows = self.rows()
        if engine_of(self.connection) == good.engine:
            # As text: it is in the dialect's own words, which the hashes' statement would lower again.
            where: exp.Expr = exp.Paren(this=exp.Var(this=rule.condition.sql(rows.dialect)))
            where = exp.and_(rows.where.copy(), where) if rows.where is not None else where
            bad = keyed_rows(replace(rows, where=where), keyed.key, bound=keyed.bound, mask=self.mask)
            before = len(bad.values.keys() & keyed.values.keys())
            looked += ["the last good state has none of their keys"] if len(keyed.values) == was.rows else []
        highest = _maximum(was, keyed.key[0]) if len(keyed.key) == 1 else ""
        if highest and not before:
            above = _later(keyed.key[0], highest, self.entry, self.case.dialect)
            row = self._fetch(exp.select(_sum_if(exp.and_(_is_bad(), above))).from_(self._checked(rule)))[0]
            looked += [f"each {keyed.key[0]} is above all of then"] if int(row[0] or 0) == found.bad else []
        came = self._came_later(rule, found, was, keyed)
        looked += [f"{came} is above all of then in just as many rows as came"] if came else []
        for table, column in tables_with_key(self.entry, keyed.key, self.case):
            key = exp.column(keyed.key[0], quoted=True)
            known = exp.select(exp.column(column, quoted=True)).from_(
                exp.table_(table.name, db=table.schema, quoted=True)
            )
            there = exp.In(this=key, query=exp.Subquery(this=known))
            row = self._fetch(exp.select(_sum_if(exp.and_(_is_bad(), there))).from_(self._checked(rule)))[0]
            before = max(before, int(row[0] or 0))
            looked.append(f"{table} has none of their keys")
        return replace(found, known_before=before, looked_up=tuple(looked))

    def _came_later(self, rule: Rule, found: Figures, was: TableState, keyed: KeyedRows) -> str:
        """The time or number that tells which rows came since the last good run, where all bad ones did: in
        as many rows as came it is above all of then, and no row of then lost or changed it. "" for none.
        """
        now = keyed_rows(self.rows(), keyed.key, bound=keyed.bound, mask=self.mask)
        if len(keyed.values) < min(_FEWEST_KEYS, was.rows) or keyed.values.keys() - now.values.keys():
            return ""
        for column in was.columns:
            there = self.entry.relation.column(column.name)
            is_told = (
                column.maximum and type_family(column.data_type) in _ORDERED and column.name in keyed.columns
            )
            if there is None or not is_told or column.name in rule.columns:
                continue
            then, today = keyed.column(column.name), now.column(there.name)
            if any(today.get(key) != value for key, value in then.items()):
                continue
            above = _later(there.name, column.maximum or "", self.entry, self.case.dialect)
            both = exp.and_(_is_bad(), above.copy())
            row = self._fetch(exp.select(_sum_if(above), _sum_if(both)).from_(self._checked(rule)))[0]
            if (int(row[0] or 0), int(row[1] or 0)) == (found.rows - was.rows, found.bad):
                return there.name
        return ""

    def _parent(self, rule: Rule, found: Figures) -> Figures:
        assert rule.parent is not None
        parent, own = (self.case.tables.get(n.unique_id) for n in (rule.parent.source, self.entry.source))
        if parent is None or parent.was is None or parent.now is None or not parent.is_measured:
            return found
        name, own_name = _load_name(parent.now.names, rule.parent.source), _load_column(self.entry)
        lags, is_timed = False, False
        if name and own_name and own is not None and own.was is not None and own.now is not None:
            then = _maximum(parent.was, name), _maximum(own.was, own_name)
            now = _maximum(parent.now, name), _maximum(own.now, own_name)
            lags = then[0] >= then[1] and now[0] < now[1]
            is_timed = all((*then, *now))
        last, keys = self._keys(rule, rule.parent)
        return replace(
            found, parent_now=parent.now.rows, parent_then=parent.was.rows, parent_lags=lags,
            parent_lost=_lost_keys(parent.was, parent.now, self.mask), parent_follows=comes_next(last, keys),
            parent_untold=not is_timed and says_nothing(last, keys),
            kept_below=takes_only_new_rows(self.entry.staging.unique_id, self.case),
        )  # fmt: skip

    def _keys(self, rule: Rule, parent: Parent) -> tuple[object, list[object]]:
        """(the parent's last key, some of those that the orphans name)."""
        if len(rule.columns) != 1:
            return None, []
        highest = exp.Max(this=exp.column(parent.column, quoted=True))
        ((last,),) = self._fetch(exp.select(highest).from_(source_table(parent.source)))
        value = exp.column(rule.columns[0], quoted=True)
        query = exp.select(value).distinct().from_(self._checked(rule)).where(_is_bad()).limit(_MOST_ORPHANS)
        return last, [row[0] for row in self._fetch(query)]

    def _values(self, rule: Rule) -> tuple[Any, ...]:
        if len(rule.columns) != 1 or rule.kind not in ("other_values", "range", "bad_casts"):
            return ()
        value = exp.column(rule.columns[0], quoted=True)
        query = exp.select(value).distinct().from_(self._checked(rule)).where(_is_bad()).limit(_MOST_VALUES)
        return tuple(row[0] for row in self._fetch(query))

    def _bad_rows(self, rule: Rule) -> BadRows:
        return BadRows(self._fetch, self._checked(rule), self.entry.relation, rule.columns)

    def _fetch(self, query: exp.Expr) -> list[tuple[Any, ...]]:
        return self.connection.rows(query.sql(self.connection.dialect))


def _lost_keys(was: TableState, now: TableState, mask: int) -> int:
    """How many of the keys that were kept of then are gone; the more rows a table has, the fewer are kept."""
    if was.keyed is None or now.keyed is None or was.keyed.key != now.keyed.key:
        return 0
    then = {key for key in was.keyed.values if key ^ mask <= now.keyed.bound}
    return len(then - now.keyed.values.keys())


# --- conditions ---------------------------------------------------------------------------------------


def _later_copies(rule: Rule, keys: list[exp.Expr], order: Order) -> exp.Expr:
    """That a row has a key and is not the first of it."""
    parts = []
    if order.newest:
        parts.append(exp.Ordered(this=exp.column(order.newest, quoted=True), desc=True, nulls_first=False))
    parts += [exp.Ordered(this=exp.column(name, quoted=True), nulls_first=False) for name in order.earliest]
    parts = parts or [exp.Ordered(this=keys[0].copy(), nulls_first=False)]
    number = exp.Window(
        this=exp.RowNumber(), partition_by=[key.copy() for key in keys], order=exp.Order(expressions=parts)
    )
    return number > 1 if rule.condition == exp.true() else exp.and_(rule.condition.copy(), number > 1)


def _reason(rule: Rule, order: Order) -> str:
    names = ", ".join(rule.columns)
    return f"an older row of the same {names}" if order.newest else f"a copy of the row with the same {names}"


def _is_bad() -> exp.Expr:
    return exp.column(BAD).eq(exp.Literal.number(1))


def _sum_if(condition: exp.Expr) -> exp.Expr:
    yes, no = exp.Literal.number(1), exp.Literal.number(0)
    return exp.Sum(this=exp.Case(ifs=[exp.If(this=condition.copy(), true=yes)], default=no))


def _later(load: str, then: str, entry: Entry, dialect: str) -> exp.Expr:
    column = entry.relation.column(load)
    assert column is not None
    known = exp.cast(exp.Literal.string(then), exp.DataType.build(column.data_type, dialect=dialect))
    return exp.column(load, quoted=True) > known


def _uses(value: exp.Expr, columns: tuple[str, ...]) -> bool:
    return any(column.name in columns for column in value.find_all(exp.Column))


def _between(parts: Sequence[exp.Expr]) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    for part in parts:
        found += [exp.Literal.string("\x1f"), part] if found else [part]
    return found


def _declared_load_time(entry: Entry) -> str:
    raw, config = entry.source.raw, entry.source.config
    return str(raw.get("loaded_at_field") or config.get("loaded_at_field") or "")


def _load_column(entry: Entry) -> str:
    return _load_name(
        [column.name for column in entry.relation.columns], entry.source, _declared_load_time(entry)
    )


def _load_name(names: Sequence[str], source: Node, declared: str = "") -> str:
    """The column that says when a row was loaded, "" for none."""
    declared = declared or str(
        source.raw.get("loaded_at_field") or source.config.get("loaded_at_field") or ""
    )
    own = declared.strip('"`').casefold()
    return next(
        (name for name in names if name.casefold() == own),
        next((name for name in names if is_load_time(name)), ""),
    )


def _maximum(state: TableState, name: str) -> str:
    column = state.column(name)
    return (column.maximum or "") if column is not None else ""
