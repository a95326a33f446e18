"""What bad rows have in common: all rows of one kind, or rows that take others back, are no random few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlglot import exp

from aidbt.core.schema import Relation
from aidbt.core.table_state import TableState
from aidbt.core.types import type_family
from aidbt.healing.quarantine.copies import is_loaders

BAD = "aidbt_bad"
FEWEST_ALIKE = 3  # bad rows that have something in common
_CODES = ("text", "boolean", "integer")  # what says of which kind, shop or currency a row is
_MOST_CODES = 1_000  # values of a column; of one with more each is too rare
_FEW_KINDS, _ROWS_EACH = 10, 20  # values of a column of codes, and rows with each
_CHANCE = 0.01  # that no good new row has a value
_FEWEST_THINGS = 20  # different values of a column that says whose a row is
_MOST_ROWS = 20_000
_NUMBERS = (int, float, Decimal)


@dataclass(frozen=True, slots=True)
class BadRows:
    """The rows of a source, to be asked.

    Attributes:
        rows: a query of all of them, with `BAD`, which is 1 in the bad ones.
        columns: that the rule looks at.
    """

    fetch: Callable[[exp.Expr], list[tuple[Any, ...]]]
    rows: exp.Expr
    relation: Relation
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """The rows with one value of a column: new bad ones, new good ones, and those of before."""

    bad: int
    good: int
    old: int

    def is_whole(self, bad: int, new: int, old: int) -> bool:
        """Whether most bad rows are among them, all new ones are bad, and that is no chance: as often as the
        value was there before, some of the good new rows should have it.

        Args:
            bad, new, old: bad rows, new rows and rows of before in all.

        Example:
            >>> Alike(9, 0, 100).is_whole(9, 400, 1000), Alike(9, 0, 2).is_whole(9, 400, 1000)
            (True, False)
        """
        if self.good or not old or self.bad < max(FEWEST_ALIKE, bad / 2):
            return False
        return bool((1 - min(self.old / old, 1.0)) ** max(new - bad, 0) < _CHANCE)

    def is_new_kind(self, bad: int, kinds: int, old: int) -> bool:
        """Whether all bad rows are these, and nothing else ever was, in a column of few values.

        Args:
            bad, old: bad rows and rows of before in all; `kinds`: values that those have.

        Example:
            >>> Alike(3, 0, 0).is_new_kind(3, 2, 1000), Alike(3, 0, 0).is_new_kind(3, 900, 1000)
            (True, False)
        """
        is_code = 1 < kinds <= _FEW_KINDS and old >= _ROWS_EACH * kinds
        return is_code and not self.old and not self.good and self.bad == bad


def all_of_one_kind(asked: BadRows, bad: int, new: int, old: int, is_new: exp.Expr) -> str:
    """`column = value` that most bad rows have and no good new row has, though rows of before had it, or that
    is a kind of its own; "" for none.

    Args:
        bad, new, old: rows in all, as in `Alike.is_whole`.

    Raises:
        WarehouseError: the rows cannot be read.
    """
    is_old = exp.or_(exp.not_(is_new.copy()), is_new.copy().is_(exp.null()))
    kinds = (exp.and_(is_new.copy(), _is(1)), exp.and_(is_new.copy(), _is(0)), is_old)
    for column in asked.relation.columns:
        is_code = type_family(column.data_type) in _CODES and not is_loaders(column.name)
        if column.name in asked.columns or not is_code:
            continue
        value = exp.column(column.name, quoted=True)
        each = exp.select(value, *(_count_if(one) for one in kinds)).from_(asked.rows.copy())
        rows = asked.fetch(each.group_by(value.copy()).limit(_MOST_CODES))
        found = {code: Alike(*(int(count or 0) for count in counts)) for code, *counts in rows}
        known = sum(1 for one in found.values() if one.old)
        for code, one in found.items():
            is_one = one.is_whole(bad, new, old) or one.is_new_kind(bad, known, old)
            if code is not None and is_one:
                return f"{column.name} = {code}"
    return ""


def taken_back(asked: BadRows, was: TableState | None, values: Sequence[Any]) -> int:
    """How many bad rows may take another one back: they hold its number with the other sign, which few rows
    hold, and name the same customer, order or so.

    Args:
        values: the bad ones.

    Raises:
        WarehouseError: the rows cannot be read.
    """
    column = asked.relation.column(asked.columns[0]) if len(asked.columns) == 1 else None
    sizes = [exp.Literal.number(str(abs(value))) for value in values if isinstance(value, _NUMBERS)]
    if column is None or was is None or not sizes:
        return 0
    known = {one.name for one in was.columns if (one.distinct or 0) >= _FEWEST_THINGS}
    named = [
        exp.column(one.name, quoted=True)
        for one in asked.relation.columns
        if one.name in known and one.name != column.name and type_family(one.data_type) in ("text", "integer")
    ]
    value = exp.column(column.name, quoted=True)
    query = exp.select(exp.column(BAD), value, *named).from_(asked.rows.copy())
    rows = asked.fetch(query.where(exp.Abs(this=value.copy()).isin(*sizes)).limit(_MOST_ROWS))
    good = [row for row in rows if not row[0]]
    return sum(_takes_back(row, [one for one in good if one[1] == -row[1]]) for row in rows if row[0])


def _takes_back(row: tuple[Any, ...], others: Sequence[tuple[Any, ...]]) -> bool:
    """Whether one of the few rows with the opposite number names the same thing as a row."""
    is_same = any(a is not None and a == b for one in others for a, b in zip(row[2:], one[2:], strict=True))
    return len(others) <= FEWEST_ALIKE and is_same


def _is(bad: int) -> exp.Expr:
    return exp.column(BAD).eq(exp.Literal.number(bad))


def _count_if(condition: exp.Expr) -> exp.Expr:
    yes, no = exp.Literal.number(1), exp.Literal.number(0)
    return exp.Sum(this=exp.Case(ifs=[exp.If(this=condition, true=yes)], default=no))
