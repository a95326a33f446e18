"""A deadline for what is asked of a warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import DeadlineExceeded, StatementRefused
from aidbt.warehouse.bounded import bounded_rows, in_time
from aidbt.warehouse.duckdb import DuckDBWarehouse

ENDLESS = "select count(*) from range(10000000000) a(i), range(1000) b(j) where i * j % 7 = 3"


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "shop.duckdb")


def test_what_takes_too_long_is_stopped_and_says_so(warehouse: DuckDBWarehouse):
    with (
        warehouse.connect(read_only=False) as connection,
        pytest.raises(DeadlineExceeded, match=r"within 0\.1 s"),
        in_time(connection, 0.1),
    ):
        connection.rows(ENDLESS)


def test_a_refused_statement_that_names_a_timeout_was_not_stopped_for_one(warehouse: DuckDBWarehouse):
    with (
        warehouse.connect(read_only=False) as connection,
        pytest.raises(StatementRefused, match="timeout_s"),
        in_time(connection, 60),
    ):
        connection.rows("select timeout_s from range(3) r(i)")
    with pytest.raises(StatementRefused, match="timeout_s"):
        bounded_rows(warehouse, "select timeout_s from range(3) r(i)", at_most=1, timeout_s=60)
