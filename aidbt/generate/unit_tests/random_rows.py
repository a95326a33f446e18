"""Cases of random rows: keys that meet and miss, rows that repeat in all but a cell, NULLs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from aidbt.generate.unit_tests.aims import Aimed
from aidbt.generate.unit_tests.domains import Domain, Place
from aidbt.generate.unit_tests.subject import Case, Input, Row, Value

_SEED = 7
_NULLS = 0.1
_TELLING = 0.6
_COPIES = 0.4
_LIKED = 0.7
_SMALL = 0.25
_AIMED = 0.2
# Rows of all inputs together in the richest cases: joins on few keys multiply them.
_MOST_ROWS = 60
_SIZES = (1.0, 1.0, 0.3, 0.12, 0.6, 0.12, 0.3)


class RandomRows:
    """Draws cases from one generator of fixed seed: the same model gets the same cases.

    Args:
        aimed: parts of rows, of which some are put into others.
    """

    def __init__(self, inputs: Sequence[Input], values: Mapping[Place, Domain], aimed: Aimed) -> None:
        self._random = random.Random(_SEED)
        self._inputs = inputs
        self._values = values
        self._aimed = aimed

    def case(self, number: int, seeds: Case) -> Case:
        """The next case: rich ones, in which almost anything is met, and smaller ones, in which few rows
        stand in each other's way.

        Args:
            seeds: rows that told something before. In two of three cases most rows are like one of them: what
                passes the filters of the model is rare among other rows.
        """
        most = max(8, _MOST_ROWS // max(len(self._inputs), 1))
        size = max(2, round(most * _SIZES[number % len(_SIZES)]))
        liked = _LIKED if number % 3 else 0.0
        return tuple(
            self._table(item, self._size(size), rows, liked)
            for item, rows in zip(self._inputs, seeds, strict=True)
        )

    def _size(self, size: int) -> int:
        """A few rows at times, beside many of others: what looks for the last one of all finds another."""
        is_small = self._random.random() < _SMALL
        return self._random.randint(0, 2) if is_small else self._random.randint(size // 2, size)

    def _table(self, item: Input, size: int, seeds: Sequence[Row], liked: float) -> tuple[Row, ...]:
        rows: list[Row] = []
        parts = self._aimed.get(item.table, ())
        for _ in range(size):
            if seeds and self._random.random() < liked:
                rows.append(self._changed(item, self._random.choice(seeds)))
            elif rows and self._random.random() < _COPIES:
                rows.append(self._changed(item, self._random.choice(rows)))
            else:
                rows.append(tuple(self._value(item, place) for place in range(len(item.columns))))
            if parts and self._random.random() < _AIMED:
                part = self._random.choice(parts)
                cells = zip(item.columns, rows[-1], strict=True)
                rows[-1] = tuple(part.get(column.name, cell) for column, cell in cells)
        return tuple(rows)

    def _changed(self, item: Input, row: Row) -> Row:
        cells = list(row)
        places = [number for number, column in enumerate(item.columns) if column.is_used]
        for _ in range(self._random.choice((0, 1, 1, 1, 2)) if places else 0):
            place = self._random.choice(places)
            cells[place] = self._value(item, place)
        return tuple(cells)

    def _value(self, item: Input, place: int) -> Value:
        domain = self._values.get((item.table, item.columns[place].name))
        if domain is None or domain.is_empty or self._random.random() < _NULLS:
            return None
        is_telling = domain.telling and (not domain.usual or self._random.random() < _TELLING)
        return self._random.choice(domain.telling if is_telling else domain.usual)
