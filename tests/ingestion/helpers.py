"""What the tests of ingestion read from and land in: databases on a real server, and a real warehouse."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.pipeline import run_loads
from ingestion.records import LoadReport, TableLoad
from ingestion.settings import connector_from
from tests.kit import PostgresServer

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A database of its own on the shared server."""

    server: PostgresServer
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def psql(self, sql: str) -> str:
        return self.server.psql(sql, self.name)

    def connector(self, name: str = "shop", **options: Any) -> Any:
        """Reads this database's schema `public` into `bronze_<name>`."""
        return connector_from(self.url, name, root=Path(), options=options)


def new_database(server: PostgresServer, sql: str = "", *, encoding: str = "UTF8") -> Database:
    """An empty database, or one with what `sql` makes in it."""
    name = f"db{next(_NUMBERS)}"
    server.create_database(name, encoding=encoding)
    database = Database(server, name)
    if sql:
        database.psql(sql)
    return database


class Bronze:
    """A warehouse that tests land in and look into."""

    def __init__(self, path: Path) -> None:
        self.warehouse = DuckDBWarehouse(path)

    def land(self, *connectors: Any, **options: Any) -> LoadReport:
        return run_loads(connectors, lambda: self.warehouse, **options)

    def land_one(self, connector: Any, **options: Any) -> TableLoad:
        """The load of the only table there is."""
        report = self.land(connector, **options)
        assert not report.failures, report.failures
        (load,) = report.tables
        return load

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.rows(sql)

    def value(self, sql: str) -> Any:
        ((value,),) = self.rows(sql)
        return value


class Watched:
    """A connector that does something after the first batch of every stream, and else is the inner one."""

    def __init__(self, inner: Any, after_first_batch: Callable[[], None]) -> None:
        self.inner = inner
        self.settings = inner.settings
        self.operation = inner.operation
        self._after_first_batch = after_first_batch

    def open(self) -> Any:
        self._source = self.inner.open()
        return self

    def tables(self) -> Any:
        return self._source.tables()

    def close(self) -> None:
        self._source.close()

    def read(self, table: Any) -> Any:
        stream = self._source.read(table)
        stream._batches = self._watched(stream._batches)
        return stream

    def _watched(self, batches: Any) -> Iterator[Any]:
        for number, batch in enumerate(batches):
            yield batch
            if number == 0:
                self._after_first_batch()
