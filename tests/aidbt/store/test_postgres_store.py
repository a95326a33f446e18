"""The store in PostgreSQL: its own schema, several first users at once, and errors without a password."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from aidbt.core.config import StoreSettings
from aidbt.core.errors import AidbtError, SettingsError, StoreBusy, StoreError, StoreUnavailable
from aidbt.store import Store, open_configured_store, open_shared_store, store_location
from aidbt.store.postgres import parse_url, schema_of
from tests.aidbt.store.places import PostgresPlace, go, start, together
from tests.kit import PASSWORD, PostgresServer, free_port, postgres_server


@pytest.fixture
def shared(postgres_place: PostgresPlace) -> Iterator[Store]:
    with closing(postgres_place.open()) as opened:
        yield opened


# --- opening ------------------------------------------------------------------------------------------


def test_everything_is_in_the_schema_that_was_named(postgres_place: PostgresPlace, shared: Store):
    server, schema = postgres_place.server, postgres_place.schema

    tables = server.psql(f"select tablename from pg_tables where schemaname = '{schema}'").split()
    assert {"records", "runs", "cache", "vectors", "leases", "metrics", "schema_version"} <= set(tables)
    assert server.psql("select count(*) from pg_tables where schemaname = 'public'") == "0"
    newest = max(int(file.name[:3]) for file in files("aidbt.store").joinpath("migrations").iterdir())
    assert server.psql(f"select version from {schema}.schema_version") == str(newest)


def test_projects_in_one_database_do_not_see_each_other(postgres: PostgresServer):
    with (
        closing(open_shared_store(postgres.url(), schema_of("Shop"))) as shop,
        closing(open_shared_store(postgres.url(), schema_of("erp"))) as erp,
    ):
        shop.put("mapping", "crm.orders", "shop's")

        assert erp.get("mapping", "crm.orders") is None


@pytest.mark.parametrize(
    ("project", "schema"),
    [
        ("jaffle_shop", "aidbt_jaffle_shop"),
        ("Jaffle-Shop 2", "aidbt_jaffle_shop_2"),
        ("größe", "aidbt_gr_e"),
        ("x" * 80, "aidbt_" + "x" * 57),
    ],
)
def test_a_project_gives_its_name_to_its_schema(project: str, schema: str):
    assert schema_of(project) == schema


@pytest.mark.long
def test_processes_may_open_a_new_store_at_once(postgres_place: PostgresPlace):
    code = "here().put('mapping', args[0], 1)"

    together(postgres_place, code, ("a",), ("b",), ("c",))

    with closing(postgres_place.open()) as store:
        assert tuple(store.all("mapping")) == ("a", "b", "c")


def test_a_store_that_a_newer_aidbt_wrote_is_left_alone(postgres_place: PostgresPlace):
    postgres_place.open().close()
    postgres_place.server.psql(f"update {postgres_place.schema}.schema_version set version = 999")

    with pytest.raises(StoreError, match=r"was written by a newer aidbt \(schema 999\)") as caught:
        postgres_place.open()
    assert "upgrade aidbt" in (caught.value.hint or "")


def test_a_user_without_the_right_to_make_a_schema_is_told_what_to_run(postgres_place: PostgresPlace):
    server, schema = postgres_place.server, postgres_place.schema
    server.psql(f"create role ann_{schema} login password 'pass of ann'")
    url = server.url(user=f"ann_{schema}", password="pass of ann")
    with pytest.raises(StoreError, match=f"user 'ann_{schema}' may not do this: permission denied") as caught:
        open_shared_store(url, schema)
    assert caught.value.hint == f'let its owner run: CREATE SCHEMA {schema} AUTHORIZATION "ann_{schema}"'

    server.psql(caught.value.hint.removeprefix("let its owner run: "))

    with closing(open_shared_store(url, schema)) as store:
        assert store.put("mapping", "a", 1).version == 1


def test_text_is_compared_byte_by_byte_whatever_the_database_prefers(
    postgres_place: PostgresPlace, shared: Store
):
    """The range of the entities below another one rests on it, and the order of records and runs."""
    compared = postgres_place.server.psql(
        "select table_name || '.' || column_name from information_schema.columns"
        f" where table_schema = '{postgres_place.schema}' and collation_name = 'C'"
    )

    assert set(compared.split()) >= {
        "records.kind", "records.key", "runs.started_at", "runs.invocation_id", "cache.entity", "cache.key",
    }  # fmt: skip


# --- what goes wrong ----------------------------------------------------------------------------------


def test_a_store_that_another_keeps_locked_is_busy(postgres_place: PostgresPlace, shared: Store):
    shared.put("mapping", "a", 1)
    with closing(postgres_place.open(lock_wait_s=0.05)) as waiting, shared.transaction() as connection:
        connection.execute(text("update records set version = 7"))

        with pytest.raises(StoreBusy, match="in use by another process") as caught:
            waiting.put("mapping", "a", 2)
        assert caught.value.retryable

    assert shared.put("mapping", "a", 3).version == 8


def test_a_server_that_is_down_is_named_without_the_password():
    url = f"postgresql://ann:hunter%2F2@127.0.0.1:{free_port()}/team"

    with pytest.raises(
        StoreUnavailable, match=r"schema aidbt of ann@127\.0\.0\.1:\d+/team cannot be"
    ) as caught:
        open_shared_store(url, "aidbt")
    assert "Connection refused" in caught.value.message
    assert "check that the server runs" in (caught.value.hint or "")
    assert "hunter" not in everything_said(caught.value)


def test_a_server_that_went_away_is_an_error_and_is_used_again_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
):
    with postgres_server() as server:
        store = open_shared_store(server.url(), "aidbt")
        store.put("mapping", "a", 1)
        port = server.port
        server.stop("immediate")

        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            store.put("mapping", "a", 2)

        monkeypatch.setattr("tests.kit.free_port", lambda: port)
        server.start()
        assert store.put("mapping", "a", 3).version == 2
        store.close()


def test_a_connection_that_the_server_cut_in_a_transaction_rolls_back(shared: Store):
    with pytest.raises(StoreUnavailable), shared.transaction() as connection:
        connection.execute(text("insert into records values ('mapping', 'a', 1, '1', '')"))
        shared_cut(shared, connection)
        connection.execute(text("select 1"))

    assert shared.all("mapping") == {}


def shared_cut(store: Store, connection: Connection) -> None:
    """End the session of one connection from another."""
    backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
    with store.transaction() as other:
        other.execute(text("select pg_terminate_backend(:backend)"), {"backend": backend})


@pytest.mark.parametrize(
    ("user", "password", "database", "says", "hint"),
    [
        ("aidbt", "wrong horse", "postgres", "password authentication failed", "AIDBT_STORE_URL"),
        ("aidbt", PASSWORD, "nowhere", 'database "nowhere" does not exist', "create that database"),
    ],
)
def test_what_the_server_refuses_is_said_with_what_to_check(
    postgres: PostgresServer, user: str, password: str, database: str, says: str, hint: str
):
    with pytest.raises(StoreError, match=says) as caught:
        open_shared_store(postgres.url(database, user=user, password=password), "aidbt")

    assert not caught.value.retryable
    assert hint in (caught.value.hint or "")
    assert password not in everything_said(caught.value)


def everything_said(error: AidbtError) -> str:
    """Message and hint of an error and of everything that led to it."""
    said, cause = str(error), error.__cause__
    while cause is not None:
        said, cause = said + str(cause), cause.__cause__
    return said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:p@ss@db/team",
        "postgresql://ann:pa/ss@db/team",
        "postgresql://ann:%zz@db/team",
        "postgresql://ann:p@ss/word@db/team",
        "postgresql://ann:secret@db/team?nope=pass",
        "postgresql://",
        "mysql://ann:pass@db/team",
        "host=db password=pass",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(url: str):
    with pytest.raises(SettingsError, match=r"store\.url") as caught:
        open_shared_store(url, "aidbt")

    assert caught.value.__context__ is None
    assert "ss" not in caught.value.message.replace("password", "").replace("passes", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s%40crt@db.example.org:5433/team", "ann@db.example.org:5433/team"),
        ("postgres://db/team?user=ann&password=secret", "ann@db/team"),
        ("postgresql:///team", "localhost/team"),
        ("postgresql://ann@one:1,two:2/team", "ann@one,two:1,2/team"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str):
    parsed = parse_url(url)

    assert parsed.shown == shown
    assert "crt" not in repr(parsed)
    assert parsed.scrub("s@crt, s%40crt and secret").count("*****") == len(parsed.secrets)


def test_an_interrupted_process_leaves_nothing_half_done(postgres_place: PostgresPlace, shared: Store):
    code = """\
