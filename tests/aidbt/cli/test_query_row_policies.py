"""Questions on a real PostgreSQL run as whoever asks: row policies and grants decide what is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.semantic.definitions import SemanticRelation
from aidbt.semantic.layer.yaml_files import read_yaml
from tests.dbt_shop import DBT_PROJECT
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server
from tests.openai_server import MODEL, OpenAIServer, good

DATABASE = "policies"
WORD = "a word"
# The owner sees everything; north and south see the rows of their region only, north not those of clients.
TABLES = """
create schema marts;
create table marts.orders (order_id int primary key, region text not null, amount int, placed date);
insert into marts.orders
    select i, case when i % 4 = 0 then 'north' else 'south' end, 10, date '2024-01-01' + i
    from generate_series(1, 100) as i;
create table marts.clients (client_id int primary key, region text not null);
insert into marts.clients select i, 'south' from generate_series(1, 7) as i;
create table marts.days as select d::date as date_day
    from generate_series(date '2024-01-01', date '2024-12-31', interval '1 day') as d;
alter table marts.orders enable row level security;
create role north login password 'a word';
create role south login password 'a word';
grant usage on schema marts to north, south;
grant select on marts.orders, marts.days to north, south;
grant select on marts.clients to south;
create policy own_region on marts.orders to north, south using (region = current_user);
analyze
"""
PROFILES = """
shop:
  target: dev
  outputs:
    dev:
      type: postgres
      host: 127.0.0.1
      port: {port}
      user: "{{{{ env_var('SHOP_USER') }}}}"
      password: "{{{{ env_var('SHOP_PASSWORD') }}}}"
      dbname: policies
      schema: marts
      threads: 1
"""
SEMANTIC = """\
models:
  - name: days
    time_spine: {standard_granularity_column: date_day}
    columns: [{name: date_day, granularity: day}]
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: placed}
    entities: [{name: order, type: primary, expr: order_id}]
    dimensions:
      - {name: region, type: categorical}
      - {name: placed, type: time, type_params: {time_granularity: day}}
    measures: [{name: turnover, agg: sum, expr: amount, create_metric: true}]
"""


class Askers:
    """A project on PostgreSQL that several people ask, from the same folder."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._root, self._monkeypatch = root, monkeypatch

    def ask(self, who: str, *arguments: str) -> Result:
        self._monkeypatch.setenv("SHOP_USER", who)
        self._monkeypatch.setenv("SHOP_PASSWORD", PASSWORD if who == USER else WORD)
        where = ["--project-dir", str(self._root), "--profiles-dir", str(self._root)]
        return CliRunner().invoke(cli, ["query", *arguments, "--output", "json", *where])

    def rows(self, who: str, *arguments: str) -> Any:
        result = self.ask(who, *arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)["rows"]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    pytest.importorskip("dbt.adapters.postgres")
    try:
        with postgres_server() as running:
            running.create_database(DATABASE)
            running.psql(TABLES, DATABASE)
            yield running
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def project(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("asked")
    reading = read_yaml({"s.yml": SEMANTIC}, relation_of=lambda name: SemanticRelation("marts", name))
    files = {
        "dbt_project.yml": DBT_PROJECT,
        "profiles.yml": PROFILES.format(port=server.port),
        "models/schema.yml": SEMANTIC,
        **{f"models/{name}.sql": "select 1 as made_elsewhere" for name in ("orders", "clients", "days")},
        "target/manifest.json": json.dumps(_manifest()),
        "target/semantic_manifest.json": reading.manifest.document,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def askers(project: Path, monkeypatch: pytest.MonkeyPatch) -> Askers:
    return Askers(project, monkeypatch)


def _manifest() -> dict[str, Any]:
    """As much of dbt's manifest as questions need."""
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "dbt_version": "1.11.0",
        "generated_at": (datetime.now(UTC) + timedelta(seconds=5)).isoformat(),
        "invocation_id": "1",
        "adapter_type": "postgres",
        "project_name": "shop",
    }
    nodes = [
        {
            "unique_id": f"model.shop.{name}", "name": name, "resource_type": "model", "package_name": "shop",
            "original_file_path": f"models/{name}.sql", "path": f"{name}.sql", "config": {}, "columns": {},
            "depends_on": {"nodes": []}, "database": DATABASE, "schema": "marts", "alias": name,
        }
        for name in ("orders", "clients", "days")
    ]  # fmt: skip
    return {"metadata": metadata, "nodes": {node["unique_id"]: node for node in nodes}, "sources": {}}


QUESTION = "how many orders by region"
METRIC = ("--metrics", "turnover", "--group-by", "order__region")


@pytest.mark.long
def test_a_sentence_is_answered_with_the_rows_that_its_asker_may_see(askers: Askers):
    assert askers.rows(USER, QUESTION) == [
        {"region": "north", "orders": 25},
        {"region": "south", "orders": 75},
    ]
    assert askers.rows("north", QUESTION) == [{"region": "north", "orders": 25}]
    assert askers.rows("south", QUESTION) == [{"region": "south", "orders": 75}]


@pytest.mark.long
def test_metrics_are_those_of_the_rows_that_their_asker_may_see(askers: Askers):
    assert askers.rows("north", *METRIC) == [{"order__region": "north", "turnover": 250}]
    assert askers.rows(USER, "--metrics", "turnover") == [{"turnover": 1000}]


@pytest.mark.long
def test_nobody_is_told_a_value_that_only_another_may_see(askers: Askers):
    askers.rows(USER, QUESTION)  # what the owner's question read is kept in the project

    told = [askers.ask("north", f"how many orders in the {word} region") for word in ("sooth", "south")]

    assert [result.exit_code for result in told] == [1, 1]
    assert "south" not in told[0].stdout
    assert json.loads(told[1].stdout)["candidates"] == {}
    assert askers.rows("south", "how many orders in the south region") == [{"orders": 75}]


@pytest.mark.long
def test_what_somebody_may_not_read_is_left_out_and_said(askers: Askers):
    assert askers.rows("south", "how many clients") == [{"clients": 7}]

    told = json.loads(askers.ask("north", "how many clients").stdout)

    assert told["is_answered"] is False
    assert told["notes"] == ["not in the warehouse, or not yours to read: clients; try 'aidbt build'"]


@pytest.mark.long
def test_a_language_model_is_shown_no_value_that_the_asker_may_not_see(
    askers: Askers, monkeypatch: pytest.MonkeyPatch
):
    query = {"outputs": [{"name": "n", "term": {"count_rows": "orders"}}]}
    with OpenAIServer(good(json.dumps({"query": query}))) as server:
        providers = [{"name": "only", "base_url": server.url, "model": MODEL}]
        monkeypatch.setenv("AIDBT_LLM_PROVIDERS", json.dumps(providers))
        monkeypatch.setenv("AIDBT_LLM_SEND_VALUES", "raw")
        rows = [askers.rows(who, "splendiferous gizmology?") for who in (USER, "north")]

    of_owner, of_north = server.questions()
    assert rows == [[{"n": 100}], [{"n": 25}]]
    assert "south" in of_owner
    assert "south" not in of_north
