"""The benchmark of semantic queries judges rows by the documented rule, on any folder of its form."""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks import semantic_queries
from benchmarks.query_answers import same_rows
from tests.aidbt.semantic.semantic_shop import LEGACY, ROWS


@pytest.mark.parametrize(
    ("gold", "ours", "same"),
    [
        ([(1, "a"), (2, "b")], [("b", 2), ("a", 1)], True),
        ([(1, "a"), (2, "b")], [("a", 2), ("b", 1)], False),
        ([(1,), (1,)], [(1,)], False),
        ([(1,), (1,), (2,)], [(1,), (2,), (2,)], False),
        ([(100.0,)], [(Decimal("100.001"),)], True),
        ([(100.0,)], [(100.1,)], False),
        ([(1,)], [(1, 2, 3, 4, 5, 6, 7)], True),
        ([(1,)], [(1, 2, 3, 4, 5, 6, 7, 8)], False),
        ([(1, 2)], [(1,)], False),
        ([(None,)], [(0,)], False),
        ([(dt.date(2024, 1, 1),)], [(dt.datetime(2024, 1, 1),)], True),
        ([], [], True),
        ([], [(1,)], False),
    ],
)
def test_rows_are_the_same_as_bags_within_a_tolerance(gold, ours, same):
    assert same_rows(gold, ours) is same


def test_the_order_of_rows_counts_where_it_is_asked_for():
    assert same_rows([(1,), (2,)], [(2,), (1,)])
    assert not same_rows([(1,), (2,)], [(2,), (1,)], ordered=True)


@pytest.mark.long
def test_it_judges_and_predicts_a_folder_of_queries(tmp_path, monkeypatch, capsys):
    _data(tmp_path)
    out = tmp_path / "predictions.jsonl"
    words = ["--data", str(tmp_path), "--quick", "--no-peer", "--output", "json", "--predict", str(out)]
    monkeypatch.setattr(sys, "argv", ["semantic_queries", *words])

    semantic_queries.main()

    ours = json.loads(capsys.readouterr().out)["ours"]
    assert (ours["queries"], ours["right"]) == (3, 1)
    assert ours["failures"]["wrong"] == "other rows than the gold's"
    assert ours["failures"]["refused"].startswith("refused: no metric is called 'profit'")
    predictions = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["sql"] is None for line in predictions] == [False, False, True]
    assert predictions[2]["reason"]


def test_without_data_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["semantic_queries"])

    with pytest.raises(SystemExit) as stop:
        semantic_queries.main()

    assert stop.value.code == 2
    assert "--data" in capsys.readouterr().err


def _data(folder: Path) -> None:
    """A folder of three queries: one answered right, one wrong by its gold, one that cannot be answered."""
    manifest = folder / "semantic_manifests" / "SHOP"
    manifest.mkdir(parents=True)
    relation = "node_relation: {schema_name: $source_schema, alias: orders}"
    orders = (
        LEGACY["models/semantic.yml"]
        .split("  - name: customers")[0]
        .replace("model: ref('orders')", relation)
    )
    (manifest / "orders.yaml").write_text(orders)
    (manifest / "metrics.yaml").write_text(
        "metric: {name: revenue, type: simple, type_params: {measure: revenue}}\n---\n"
        "project_configuration:\n  time_spines:\n"
        "    - node_relation: {schema_name: $source_schema, alias: days}\n"
        "      primary_column: {name: date_day, time_granularity: day}\n"
    )
    database = folder / "db" / "shop"
    database.mkdir(parents=True)
    (database / "schema.sql").write_text(ROWS.replace("shop", "demo"))
    (database / "load.sql").write_text("select 1")
    common = {"db": "shop", "model": "SHOP", "group_bys": ["order__is_gift"]}
    gold = "select is_gift, sum(amount) from demo.orders group by 1"
    queries = [
        {**common, "id": "right", "metrics": ["revenue"], "gold": [gold]},
        {
            **common,
            "id": "wrong",
            "metrics": ["revenue"],
            "gold": ["select 7, true union all select 8, false"],
        },
        {**common, "id": "refused", "metrics": ["profit"], "gold": [gold]},
    ]
    text = "".join(json.dumps(query) + "\n" for query in queries)
    (folder / "semantic_queries.jsonl").write_text(text)