store = here()
with store.transaction() as connection:
    connection.exec_driver_sql("insert into records values ('mapping', 'a', 1, '1', '')")
    print("inside", flush=True)
    time.sleep(60)
"""
    process = start(postgres_place, code)
    go(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert "KeyboardInterrupt" in err
    assert shared.all("mapping") == {}


# --- which store --------------------------------------------------------------------------------------


def test_the_settings_choose_the_team_s_database_over_the_file(postgres: PostgresServer, tmp_path: Path):
    configured = StoreSettings.model_validate({"url": postgres.url()})
    with closing(open_configured_store(configured, project="Chosen", root=tmp_path)) as store:
        store.put("mapping", "a", 1)

    assert postgres.psql("select key from aidbt_chosen.records") == "a"
    assert list(tmp_path.iterdir()) == []
    assert store.location == store_location(configured, project="Chosen")
    assert PASSWORD not in f"{configured!r} {configured} {configured.model_dump()} {store.location}"


def test_without_a_url_the_store_is_the_project_s_own_file(tmp_path: Path):
    with closing(open_configured_store(StoreSettings(), project="shop", root=tmp_path)) as store:
        assert store.location == str(tmp_path / ".aidbt" / "state.db")
    assert (tmp_path / ".aidbt" / "state.db").exists()
    assert store_location(StoreSettings(), project="shop") == ".aidbt/state.db"
