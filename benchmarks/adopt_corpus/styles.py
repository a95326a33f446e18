"""Three real conventions for dbt projects, as data: names, expressions, layout, SQL and YAML habits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import Template

# What a staging model looks like; keywords are written in lower case and rendered in the team's.
_DBT_LABS_STAGING = """\
with

source as (

    select * from $below

),

renamed as (

    select

$columns

    from source

)

select * from renamed
"""
_GITLAB_STAGING = """\
with source as (

  select *
  from $below

), renamed as (

  select
$columns
  from source

)

select *
from renamed
"""
_FIVETRAN_STAGING = """\
with base as (

    select *
    from $below
),

fields as (

    select
        $fields
    from base
),

final as (

    select
$columns
    from fields
    where not coalesce(_fivetran_deleted, false)
)

select *
from final
"""
_JOINED = """\
with $one as (

${pad}select *
${pad}from $one_model

)$next$other as (

${pad}select *
${pad}from $other_model

)

select
$columns
from $one
left join $other
${pad}on $one.$reference = $other.$key
"""
_FINAL = """\
with final as (

${pad}select
$columns
${pad}from $below

)

select *
from final
"""

_KEYWORDS = re.compile(r"(?<![$\w{])(with|as|select|from|left|join|on|where|not|coalesce|false)\b")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a team does with one kind of raw column.

    `name` and `expression` may use {raw}, {stem} (raw without what marks its kind) and {entity}.
    """

    name: str
    expression: str = "{raw}"


@dataclass(frozen=True, slots=True)
class Style:
    """One team's ways."""

    name: str
    loader: str
    # Raw name, type and value of the columns that the loader adds; i is the row, from 1.
    loader_columns: dict[str, tuple[str, str]]
    rules: dict[str, Rule]
    plural_tables: bool
    tables_per_source: int
    upper: bool
    leading_commas: bool
    indent: int
    model: str
    model_path: str
    sources_yaml: str
    models_yaml: str
    intermediate: str
    mart: dict[str, str]
    intermediate_folder: str
    marts_folder: str
    dash_indent: int
    quote: str
    version_key: bool
    tests_key: str
    key_tests: tuple[str, ...]
    reference_tests: tuple[str, ...]
    code_tests: tuple[str, ...]
    ctes: tuple[str, ...]
    final_select: str
    staging_sql: str
    # Kinds of columns in the order of the select list, by the comment above them; none: as in the raw table.
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def render(self, template: str, **parts: str) -> str:
        """The template filled in, its keywords in the team's case; what is filled in stays as it is."""
        return Template(self.keywords(template)).substitute(parts, pad=" " * self.indent)

    def keywords(self, sql: str) -> str:
        return _KEYWORDS.sub(lambda word: word[0].upper(), sql) if self.upper else sql

    def listed(self, items: Sequence[str], depth: int) -> str:
        """A select list, one item a line, with the commas where the team has them."""
        pad = " " * (self.indent * depth)
        if self.leading_commas:
            return f"\n{pad}, ".join([f"{pad}{items[0]}", *items[1:]])
        return ",\n".join(f"{pad}{item}" for item in items)

    def aliased(self, expression: str, name: str) -> str:
        return expression if expression == name else f"{expression} {self.keywords('as')} {name}"

    def join(self, one: str, other: str, **parts: str) -> str:
        """A model that joins two."""
        between = ", " if self.upper else ",\n\n"
        return self.render(_JOINED, one=one, other=other, next=between, **parts)

    def final(self, **parts: str) -> str:
        """A model of one CTE."""
        return self.render(_FINAL, **parts)


DBT_LABS = Style(
    name="dbt_labs",
    loader="airbyte",
    loader_columns={
        "_airbyte_raw_id": ("varchar", "md5(i::varchar)"),
        "_airbyte_extracted_at": ("timestamptz", "timestamptz '2026-01-01 00:00:00+00' + to_seconds(i)"),
        "_airbyte_meta": ("json", "'{}'::json"),
        "_airbyte_generation_id": ("bigint", "1::bigint"),
    },
    rules={
        "key": Rule("{entity}_id"),
        "reference": Rule("{stem}_id"),
        "entity_word": Rule("{entity}_{raw}"),
        "text": Rule("{raw}"),
        "cents": Rule("{stem}", "{{{{ cents_to_dollars('{raw}') }}}}"),
        "amount": Rule("{raw}"),
        "measure": Rule("{raw}"),
        "flag": Rule("is_{stem}"),
        "is_flag": Rule("is_{stem}"),
        "date": Rule("{stem}_date"),
        "moment": Rule("{stem}_at"),
        "_airbyte_extracted_at": Rule("loaded_at"),
    },
    plural_tables=True,
    tables_per_source=4,
    upper=False,
    leading_commas=False,
    indent=4,
    model="stg_{source}__{table}",
    model_path="models/staging/{source}/{model}.sql",
    sources_yaml="models/staging/{source}/_{source}__sources.yml",
    models_yaml="models/staging/{source}/_{source}__models.yml",
    intermediate="int_{source}__{table}_joined_to_{parents}",
    mart={"dim": "{source}_{table}", "fct": "{source}_{table}_enriched"},
    intermediate_folder="models/intermediate/{source}",
    marts_folder="models/marts/{source}",
    dash_indent=2,
    quote="",
    version_key=False,
    tests_key="data_tests",
    key_tests=("unique", "not_null"),
    reference_tests=("not_null", "relationships"),
    code_tests=("accepted_values",),
    ctes=("source", "renamed"),
    final_select="select * from renamed",
    staging_sql=_DBT_LABS_STAGING,
    groups={
        "ids": ("key", "reference"),
        "strings": ("entity_word", "text"),
        "numerics": ("cents", "amount", "measure"),
        "booleans": ("flag", "is_flag"),
        "dates": ("date",),
        "timestamps": ("moment", "_airbyte_extracted_at"),
    },
)

