"""What became of a column that is gone, by the values of the columns that came."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Stage
from aidbt.core.table_state import ColumnState, TableState
from aidbt.healing.diagnosis.columns import column_diagnosis
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.table_changes import Overlap, TableChange


def table(column: str, data_type: str) -> TableState:
    return TableState("raw", "refunds", (ColumnState(column, data_type),), rows=40)


@pytest.mark.parametrize(
    ("data_type", "overlap", "error_class", "confidence"),
    [
        ("TIMESTAMP", Overlap(same=38, chance=0.9, telling=2), ErrorClass.COLUMN_RENAMED, 0.80),
        ("TIMESTAMP", Overlap(same=37, differ=1, chance=0.9, telling=2), ErrorClass.COLUMN_RENAMED, 0.60),
        ("TIMESTAMP", Overlap(same=38, chance=1.0, telling=0), ErrorClass.COLUMN_RENAMED, 0.60),
        ("BOOLEAN", Overlap(same=38, chance=0.9, telling=2), ErrorClass.COLUMN_RENAMED, 0.60),
    ],
)
def test_the_times_of_two_loads_tell_a_column_and_a_rare_flag_does_not(
    tmp_path: Path, data_type: str, overlap: Overlap, error_class: ErrorClass, confidence: float
):
    then, now = table("extracted_at", data_type), table("emitted_at", data_type)
    change = TableChange("source.s.raw.refunds", then, now, {("extracted_at", "emitted_at"): overlap})

    found = column_diagnosis(Case("s", tmp_path, FailedRun(Stage.NODE)), None, change, "extracted_at")

    assert (found.error_class, found.confidence) == (error_class, confidence)


@pytest.mark.parametrize(
    ("new", "more", "confidence"),
    [("currency_code", "", 0.80), ("settled_in", "", 0.60), ("currency_code", "currency_iso", 0.60)],
)
def test_of_a_column_of_one_value_the_name_tells_where_nothing_else_came(
    tmp_path: Path, new: str, more: str, confidence: float
):
    columns = tuple(ColumnState(name, "VARCHAR") for name in (new, more) if name)
    now = TableState("raw", "refunds", columns, rows=40)
    overlaps = {("currency", column.name): Overlap(same=38, chance=1.0, telling=0) for column in columns}
    change = TableChange("source.s.raw.refunds", table("currency", "VARCHAR"), now, overlaps)

    found = column_diagnosis(Case("s", tmp_path, FailedRun(Stage.NODE)), None, change, "currency")

    assert (found.error_class, found.confidence) == (ErrorClass.COLUMN_RENAMED, confidence)
