"""A DuckDB in memory that a model and its mutants are run in, on rows that stand for what the model reads."""

from __future__ import annotations

import contextlib
import functools
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aidbt.generate.unit_tests.subject import Case, Input, Row

if TYPE_CHECKING:
    from sqlglot import exp

_DEADLINE_S = 5.0
_LOOKED_AT_S = 0.5
_MEMORY = "512MB"

Outcome = frozenset[tuple[Any, int]] | str
"""The rows that a query gives, in no order, each with how often; or the class of its error."""


class RowsRefused(Exception):
    """The rows of a case cannot stand in the tables, e.g. a text that is no date."""


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column that a query gives; `data_type` in DuckDB's words."""

    name: str
    data_type: str


class Sandbox:
    """Tables like the inputs of a model, in a DuckDB that reaches nothing outside of itself.

    Use it in a `with` block.

    Args:
        optimizes: whether queries are optimized, as they are in earnest; on a few rows that takes most of
            their time.
        time_zone: of the session.

    Attributes:
        spent_s: how long queries ran in it.
    """

    def __init__(self, inputs: Sequence[Input], *, optimizes: bool = False, time_zone: str = "UTC") -> None:
        import duckdb

        self._errors = duckdb.Error
        self._connection = duckdb.connect(
            ":memory:",
            config={"enable_external_access": "false", "threads": "1", "memory_limit": _MEMORY},
        )
        self._connection.execute(_set_time_zone(time_zone).sql("duckdb"))
        if not optimizes:
            self._connection.execute("PRAGMA disable_optimizer")
        for item in inputs:
            self._connection.execute(_create(item).sql("duckdb"))
        self._connection.execute("SET lock_configuration = true")
        self._inputs = inputs
        self._inserts: dict[tuple[int, int], str] = {}
        self._prepared: dict[str, str] = {}
        self._loaded: Case = tuple(() for _ in inputs)
        self._ends_at: float | None = None
        self.spent_s = 0.0
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._connection.close()
        if isinstance(error, RuntimeError) and "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error  # DuckDB's word for Ctrl-C

    def problem(self, sql: str) -> str:
        """Why a query cannot be run here, in the engine's words; "" when it can."""
        try:
            self.columns(sql)
        except self._errors as error:
            return str(error).split("\n\n")[0].splitlines()[0]
        return ""

    def columns(self, sql: str) -> tuple[OutputColumn, ...]:
        """The columns that a query gives.

        Raises:
            duckdb.Error: it gives none.
        """
        with self._deadline():
            self._connection.execute(sql)
        described = self._connection.description or ()
        return tuple(OutputColumn(str(name), str(kind)) for name, kind, *_ in described)

    def outcome(self, sql: str, case: Case) -> Outcome:
        """What a query gives on the rows of a case.

        Raises:
            RowsRefused: the rows cannot be loaded.
        """
        try:
            return frozenset(Counter(tuple(map(_compared, row)) for row in self.rows(sql, case)).items())
        except self._errors as error:
            return type(error).__name__

    def rows(self, sql: str, case: Case) -> list[tuple[Any, ...]]:
        """The rows that a query gives on the rows of a case.

        Raises:
            RowsRefused: the rows cannot be loaded.
            duckdb.Error: the query fails on them.
        """
        self._load(case)
        with self._deadline():
            return self._connection.execute(self._statement(sql)).fetchall()

    def reads_as(self, sql: str, columns: Sequence[OutputColumn], rows: Sequence[Row], case: Case) -> bool:
        """Whether rows as they stand in YAML, cast to the types of a query's columns, are what it gives."""
        types = [read_type(column.data_type) for column in columns]
        given = self.outcome(sql, case)
        try:
            said = Counter(tuple(map(_compared, self._cast(row, types))) for row in rows)
        except self._errors:
            return False
        return frozenset(said.items()) == given

    def _cast(self, row: Row, types: Sequence[exp.DataType]) -> tuple[Any, ...]:
        from sqlglot import exp

        items = [exp.cast(exp.Placeholder(), kind) for kind in types]
        found = self._connection.execute(exp.select(*items).sql("duckdb"), list(row)).fetchall()
        return tuple(found[0])

    def _statement(self, sql: str) -> str:
        """What runs a query that is parsed and planned only once."""
        if sql not in self._prepared:
            name = f"q{len(self._prepared)}"
            self._connection.execute(" ".join(("PREPARE", name, "AS", sql)))
            self._prepared[sql] = " ".join(("EXECUTE", name))
        return self._prepared[sql]

    def _load(self, case: Case) -> None:
        for number, rows in enumerate(case):
            if rows == self._loaded[number]:
                continue
            try:
                self._connection.execute(_delete(self._inputs[number]))
                if rows:
                    self._connection.execute(
                        self._insert(number, len(rows)), [c for row in rows for c in row]
                    )
            except self._errors as error:
                self._forget(number)
                raise RowsRefused(str(error)) from error
            self._loaded = (*self._loaded[:number], rows, *self._loaded[number + 1 :])

    def _insert(self, number: int, size: int) -> str:
        if (number, size) not in self._inserts:
            self._inserts[number, size] = _insert(self._inputs[number], size).sql("duckdb")
        return self._inserts[number, size]

    def _forget(self, number: int) -> None:
        """Leave a table empty that could not be filled."""
        self._connection.execute(_delete(self._inputs[number]))
        self._loaded = (*self._loaded[:number], (), *self._loaded[number + 1 :])

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[None]:
        """Inside, what runs too long is interrupted: a series between far dates, a join of everything."""
        started_at = time.monotonic()
        self._ends_at = started_at + _DEADLINE_S
        try:
            yield
        finally:
            self._ends_at = None
            self.spent_s += time.monotonic() - started_at

    def _watch(self) -> None:
        """Interrupts what is past its deadline, until the sandbox is closed."""
        while not self._closed.wait(_LOOKED_AT_S):
            ends_at = self._ends_at
            if ends_at is not None and time.monotonic() > ends_at:
                self._connection.interrupt()


