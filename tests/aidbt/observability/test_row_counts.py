"""Rows in and rows out of staging models, after a build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import duckdb
import pytest
import yaml

import aidbt
from aidbt.core.schema import MappedColumn, Mapping, RowRule
from aidbt.mapping.files import mapping_path, mapping_yaml
from aidbt.observability import row_counts
from aidbt.observability.row_counts import RowCount, RowCounts, count_rows, remember_counts
from aidbt.project.artifacts import NodeResult
from tests.aidbt.warehouse.conftest import Target
from tests.kit import PostgresServer

RAW = """
create schema raw_crm;
create schema analytics;
create table raw_crm.users as
    select i as id, i % 10 as key, i as at, i % 2 = 0 as deleted from generate_series(1, 100) as t(i);
"""
NUMBERS = count(1)
COLUMNS = (MappedColumn("user_id", ("id",)),)
LATEST = RowRule("latest_row", keys=("key",), order_by="at")
DELETED = RowRule("soft_delete", where="not deleted")


class Place:
    """A project with one mapped table, on any warehouse that takes this SQL."""

    def __init__(self, root: Path, target: Target, run: Callable[[str], None]) -> None:
        self.root = root
        self.run = run
        root.mkdir()
        (root / "dbt_project.yml").write_text("name: shop\nversion: '1'\nprofile: shop\n")
        profiles = {"shop": {"target": "dev", "outputs": {"dev": target}}}
        (root / "profiles.yml").write_text(yaml.safe_dump(profiles))
        run(RAW)

    def map(self, *rules: RowRule, table: str = "users") -> None:
        mapping = Mapping("crm", table, COLUMNS, schema="raw_crm", row_rules=rules)
        path = self.root / mapping_path(mapping)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mapping_yaml(mapping))

    def counts(self, sql: str, *models: str) -> RowCounts:
        """What is counted after the model was built as this view."""
        names = models or ("stg_crm__users",)
        for name in names:
            self.run(f"create or replace view analytics.{name} as {sql};")
        results = [
            NodeResult(f"model.shop.{name}", "success", relation_name=f'"analytics"."{name}"')
            for name in names
        ]
        session = aidbt.open(self.root)
        try:
            return count_rows(session.project, session.settings, session.warehouse, results)
        finally:
            session.close()


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.long)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "duckdb":
        path = tmp_path / "w.duckdb"

        def run(sql: str) -> None:
            with duckdb.connect(str(path)) as connection:
                connection.execute(sql)

        yield Place(tmp_path / "shop", {"type": "duckdb", "path": str(path), "schema": "analytics"}, run)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    target = request.getfixturevalue("postgres_target")
    name = f"row_counts_{next(NUMBERS)}"
    server.create_database(name)
    yield Place(tmp_path / "shop", target(name), lambda sql: server.psql(sql, name))


@pytest.mark.parametrize("place", ["duckdb", pytest.param("postgres", marks=pytest.mark.long)], indirect=True)
@pytest.mark.parametrize(
    ("rules", "sql", "rows"),
    [
        ((), "select id as user_id from raw_crm.users", 100),
        ((DELETED,), "select id as user_id from raw_crm.users where not deleted", 50),
        ((LATEST,), "select max(id) as user_id from raw_crm.users group by key", 10),
        (
            (LATEST, DELETED),
            "select max(id) as user_id from raw_crm.users group by key having max(id) % 2 = 1",
            5,
        ),
        (
            (RowRule("filter", where="id > 50 or id < 5"), DELETED),
            "select id as user_id from raw_crm.users where (id > 50 or id < 5) and not deleted",
            27,
        ),
    ],
)
def test_rows_in_are_counted_under_the_row_rules(
    place: Place, rules: tuple[RowRule, ...], sql: str, rows: int
):
    place.map(*rules)

    found = place.counts(sql)

    assert found.counts == (RowCount("crm.users", "stg_crm__users", rows, rows),)
    assert found.differing == ()


def test_a_model_that_loses_rows_is_told(place: Place):
    place.map()

    found = place.counts("select id as user_id from raw_crm.users where id > 3")

    assert [(c.rows_in, c.rows_out) for c in found.differing] == [(100, 97)]


@pytest.fixture
def shop(tmp_path: Path) -> Place:
    path = tmp_path / "w.duckdb"

    def run(sql: str) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute(sql)

    return Place(tmp_path / "shop", {"type": "duckdb", "path": str(path), "schema": "analytics"}, run)


SELECT = "select id as user_id from raw_crm.users"


def test_many_models_of_a_schema_are_one_statement(shop: Place, monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    ask = row_counts._ask
    monkeypatch.setattr(
        row_counts, "_ask", lambda connection, items: asked.append(len(items)) or ask(connection, items)
    )
    shop.run("create table raw_crm.visits as from raw_crm.users")
    shop.map()
    shop.map(table="visits")

    found = shop.counts(SELECT, "stg_crm__users", "stg_crm__visits")

    assert [c.rows_in for c in found.counts] == [100, 100]
    assert asked == [2]


def test_what_is_too_large_is_skipped_with_the_reason(shop: Place, monkeypatch: pytest.MonkeyPatch):
    shop.map()
    monkeypatch.setattr(row_counts, "MOST_BYTES", 100)

    [found] = shop.counts(SELECT).counts

    assert (found.rows_in, found.reason) == (None, "its source holds 2.5 kB")


def test_what_the_budget_does_not_leave_is_skipped(shop: Place):
    shop.map()
    (shop.root / "aidbt.yml").write_text("budget: {scan_bytes: 0}\n")

    [found] = shop.counts(SELECT).counts

    assert found.reason == "budget.scan_bytes leaves nothing for it"


def test_a_rule_that_only_dbt_understands_is_not_counted(shop: Place):
    shop.map(RowRule("filter", where="{{ is_live('x') }} and"))

    [found] = shop.counts(SELECT).counts

    assert found.reason == "its row rules cannot be counted"


def test_models_that_were_not_built_or_have_no_mapping_are_left_alone(shop: Place):
    assert shop.counts(SELECT) == RowCounts()


def test_a_model_that_is_gone_is_a_problem_and_no_error(shop: Place):
    shop.map()
    results = [NodeResult("model.shop.stg_crm__users", "success", relation_name='"analytics"."nix"')]
    session = aidbt.open(shop.root)

    found = count_rows(session.project, session.settings, session.warehouse, results)

    assert "nix does not exist" in found.problem
    assert found.counts == ()


def test_what_was_counted_is_remembered(shop: Place):
    shop.map()
    session = aidbt.open(shop.root)
    try:
        remember_counts(session.store, shop.counts(SELECT))
        assert session.store.get("row_count", "crm.users").value == {"in": 100, "out": 100}
    finally:
        session.close()
