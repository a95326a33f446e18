"""Every behaviour of the store holds in a SQLite file and in PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aidbt.store import Store
from tests.aidbt.store.places import Place, PostgresPlace, SqlitePlace
from tests.kit import PostgresServer, ServerMissing, postgres_server

# Where each test waits for processes: on PostgreSQL in the long form.
WAITS = ("test_leases.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (
            item.path.parent == Path(__file__).parent
            and item.path.name in WAITS
            and "postgresql" in item.name
        ):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests share."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except ServerMissing as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture
def postgres_place(postgres: PostgresServer, tmp_path: Path) -> PostgresPlace:
    """A schema of its own in the shared server, not made yet."""
    return PostgresPlace(postgres, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a store can be, once of each kind; nothing is there yet."""
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "project" / ".aidbt" / "state.db")
    made: PostgresPlace = request.getfixturevalue("postgres_place")
    return made


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with closing(place.open()) as opened:
        yield opened
