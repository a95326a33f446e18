"""The SQL of every dialect as text that a person can read, and that nothing passes through unknown.

`tests/golden/sql/<dialect>/<statement>.sql` is what is sent, statement by statement; where a dialect lacks
something the statement is missing or the text says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from aidbt.core.schema import Column, Relation
from aidbt.warehouse.checks import distinct_values, is_key, rows_lost_by_casts, rows_outside
from aidbt.warehouse.dialects import DIALECTS, NoLowering, can_render, render
from aidbt.warehouse.profiling import profile_table
from aidbt.warehouse.rows import latest_batch

# The types of a wide table, in the words of each catalog.
TYPES: dict[str, dict[str, str]] = {
    "postgres": {
        "id": "bigint", "small": "smallint", "price": "numeric(12,2)", "ratio": "double precision",
        "name": "character varying(80)", "is_open": "boolean", "born": "date",
        "placed_at": "timestamp without time zone", "paid_at": "timestamp with time zone", "key": "uuid",
        "doc": "jsonb", "tags": "text[]", "kind": "order_status",
    },
    "spark": {
        "id": "bigint", "small": "smallint", "price": "decimal(12,2)", "ratio": "double", "name": "string",
        "is_open": "boolean", "born": "date", "placed_at": "timestamp_ntz", "paid_at": "timestamp",
        "doc": "struct<a:int,b:string>", "tags": "array<string>", "attributes": "map<string,string>",
        "raw": "binary",
    },
    "snowflake": {
        "ID": "NUMBER(38,0)", "PRICE": "NUMBER(12,2)", "RATIO": "FLOAT", "NAME": "VARCHAR(16777216)",
        "IS_OPEN": "BOOLEAN", "BORN": "DATE", "PLACED_AT": "TIMESTAMP_NTZ(9)", "PAID_AT": "TIMESTAMP_TZ(9)",
        "SEEN_AT": "TIMESTAMP_LTZ(9)", "DOC": "VARIANT", "TAGS": "ARRAY", "ATTRIBUTES": "OBJECT",
        "PLACE": "GEOGRAPHY", "RAW": "BINARY(8388608)",
    },
    "bigquery": {
        "id": "INT64", "price": "NUMERIC(12,2)", "big": "BIGNUMERIC", "ratio": "FLOAT64", "name": "STRING",
        "is_open": "BOOL", "born": "DATE", "placed_at": "DATETIME", "paid_at": "TIMESTAMP",
        "doc": "STRUCT<a INT64, b STRING>", "tags": "ARRAY<STRING>", "raw": "JSON", "place": "GEOGRAPHY",
    },
    "redshift": {
        "id": "bigint", "small": "smallint", "price": "numeric(12,2)", "ratio": "double precision",
        "name": "character varying(256)", "is_open": "boolean", "born": "date",
        "placed_at": "timestamp without time zone", "paid_at": "timestamp with time zone", "doc": "super",
    },
    "trino": {
        "id": "bigint", "small": "smallint", "price": "decimal(12,2)", "ratio": "double", "name": "varchar",
        "is_open": "boolean", "born": "date", "placed_at": "timestamp(6)",
        "paid_at": "timestamp(3) with time zone", "key": "uuid", "doc": "row(a integer, b varchar)",
        "tags": "array(varchar)", "attributes": "map(varchar, varchar)",
    },
    "duckdb": {
        "id": "BIGINT", "small": "SMALLINT", "price": "DECIMAL(12,2)", "ratio": "DOUBLE", "name": "VARCHAR",
        "is_open": "BOOLEAN", "born": "DATE", "placed_at": "TIMESTAMP", "paid_at": "TIMESTAMP WITH TIME ZONE",
        "key": "UUID", "doc": "STRUCT(a INTEGER, b VARCHAR)", "tags": "VARCHAR[]",
    },
}  # fmt: skip
TYPES["databricks"] = {**TYPES["spark"], "raw": "variant"}

# What is cast to what, in each dialect's words.
CASTS = {
    "id": ("smallint", "double", "boolean", "numeric(9,2)", "varchar(10)"),
    "price": ("bigint", "numeric(5,1)"),
    "ratio": ("integer", "numeric(9,2)", "real"),
    "name": (
        "integer", "numeric(9,2)", "double", "boolean", "date", "timestamp", "timestamp with time zone",
        "varchar(10)",
    ),
    "placed_at": ("date",),
    "born": ("timestamp",),
    "is_open": ("integer",),
}  # fmt: skip
WORDS = {
    "bigquery": {
        "smallint": "int64", "integer": "int64", "bigint": "int64", "double": "float64", "boolean": "bool",
        "real": "float64", "varchar(10)": "string(10)", "timestamp": "datetime",
        "timestamp with time zone": "timestamp",
    },
    "spark": {"timestamp": "timestamp_ntz", "timestamp with time zone": "timestamp"},
    "databricks": {"timestamp": "timestamp_ntz", "timestamp with time zone": "timestamp"},
    "snowflake": {"timestamp": "timestamp_ntz", "timestamp with time zone": "timestamp_tz"},
    "postgres": {"double": "double precision"},
    "redshift": {"double": "double precision"},
}  # fmt: skip


class Recorder:
    """A connection that keeps what it is sent, and answers as a table of a million rows would."""

    def __init__(self, dialect: str, *, rows: int = 1_000_000) -> None:
        self.dialect = dialect
        self.sent: list[str] = []
        self.row_count = rows

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.sent.append(sql)
        tree = sqlglot.parse_one(sql, dialect=self.dialect)  # what does not parse back is no SQL of theirs
        if not isinstance(tree, exp.Query):
            return []
        if tree.args.get("group"):  # nothing repeats
            return []
        return [tuple(self._answer(one) for one in tree.selects)]

    def _answer(self, selected: exp.Expr) -> Any:
        """A likely figure: most columns tell all rows apart, `name` and `is_open` have few values."""
        text = selected.sql().lower()
        if isinstance(selected, exp.Literal):
            return int(selected.name)
        if "quantile" in text or "percentile" in text:
            return [1, 2, 3, 4, 5] if self.dialect == "duckdb" else "1,2,3,4,5"
        if "count" in text or "distinct" in text:
            is_distinct = "distinct" in text
            return 3 if is_distinct and ("name" in text or "is_open" in text) else self.row_count
        is_text = isinstance(selected, exp.Cast) and selected.to.is_type("text", "varchar")
        return "7" if is_text or isinstance(selected, exp.Left) else 7


def relation(dialect: str, **changed: Any) -> Relation:
    columns = tuple(Column(name, data_type) for name, data_type in TYPES[dialect].items())
    orders = Relation("shop", "Orders", columns, database="acme", row_count=1_000_000)
    return replace(orders, **changed)


def profiled(dialect: str, **changed: Any) -> list[str]:
    connection = Recorder(dialect)
    profile_table(connection, relation(dialect, **changed), sample_rows=10_000)
    return connection.sent


def named(dialect: str, name: str) -> str:
    return name.upper() if dialect == "snowflake" else name


def statements(dialect: str) -> Iterator[tuple[str, str]]:
    """Everything that is sent, by the name of its file."""
    sent = profiled(dialect)
    yield "profile", "\n;\n".join(sent)
    if dialect != "duckdb":
        [sample] = [sql for sql in profiled(dialect, kind="view") if "LIMIT 30000" in sql]
        yield "sample_of_a_view", sample
    asked = {
        "is_key": lambda c, r: is_key(c, r, named(dialect, "id")),
        "distinct_values": lambda c, r: distinct_values(
            c, r, [named(dialect, "name"), named(dialect, "is_open")], limit=50
        ),
        "rows_outside": lambda c, r: rows_outside(
            c, r, [(named(dialect, "id"), replace(r, name="customers"), named(dialect, "id"))]
        ),
    }
    for name, ask in asked.items():
        connection = Recorder(dialect)
        ask(connection, relation(dialect))
        yield name, "\n;\n".join(connection.sent)
    for column, casts in CASTS.items():
        pairs = [(named(dialect, column), WORDS.get(dialect, {}).get(cast, cast)) for cast in casts]
        yield f"lost_by_casts_of_{column}", "\n;\n".join(lost(dialect, pair) for pair in pairs)


def lost(dialect: str, pair: tuple[str, str]) -> str:
    connection = Recorder(dialect)
    found = rows_lost_by_casts(connection, relation(dialect), [pair])
    text = connection.sent[-1] if found else "-- not asked: it cannot be tried without failing"
    return f"-- to {pair[1]}\n{text}"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_sent_is_as_written_down(dialect: str, golden: Path, update_golden: bool):
    folder = golden / "sql" / dialect
    sent = {f"{name}.sql": text + "\n" for name, text in statements(dialect)}
    if update_golden:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in sent.items():
            (folder / name).write_text(text)

    assert {path.name: path.read_text() for path in sorted(folder.glob("*.sql"))} == dict(
        sorted(sent.items())
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_is_asked_of_nested_values_but_whether_they_are_there(dialect: str):
    if dialect == "duckdb":
        pytest.skip("DuckDB orders nested values too")
    nested = "array", "map", "struct", "row", "super", "variant", "object", "json", "geog", "binary", "order_"
    columns = [name for name, kind in TYPES[dialect].items() if kind.lower().startswith(nested)]
    columns += [name for name, kind in TYPES[dialect].items() if kind.endswith("[]")]
    assert columns

    for sql in profiled(dialect):
        tree = sqlglot.parse_one(sql, dialect=dialect)
        asked = [c.parent for c in tree.find_all(exp.Column) if c.name in columns]
        assert [node for node in asked if not isinstance(node, exp.Count)] == []


@pytest.mark.parametrize("data_type", ["DATE", "TIMESTAMP", "DATETIME", "INT64", ""])
def test_every_statement_filters_the_partitions_where_that_is_required(data_type: str):
    """BigQuery refuses a query without a filter on the column; ours lets every partition through."""
    columns = (Column("id", "INT64"), Column("part", data_type)) if data_type else (Column("id", "INT64"),)
    events = Relation("shop", "events", columns, partitioned_by="part", requires_partition_filter=True)
    connection = Recorder("bigquery")

    profile_table(connection, events, sample_rows=10_000)
    is_key(connection, events, "id")
    rows_lost_by_casts(connection, events, [("id", "string")])
    rows_outside(connection, events, [("id", events, "id")])
    distinct_values(connection, events, ["id"], limit=5)

    assert len(connection.sent) > 7
    for sql in connection.sent:
        tree = sqlglot.parse_one(sql, dialect="bigquery")
        read = [table for table in tree.find_all(exp.Table) if table.name == "events"]
        assert read
        for table in read:
            select = table.find_ancestor(exp.Select)
            assert select is not None
            filters = [p.sql("bigquery") for p in select.args["where"].this.flatten()]
            assert any("`part` >= " in found and "`part` IS NULL" in found for found in filters)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_latest_batch_of_bronze_is_looked_up(dialect: str):
    """A warehouse that folds names to capitals holds the names of our own tables and columns like that."""
    fold = str.upper if dialect == "snowflake" else str
    columns = (Column(fold("id"), "bigint"), Column(fold("_aidbt_batch_id"), "varchar"))

    class Bronze(Recorder):
        def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            super().rows(sql, parameters)
            if "information_schema" in sql.lower() or sql.startswith("SHOW"):
                return [(1,)]
            return [("orders", "b7"), ("other", "b9")]

    connection = Bronze(dialect)
    orders = Relation("raw", fold("orders"), columns, database="acme")

    assert latest_batch(connection, orders) == "b7"
    assert len(connection.sent) == 2
    assert all(fold("_aidbt_loads") in sql for sql in connection.sent)
    assert latest_batch(connection, replace(orders, name=fold("other"))) == "b9"
    assert latest_batch(connection, replace(orders, name=fold("third"))) is None
    assert len(connection.sent) == 2


# --- what is not known is refused ---------------------------------------------------------------------

UNKNOWN = [
    "histogram(x)", "list(x)", "try_cast(x as integer)", "x::json", "bool_and(x)", "strftime(x, '%Y')",
    "arg_max(x, y)", "regexp_replace(x, 'a', 'b')", "select * from a asof join b on a.t >= b.t",
    "select * from t using sample reservoir(5 rows)", "create temp table s as select 1",
    "select * from read_csv('x')", "md5(x)", "quantile_cont(x, 0.5)", "x similar to 'a'", "now()",
]  # fmt: skip


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_has_no_lowering_is_an_error_and_never_passes_through(text: str):
    tree = sqlglot.parse_one(text, dialect="duckdb")

    for dialect in DIALECTS[1:]:
        if dialect == "postgres" and text.startswith("regexp_replace"):
            continue  # which is PostgreSQL's own
        with pytest.raises(NoLowering, match=f"no equivalent in the SQL of '{dialect}'"):
            render(tree, dialect)
        assert not can_render(tree, dialect)


def test_an_unknown_dialect_is_an_error():
    with pytest.raises(NoLowering, match="'tsql'"):
        render(exp.select("a").from_("t"), "tsql")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_tree_may_be_rendered_again(dialect: str):
    column = exp.column("a", quoted=True)
    column.type = exp.DataType.build("bigint")
    tree = exp.select(
        exp.Anonymous(
            this="count_if", expressions=[exp.TryCast(this=column, to=exp.DataType.build("smallint"))]
        ),
        exp.func("max", column),
    )

    assert render(tree, dialect) == render(tree, dialect)


@pytest.mark.parametrize(
    "name", ['quo"te', "back`tick", "größe", "select", "{{ x }}", "new\nline", ":c", "%s"]
)
def test_any_name_is_quoted(name: str):
    for dialect in DIALECTS[1:]:
        connection = Recorder(dialect)
        table = Relation("shop", name, (Column(name, "bigint"),))
        is_key(connection, table, name)
        tree = sqlglot.parse_one(connection.sent[-1], dialect=dialect)

        assert {column.name for column in tree.find_all(exp.Column)} == {name}
        assert {found.name for found in tree.find_all(exp.Table)} == {name}
