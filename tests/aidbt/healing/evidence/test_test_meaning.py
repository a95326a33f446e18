from __future__ import annotations

import json
from typing import Any

import pytest

from aidbt.healing.evidence.test_meaning import TestMeaning, meaning_of
from aidbt.project.manifest import manifest_of
from tests.diagnosis_cases import CAFE

TEST = "test.cafe.dbt_utils_accepted_range_stg_pos__items_price__100__0.4d1d24d1f0"


def asked(name: str, config: dict[str, Any] | None = None, **arguments: object) -> TestMeaning:
    """What a test of a package asks, declared on stg_pos__items."""
    raw = json.loads((CAFE / "good" / "manifest.json").read_text())
    node = next(n for n in raw["nodes"].values() if (n.get("test_metadata") or {}).get("name") == "unique")
    node["test_metadata"] = {"name": name, "kwargs": arguments, "namespace": "dbt_utils"}
    node["column_name"] = None
    node["config"] |= config or {}
    found = meaning_of(node["unique_id"], manifest_of(raw, "manifest.json"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("expect_column_values_to_not_be_null", {"column_name": "sku"}, "not_null"),
        ("unique_combination_of_columns", {"combination_of_columns": ["a", "b"]}, "combination"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}, "combination"),
        ("expect_column_values_to_be_in_set", {"column_name": "a", "value_set": ["x"]}, "accepted_values"),
        ("accepted_range", {"column_name": "price", "min_value": 0}, "range"),
        ("expect_column_values_to_be_between", {"column_name": "price", "max_value": 9}, "range"),
        ("not_null_proportion", {"column_name": "sku", "at_least": 0.9}, "proportion"),
        ("expect_table_row_count_to_be_between", {"min_value": 1}, "volume"),
        ("somebodys_own", {"column_name": "sku"}, "other"),
    ],
)
def test_tests_of_packages_are_told_by_what_they_ask(name: str, arguments: dict[str, Any], kind: str):
    assert asked(name, **arguments).kind == kind


def test_their_arguments_are_read_under_any_name():
    assert asked("expect_compound_columns_to_be_unique", column_list=["a", "b"]).columns == ("a", "b")
    assert asked("expect_column_values_to_be_in_set", column_name="a", value_set=["x", 1]).values == (
        "x",
        "1",
    )
    assert asked("expression_is_true", column_name="price", expression=">= 0").condition == "price >= 0"
    assert asked("recency", field="sold_at", interval=3).column == "sold_at"
    assert asked("accepted_range", column_name="p", min_value=0, inclusive=False).is_inclusive is False


def test_a_test_of_some_rows_says_so():
    assert asked("not_null", column_name="a").only_where == ""
    assert asked("not_null", {"where": "id > 5"}, column_name="a").only_where == "id > 5"
    assert asked("not_null", column_name="a", row_condition="id > 5").only_where == "id > 5"
