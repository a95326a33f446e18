"""What the warehouse says of a source while a mend is proved: asked anew, never taken from the diagnosis."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlglot
from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.healing import Checked
from aidbt.core.schema import Column, Relation
from aidbt.core.table_state import KeyedRows, TableState
from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.table_changes import TableChange, is_mark
from aidbt.healing.evidence.tables_now import relation_at, tables_now
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.manifest import Node
from aidbt.sql.reads import Instead, Style
from aidbt.warehouse import Connection
from aidbt.warehouse.dialects import render
from aidbt.warehouse.rows import Rows, rows_of
from aidbt.warehouse.table_states import engine_of, keyed_rows

VALUE = "aidbt_value"  # the name that an expression has while its values are compared
_TEXT = exp.DataType.build("text")
_Row = Sequence[int | None]
_ENOUGH = 20  # rows of the same key, or all there are where there are fewer
_FEWEST = 8
_MOST_KEYS = 4  # new columns that are tried as the key under another name
_MOST_OTHER = 0.02  # of the compared rows
MOST_UPDATED = 0.1  # of them, that were updated though nothing marks them
_SEVERAL = 3  # rows
SURE = 0.95  # Cohen's kappa, or the share of values of then that are there
_MOSTLY_KNOWN = 0.8  # of the values now: the others came with new rows
_FEW_VALUES = 5  # different ones that are all the same by no chance


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an expression's values now compare with those that a column then had, on the same keys.

    Attributes:
        same, other: rows with both filled.
        lost: rows that had a value and have none.
        gained: rows that had none and have one.
        kappa: 0..1, agreement beyond what chance gives with so many of each value (Cohen, "A coefficient of
            agreement for nominal scales", 1960); 0 where all rows hold one value.
        rows: that the last good state has to compare with.
        updated: rows with another value that are left out, since other columns of them changed as well: in a
            table whose rows are updated, and nothing marks those that were.
        invented: most rows that have one other value, which no row had then, or that had none: a word for
            null, a mask.
    """

    same: int = 0
    other: int = 0
    lost: int = 0
    gained: int = 0
    kappa: float = 0.0
    rows: int = 0
    updated: int = 0
    invented: int = 0

    @property
    def compared(self) -> int:
        return self.same + self.other + self.lost + self.gained

    @property
    def _needed(self) -> int:
        return min(_ENOUGH, max(self.rows, _FEWEST))

    @property
    def is_enough(self) -> bool:
        """Whether so many rows have both filled that they say something."""
        return self.same + self.other >= self._needed

    @property
    def is_same(self) -> bool:
        """Whether the values are those that were there."""
        return self.is_enough and self.compared - self.same <= _MOST_OTHER * self.compared

    def may_have_changed(self, *, most: float = _MOST_OTHER, least: float = SURE) -> bool:
        """Whether they are but for few that may have been changed by people: none was lost, and no value is
        new in several rows.

        Args:
            most: of the rows; `least`: of kappa.
        """
        differ = self.compared - self.same
        is_few = self.is_enough and differ <= most * self.compared and self.kappa >= least
        return is_few and not self.lost and self.invented < _SEVERAL

    @property
    def is_exact(self) -> bool:
        """Whether they are, to the last one: a column that is like another one but for a few rows (a total
        less what was refunded), or a type that some values do not fit in, is not what was there."""
        return self.is_same and not self.other and not self.lost and self.invented < _SEVERAL

    @property
    def proves_same(self) -> bool:
        """Whether they are, and another column could not hold them by chance."""
        return self.is_exact and self.kappa >= SURE

    @property
    def rules_out(self) -> bool:
        """Whether the values are plainly those of something else."""
        differ = self.compared - self.same
        return self.compared >= self._needed and self.kappa < 0.5 and differ > 0.1 * self.compared

    def __str__(self) -> str:
        also = f", {self.updated:,} updated rows left out" if self.updated else ""
        return f"the same value in {self.same:,} of {self.compared:,} rows with the same key{also}"


