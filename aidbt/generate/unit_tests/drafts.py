"""The unit tests of one query of a model: rows, what comes of them, and the faults that they show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aidbt.generate.unit_tests.aims import aimed_rows
from aidbt.generate.unit_tests.domains import domains, used_columns
from aidbt.generate.unit_tests.judge import Judge
from aidbt.generate.unit_tests.kinds import TIMES, kind_of
from aidbt.generate.unit_tests.sandbox import OutputColumn, Sandbox, read_type
from aidbt.generate.unit_tests.search import Killer, find_killers
from aidbt.generate.unit_tests.subject import Case, Refusal, Row, Subject, Value
from aidbt.sql.mutants import Mutant, mutants

if TYPE_CHECKING:
    from sqlglot import exp

# A float keeps so many digits of a decimal; one with more is written as text.
_EXACT_DIGITS = 15
# A session may be in any time zone, which shifts what has one of its own and what the query says has none.
_FAR_ZONE = "Asia/Kolkata"


@dataclass(frozen=True, slots=True)
class Draft:
    """One unit test.

    Attributes:
        case: the rows of each input.
        columns: of the result; those that no YAML can hold are left out.
        expected: the rows that the model gives, sorted.
        kills: the faults that make it fail, by their place in the list of mutants; never empty.
        first: those of them that no test before it shows; never empty.
    """

    case: Case
    columns: tuple[str, ...]
    expected: tuple[Row, ...]
    kills: frozenset[int]
    first: frozenset[int]


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was found for one query.

    Attributes:
        mutants: those that can be run at all.
        left_out: columns of the result that the tests do not compare.
    """

    subject: Subject
    tests: tuple[Draft, ...]
    mutants: tuple[Mutant, ...]
    left_out: tuple[str, ...] = ()

    @property
    def killed(self) -> frozenset[int]:
        return frozenset().union(*(test.kills for test in self.tests))

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The faults that no test shows: they mean the same, or no rows were found that tell them apart."""
        return tuple(mutant for number, mutant in enumerate(self.mutants) if number not in self.killed)


def draft(subject: Subject) -> Drafted | Refusal:
    """As few small tests as show the most faults of a model that the search finds rows for."""
    subject = _with_used_columns(subject)
    with Sandbox(subject.inputs) as sandbox:
        problem = sandbox.problem(subject.tree.sql("duckdb"))
        if problem:
            return Refusal(
                subject.model, f"DuckDB, which works out the expected rows, cannot run it: {problem}"
            )
        given = sandbox.columns(subject.tree.sql("duckdb"))
        wrong = _wrong_names(given)
        if wrong:
            return Refusal(subject.model, wrong)
        kept = [column for column in given if _can_be_written(column)]
        if not kept:
            return Refusal(subject.model, "no column of its result can be written in YAML")
        found = [m for m in mutants(subject.tree) if not sandbox.problem(_selected(m.tree, given, kept))]
        queries = [_selected(mutant.tree, given, kept) for mutant in found]
        own = _selected(subject.tree, given, kept)
        constant = _Constants(sandbox, subject)
        values = domains(subject, constant)
        aimed = aimed_rows(subject, values, constant)
        killers = find_killers(Judge(sandbox, own, queries), subject.inputs, values, aimed)
    tests = _tests(subject, own, queries, kept, killers)
    left_out = tuple(column.name for column in given if column not in kept)
    return Drafted(subject, tests, tuple(found), left_out)


def _with_used_columns(subject: Subject) -> Subject:
    used = used_columns(subject)
    inputs = tuple(
        replace(
            item,
            columns=tuple(replace(c, is_used=(item.table, c.name) in used) for c in item.columns),
        )
        for item in subject.inputs
    )
    return replace(subject, inputs=inputs)


def _wrong_names(columns: Sequence[OutputColumn]) -> str:
    """Why dbt cannot compare a result with these columns; "" when it can."""
    twice = [name for name, times in Counter(c.name.lower() for c in columns).items() if times > 1]
    return f"its result has several columns that are called {twice[0]!r}" if twice else ""


def _can_be_written(column: OutputColumn) -> bool:
    return kind_of(read_type(column.data_type)) != "other"


def _selected(tree: exp.Query, given: Sequence[OutputColumn], kept: Sequence[OutputColumn]) -> str:
    """The SQL of a query with only the columns that are compared."""
    from sqlglot import exp

    if len(given) == len(kept):
        return tree.sql("duckdb")
    names = [exp.column(column.name, quoted=True) for column in kept]
    return exp.select(*names).from_(tree.copy().subquery("result")).sql("duckdb")


class _Constants:
    """Gives the value of an expression without columns."""

    def __init__(self, sandbox: Sandbox, subject: Subject) -> None:
        self._sandbox = sandbox
        self._nothing: Case = tuple(() for _ in subject.inputs)

    def __call__(self, node: exp.Expr) -> Any:
        import duckdb
        from sqlglot import exp

        if node.find(exp.Column, exp.Query, exp.AggFunc, exp.Window) is not None:
            return None
        try:
            rows = self._sandbox.rows(exp.select(node.copy()).sql("duckdb"), self._nothing)
        except duckdb.Error:
            return None
        return rows[0][0] if len(rows) == 1 else None


def _tests(
    subject: Subject,
    own: str,
    queries: Sequence[str],
    columns: Sequence[OutputColumn],
    killers: Sequence[Killer],
) -> tuple[Draft, ...]:
    """The tests that hold where queries are optimized, as in earnest, each with what it shows there."""
    found: list[Draft] = []
    told: frozenset[int] = frozenset()
    with (
        Sandbox(subject.inputs, optimizes=True) as sandbox,
        Sandbox(subject.inputs, time_zone=_FAR_ZONE) as elsewhere,
    ):
        judge = Judge(sandbox, own, queries)
        for killer in killers:
            kills = judge.kills_surely(killer.case, sorted(killer.kills))
            rows = _expected(sandbox, subject, own, columns, killer.case) if kills - told else None
            if rows is not None and elsewhere.reads_as(own, columns, rows, killer.case):
                found.append(Draft(killer.case, tuple(c.name for c in columns), rows, kills, kills - told))
                told |= kills
    return tuple(found)


def _expected(
    sandbox: Sandbox, subject: Subject, own: str, columns: Sequence[OutputColumn], case: Case
) -> tuple[Row, ...] | None:
    """The rows that the model gives, as the YAML says them; None when they do not read as what they are."""
    given = sandbox.rows(_as_text(subject.tree, columns), case)
    if any(isinstance(cell, float) and not math.isfinite(cell) for row in given for cell in row):
        return None  # dbt cannot compare them
    rows = [tuple(map(_value, row)) for row in given]
    rows.sort(key=lambda row: [(cell is None, str(type(cell)), str(cell)) for cell in row])
    return tuple(rows) if sandbox.reads_as(own, columns, rows, case) else None


def _as_text(tree: exp.Query, columns: Sequence[OutputColumn]) -> str:
    """The query with what only text can say as DuckDB writes it."""
    from sqlglot import exp

    items: list[exp.Expr] = []
    for column in columns:
        item: exp.Expr = exp.column(column.name, quoted=True)
        kind = read_type(column.data_type)
        if kind_of(kind) in ("list", "struct", "json", *TIMES):
            item = exp.alias_(exp.cast(item, "VARCHAR"), column.name, quoted=True)
        items.append(item)
    return exp.select(*items).from_(tree.copy().subquery("result")).sql("duckdb")


def _value(value: Any) -> Value:
    """A value of DuckDB's Python client as it stands in YAML."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 10**_EXACT_DIGITS:
            return int(value)
        return float(value) if len(value.as_tuple().digits) <= _EXACT_DIGITS else str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
