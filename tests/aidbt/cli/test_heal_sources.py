"""`aidbt heal run` on sources: dead letters proved and replayed, a source that is away, each one incident."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from aidbt.cli.fed_sources import feeds_of
from aidbt.cli.main import cli
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.session import open_session
from aidbt.store import open_store
from aidbt.store.incidents import Incidents
from tests.dbt_shop import DBT_PROJECT, PROFILES
from tests.ingestion.debezium_landing import envelope, text
from tests.kit import PostgresServer, ServerMissing

CONNECTOR = "connector: debezium\npath: events/*.json\ntypes:\n  orders: {qty: int16}  # as the shop says\n"


def git(root: Path, *words: str) -> str:
    own = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"]
    return subprocess.run(["git", *own, *words], cwd=root, capture_output=True, text=True, check=True).stdout


class Source:
    """A project with one streamed source."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.connector = root / "aidbt" / "connectors" / "shop.yml"
        files = {
            "dbt_project.yml": DBT_PROJECT, "profiles.yml": PROFILES, "aidbt/connectors/shop.yml": CONNECTOR,
            "aidbt.yml": "heal: {classes: {DATA_QUALITY: auto, TRANSIENT: auto}}\n",
            ".gitignore": "*.duckdb*\n.aidbt/\nevents/\ntarget/\nlogs/\n",
        }  # fmt: skip
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "first")

    def run(self, *words: str) -> Any:
        return CliRunner().invoke(cli, [*words, "--project-dir", str(self.root)])

    def heal(self, *words: str) -> list[dict[str, Any]]:
        done = self.run("heal", "run", "--output", "json", *words)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        causes: list[dict[str, Any]] = json.loads(done.stdout)["causes"]
        return causes

    def land(self, *quantities: Any) -> None:
        lines = [
            text(envelope("c", number + 1, {"id": number, "qty": qty}))
            for number, qty in enumerate(quantities)
        ]
        (self.root / "events").mkdir(exist_ok=True)
        (self.root / "events" / "orders.json").write_text("".join(lines))
        assert self.run("ingest", "cdc", "--once").exit_code == 0

    def rows(self) -> list[Any]:
        with duckdb.connect(str(self.root / "shop.duckdb")) as connection:
            return connection.sql("select qty from bronze_shop.orders order by id").fetchall()

    def incidents(self) -> list[tuple[str, str]]:
        store = open_store(self.root / ".aidbt" / "state.db")
        try:
            return [(one.title, one.state.value) for one in Incidents(store).all()]
        finally:
            store.close()


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setenv("USER", "ana")
    return Source(tmp_path / "shop")


@pytest.mark.long
def test_a_type_that_is_too_narrow_is_proposed_wider_and_replayed_once_it_is_merged(source: Source):
    source.land(5, 70_000, 80_000)
    (cause,) = source.heal("--from", "dead-letters")

    attempt = cause["attempt"]
    assert (
        attempt["state"] == "proposed"
        and attempt["title"] == "2 records of shop.public.orders are dead letters: wrong_type"
    )
    assert cause["found"] == ["every stored record of the group is a row with it: 2 of 2"]
    after = git(source.root, "show", f"{attempt['branch']}:aidbt/connectors/shop.yml")
    assert after == CONNECTOR.replace("int16", "int32")
    assert source.connector.read_text() == CONNECTOR and source.rows() == [(5,)]
    assert "70000" not in json.dumps(cause)

    git(source.root, "merge", "-q", attempt["branch"])
    (cause,) = source.heal("--from", "dead-letters")
    assert (cause["attempt"]["state"], cause["attempt"]["remedy"]) == ("resolved", "replay")
    assert source.rows() == [(5,), (70_000,), (80_000,)]
    assert source.heal("--from", "dead-letters") == []
    assert [state for _, state in source.incidents()] == ["resolved"]


