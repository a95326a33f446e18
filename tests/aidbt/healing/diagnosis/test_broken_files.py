"""A source that is a file and has none of its columns any more is damaged: no column of it was removed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Stage
from aidbt.core.table_state import ColumnState, GoodState, TableState
from aidbt.healing.diagnosis.causes import diagnose
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

NOON = datetime(2026, 3, 1, tzinfo=UTC)
TICKETS, STAGING = "source.shop.support.tickets", "model.shop.stg_tickets"


def table(*names: str) -> TableState:
    return TableState("support", "tickets", tuple(ColumnState(name, "VARCHAR") for name in names), rows=9)


@pytest.mark.parametrize(
    ("now", "error_class"),
    [
        (("column0", "column1"), ErrorClass.CORRUPT_DATA),
        (("id", "topic"), ErrorClass.COLUMN_REMOVED),
    ],
)
def test_a_file_without_its_columns_is_damaged(tmp_path: Path, now: tuple[str, ...], error_class: ErrorClass):
    source = Node(
        TICKETS, "source", "tickets", "models/sources.yml", "shop", source_name="support",
        config={"meta": {"external_location": "landing/{name}.csv"}},
    )  # fmt: skip
    reader = Node(STAGING, "model", "stg_tickets", "models/stg_tickets.sql", "shop", depends_on=(TICKETS,))
    manifest = Manifest(ArtifactMetadata("", "", NOON, {}), {STAGING: reader}, {TICKETS: source})
    said = 'Binder Error: Referenced column "opened_at" not found in FROM clause!'
    then = table("id", "opened_at")
    case = Case(
        "shop", tmp_path, FailedRun(Stage.NODE, (RunFailure(STAGING, "error", said),)),
        adapter="duckdb", dialect="duckdb", manifest=manifest, good_manifest=manifest,
        good=GoodState("dev", NOON, "r", tables={TICKETS: then}),
        tables={TICKETS: TableChange(TICKETS, then, table(*now))},
    )  # fmt: skip

    assert [cause.error_class for cause in diagnose(case)] == [error_class]
