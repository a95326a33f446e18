"""Questions about every row that a decision rests on: nothing that would be lost is overlooked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Relation
from aidbt.warehouse.checks import distinct_values, rows_lost_by_casts, rows_outside
from aidbt.warehouse.duckdb import DuckDBWarehouse


class Database:
    """A DuckDB file with some tables in it."""

    def __init__(self, path: Path, *statements: str) -> None:
        self.warehouse = DuckDBWarehouse(path)
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def relation(self, name: str = "t") -> Relation:
        [found] = [relation for relation in self.warehouse.relations() if relation.name == name]
        return found

    def lost(self, *casts: tuple[str, str]) -> dict[tuple[str, str], int]:
        with self.warehouse.connect() as connection:
            return rows_lost_by_casts(connection, self.relation(), casts, dialect="duckdb")

    def outside(self, column: str = "c", parent_column: str = "c") -> int:
        child, parent = self.relation("child"), self.relation("parent")
        with self.warehouse.connect() as connection:
            (missing,) = rows_outside(connection, child, [(column, parent, parent_column)], dialect="duckdb")
            return missing

    def values(self, column: str = "c", *, limit: int = 10) -> list[str]:
        with self.warehouse.connect() as connection:
            found = distinct_values(connection, self.relation(), [column], limit=limit, dialect="duckdb")
            return found[column]


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Database]:
    return lambda *statements: Database(tmp_path / "shop.duckdb", *statements)


def lost(database, data_type: str, values: list[str | None], cast: str) -> list[str | None]:
    """Which of the values are lost by a cast: each in a row of its own column, all asked for at once."""
    columns = ", ".join(
        f"{'null' if value is None else quoted(value)}::{data_type} as c{number}"
        for number, value in enumerate(values)
    )
    casts = [(f"c{number}", cast) for number in range(len(values))]
    found = database(f"create or replace table t as select {columns}").lost(*casts)
    assert list(found) == casts
    assert set(found.values()) <= {0, 1}
    return [value for value, pair in zip(values, casts, strict=True) if found[pair]]


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


# data type, cast, values that survive it, values that do not
CASTS = {
    "text to integer": (
        "VARCHAR",
        "bigint",
        ["0", "7", "-7", "9223372036854775807", "-9223372036854775808", None],
        [
            "007", "+7", "-0", "00", "3.7", "3.0", "1e3", "1E3", "5e-1", "1e-1", "9223372036854775808",
            "-9223372036854775809", "", " ", "7 ", " 7", "7\n", "x", "1,000", "1_000", "0x1f", "١", "NaN",
        ],
    ),
    "text to a small integer": ("VARCHAR", "tinyint", ["127", "-128"], ["128", "-129", "1000000000000"]),
    "text to double": (
        "VARCHAR",
        "double",
        ["0", "0.5", "-0.5", "3.75", "10", "1.50", "1.0", "40.63975111", "1e3", "-1.25e-10", "0.1", None,
         "0.30000000000000004", "123456789012345"],
        [
            "007.5", "+0.5", "x", "", "1,5", "nan", "inf", "1e999", ".5", "12345678901234567",
            "9007199254740993", "12345678901234567.89", "0.1234567890123456789",
        ],
    ),
    "text to decimal": (
        "VARCHAR",
        "decimal(9,2)",
        ["0", "0.5", "-1.25", "1234567.89", "1.5000", None],
        ["1.234", "0.001", "12345678.9", "007", "x", "1.999"],
    ),
    "text to boolean": ("VARCHAR", "boolean", ["true", "false", "True", "t", "no", None], ["maybe", "", "2"]),
    "text to date": (
        "VARCHAR",
        "date",
        ["2026-03-01", "1969-12-31", "2026-3-1", None],
        [
            "2026-02-30", "31.12.2026", "12/31/2026", "tomorrow", "", "20260301", "2026-03-01 12:00:00",
            "2026-03-01T00:00:01", "2026-03-01T10:00:00Z",
        ],
    ),
    "text to timestamp": (
        "VARCHAR",
        "timestamp",
        ["2026-03-01 12:00:00", "2026-03-01T12:00:00", "2026-03-01T12:00:00Z", "2026-03-01 12:00:00.123456",
         "2026-03-01 12:00:00+00", "2026-03-01", None],
        [
            "2026-03-01 25:00:00", "yesterday", "", "2026-03-01T12:00:00+02:00", "2026-03-01 12:00:00-05",
            "2026-03-01 12:00:00.123456789",
        ],
    ),
    "double to integer": (
        "DOUBLE", "integer", ["3", "-3", "0", "2147483647", None],
        ["3.7", "-0.5", "2147483648", "nan", "inf", "-inf", "1e300"],
    ),
    "double to float": ("DOUBLE", "float", ["0.5", "3", None], ["0.1", "1e300"]),
    "double to decimal": ("DOUBLE", "decimal(9,2)", ["1.25", "3", None], ["1.239", "1e9", "nan"]),
    "decimal to integer": ("DECIMAL(18,3)", "bigint", ["3.000", "-7", None], ["3.001", "0.5"]),
    "decimal to a smaller one": ("DECIMAL(18,3)", "decimal(5,1)", ["1.500", "9999.9"], ["1.550", "10000"]),
    "integer to a smaller one": ("BIGINT", "smallint", ["32767", "-32768", None], ["32768", "-32769"]),
    "integer to double": ("BIGINT", "double", ["9007199254740992", None], ["9007199254740993"]),
    "hugeint to bigint": ("HUGEINT", "bigint", ["9223372036854775807"], ["9223372036854775808"]),
    "integer to boolean": ("INTEGER", "boolean", ["0", "1", None], ["2", "-1"]),
    "integer to text": ("INTEGER", "varchar", ["0", "-7", None], []),
    "double to text": ("DOUBLE", "varchar", ["0.1", "1e300", "nan", None], []),
    "timestamp to date": (
        "TIMESTAMP", "date", ["2026-03-01 00:00:00", "1900-01-01", None],
        ["2026-03-01 12:00:00", "2026-03-01 00:00:00.000001"],
    ),
    "date to timestamp": ("DATE", "timestamp", ["2026-03-01", "0001-01-01", None], []),
    "nanoseconds to timestamp": (
        "TIMESTAMP_NS", "timestamp", ["2026-03-01 12:00:00.123456", None], ["2026-03-01 12:00:00.123456789"]
    ),
    "times with zone to timestamp": ("TIMESTAMPTZ", "timestamp", ["2026-03-01 12:00:00+05", None], []),
    "enum to text": ("ENUM('a', '007')", "varchar", ["a", "007", None], []),
    "enum to integer": ("ENUM('1', '007', 'x')", "integer", ["1", None], ["007", "x"]),
    "uuid to text": ("UUID", "varchar", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", None], []),
    "blob to text": ("BLOB", "varchar", ["abc", None], []),
}  # fmt: skip


@pytest.mark.parametrize("what", CASTS)
def test_exactly_the_values_that_would_be_lost_are_counted(database, what: str):
    data_type, cast, kept, gone = CASTS[what]

    assert lost(database, data_type, [*kept, *gone], cast) == gone


def test_every_row_is_counted_and_nulls_never(database):
    shop = database(
        """create table t as select case i % 4 when 1 then '12' when 2 then '012' when 3 then 'x' end as c
        from range(100_000) r(i)"""
    )

    assert shop.lost(("c", "integer")) == {("c", "integer"): 50_000}


def test_one_row_of_many_is_found(database):
    shop = database("create table t as select case i when 99_999 then '0' || i else i::varchar end as c"
                    " from range(100_000) r(i)")  # fmt: skip

    assert shop.lost(("c", "bigint")) == {("c", "bigint"): 1}


def test_many_casts_are_asked_at_once_and_none_costs_nothing(database):
    shop = database("""create table t as select '1' as a, '2.5' as b, 'x' as "c d", 7 as e""")

    assert shop.lost(("a", "integer"), ("b", "integer"), ("b", "double"), ("c d", "date"), ("e", "text")) == {
        ("a", "integer"): 0,
        ("b", "integer"): 1,
        ("b", "double"): 0,
        ("c d", "date"): 1,
        ("e", "text"): 0,
    }
    with shop.warehouse.connect() as connection:
        gone = Relation("no", "such_table")
        assert rows_lost_by_casts(connection, gone, [], dialect="duckdb") == {}


def test_an_empty_table_loses_nothing(database):
    assert database("create table t (c varchar)").lost(("c", "integer")) == {("c", "integer"): 0}


@pytest.mark.parametrize("name", ['quo"te', "größe", "select", "{{ x }}", "new\nline", ":c", "?"])
def test_any_column_name_will_do(database, name: str):
    shop = database(f"""create table t as select 'x' as "{name.replace('"', '""')}" """)

    assert shop.lost((name, "integer")) == {(name, "integer"): 1}
    assert shop.values(name) == ["x"]


