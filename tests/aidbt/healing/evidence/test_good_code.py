"""A source's column has another type, and the commit of the same night touched the model that reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Stage
from aidbt.core.table_state import ColumnState, GoodState, TableState
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import CodeChanges, changed_files
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.good_code import refused_today
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.duckdb import DuckDBWarehouse

BILLS, MODEL, PATH = "source.s.raw.bills", "model.s.fct_bills", "models/fct_bills.sql"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAID = "Binder Error: No function matches the given name and argument types 'date_diff(VARCHAR, DATE)'."


def then_sql(expression: str) -> str:
    return f"select id, {expression} as days from raw.bills"


def table(data_type: str) -> TableState:
    return TableState("raw", "bills", columns=(ColumnState("id", "INTEGER"), ColumnState("due", data_type)))


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    path = tmp_path / "s.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("create schema raw; create table raw.bills as select 1 as id, '2026-01-01' as due")
    return DuckDBWarehouse(path)


def case_of(root: Path, then: str, *, lines: tuple[str, str]) -> Case:
    source = Node(BILLS, "source", "bills", "models/s.yml", "s", source_name="raw")
    model = Node(MODEL, "model", "fct_bills", PATH, "s", depends_on=(BILLS,), raw={"compiled_code": then})
    manifest = Manifest(ArtifactMetadata("", "", NOON, {}), {MODEL: model}, {BILLS: source})
    before, after = ({PATH: line} for line in lines)
    run = FailedRun(Stage.NODE, (RunFailure(MODEL, "error", SAID, PATH),), wrote_results=True)
    was = table("DATE")
    return Case(
        "s", root, run, adapter="duckdb", dialect="duckdb", manifest=manifest, good_manifest=manifest,
        good=GoodState("dev", NOON, "r", tables={BILLS: was}),
        tables={BILLS: TableChange(BILLS, was, table("VARCHAR"))},
        code=CodeChanges(changed_files(before, after), is_since_good=True),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("then", "error_class"),
    [
        ("date_diff('day', date '2026-01-01', due)", ErrorClass.TYPE_CHANGED),
        ("length(cast(due as varchar))", ErrorClass.SQL_SEMANTIC),
    ],
)
def test_the_column_is_why_where_the_sql_of_before_the_commit_fails_too(
    tmp_path: Path, warehouse: DuckDBWarehouse, then: str, error_class: ErrorClass
):
    case = case_of(tmp_path, then_sql(then), lines=("due as d\n", "due + 1 as d\n"))

    with warehouse.connect() as connection:
        case = replace(case, refused=refused_today(case, connection))
    (cause,) = diagnose(case)

    assert cause.error_class is error_class


def test_nothing_is_asked_where_the_code_is_that_of_the_last_good_run(
    tmp_path: Path, warehouse: DuckDBWarehouse
):
    case = case_of(tmp_path, then_sql("date_diff('day', due, due)"), lines=("due as d\n", "due as d\n"))

    with warehouse.connect() as connection:
        assert refused_today(case, connection) == {}
