"""A column more in a model, and the models below that would say something else by it."""

from __future__ import annotations

from typing import Any

import pytest

from aidbt.core.schema import Column, Relation
from aidbt.healing.remedies.columns_below import changes_below
from aidbt.project.manifest import Node


def said(text: str, *columns: str, **config: Any) -> str:
    node = Node("model.shop.mart", "model", "mart", "", config=config, raw={"compiled_code": text})
    there = Relation("main", "mart", tuple(Column(name, "VARCHAR") for name in columns)) if columns else None
    return changes_below(["tier", "city"], [(node, there)])


@pytest.mark.parametrize(
    "text",
    [
        "select * from stg_people",
        "select p.*, o.amount from stg_people p join stg_orders o on o.person = p.id",
        "select count(*) as n, count(distinct name) as names from stg_people",
        "select distinct name from stg_people union select name from stg_others",
        "select name, tiers, city_code from stg_people",
    ],
)
def test_what_passes_a_column_on_or_names_its_own_is_as_before(text: str):
    assert said(text, "id", "name") == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            "select price * 2 as tier from stg_people where tier > 5",
            "tier",
        ),  # the column counts before the alias
        ("select o.id, (select max(City) from stg_people p where p.id = o.id) from stg_orders o", "city"),
        ("select distinct * from stg_people", "distinct"),
        ("select * from stg_people natural join stg_orders", "natural"),
        ("with a as (select * from stg_people) select * from a union select * from b", "union"),
        ("select *, count(*) as n from stg_people group by  all", "group by all"),
        ("select *, hash(p) as h from stg_people p", "hash("),
    ],
)
def test_a_name_that_stands_there_and_what_is_made_of_all_columns_is_told(text: str, word: str):
    assert word in said(text)


def test_a_star_whose_other_table_has_such_a_column_is_told():
    assert "mart has a tier already" in said("select * from stg_people p join stg_orders o on true", "Tier")


def test_a_union_by_place_takes_one_column_and_the_same():
    node = Node("m", "model", "mart", "", raw={"compiled_code": "select * from a union all select * from b"})

    assert changes_below(["tier"], [(node, None)]) == ""
    assert "union" in changes_below(["tier", "city"], [(node, None)])


def test_a_snapshot_of_all_columns_is_told():
    assert "a new version of every row" in said("select * from stg_people", check_cols="all")
