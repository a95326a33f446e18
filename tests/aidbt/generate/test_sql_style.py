"""A team's SQL style: learned from its models, kept in aidbt.yml, and written in."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.errors import SettingsError
from aidbt.generate.sql_style import (
    Heading,
    SqlStyle,
    apply_sqlfluff,
    column_group,
    from_settings,
    learn_sql_style,
    settings_yaml,
    style_findings,
    write_staging,
)
from aidbt.lineage.written.staging import StagingModel, read_staging_model

CASES = Path(__file__).parents[2] / "golden" / "staging_read"
STYLES = sorted(path.name for path in CASES.iterdir() if path.name != "not_plain")

BATCH = """_aidbt_batch_id = (
    select max(loads._aidbt_batch_id)
    from {{ source('ops', '_aidbt_loads') }} as loads
    where loads.table_name = 'FlightLegs'
)"""
LEGS = [
    ("id", "leg_id"),
    ("plane", "plane_id"),
    ("carrier", "carrier"),
    ("cast(delay as decimal(18, 2))", "delay_minutes"),
    ("case\n    when state = 1 then 'flown'\n    else lower(note)\nend", "leg_state"),
    ("cast(cancelled as boolean)", "is_cancelled"),
    ('"order"', "position"),
    ("{{ to_utc('departed') }}", "departed_at"),
]


def dialect_of(case: str) -> str:
    return (CASES / case / "dialect.txt").read_text().strip()


def read(text: str, path: str = "models/staging/x.sql", dialect: str = "duckdb") -> StagingModel:
    model = read_staging_model(text, path=path, dialect=dialect)
    assert isinstance(model, StagingModel), model
    return model


def models_of(case: str) -> list[StagingModel]:
    paths = sorted(path for path in (CASES / case).glob("*.sql") if path.name != "written.sql")
    return [read(path.read_text(), f"models/staging/{path.name}", dialect_of(case)) for path in paths]


@functools.cache
def style_of(case: str) -> SqlStyle:
    style = learn_sql_style(models_of(case))
    assert style is not None
    return style


def grouped(columns: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    return [(value, alias, column_group(alias)) for value, alias in columns]


def legs(style: SqlStyle, dialect: str = "duckdb", where: str | None = BATCH) -> str:
    return write_staging(
        style, source="ops", table="FlightLegs", columns=grouped(LEGS), where=where, dialect=dialect
    )


def selecting(columns: str, *, table: str = "t", tail: str = "") -> str:
    return f"select\n{columns}\nfrom {{{{ source('s', '{table}') }}}}{tail}\n"


# --- learning and writing ---


@pytest.mark.parametrize("case", STYLES)
def test_the_style_and_a_model_in_it_are_as_they_were_reviewed(case: str, update_golden: bool):
    style = style_of(case)
    written = legs(style, dialect_of(case))
    settings = settings_yaml(style)
    if update_golden:
        (CASES / case / "written.sql").write_text(written)
        (CASES / case / "style.yml").write_text(settings)

    assert written == (CASES / case / "written.sql").read_text()
    assert settings == (CASES / case / "style.yml").read_text()


@pytest.mark.parametrize("case", STYLES)
def test_a_written_model_reads_back_as_what_was_decided(case: str):
    model = read(legs(style_of(case), dialect_of(case)), dialect=dialect_of(case))

    assert str(model.source) == "ops.FlightLegs"
    assert [rule.kind for rule in model.rules] == ["filter"]
    found = {c.name: (c.kind, [s.name for s in c.sources]) for c in model.columns}
    jinja = found.pop("departed_at")
    assert found == {
        "leg_id": ("direct", ["id"]),
        "plane_id": ("direct", ["plane"]),
        "carrier": ("direct", ["carrier"]),
        "delay_minutes": ("cast", ["delay"]),
        "leg_state": ("expression", ["state", "note"]),
        "is_cancelled": ("cast", ["cancelled"]),
        "position": (("constant", []) if dialect_of(case) == "bigquery" else ("direct", ["order"])),
    }
    # Where the first CTE lists columns, a macro's column may be one of them or not.
    assert jinja[0] in ("expression", "unknown")


@pytest.mark.parametrize("case", STYLES)
def test_models_in_a_style_teach_that_style(case: str):
    style, dialect = style_of(case), dialect_of(case)
    tables = ["Orders", "people", "page_views"]
    columns = grouped([(value, alias) for value, alias in LEGS if "{{" not in value])
    texts = [
        write_staging(style, source="shop", table=table, columns=columns, dialect=dialect) for table in tables
    ]

    again = learn_sql_style(
        [read(text, f"models/stg_{table}.sql", dialect) for table, text in zip(tables, texts, strict=True)]
    )

    assert again is not None
    assert again.skeleton == style.skeleton
    for fact in ("commas", "keywords", "casts", "line_indent", "align_as", "alias_always", "qualifier"):
        assert getattr(again, fact) == getattr(style, fact)


SQLFLUFF = """[sqlfluff]
dialect = {dialect}
templater = jinja
max_line_length = 120
exclude_rules = structure.column_order, references.keywords, references.quoting
[sqlfluff:indentation]
tab_space_size = {indent}
[sqlfluff:layout:type:comma]
line_position = {commas}
[sqlfluff:templater:jinja]
apply_dbt_builtins = true
[sqlfluff:templater:jinja:macros]
to_utc = {{% macro to_utc(c) %}}{{{{ c }}}}{{% endmacro %}}
"""


@pytest.mark.parametrize("case", ["dbt_labs", "leading_commas", "listed_first", "bigquery"])
def test_what_is_written_passes_sqlfluff_where_the_teams_models_do(case: str):
    from sqlfluff.core import FluffConfig, Linter

    style, dialect = style_of(case), dialect_of(case)
    indent = 2 if case == "bigquery" else 4
    config = SQLFLUFF.format(dialect=dialect, indent=indent, commas=style.commas)
    linter = Linter(config=FluffConfig.from_string(config))
    text = legs(style, dialect).replace('"order"', "place")

    assert [str(v) for v in linter.lint_string(text).get_violations()] == []


def test_what_is_special_to_one_model_never_comes_along():
    style = style_of("table_ctes")

    assert "email_rank" not in style.skeleton  # a filter of the first model
    assert "tags=['crm']" in style.skeleton  # the config that all of them have
    assert "one row per shop" not in style_of("dbt_labs").skeleton
    assert "partition_by" not in style_of("bigquery").skeleton


def test_names_of_ctes_follow_the_table():
    text = legs(style_of("table_ctes"))

    assert "with flight_legs as (" in text
    assert ", flight_legs_renamed as (" in text
    assert "flight_legs.delay::decimal(18, 2) as delay_minutes" in text


def test_ctes_named_after_the_entity_follow_the_table_too():
    def text(table: str, cte: str) -> str:
        return (
            f"-- depends_on: {{{{ ref('other') }}}}\nwith {cte} as (\n    select * from "
            f"{{{{ source('s', '{table}') }}}}\n)\n\nselect\n    {cte}.a as b\nfrom {cte}\n"
            f"where x in (select y from {{{{ ref('{table}_ids') }}}})\n"
        )

    names = [("raw_orders", "orders"), ("raw_people", "person"), ("RAW_VISITS", "visit")]
    paths = ["stg_orders.sql", "stg_shop__person.sql", "stg_visits.sql"]
    models = [read(text(*pair), path) for pair, path in zip(names, paths, strict=True)]

    style = learn_sql_style(models)

    assert style is not None
    assert style.skeleton == (
        "-- depends_on: {{ ref('other') }}\nwith <table> as (\n    select * from "
        "{{ source('<source>', '<table>') }}\n)\n\nselect\n    <columns>\nfrom <table>\n"
    )
    assert style.qualifier == "<table>"


def test_a_comment_that_nearly_all_models_have_stays():
    texts = [f"-- owned by the data team\n\n{selecting('    a as b', table=t)}" for t in "abcd"]
    texts.append("-- only this one\n" + selecting("    a as b"))

    style = learn_sql_style([read(text) for text in texts])

    assert style is not None
    assert style.skeleton.startswith("-- owned by the data team\n\nselect\n    <columns>\nfrom")


def test_windows_line_ends_are_learned_as_what_they_are():
    style = learn_sql_style([read(selecting("    a as b,\n    c").replace("\n", "\r\n")) for _ in range(3)])

    assert style is not None
    assert "\r" not in style.skeleton
    assert style.line_indent == "    "


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("select a as b,\n       c\n", "select id as x,\n       y\n"),
        ("select\n      a as b\n    , c\n", "select\n      id as x\n    , y\n"),
        ("select\n    a as b\n    ,c\n", "select\n    id as x\n    ,y\n"),
        ("select\n\ta b,\n\tc,\n", "select\n\tid x,\n\ty,\n"),
        ("select\n    a as b,\n    c as c\n", "select\n    id as x,\n    y as y\n"),
    ],
)
def test_the_list_is_laid_out_as_the_team_lays_it_out(listed: str, expected: str):
    style = learn_sql_style([read(f"{listed}from {{{{ source('s', 't') }}}}\n") for _ in range(2)])

    assert style is not None
    columns = [("id", "x", "ids"), ("y", "y", "strings")]
    assert (
        write_staging(style, source="a", table="b", columns=columns, dialect="duckdb")
        == expected + "from {{ source('a', 'b') }}\n"
    )


@pytest.mark.parametrize(
    ("skeleton", "expected"),
    [
        ("select * from {{ S }}\n)", "select * from {{ S }}\nwhere x = (\n    select 1\n)\n)"),
        ("  from {{ S }} as t\n)", "  from {{ S }} as t\n  where x = (\n    select 1\n  )\n)"),
        ("FROM {{ S }} t\n", "FROM {{ S }} t\nWHERE x = (\n  select 1\n)\n"),
        (
            "with a as (select * from {{ S }}),\n",
            "with a as (select * from {{ S }} where x = ( select 1 )),\n",
        ),
        ("from\n    {{ S }}\n", "from\n    {{ S }}\nwhere\n    x = (\n        select 1\n    )\n"),
    ],
)
def test_a_condition_is_laid_out_like_the_from_it_follows(skeleton: str, expected: str):
    call = "source('<source>', '<table>')"
    style = SqlStyle(
        "<columns>\n" + skeleton.replace("S", call), line_indent="  " if "  f" in skeleton else ""
    )
    style = replace(style, line_indent="  ") if "FROM" in skeleton else style

    text = write_staging(
        style,
        source="a",
        table="b",
        columns=[("c", "c", "")],
        where="x = (\n    select 1\n)",
        dialect="duckdb",
    )

    assert text.partition("\n")[2] == expected.replace("S }}", "source('a', 'b') }}")


# --- groups ---

GROUPED = """        -- IDs
        {0} as {0}_id,

        -- Dates & times
        cast(created as timestamp) as created_at"""


def test_columns_are_grouped_under_the_teams_headings_and_new_ones_in_their_form():
    style = learn_sql_style([read(selecting(GROUPED.format(name))) for name in ("a", "b", "c")])

    assert style is not None
    assert style.headings == (Heading("ids", "-- IDs"), Heading("timestamps", "-- Dates & times"))
    columns = [
        ("price", "price", "numerics"),
        ("at", "paid_at", "timestamps"),
        ("id", "payment_id", "ids"),
        ("day", "due_date", "dates"),
    ]
    assert write_staging(style, source="s", table="t", columns=columns, dialect="duckdb") == selecting(
        "        -- IDs\n        id as payment_id,\n\n        -- Dates & times\n        at as paid_at,\n"
        "        day as due_date,\n\n        -- numerics\n        price"
    )


def test_a_group_that_one_model_has_keeps_its_place_between_those_of_all():
    with_prices = GROUPED.replace(
        "        -- Dates", "        -- Numbers\n        price,\n\n        -- Dates"
    )

    style = learn_sql_style([read(selecting(text.format("a"))) for text in (GROUPED, GROUPED, with_prices)])

    assert style is not None
    assert [heading.group for heading in style.headings] == ["ids", "numerics", "timestamps"]


def test_a_comment_on_one_column_is_no_heading():
    texts = [
        selecting(f"    -- the {name}, as the shop counts it\n    {name} as b,\n    c") for name in "abc"
    ]

    style = learn_sql_style([read(text) for text in texts])

    assert style is not None
    assert style.headings == ()


@pytest.mark.parametrize(
    ("name", "data_type", "group"),
    [
        ("id", "bigint", "ids"),
        ("order_key", "varchar", "ids"),
        ("paid", "boolean", "booleans"),
        ("has_dog", "", "booleans"),
        ("due_date", "", "dates"),
        ("day", "date", "dates"),
        ("seen", "timestamptz", "timestamps"),
        ("paid_at", "", "timestamps"),
        ("_loaded_at", "timestamp", "metadata"),
        ('"_fivetran_synced"', "", "metadata"),
        ("amount", "numeric(18, 2)", "numerics"),
        ("name", "varchar", "strings"),
    ],
)
def test_the_group_of_a_column(name: str, data_type: str, group: str):
    assert column_group(name, data_type) == group


# --- agreement ---


def test_the_majority_wins_and_the_odd_ones_are_named():
    trailing = [read(selecting("    a as b,\n    c"), f"models/shop/stg_{n}.sql") for n in range(9)]
    leading = [read(selecting("    a as b\n    , c"), f"models/crm/stg_lead_{n}.sql") for n in range(8)]

    style = learn_sql_style([*trailing, *leading])

    assert style is not None
    commas = next(fact for fact in style.evidence if fact.fact == "commas")
    assert (commas.value, commas.agree, commas.total) == ("trailing", 9, 17)
    assert commas.is_contested
    assert len(commas.odd) == 8 and commas.odd[0] == "stg_lead_0"
    assert commas.folders == (("models/crm", "leading"),)
    messages = [(f.code, f.message) for f in style_findings(style)]
    assert ("style.contested", "commas: 9 trailing, 8 leading; taken: trailing") in messages
    assert (
        "style.folder_differs",
        "commas: models in models/crm have leading, most others trailing",
    ) in messages


def test_one_odd_model_is_evidence_and_no_finding():
    models = [read(selecting("    a as b,\n    c"), f"models/stg_{n}.sql") for n in range(9)]
    models.append(read(selecting("    a as b\n    , c"), "models/stg_odd.sql"))

    style = learn_sql_style(models)

    assert style is not None
    assert next(fact for fact in style.evidence if fact.fact == "commas").odd == ("stg_odd",)
    assert style_findings(style) == []


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [selecting("    a as b")],
        ["select * from {{ source('s', 't') }}"] * 5,
        ["select a as b from x join y using (id)"] * 3,
        [selecting("    a as b"), "with s as (select * from {{ source('s', 't') }})\nselect a as b from s"],
    ],
)
def test_without_two_models_of_one_kind_there_is_no_style(texts: list[str]):
    assert learn_sql_style([read(text) for text in texts]) is None


# --- aidbt.yml ---


@pytest.mark.parametrize("case", STYLES)
def test_a_style_survives_aidbt_yml(case: str):
    style = style_of(case)

    assert from_settings(yaml.safe_load(settings_yaml(style))) == style
    assert from_settings(yaml.safe_load(yaml.safe_dump(style.to_settings(), sort_keys=False))) == style


@pytest.mark.parametrize(
    "skeleton", ["{0}", "{0}\n", "{0}\n\n\n", "  {0}\n", "\n{0}\n", "\t{0}\n\t: - # 'x'\n", "a\n\n  {0}\n b"]
)
def test_any_skeleton_survives_as_a_block(skeleton: str):
    style = SqlStyle(skeleton.replace("{0}", "<columns> <source> <table>"), line_indent="\t")

    assert from_settings(yaml.safe_load(settings_yaml(style))) == style


BROKEN = {
    "an unknown fact": ({"coma": "leading"}, "'coma' is no part of the SQL style", "did you mean 'commas'?"),
    "another value": ({"commas": "middle"}, "commas: 'middle' is not possible", "one of: trailing, leading"),
    "no truth": ({"align_as": "yes"}, "align_as: 'yes' is neither true nor false", None),
    "no text": ({"qualifier": 3}, "qualifier: '3' is no text", None),
    "an indentation of letters": ({"line_indent": "ab"}, "line_indent: give a number of spaces", None),
    "an unknown group": (
        {"headings": {"texts": "-- t"}},
        "headings: 'texts' is no group of columns",
        "groups: ",
    ),
    "a heading that is code": (
        {"headings": {"ids": "drop"}},
        "headings: 'drop' is no SQL comment",
        "for example",
    ),
    "a heading that ends": ({"headings": {"ids": "-- a\nb"}}, "is no SQL comment", "for example"),
    "headings as a list": ({"headings": ["-- a"]}, "headings: give group: comment", "groups: "),
    "no list": ({"skeleton": "select 1"}, "the skeleton has no <columns>", None),
    "no skeleton": ({"skeleton": None}, "skeleton: 'None' is no text", None),
    "two lists": (
        {"skeleton": "<columns><columns><source><table>"},
        "the skeleton has <columns> more than once",
        None,
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_style_that_is_not_as_it_should_be_is_one_clear_error(what: str):
    values, message, hint = BROKEN[what]

    with pytest.raises(SettingsError) as caught:
        from_settings({"skeleton": "<columns> <source> <table>", **values})

    assert message in caught.value.message
    assert (caught.value.hint or "").startswith(hint or "")


def test_a_style_without_a_skeleton_is_an_error():
    with pytest.raises(SettingsError, match="the SQL style has no skeleton"):
        from_settings({"commas": "leading"})


# --- .sqlfluff ---


def test_sqlfluff_wins_where_it_states_a_policy_and_the_contradiction_is_reported():
    text = """[sqlfluff]
