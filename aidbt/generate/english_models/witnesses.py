"""Witness rows: a few rows of each parent with the answer to a question over them, which faults would change.

The answer is that of `semantic.evaluate`, which shares no code with the planner; the planned SQL has to give
the same on every set of rows that is tried. Rows are sought that tell the SQL from as many of its mutants as
can be: by chance, from values at the question's own bounds, as copies of rows with one value changed. Then
every row is left out that no mutant needs.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from aidbt.core.errors import AidbtError
from aidbt.generate.english_models.likely_values import (
    Place,
    counts_asked,
    key_sets,
    likely_values,
    limits_asked,
    pinned,
)
from aidbt.generate.english_models.small_database import Bag, Rows, SmallDatabase, bag_of
from aidbt.generate.english_models.steps import Import, model_steps, without_order
from aidbt.semantic.evaluation.evaluator import evaluate
from aidbt.semantic.graph import Graph
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import SemanticQuery, attributes
from aidbt.sql.mutants import mutants

# More sets of rows than that nobody reads.
MOST_SETS = 3
_FIRST_TRIALS = 300
_FIRST_FOUND = 6
# So many trials in a row without another mutant told apart end the search.
_PATIENCE = 30
_MOST_NEARBY = 150
# Queries that are answered over small rows, a millisecond each, before a search is content with what it has.
_MOST_ANSWERS = 3_000
_NEAR_VALUES = 8
# Enough for the best ten of one table by their rows in another.
_MOST_ROWS = 34
_LADDERS = 6


class NotTheSame(AidbtError):
    """The planned SQL and the evaluation without SQL gave different answers: one of them is wrong."""


class NoWitness(AidbtError):
    """No rows were found over which the answer says anything."""


@dataclass(frozen=True, slots=True)
class WitnessRows:
    """Rows of each parent, and the answer over them.

    Attributes:
        rows: by the table's name in the graph, with the columns that are read.
        expected: the rows of the answer, sorted.
        killed: the mutants that these rows tell from the query and the sets before them do not, in words.
    """

    rows: Rows
    expected: list[tuple[Any, ...]]
    killed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Sets of witness rows for one model.

    Attributes:
        columns: of the answers.
        sets: one at least.
        survived: the mutants that no set tells apart, in words; many mean the same as the query.
    """

    columns: tuple[str, ...]
    sets: tuple[WitnessRows, ...]
    survived: tuple[str, ...]


def find_witnesses(
    query: SemanticQuery,
    graph: Graph,
    dialect: str,
    others: Mapping[str, SemanticQuery] = MappingProxyType({}),
) -> Witnesses:
    """Witness rows for a model; the same question over the same tables gives the same rows.

    Args:
        dialect: in whose words the graph's types are.
        others: in words, queries that the rows have to tell from this one beside the mutants of its SQL.

    Raises:
        NotTheSame: planner and evaluation disagree on some rows.
        NoWitness: no rows were found over which the answer has a row that a fault would change.
        CannotEvaluate: the question cannot be answered without SQL.
    """
    asked = pinned(without_order(query))
    imports = model_steps(query, graph, "duckdb").imports
    sets: list[WitnessRows] = []
    with contextlib.closing(SmallDatabase(graph, imports, dialect)) as database:
        faults = {words: _planned(pinned(other), graph) for words, other in others.items()}
        search = _Search(asked, graph, imports, database, faults)
        alive = search.mutants
        for number in range(MOST_SETS):
            found = search.best(alive, size=1 + number)
            if found is None or not found.killed:
                break
            sets.append(search.witness_rows(search.minimised(found)))
            alive = [number for number in alive if number not in found.killed]
    if not sets:
        raise NoWitness("no small rows were found for which the model has a row that a fault would change")
    names = tuple(output.name for output in query.outputs if output.is_shown)
    return Witnesses(names, tuple(sets), tuple(search.words[number] for number in alive))


@dataclass
class _Trial:
    """Rows that were tried.

    Attributes:
        killed: numbers of the mutants that they tell apart, among those that were asked about.
    """

    rows: Rows
    killed: set[int] = field(default_factory=set)


