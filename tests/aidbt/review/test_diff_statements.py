"""The statements of a data diff in every dialect, as text that a person can read.

`tests/golden/sql_data_diff/<dialect>/<statement>.sql` is what is sent. Those of DuckDB, PostgreSQL and Spark
run elsewhere; of the others this is what there is to check by eye.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.review.data_diff import compare_relations
from aidbt.review.diff_columns import match_columns
from aidbt.review.diff_statements import JOIN_FIGURES, Scope, Statements, column_figures
from aidbt.warehouse.dialects import DIALECTS

# id, shop, amount, ratio, name, is_open, born, placed_at, doc, raw in the words of each catalog.
NAMES = ("id", "shop", "amount", "ratio", "name", "is_open", "born", "placed_at", "doc", "raw")
SPARK = "bigint string decimal(12,2) double string boolean date timestamp struct<a:int> binary"
TYPES = {
    "duckdb": "BIGINT VARCHAR DECIMAL(12,2) DOUBLE VARCHAR BOOLEAN DATE TIMESTAMP JSON BLOB",
    "postgres": "bigint text numeric(12,2) float8 text boolean date timestamptz jsonb bytea",
    "spark": SPARK,
    "databricks": SPARK,
    "snowflake": "NUMBER(38,0) TEXT NUMBER(12,2) FLOAT TEXT BOOLEAN DATE TIMESTAMP_NTZ(9) VARIANT BINARY",
    "bigquery": "INT64 STRING NUMERIC(12,2) FLOAT64 STRING BOOL DATE TIMESTAMP STRUCT<a_INT64> BYTES",
    "redshift": "bigint varchar numeric(12,2) float8 varchar boolean date timestamptz super varbyte",
    "trino": "bigint varchar decimal(12,2) double varchar boolean date timestamp(6) row(a_integer) varbinary",
}


def relation(dialect: str, schema: str) -> Relation:
    """The amount of head has another scale."""
    types = TYPES[dialect].split()
    if schema == "head":
        types[2] = types[2].replace("12,2", "14,4")
    columns = tuple(
        Column(n, t.replace("_", " ") if "<" in t or "row(" in t else t)
        for n, t in zip(NAMES, types, strict=True)
    )
    return Relation(schema, "Orders", columns, database="acme")


def statements_of(dialect: str) -> tuple[Statements, list[str]]:
    base, head = relation(dialect, "base"), relation(dialect, "head")
    matched = match_columns(base, head, dialect=dialect)
    assert matched.not_compared == ()
    keys, pairs = matched.pairs[:2], matched.pairs[2:]
    found = Statements(
        dialect, base, head, keys, pairs, bucket_count=1024, one_in=3, tolerance=1e-9, pii=frozenset({"shop"})
    )
    return found, [pair.name for pair in pairs]


def sent(dialect: str) -> dict[str, str]:
    s, _ = statements_of(dialect)
    some = Scope("with a key", (1, 5, 900))
    rest = [pair for pair in s.pairs if pair.is_exact]
    return {
        "fingerprint": s.fingerprint("base"),
        "repeated_keys": s.repeated_keys("head"),
        "rows_without_a_key": s.rows_by_hash(Scope("without a key")),
        "rows_of_repeated_keys": s.row_counts_of("head", Scope("repeated")),
        "joined": s.joined(some, compared=s.pairs, detailed=s.pairs),
        "joined_by_hash": s.joined(some, compared=s.pairs[:1], detailed=s.pairs[:1], rest=rest),
        "buckets_of_rest": s.buckets_of_rest(some, rest, limit=100),
        "figures": s.figures("head", s.head.columns, Scope("all")),
    }


@pytest.mark.long
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_sent_is_as_written_down(dialect: str, golden: Path, update_golden: bool):
    folder = golden / "sql_data_diff" / dialect
    written = {}
    for name, sql in sent(dialect).items():
        tree = sqlglot.parse_one(sql, dialect=dialect)  # what does not parse back is no SQL of theirs
        written[f"{name}.sql"] = tree.sql(dialect, pretty=True) + "\n"
    if update_golden:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text)

    assert {path.name: path.read_text() for path in folder.glob("*.sql")} == written


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_join_answers_each_figure_that_is_read(dialect: str):
    s, _ = statements_of(dialect)
    tree = sqlglot.parse_one(s.joined(Scope("all"), compared=s.pairs, detailed=s.pairs), dialect=dialect)

    assert len(tree.selects) == len(JOIN_FIGURES) + sum(len(column_figures(pair)) for pair in s.pairs)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_of_personal_data_is_selected(dialect: str):
    s, names = statements_of(dialect)
    hidden = Statements(dialect, s.base, s.head, s.keys, s.pairs, pii=frozenset({"shop", *names}))
    tree = sqlglot.parse_one(hidden.figures("head", s.head.columns[1:], Scope("all")), dialect=dialect)

    assert not list(tree.find_all(exp.Min, exp.Max, exp.Sum))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_partition_is_let_through_where_a_filter_is_required(dialect: str):
    """The condition of BigQuery's tables stands in every statement that reads one."""
    s, _ = statements_of(dialect)
    only = exp.column("born", quoted=True).is_(exp.null())
    filtered = Statements(dialect, s.base, s.head, s.keys, s.pairs, {"base": only, "head": only})
    for sql in (
        filtered.row_count("base"),
        filtered.fingerprint("head"),
        filtered.rows_by_hash(Scope("repeated")),
        filtered.joined(Scope("single"), compared=s.pairs, detailed=s.pairs),
    ):
        tree = sqlglot.parse_one(sql, dialect=dialect)
        reads = [table for table in tree.find_all(exp.Table) if table.name == "Orders"]
        filters = [select.args.get("where") for table in reads if (select := table.find_ancestor(exp.Select))]
        assert reads and all(where is not None and "born" in where.sql() for where in filters)


def test_a_dialect_without_statements_is_one_clear_error():
    class Nowhere:
        dialect = "tsql"

        def rows(self, sql: str, parameters: object = ()) -> list[tuple[object, ...]]:
            raise AssertionError("nothing is sent")

    table = Relation("dbo", "orders", (Column("id", "bigint"),))

    with pytest.raises(WarehouseError, match="no equivalent in the SQL of 'tsql'"):
        compare_relations(Nowhere(), table, table, keys=["id"])
