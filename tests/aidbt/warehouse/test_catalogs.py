"""The statements that ask what a warehouse holds, where no test can reach one: their text, and what is made
of the rows that its documentation promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from aidbt.core.errors import ProfileError, WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.warehouse.adapter_errors import AccessDenied
from aidbt.warehouse.catalogs import CATALOGS, list_relations
from aidbt.warehouse.spark import relation_of


class Documented:
    """A connection that answers a statement, known by a word in it, with the rows it was given."""

    dialect = "snowflake"

    def __init__(self, answers: dict[str, list[tuple[Any, ...]] | WarehouseError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        answer = next(answer for word, answer in self.answers.items() if word in sql)
        if isinstance(answer, WarehouseError):
            raise answer
        return answer


@pytest.mark.parametrize("kind", CATALOGS)
def test_every_statement_reads_metadata_only_and_gives_rows_of_the_one_shape(kind: str):
    catalog = CATALOGS[kind]

    relations, columns = (
        sqlglot.parse_one(sql, dialect=kind) for sql in (catalog.relations, catalog.columns)
    )

    assert len(relations.selects) in (8, 10)
    assert len(columns.selects) == 6
    for tree in (relations, columns):
        assert tree.args.get("order") is not None
        for table in tree.find_all(exp.Table):
            place = table.sql(dialect=kind).lower()
            words = ("information_schema", "pg_catalog", "metadata", "jdbc", "leaf")
            own = {made.alias_or_name for made in tree.find_all(exp.CTE)}
            assert table.name in own or any(word in place for word in words), place


@pytest.mark.parametrize("kind", CATALOGS)
def test_rows_become_relations(kind: str):
    connection = Documented(
        {
            "svv_table_info": [("RAW", "ORDERS", 10, 2048)],
            "order by 2, 3": [("SHOP", "RAW", "ORDERS", "table", None, 10, 2048, "v1")],
            "order by": [("RAW", "ORDERS", "ID", "NUMBER(38,0)", False, "its number")],
        }
    )

    assert list_relations(connection, kind, {"catalog": "shop"}) == [
        Relation(
            "RAW",
            "ORDERS",
            (Column("ID", "NUMBER(38,0)", nullable=False, description="its number"),),
            database="SHOP",
            row_count=10,
            size_bytes=2048,
            version="v1",
        )
    ]


def test_bigquery_is_asked_in_the_region_of_the_profile_and_tells_required_filters():
    row = ("p", "raw", "events", "table", "d", 5, 10, "2024-01-01", "day", True)
    connection = Documented({"order by 2, 3": [row], "order by": []})

    [events] = list_relations(connection, "bigquery", {"location": "EU"})

    assert all("`region-eu`.INFORMATION_SCHEMA." in sql for sql in connection.asked)
    assert (events.partitioned_by, events.requires_partition_filter) == ("day", True)
    with pytest.raises(ProfileError, match="is no location of BigQuery"):
        list_relations(connection, "bigquery", {"location": "eu`; drop"})


def test_sizes_on_redshift_are_unknown_without_their_grant():
    row = ("dev", "raw", "orders", "table", None, None, None, None)
    denied = AccessDenied("this user may not do that: permission denied for relation svv_table_info")
    connection = Documented({"svv_table_info": denied, "order by 2, 3": [row], "order by": []})

    [orders] = list_relations(connection, "redshift", {})

    assert (orders.row_count, orders.size_bytes) == (None, None)


def test_a_user_who_may_not_read_the_metadata_is_told_the_grant():
    connection = Documented({"order by": AccessDenied("this user may not do that: 403 Access Denied")})

    with pytest.raises(AccessDenied, match="may not read which tables there are") as caught:
        list_relations(connection, "bigquery", {})

    assert "roles/bigquery.metadataViewer" in caught.value.hint


def test_a_warehouse_without_such_statements_says_so():
    with pytest.raises(WarehouseError, match="'sqlserver' holds cannot be listed") as caught:
        list_relations(Documented({}), "sqlserver", {})

    assert "snowflake" in caught.value.hint


def test_what_spark_describes_is_understood_whatever_sections_it_has():
    rows = [
        ("id", "int", None),
        ("# Metadata Columns", "", ""),
        ("_partition", "struct<>", None),
        ("", "", ""),
        ("# Partition Information", "", ""),
        ("# col_name", "data_type", "comment"),
        ("id", "int", None),
        ("", "", ""),
        ("# Detailed Table Information", "", ""),
        ("Type", "EXTERNAL", ""),
        ("Statistics", "1024 bytes", ""),
    ]

    found = relation_of(Relation("s", "t"), rows)

    assert found == Relation(
        "s", "t", (Column("id", "int"),), kind="external", size_bytes=1024, partitioned_by="id"
    )
