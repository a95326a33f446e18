"""What all sources share: pooled connections, a pace, and checks that say what stands in the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.errors import SourceUnavailable
from aidbt.core.resilience import ManualClock
from ingestion.checks import check_loads
from ingestion.connectors.manager import Pace, Pool
from ingestion.settings import connector_from
from tests.ingestion.helpers import Bronze, Database
from tests.kit import free_port


class Counted:
    """Connections, counted."""

    def __init__(self) -> None:
        self.made = 0
        self.closed: list[int] = []
        self.pool = Pool(self._make, self.closed.append, most=2)

    def _make(self) -> int:
        self.made += 1
        return self.made


def test_a_connection_that_came_back_is_used_again() -> None:
    counted = Counted()

    counted.pool.give_back(counted.pool.take(), is_good=True)

    assert counted.pool.take() == 1 and counted.made == 1


def test_a_connection_that_is_no_good_is_closed_and_replaced() -> None:
    counted = Counted()

    counted.pool.give_back(counted.pool.take(), is_good=False)

    assert counted.closed == [1] and counted.pool.take() == 2


def test_no_more_are_out_than_may_be_and_who_waits_gets_the_next() -> None:
    counted = Counted()
    first, _ = counted.pool.take(), counted.pool.take()
    got: list[int] = []
    waiting = threading.Thread(target=lambda: got.append(counted.pool.take()))
    waiting.start()

    assert counted.pool.take_spare(leave=0) is None and not got
    counted.pool.give_back(first, is_good=True)
    waiting.join(5)

    assert got == [first] and counted.made == 2


def test_spare_connections_leave_some_for_others() -> None:
    counted = Counted()

    assert counted.pool.take_spare(leave=1) == 1
    assert counted.pool.take_spare(leave=1) is None
    assert counted.pool.take() == 2


def test_a_connection_that_cannot_be_made_takes_no_place() -> None:
    def refuse() -> int:
        raise SourceUnavailable("gone")

    pool = Pool(refuse, lambda _: None, most=1)

    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            pool.take()


def test_rows_come_at_the_pace_that_was_set() -> None:
    clock = ManualClock()
    pace = Pace(1000, clock=clock)

    for _ in range(10):
        pace.keep(550)

    assert clock.now() == pytest.approx(5.4)  # the first tenth of a second's rows need not wait


def test_a_load_keeps_to_the_pace_of_its_settings(bronze: Bronze, write: Callable[..., Path]) -> None:
    clock = ManualClock()
    path = write("t.csv", "a\n" + "1\n" * 500)

    load = bronze.land_one(
        connector_from(str(path), "shop", root=Path(), options={"max_rows_per_second": 100}), clock=clock
    )

    assert load.rows_landed == 500
    assert clock.now() == pytest.approx(4.9)


def codes(connector: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in check_loads(connector)]


def test_a_healthy_source_has_no_findings(database: Database) -> None:
    database.psql("create table orders (id int primary key, at timestamptz)")

    assert codes(database.connector(incremental={"orders": {"cursor": "at", "key": ["id"]}})) == []


def test_a_source_that_does_not_answer_is_a_finding() -> None:
    connector = connector_from(f"postgresql://a@127.0.0.1:{free_port()}/x", "shop", root=Path())

    assert codes(connector) == [("ingest.source_unavailable", "shop")]


@pytest.mark.parametrize(
    ("options", "code", "where"),
    [
        ({"schema": "publik"}, "ingest.refused", "shop"),
        ({"tables": ["oders"]}, "ingest.unknown_table", "shop"),
        ({"incremental": {"oders": {"cursor": "at", "key": ["id"]}}}, "ingest.unknown_table", "shop"),
        (
            {"incremental": {"orders": {"cursor": "att", "key": ["id"]}}},
            "ingest.unknown_column",
            "shop.orders",
        ),
    ],
)
def test_settings_that_name_what_is_not_there_are_findings(
    database: Database, options: dict[str, Any], code: str, where: str
) -> None:
    database.psql("create table orders (id int primary key, at timestamptz)")

    assert codes(database.connector(**options)) == [(code, where)]


def test_an_empty_source_is_a_finding(database: Database) -> None:
    assert codes(database.connector()) == [("ingest.no_tables", "shop")]


def test_tables_that_may_not_be_read_are_findings(database: Database) -> None:
    database.psql(
        "create table open (id int); create table shut (id int); create table part (a int, b int);"
        "create table whole (a int, b int); create table hidden (id int);"
        "alter table hidden enable row level security;"
        "do $$ begin if not exists (select from pg_roles where rolname = 'guest') then"
        " create role guest login password 'g'; end if; end $$;"
        "grant select on open, hidden to guest; grant select (a) on part to guest;"
        "grant select (a, b) on whole to guest"
    )
    url = database.server.url(database.name, user="guest", password="g")

    connector = connector_from(url, "shop", root=Path())

    assert codes(connector) == [
        ("ingest.rows_hidden", "public.hidden"),
        ("ingest.not_readable", "public.part"),
        ("ingest.not_readable", "public.shut"),
    ]


def test_a_type_that_is_not_known_is_a_finding(database: Database, bronze: Bronze) -> None:
    database.psql(
        "create type shape; create function shape_in(cstring) returns shape language internal immutable "
        "strict as 'textin'; create function shape_out(shape) returns cstring language internal immutable "
        "strict as 'textout'; create type shape (input = shape_in, output = shape_out);"
        "create table orders (id int, outline shape)"
    )

    found = check_loads(database.connector())

    assert [(f.code, f.where) for f in found] == [("ingest.unknown_type", "public.orders")]
    assert bronze.land_one(database.connector()).status == "failed"


def test_files_that_cannot_be_read_are_findings(write: Callable[..., Path], tmp_path: Path) -> None:
    write("in/a.csv", "a\n1\n")
    gone = write("in/b.csv", "a\n1\n")
    connector = connector_from(str(tmp_path / "in"), "shop", root=Path(), options={"connector": "csv"})
    source = connector.open()
    gone.unlink()

    assert [(f.code, f.where) for f in source.check(source.tables())] == [("ingest.not_readable", str(gone))]
    assert codes(connector) == []


def test_a_pattern_that_fits_no_file_is_a_finding(tmp_path: Path) -> None:
    connector = connector_from(str(tmp_path / "*.csv"), "shop", root=Path())

    assert codes(connector) == [("ingest.refused", "shop")]