@dataclass(frozen=True, slots=True)
class Shared:
    """How far the different values then and those that an expression gives now are the same.

    Attributes:
        share: 0..1 of `support` values then that it gives now.
        known: 0..1 of `known_of` values now that were there then.
        is_whole: whether all values of then are known, not a sample of them.
    """

    share: float
    support: int
    known: float
    known_of: int
    is_whole: bool = False

    @property
    def is_same(self) -> bool:
        """Whether the values are those that were there."""
        return self.support > 0 and self.share >= SURE and self.known >= _MOSTLY_KNOWN

    @property
    def proves_same(self) -> bool:
        """Whether they are, and there are too many for another column to hold them by chance."""
        is_all = self.is_whole and self.share == self.known == 1 and self.support >= _FEW_VALUES
        return self.is_same and (self.support >= _ENOUGH or is_all)

    def __str__(self) -> str:
        return f"{self.share:.0%} of {self.support:,} values of then are there, {self.known:.0%} were before"


class SourceNow:
    """One source as it is when it is first asked; every claim of one mend looks at the same moment."""

    def __init__(self, case: Case, tools: Tools, source: Node) -> None:
        self._case, self._tools, self.source = case, tools, source

    @cached_property
    def change(self) -> TableChange:
        """What became of it since the last good run.

        Raises:
            WarehouseError: it cannot be measured.
        """
        case, tools = self._case, self._tools
        then = case.good.tables.get(self.source.unique_id) if case.good is not None else None
        key = then.keyed.key if then is not None and then.keyed is not None else ()
        found = tables_now(
            tools.warehouse(),
            [self.source],
            case.good,
            mask=tools.mask(),
            scan_bytes=tools.settings.budget.scan_bytes,
            keys={self.source.unique_id: key},
            root=case.root,
        )
        change = found.tables.get(self.source.unique_id)
        if change is None or change.now is None or change.was is None or not change.is_measured:
            why = f": {found.unknown[0]}" if found.unknown else ""
            raise WarehouseError(f"{self.source.name} cannot be measured{why}")
        return change

    @property
    def dialect(self) -> str:
        return self._tools.warehouse().dialect

    def relation(self, connection: Connection) -> Relation:
        """The table that it is, or its files as this connection reads them.

        Raises:
            WarehouseError: it is not there.
        """
        unknown: list[str] = []
        found = relation_at(
            connection, self.source, self._relations,
            most_bytes=self._tools.settings.budget.scan_bytes, unknown=unknown, root=self._case.root,
        )  # fmt: skip
        if found is None:
            raise WarehouseError(unknown[0] if unknown else f"{self.source.name} is not there")
        return found

    @cached_property
    def _relations(self) -> Sequence[Relation]:
        return self._tools.warehouse().relations()

    @property
    def then(self) -> TableState:
        assert self.change.was is not None
        return self.change.was

    @property
    def now(self) -> TableState:
        assert self.change.now is not None
        return self.change.now

    def agreement(
        self, column: str, instead: Instead, data_type: str, *, with_updated: bool = False
    ) -> Agreement | None:
        """The values of an expression beside those that a column then had; None where the last good state
        has no rows to compare with.

        Args:
            with_updated: also in rows that something marks as updated since (updated_at, the load's time).

        Raises:
            WarehouseError: the expression cannot be run.
        """
        then = self.then.keyed
        if then is None or column not in (*then.columns, *then.key):  # of a type that is not kept
            return None
        with self._tools.warehouse().connect() as connection:
            if not self._is_same_engine(connection):
                return None
            rows = _with_value(connection, self.relation(connection), instead, data_type)
            for key in self._keys(then, column):
                now = keyed_rows(rows, key, bound=then.bound, mask=self._tools.mask())
                found_again = 2 * len(now.values.keys() & then.values.keys()) >= len(then.values)
                if found_again and VALUE in now.columns:
                    return compared(then, now, column, with_updated=with_updated)
        if column in then.key and all(self.now.column(name) for name in then.key if name != column):
            return Agreement(lost=len(then.values), rows=len(then.values))  # it does not find the rows again
        return None

    def shared(self, column: str, instead: Instead, data_type: str) -> Shared | None:
        """The different values of an expression beside those that a column then had; None without a sketch.

        Raises:
            WarehouseError: the expression cannot be run.
        """
        then, mask = self.then.column(column), self._tools.mask()
        if then is None or not then.hashes:
            return None
        with self._tools.warehouse().connect() as connection:
            if not self._is_same_engine(connection):
                return None
            rows = _with_value(connection, self.relation(connection), instead, data_type)
            named = exp.column(VALUE, quoted=True)
            hashed = exp.Anonymous(this="hash", expressions=[exp.cast(named, _TEXT)])
            query = rows.select(hashed).distinct(copy=False).where(exp.not_(named.copy().is_(exp.null())))
            lowest = 0 if connection.dialect == "duckdb" else -(2**63)
            values = {int(value) - lowest for (value,) in rows.fetch(query)}
        now = {value for value in values if value <= then.bound}
        was = {value ^ mask for value in then.hashes}
        both = len(was & now)
        known = both / len(now) if now else 0.0
        return Shared(both / len(was), len(was), known, len(now), then.bound == 2**64 - 1)

    def _is_same_engine(self, connection: Connection) -> bool:
        return self._case.good is not None and self._case.good.engine == engine_of(connection)

    def _keys(self, then: KeyedRows, column: str) -> Iterator[list[str]]:
        """The key's columns as they are now: the expression itself where it is the key that changed; where
        another column of it is gone, each new one in its place.
        """
        places = {name: there.name for name in then.key if (there := self.now.column(name)) is not None}
        places |= {column: VALUE} if column in then.key else {}
        gone = [name for name in then.key if name not in places]
        if not gone:
            yield [places[name] for name in then.key]
        for new in self.change.new[:_MOST_KEYS] if len(gone) == 1 else ():
            yield [places.get(name, new) for name in then.key]

    def count(self, condition: exp.Expr) -> int:
        """Rows for which something holds now."""
        with self._tools.warehouse().connect() as connection:
            rows = rows_of(connection, self.relation(connection))
            one = exp.Literal.number(1)
            found = rows.first(exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=one)])))
        return int(found[0])

    def fetched(
        self, instead: Instead, data_type: str, ask: Callable[[Rows], exp.Expr]
    ) -> list[tuple[Any, ...]]:
        """What a query over its rows gives, in which an expression stands as the column VALUE.

        Raises:
            WarehouseError: the expression cannot be run.
        """
        with self._tools.warehouse().connect() as connection:
            rows = _with_value(connection, self.relation(connection), instead, data_type)
            return rows.fetch(ask(rows))

    def sizes(self, old: str, new: str, data_type: str) -> tuple[float | None, float | None]:
        """The usual length of a text, or size of a number (about its geometric mean, so that few large ones
        do not count): in `old` where that is filled, and in `new` where `old` is not; None of other types,
        and where there is no value.

        Raises:
            WarehouseError: the values cannot be read.
        """
        family = type_family(data_type)
        if family not in ("text", "number", "integer"):
            return None, None

        def size(name: str) -> exp.Expr:
            value = exp.column(name, quoted=True)
            if family == "text":
                return exp.Length(this=exp.cast(value, _TEXT.copy()))
            return log_size(value)

        is_null = exp.column(old, quoted=True).is_(exp.null())
        moved = exp.Case(ifs=[exp.If(this=is_null, true=size(new))])
        middle = [exp.Avg(this=size(old)), exp.Avg(this=moved)]
        with self._tools.warehouse().connect() as connection:
            was, there = rows_of(connection, self.relation(connection)).first(*middle)
        if was is None or there is None:
            return None, None
        return (float(was), float(there)) if family == "text" else (math.exp(was), math.exp(there))

    def count_null(self, instead: Instead) -> int:
        """Rows for which an expression gives no value now."""
        return self.count(_parsed(instead, self.dialect).is_(exp.null()))

    def try_out(self, instead: Instead, data_type: str) -> Checked:
        """Whether an expression that reads nothing can be run as a type."""
        warehouse = self._tools.warehouse()
        wanted = exp.DataType.build(data_type, dialect=warehouse.dialect)
        with warehouse.connect() as connection:
            value = exp.cast(_parsed(instead, connection.dialect), wanted)
            found = connection.rows(render(exp.select(value), connection.dialect))
        return Checked(len(found) == 1, "the warehouse reads it so")


