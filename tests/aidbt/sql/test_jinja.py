"""The SQL that stands for a model's text, position for position."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aidbt.sql.jinja import ModelSql, NotPlain, jinja_call, read_jinja


def plain(text: str) -> ModelSql:
    model = read_jinja(text)
    assert isinstance(model, ModelSql), model
    assert len(model.sql) == len(text)
    return model


def test_sources_and_refs_are_known_by_name_however_they_are_spaced_and_quoted():
    model = plain(
        "select * from {{ source('crm', \"leads\") }} join {{-ref( 'a' )-}} on 1 = 1\n"
        "join {{ ref('pkg', 'b', v=2) }} on true join {{ builtins.ref('c') }} on true"
    )

    assert [(tag.kind, tag.names, tag.version) for tag in model.tags] == [
        ("source", ("crm", "leads"), ""),
        ("ref", ("a",), ""),
        ("ref", ("pkg", "b"), "2"),
        ("ref", ("c",), ""),
    ]


@pytest.mark.parametrize(
    "inner", ["source(var('s'), 't')", "source('s')", "ref(name)", "ref('a').include(database=false)", "rel"]
)
def test_a_relation_that_only_dbt_can_name_is_an_expression(inner: str):
    model = plain("select * from {{ " + inner + " }}")

    assert [(tag.kind, tag.names) for tag in model.tags] == [("expression", ())]


def test_a_variable_set_once_to_a_source_names_it():
    text = "{% set rel = source('s', 't') %}select * from {{ rel }}"

    assert plain(text).tags[0].names == ("s", "t")
    assert plain("{% set rel = ref('a') %}" + text).tags[0].kind == "expression"
    assert plain("{% if x %}{% set rel = ref('a') %}{% endif %}" + text).tags[0].kind == "expression"


def test_what_prints_nothing_is_blank_and_config_is_kept_as_values():
    model = plain(
        "{{ config(materialized='view', tags=['a', 'b'], enabled=var('x'), full_refresh=false) }}\n"
        "{# a 'note' -- #}{% do log('hi') %}{%- set x = {'%}': '}}'} -%}\n"
        "{% macro m() %}{% for a in b %}x{% endfor %}{% endmacro %}{% set q %}{% set i = 1 %}1{% endset %}\n"
        "select 1{{ log('}}') }}"
    )

    assert model.sql.split() == ["select", "1"]
    assert model.config == {
        "materialized": "view",
        "tags": ["a", "b"],
        "enabled": None,
        "full_refresh": False,
    }


def test_a_jinja_comment_behind_dashes_does_not_end_the_sql_comment():
    assert "\n" not in plain("-- {# one\ntwo #} three").sql


def test_braces_and_quotes_inside_a_tag_do_not_end_it():
    model = plain("select {{ f({'a': {'b': '}}'}}, \"%}\") }} as a, '{{ var('x') }}' as b")

    assert [tag.inner for tag in model.tags] == ["f({'a': {'b': '}}'}}, \"%}\")", "var('x')"]


def test_raw_text_is_read_as_it_stands():
    assert plain("{% raw %}select '{{ x }}' as a{% endraw %}").sql.strip() == "select '{{ x }}' as a"


def test_a_macro_that_begins_with_a_comma_continues_the_list():
    model = plain("select a {{ fivetran_utils.fill_pass_through_columns('x') }} from t")

    assert model.sql.startswith("select a ,j")


ROW_FILTERS = [
    "{% if is_incremental() %} where a > (select max(a) from {{ this }}) {% endif %}",
    "where x {% if target.name == 'dev' %} and a > 1 {% elif y %} and a > 2 {% else %} {% endif %}",
    "{%- if a -%} {% if b %} limit 10 {% endif %} {%- endif -%}",
    "{% if a %} qualify row_number() over (partition by a, b order by c) = 1 {% endif %}",
]


@pytest.mark.parametrize("tail", ROW_FILTERS)
def test_a_condition_on_rows_is_left_out_and_reported(tail: str):
    model = plain("select a from t " + tail)

    assert len(model.left_out) == 1
    start, end = model.left_out[0]
    assert model.text[start:end].startswith("{%") and model.text[start:end].endswith("%}")
    assert not model.sql[start:end].strip()


def test_an_if_that_prints_nothing_is_no_condition():
    assert plain("{% if execute %}{% set x = 1 %}{% endif %}select 1").left_out == ()


NOT_PLAIN = {
    "select {% if x %} a {% else %} b {% endif %} from t": "its SQL depends on '{% if x %}'",
    "select a from t {% if x %} where a union all select b from u {% endif %}": "depends on",
    "select a from t {% if x %} where a) {% endif %}": "depends on",
    "select f(a {% if x %} and b, c {% endif %}) from t": "depends on",
    "select a from t {% if x %} where a {% for b in c %} and {{ b }} {% endfor %} {% endif %}": "depends on",
    "select {% for x in y %}{{ x }}{% endfor %} from t": "its SQL depends on '{% for x in y %}'",
    "{% call f() %}x{% endcall %}": "depends on",
    "{% snapshot s %}select 1{% endsnapshot %}": "it is a snapshot",
    "{% mystery %}": "'{% mystery %}' is not known here",
    "{% else %}": "'{% else %}' is not known here",
    "{% if x %} where a": "'{% if x %}' is never closed",
    "select {{ a": "a Jinja tag is never closed",
    "select {{ 'a }}": "a Jinja tag is never closed",
    "{# a": "a Jinja comment is never closed",
    "{% raw %} a": "a raw block is never closed",
    "select {{ }}": "a Jinja tag is empty",
    "select a{# x #}b": "Jinja stands in the middle of a word",
    "select foo_ {{- x }} from t": "joins what stands around it",
}


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_needs_rendering_is_refused_with_its_line(text: str):
    refused = read_jinja("\n" + text)

    assert isinstance(refused, NotPlain)
    assert NOT_PLAIN[text] in refused.reason
    assert refused.line == 2


def test_a_call_is_read_as_far_as_it_is_literal():
    call = jinja_call("dbt_utils.star(from=ref('a'), except=['b', 'from = c'])")

    assert call is not None
    assert (call.name, call.arguments) == ("dbt_utils.star", ())
    assert call.keywords == {"from": None, "except": ["b", "from = c"]}
    assert jinja_call("a ~ b") is None
    assert jinja_call("a | f") is None


PIECES = [
    "select ", "a", " as ", "b", ", ", "\n", "'", '"', "--", "/*", "*/", "j0", "é", " where ", " from ",
    "{{ x }}", "{{x}}", "{{- x -}}", "{{ 'q' }}", "{{ source('s', 't') }}", "{{ ref('m') }}",
    "{{ f({'a': 1}) }}",
    "{% if x %}", "{% else %}", "{% endif %}", "{% for x in y %}", "{% endfor %}", "{% set a = ref('m') %}",
    "{% set b %}", "{% endset %}", "{# note #}", "{{ config(a='b') }}", "{%", "%}", "{{", "}}", "{#", "#}",
    "{% raw %}", "{% endraw %}",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("")
@example("j0{{x}}")
def test_whatever_is_read_keeps_its_length_and_comes_back(text: str):
    model = read_jinja(text)

    if isinstance(model, NotPlain):
        assert model.reason and 1 <= model.line <= text.count("\n") + 1
        return
    assert len(model.sql) == len(text)
    spans = [(tag.start, tag.end) for tag in model.tags] + list(model.blanked)
    replaced = {position for start, end in spans for position in range(start, end)}
    for position, char in enumerate(text):
        assert position in replaced or model.sql[position] == char
    for tag in model.tags:
        assert model.tags_in(tag.start, tag.start + 1) == (tag,)
        assert model.restore(tag.placeholder) == text[tag.start : tag.end]
        assert tag.placeholder not in text.lower()
