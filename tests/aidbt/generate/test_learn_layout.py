"""Paths and names are generalised from where staging models stand and what they are called."""

from __future__ import annotations

import pytest

from aidbt.core.config import GenerateSettings
from aidbt.generate.adoption.layout import PlacedModel, learn_layout, schema_prefixes
from aidbt.generate.naming import Layout

SOURCES = ("stripe", "web_shop")
TABLES = ("orders", "customers", "visits")


def placed(name: str, path: str, properties: str) -> list[PlacedModel]:
    found = []
    for source in SOURCES:
        for table in TABLES:
            parts = {"source": source, "table": table, "entity": table[:-1]}
            model = name.format(**parts)
            where = path.format(**parts, model=model)
            found.append(PlacedModel(model, source, table, where, properties.format(**parts, model=model)))
    return found


@pytest.mark.parametrize(
    ("name", "path", "properties", "sources"),
    [
        (
            "stg_{source}__{table}",
            "models/staging/{source}/{model}.sql",
            "models/staging/{source}/_{source}__models.yml",
            "models/staging/{source}/_{source}__sources.yml",
        ),
        (
            "base_{source}_{entity}",
            "models/base/{model}.sql",
            "models/base/schema.yml",
            "models/sources/{source}.yml",
        ),
        (
            "{source}_{table}_source",
            "models/raw/{source}/{model}.sql",
            "models/raw/{source}/{model}.yml",
            "models/raw/sources.yml",
        ),
        (
            "stg_{table}",
            "models/{source}/stg/{model}.sql",
            "models/{source}/stg/models.yml",
            "models/{source}/src_{source}.yml",
        ),
    ],
)
def test_the_patterns_of_a_team_are_found(name, path, properties, sources):
    files = {source: sources.format(source=source) for source in SOURCES}

    learned = learn_layout(placed(name, path, properties), files)

    assert learned.settings == {
        "model_name": name,
        "model_file": path,
        "models_file": properties,
        "sources_file": sources,
    }
    assert not learned.odd


def test_a_model_at_another_place_is_odd_and_does_not_count():
    models = placed("stg_{source}__{table}", "models/staging/{source}/{model}.sql", "")
    lost = PlacedModel("stg_stripe__refunds", "stripe", "refunds", "models/misc/stg_stripe__refunds.sql")

    learned = learn_layout([*models, lost], {})

    assert learned.settings["model_file"] == "models/staging/{source}/{model}.sql"
    assert learned.agree["model_file"] == (6, 7)
    assert learned.odd == ("models/misc/stg_stripe__refunds.sql",)


def test_what_raw_tables_start_with_and_models_do_not_is_found():
    models = [
        PlacedModel(f"stg_{table}", "ecom", f"raw_{table}", f"models/staging/stg_{table}.sql")
        for table in TABLES
    ]

    learned = learn_layout(models, {})

    assert learned.table_prefixes == ("raw_",)
    assert learned.settings["model_name"] == "stg_{table}"


def test_without_agreement_there_is_no_pattern():
    models = [
        PlacedModel("a", "s", "x", "models/one/a.sql"),
        PlacedModel("b", "t", "y", "models/two/b.sql"),
        PlacedModel("c", "u", "z", "models/three/c.sql"),
    ]

    assert learn_layout(models, {}).settings == {}
    assert learn_layout([], {}).settings == {}


def test_the_prefix_of_schemas_is_what_sources_names_leave_out():
    schemas = [("stripe", "fivetran_stripe"), ("zendesk", "FIVETRAN_ZENDESK"), ("crm", "crm")]

    assert schema_prefixes(schemas) == ["fivetran_"]


def test_models_in_capitals_are_named_in_capitals():
    models = [
        PlacedModel(f"STG_TBL_{number}", "raw", f"tbl_{number}", f"models/STAGING/STG_TBL_{number}.sql")
        for number in range(4)
    ]

    learned = learn_layout(models, {})

    assert learned.settings["model_name"] == "STG_{table}"
    assert learned.settings["model_file"] == "models/STAGING/{model}.sql"
    assert learned.table_prefixes == ()
    layout = Layout(GenerateSettings.model_validate(learned.settings))
    assert layout.model_name("raw", "tbl_9") == "STG_TBL_9"


@pytest.mark.parametrize("pattern", ["Stg_{table}", "stg_{source}_X_{table}", "STG-{table}"])
def test_a_name_in_mixed_case_is_no_pattern(pattern):
    with pytest.raises(ValueError, match="capitals instead"):
        GenerateSettings(model_name=pattern)
