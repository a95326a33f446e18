"""The data diff on a real Spark. Starting it takes some seconds."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest

from aidbt.core.schema import Relation
from aidbt.review import data_diff
from aidbt.review.data_diff import compare_relations
from aidbt.warehouse.adapter import AdapterConnection, AdapterWarehouse
from tests.aidbt.warehouse.conftest import Target, open_target

pytestmark = pytest.mark.long

ORDERS = """
select id, concat('k', id % 3) as shop, cast(id * 1.25 as decimal(9, 2)) as amount, id / 3 as ratio,
    timestamp '2024-01-01 00:00:00' + make_interval(0, 0, 0, 0, cast(id as int)) as placed_at,
    date_add(date '2024-01-01', cast(id as int)) as day, id % 2 = 0 as is_open,
    case when id % 4 > 0 then concat('Größte  Änderung ', id) end as note, named_struct('a', id) as doc,
    array(id, null) as tags, map('k', id) as attributes, cast('x' as binary) as raw
from range(300)
"""
BUILDS = {
    "base": ORDERS,
    "same": f"select * from ({ORDERS}) order by hash(id)",
    "moved": f"""
        select id + if(id > 295, 1000, 0) as id, shop,
            cast(amount + if(id % 10 = 0, 1, 0) as decimal(10, 2)) as amount,
            case when id = 1 then double('nan') else ratio end as ratio,
            placed_at + interval 2 hours as placed_at, day, is_open, replace(lower(note), '  ', ' ') as note,
            if(id = 4, named_struct('a', 0L), doc) as doc, tags,
            if(id = 5, map('k', 0L), attributes) as attributes, raw
        from ({ORDERS})""",
    "repeating": f"select * from ({ORDERS}) union all select * from ({ORDERS}) where id < 2",
}


@pytest.fixture(scope="module")
def warehouse(spark_target: Target) -> AdapterWarehouse:
    return open_target(spark_target)


@pytest.fixture(scope="module")
def connection(warehouse: AdapterWarehouse) -> Iterator[AdapterConnection]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warehouse.connect() as opened:
        for name, query in BUILDS.items():
            opened.rows(f"create schema review_{name}")
            opened.rows(f"create table review_{name}.orders using parquet as {query}")
        yield opened


@pytest.fixture(scope="module")
def tables(warehouse: AdapterWarehouse, connection: AdapterConnection) -> dict[str, Relation]:
    found = {relation.schema: relation for relation in warehouse.relations()}
    return {name: found[f"review_{name}"] for name in BUILDS}


@pytest.fixture
def _as_if_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_FEW_ROWS", 0), ("_WORTH_PROBING", 0.0), ("_ROWS_PER_BUCKET", 2)):
        monkeypatch.setattr(data_diff, name, value)
    monkeypatch.setattr(data_diff, "_PROBED_ROWS", 20)


@pytest.mark.parametrize("keys", [["id"], ["shop", "id"], []], ids=["one key", "two keys", "whole rows"])
def test_equal_tables_are_equal(connection, tables, keys: list[str]):
    diff = compare_relations(connection, tables["base"], tables["same"], keys=keys)

    assert diff.is_same and diff.not_compared == ()


@pytest.mark.usefixtures("_as_if_large")
def test_every_change_is_counted(connection, tables):
    diff = compare_relations(connection, tables["base"], tables["moved"], keys=["id"])

    assert diff.added and diff.removed and diff.changed
    assert [k.share.count for k in (diff.added, diff.removed, diff.changed)] == [4, 4, 296]
    assert {c.name: c.changed.count for c in diff.columns if c.changed} == {
        "placed_at": 296, "note": 222, "amount": 30, "ratio": 1, "doc": 1, "attributes": 1
    }  # fmt: skip
    by_name = {c.name: c for c in diff.columns}
    assert by_name["placed_at"].shift_s == 7200 and by_name["note"].respaced == 222
    assert (by_name["amount"].raised, by_name["amount"].mean_move) == (30, 1.0)


def test_repeated_keys_are_found(connection, tables):
    diff = compare_relations(connection, tables["base"], tables["repeating"], keys=["id"])

    assert diff.rows[0].keys == (0, 2) and (diff.rows[0].only_base, diff.rows[0].only_head) == (0, 2)
