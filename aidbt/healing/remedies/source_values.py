"""What the warehouse says of a source while a mend is proved: asked anew, never taken from the diagnosis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlglot
from sqlglot import exp

from aidbt.core.errors import AidbtError, StatementRefused, WarehouseError
from aidbt.core.healing import Checked
from aidbt.core.schema import Column, Relation
from aidbt.core.table_state import KeyedRows, TableState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.table_changes import TableChange, is_mark
from aidbt.healing.evidence.tables_now import relation_of, tables_now
from aidbt.healing.remedies.remedy import Tools
from aidbt.project.manifest import Node
from aidbt.sql.reads import Instead, Style
from aidbt.warehouse import Connection
from aidbt.warehouse.dialects import render
from aidbt.warehouse.rows import Rows, rows_of
from aidbt.warehouse.table_states import engine_of, keyed_rows

_VALUE = "aidbt_value"  # the name that an expression has while its values are compared
_ENOUGH = 20  # rows of the same key, or all there are where there are fewer
_FEWEST = 8
_MOST_OTHER = 0.02  # of the compared rows
_SURE = 0.95  # Cohen's kappa


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
    """

    same: int = 0
    other: int = 0
    lost: int = 0
    gained: int = 0
    kappa: float = 0.0
    rows: int = 0

    @property
    def compared(then: KeyedRows, now: KeyedRows, column: str, *, with_updated: bool = False) -> Agreement:
    """How `now`'s value compares with a column of `then`; where that is part of the key, how all else in the
    rows that the value finds again does. Values in, values out.
    """
    marks = [] if with_updated else [n for n in then.columns if is_mark(n) and n in now.columns and n != column]
    places = [(then.columns.index(name), now.columns.index(name)) for name in marks]
    shared = [n for n in then.columns if n in now.columns and n not in then.key and not is_mark(n)]
    pairs: list[tuple[object, object]] = []
    for key, row in then.values.items():
        other = now.values.get(key)
        if other is None or any(row[i] != other[j] for i, j in places):
            continue
        if column in then.key:
            rest = [(row[then.columns.index(n)], other[now.columns.index(n)]) for n in shared]
            pairs.append((tuple(a for a, _ in rest), tuple(b for _, b in rest)))
        elif column in then.columns:
            pairs.append((row[then.columns.index(column)], other[now.columns.index(_VALUE)]))
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    same = sum(a == b for a, b in both)
    lost = sum(a is not None and b is None for a, b in pairs)
    gained = sum(a is None and b is not None for a, b in pairs)
    return Agreement(same, len(both) - same, lost, gained, _kappa(pairs), len(then.values))


def _kappa(pairs: Sequence[tuple[object, object]]) -> float:
    if not pairs:
        return 0.0
    n = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(count * second[value] for value, count in first.items()) / n**2
    observed = sum(a == b for a, b in pairs) / n
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
