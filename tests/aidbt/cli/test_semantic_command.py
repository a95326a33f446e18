"""`aidbt semantic`: what it lists, what it finds wrong, and drafts on a project that dbt built."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import AidbtError, DbtError, UnknownName, UsageError
from aidbt.project import compiled
from aidbt.semantic.layer import parsed_layer
from tests.aidbt.cli.asked_shop import FILES, PROPERTIES
from tests.aidbt.semantic.semantic_shop import FORMS, LEGACY, MODELS
from tests.dbt_shop import DBT, Shop, new_shop


def shop(root: Path, files: dict[str, str]) -> Shop:
    """A project with the models of the semantic shop and some files beside them."""
    models = {f"models/{name}.sql": "select 1 as id\n" for name in MODELS}
    return new_shop(root, {**models, **files})


def semantic(project: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(project.root), "--profiles-dir", str(project.root)]
    return CliRunner().invoke(cli, ["semantic", *arguments, *where])


def answer(project: Shop, *arguments: str) -> Any:
    return json.loads(semantic(project, *arguments, "--output", "json").stdout)


@pytest.mark.parametrize("form", FORMS)
def test_metrics_are_listed_with_what_they_are_over(form: str, tmp_path: Path) -> None:
    project = shop(tmp_path, FORMS[form])
    text = semantic(project, "list").stdout

    assert "13 metrics over 6 semantic models" in text
    assert "visits_to_orders  conversion  visits, orders  Conversion" in text
    labels = {metric["name"]: metric["label"] for metric in answer(project, "list")["metrics"]}
    assert labels["gift_revenue"] == "Revenue of gifts"


def test_names_alone_are_one_a_line(tmp_path: Path) -> None:
    names = semantic(shop(tmp_path, LEGACY), "list", "--metrics").stdout.split()

    assert names[:2] == ["revenue", "gift_revenue"]
    assert len(names) == 13


def test_the_dimensions_of_metrics_are_those_that_all_of_them_have(tmp_path: Path) -> None:
    project = shop(tmp_path, LEGACY)
    names = [
        {item["name"] for item in answer(project, "list", *wanted)["items"]}
        for wanted in (
            ("--dimensions-of", "revenue"),
            ("--dimensions-of", "revenue", "--dimensions-of", "visits"),
        )
    ]

    assert "order__is_gift" in names[0] - names[1]
    assert {"metric_time", "customer__tier"} <= names[1]


def test_a_metric_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    found = semantic(shop(tmp_path, LEGACY), "list", "--dimensions-of", "revenu")

    assert isinstance(found.exception, UnknownName)
    assert found.exception.hint == "did you mean 'revenue'?"


def test_names_and_dimensions_exclude_each_other(tmp_path: Path) -> None:
    found = semantic(shop(tmp_path, LEGACY), "list", "--metrics", "--dimensions-of", "revenue")

    assert isinstance(found.exception, UsageError)


def test_a_project_without_metrics_is_told_what_to_do(tmp_path: Path) -> None:
    listed, checked = (semantic(shop(tmp_path, {}), command) for command in ("list", "check"))

    assert (listed.exit_code, listed.stdout) == (0, "no metrics\nnext: aidbt semantic draft\n")
    assert (checked.exit_code, checked.stdout.splitlines()) == (
        0,
        [
            "nothing to check: the project has no semantic models and no metrics",
            "next: aidbt semantic draft",
        ],
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_semantic_layer_without_errors_passes(form: str, tmp_path: Path) -> None:
    project = shop(tmp_path, FORMS[form])
    result = semantic(project, "check")

    assert (result.exit_code, result.stdout) == (
        0,
        "found 13 metrics over 6 semantic models: nothing wrong\n",
    )


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        (
            "type_params: {measure: buyers}",
            "type_params: {measure: buyer}",
            "models/metrics.yml:10",
            "metric 'buyers': no measure is called 'buyer'; did you mean 'buyers'?",
        ),
        (
            "numerator: {name: gift_revenue}",
            "numerator: {name: gift_revenu}",
            "models/metrics.yml:14",
            "no metric is called 'gift_revenu'",
        ),
        (
            "agg_time_dimension: counted_on",
            "agg_time_dimension: counted",
            "models/semantic.yml:49",
            "no time dimension is called 'counted'; did you mean 'counted_on'?",
        ),
        (
            "metrics: [revenue, orders]",
            "metrics: [revenue, order]",
            "models/metrics.yml:40",
            "saved query 'by_tier': no metric is called 'order'",
        ),
        (
            "Dimension('order__is_gift')",
            "Dimension('order__is_gft')",
            "models/metrics.yml:4",
            "did you mean 'order__is_gift'?",
        ),
        (
            "model: ref('visits')",
            "model: ref('visit')",
            "models/semantic.yml:41",
            "there is no model 'visit'",
        ),
        (
            "agg_params: {percentile: 0.5}",
            "description: half",
            "models/semantic.yml:3",
            "requires agg_params.percentile",
        ),
    ],
)
def test_an_error_is_found_with_its_file_and_line(
    old: str, new: str, where: str, message: str, tmp_path: Path
) -> None:
    files = {path: text.replace(old, new) for path, text in LEGACY.items()}
    assert files != LEGACY
    result = semantic(shop(tmp_path, files), "check", "--output", "json")
    errors = [item for item in json.loads(result.stdout)["findings"] if item["severity"] == "error"]

    assert result.exit_code == 1
    assert any(item["where"] == where and message in item["message"] for item in errors), errors


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    found = semantic(shop(tmp_path, {"models/bad.yml": "metrics:\n  - name: [\n"}), "check")

    assert isinstance(found.exception, AidbtError)
    assert "models/bad.yml" in str(found.exception)


def test_a_layer_with_errors_is_not_listed(tmp_path: Path) -> None:
    files = {path: text.replace("measure: buyers}", "measure: buyer}") for path, text in LEGACY.items()}
    found = semantic(shop(tmp_path, files), "list")

    assert "models/metrics.yml:10" in str(found.exception)


WITHOUT_SPINE = {
    path: text.replace("time_spine:", "# time_spine:").replace("granularity: day}]", "}]")
    for path, text in LEGACY.items()
}


def without_dbt(monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    """In place of dbt one that cannot parse the project."""

    def refuse(*_: object, **__: object) -> None:
        raise DbtError(says, hint="mend that first")

    for module in (compiled, parsed_layer):
        monkeypatch.setattr(module, "compiled_project", refuse)


DBT_WANTS_A_SPINE = "dbt cannot compile the project: The semantic layer requires a time spine model with …"


def test_a_missing_time_spine_is_said_with_the_command_that_writes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path, WITHOUT_SPINE)
    without_dbt(monkeypatch, DBT_WANTS_A_SPINE)
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]

    (error,) = answer(project, "check")["findings"]
    asked = CliRunner().invoke(cli, ["query", "--metrics", "revenue", *where]).exception

    assert (error["code"], error["where"]) == ("semantic.no_time_spine", "models/semantic.yml:3")
    assert isinstance(asked, DbtError)
    assert all("'aidbt semantic draft' writes one" in said for said in (error["message"], asked.message))


def test_a_time_spine_is_drafted_from_files_where_dbt_cannot_parse_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path, WITHOUT_SPINE)
    without_dbt(monkeypatch, DBT_WANTS_A_SPINE)

    shown = semantic(project, "draft", "--dry-run").stdout
    assert "date_spine('day'" in shown
    assert not list(tmp_path.rglob("metricflow_time_spine*"))

    drafted = semantic(project, "draft")
    assert drafted.exit_code == 0, drafted.exception
    assert drafted.stdout.splitlines() == [
        "drafted the time spine; dbt parses no semantic models without one",
        "wrote models/metricflow_time_spine.sql (new)",
        "wrote models/metricflow_time_spine.yml (new)",
        "next: see that the time spine begins before your data, then aidbt build and aidbt semantic check",
    ]
    assert semantic(project, "check").exit_code == 0


def test_a_time_spine_that_was_taken_out_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path, WITHOUT_SPINE)
    without_dbt(monkeypatch, DBT_WANTS_A_SPINE)
    semantic(project, "draft")
    for path in tmp_path.rglob("metricflow_time_spine*"):
        path.unlink()

    assert "metricflow_time_spine.sql (new)" in semantic(project, "draft").stdout


def test_a_mistake_elsewhere_in_the_layer_keeps_no_time_spine_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {
        path: text.replace("measure: buyers}", "measure: buyer}") for path, text in WITHOUT_SPINE.items()
    }
    project = shop(tmp_path, broken)
    without_dbt(monkeypatch, DBT_WANTS_A_SPINE)

    assert semantic(project, "draft").exit_code == 0
    assert "models/metrics.yml:10" in semantic(project, "check").stdout


def test_what_is_wrong_with_the_layer_is_said_with_file_and_line_by_whoever_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(
        tmp_path, {path: text.replace("measure: buyers}", "measure: buyer}") for path, text in LEGACY.items()}
    )
    without_dbt(monkeypatch, "dbt cannot compile the project: a measure does not exist")
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]

    asked = CliRunner().invoke(cli, ["query", "--metrics", "revenue", *where]).exception
    drafted = semantic(project, "draft").exception

    for error in (asked, drafted):
        assert "models/metrics.yml:10: metric 'buyers': no measure is called 'buyer'" in str(error)


def test_what_dbt_says_of_a_project_with_a_time_spine_is_not_explained_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop(tmp_path, LEGACY)
    without_dbt(monkeypatch, "dbt cannot compile the project: the time spine model is ambiguous")

    error = semantic(project, "draft").exception

    assert isinstance(error, DbtError)
    assert "the time spine model is ambiguous" in error.message


BUILT = {
    "models/fct_orders.sql": """\
