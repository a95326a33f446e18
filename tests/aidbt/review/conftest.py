"""Two builds of a model in a DuckDB of its own."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from aidbt.core.schema import Column, Relation
from aidbt.warehouse.base import Connection
from aidbt.warehouse.duckdb import DuckDBConnection
from tests.aidbt.warehouse.conftest import postgres, postgres_target, spark_target

__all__ = ["Builds", "builds", "postgres", "postgres_target", "spark_target"]


class Builds:
    """The schemas `base` and `head` on an open connection, and every statement that was sent.

    Attributes:
        sent: the statements since the tables were made, in order.
    """

    dialect = "duckdb"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.sent: list[str] = []

    def rows(self, sql: str, parameters: object = ()) -> list[tuple[object, ...]]:
        self.sent.append(sql)
        return self._connection.rows(sql)

    def make(self, base: str, head: str, *, name: str = "orders") -> tuple[Relation, Relation]:
        """The table of both sides, made of two queries."""
        for schema, query in (("base", base), ("head", head)):
            self._connection.rows(f'create or replace table {schema}."{name}" as {query}')
        found = self.relation("base", name), self.relation("head", name)
        self.sent.clear()
        return found

    def relation(self, schema: str, name: str) -> Relation:
        rows = self._connection.rows(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = ? and table_name = ? order by ordinal_position",
            [schema, name],
        )
        return Relation(schema, name, tuple(Column(str(n), str(t)) for n, t in rows))


@pytest.fixture
def builds() -> Iterator[Builds]:
    with duckdb.connect() as raw:
        raw.execute("set timezone = 'UTC'; create schema base; create schema head")
        yield Builds(DuckDBConnection(raw))
