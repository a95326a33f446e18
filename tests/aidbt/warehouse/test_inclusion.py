"""Sketches say how much of one column another holds, in one statement a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from aidbt.core.schema import Column, ColumnProfile, Relation
from aidbt.warehouse.dialects import DIALECTS
from aidbt.warehouse.duckdb import DuckDBConnection
from aidbt.warehouse.inclusion import Containment, Sketch, containment, is_dense, sketch_columns


@pytest.fixture
def connection() -> DuckDBConnection:
    return DuckDBConnection(duckdb.connect())


def sketches(connection: DuckDBConnection, query: str, *, size: int = 256) -> dict[str, Sketch]:
    connection.raw.execute(f"create or replace table t as {query}")
    names = [name for name, *_ in connection.raw.execute("describe t").fetchall()]
    counted = ", ".join(f'count(distinct "{name}")' for name in names)
    counts = connection.raw.execute(f"select {counted} from t").fetchall()[0]
    relation = Relation("main", "t", tuple(Column(name) for name in names))
    return sketch_columns(connection, relation, dict(zip(names, counts, strict=True)), size=size)


def test_what_is_contained_wholly_is_estimated_so(connection):
    found = sketches(
        connection, "select i * 7919 as id, (i % 20000) * 7919 as parent_id from range(50000) r(i)"
    )

    estimate = containment(found["parent_id"], found["id"])

    assert estimate.share == 1
    assert estimate.support >= 100
    assert containment(found["id"], found["parent_id"]).share == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("inside", [0.0, 0.25, 0.5, 0.9, 0.97])
def test_the_estimate_is_near_the_truth(connection, inside):
    # A share is off by sqrt(p (1 - p) / support): 0.03 for 256 values at one half.
    found = sketches(
        connection,
        f"select i as id, case when i < {inside} * 40000 then i else 1000000 + i end as ref"
        " from range(40000) r(i)",
    )

    assert containment(found["ref"], found["id"]).share == pytest.approx(inside, abs=0.08)


def test_other_types_and_nulls_do_not_matter(connection):
    found = sketches(
        connection,
        "select i::bigint as id, nullif(i % 300, 5)::smallint as small, (i % 300)::varchar as written"
        " from range(3000) r(i)",
    )

    assert containment(found["small"], found["id"]).share == 1
    assert containment(found["written"], found["id"]).share == 1


def test_a_small_column_is_sketched_whole(connection):
    found = sketches(connection, "select i % 5 as status from range(100) r(i)")

    assert len(found["status"].hashes) == 5


def test_a_distinct_count_that_is_far_off_costs_nothing_but_room(connection):
    connection.raw.execute("create table t as select i as id, i % 900 as ref from range(30000) r(i)")
    relation = Relation("main", "t", (Column("id"), Column("ref")))

    found = sketch_columns(connection, relation, {"id": 40, "ref": 90_000})

    assert len(found["id"].hashes) <= 512
    assert containment(found["ref"], found["id"]).share in (0, 1)


def test_an_empty_table_and_no_columns_give_no_evidence(connection):
    found = sketches(connection, "select 1 as a, 2 as b where false")

    assert containment(found["a"], found["b"]) == Containment(0.0, 0)
    assert sketch_columns(connection, Relation("main", "t"), {}) == {}


class Asked:
    """A connection in any dialect that remembers what it was asked and knows nothing."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_asked_one_statement_that_it_can_read(dialect):
    connection = Asked(dialect)

    sketch_columns(connection, Relation("main", "t", (Column("a"), Column("b"))), {"a": 10**6, "b": 3})

    [sql] = connection.asked
    parsed = sqlglot.parse_one(sql, read=dialect)
    assert len(list(parsed.find_all(exp.Select))) == 2
    # Where hashes are signed, the bound stands as far above the lowest of them.
    bound = 2 * 256 * 2**64 // 10**6
    assert str(bound if dialect == "duckdb" else bound - 2**63) in sql


def test_only_the_latest_batch_counts(connection):
    connection.raw.execute("create table _aidbt_loads (table_name varchar, batch_id varchar)")
    connection.raw.execute("insert into _aidbt_loads values ('t', 'b1'), ('t', 'b2')")

    found = sketches(
        connection,
        "select i as id, case when i < 50 then 'b1' else 'b2' end as _aidbt_batch_id from range(100) r(i)",
    )
    relation = Relation("main", "t", (Column("id"), Column("_aidbt_batch_id")))
    latest = sketch_columns(connection, relation, {"id": 100})

    assert len(found["_aidbt_batch_id"].hashes) == 1
    assert len(latest["id"].hashes) == 50


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 400)), st.sets(st.integers(0, 400)), st.integers(1, 40))
def test_an_estimate_from_whole_columns_is_exact(child, parent, size):
    """With bounds at the end of the hashes nothing is estimated; with lower ones it never leaves 0..1."""
    whole = containment(Sketch(frozenset(child), 2**64), Sketch(frozenset(parent), 2**64))
    part = containment(
        Sketch(frozenset(v for v in child if v <= size), size), Sketch(frozenset(parent), 2**64)
    )

    assert whole == (
        Containment(len(child & parent) / len(child), len(child)) if child else Containment(0, 0)
    )
    assert 0 <= part.share <= 1
    assert part.support == sum(v <= size for v in child)


@pytest.mark.parametrize(
    ("profile", "dense"),
    [
        (ColumnProfile("id", "BIGINT", 0, 1000, minimum="1", maximum="1000"), True),
        (ColumnProfile("id", "BIGINT", 0, 1000, minimum="1", maximum="1500"), True),
        (ColumnProfile("id", "BIGINT", 0, 1000, minimum="10000", maximum="900000000"), False),
        (ColumnProfile("id", "BIGINT", 0, 1000), True),
        (ColumnProfile("id", "VARCHAR", 0, 1000, max_length=4, formats={"integer": 1.0}), True),
        (ColumnProfile("id", "VARCHAR", 0, 1000, max_length=18, formats={"integer": 1.0}), False),
        (ColumnProfile("id", "VARCHAR", 0, 1000, max_length=3), False),
    ],
)
def test_dense_numbers_are_told_from_keys_that_mean_something(profile, dense):
    assert is_dense(profile) is dense