class _Search:
    """A search for rows.

    Attributes:
        mutants: the numbers of those that can be run.
        words: each mutant in words.
    """

    def __init__(
        self,
        query: SemanticQuery,
        graph: Graph,
        imports: Sequence[Import],
        database: SmallDatabase,
        faults: Mapping[str, exp.Query],
    ) -> None:
        self._query, self._graph, self._imports, self._database = query, graph, imports, database
        self._values = likely_values(query, graph, imports)
        self._counts = counts_asked(query)
        self._limits = limits_asked(query)
        self._told_apart = _told_apart(query)
        self._chance = random.Random(0)
        self._keys = {item.table: key_sets(graph.table(item.table), graph) for item in imports}
        self._links = _links(graph, imports)
        self._referred_to = _referred_to(graph, self._links)
        self._changes = (self._with_copy, self._with_copies, self._with_value, self._with_row)
        tree = _planned(query, graph)
        self._sql = tree.sql("duckdb", identify=True)
        own = database.prepare(self._sql)
        if own is None:
            raise NoWitness("the model's SQL cannot be run on DuckDB, where rows for its unit test are tried")
        self._own = own
        made = [*faults.items(), *((mutant.words, mutant.tree) for mutant in mutants(tree))]
        prepared = [database.prepare(fault.sql("duckdb", identify=True)) for _, fault in made]
        self.words = [words for words, _ in made]
        self._prepared = {number: name for number, name in enumerate(prepared) if name is not None}
        self.mutants = sorted(self._prepared)

    # --- trying rows --------------------------------------------------------------------------------------

    def _answer(self, rows: Rows) -> list[tuple[Any, ...]] | None:
        """The answer over these rows, when it is certain to the last digit and does not hang on a tie.

        Raises:
            NotTheSame: the SQL gives another.
        """
        if any(len({_hashable(row, key) for row in rows[t]}) < len(rows[t]) for t, key in self._unique(rows)):
            return None
        expected = evaluate(self._query, self._graph, rows)
        if not expected or self._has_ties(rows, len(expected)):
            return None
        if not self._database.load(rows):
            return None
        found = self._database.answer(self._own)
        if found is None:
            return None
        if bag_of(found) != bag_of(expected):
            raise NotTheSame(
                "the model's SQL and its evaluation without SQL give different rows; nothing was written",
                hint=f"this is a fault in aidbt; please report it with this query: {self._sql}",
            )
        return expected if _digits(found) == _digits(expected) else None

    def _unique(self, rows: Rows) -> Iterator[tuple[str, tuple[str, ...]]]:
        for table, keys in self._keys.items():
            for key in keys:
                if rows[table] and set(key) <= rows[table][0].keys():
                    yield table, key

    def _has_ties(self, rows: Rows, size: int) -> bool:
        """Whether it is left open which rows are within a limit."""
        query = self._query
        if query.source is not None and query.source.limit is not None:
            inner = evaluate(query.source, self._graph, rows)
            return _hangs_on_a_tie(query.source, self._graph, rows, len(inner))
        return _hangs_on_a_tie(query, self._graph, rows, size)

    def _kills(self, expected: Bag, numbers: Collection[int]) -> set[int]:
        """The mutants among these that give other rows."""
        found = set()
        for number in numbers:
            bag = self._database.bag(self._prepared[number])
            if bag is not None and bag != expected:
                found.add(number)
        return found

    def _tried(self, rows: Rows, best: _Trial, alive: Collection[int]) -> _Trial | None:
        """The trial, when it tells more mutants apart than the best one before it."""
        if sum(map(len, rows.values())) > _MOST_ROWS:
            return None
        answer = self._answer(rows)
        if answer is None:
            return None
        expected = bag_of(answer)
        fresh = self._kills(expected, [number for number in alive if number not in best.killed])
        if not fresh:
            return None
        killed = fresh | self._kills(expected, sorted(best.killed))
        return _Trial(rows, killed) if len(killed) > len(best.killed) else None

    # --- searching ----------------------------------------------------------------------------------------

    def best(self, alive: Collection[int], *, size: int) -> _Trial | None:
        """The rows that tell most of these mutants apart; None when no rows with an answer were found.

        Args:
            size: how many rows of each table to begin with, and a few more.
        """
        best = self._first(alive, size)
        waited = 0
        while best is not None and len(best.killed) < len(alive) and waited < _PATIENCE:
            if self._is_spent:
                break
            found = self._tried(self._changed(best.rows), best, alive)
            waited = 0 if found else waited + 1
            best = found or best
        return self._best_nearby(best, alive) if best is not None else None

    def _best_nearby(self, best: _Trial, alive: Collection[int]) -> _Trial:
        """The best of all rows that are reached by changing one value of one row, or of a copy of it."""
        changes = list(self._nearby(best.rows))
        self._chance.shuffle(changes)
        for table, number, column, value in changes[:_MOST_NEARBY]:
            if len(best.killed) == len(alive) or self._is_spent:
                break
            held = best.rows[table]
            changed = {**held[number], column: value}
            copied = dict(best.rows)
            self._add(copied, table, changed)
            replaced = {**best.rows, table: [*held[:number], changed, *held[number + 1 :]]}
            best = self._tried(copied, best, alive) or self._tried(replaced, best, alive) or best
        return best

    def _nearby(self, rows: Rows) -> Iterator[tuple[str, int, str, Any]]:
        """(table, number of the row, column, another value)."""
        for item in self._imports:
            for number, row in enumerate(rows[item.table]):
                for column in item.columns:
                    for value in self._values[item.table, column][:_NEAR_VALUES]:
                        if value != row[column]:
                            yield item.table, number, column, value

    @property
    def _is_spent(self) -> bool:
        return self._database.answers > _MOST_ANSWERS

    def _first(self, alive: Collection[int], size: int) -> _Trial | None:
        """The best of some sets of rows over which the answer has a row."""
        best: _Trial | None = None
        found = 0
        for rows in self._starts(size):
            if self._answer(rows) is None:
                continue
            best = best or _Trial(rows)
            best = self._tried(rows, best, alive) or best
            found += 1
            if found == _FIRST_FOUND + _LADDERS * len(self._limits):
                break
        return best

    def _starts(self, size: int) -> Iterator[Rows]:
        for limit in self._limits:
            yield from (self._ladder(limit, likely=number > 0) for number in range(_LADDERS))
        for trial in range(_FIRST_TRIALS):
            yield self._drawn(size + trial // 10 % 4)

    def _ladder(self, limit: int, *, likely: bool) -> Rows:
        """Rows of one group more than a question wants, twice as many in each of those that it wants.

        Args:
            likely: whether what tells no groups apart is drawn by chance; else it is the same in all rows.
        """
        rows: Rows = {item.table: [] for item in self._imports}
        for copies in (limit + 1, limit):
            for number in range(copies):
                for item in self._imports:
                    row = {c: self._rung(item.table, c, number, likely=likely) for c in item.columns}
                    if copies > limit or item.table not in self._referred_to:
                        self._add(rows, item.table, row)
        return rows

    def _rung(self, table: str, column: str, number: int, *, likely: bool) -> Any:
        filled = [value for value in self._values[table, column] if value is not None]
        if (table, column) in self._links or (table, column) in self._told_apart:
            return filled[number % len(filled)]
        return self._likely(table, column) if likely else filled[0]

    def _drawn(self, size: int) -> Rows:
        """Rows by chance, most of them linked to each other."""
        rows: Rows = {item.table: [] for item in self._imports}
        for _ in range(size):
            for item in self._imports:
                self._add(rows, item.table, self._random_row(item, rows))
        return rows

    def _random_row(self, item: Import, rows: Rows) -> dict[str, Any]:
        return {name: self._linked(item.table, name, rows) for name in item.columns}

    def _linked(self, table: str, column: str, rows: Rows) -> Any:
        """A value; of a column that refers to rows or is referred to mostly one that is there."""
        there = [row[other] for (t, other) in self._links.get((table, column), ()) for row in rows[t]]
        if there and self._chance.random() < 0.7:
            return self._chance.choice(there)
        return self._likely(table, column)

    def _likely(self, table: str, column: str) -> Any:
        """A value, early ones of the list more often: those that the question asks for."""
        values = self._values[table, column]
        place = min(int(self._chance.expovariate(0.6)), len(values) - 1)
        return values[place] if self._chance.random() < 0.8 else self._chance.choice(values)

    def _add(self, rows: Rows, table: str, row: dict[str, Any]) -> None:
        """Add a row, with a key of its own."""
        for key in self._keys[table]:
            if not set(key) <= row.keys():
                continue
            taken = {_hashable(other, key) for other in rows[table]}
            last = key[-1]
            for value in self._values[table, last]:
                if _hashable(row, key) not in taken and row[last] is not None:
                    break
                if value is not None:
                    row = {**row, last: value}
        rows[table] = [*rows[table], row]

    def _changed(self, rows: Rows) -> Rows:
        """The rows with one to three small changes."""
        rows = dict(rows)
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            item = self._chance.choice(self._imports)
            change = self._chance.choices(self._changes, (5, 2, 2, 1))[0]
            change(rows, item)
        return rows

    def _with_row(self, rows: Rows, item: Import) -> None:
        self._add(rows, item.table, self._random_row(item, rows))

    def _with_copy(self, rows: Rows, item: Import) -> None:
        """A row like another but for one value."""
        if rows[item.table]:
            row = dict(self._chance.choice(rows[item.table]))
            column = self._chance.choice(item.columns)
            row[column] = self._linked(item.table, column, rows)
            self._add(rows, item.table, row)

    def _with_copies(self, rows: Rows, item: Import) -> None:
        """As many rows like another as the question counts."""
        if rows[item.table]:
            row = dict(self._chance.choice(rows[item.table]))
            for _ in range(self._chance.choice(self._counts)):
                self._add(rows, item.table, dict(row))

    def _with_value(self, rows: Rows, item: Import) -> None:
        if rows[item.table]:
            number = self._chance.randrange(len(rows[item.table]))
            column = self._chance.choice(item.columns)
            row = {**rows[item.table][number], column: self._linked(item.table, column, rows)}
            rows[item.table] = [*rows[item.table][:number], row, *rows[item.table][number + 1 :]]

    # --- leaving out --------------------------------------------------------------------------------------

    def minimised(self, best: _Trial) -> _Trial:
        """The trial without the rows that no mutant needs."""
        for table in list(best.rows):
            number = 0
            while number < len(best.rows[table]):
                fewer = [*best.rows[table][:number], *best.rows[table][number + 1 :]]
                smaller = {**best.rows, table: fewer}
                if self._is_as_good(smaller, best.killed):
                    best = _Trial(smaller, best.killed)
                else:
                    number += 1
        return best

    def _is_as_good(self, rows: Rows, killed: set[int]) -> bool:
        answer = self._answer(rows)
        if answer is None:
            return False
        expected = bag_of(answer)
        # One mutant that is not told apart any more is enough, so they are asked one by one.
        return all(self._kills(expected, [number]) for number in sorted(killed))

    def witness_rows(self, trial: _Trial) -> WitnessRows:
        answer = self._answer(trial.rows)
        assert answer is not None
        killed = tuple(self.words[number] for number in sorted(trial.killed))
        return WitnessRows(trial.rows, sorted(answer, key=repr), killed)


def _planned(query: SemanticQuery, graph: Graph) -> exp.Query:
    """The query's SQL over tables that are called as in the graph."""
    tables = tuple(replace(t, identifier=t.name, schema="", database="") for t in graph.tables)
    return plan(query, Graph(tables, graph.relationships))


def _hangs_on_a_tie(query: SemanticQuery, graph: Graph, rows: Rows, size: int) -> bool:
    """Whether the answer would be longer, were all rows in it that are as good as its last ones.

    Args:
        size: how many rows the answer has.
    """
    if query.limit is None or query.has_ties:
        return False
    freer = replace(query, has_ties=True) if query.order_by else replace(query, limit=None)
    return len(evaluate(freer, graph, rows)) > size


def _told_apart(query: SemanticQuery) -> set[Place]:
    """The columns by which a question, or the one inside of it, groups its rows."""
    terms = (*query.group_by, *(query.source.group_by if query.source is not None else ()))
    return {(attribute.table, attribute.column) for attribute in attributes(terms)}


def _links(graph: Graph, imports: Sequence[Import]) -> dict[Place, list[Place]]:
    """By column the columns on the other side of its relationships."""
    read = {(item.table, name) for item in imports for name in item.columns}
    found: dict[Place, list[Place]] = {}
    for relationship in graph.relationships:
        for a, b in zip(relationship.source_columns, relationship.target_columns, strict=True):
            source, target = (relationship.source, a), (relationship.target, b)
            if {source, target} <= read:
                found.setdefault(source, []).append(target)
                found.setdefault(target, []).append(source)
    return found


def _referred_to(graph: Graph, links: Mapping[Place, Sequence[Place]]) -> set[str]:
    """The tables of which other rows refer to one row."""
    return {
        r.target
        for r in graph.relationships
        if r.is_to_one and all((r.source, column) in links for column in r.source_columns)
    }


def _hashable(row: dict[str, Any], key: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in key)


def _digits(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Every digit of the numbers, which is what dbt compares."""
    return sorted(repr([float(v) for v in row if isinstance(v, int | float | Decimal)]) for row in rows)