select
    i as order_id,
    i % 5 as customer_id,
    timestamp '2024-01-01' + interval (i) hour as ordered_at,
    i * 1.5 as amount,
    i % 2 = 0 as is_gift
from range(60) as t(i)
""",
    "models/dim_customers.sql": """\
select
    i as customer_id,
    case when i < 2 then 'gold' else 'basic' end as tier
from range(5) as t(i)
""",
    "models/models.yml": """\
models:
  - name: fct_orders
    columns:
      - name: order_id
        data_tests: [unique]
""",
}


@pytest.mark.long
def test_a_project_that_dbt_built_is_drafted_and_dbt_builds_the_drafts(tmp_path: Path) -> None:
    project = new_shop(tmp_path, BUILT)
    dbt = [DBT, "build", "--quiet", "--project-dir", tmp_path, "--profiles-dir", tmp_path]
    subprocess.run(dbt, check=True, timeout=300)

    shown = semantic(project, "draft", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "+  - name: total_amount" in shown.stdout
    assert semantic(project, "draft", "--check").exit_code == 1
    assert not (tmp_path / "models/semantic_models").exists()

    drafted = semantic(project, "draft")
    assert drafted.exit_code == 0, drafted.output
    assert "wrote models/semantic_models/sem_fct_orders.yml (new)" in drafted.stdout
    subprocess.run(dbt, check=True, timeout=300)
    assert semantic(project, "check").exit_code == 0
    assert semantic(project, "draft", "--check").exit_code == 0
    assert "customer__tier" in semantic(project, "list", "--dimensions-of", "total_amount").stdout
    document = json.loads((tmp_path / "target/semantic_manifest.json").read_text())
    assert {"total_amount", "gift_order_share"} <= {metric["name"] for metric in document["metrics"]}

    (tmp_path / "models/semantic_models/sem_fct_orders.yml").unlink()
    again = semantic(project, "draft").stdout
    assert again.startswith("nothing to write: ")
    assert "sem_fct_orders.yml was changed or removed by you" in again
    assert "next" not in again


@pytest.mark.long
def test_a_project_that_dbt_cannot_parse_for_want_of_a_time_spine_is_made_whole(tmp_path: Path) -> None:
    asked = {path: text for path, text in FILES.items() if "days" not in path}
    properties, _, semantic_models = PROPERTIES.partition("  - name: days")
    asked["models/schema.yml"] = properties + semantic_models[semantic_models.index("semantic_models:") :]
    project = new_shop(tmp_path, asked)
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
    metric = ["query", "--metrics", "turnover", *where]

    assert "'aidbt semantic draft' writes one" in str(CliRunner().invoke(cli, metric).exception)
    assert semantic(project, "draft").exit_code == 0
    subprocess.run([DBT, "build", "--quiet", *where], check=True, timeout=300)
    assert CliRunner().invoke(cli, metric).exit_code == 0
