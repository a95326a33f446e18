"""The data diff on a real PostgreSQL: the same answers from other SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from aidbt.core.schema import Relation
from aidbt.review import data_diff
from aidbt.review.data_diff import compare_relations
from aidbt.review.diff_values import DataDiff
from aidbt.warehouse.adapter import AdapterConnection, AdapterWarehouse
from tests.aidbt.warehouse.conftest import Target, open_target
from tests.kit import PostgresServer

ORDERS = """
select i::bigint as id, 'k' || i % 3 as shop, (i * 1.25)::numeric(9, 2) as amount,
    (i * 0.1)::numeric as loose, i / 3.0::float8 as ratio,
    timestamp '2024-01-01' + i * interval '1 hour' as placed_at,
    timestamptz '2024-01-01 00:00+00' + i * interval '1 hour' as paid_at, date '2024-01-01' + i as day,
    i % 2 = 0 as is_open, case when i % 4 > 0 then 'größe ' || i end as "Note", '{"a": 1}'::json as doc,
    jsonb_build_object('a', i) as docb, array[i, null, 2] as tags, md5(i::text)::uuid as token,
    i::numeric::money as price, ''::bytea as raw, time '10:00' as at_time, interval '1 day' as lasts
from generate_series(1, 400) i
"""
BUILDS = {
    "same": f"select * from ({ORDERS}) o order by md5(id::text)",
    "moved": f"""
        select id + case when id > 395 then 1000 else 0 end as id, shop,
            amount + (id % 10 = 0)::int as amount, loose,
            case when id = 1 then 'nan' when id = 2 then ratio + 1e-14 else ratio end as ratio,
            placed_at + interval '2 hours' as placed_at, paid_at, day,
            case when id <> 3 then is_open end as is_open,
            upper("Note") as "Note", case when id = 4 then '{{"a": 2}}' else doc end as doc,
            case when id = 5 then '{{"a": 0}}' else docb end as docb,
            case when id = 6 then array[1] else tags end as tags, token,
            case when id = 7 then 0::money else price end as price,
            case when id = 8 then 'x'::bytea else raw end as raw, at_time, lasts
        from ({ORDERS}) o""",
    "retyped": f"""
        select id::int as id, shop::varchar(10) as shop, amount::numeric(12, 4) as amount,
            loose::numeric(9, 1) as loose, ratio::real as ratio, placed_at::timestamptz as placed_at,
            paid_at, day, is_open, "Note", doc, docb, tags, token, price, raw, at_time, lasts
        from ({ORDERS}) o""",
    "repeating": f"select * from ({ORDERS}) o union all select * from ({ORDERS}) o where id < 3",
}


@pytest.fixture(scope="module")
def warehouse(postgres: PostgresServer, postgres_target: Callable[..., Target]) -> AdapterWarehouse:
    postgres.create_database("review")
    statements = [f"create schema base; create table base.orders as {ORDERS};"]
    statements += [
        f"create schema {name}; create table {name}.orders as {sql};" for name, sql in BUILDS.items()
    ]
    for sql in statements:
        postgres.psql(sql, "review")
    return open_target(postgres_target("review"))


@pytest.fixture(scope="module")
def tables(warehouse: AdapterWarehouse) -> dict[str, Relation]:
    return {relation.schema: relation for relation in warehouse.relations()}


@pytest.fixture
def connection(warehouse: AdapterWarehouse) -> Iterator[AdapterConnection]:
    with warehouse.connect() as opened:
        yield opened


@pytest.fixture(params=["small", "as if large"])
def _size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "as if large":
        for name, value in (("_FEW_ROWS", 0), ("_WORTH_PROBING", 0.0), ("_ROWS_PER_BUCKET", 2)):
            monkeypatch.setattr(data_diff, name, value)
        monkeypatch.setattr(data_diff, "_PROBED_ROWS", 20)


def changed(diff: DataDiff) -> dict[str, int]:
    return {c.name: c.changed.count for c in diff.columns if c.changed is not None}


def counts(diff: DataDiff) -> tuple[int, int, int]:
    assert diff.added and diff.removed and diff.changed
    return diff.added.share.count, diff.removed.share.count, diff.changed.share.count


@pytest.mark.long
@pytest.mark.usefixtures("_size")
@pytest.mark.parametrize("keys", [["id"], ["shop", "id"], []], ids=["one key", "two keys", "whole rows"])
def test_equal_tables_of_every_type_are_equal(connection, tables, keys: list[str]):
    diff = compare_relations(connection, tables["base"], tables["same"], keys=keys)

    assert diff.is_same and diff.not_compared == ()


@pytest.mark.long
@pytest.mark.usefixtures("_size")
def test_every_change_is_counted(connection, tables):
    diff = compare_relations(connection, tables["base"], tables["moved"], keys=["id"])

    assert counts(diff) == (5, 5, 395)
    assert changed(diff) == {
        "placed_at": 395, "Note": 297, "amount": 39, "ratio": 1, "is_open": 1, "doc": 1, "docb": 1, "tags": 1,
        "price": 1, "raw": 1,
    }  # fmt: skip
    by_name = {c.name: c for c in diff.columns}
    assert by_name["placed_at"].shift_s == 7200
    assert by_name["Note"].respaced == 297
    assert (by_name["amount"].raised, by_name["amount"].mean_move) == (39, 1.0)
    assert by_name["is_open"].emptied == 1
    assert diff.added and diff.added.examples == ("1396", "1400")


def test_retyped_columns_are_compared_by_what_they_have_in_common(connection, tables):
    diff = compare_relations(connection, tables["base"], tables["retyped"], keys=["id"])

    assert counts(diff) == (0, 0, 0)
    assert {r.name: r.compared_as for r in diff.schema.retyped} == {
        "id": "integer",
        "shop": "character varying(10)",
        "amount": "numeric(12,4)",
        "loose": "numeric(9,1)",
        "ratio": "float",
        "placed_at": "timestamptz",
    }


def test_repeated_keys_are_found(connection, tables):
    diff = compare_relations(connection, tables["base"], tables["repeating"], keys=["id"])

    assert counts(diff) == (0, 0, 0)
    assert (diff.rows[0].keys, diff.rows[0].base, diff.rows[0].head) == ((0, 2), 2, 4)
    assert (diff.rows[0].only_base, diff.rows[0].only_head) == (0, 2)


def test_a_sample_takes_the_same_keys_on_both_sides(connection, tables):
    diff = compare_relations(
        connection, tables["base"], tables["moved"], keys=["id"], sample_above_rows=100, sample_rows=150
    )

    assert diff.one_in == 3 and diff.changed is not None
    assert diff.changed.share.count == diff.changed.share.of > 80