# --- rows outside -------------------------------------------------------------------------------------


def family(database, child: str, parent: str, data_type: str = "integer") -> Database:
    return database(
        f"create or replace table child as select unnest({child}::{data_type}[]) as c",
        f"create or replace table parent as select unnest({parent}::{data_type}[]) as c",
    )


@pytest.mark.parametrize(
    ("child", "parent", "outside"),
    [
        ("[1, 2, 2]", "[1, 2, 3]", 0),
        ("[1, 2, 2, 4, 4]", "[1, 2, 3]", 2),
        ("[1, null, null]", "[1]", 0),
        ("[1, 2]", "[1, null]", 1),
        ("[1, 2]", "[null]", 2),
        ("[1, 2]", "[]", 2),
        ("[]", "[1]", 0),
        ("[null]", "[]", 0),
        ("[1, 1]", "[1, 1, 1]", 0),
    ],
)
def test_rows_whose_value_the_parent_never_holds_are_counted(database, child: str, parent: str, outside: int):
    assert family(database, child, parent).outside() == outside


def test_one_row_outside_of_many_is_found(database):
    shop = database(
        "create table child as select i % 1000 as c from range(100_000) r(i)",
        "insert into child values (1000)",
        "create table parent as select i as c from range(1000) r(i)",
    )

    assert shop.outside() == 1


