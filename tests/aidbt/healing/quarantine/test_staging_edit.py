"""Rows left out by a splice in the person's own text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.core.errors import EditConflict
from aidbt.healing.quarantine.staging_edit import Filter, with_filter

ROWS = Filter(("pay", "payments"), "payments", "bad", ("id", "Amount"))
SOURCE = "{{ source('pay', 'payments') }}"
BAD = "{{ bad() }}"
SET = "{%- set raw = source('pay', 'payments') -%}\nselect id from {{ raw }}\n"
OTHER = "select * from {{ source('web', 'a') }}\nunion all\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (
            f"with source as (\n    select * from {SOURCE}\n)\nselect * from source -- ä\n",
            f"with source as (\n    select * from {SOURCE}\n    where {BAD} is null\n)\n"
            "select * from source -- ä\n",
        ),
        (
            f"with source as (select * from {SOURCE}), a as (select 1)\nselect * from source",
            f"with source as (select * from {SOURCE} where {BAD} is null), a as (select 1)\n"
            "select * from source",
        ),
        (
            f"SELECT\r\n  p.id\r\nFROM {SOURCE} AS p -- raw",
            f"SELECT\r\n  p.id\r\nFROM {SOURCE} AS p WHERE {BAD} IS NULL -- raw",
        ),
        (
            f"select id\n  from {SOURCE} p\n where p.id > 0",
            f"select id\n  from (\n      select * from {SOURCE}\n      where {BAD} is null\n  ) p\n"
            " where p.id > 0",
        ),
        (
            f"select payments.id, o.x from {SOURCE}\njoin o on o.id = payments.id",
            f"select payments.id, o.x from (\n    select * from {SOURCE}\n    where {BAD} is null\n"
            ") as payments\njoin o on o.id = payments.id",
        ),
        (
            f"{OTHER}select * from {SOURCE}\n",
            f"{OTHER}select * from {SOURCE}\nwhere {BAD} is null\n",
        ),
        (
            SET,
            f"{SET}where {BAD} is null\n",
        ),
        (
            f"select * from {SOURCE}\n{{% if target.name == 'dev' %}} where id < 9 {{% endif %}}",
            f"select * from (\n    select * from {SOURCE}\n    where {BAD} is null\n) as payments\n"
            "{% if target.name == 'dev' %} where id < 9 {% endif %}",
        ),
    ],
)
def test_a_filter_is_spliced_in_and_every_other_byte_stays(text: str, after: str):
    assert with_filter(text, ROWS, "duckdb", path="m.sql") == after


def test_rows_are_compared_where_the_dialect_can():
    windowed = replace(ROWS, is_windowed=True)
    text = f"with s as (\n    select * from {SOURCE}\n)\nselect * from s"

    assert f"\n    qualify {BAD} is null\n)" in with_filter(text, windowed, "duckdb", path="m.sql")
    assert with_filter(text, windowed, "postgres", path="m.sql") == (
        "with s as (\n    select * from (\n        select id, \"Amount\"\n        from (\n"
        f"            select *, {BAD} as quarantine_reason from {SOURCE}\n        ) as checked\n"
        "        where quarantine_reason is null\n    ) as payments\n)\nselect * from s"
    )  # fmt: skip


def test_windows_of_the_model_see_only_the_rows_that_stay():
    text = f"select id, row_number() over (order by id) as n from {SOURCE}"
    after = with_filter(text, replace(ROWS, is_windowed=True), "duckdb", path="m.sql")
    assert "from (\n    select * from" in after and after.endswith(") as payments")


def test_postgres_filters_before_it_casts():
    fenced = replace(ROWS, is_fenced=True)
    assert with_filter(f"select * from {SOURCE}\n", fenced, "postgres", path="m.sql").endswith(
        f"\nwhere {BAD} is null\noffset 0\n"
    )
    union = f"select id from {SOURCE} union all select 1"
    assert "offset 0\n) as payments union all" in with_filter(union, fenced, "postgres", path="m.sql")


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        f"select * from {SOURCE} union all select * from {SOURCE}",
        f"{{% for x in [1, 2] %}} select * from {SOURCE} {{% endfor %}}",
        f"select * from my_function({SOURCE})",
        f"selec * from {SOURCE}",
    ],
)
def test_a_model_in_which_the_place_cannot_be_told_is_left_alone(text: str):
    with pytest.raises(EditConflict):
        with_filter(text, ROWS, "duckdb", path="m.sql")
