from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aidbt.core.errors import WarehouseError
from aidbt.healing.evidence.outside import is_outside, outside_relation, under_its_name
from aidbt.project.manifest import Node, read_manifest
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import measured_table
from tests.diagnosis_cases import CAFE


@pytest.fixture
def shop(tmp_path: Path) -> DuckDBWarehouse:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "rates.csv").write_text("currency,rate\nCHF,1.5\nPLN,4.3\n")
    warehouse = DuckDBWarehouse(tmp_path / "shop.duckdb")
    with warehouse.connect(read_only=False):
        pass
    return warehouse


def source(location: str = "files/{name}.csv") -> Node:
    """The source `files.rates` of the cafe, read from a location."""
    node = read_manifest(CAFE / "good" / "manifest.json").sources["source.cafe.files.rates"]
    raw = {**node.raw, "meta": {}, "source_meta": {}}
    return replace(node, raw=raw, config={"meta": {"external_location": location}})


@pytest.mark.parametrize(
    "location", ["files/{name}.csv", "read_csv('files/{identifier}.csv', header = true)", "'files/*.csv'"]
)
def test_a_file_is_measured_as_the_source_it_is(location: str, shop: DuckDBWarehouse):
    node = source(location)
    with shop.connect() as connection:
        relation = outside_relation(connection, node, most_bytes=10**9, root=shop.path.parent)
        assert relation is not None
        state = under_its_name(measured_table(connection, relation), node)

    assert is_outside(node)
    assert (state.schema, state.name, state.rows, state.names) == ("files", "rates", 2, ("currency", "rate"))


@pytest.mark.parametrize(
    "location",
    ["(select 1 as a)", "read_text('files/rates.csv')", "s3://bucket/{name}.parquet", "{nothing}.csv", "x"],
)
def test_what_is_no_plain_local_file_is_left_alone(location: str, shop: DuckDBWarehouse):
    with shop.connect() as connection:
        assert outside_relation(connection, source(location), most_bytes=10**9, root=shop.path.parent) is None


def test_a_file_that_is_not_there_or_too_large_is_said(shop: DuckDBWarehouse):
    with shop.connect() as connection:
        with pytest.raises(WarehouseError, match="there is no file"):
            outside_relation(connection, source("files/gone.csv"), most_bytes=10**9, root=shop.path.parent)
        with pytest.raises(WarehouseError, match="over budget"):
            outside_relation(connection, source(), most_bytes=5, root=shop.path.parent)