dialect = snowflake
[sqlfluff:layout:type:comma]
line_position = leading
[sqlfluff:rules:capitalisation.keywords]
capitalisation_policy = upper
[sqlfluff:rules:capitalisation.functions]
extended_capitalisation_policy = consistent
[sqlfluff:rules:convention.casting_style]
preferred_type_casting_style = shorthand
"""

    style, findings = apply_sqlfluff(style_of("listed_first"), text, dialect="duckdb")

    assert [f.message for f in findings] == [
        ".sqlfluff wants commas to be leading, but 2 of 2 models have trailing; .sqlfluff is followed",
        ".sqlfluff wants keywords to be upper, but 2 of 2 models have lower; .sqlfluff is followed",
        ".sqlfluff wants casts to be shorthand, but 1 of 1 models have cast; .sqlfluff is followed",
    ]
    assert legs(style, where=None).startswith("WITH source AS (\n    SELECT\n        id\n        , plane\n")
    assert ")\n\n, renamed AS (\n    SELECT\n        id AS leg_id\n" in legs(style)
    assert "delay::decimal(18, 2) AS delay_minutes" in legs(style)


def test_sqlfluff_turns_leading_commas_to_trailing_between_ctes_too():
    style, _ = apply_sqlfluff(
        style_of("table_ctes"),
        "[sqlfluff:layout:type:comma]\nline_position=trailing:strict",
        dialect="duckdb",
    )

    text = legs(style, where=None)
    assert "),\n\nflight_legs_renamed as (" in text
    assert "flight_legs.id as leg_id,\n        flight_legs.plane as plane_id," in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[sqlfluff]\nrules = all\n",
        "[sqlfluff:rules:capitalisation.keywords]\ncapitalisation_policy = consistent",
    ],
)
def test_what_sqlfluff_leaves_open_stays_as_learned(text: str):
    assert apply_sqlfluff(style_of("gitlab"), text, dialect="duckdb") == (style_of("gitlab"), [])


def test_the_old_names_of_sqlfluffs_rules_count():
    style, findings = apply_sqlfluff(
        style_of("dbt_labs"),
        "[sqlfluff:rules:L010]\ncapitalisation_policy = upper\n[sqlfluff:rules:L019]\n"
        "comma_style = leading\n",
        dialect="duckdb",
    )

    assert (style.keywords, style.commas, len(findings)) == ("upper", "leading", 2)


def test_a_broken_sqlfluff_is_one_clear_error():
    with pytest.raises(SettingsError, match=r"\.sqlfluff:2: it is not a configuration of sqlfluff"):
        apply_sqlfluff(style_of("gitlab"), "[sqlfluff]\nnonsense here\n", dialect="duckdb")


# --- every style, any columns ---

EXPRESSIONS = [
    "{a}",
    "cast({a} as date)",
    "coalesce({a}, 'x')",
    "case\n    when {a} = 1 then 'a'\nend",
    "1",
    "{a} + {b}",
]


@settings(deadline=None)
@given(
    st.sampled_from([style for style in STYLES if style != "fivetran_package"]),
    st.lists(
        st.tuples(
            st.sampled_from(EXPRESSIONS),
            st.from_regex(r"a_[a-z]{1,5}", fullmatch=True),
            st.sampled_from(["ids", "strings", "metadata", "dates", "unheard of"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["orders", "Order Lines", "it's", "<columns>", "{{ x }}", "select"]),
    st.booleans(),
)
def test_whatever_is_written_reads_back(case, chosen, table, has_where):
    dialect = dialect_of(case)
    columns = [
        (form.format(a=name, b=name + "_2"), f"out_{number}", group)
        for number, (form, name, group) in enumerate(chosen)
    ]
    text = write_staging(
        style_of(case),
        source="shop",
        table=table,
        columns=columns,
        where="batch = 1" if has_where else None,
        dialect=dialect,
    )

    model = read(text, dialect=dialect)

    assert model.source is not None and model.source.name == table
    found = {c.name: (c.kind, [s.name for s in c.sources]) for c in model.columns}
    plain = read(
        "select "
        + ", ".join(f"{value} as {alias}" for value, alias, _ in columns)
        + " from {{ source('a', 'b') }}",
        dialect=dialect,
    )
    assert found == {c.name: (c.kind, [s.name for s in c.sources]) for c in plain.columns}
