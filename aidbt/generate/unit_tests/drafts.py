"""The unit tests of one query of a model: rows, what comes of them, and the faults that they show."""

from __future__ import annotations

import contextlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aidbt.generate.duckdb_types import has_type
from aidbt.generate.unit_tests.aims import aimed_rows
from aidbt.generate.unit_tests.domains import Domain, domains, used_columns
from aidbt.generate.unit_tests.judge import Judge
from aidbt.generate.unit_tests.kinds import TIMES, UTC_MARK, kind_of
from aidbt.generate.unit_tests.sandbox import OutputColumn, Sandbox, read_type
from aidbt.generate.unit_tests.search import Killer, find_killers
from aidbt.generate.unit_tests.subject import Case, InputColumn, Refusal, Row, Subject, Value
from aidbt.sql.mutants import Mutant, mutants

if TYPE_CHECKING:
    from sqlglot import exp

# A float keeps so many digits of a decimal; one with more is written as text.
_EXACT_DIGITS = 15
# A session may be in any time zone, which shifts what has one of its own and what the query says has none.
_FAR_ZONES = ("Asia/Kolkata", "America/Los_Angeles")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00")


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
    """As few small tests as show the most faults of a model that the search finds rows for.

    Moments are given in UTC or as a clock of the session's zone shows them, as tells more: what a query says
    without a zone (a day, a month) is the session's, and of a test that hangs on it nothing is pinned.
    """
    subject = _with_used_columns(subject)
    odd = _column_without_type(subject)
    if odd:
        return Refusal(subject.model, f"DuckDB, which works out the expected rows, has no type of {odd}")
    found = _drafted(subject, in_utc=True)
    if isinstance(found, Refusal) or not found.survivors or not _has_moments(subject):
        return found
    other = _drafted(subject, in_utc=False)
    is_better = isinstance(other, Drafted) and len(other.killed) > len(found.killed)
    return other if is_better else found


def _has_moments(subject: Subject) -> bool:
    columns = [column for item in subject.inputs for column in item.columns if column.is_used]
    return any(kind_of(read_type(column.data_type)) == "moment" for column in columns)


def _drafted(subject: Subject, *, in_utc: bool) -> Drafted | Refusal:
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
        if not in_utc:
            values = {place: _without_zone(domain) for place, domain in values.items()}
            aimed = {
                table: [{column: _zoneless(value) for column, value in part.items()} for part in parts]
                for table, parts in aimed.items()
            }
        killers = find_killers(Judge(sandbox, own, queries), subject.inputs, values, aimed)
    tests = _tests(subject, own, queries, kept, killers, in_utc=in_utc)
    left_out = tuple(column.name for column in given if column not in kept)
    return Drafted(subject, tests, tuple(found), left_out)


def _with_used_columns(subject: Subject) -> Subject:
    used = used_columns(subject)
    inputs = tuple(
        replace(
            item,
            columns=tuple(
                _marked(column, is_used=(item.table, column.name) in used) for column in item.columns
            ),
        )
        for item in subject.inputs
    )
    return replace(subject, inputs=inputs)


def _marked(column: InputColumn, *, is_used: bool) -> InputColumn:
    """A column with whether it is used; one that is not stays NULL, which any type can hold."""
    data_type = column.data_type if is_used or has_type(column.data_type) else "TEXT"
    return replace(column, data_type=data_type, is_used=is_used)


def _column_without_type(subject: Subject) -> str:
    """A column that the model reads and DuckDB has no type for; "" for none."""
    return next(
        (
            f"{column.name} ({column.data_type.lower()})"
            for item in subject.inputs
            for column in item.columns
            if column.is_used and not has_type(column.data_type)
        ),
        "",
    )


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


def _without_zone(domain: Domain) -> Domain:
    return Domain(tuple(map(_zoneless, domain.telling)), tuple(map(_zoneless, domain.usual)))


def _zoneless(value: Value) -> Value:
    """A moment of UTC without the mark of it; any other value as it is."""
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        return value
    return value.removesuffix(UTC_MARK)


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
        except (duckdb.Error, OverflowError):  # Python has no times beyond the year 9999
            return None
        return rows[0][0] if len(rows) == 1 else None


def _tests(
    subject: Subject,
    own: str,
    queries: Sequence[str],
    columns: Sequence[OutputColumn],
    killers: Sequence[Killer],
    *,
    in_utc: bool,
) -> tuple[Draft, ...]:
    """The tests that hold where queries are optimized, as in earnest, each with what it shows there."""
    found: list[Draft] = []
    told: frozenset[int] = frozenset()
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(subject.inputs, optimizes=True))
        elsewhere = [stack.enter_context(Sandbox(subject.inputs, time_zone=zone)) for zone in _FAR_ZONES]
        judge = Judge(sandbox, own, queries)
        for killer in killers:
            kills = judge.kills_surely(killer.case, sorted(killer.kills))
            rows = None
            if kills - told:
                rows = _expected(sandbox, subject, own, columns, killer.case, in_utc=in_utc)
            if rows is not None and all(s.reads_as(own, columns, rows, killer.case) for s in elsewhere):
                found.append(Draft(killer.case, tuple(c.name for c in columns), rows, kills, kills - told))
                told |= kills
    return tuple(found)


def _expected(
    sandbox: Sandbox,
    subject: Subject,
    own: str,
    columns: Sequence[OutputColumn],
    case: Case,
    *,
    in_utc: bool,
) -> tuple[Row, ...] | None:
    """The rows that the model gives, as the YAML says them; None when they do not read as what they are."""
    given = sandbox.rows(_as_text(subject.tree, columns), case)
    if any(isinstance(cell, float) and not math.isfinite(cell) for row in given for cell in row):
        return None  # dbt cannot compare them
    plain = _value if in_utc else lambda cell: _zoneless(_value(cell))
    rows = [tuple(map(plain, row)) for row in given]
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
