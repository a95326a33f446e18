"""A project whose store is the team's database: opened by its settings, shown and checked by doctor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.core.config import load_settings
from aidbt.core.errors import SettingsError
from aidbt.observability.access import access
from aidbt.observability.doctor import Check, examine
from aidbt.session import Session, open_session
from aidbt.store import store_location
from tests.kit import PASSWORD, PostgresServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: team_shop\nprofile: shop\n")
    output = "{type: duckdb, path: shop.duckdb, schema: main}"
    (tmp_path / "profiles.yml").write_text(f"shop: {{target: dev, outputs: {{dev: {output}}}}}\n")
    return tmp_path


@pytest.fixture
def session(folder: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("AIDBT_STORE_URL", postgres.url())
    opened = open_session(folder, profiles_dir=folder)
    yield opened
    opened.close()


def store_check(session: Session) -> Check:
    found = examine(
        session.project, session.settings, lambda: session.warehouse, lambda: session.store, lambda: None
    )
    assert PASSWORD not in repr(found)
    assert next(item.value for item in found.settings if item.name == "store.url") == "**********"
    return next(check for check in found.checks if check.part == "store")


def test_the_session_opens_the_schema_of_its_project(session: Session, postgres: PostgresServer):
    session.store.put("mapping", "crm.orders", 1)

    assert postgres.psql("select key from aidbt_team_shop.records") == "crm.orders"
    assert not (session.project.root / ".aidbt" / "state.db").exists()


def test_doctor_says_where_the_store_is_and_that_it_works(session: Session, postgres: PostgresServer):
    place = f"schema aidbt_team_shop of aidbt@127.0.0.1:{postgres.port}/postgres"

    assert store_check(session) == Check("store", "ok", f"0 recorded runs in {place}")


def test_doctor_says_when_the_store_can_only_be_read(
    session: Session, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    session.store.close()
    postgres.psql("drop role if exists reader; create role reader login password 'reads only'")
    postgres.psql(
        "grant usage on schema aidbt_team_shop to reader;"
        "grant select on all tables in schema aidbt_team_shop to reader"
    )
    monkeypatch.setenv("AIDBT_STORE_URL", postgres.url(user="reader", password="reads only"))

    found = store_check(open_session(session.project.root, profiles_dir=session.project.root))

    assert found.state == "fail"
    assert "user 'reader' may not do this: permission denied for table records" in found.detail
    postgres.psql(found.hint.removeprefix("let its owner run: "))
    assert store_check(open_session(session.project.root, profiles_dir=session.project.root)).state == "ok"


def test_access_says_that_what_is_written_to_a_shared_store_is_sent(session: Session):
    commands = access(session.project, session.settings, lambda: session.warehouse).commands
    sends = {command.command: command.sends for command in commands}

    assert sends["profile"] == "to the store what it writes there"
    assert sends["ingest"].startswith("queries to those databases; ")
    assert sends["ingest"].endswith("; to the store what it writes there")
    assert sends["review"] == "nothing: the warehouse is a file"
    assert PASSWORD not in repr(commands)


@pytest.mark.parametrize(
    "url", ["postgresql://ann:hunter2@db/team", "postgresql://db/team?user=ann&password=hunter2"]
)
def test_a_password_in_the_file_is_refused_and_not_repeated(folder: Path, url: str):
    (folder / "aidbt.yml").write_text(f"store:\n  url: {url}\n")

    with pytest.raises(SettingsError, match=r"aidbt\.yml:2: store\.url holds a password") as caught:
        open_session(folder, profiles_dir=folder)
    assert "hunter2" not in str(caught.value)


def test_a_url_without_a_password_may_stand_in_the_file(folder: Path):
    (folder / "aidbt.yml").write_text("store: {url: 'postgresql://ann@db:5432/team', schema_name: ours}\n")

    settings = open_session(folder, profiles_dir=folder).settings.values.store

    assert store_location(settings, project="shop") == "schema ours of ann@db:5432/team"


@pytest.mark.parametrize("name", ["Ours", "a-b", "1a", 'a"b', "x" * 64])
def test_a_schema_name_that_needs_quotes_is_refused(folder: Path, name: str):
    with pytest.raises(SettingsError, match=r"store\.schema_name"):
        load_settings(folder, env={}, flags={"store.schema_name": name})
