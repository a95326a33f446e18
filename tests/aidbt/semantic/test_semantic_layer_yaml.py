"""A semantic layer read from a project's YAML, in each of its forms, and what is said where that is wrong."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.findings import Finding, Severity
from aidbt.semantic.definitions import (
    MeasureInput,
    SemanticManifest,
    SemanticRelation,
    TimeSpine,
    Window,
)
from aidbt.semantic.layer.manifest import require_no_errors
from aidbt.semantic.layer.yaml_files import read_yaml, yaml_texts
from aidbt.semantic.metricflow.compiler import compile_query
from aidbt.semantic.metricflow.engines import transformed
from tests.aidbt.semantic.semantic_shop import LEGACY, NEWER, relation_of, shop


def read(text: str, **kwargs: Any) -> SemanticManifest:
    reading = read_yaml({"m.yml": text}, relation_of=relation_of, **kwargs)
    assert reading.findings == ()
    return reading.manifest


def findings(text: str) -> tuple[Finding, ...]:
    return read_yaml({"m.yml": text}, relation_of=relation_of).findings


def test_both_forms_define_the_same_metrics_over_the_same_models():
    legacy, newer = shop("legacy"), shop("newer")

    assert set(legacy.metric_names()) == set(newer.metric_names())
    for name in legacy.metric_names():
        one, other = legacy.metric(name), newer.metric(name)
        assert (one.type, one.label, one.filters) == (other.type, other.label, other.filters)
        models = [{item.model.name for item in form.measures_of(name)} for form in (legacy, newer)]
        assert models[0] == models[1]
    for model in legacy.semantic_models:
        twin = newer.semantic_model(model.name)
        assert (model.entities, model.dimensions) == (twin.entities, twin.dimensions)
        assert (model.relation, model.time_dimension) == (twin.relation, twin.time_dimension)
    assert legacy.saved_queries == newer.saved_queries
    assert legacy.time_spines == newer.time_spines


def test_a_metric_knows_its_parts():
    metric = shop().metric("revenue_2_days")

    assert metric.measure == MeasureInput("revenue")
    assert metric.window == Window(2, "day")
    assert (metric.path, metric.line) == ("models/metrics.yml", 28)
    growth = shop().metric("revenue_growth")
    assert [item.offset_window for item in growth.inputs] == [None, Window(1, "month")]
    assert growth.inputs[1].alias == "before"


def test_the_measures_under_a_metric_are_found_through_other_metrics():
    found = shop().measures_of("gift_share")

    assert [(item.model.name, item.measure.name) for item in found] == [("orders", "revenue")]
    assert found[0].time_dimension == "ordered_on"
    both = shop().measures_of("visits_to_orders")
    assert [item.measure.name for item in both] == ["visit_count", "order_count"]


def test_a_metric_that_is_made_of_itself_is_refused_with_the_way_around():
    part = "{expr: %s, metrics: [{name: %s}]}"
    manifest = read(
        "metrics:\n"
        f"  - {{name: a, label: A, type: derived, type_params: {part % ('b', 'b')}}}\n"
        f"  - {{name: b, label: B, type: derived, type_params: {part % ('a', 'a')}}}\n"
    )

    with pytest.raises(AidbtError, match="a → b → a"):
        manifest.measures_of("a")


def test_one_document_per_definition_is_read_with_its_placeholders():
    manifest = read(
        "---\nsemantic_model:\n"
        "  name: orders\n"
        "  node_relation: {schema_name: $source_schema, alias: fct_orders}\n"
        "  defaults: {agg_time_dimension: ds}\n"
        "  entities: [{name: order, type: primary}]\n"
        "  dimensions: [{name: ds, type: TIME, type_params: {time_granularity: DAY}}]\n"
        "  measures: [{name: n, agg: SUM, expr: 1}]\n"
        "---\nmetric:\n  name: n\n  type: SIMPLE\n  type_params: {measure: n}\n"
        "---\n"
        "---\nproject_configuration:\n"
        "  time_spine_table_configurations:\n"
        "    - {location: $source_schema.spine, column_name: ds, grain: day}\n",
        placeholders={"source_schema": "raw"},
    )

    assert manifest.semantic_model("orders").relation == SemanticRelation("raw", "fct_orders")
    assert manifest.metric("n").line == 11
    assert manifest.time_spines == (
        TimeSpine(SemanticRelation("raw", "spine", "", "raw.spine"), "ds", "day"),
    )


def test_the_model_that_is_a_time_spine_by_its_name_is_taken_where_there_is_no_other():
    def everything_exists(model: str) -> SemanticRelation:
        return SemanticRelation("main", model)

    semantic = {"models/semantic.yml": LEGACY["models/semantic.yml"]}

    assert [spine.column for spine in shop().time_spines] == ["date_day"]
    alone = read_yaml(semantic, relation_of=everything_exists).manifest.time_spines
    assert [(spine.relation.name, spine.column) for spine in alone] == [("metricflow_time_spine", "date_day")]
    assert read_yaml(semantic, relation_of=relation_of).manifest.time_spines == ()


def test_what_is_turned_off_is_left_out():
    manifest = read(
        "metrics:\n"
        "  - {name: a, label: A, type: simple, type_params: {measure: m}, config: {enabled: false}}\n"
        "  - {name: b, label: B, type: simple, type_params: {measure: m}}\n"
        "models:\n"
        "  - {name: orders, semantic_model: {enabled: false}}\n"
        "semantic_models:\n"
        "  - {name: s, model: ref('orders'), config: {enabled: false}}\n"
    )

    assert (manifest.metric_names(), manifest.semantic_models) == (("b",), ())


def test_a_private_metric_is_not_offered_and_still_there():
    manifest = read(
        NEWER["models/shop.yml"].replace("name: visits, label", "hidden: true, name: visits, label")
    )

    assert "visits" not in manifest.metric_names()
    assert manifest.metric("visits").is_private


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        (
            "metrics:\n  - {name: m, type: simple, type_params: {}}\n",
            "m.yml:2",
            "metric 'm': a simple metric needs a 'measure', or an 'agg' under a model's metrics",
        ),
        (
            "semantic_models:\n  - name: s\n    model: ref('nothing')\n",
            "m.yml:2",
            "'s': there is no model 'nothing'",
        ),
        ("semantic_models:\n  - {name: s, model: orders}\n", "m.yml:2", "'s': 'model' has to be a ref"),
        (
            "semantic_models:\n  - name: s\n    model: ref('orders')\n    measures:\n"
            "      - {name: x, agg: summ}\n",
            "m.yml:5",
            "semantic model 's': 'agg' is 'summ', which is unknown; did you mean 'sum'?",
        ),
        (
            "metrics:\n  - {name: m, type: cumulative, type_params: {measure: x, window: a while}}\n",
            "m.yml:2",
            "metric 'm': 'window' has to be a length of time like '7 days', not 'a while'",
        ),
        (
            "metrics:\n  - {name: m, type: simple, type_params: {measure: x}}\n"
            "  - {name: m, type: simple, type_params: {measure: x}}\n",
            "m.yml:3",
            "metric 'm': the name is taken already",
        ),
        ("metrics: 7\n", "m.yml:1", "'metrics' has to be a list"),
        ("metrics:\n  - seven\n", "m.yml:1", "'metrics' has to list mappings"),
        (
            "metrics:\n  - {name: m, agg: sum, expr: 1}\n",
            "m.yml:2",
            "'m': a metric with an 'agg' has to stand among the metrics of its model",
        ),
        ("metrics:\n  - &a {name: m, type_params: {measure: x}, type: simple, config: {meta: {me: *a}}}\n",
         "m.yml:2", "metric 'm': it holds itself"),
        (
            "models:\n  - {name: days, columns: [{name: d}], time_spine: {standard_granularity_column: d}}\n",
            "m.yml:2",
            "'days': the column 'd' of the time spine needs a 'granularity'",
        ),
    ],
)  # fmt: skip
def test_an_entry_that_is_wrong_is_named_with_its_file_and_line(text: str, where: str, said: str):
    found = findings(text)

    assert [(item.where, item.severity) for item in found] == [(where, Severity.ERROR)]
    assert found[0].message.startswith(said)


def test_the_entries_beside_a_wrong_one_are_read():
    text = (
        "metrics:\n  - {name: m, type: ratoi, type_params: {}}\n"
        "  - {name: n, type: simple, type_params: {measure: x}}\n"
    )

    reading = read_yaml({"m.yml": text}, relation_of=relation_of)

    assert reading.manifest.metric_names() == ("n",)
    with pytest.raises(AidbtError, match=r"1 error:\nm.yml:2: metric 'm'.*did you mean 'ratio'"):
        require_no_errors(reading.findings)


def test_a_misspelt_key_is_a_warning_with_what_was_meant():
    found = findings("metrics:\n  - {name: m, type: simple, type_params: {measure: x}, descripton: words}\n")

    assert [(item.code, item.severity, item.where) for item in found] == [
        ("semantic.unknown_key", Severity.WARN, "m.yml:2")
    ]
    assert "did you mean 'description'?" in found[0].message
    require_no_errors(found)


def test_broken_yaml_is_an_error_with_its_line_also_in_a_later_document():
    with pytest.raises(SettingsError) as error:
        findings("metric: {name: a}\n---\nmetric:\n  name: [1\n  type: simple\n")

    assert (error.value.path, error.value.line) == ("m.yml", 5)


def test_files_without_anything_semantic_are_not_parsed():
    reading = read_yaml({"other.yml": "models: [broken\n", **LEGACY}, relation_of=relation_of)

    assert reading.manifest.metric_names() == shop().metric_names()


def test_yaml_files_of_a_folder_are_read_but_for_hidden_ones(tmp_path):
    for name in ("b.yml", "deep/a.yaml", ".git/c.yml", "d.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("metrics: []\n")

    assert list(yaml_texts(tmp_path)) == [str(tmp_path / "b.yml"), str(tmp_path / "deep/a.yaml")]
    with pytest.raises(SettingsError, match="the folder does not exist"):
        yaml_texts(tmp_path / "nowhere")


DOCUMENTS = [
    yaml.safe_load(text)
    for text in (LEGACY["models/semantic.yml"], LEGACY["models/metrics.yml"], *NEWER.values())
]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *places(item, (*path, key)))]


@given(st.sampled_from(DOCUMENTS), st.data())
def test_whatever_stands_where_something_else_belongs_is_said_and_never_a_traceback(document: Any, data: Any):
    broken = copy.deepcopy(document)
    *above, last = data.draw(st.sampled_from(places(document)))
    parent = broken
    for key in above:
        parent = parent[key]
    parent[last] = data.draw(JUNK)

    reading = read_yaml({"m.yml": yaml.safe_dump(broken)}, relation_of=relation_of)

    for finding in reading.findings:
        assert finding.message
        assert finding.where.startswith(("m.yml", "the semantic layer"))


def _of_metricflow() -> list[Any]:
    """The folders of manifests that MetricFlow ships for its own tests, with names for their parameters."""
    helpers = importlib.util.find_spec("metricflow_semantics.test_helpers")
    root = (
        Path((helpers.submodule_search_locations or [""])[0]) / "semantic_manifest_yamls" if helpers else None
    )
    folders = [folder for folder in sorted(root.iterdir()) if any(folder.rglob("*.yaml"))] if root else []
    slow = {"simple_manifest"}
    return [
        pytest.param(folder, id=folder.name, marks=[pytest.mark.long] if folder.name in slow else [])
        for folder in folders
    ]


def _plain(value: Any) -> Any:
    """A manifest without where it was written, and without what the reader of `create_metric` sets itself."""
    if isinstance(value, dict):
        left_out = ("metadata", "input_measures", "create_metric", "label")
        return {key: _plain(item) for key, item in value.items() if key not in left_out}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("folder", _of_metricflow())
def test_metricflows_own_manifests_are_read_as_metricflow_reads_them(folder: Path):
    from metricflow_semantic_interfaces.parsing.dir_to_model import parse_yaml_file_paths_to_semantic_manifest

    files = yaml_texts(folder)
    if not any("project_configuration" in text for text in files.values()):
        files |= yaml_texts(folder.parent / "shared")
    names = {"source_schema": "demo"}

    ours = read_yaml(files, relation_of=relation_of, placeholders=names)
    theirs = parse_yaml_file_paths_to_semantic_manifest(list(files), names).semantic_manifest

    assert ours.findings == ()
    found, expected = (json.loads(item.json()) for item in (transformed(ours.manifest), theirs))
    for metric in (*found["metrics"], *expected["metrics"]):
        # A numerator that is the denominator's metric has a name of its own here.
        (metric["type_params"].get("numerator") or {}).pop("alias", None)
    for key in ("semantic_models", "metrics", "saved_queries"):
        assert _by_name(found[key]) == _by_name(expected[key])


def _by_name(items: list[Any]) -> dict[str, Any]:
    return {item["name"]: _plain(item) for item in items}


def test_names_with_capitals_are_the_same_in_a_model_and_in_its_metrics():
    text = """
models:
  - name: Orders
    semantic_model: true
    agg_time_dimension: orderedOn
    columns:
      - {name: order_id, entity: {name: order, type: primary}}
      - {name: orderedOn, granularity: day, dimension: {type: time}}
    metrics: [{name: orders, type: simple, agg: sum, expr: 1}]
"""
    files = {"a.yml": text, "spine.yml": LEGACY["models/spine.yml"]}
    manifest = read_yaml(files, relation_of=lambda name: SemanticRelation("shop", name.lower())).manifest

    compiled = compile_query(manifest, metrics=["orders"], group_by=["metric_time"])

    assert [column.name for column in compiled.columns] == ["metric_time__day", "orders"]