def orders(case: Case) -> tuple[Case, ...]:
    """The same rows in other orders: no query is promised one, and dbt puts a row without NULL first."""
    backwards = tuple(tuple(reversed(rows)) for rows in case)
    turned = tuple(rows[len(rows) // 2 :] + rows[: len(rows) // 2] for rows in case)
    return tuple(order for order in dict.fromkeys((backwards, turned)) if order != case)


def _compared(value: Any) -> Any:
    """A value in a form that can be counted, in which two are the same when dbt sees no difference."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else repr(value)
    if isinstance(value, list | tuple):
        return tuple(map(_compared, value))
    if isinstance(value, dict):
        return tuple((str(key), _compared(item)) for key, item in value.items())
    return (type(value).__name__, value) if isinstance(value, bool) else value


def _set_time_zone(name: str) -> exp.Expr:
    from sqlglot import exp

    setting = exp.EQ(this=exp.var("TimeZone"), expression=exp.Literal.string(name))
    return exp.Set(expressions=[exp.SetItem(this=setting)])


def read_type(data_type: str) -> exp.DataType:
    """A type of DuckDB as sqlglot reads it."""
    from sqlglot import exp

    return exp.DataType.build(data_type, dialect="duckdb", udt=True)


def _create(item: Input) -> exp.Expr:
    from sqlglot import exp

    columns = [
        exp.ColumnDef(
            this=exp.to_identifier(column.name, quoted=True),
            kind=read_type(column.data_type),
        )
        for column in item.columns
    ]
    schema = exp.Schema(this=exp.to_table(item.table), expressions=columns)
    return exp.Create(this=schema, kind="TABLE")


def _insert(item: Input, size: int) -> exp.Expr:
    from sqlglot import exp

    row = exp.Tuple(expressions=[exp.Placeholder() for _ in item.columns])
    return exp.insert(exp.Values(expressions=[row.copy() for _ in range(size)]), exp.to_table(item.table))


@functools.cache
def _delete(item: Input) -> str:
    from sqlglot import exp

    return exp.Delete(this=exp.to_table(item.table)).sql("duckdb")
