"""A table in bronze follows its source's columns, and no value is ever changed by that."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column
from ingestion.bronze import WRITERS
from ingestion.bronze.base import ColumnsChanged, Destination
from ingestion.bronze.evolution import Incoming, evolve, type_word, widest
from ingestion.connectors.base import Stream, described
from ingestion.settings import connector_from

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TO = Destination("bronze", "t", "shop", "t", "postgres")

SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")


# --- which types hold which ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("INTEGER", "BIGINT", "BIGINT"),
        ("INTEGER", "UINTEGER", "BIGINT"),
        ("BIGINT", "UBIGINT", "HUGEINT"),
        ("HUGEINT", "UHUGEINT", None),
        ("FLOAT", "DOUBLE", "DOUBLE"),
        ("DECIMAL(10,2)", "DECIMAL(8,4)", "DECIMAL(12,4)"),
        ("DECIMAL(10,2)", "INTEGER", "DECIMAL(12,2)"),
        ("BIGINT", "DECIMAL(5,2)", "DECIMAL(21,2)"),
        ("HUGEINT", "DECIMAL(5,2)", None),
        ("DECIMAL(38,2)", "DECIMAL(38,4)", None),
        ("TIMESTAMP_S", "TIMESTAMP", "TIMESTAMP"),
        ("TIMESTAMP", "TIMESTAMP_NS", None),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", None),
        ("INTEGER[]", "BIGINT[]", "BIGINT[]"),
        ("INTEGER[]", "INTEGER", None),
        ("INTEGER", "DOUBLE", None),
        ("INTEGER", "FLOAT", None),
        ("DECIMAL(10,2)", "DOUBLE", None),
        ("INTEGER", "VARCHAR", None),
        ("VARCHAR", "JSON", None),
        ("BOOLEAN", "INTEGER", None),
        ("DATE", "TIMESTAMP", None),
        ('"NULL"', "DATE", "DATE"),
    ],
)
def test_the_type_that_holds_both(one, other, expected):
    assert widest(one, other) == widest(other, one) == expected


_NUMBERS = st.one_of(
    st.sampled_from([*SIGNED, *UNSIGNED]),
    st.integers(1, 38).flatmap(
        lambda digits: st.integers(0, digits).map(lambda scale: f"DECIMAL({digits},{scale})")
    ),
)


def _limits(data_type: str) -> list[Decimal]:
    """The least and the greatest value of a type, and the one next to 0."""
    if data_type.startswith("DECIMAL"):
        digits, scale = (int(part) for part in data_type[8:-1].split(","))
        nines = (9,) * digits
        return [Decimal((1, nines, -scale)), Decimal((0, nines, -scale)), Decimal((0, (1,), -scale))]
    bits = 8 << [*SIGNED, *UNSIGNED].index(data_type) % 5
    if data_type in UNSIGNED:
        return [Decimal(0), Decimal((1 << bits) - 1), Decimal(1)]
    return [Decimal(-(1 << bits - 1)), Decimal((1 << bits - 1) - 1), Decimal(1)]


@settings(max_examples=60, deadline=None)
@given(_NUMBERS, _NUMBERS)
def test_what_a_wider_type_holds_is_the_same_value(one, other):
    """DuckDB itself widens a column that has the extreme values, and is asked what they then are."""
    wider = widest(one, other)
    if wider is None:
        return
    run = _IN_MEMORY.execute
    for narrow in (one, other):
        run(f"create or replace table t (v {narrow})")
        for value in _limits(narrow):
            run("insert into t values (?)", [format(value, "f")])
        run(f"alter table t alter column v set data type {wider}")
        found = run("select v::varchar from t").fetchall()
        assert [Decimal(text) for (text,) in found] == _limits(narrow)


_IN_MEMORY = duckdb.connect()


# --- where columns go ---------------------------------------------------------------------------------


def columns(**types: str) -> list[Column]:
    return [Column(name, data_type) for name, data_type in types.items()]


def incoming(**types: str) -> list[Incoming]:
    return [Incoming(name, name, data_type) for name, data_type in types.items()]


def test_a_value_of_another_type_goes_to_a_column_of_its_own():
    found = evolve(
        columns(id="BIGINT", price="INTEGER"), incoming(id="BIGINT", price="DOUBLE"), variants=True
    )

    assert found.targets == ("id", "price__double")
    assert found.added == (Column("price__double", "DOUBLE"),)
    assert found.varied == ((Column("price", "INTEGER"), Column("price__double", "DOUBLE")),)


def test_a_variant_that_is_there_is_used_and_the_old_type_goes_back_to_its_column():
    there = columns(price="INTEGER", price__double="DOUBLE")
    sources = {"price__double": "price"}

    assert evolve(there, incoming(price="DOUBLE"), sources=sources, variants=True).targets == (
        "price__double",
    )
    assert evolve(there, incoming(price="FLOAT"), sources=sources, variants=True).targets == (
        "price__double",
    )
    back = evolve(there, incoming(price="SMALLINT"), sources=sources, variants=True)
    assert (back.targets, back.added, back.widened) == (("price",), (), ())


def test_a_variant_never_takes_the_name_of_another_column():
    coming = incoming(price="DOUBLE", price__double="VARCHAR")

    found = evolve(columns(price="INTEGER", PRICE__DOUBLE_2="DATE"), coming, variants=True)

    assert found.targets == ("price__double_3", "price__double")


def test_a_column_that_gets_the_name_of_a_variant_is_not_mixed_into_it():
    there = columns(price="INTEGER", price__double="DOUBLE")
    coming = incoming(price="INTEGER", price__double="DOUBLE")

    found = evolve(there, coming, sources={"price__double": "price"}, variants=True)

    assert found.targets == ("price", "price__double_2")


def test_a_name_with_other_capitals_is_the_same_column_unless_both_come():
    there = [Column("Id", "INTEGER"), Column("ID_2", "DATE")]
    sources = {"ID_2": "ID"}

    renamed = evolve(there, [Incoming("id", "id", "INTEGER")], sources=sources, variants=False)
    assert (renamed.targets, renamed.added) == (("Id",), ())
    one_left = evolve(there, [Incoming("ID", "ID", "DATE")], sources=sources, variants=False)
    assert one_left.targets == ("ID_2",)
    third = evolve(
        there,
        [Incoming("Id", "Id", "INTEGER"), Incoming("ID", "ID_2", "DATE"), Incoming("id", "id_3", "DATE")],
        sources=sources, variants=False,
    )  # fmt: skip
    assert third.targets == ("Id", "ID_2", "id_3")


def test_a_column_without_any_value_waits_for_a_type():
    found = evolve(columns(a="INTEGER"), incoming(a='"NULL"', b='"NULL"'), variants=True)

    assert (found.targets, found.added) == (("a", None), ())


@pytest.mark.parametrize(
    ("data_type", "word"),
    [
        ("TIMESTAMP WITH TIME ZONE", "timestamp_with_time_zone"),
        ("DECIMAL(10,2)[]", "decimal_10_2_list"),
        ("STRUCT(a INTEGER, b VARCHAR[])[]", "struct_list"),
        ("MAP(VARCHAR, INTEGER)", "map"),
    ],
)
def test_types_as_parts_of_names(data_type, word):
    assert type_word(data_type) == word


# --- full loads ---------------------------------------------------------------------------------------


@pytest.fixture
def load(bronze):
    """Lands a table of the columns given by name, each an Arrow array; the next load comes a day later."""
    clock = itertools.count()
    with bronze.warehouse.connect(read_only=False) as connection:
        writer = WRITERS.load("duckdb")(connection)
        writer.prepare("bronze")

        def load(fields: dict[str, pa.Array], to: Destination = TO) -> Any:
            schema = pa.schema([pa.field(name, array.type) for name, array in fields.items()])
            rows = pa.RecordBatch.from_arrays(list(fields.values()), schema=schema)
            return writer.write(Stream(schema, iter([rows])), to, now=NOON + timedelta(days=next(clock)))

        load.rows = connection.rows
        load.writer = writer
        yield load


def ints(*values: int) -> pa.Array:
    return pa.array(values, pa.int32())


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.string())


def test_a_column_that_is_added_is_added_and_null_before(load):
    load({"id": ints(1)})

    done = load({"id": ints(2), "discount": pa.array([Decimal("0.50")], pa.decimal128(10, 2))})

    assert done.schema_changes == ("added discount (DECIMAL(10,2))",)
    assert load.rows("select id, discount from bronze.t order by id") == [(1, None), (2, Decimal("0.50"))]
    assert load({"id": ints(3), "discount": pa.array([None], pa.decimal128(10, 2))}).schema_changes == ()


def test_a_column_that_is_dropped_stays_is_null_and_is_said_once(load):
    load({"id": ints(1), "colour": texts("red")})

    said = [load({"id": ints(number)}).schema_changes for number in (2, 3)]
    back = load({"id": ints(4), "colour": texts("blue")}).schema_changes

    assert said == [("no longer sent: colour (VARCHAR), NULL from now on",), ()]
    assert back == ("sent again: colour",)
    assert load.rows("select id, colour from bronze.t order by id") == [
        (1, "red"), (2, None), (3, None), (4, "blue"),
    ]  # fmt: skip


def test_a_column_that_is_widened_keeps_every_value(load):
    load({"id": ints(1, -(2**31)), "price": pa.array(["1.10", "2.20"]).cast(pa.decimal128(5, 2))})

    done = load({"id": pa.array([2**40]), "price": pa.array(["3.3333"]).cast(pa.decimal128(9, 4))})

    assert done.schema_changes == (
        "widened id (INTEGER → BIGINT)",
        "widened price (DECIMAL(5,2) → DECIMAL(9,4))",
    )
    assert load.rows("select id, price from bronze.t order by price") == [
        (1, Decimal("1.1000")), (-(2**31), Decimal("2.2000")), (2**40, Decimal("3.3333")),
    ]  # fmt: skip
    assert load({"id": ints(7), "price": pa.array(["1"]).cast(pa.decimal128(5, 2))}).schema_changes == ()


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (ints(1), texts("1"), "INTEGER → VARCHAR"),
        (ints(1), pa.array([1.0]), "INTEGER → DOUBLE"),
        (pa.array([date(2026, 1, 1)]), pa.array([datetime(2026, 1, 1)]), "DATE → TIMESTAMP"),
        (texts("1"), ints(1), "VARCHAR → INTEGER"),
    ],
)
def test_a_type_that_cannot_be_followed_is_refused_and_nothing_is_written(load, was, now, words):
    load({"id": ints(1), "value": was})

    with pytest.raises(ColumnsChanged, match=rf"bronze\.t cannot follow .*: value \({words}\)") as caught:
        load({"id": ints(2), "value": now, "more": ints(1)})

    assert "undo the change in the source" in caught.value.hint
    assert load.rows("select column_name from duckdb_columns() where table_name = 't'")[:2] == [
        ("id",),
        ("value",),
    ]
    assert load.rows("select count(*) from bronze.t") == [(1,)]
    assert load({"id": ints(2), "value": was}).rows_landed == 1


def test_a_table_that_cannot_be_followed_fails_and_the_others_land(bronze, tmp_path):
    def land(**values: pa.Array) -> Any:
        for name, array in values.items():
            pq.write_table(pa.table({"value": array}), tmp_path / f"{name}.parquet")
        return bronze.land(connector_from("*.parquet", "shop", root=tmp_path))

    land(people=ints(1), pets=ints(1))
    report = land(people=texts("one"), pets=pa.array([2**40]))

    people, pets = report.tables
    assert (people.status, pets.status) == ("failed", "landed")
    assert "value (INTEGER → VARCHAR)" in people.error
    assert pets.schema_changes == ("widened value (INTEGER → BIGINT)",)
    assert bronze.rows("select value from bronze_shop.people") == [(1,)]
    assert report.reconciles and not report.is_complete


def test_a_column_that_seems_renamed_is_added_and_said_so(load):
    load({"id": ints(1), "colour": texts("red"), "at": pa.array([NOON])})

    done = load({"id": ints(2), "color": texts("blue"), "at": pa.array([NOON])})

    assert done.schema_changes == (
        "added color (VARCHAR)",
        "no longer sent: colour (VARCHAR), NULL from now on",
        "maybe renamed: colour → color",
    )
    two = load({"id": ints(3), "shade": texts("x"), "tint": texts("y"), "at": pa.array([NOON])})
    assert not [change for change in two.schema_changes if change.startswith("maybe")]


def test_an_added_column_brings_its_description(load):
    load({"id": ints(1)})
    schema = pa.schema([pa.field("id", pa.int32()), described(pa.field("x", pa.string()), "What it's for")])
    rows = pa.RecordBatch.from_arrays([ints(2), texts("x")], schema=schema)

    load.writer.write(Stream(schema, iter([rows])), TO, now=NOON + timedelta(days=9))

    assert load.rows("select comment from duckdb_columns() where column_name = 'x'") == [("What it's for",)]


def test_a_column_of_nothing_but_null_gets_its_column_with_its_first_type(load):
    load({"id": ints(1), "note": pa.nulls(1)})
    assert load({"id": ints(2), "note": texts("first")}).schema_changes == ("added note (VARCHAR)",)
    assert load({"id": ints(3), "note": pa.nulls(1)}).schema_changes == ()

    assert load.rows("select id, note from bronze.t order by id") == [(1, None), (2, "first"), (3, None)]


def test_a_source_whose_names_are_swapped_by_case_keeps_its_columns_apart(load):
    load({"a": ints(1), "A": ints(10)})

    assert load({"A": ints(20)}).renamed == (("A", "A_2"),)
    assert load({"A": ints(30), "a": ints(3)}).schema_changes == ("sent again: a",)

    assert load.rows('select a, "A_2" from bronze.t order by 2') == [(1, 10), (None, 20), (3, 30)]


_TABLES = itertools.count(1)
_TYPES = {
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.decimal128(12, 2): st.decimals(-(10**9), 10**9, places=2),
    pa.decimal128(12, 5): st.decimals(-(10**6), 10**6, places=5),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(alphabet="abc1", max_size=3),
    pa.date32(): st.dates(date(1900, 1, 1), date(2100, 1, 1)),
}


@pytest.mark.long
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_loads_of_changing_columns_keep_every_value_or_are_refused_whole(load, data):
    """Any sequence of loads with columns that come, go and change: what landed is what was sent."""
    to = Destination("bronze", f"p{next(_TABLES)}", "shop", "t", "postgres")
    expected: dict[str, dict[str, Any]] = {}
    for _ in range(data.draw(st.integers(1, 5))):
        names = data.draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1))
        types = {name: data.draw(st.sampled_from(list(_TYPES))) for name in names}
        row = {name: data.draw(_TYPES[kind]) for name, kind in types.items()}
        try:
            done = load({name: pa.array([row[name]], kind) for name, kind in types.items()}, to)
        except ColumnsChanged:
            continue
        expected[done.batch_id] = row

    if not expected:
        return
    description = load.rows(f"select column_name from duckdb_columns() where table_name = '{to.table}'")
    found = load.rows(f"select * from bronze.{to.table}")
    names = [name for (name,) in description]
    landed = {row["_aidbt_batch_id"]: row for row in (dict(zip(names, row, strict=True)) for row in found)}
    assert set(landed) == set(expected)
    for batch_id, row in expected.items():
        own = {name: value for name, value in landed[batch_id].items() if not name.startswith("_aidbt_")}
        assert {name: value for name, value in own.items() if value is not None} == row