GITLAB = Style(
    name="gitlab",
    loader="dlt",
    loader_columns={
        "_dlt_load_id": ("varchar", "'1767225600.5'"),
        "_dlt_id": ("varchar", "left(md5(i::varchar), 14)"),
    },
    rules={
        "key": Rule("{entity}_key", "{raw}::BIGINT"),
        "reference": Rule("{stem}_key", "{raw}::BIGINT"),
        "entity_word": Rule("{entity}_{raw}", "{raw}::VARCHAR"),
        "text": Rule("{raw}", "{raw}::VARCHAR"),
        "cents": Rule("{stem}_amt", "({raw} / 100)::NUMERIC(18, 2)"),
        "amount": Rule("{stem}_amt", "{raw}::NUMERIC(18, 2)"),
        "measure": Rule("{raw}", "{raw}::BIGINT"),
        "flag": Rule("{stem}_flag", "{raw}::BOOLEAN"),
        "is_flag": Rule("{stem}_flag", "{raw}::BOOLEAN"),
        "date": Rule("{stem}_dt", "{raw}::DATE"),
        "moment": Rule("{stem}_ts", "{raw}::TIMESTAMP"),
    },
    plural_tables=True,
    tables_per_source=4,
    upper=True,
    leading_commas=True,
    indent=2,
    model="{source}_{table}_source",
    model_path="models/sources/{source}/{model}.sql",
    sources_yaml="models/sources/{source}/sources.yml",
    models_yaml="models/sources/{source}/schema.yml",
    intermediate="prep_{source}_{entity}_{parent}",
    mart={"dim": "dim_{source}_{entity}", "fct": "fct_{source}_{entity}"},
    intermediate_folder="models/common_prep/{source}",
    marts_folder="models/common/{source}",
    dash_indent=0,
    quote='"',
    version_key=True,
    tests_key="tests",
    key_tests=("not_null", "unique"),
    reference_tests=(),
    code_tests=(),
    ctes=("source", "renamed"),
    final_select="SELECT *\nFROM renamed",
    staging_sql=_GITLAB_STAGING,
)

FIVETRAN = Style(
    name="fivetran",
    loader="fivetran",
    loader_columns={
        "_fivetran_deleted": ("boolean", "i % 10 = 0"),
        "_fivetran_synced": ("timestamptz", "timestamptz '2026-01-01 00:00:00+00' + to_seconds(i)"),
    },
    rules={
        "key": Rule("{entity}_id"),
        "reference": Rule("{stem}_id"),
        "entity_word": Rule("{entity}_{raw}"),
        "text": Rule("{raw}"),
        "cents": Rule("{stem}", "{raw} / 100.0"),
        "amount": Rule("{raw}"),
        "measure": Rule("{raw}"),
        "flag": Rule("is_{stem}"),
        "is_flag": Rule("is_{stem}"),
        "date": Rule("{stem}_date", "cast({raw} as date)"),
        "moment": Rule("{stem}_at", "cast({raw} as {{{{ dbt.type_timestamp() }}}})"),
        "_fivetran_deleted": Rule("{raw}"),
        "_fivetran_synced": Rule("{raw}", "cast({raw} as {{{{ dbt.type_timestamp() }}}})"),
    },
    plural_tables=False,
    tables_per_source=2,
    upper=False,
    leading_commas=False,
    indent=4,
    model="stg_{source}__{table}",
    model_path="models/{source}/staging/{model}.sql",
    sources_yaml="models/{source}/staging/src_{source}.yml",
    models_yaml="models/{source}/staging/stg_{source}.yml",
    intermediate="int_{source}__{entity}_{parent}",
    mart={"dim": "{source}__{tables}", "fct": "{source}__{entity}_enhanced"},
    intermediate_folder="models/{source}/intermediate",
    marts_folder="models/{source}",
    dash_indent=2,
    quote="'",
    version_key=True,
    tests_key="data_tests",
    key_tests=("not_null", "unique"),
    reference_tests=("not_null",),
    code_tests=(),
    ctes=("base", "fields", "final"),
    final_select="select *\nfrom final",
    staging_sql=_FIVETRAN_STAGING,
)

STYLES = {style.name: style for style in (DBT_LABS, GITLAB, FIVETRAN)}