@pytest.mark.long
def test_letters_that_no_setting_makes_rows_go_to_a_person_with_one_of_them_masked(source: Source):
    source.land(5, "a dozen", "two dozen")
    (cause,) = source.heal("--from", "dead-letters")

    assert cause["attempt"]["state"] == "waiting"
    proof = " ".join(item["text"] for item in cause["diagnosis"]["proof"])
    assert "2 records of shop.public.orders are dead letters" in proof and "0 of 2 are rows" in proof
    assert "dozen" not in proof and source.connector.read_text() == CONNECTOR
    assert source.incidents() == [("2 records of shop.public.orders are dead letters: wrong_type", "open")]
    assert source.heal("--from", "dead-letters")[0]["attempt"]["id"] == cause["attempt"]["id"]


@pytest.mark.long
def test_what_a_class_may_not_is_left_with_its_command(source: Source):
    source.land(5, 70_000)
    (source.root / "aidbt.yml").write_text("heal: {classes: {DATA_QUALITY: propose}}\n")
    source.connector.write_text(CONNECTOR.replace("int16", "int32"))
    (cause,) = source.heal("--from", "dead-letters")

    assert cause["attempt"]["state"] == "waiting" and source.rows() == [(5,)]
    assert cause["commands"] == ["aidbt ingest replay shop --cause wrong_type"]


@pytest.mark.parametrize(("own", "schema"), [("", "bronze_shop"), ("bronze_schema: landed\n", "landed")])
def test_what_a_connector_lands_is_known_by_its_schema(source: Source, own: str, schema: str):
    source.connector.write_text(CONNECTOR + own)
    places = {"orders": schema.upper(), "visits": "elsewhere"}
    sources = {
        name: Node(f"source.shop.shop.{name}", "source", name, "m.yml", "shop", schema=place)
        for name, place in places.items()
    }
    manifest = Manifest(ArtifactMetadata("", "", datetime.now(UTC), {}), {}, sources)
    session = open_session(source.root, profiles_dir=source.root)

    assert feeds_of(session, manifest, ["connector.shop"]) == {"source.shop.shop.orders": "connector.shop"}


def test_a_source_that_cannot_be_read_is_one_incident_until_it_can(source: Source):
    broken = yaml.safe_dump({"connector": "postgres", "url": "postgresql://127.0.0.1:1/none"})
    source.connector.write_text(broken.replace("none", "{{ env_var('NO_SUCH_VARIABLE') }}"))
    for _ in range(2):
        (cause,) = source.heal("--from", "connectors")
        assert cause["attempt"]["state"] == "waiting"
        assert cause["diagnosis"]["error_class"] == "CONFIGURATION/MISSING_SETTING"
    assert [state for _, state in source.incidents()] == ["open"]

    source.land(1) if source.connector.write_text(CONNECTOR) else None
    assert source.heal("--from", "connectors") == []
    assert [state for _, state in source.incidents()] == ["resolved"]
    assert source.run("heal", "status").stdout == "no cause is being mended\n"


@pytest.mark.long
def test_a_number_that_is_none_and_a_server_that_is_away_for_a_while(
    source: Source, monkeypatch: pytest.MonkeyPatch
):
    connector = "connector: postgres\nurl: \"{{ env_var('SHOP_URL') }}\"\ncdc: {}\ntables: [prices]\n"
    source.connector.write_text(connector)
    git(source.root, "commit", "-qam", "PostgreSQL")
    try:
        server = PostgresServer().__enter__()
    except ServerMissing as error:
        pytest.skip(str(error))
    try:
        monkeypatch.setenv("SHOP_URL", server.url())
        server.psql(
            "create table prices (id int primary key, price numeric(8, 2)); insert into prices values (1, 2)"
        )
        landed = source.run("ingest", "cdc", "--once")
        assert landed.exit_code == 0, landed.output
        server.psql("insert into prices values (2, 'NaN')")
        source.run("ingest", "cdc", "--once")
        (cause,) = source.heal("--from", "dead-letters")
        assert cause["attempt"]["state"] == "proposed" and cause["attempt"]["remedy"] == "as_text"
        after = git(source.root, "show", f"{cause['attempt']['branch']}:aidbt/connectors/shop.yml")
        assert after.startswith(connector) and "prices.price" in after
    finally:
        server.__exit__()
    (cause,) = source.heal("--from", "connectors")
    assert cause["diagnosis"]["error_class"].startswith("TRANSIENT/")
    assert cause["attempt"]["state"] == "waiting" and "in vain" in cause["attempt"]["why"]
