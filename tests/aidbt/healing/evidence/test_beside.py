"""The sources beside a failure: few are read, and what is wrong with one is seen all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from aidbt.core.config import Settings
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Stage
from aidbt.core.table_state import GoodState
from aidbt.healing.controller.together import Joint
from aidbt.healing.controller.wrong_sources import is_apart, wrong_after_waiting
from aidbt.healing.diagnosis.causes import silent_in
from aidbt.healing.evidence.beside import looked_beside, sources_beside
from aidbt.healing.evidence.case import Case, Reached
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.store import open_store
from aidbt.store.good_states import GoodStates
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table

NAMES = ("orders", "visits", "prices")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def source(name: str) -> Node:
    place = {"schema": "raw", "identifier": name, "source_name": "raw"}
    return Node(f"source.s.raw.{name}", "source", name, "models/sources.yml", "s", **place)  # type: ignore[arg-type]


def model(name: str, *reads: str) -> Node:
    return Node(f"model.s.{name}", "model", name, f"models/{name}.sql", "s", depends_on=reads)


SOURCES = {one.unique_id: one for one in map(source, NAMES)}
MODELS = {
    one.unique_id: one
    for one in (
        model("stg_orders", "source.s.raw.orders"), model("stg_visits", "source.s.raw.visits"),
        model("stg_prices", "source.s.raw.prices"), model("fct", "model.s.stg_orders", "model.s.stg_visits"),
    )
}  # fmt: skip
MANIFEST = Manifest(ArtifactMetadata("", "", NOON, {}), MODELS, SOURCES)
FAILED = (RunFailure("model.s.stg_orders", "error", "no column"),)


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("create schema raw")
        for name in NAMES:
            database.execute(
                f"create table raw.{name} as select i as id, i * 3 as gross, i * 2 + 1 as net,"
                " timestamp '2026-01-01' + interval (i) hour as loaded_at from range(200) t(i)"
            )
    yield DuckDBWarehouse(path)


def good(raw: DuckDBWarehouse, mask: int = 0) -> GoodState:
    relations = {one.name: one for one in raw.relations()}
    with raw.connect() as connection:
        tables = {f"source.s.raw.{n}": measured_table(connection, relations[n], mask=mask) for n in NAMES}
        return GoodState("dev", NOON, "then", engine=engine_of(connection), tables=tables)


def changed(raw: DuckDBWarehouse, statement: str) -> None:
    with duckdb.connect(str(raw.path)) as database:
        database.execute(statement)


def told(raw: DuckDBWarehouse, then: GoodState, *, scan_bytes: int = 10**9) -> list[str]:
    case = Case("s", Path(), FailedRun(Stage.NODE, FAILED), manifest=MANIFEST, good=then)
    with raw.connect() as connection:
        beside = looked_beside(
            connection, [*SOURCES.values()], tuple(raw.relations()), then, mask=0, scan_bytes=scan_bytes,
            keys={}, unknown=[],
        )  # fmt: skip
    return [f"{cause.error_class} {cause.proof[0].text}" for cause in silent_in(case, beside)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("delete from raw.visits where id % 2 = 0", "VOLUME raw.visits has 50% fewer rows"),
        ("delete from raw.visits", "VOLUME raw.visits is empty"),
        ("delete from raw.visits where id > 185", "STALE the newest loaded_at is"),
        ("update raw.visits set gross = net, net = gross", "raw.visits: gross holds what net held"),
    ],
)
def test_what_is_wrong_beside_a_failure_is_seen(raw: DuckDBWarehouse, statement: str, said: str):
    then = good(raw)
    changed(raw, statement)

    (only,) = told(raw, then)

    assert said in only


def test_a_night_like_others_says_nothing(raw: DuckDBWarehouse):
    then = good(raw)
    changed(raw, "insert into raw.visits select id + 200, gross, net, loaded_at + interval 9 day"
                 " from raw.visits where id < 40; delete from raw.visits where id < 30;"
                 "update raw.prices set gross = gross + 1")  # fmt: skip

    assert told(raw, then) == []


def test_nothing_is_compared_over_the_budget_or_with_hashes_of_another_engine(raw: DuckDBWarehouse):
    then = good(raw)
    changed(raw, "delete from raw.visits")

    assert told(raw, replace(then, engine="another")) == []
    assert told(raw, then, scan_bytes=-1) == []


def test_only_the_sources_that_the_run_was_about_are_looked_at(raw: DuckDBWarehouse):
    run = FailedRun(Stage.NODE, FAILED, skipped=("model.s.fct",), wrote_results=True)
    case = Case("s", Path(), run, manifest=MANIFEST, good=good(raw))
    orders = [SOURCES["source.s.raw.orders"]]

    assert [one.name for one in sources_beside(case, MANIFEST, orders)] == ["visits"]
    untold = replace(case, run=replace(run, wrote_results=False))
    assert [one.name for one in sources_beside(untold, MANIFEST, orders)] == ["visits", "prices"]
    assert sources_beside(replace(case, good=None), MANIFEST, orders) == []


def test_a_wrong_source_is_apart_only_where_no_run_makes_anything_of_it(raw: DuckDBWarehouse):
    run = FailedRun(
        Stage.NODE, FAILED, skipped=("model.s.fct",), wrote_results=True, manifest=MANIFEST,
        command="dbt build --select stg_orders+",
    )  # fmt: skip
    case = Case("s", Path(), run, manifest=MANIFEST, good=good(raw))
    changed(raw, "delete from raw.visits; delete from raw.prices")
    with raw.connect() as connection:
        beside = looked_beside(
            connection, [*SOURCES.values()], tuple(raw.relations()), case.good or good(raw), mask=0,
            scan_bytes=10**9, keys={}, unknown=[],
        )  # fmt: skip
    apart = {cause.root: is_apart(case, cause, Joint()) for cause in silent_in(case, beside)}

    assert apart == {"source.s.raw.visits": False, "source.s.raw.prices": True}


def test_what_could_not_be_asked_while_the_warehouse_was_away_is_looked_at_afterwards(
    raw: DuckDBWarehouse, tmp_path: Path
):
    with closing(open_store(tmp_path / "state.db")) as store:
        then = good(raw, GoodStates(store).mask())
        run = FailedRun(Stage.CONNECT, (RunFailure("", "error", "Could not set lock"),), command="dbt build")
        case = Case("s", Path(), run, manifest=MANIFEST, good=then, reached=Reached(False, is_locked=True))
        means = SimpleNamespace(warehouse=lambda: raw, store=store, settings=Settings())

        assert wrong_after_waiting(case, Joint(), means) == ""  # type: ignore[arg-type]
        changed(raw, "delete from raw.visits where id > 50")
        assert "raw.visits has 74% fewer rows" in wrong_after_waiting(case, Joint(), means)  # type: ignore[arg-type]
