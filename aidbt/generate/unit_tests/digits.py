"""Expected rows in the digits of the project's own warehouse.

dbt compares the rows of a unit test as text, and of a number its digits are part of that: the mean of 4 and 4
is 4.0 on DuckDB, where expected rows are worked out, and 4.0000000000000000 on PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from aidbt.core.errors import WarehouseError
from aidbt.generate.unit_tests.drafts import Draft, Drafted
from aidbt.generate.unit_tests.entries import row_select
from aidbt.generate.unit_tests.subject import Case, Subject, Value

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""The rows of a query on the warehouse; raises WarehouseError."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d\b.*")


def in_its_digits(drafted: Drafted, dialect: str, ask: Ask) -> Drafted:
    """The tests with numbers as the warehouse writes them, where it gives the same rows; no table is read.

    Args:
        dialect: of the warehouse.
    """
    subject = drafted.subject
    if subject.written is None or drafted.left_out:
        return drafted
    tests = []
    for test in drafted.tests:
        try:
            answered = ask(_query(subject, test.case, dialect))
        except WarehouseError:  # then dbt shows what it thinks of the test
            answered = []
        tests.append(_with_digits(test, answered))
    return replace(drafted, tests=tuple(tests))


def _query(subject: Subject, case: Case, dialect: str) -> str:
    """The model's query over the rows of a case."""
    from sqlglot import exp

    assert subject.written is not None
    given = []
    for item, rows in zip(subject.inputs, case, strict=True):
        selects = [row_select(item.columns, row) for row in rows]
        nothing = row_select(item.columns, [None for _ in item.columns]).where(exp.false())
        query = exp.union(*selects, distinct=False) if len(selects) > 1 else (selects or [nothing])[0]
        given.append(exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(item.table))))
    tree = subject.written.copy()
    with_ = tree.args.get("with_")
    tree.set("with_", exp.With(expressions=[*given, *(with_.expressions if with_ is not None else [])]))
    return tree.sql(dialect)


def _with_digits(test: Draft, answered: Sequence[Sequence[Any]]) -> Draft:
    own, theirs = sorted(test.expected, key=_plain), sorted(answered, key=_plain)
    if list(map(_plain, own)) != list(map(_plain, theirs)):
        return test
    rows = [tuple(map(_written, row, other)) for row, other in zip(own, theirs, strict=True)]
    return replace(test, expected=tuple(rows))


def _plain(row: Sequence[Any]) -> list[str]:
    """What both write alike: a time may be seen from another zone, and is in the order of its row only."""
    return [_plain_cell(cell) for cell in row]


def _plain_cell(cell: Any) -> str:
    if isinstance(cell, bool) or cell is None:
        return str(cell)
    if isinstance(cell, int | float | Decimal):
        return f"{float(cell):.9g}"
    return "a time" if isinstance(cell, date) or _DAY.fullmatch(str(cell)) else str(cell)


def _written(own: Value, answered: Any) -> Value:
    """A decimal as the warehouse writes it, as text where YAML would read other digits; else the value."""
    if not isinstance(answered, Decimal) or str(answered) in (str(own), str(int(answered))):
        return own
    return str(answered)
