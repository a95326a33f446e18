"""The truth of the lineage benchmark: how it follows from the corpus, and how edges are scored against it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.lineage_project import Project, write_project
from benchmarks.lineage_project.constructs import (
    Draft,
    adapted_import,
    exact_import,
    joined,
    truth_of,
    ways_to_write,
)
from benchmarks.lineage_project.made import Relation, Truth
from benchmarks.lineage_project.score import score
from benchmarks.lineage_project.staging import KINDS, staging
from tests.lineage_oracle import read_case, tables_after

ORDERS = tables_after("")["orders"]
STAGED = Relation("model.shop.stg_orders_1", "{{ ref('stg_orders_1') }}", "", ORDERS, shape="orders")
TOTALS = Relation(
    "model.shop.totals",
    "{{ ref('totals') }}",
    "",
    {"n": "BIGINT", "total": "DECIMAL(38,2)", "day": "DATE", "name": "VARCHAR"},
)


def test_a_model_of_a_case_reads_a_relation_outright_or_as_a_cte():
    ways = ways_to_write(read_case("where"), [exact_import("orders", STAGED)])

    outright, as_cte, wrapped = ways
    assert outright.startswith("select id, amount from {{ ref('stg_orders_1') }} as orders where")
    assert as_cte.startswith(
        "with \"orders\" as (\n    select * from {{ ref('stg_orders_1') }}\n)\nselect id"
    )
    assert wrapped.endswith("select * from final")


def test_what_a_model_is_made_of_follows_from_what_stands_for_the_columns():
    given = adapted_import("orders", ORDERS, TOTALS, random.Random(1))
    assert given is not None

    truth = truth_of(read_case("where"), ["id", "amount"], [given])

    assert truth.edges["id"] <= {("model.shop.totals", "n"), ("model.shop.totals", "total")}
    assert truth.rows == {("model.shop.totals", "name")}


def test_a_relation_that_hardly_fits_is_not_adapted():
    lone = Relation("model.shop.lone", "{{ ref('lone') }}", "", {"is_open": "BOOLEAN"})

    assert adapted_import("staff", {"id": "INTEGER", "since": "DATE"}, lone, random.Random(1)) is None


def test_a_long_model_has_the_columns_and_rows_of_all_its_parts():
    parts = [
        Draft(
            (name,),
            f"select {name}",
            {"id": "INTEGER"},
            Truth({"id": frozenset({one})}, rows=frozenset({one})),
            1,
        )
        for name, one in (("a", ("model.shop.a", "x")), ("b", ("model.shop.b", "y")))
    ]

    long = joined(parts)

    assert list(long.columns) == ["id_0", "id_1"]
    assert long.truth.edges["id_1"] == {("model.shop.b", "y")}
    assert long.truth.rows == {("model.shop.a", "x"), ("model.shop.b", "y")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", ["orders", "events"])
def test_staging_models_give_the_columns_of_their_shape(kind: str, shape: str):
    types = tables_after("")[shape]

    model = staging(kind, types)

    assert list(model.made_of) == list(types)
    assert {of for made_of in model.made_of.values() for of in made_of} <= set(model.raw)


def test_edges_are_scored_through_ephemeral_models(tmp_path: Path):
    project = Project(
        tmp_path,
        {
            "model.shop.eph": Truth({"id": frozenset({("source.shop.raw.t", "Id")})}),
            "model.shop.m": Truth(
                {"id": frozenset({("model.shop.eph", "id")}), "n": frozenset(), "k": frozenset()},
                either={"k": frozenset({frozenset({("model.shop.a", "k"), ("model.shop.b", "k")})})},
                rows=frozenset({("model.shop.a", "flag")}),
            ),
        },
        ephemeral=frozenset({"model.shop.eph"}),
        cases={"model.shop.m": ["where"]},
    )

    found = score(
        project,
        {
            "model.shop.eph": {"id": {("source.shop.raw.t", "id")}},
            "model.shop.m": {
                "id": {("source.shop.raw.t", "id")},
                "n": {("model.shop.a", "flag"), ("model.shop.a", "other")},
                "k": {("model.shop.b", "k")},
            },
        },
    )

    assert (found.edges, found.found, found.wrong, found.rows_as_values) == (3, 3, 1, 1)
    assert (found.columns, found.exact, found.unanswered) == (4, 3, 0)
    assert found.failing == {"where": 1}


def test_a_column_without_an_answer_is_not_exact(tmp_path: Path):
    project = Project(tmp_path, {"model.shop.m": Truth({"one": frozenset()})}, frozenset(), {})

    found = score(project, {})

    assert (found.exact, found.unanswered) == (0, 1)
    assert found.failing == {"m": 1}


@pytest.mark.long
def test_the_same_arguments_write_the_same_project(tmp_path: Path):
    written = [write_project(tmp_path / name, models=22, seed=3) for name in ("one", "other")]

    texts = [
        {
            path.relative_to(folder): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*"))
            if path.suffix in (".sql", ".yml", ".py", ".csv") and path.name != "profiles.yml"
        }
        for folder in (tmp_path / "one", tmp_path / "other")
    ]
    assert texts[0] == texts[1]
    assert written[0] == written[1]
    models = [path for path in texts[0] if path.parts[0] == "models" and path.suffix in (".sql", ".py")]
    assert len(models) >= 22
    assert any("_long_" in path.name for path in models)