def log_size(value: exp.Expr) -> exp.Expr:
    """The logarithm of one more than a number's size."""
    size = exp.Abs(this=exp.cast(value.copy(), exp.DataType.build("double")))
    return exp.Ln(this=exp.Add(this=size, expression=exp.Literal.number(1)))


def _parsed(instead: Instead, dialect: str) -> exp.Expr:
    text = instead.written(dialect, style=Style())
    try:
        return sqlglot.parse_one(text, dialect=dialect or None)
    except sqlglot.errors.ParseError as error:
        raise WarehouseError(f"{text} cannot be read as SQL of {dialect}") from error


def _with_value(connection: Connection, relation: Relation, instead: Instead, data_type: str) -> Rows:
    """The relation's rows with an expression as one more column."""
    rows = rows_of(connection, relation)
    value = exp.alias_(_parsed(instead, connection.dialect), VALUE, quoted=True)
    made = rows.select(exp.Star(), value).subquery("aidbt_rows", copy=False)
    columns = (*rows.relation.columns, Column(VALUE, data_type))
    there = Relation(relation.schema, relation.name, columns, database=relation.database)
    return Rows(connection, there, None, made)


def compared(then: KeyedRows, now: KeyedRows, column: str, *, with_updated: bool = False) -> Agreement:
    """How `now`'s value compares with a column of `then`; where that is part of the key, how all else in the
    rows that the value finds again does. Values in, values out.
    """
    both_have = [name for name in then.columns if name in now.columns and name != column]
    marks = [] if with_updated else [name for name in both_have if is_mark(name)]
    rest = [name for name in both_have if name not in then.key and not is_mark(name)]
    both = [(row, now.values[key]) for key, row in then.values.items() if key in now.values]
    both = [(row, other) for row, other in both if _picked(then, row, marks) == _picked(now, other, marks)]
    telling = [name for name in rest if _is_updated_in_few(then, now, both, name)]
    pairs: list[tuple[object, object]] = []
    updated: list[tuple[object, object]] = []
    for row, other in both:
        if column in then.key:
            pairs.append((_picked(then, row, rest), _picked(now, other, rest)))
        elif column in then.columns:
            pair = row[then.columns.index(column)], other[now.columns.index(VALUE)]
            is_updated = _picked(then, row, telling) != _picked(now, other, telling)
            is_left_out = is_updated and pair[1] is not None and pair[0] != pair[1]
            (updated if is_left_out else pairs).append(pair)
    if len(updated) > MOST_UPDATED * len(pairs):
        pairs, updated = [*pairs, *updated], []
    filled = [(a, b) for a, b in pairs if a is not None and b is not None]
    same = sum(a == b for a, b in filled)
    had = {a for a, _ in pairs}
    invented = Counter(b for a, b in pairs if a != b and b is not None and (a is None or b not in had))
    lost = sum(a is not None and b is None for a, b in pairs)
    gained = sum(a is None and b is not None for a, b in pairs)
    return Agreement(same, len(filled) - same, lost, gained, _kappa(pairs), len(then.values), len(updated),
                     max(invented.values(), default=0))  # fmt: skip