def test_text_is_compared_exactly(database):
    assert family(database, "['a', 'A', 'a ', 'b']", "['a', 'b']", "varchar").outside() == 2


def test_types_that_are_compared_as_numbers_are(database):
    shop = database(
        "create table child as select unnest([1, 2, 5]::bigint[]) as c",
        "create table parent as select unnest([1, 2]::integer[]) as c",
    )

    assert shop.outside() == 1


def test_types_that_cannot_be_compared_are_an_error(database):
    shop = database(
        "create table child as select date '2026-03-01' as c", "create table parent as select 1 as c"
    )

    with pytest.raises(WarehouseError, match="DuckDB refused"):
        shop.outside()


# --- distinct values ----------------------------------------------------------------------------------


def test_distinct_values_are_texts_in_order_without_null(database):
    shop = database("create table t as select unnest([3, 1, null, 2, 10, 1]) as c")

    assert shop.values() == ["1", "10", "2", "3"]


def test_one_more_value_than_the_limit_shows_that_there_are_more(database):
    shop = database("create table t as select i % 100 as c from range(1000) r(i)")

    assert len(shop.values(limit=5)) == 6
    assert len(shop.values(limit=99)) == 100
    assert len(shop.values(limit=100)) == 100


def test_empty_text_is_a_value(database):
    assert database("create table t as select unnest(['', 'a', null]) as c").values() == ["", "a"]


def test_an_empty_table_has_no_values(database):
    assert database("create table t (c varchar)").values() == []


# --- append-only bronze -------------------------------------------------------------------------------


def test_only_the_latest_complete_batch_is_asked(database):
    """The first batch is fine, the second is not, the third is not complete."""
    shop = database(
        "create table _aidbt_loads (table_name varchar, batch_id varchar)",
        "insert into _aidbt_loads values ('child', 'b1'), ('child', 'b2'), ('parent', 'b2')",
        "create table child (c varchar, _aidbt_batch_id varchar)",
        "insert into child values ('1', 'b1'), ('x', 'b2'), ('2', 'b2'), ('y', 'b3'), ('z', 'b3')",
        "create table parent (c varchar, _aidbt_batch_id varchar)",
        "insert into parent values ('x', 'b1'), ('2', 'b2')",
    )
    child, parent = shop.relation("child"), shop.relation("parent")

    with shop.warehouse.connect() as connection:
        [lost] = rows_lost_by_casts(connection, child, [("c", "integer")], dialect="duckdb").values()
        assert lost == 1
        assert rows_outside(connection, child, [("c", parent, "c")], dialect="duckdb") == [1]
        assert distinct_values(connection, child, ["c"], limit=5, dialect="duckdb") == {"c": ["2", "x"]}
