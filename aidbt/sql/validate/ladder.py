"""The ladder: from reading a text to running it on a few rows, each rung only where the one before held."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, get_args

from sqlglot.dialects.dialect import Dialect
from sqlglot.tokenizer_core import TokenType

from aidbt.core.findings import Severity
from aidbt.core.schema import Column, Relation
from aidbt.sql.grain import fan_outs
from aidbt.sql.parse import Parsed, call_deep, parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import ResolvedQuery, SqlProblem
from aidbt.sql.validate.allowed import NOTHING_MORE, Allowed
from aidbt.sql.validate.engine import Answer, Engine
from aidbt.sql.validate.functions import function_problems
from aidbt.sql.validate.generators import generator_problems
from aidbt.sql.validate.read_only import read_only_problems
from aidbt.sql.validate.relations import relation_problems
from aidbt.sql.validate.unqualified import Unqualified, unqualified

_Value = TypeVar("_Value")

Rung = Literal["parse", "read_only", "allowed", "names", "grain", "explain", "describe", "sample", "keys"]
RUNGS: tuple[Rung, ...] = get_args(Rung)
"""From the ground up: it is one query; it only reads; it reads and calls what it may; its names and types
hold; its joins do not multiply rows; the engine would run it; the engine tells its columns; it runs on a few
rows; what is declared unique is."""
Outcome = Literal["passed", "failed", "stopped", "skipped"]


@dataclass(frozen=True, slots=True)
class RungResult:
    """How one rung went.

    Attributes:
        outcome: "stopped" is a query that took too long or too much memory, which is no proof that it is
            wrong; "skipped" was not asked.
        ms: how long it took.
        problems: what it found; warnings do not make it fail.
        why: of what was stopped or skipped; else what the outcome does not rest on, "" for nothing.
    """

    rung: Rung
    outcome: Outcome
    ms: float = 0.0
    problems: tuple[SqlProblem, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """What is known of a query after the ladder.

    Attributes:
        rungs: one for each rung up to the one that was asked for, in their order.
        columns: what the query gives, as the engine tells or else as its names resolve; none when neither
            came that far.
        resolved: the query with its names resolved; None when it did not come that far.
    """

    rungs: tuple[RungResult, ...]
    columns: tuple[Column, ...] = ()
    resolved: ResolvedQuery | None = field(default=None, repr=False)

    @property
    def problems(self) -> tuple[SqlProblem, ...]:
        """Everything that was found, in the order of the rungs."""
        return tuple(problem for rung in self.rungs for problem in rung.problems)

    @property
    def is_valid(self) -> bool:
        """Whether nothing speaks against the query, as far as it was asked."""
        return all(rung.outcome != "failed" for rung in self.rungs)

    @property
    def reached(self) -> Rung | None:
        """The highest rung that passed; None when not even the text could be read."""
        passed = [rung.rung for rung in self.rungs if rung.outcome == "passed"]
        return passed[-1] if passed else None

    def rung(self, name: Rung) -> RungResult | None:
        """How a rung went; None when it was above the one asked for."""
        return next((rung for rung in self.rungs if rung.rung == name), None)


def validate_sql(
    text: str,
    *,
    dialect: str,
    relations: RelationIndex | None = None,
    engine: Engine | None = None,
    upto: Rung = "sample",
    allowed: Allowed = NOTHING_MORE,
    stand_ins: Mapping[str, Relation] | None = None,
    keys: Sequence[Sequence[str]] = (),
    sample_rows: int = 1000,
) -> Validation:
    """Everything that can be said against a query without doing harm; never raises for what the text holds.

    The first rung that fails ends the ladder, and the others say that they were skipped for it. What runs on
    the engine runs only after the tree was found to read, and to call, nothing but what it may.

    Args:
        dialect: of sqlglot, as `aidbt.sql.dialect.sqlglot_dialect` gives it.
        relations: what it may read; without it names are not resolved, and any relation may be read.
        engine: a guarded connection; without it the rungs from "explain" on are skipped.
        upto: the last rung that is asked.
        stand_ins: relations by the key that `relations` has for them, of which the engine may make empty
            tables where it does not have them.
        keys: sets of columns of the result that are declared unique.

    Example:
        >>> validation = validate_sql("select 1 as a union all select 2", dialect="duckdb")
        >>> validation.is_valid, validation.reached
        (True, 'allowed')
        >>> [p.code for p in validate_sql("select getenv('HOME')", dialect="duckdb").problems]
        ['function.refused']
    """
    climb = _Climb(upto)
    parsed = climb.step("parse", lambda: _parse(text, dialect)) or Parsed(text, dialect)
    climb.step("read_only", lambda: _Found(problems=read_only_problems(parsed)))
    climb.step("allowed", lambda: _Found(problems=_not_allowed(parsed, relations, allowed)))
    resolved = climb.step("names", lambda: _names(parsed, relations))
    climb.step("grain", lambda: _grain(parsed, resolved, keys))
    places = stand_ins or {}
    asked = _Asked(
        engine, parsed, resolved, _read_by(resolved, places), lambda: unqualified(parsed, relations, places)
    )
    climb.step("explain", asked.explain)
    columns = climb.step("describe", asked.describe) or (_columns_of(resolved) if resolved else ())
    climb.step("sample", lambda: asked.sample(sample_rows))
    climb.step("keys", lambda: asked.keys(keys))
    return Validation(tuple(climb.results), columns, resolved)


@dataclass(frozen=True, slots=True)
class _Found(Generic[_Value]):
    """What one rung gives: a value for the rungs above, and what it found.

    Attributes:
        outcome: None is "failed" where a problem is an error, else "passed".
    """

    value: _Value | None = None
    problems: Sequence[SqlProblem] = ()
    outcome: Outcome | None = None
    why: str = ""


class _Climb:
    """Goes from rung to rung, up to the one that was asked for or the one that does not hold."""

    def __init__(self, upto: Rung) -> None:
        self.results: list[RungResult] = []
        self._last = RUNGS.index(upto)
        self._blocked = ""

    def step(self, rung: Rung, look: Callable[[], _Found[_Value]]) -> _Value | None:
        """What the rung gives to the next ones; None when it was not asked or gives nothing."""
        if RUNGS.index(rung) > self._last:
            return None
        if self._blocked:
            self.results.append(RungResult(rung, "skipped", why=self._blocked))
            return None
        started = time.perf_counter()
        found = look()
        ms = (time.perf_counter() - started) * 1000
        is_wrong = any(problem.severity is Severity.ERROR for problem in found.problems)
        outcome = found.outcome or ("failed" if is_wrong else "passed")
        if outcome in ("failed", "stopped"):
            self._blocked = f"'{rung}' {'failed' if outcome == 'failed' else 'was stopped'}"
        self.results.append(RungResult(rung, outcome, ms, tuple(found.problems), found.why))
        return found.value


def _parse(text: str, dialect: str) -> _Found[Parsed]:
    parsed = parse_sql(text, dialect)
    return _Found(parsed, parsed.problems)


def _not_allowed(parsed: Parsed, relations: RelationIndex | None, allowed: Allowed) -> list[SqlProblem]:
    found = [
        *function_problems(parsed, allowed),
        *relation_problems(parsed, relations, allowed),
        *generator_problems(parsed),
    ]
    return sorted(found, key=lambda problem: problem.start)


def _names(parsed: Parsed, relations: RelationIndex | None) -> _Found[ResolvedQuery]:
    if relations is None or parsed.tree is None:
        return _Found(outcome="skipped", why="it is not known which relations there are")
    resolved = resolve(parsed.tree, relations, parsed.dialect, text=parsed.text)
    why = "" if resolved.is_complete else "not all columns of what it reads are known"
    return _Found(resolved, [_placed(parsed, problem) for problem in resolved.problems], why=why)


def _grain(parsed: Parsed, resolved: ResolvedQuery | None, keys: Sequence[Sequence[str]]) -> _Found[None]:
    tree = parsed.tree
    if resolved is None or tree is None:
        return _Found(outcome="skipped", why="its names were not resolved")
    try:
        return _Found(problems=fan_outs(tree, claimed=keys, text=parsed.text))
    except RecursionError:
        return _Found(problems=call_deep(lambda: fan_outs(tree, claimed=keys, text=parsed.text)))


def _placed(parsed: Parsed, problem: SqlProblem) -> SqlProblem:
    """A problem with its line and column, where it has offsets only."""
    if problem.line or not problem.end:
        return problem
    line, column = parsed.places.at(problem.start)
    return replace(problem, line=line, column=column)


def _columns_of(resolved: ResolvedQuery) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.data_type, column.nullable) for column in resolved.columns)


def _read_by(resolved: ResolvedQuery | None, stand_ins: Mapping[str, Relation]) -> list[Relation]:
    """The relations that a query reads, when all of them are there to stand in."""
    keys = resolved.relations if resolved is not None else ()
    return [stand_ins[key] for key in keys] if all(key in stand_ins for key in keys) else []


class _Asked:
    """One query before an engine.

    Attributes:
        pretended: why its tables were stood in for by empty ones; "" when they were not.
    """

    def __init__(
        self,
        engine: Engine | None,
        parsed: Parsed,
        resolved: ResolvedQuery | None,
        stand_ins: list[Relation],
        find_unqualified: Callable[[], Unqualified],
    ) -> None:
        self._engine = engine
        self._find_unqualified = find_unqualified
        self._parsed = parsed
        self._stand_ins = stand_ins
        is_stood_in = engine is not None and engine.stands_in and bool(stand_ins)
        names_hold = resolved is not None and resolved.is_complete and not resolved.problems
        # Else what the engine has may be older than the SQL that the names were resolved with.
        self._is_last_word = is_stood_in or not names_hold
        self.pretended = ""

    @cached_property
    def _query(self) -> str:
        """The text without what follows the query itself: a semicolon, a comment."""
        reader = Dialect.get_or_raise(self._parsed.dialect or None)
        tokens = [t for t in reader.tokenize(self._parsed.text) if t.token_type is not TokenType.SEMICOLON]
        return self._parsed.text[: tokens[-1].end + 1]

    def explain(self) -> _Found[None]:
        if self._engine is None:
            return _NOT_ASKED
        answer = self._engine.explain(self._query, self._stand_ins)
        self.pretended = answer.note
        if answer.failure == "unavailable" and (found := self._find_unqualified()).problems:
            # Whether a name is found without its schema is the engine's to say: by its search path.
            again = self._engine.explain(found.qualified(self._query), self._stand_ins)
            if again.failure is None:
                return _Found(problems=found.problems)
        return self._judge(answer, _REFUSES)

    def describe(self) -> _Found[tuple[Column, ...]]:
        if self._engine is None:
            return _NOT_ASKED
        answer = self._engine.describe(self._query, self._stand_ins)
        return replace(self._judge(answer, _REFUSES), value=answer.columns)

    def sample(self, rows: int) -> _Found[None]:
        if self._engine is None:
            return _NOT_ASKED
        if self.pretended:
            return _Found(outcome="skipped", why=self.pretended)
        answer = self._engine.sample(self._query, rows)
        return replace(self._judge(answer, _FAILS), why=answer.message or f"{answer.row_count} rows")

    def keys(self, keys: Sequence[Sequence[str]]) -> _Found[None]:
        if self._engine is None:
            return _NOT_ASKED
        if not keys or self.pretended:
            return _Found(outcome="skipped", why=self.pretended or "nothing is declared unique")
        answers = [(key, self._engine.duplicates(self._query, key)) for key in keys]
        broken = [
            SqlProblem("key.not_unique", f"two rows have the same {', '.join(key)}, which is declared unique")
            for key, answer in answers
            if answer.row_count
        ]
        failed = [self._judge(answer, _FAILS) for _, answer in answers if answer.failure]
        return (
            replace(failed[0], problems=(*broken, *failed[0].problems)) if failed else _Found(problems=broken)
        )

    def _judge(self, answer: Answer, verb: str) -> _Found[Any]:
        """What an answer says of the query."""
        if answer.failure is None:
            return _Found(why=answer.note)
        if answer.failure == "unavailable":
            return _Found(outcome="skipped", why=answer.message)
        if answer.failure == "refused":
            return _Found(problems=[self._refusal(answer, verb)], why=answer.note)
        code = f"query.{answer.failure}"
        problem = SqlProblem(code, f"{answer.message}, so that nobody knows more", severity=Severity.WARN)
        return _Found(problems=[problem], outcome="stopped", why=answer.message)

    def _refusal(self, answer: Answer, verb: str) -> SqlProblem:
        code = "engine.refused" if verb == _REFUSES else "query.fails"
        said = _SAYS_WHO.sub("", answer.message)
        message = f"{self._parsed.dialect or 'the engine'} {verb}: {said}"
        severity = Severity.ERROR
        if not self._is_last_word and _MISSING.search(answer.message):
            message += "; by the project's SQL it is there, so what is built is older than that"
            severity = Severity.WARN
        if answer.offset is None:
            return SqlProblem(code, message, severity=severity)
        line, column = self._parsed.places.at(answer.offset)
        return SqlProblem(code, message, line, column, answer.offset, answer.offset, severity=severity)


# How engines say that they do not have something.
_MISSING = re.compile(
    r"does not exist|not found|cannot be resolved|unrecognized name|invalid identifier", re.I
)
_SAYS_WHO = re.compile(r"\A\w+ refused: ")
_NOT_ASKED: _Found[Any] = _Found(outcome="skipped", why="no engine was asked")
_REFUSES = "refuses it"
_FAILS = "fails on the rows that are there"
