"""The property file of a model from English, from plain values."""

from __future__ import annotations

import datetime as dt

import yaml

from aidbt.core.config import Settings
from aidbt.generate.english_models.kept import KeptModel, ModelColumn
from aidbt.generate.english_models.model_yaml import model_yaml
from aidbt.generate.english_models.witnesses import Witnesses, WitnessRows
from aidbt.generate.files import Rendering
from aidbt.generate.naming import layout_of


def test_times_in_unit_tests_keep_fractions_of_a_second_and_dates_have_no_time() -> None:
    late = dt.datetime(2024, 7, 14, 23, 59, 59, 500000)
    rows = WitnessRows({"orders": [{"placed_at": late}]}, [(dt.datetime(2024, 7, 14), late)], ())
    columns = (ModelColumn("day", "date"), ModelColumn("last_at", "timestamp"))
    kept = KeptModel("last_orders", "the last order of each day", {}, columns=columns)
    options = Rendering(layout_of(Settings()), "duckdb", nested_arguments=True)

    text = model_yaml(kept, Witnesses(("day", "last_at"), (rows,), ()), {"orders": "ref('orders')"}, options)

    [test] = yaml.safe_load(text)["unit_tests"]
    assert test["given"][0]["rows"] == [{"placed_at": "2024-07-14 23:59:59.500000"}]
    assert test["expect"]["rows"] == [{"day": "2024-07-14", "last_at": "2024-07-14 23:59:59.500000"}]
