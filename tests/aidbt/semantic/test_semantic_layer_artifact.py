"""dbt's semantic_manifest.json read, of every dbt that is supported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aidbt.core.errors import ArtifactError, UnknownName
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.layer.manifest import read_artifact
from tests.aidbt.semantic.semantic_shop import FORMS, MODELS, answer, shop
from tests.dbt_venvs import VenvMissing, dbt_venv


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "semantic_manifest.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_survives_its_artifact(tmp_path, form):
    found = read_artifact(written(tmp_path, shop(form).document))

    assert found == shop(form)
    assert found.fingerprint == shop(form).fingerprint


def test_a_missing_artifact_says_who_writes_it(tmp_path):
    with pytest.raises(ArtifactError, match=r"does not exist\nhint: run `dbt parse`"):
        read_artifact(tmp_path / "semantic_manifest.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nodes": {}}', "[" * 100_000, "nope"])
def test_what_is_no_artifact_is_refused(tmp_path, text):
    with pytest.raises(ArtifactError):
        read_artifact(written(tmp_path, text))


def test_an_entry_of_a_form_not_known_is_named(tmp_path):
    document = json.loads(shop().document)
    document["metrics"][0]["type"] = "clairvoyant"

    with pytest.raises(ArtifactError, match="metric 'revenue': 'type' is 'clairvoyant', which is unknown"):
        read_artifact(written(tmp_path, json.dumps(document)))


def test_a_name_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(
        UnknownName, match=r"no semantic model is called 'order'\nhint: did you mean 'orders'"
    ):
        shop().semantic_model("order")
    with pytest.raises(UnknownName, match="no saved query is called"):
        shop().saved_query("by_teir")
    with pytest.raises(UnknownName, match="no dimension of 'orders' is called"):
        shop().semantic_model("orders").dimension("is_gifted")
    with pytest.raises(UnknownName, match="no measure is called"):
        shop().measure("revenues")


@pytest.mark.long
@pytest.mark.parametrize(
    ("version", "form"), [("1.10", "legacy"), ("1.11", "legacy"), ("1.12", "legacy"), ("1.12", "newer")]
)
def test_a_project_reads_the_same_with_and_without_dbts_parse(tmp_path, version, form):
    parsed = _parsed_by_dbt(tmp_path, version, form)

    read = shop(form)
    assert set(parsed.metric_names()) == set(read.metric_names())
    for name in read.metric_names():
        # dbt 1.12 loses `fill_nulls_with` of the newer form.
        if (version, form, name) != ("1.12", "newer", "gift_revenue"):
            assert [item.measure for item in parsed.measures_of(name)] == [
                item.measure for item in read.measures_of(name)
            ]
            assert parsed.metric(name).inputs == read.metric(name).inputs
            assert parsed.metric(name).window == read.metric(name).window
    for model in read.semantic_models:
        twin = parsed.semantic_model(model.name)
        assert (twin.entities, twin.dimensions) == (model.entities, model.dimensions)
        assert twin.relation.rendered == f'"shop"."shop"."{model.name}"'
    assert parsed.saved_queries == read.saved_queries


@pytest.mark.long
def test_a_manifest_of_dbts_own_answers_as_that_of_the_yaml(tmp_path):
    parsed = _parsed_by_dbt(tmp_path, "1.11", "legacy")
    # The catalog is the parse's database; the rows stand in memory.
    here = json.loads(parsed.document.replace('\\"shop\\".\\"shop\\"', "shop"))
    local = read_artifact(written(tmp_path, json.dumps(here)))

    for metric in ("revenue", "gift_share", "on_hand"):
        assert answer(local, [metric]) == answer(shop(), [metric])


def _parsed_by_dbt(folder: Path, version: str, form: str) -> SemanticManifest:
    """The shop as dbt's parse writes it."""
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (folder / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: shop}\n"
    )
    for path, text in FORMS[form].items():
        (folder / path).write_text(text)
    for model in MODELS:
        (folder / "models" / f"{model}.sql").write_text("select 1 as x\n")
    try:
        dbt_venv(version).run("dbt", "parse", "--project-dir", str(folder), "--profiles-dir", str(folder))
    except VenvMissing as error:
        pytest.skip(str(error))
    return read_artifact(folder / "target" / "semantic_manifest.json")
