"""Real servers and a real warehouse for the tests of ingestion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ingestion.helpers import Bronze, Database, new_database
from tests.kit import PostgresServer, ServerMissing, postgres_server, s3_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests share."""
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _shared_database(postgres: PostgresServer) -> Database:
    return new_database(postgres)


@pytest.fixture
def database(_shared_database: Database) -> Database:
    """An empty database: a shared one, emptied, because making one takes a tenth of a second."""
    _shared_database.psql(
        """
        do $$ declare name text; begin
            for name in select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$' loop
                execute format('drop schema %I cascade', name);
            end loop;
            for name in select fdwname from pg_foreign_data_wrapper loop
                execute format('drop foreign data wrapper %I cascade', name);
            end loop;
        end $$;
        create schema public;
        grant usage on schema public to public
        """
    )
    return _shared_database


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The endpoint of an S3 server that all tests share."""
    try:
        with s3_server() as endpoint:
            yield endpoint
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def bronze(tmp_path: Path) -> Bronze:
    return Bronze(tmp_path / "warehouse.duckdb")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file under the test's folder and gives its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
