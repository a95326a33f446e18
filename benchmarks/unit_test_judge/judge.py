"""Runs a unit test as dbt does: given rows in place of relations, the compiled SQL, the result beside the
expected rows. Reads the YAML itself and knows nothing of how tests are drafted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from sqlglot import exp

from aidbt.sql.mutants import mutants
from aidbt.sql.parse import parse_sql
from benchmarks.unit_test_judge.held_out import HELD_OUT

_INPUT = re.compile(r"(?:ref|source)\((?P<names>.*)\)|this")
Columns = Mapping[str, Sequence[tuple[str, str]]]
"""Relation, "schema.name" → its (column, type)."""


@dataclass(frozen=True)
class Judged:
    """How many faults of each sort there are, and how many of them some test notices."""

    known: Counter[str] = field(default_factory=Counter)
    noticed: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    sizes: Counter[str] = field(default_factory=Counter)

    def score(self, sort: str) -> float:
        return self.noticed[sort] / self.known[sort] if self.known[sort] else 0.0


class Runner:
    """One model's relations in a DuckDB of its own."""

    def __init__(self, columns: Columns, places: Mapping[str, str]) -> None:
        self.columns = columns
        self.places = places
        self.database = duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "1"})
        self.database.execute("SET TimeZone = 'UTC'")
        for schema in {name.partition(".")[0] for name in columns}:
            made = exp.Create(this=exp.Table(db=exp.to_identifier(schema)), kind="SCHEMA", exists=True)
            self.database.execute(made.sql("duckdb"))

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def give(self, given: Sequence[Mapping[str, Any]], model: str) -> None:
        """Fill every relation that a test gives rows for, and no other."""
        for item in given:
            name = _relation(str(item["input"]), self.places, model)
            if item.get("format") == "sql":
                query = exp.Create(
                    this=exp.to_table(name), kind="TABLE", replace=True, expression=parsed(str(item["rows"]))
                )
                self.database.execute(query.sql("duckdb"))
                continue
            columns = self.columns[name]
            rows = item.get("rows") or []
            table = exp.to_table(name)
            self.database.execute(table_like(name, columns))
            values = [[row.get(column) for column, _ in columns] for row in rows]
            if values:
                line = exp.Tuple(expressions=[exp.Placeholder() for _ in columns])
                insert = exp.insert(exp.Values(expressions=[line]), table.copy()).sql("duckdb")
                self.database.executemany(insert, values)

    def result(self, sql: str, names: Sequence[str] | None) -> Counter[tuple[str, ...]] | str:
        """The rows of a query, in no order, with the columns of these names; or the class of its error."""
        try:
            found = self.database.execute(sql)
            given = [str(column[0]).lower() for column in found.description or ()]
            places = [given.index(name.lower()) for name in names] if names is not None else range(len(given))
            return Counter(tuple(_text(row[place]) for place in places) for row in found.fetchall())
        except (duckdb.Error, ValueError) as error:
            return type(error).__name__

    def expected(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, ...]]:
        """The expected rows of a test, cast to the types that the model's columns have."""
        described = self.database.execute(sql).description or ()
        kinds = {str(c[0]).lower(): exp.DataType.build(str(c[1]), dialect="duckdb") for c in described}
        found: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            items = [exp.cast(exp.Placeholder(), kinds[name.lower()]) for name in row]
            values = self.database.execute(exp.select(*items).sql("duckdb"), list(row.values())).fetchall()[0]
            found[tuple(map(_text, values))] += 1
        return found


def table_like(name: str, columns: Sequence[tuple[str, str]]) -> str:
    """The statement that makes an empty table of a name, "schema.name", instead of any that is there."""
    kinds = [
        exp.ColumnDef(
            this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(kind, dialect="duckdb")
        )
        for column, kind in columns
    ]
    schema = exp.Schema(this=exp.to_table(name), expressions=kinds)
    return exp.Create(this=schema, kind="TABLE", replace=True).sql("duckdb")


def parsed(sql: str) -> exp.Query:
    """The tree of a model's compiled SQL, its relations without the name of the database."""
    tree = parse_sql(sql, "duckdb").tree
    if tree is None:
        raise SystemExit(f"this is no SQL: {sql}")
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    return tree


def judge(
    model: str,
    sql: str,
    tests: Sequence[Mapping[str, Any]],
    runner: Runner,
    judged: Judged,
) -> None:
    """Add to `judged` the faults of a model's SQL, and which of them some test notices."""
    tree = parsed(sql)
    own = tree.sql("duckdb")
    faults = [("known", m) for m in mutants(tree)] + [("held out", m) for m in mutants(tree, HELD_OUT)]
    alive = {m.tree.sql("duckdb"): (sort, m.words) for sort, m in faults}
    runner.give([{"input": "this"}], model)
    for relation in runner.columns:  # faults that cannot run at all are none
        runner.give([{"input": f"relation({relation})"}], model)
    alive = {text: what for text, what in alive.items() if not isinstance(runner.result(text, None), str)}
    judged.known.update(sort for sort, _ in alive.values())
    for test in tests:
        runner.give(test["given"], model)
        rows = test["expect"].get("rows") or []
        names = list(rows[0]) if rows else None
        expected = runner.expected(own, rows)
        if runner.result(own, names) != expected:
            judged.wrong.append(test["name"])
            continue
        noticed = [text for text in alive if runner.result(text, names) != expected]
        judged.noticed.update(alive.pop(text)[0] for text in noticed)
    judged.missed.extend(f"{model}: {sort}: {words}" for sort, words in alive.values())


def _relation(given: str, places: Mapping[str, str], model: str) -> str:
    """ "schema.name" of what a test calls ref('…'), source('…', '…') or this."""
    if given.startswith("relation("):
        return given.removeprefix("relation(").removesuffix(")")
    if given == "this":
        return places[model]
    found = _INPUT.fullmatch(given)
    assert found is not None, given
    return places[".".join(re.findall(r"'([^']*)'", found["names"]))]


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text