def _is_updated_in_few(then: KeyedRows, now: KeyedRows, both: Sequence[tuple[_Row, _Row]], name: str) -> bool:
    """Whether a column is another one in few of the rows: what changed in nearly all (the number of a load)
    says nothing of who was updated."""
    places = then.columns.index(name), now.columns.index(name)
    changed = sum(row[places[0]] != other[places[1]] for row, other in both)
    return changed <= MOST_UPDATED * len(both)


def is_recoded(then: KeyedRows, column: str, now: KeyedRows, new: str) -> bool:
    """Whether a column now says of the same rows what another one said then, in other words: each of its few
    values stands for one value of then, and the other way around."""
    if column not in then.columns or new not in now.columns:
        return False
    was, there = then.column(column), now.column(new)
    pairs = [(was[key], there[key]) for key in was.keys() & there.keys()]
    pairs = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len(pairs) < _ENOUGH or 3 * len({a for a, _ in pairs}) > len(pairs):
        return False
    return _kappa(_translated(pairs)) >= SURE and _kappa(_translated([(b, a) for a, b in pairs])) >= SURE


def _translated(pairs: Sequence[tuple[object, object]]) -> list[tuple[object, object]]:
    """The pairs with each first value put as the second one that it mostly stands beside."""
    beside: dict[object, Counter[object]] = {}
    for a, b in pairs:
        beside.setdefault(a, Counter())[b] += 1
    return [(beside[a].most_common(1)[0][0], b) for a, b in pairs]


def _picked(rows: KeyedRows, row: Sequence[int | None], names: Sequence[str]) -> tuple[int | None, ...]:
    return tuple(row[rows.columns.index(name)] for name in names)


def _kappa(pairs: Sequence[tuple[object, object]]) -> float:
    if not pairs:
        return 0.0
    n = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(count * second[value] for value, count in first.items()) / n**2
    observed = sum(a == b for a, b in pairs) / n
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
